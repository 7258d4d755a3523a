"""Our ledger against the provider's own records: what left that is not ours, and what of ours is not there.

Two looks. The quick one reads the mirror each time that it was brought up to date, so that a request which
the provider took after we had given it up shows within minutes. The long one asks the provider itself, once a
night, for two days: every batch of the account, and every text of the batches that it took from us. It goes
on in short turns, because what hands campaigns over works in the same process and under the same limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Disagreement, Event, Lease, Message, StoreBatch, StoreMessage
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import RemoteMessage
from campaigns.receipts import discrepancies, store
from campaigns.receipts.discrepancies import Kind
from campaigns.runtime import leases, shutdown

SPAN = timedelta(hours=48)
"""How far back both looks go."""
CLOCKS = timedelta(hours=1)
"""By so much the provider's clock may differ from ours."""
LISTED_AFTER = timedelta(hours=1)
"""Before that a text may be missing in the provider's records because they lag."""
PAGES = 5
"""Of 1,000 texts, in one turn."""
CHUNK = 500
NAMED = 20
"""Rows that a sentence names one by one; of texts that we do not know, how many of a batch are kept."""
NIGHT = 3
"""Hour of the day, where this site is, at which the long look begins."""
LEASE, WAKE = "audit", "wake audit"
DONE, FAILED = "audit_done", "audit_failed"


class Found(NamedTuple):
    """A batch of the provider, from its list or from the mirror."""

    provider_id: str
    sender: str
    size: int
    created_at: datetime | None


# --- The quick look -----------------------------------------------------------------------------------------


def check_store() -> int:
    """Look through the mirror for batches that no attempt of ours made. Returns how many are news."""
    whose = store.account_state()
    if whose is None:
        return 0
    recent = StoreBatch.objects.filter(account=whose, created_at__gte=timezone.now() - SPAN)
    ours = Attempt.objects.filter(account=whose.account, provider_id=OuterRef("provider_id"))
    kept = Disagreement.objects.filter(
        account=whose.account, kind=Kind.UNKNOWN_BATCH, about=OuterRef("provider_id")
    )
    rows = recent.filter(~Exists(ours), ~Exists(kept)).order_by("created_at")
    found = [Found(*row) for row in rows.values_list("provider_id", "sender", "size", "created_at")[:CHUNK]]
    news = _report(whose.account, found)
    _settle_batches(whose.account)
    return news


def _report(account: str, found: Sequence[Found]) -> int:
    """Keep those of the provider's batches that nobody knows. Returns how many are news.

    The order proves it: a batch that is here already was marked as being sent before; so its attempt is still
    open when the open ones are read after it, or its link is there when the links are read after those.
    """
    going_on = Attempt.objects.filter(account=account, state__in=Attempt.UNRESOLVED)
    searched = {sender: since for sender, since in going_on.values_list("sender", "sending_at") if since}
    ids = [item.provider_id for item in found]
    linked = set(
        Attempt.objects.filter(account=account, provider_id__in=ids).values_list("provider_id", flat=True)
    )
    unknown = [item for item in found if item.provider_id not in linked and not _awaited(item, searched)]
    return sum(_keep_batch(account, item) for item in unknown)


def _awaited(found: Found, searched: dict[str, datetime]) -> bool:
    """It may be the one that a request in doubt made: the search decides that, and first."""
    since = searched.get(found.sender)
    return since is not None and (found.created_at is None or found.created_at >= since - CLOCKS)


def _keep_batch(account: str, found: Found) -> bool:
    alike = _alike(account, found.provider_id)
    name = registry.provider_name()
    texts = "1 text" if found.size == 1 else f"{found.size:,} texts"
    detail = f"{name} took a batch of {texts} from this number that Carillon has not handed over. "
    if alike:
        what = _MEANS.get(Batch.State(alike.state), "so they got it, though it counts as not sent here")
        detail += (
            f"Its people and texts are those of batch {alike.number:,} of “{alike.campaign.name}”: {what}."
        )
    else:
        detail += "No campaign of the last days has the same people and texts."
    return discrepancies.record(
        Kind.UNKNOWN_BATCH,
        account,
        found.provider_id,
        detail,
        campaign_id=alike.campaign_id if alike else None,
        sender=found.sender,
    )


_LOST = "it is probably that one, whose answer was lost"
_MEANS = {
    Batch.State.ACCEPTED: "they may have got it twice",
    Batch.State.NEEDS_REVIEW: _LOST,
    Batch.State.MARKED_SENT: _LOST,
}
"""What it means for people, by where our batch with the same texts is."""


def _alike(account: str, provider_id: str) -> Batch | None:
    """The batch of ours that has the texts of one that nobody knows. By a sample."""
    sample = StoreMessage.objects.filter(
        batch__account__account=account, batch__provider_id=provider_id, inbound=False
    ).exclude(text="")
    texts = dict(sample.order_by("-created_at", "-id").values_list("their_number", "text")[:50])
    ours = Message.objects.filter(to__in=texts, campaign__launched_at__gte=timezone.now() - 2 * SPAN)
    same = Counter(batch for to, text, batch in ours.values_list("to", "text", "batch") if texts[to] == text)
    if not same:
        return None
    return Batch.objects.select_related("campaign").get(pk=same.most_common(1)[0][0])


def _settle_batches(account: str) -> None:
    """One that was adopted since is known; one whose texts were read since may be told apart now."""
    still = discrepancies.unsettled().filter(kind=Kind.UNKNOWN_BATCH, account=account)
    ours = Attempt.objects.filter(account=account, provider_id=OuterRef("about"))
    linked = still.filter(Exists(ours)).values_list("about", flat=True)
    discrepancies.settle(Kind.UNKNOWN_BATCH, account, *linked)
    young = still.filter(campaign=None, found_at__gte=timezone.now() - discrepancies.COMPARE_FOR)
    for about, sender in list(young.values_list("about", "sender")[:CHUNK]):
        size = StoreBatch.objects.filter(account__account=account, provider_id=about).values_list("size")
        _keep_batch(account, Found(about, sender, max(size, default=(0,))[0], None))


# --- The long look ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the long look is: what the next turn needs to know."""

    began_at: datetime
    after: int = 0
    """Our last batch that was read; 0: nothing was read yet."""
    batches: int = 0
    texts: int = 0


def run_slice(so_far: Progress) -> Progress | None:
    """Go on for a few pages. None: it is at its end, or another process is at it.

    Raises ProviderError after it wrote down that, and why, the audit could not be made.
    """
    with leases.hold(LEASE, seconds=600) as mine:
        if not mine:
            return None
        try:
            following = _turn(registry.provider(), registry.account(), so_far)
        except ProviderError as error:
            registry.note_failure(error)
            Event.objects.create(verb=FAILED, detail=error.sentence)
            raise
        registry.note_success()
        return following


def _turn(carrier: Provider, account: str, so_far: Progress) -> Progress | None:
    start = so_far.began_at - SPAN
    if so_far.after == 0:
        _texts_without_batch(account, start)
        so_far = replace(so_far, batches=_every_batch(carrier, account, start))
    ours = list(_ours_since(account, start, so_far)[:PAGES])
    pages = 0
    for batch in ours:
        texts = _read(carrier, account, batch)
        so_far = replace(so_far, after=batch.pk, texts=so_far.texts + texts)
        pages += 1 + texts // 1000
        if pages >= PAGES or shutdown.requested.is_set():
            break
    if ours:
        return so_far
    said = f"{so_far.batches:,} batches and {so_far.texts:,} texts of 48 hours were compared."
    Event.objects.create(verb=DONE, detail=said)
    return None


def _every_batch(carrier: Provider, account: str, start: datetime) -> int:
    """Reads the provider's whole list. Returns how many batches are in it."""
    listed = carrier.batches(date_from=start, date_to=timezone.now() + CLOCKS, whole=True)
    read = 0
    while chunk := list(islice(listed, CHUNK)):
        read += len(chunk)
        _report(
            account,
            [
                Found(item.provider_id, item.sender, item.batch_size, item.created_at)
                for item in chunk
                if item.provider_id
            ],
        )
    _settle_batches(account)
    return read


def _texts_without_batch(account: str, start: datetime) -> None:
    """Texts that left in no batch cannot be ours. From the mirror, an hour at a time."""
    whose = store.account_state()
    at, end = start, timezone.now() + CLOCKS
    while whose is not None and at < end:
        rows = StoreMessage.objects.filter(
            account=whose, created_at__gte=at, created_at__lt=at + CLOCKS, inbound=False, batch__isnull=True
        )
        for provider_id, sender in rows.values_list("provider_id", "our_number")[:CHUNK]:
            _keep_text(account, provider_id, sender, "in no batch at all", None)
        at += CLOCKS


def _keep_text(account: str, provider_id: str, sender: str, where: str, campaign_id: int | None) -> None:
    detail = f"{registry.provider_name()} took a text from this number, {where}, that Carillon has not sent."
    discrepancies.record(
        Kind.UNKNOWN_TEXT, account, provider_id, detail, campaign_id=campaign_id, sender=sender
    )


def _ours_since(account: str, start: datetime, so_far: Progress) -> QuerySet[Batch]:
    """Batches that were taken in these days, from the one on that was read last."""
    taken = Batch.objects.filter(
        account=account,
        state=Batch.State.ACCEPTED,
        accepted_at__gte=start,
        accepted_at__lt=so_far.began_at - LISTED_AFTER,
        pk__gt=so_far.after,
    )
    return taken.exclude(provider_id="").order_by("pk")


def _read(carrier: Provider, account: str, batch: Batch) -> int:
    """Compare one batch, text by text. Returns how many texts the provider shows."""
    pages = carrier.messages(
        date_from=(batch.remote_created_at or batch.accepted_at or timezone.now()) - CLOCKS,
        date_to=timezone.now() + CLOCKS,
        batch_id=batch.provider_id,
        whole=True,
    )
    shown = [item for page in pages for item in page if item.direction != "Inbound"]
    left = Message.objects.filter(batch=batch).exclude(
        state__in=(Message.State.EXCLUDED, Message.State.REJECTED)
    )
    ours = dict(left.values_list("to", "source_row__number"))
    _missing(account, batch, ours, shown)
    _foreign(account, batch, ours, shown)
    return len(shown)


def _missing(account: str, batch: Batch, ours: dict[str, int], shown: Sequence[RemoteMessage]) -> None:
    about = discrepancies.about_batch(batch)
    rows = sorted(ours[to] for to in ours.keys() - {item.to for item in shown})
    if not rows:
        discrepancies.settle(Kind.MISSING_TEXT, account, about)
        return
    named = ", ".join(f"{row:,}" for row in rows[:NAMED])
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    detail = (
        f"{registry.provider_name()} took batch {batch.number:,} and does not show {len(rows):,} of its "
        f"{len(ours):,} texts: row{'s' if len(rows) > 1 else ''} {named}{more} of the file. "
        "Nobody can say whether they left."
    )
    discrepancies.record(
        Kind.MISSING_TEXT, account, about, detail, campaign_id=batch.campaign_id, sender=batch.sender
    )


def _foreign(account: str, batch: Batch, ours: dict[str, int], shown: Sequence[RemoteMessage]) -> None:
    """Texts in a batch of ours to somebody whom we did not put there, or to the same person again."""
    ids: dict[str, set[str]] = {}
    for item in shown:
        ids.setdefault(item.to, set()).add(item.provider_id)
    extra = [key for to, own in ids.items() for key in sorted(own)[1 if to in ours else 0 :]]
    for provider_id in extra[:NAMED]:
        _keep_text(account, provider_id, batch.sender, f"in batch {batch.number:,}", batch.campaign_id)


# --- When ---------------------------------------------------------------------------------------------------


def due() -> bool:
    """Whether the long look is to begin. A new site waits for its first night; a copy of an old one does not.
    Cheap: the tick asks twice a second."""
    if not registry.known_account():
        return False
    now = timezone.now()
    first = now + timedelta(seconds=seconds_to_next_night())
    return Lease.objects.get_or_create(name=WAKE, defaults={"until": first})[0].until < now


def seconds_to_next_night() -> float:
    """Until the next long look is due."""
    now = timezone.localtime()
    night = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    if night <= now:
        night += timedelta(days=1)
    return (night - now).total_seconds()


def last_run() -> Event | None:
    """How the last long look ended; None: there was none yet."""
    return Event.objects.filter(verb__in=(DONE, FAILED)).order_by("-id").first()
