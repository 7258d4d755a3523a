"""The nightly audit: asks the provider for all batches and texts of two days and compares them with ours.

It goes on in short time slices, because campaigns are sent by the same process under the same request limit.
The quick check of the provider store, `unknown_batches.check_store`, runs after each sync.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import Batch, History
from campaigns.providers.base import Provider, ProviderError
from campaigns.receipts import unknown_batches, unknown_texts
from campaigns.receipts.unknown_batches import CHUNK, CLOCK_SKEW, MAX_AGE
from campaigns.runtime import leases, shutdown

LISTING_LAG = timedelta(hours=1)
"""A younger text may be missing in the provider's records because they lag behind."""
MAX_PAGES = 5
"""Pages of 1,000 texts read in one time slice."""
LEASE = "audit"
DONE, FAILED = History.Kind.AUDIT_DONE, History.Kind.AUDIT_FAILED


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the audit is: what the next time slice needs to know."""

    began_at: datetime
    after: int = 0
    """Primary key of our last batch that was compared; 0: none yet."""
    batches: int = 0
    texts: int = 0


def run_slice(account: Account, so_far: Progress) -> Progress | None:
    """Compare a few pages. None: the audit is complete, or another process runs it.

    Raises ProviderError after recording that the audit failed, and why.
    """
    with leases.hold(f"{LEASE} {account.tag}", seconds=600) as acquired:
        if not acquired:
            return None
        try:
            following = compare_pages(account.provider, account.fetch_id(), so_far)
        except ProviderError as error:
            account.record_failure(error)
            History.objects.record(FAILED, error=error.kind, code=error.code)
            raise
        account.record_success()
        return following


def compare_pages(carrier: Provider, account: str, so_far: Progress) -> Progress | None:
    start = so_far.began_at - MAX_AGE
    if so_far.after == 0:
        unknown_texts.check_outside_batches(account, start)
        so_far = replace(so_far, batches=compare_all_batches(carrier, account, start))
    accepted = Batch.objects.filter(
        account=account,
        state=Batch.State.ACCEPTED,
        accepted_at__gte=start,
        accepted_at__lt=so_far.began_at - LISTING_LAG,
        pk__gt=so_far.after,
    )
    batches = list(accepted.exclude(provider_id="").order_by("pk")[:MAX_PAGES])
    pages = 0
    for batch in batches:
        texts = unknown_texts.check_batch(carrier, account, batch)
        so_far = replace(so_far, after=batch.pk, texts=so_far.texts + texts)
        pages += 1 + texts // 1000
        if pages >= MAX_PAGES or shutdown.requested.is_set():
            break
    if batches:
        return so_far
    History.objects.record(DONE, batches=so_far.batches, texts=so_far.texts)
    return None


def compare_all_batches(carrier: Provider, account: str, start: datetime) -> int:
    listed = carrier.batches(date_from=start, date_to=timezone.now() + CLOCK_SKEW, whole=True)
    count = 0
    while chunk := list(islice(listed, CHUNK)):
        count += len(chunk)
        unknown_batches.check_listed(account, chunk)
    unknown_batches.settle_known(account)
    return count


def due(account: Account, _now: datetime) -> bool:
    """Whether the audit may begin; its lease says when."""
    return bool(account.known_id())


def last_run() -> History | None:
    return History.objects.filter(kind__in=(DONE, FAILED)).order_by("-id").first()
