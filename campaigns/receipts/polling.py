"""Polls the provider about the batches that are due. One poller runs for each account."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.models import Batch, Campaign
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import BatchState
from campaigns.receipts import batch_poll, circuit_breaker, sending_rate, statuses, store
from campaigns.receipts.batch_poll import Write
from campaigns.receipts.prefetch import prefetch
from campaigns.runtime import leases
from campaigns.runtime.bulk_sql import relaxed_durability
from campaigns.runtime.wakeups import exists
from campaigns.sending import lifecycle

log = logging.getLogger(__name__)

MAX_BATCHES = 20
"""Batches polled in one round."""
RETRY_DELAY = 15.0
"""Seconds until the next poll after a failed one."""
ACCOUNT_FAILURES = ("unreachable", "credentials", "permission", "rate", "server")
"""Kinds of ProviderError that concern the whole account, not one batch."""
MAX_CAMPAIGNS = 100


def due(account: Account, now: datetime) -> Q:
    return exists(Batch.objects.filter(account=account.known_id(), next_poll_at__lte=now))


def poll() -> int:
    """One round of every account. Returns how many batches were polled."""
    return sum(poll_account(account) for account in registry.accounts())


def poll_account(account: Account) -> int:
    """0 also while another process polls the account."""
    if not account.known_id():
        return 0
    with leases.hold(f"poll {account.known_id()}"[:60], seconds=300) as acquired:
        return poll_due(account) if acquired else 0


def poll_due(owner: Account) -> int:
    carrier, account, now = owner.provider, owner.known_id(), timezone.now()
    due = list(
        Batch.objects.filter(account=account, next_poll_at__lte=now).order_by("next_poll_at")[:MAX_BATCHES]
    )
    if not due:
        return 0
    remaining = list(due)
    senders = {batch.sender for batch in due}
    try:
        remote = fetch_states(carrier, due)
        with relaxed_durability():  # all of it can be asked for again
            record_states(account, remote)
            senders |= apply_to_others(account, due, remote)
            for write in prefetch(writes(carrier, remaining, remote)):
                write()
        owner.record_success()
    except ProviderError as error:
        owner.record_failure(error)
        log.warning("poll failed", extra={"kind": error.kind, "code": error.code})
        batch_poll.postpone(remaining, error.retry_after or RETRY_DELAY)
    for sender in senders:
        sending_rate.measure(account, sender)
    for campaign_id in {batch.campaign_id for batch in due if circuit_breaker.harmful_counts([batch.totals])}:
        circuit_breaker.check(campaign_id)
    for campaign_id in {batch.campaign_id for batch in due}:
        lifecycle.finish_if_final(campaign_id)
    return len(due)


def fetch_states(carrier: Provider, due: list[Batch]) -> dict[str, BatchState]:
    """Provider id → state: of one due batch by its id, of several through the list.

    A batch that the provider does not know is missing. The list has up to a thousand on a page, so the result
    also holds batches that are being sent and not due.
    """
    states: dict[str, BatchState] = {}
    wanted = {batch.provider_id for batch in due}
    if len(due) > 1:
        since = min(batch.provider_created_at or timezone.now() for batch in due) - batch_poll.DATE_MARGIN
        unfinished = Batch.objects.filter(
            account=due[0].account, completed_at=None, provider_created_at__gte=since
        )
        watched = wanted | set(unfinished.values_list("provider_id", flat=True))
        for item in carrier.batches(date_from=since):
            states[item.provider_id] = item
            if watched <= states.keys():
                break
    for provider_id in wanted - states.keys():
        try:
            states[provider_id] = carrier.batch(provider_id)
        except ProviderError as error:
            raise_if_about_account(error)
    return states


def raise_if_about_account(error: ProviderError) -> None:
    if error.kind in ACCOUNT_FAILURES:
        raise error
    # A failure of one batch must not stop the others.
    log.warning("trouble with one batch", extra={"kind": error.kind, "code": error.code})


def writes(carrier: Provider, remaining: list[Batch], remote: dict[str, BatchState]) -> Iterator[Write]:
    """The writes for these batches, in order; the last one for each takes it off `remaining`.

    Writes nothing itself, so it may run ahead of what it yields.
    """
    for batch in list(remaining):
        try:
            yield from batch_poll.writes(carrier, batch, remote.get(batch.provider_id))
        except ProviderError as error:
            raise_if_about_account(error)
            yield partial(batch_poll.postpone, [batch], RETRY_DELAY)
        yield partial(remaining.remove, batch)


@transaction.atomic
def record_states(account: str, remote: dict[str, BatchState]) -> None:
    store.record_batches(store.owner_of(account), remote.values())


@transaction.atomic
def apply_to_others(account: str, due: Sequence[Batch], remote: Mapping[str, BatchState]) -> set[str]:
    """Apply what the list says of batches that are not due. Returns the numbers they are sent from.

    With many batches the last one to be polled would be shown as untouched for minutes.
    """
    others = remote.keys() - {batch.provider_id for batch in due}
    now, senders = timezone.now(), set()
    for batch in Batch.objects.filter(account=account, provider_id__in=others, completed_at=None):
        item = remote[batch.provider_id]
        if item.completed or item.processed_count > batch.processed_count:
            statuses.apply_batch(batch, item, now)
            senders.add(batch.sender)
    return senders


def finishable() -> QuerySet[Campaign]:
    """Campaigns with nothing left to send or to poll, whose state has not been moved on."""
    polled = Batch.objects.filter(campaign=OuterRef("pk"), next_poll_at__isnull=False)
    ended = Q(state=Campaign.State.DELIVERING) | Q(state=Campaign.State.HELD, counters__held=0)
    return Campaign.objects.filter(~Exists(polled), ended)


def campaigns_to_finish() -> list[int]:
    return list(finishable().values_list("id", flat=True)[:MAX_CAMPAIGNS])
