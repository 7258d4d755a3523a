"""Keeps the mirror of the provider's store up to date, so that foreign batches and incoming texts are seen.

Lists are asked for by creation time, always with explicit dates. A span of time that is to be read is a
window in the database; it shrinks from its newer end while pages come in, newest first, so that a killed
process, an outage or a used-up request limit costs nothing that was read. A turn is short: the requests that
hand campaigns over come out of the same limit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import AccountState, StoreBatch, StoreState, StoreWindow
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import RemoteMessage
from campaigns.receipts import store
from campaigns.runtime import leases, shutdown
from campaigns.runtime.bulk_sql import claim

log = logging.getLogger(__name__)

PAGES, PAGES_FOR_OLDER = 10, 5
"""Of 1,000 messages, in one turn, of the 50 requests a minute that RingCentral allows."""
SYNC_EVERY = timedelta(seconds=60)
"""Between two turns while nobody presses Refresh."""
FIRST_REACH = timedelta(days=90)
"""How far back the first reading goes."""
OVERLAP = timedelta(minutes=2)
"""Read again each time: a message may show up late in the provider's lists."""
RECENT, RECENT_EVERY = timedelta(hours=6), timedelta(minutes=30)
"""What is read again for its receipts, and how often."""
FAR, FAR_EVERY = timedelta(hours=72), timedelta(hours=12)
CLOCKS = timedelta(minutes=5)
"""Asked for beyond now: the provider's clock may be ahead of ours."""
LEASE = 600.0
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How much of the store the mirror holds."""

    read_at: datetime | None
    """It holds everything that was there then, as far back as `reaches_back_to`; None: never read."""
    reaches_back_to: datetime | None
    catching_up: bool
    """What is older than `reaches_back_to` is still being read."""
    asked: bool
    """Refresh was pressed and not answered yet."""


def freshness() -> Freshness:
    """Of the account that the credentials open."""
    whose = store.account_state()
    state = StoreState.objects.filter(account=whose).first() if whose else None
    if state is None or state.read_at is None:
        return Freshness(read_at=None, reaches_back_to=None, catching_up=False, asked=state is not None)
    unread = StoreWindow.objects.filter(account=whose, again=False, as_of__lte=state.read_at)
    newest_gap = unread.order_by("-end").values_list("end", flat=True).first()
    return Freshness(
        read_at=state.read_at,
        reaches_back_to=newest_gap or state.reaches_back_to,
        catching_up=newest_gap is not None,
        asked=state.refresh_asked_at is not None,
    )


def request_refresh() -> bool:
    """Somebody pressed Refresh: the next tick wakes a turn. False if one is waited for already, or if the
    account was never reached."""
    waiting = StoreState.objects.filter(account=store.account_state(), refresh_asked_at__isnull=True)
    return claim(waiting, refresh_asked_at=timezone.now())


def due() -> bool:
    """Whether a turn is to be taken now. Cheap: the tick asks twice a second."""
    account = registry.known_account()
    if not account:
        return False
    state = StoreState.objects.filter(account__account=account).first()
    if state is None:
        return True
    return state.refresh_asked_at is not None or timezone.now() - state.opened_to >= SYNC_EVERY


IngestReplies = Callable[[str, Sequence[RemoteMessage]], object]
"""Takes in what people wrote to an account, in the transaction that stores it; the same again is no news."""


def sync(hear: IngestReplies) -> int:
    """One turn. Returns how many pages of messages were read; 0 also if another process is at it."""
    account = registry.known_account()
    if not account:
        return 0
    with leases.hold(f"mirror {account}"[:60], seconds=LEASE) as mine:
        whose = store.account_state()
        if not mine or whose is None:
            return 0
        _open(whose, timezone.now())
        turn = _Turn(registry.provider(), whose, hear)
        try:
            turn.read()
        except ProviderError as error:
            registry.note_failure(error)
            log.warning("store not read", extra={"kind": error.kind, "code": error.code})
        else:
            registry.note_success()
        store.recount(turn.foreign)
        return turn.pages


@transaction.atomic
def _open(whose: AccountState, now: datetime) -> None:
    """Write down what is to be read: everything new, and at times what may have got receipts since."""
    state, first = StoreState.objects.get_or_create(
        account=whose,
        defaults={
            "reaches_back_to": now - FIRST_REACH,
            "opened_to": now,
            "reread_at": now,
            "reread_far_at": now,
        },
    )
    new_from = (now if first else state.opened_to) - OVERLAP
    if first:
        StoreWindow.objects.create(account=whose, start=state.reaches_back_to, end=new_from, as_of=now)
    elif again_from := _to_reread(state, now):
        StoreWindow.objects.create(account=whose, start=again_from, end=new_from, as_of=now, again=True)
    head = _windows(whose).filter(again=False).first()
    if head is not None and head.end == head.as_of + CLOCKS:
        # Not begun: the provider could not be reached. It grows instead of getting company.
        head.end, head.as_of, head.batches_read = now + CLOCKS, now, False
        head.save()
    else:
        StoreWindow.objects.create(account=whose, start=new_from, end=now + CLOCKS, as_of=now)
    state.opened_to, state.refresh_asked_at = now, None
    state.save()


def _to_reread(state: StoreState, now: datetime) -> datetime | None:
    """From when on messages are read once more, if it is time and nothing else waits. Notes that it is."""
    if StoreWindow.objects.filter(account=state.account_id).exists():
        return None
    if state.reread_far_at is None or now - state.reread_far_at >= FAR_EVERY:
        state.reread_at = state.reread_far_at = now
        return now - FAR
    if state.refresh_asked_at or state.reread_at is None or now - state.reread_at >= RECENT_EVERY:
        state.reread_at = now
        return now - RECENT
    return None


def _windows(whose: AccountState) -> QuerySet[StoreWindow]:
    return StoreWindow.objects.filter(account=whose).order_by("-end", "-id")


class _Turn:
    """Reads windows, the newest first, until its pages are used up or nothing is left."""

    def __init__(self, carrier: Provider, whose: AccountState, hear: IngestReplies) -> None:
        self.carrier, self.whose, self.hear = carrier, whose, hear
        self.pages = 0
        self.foreign: set[int] = set()
        """Batches that are not ours and of which messages were read."""

    def read(self) -> None:
        """The newest window first. What is older gets pages of its own, however much is new."""
        windows = _windows(self.whose)
        newest = windows.first()
        self._read(windows, PAGES)
        if newest is not None:
            self._read(windows.exclude(pk=newest.pk), max(PAGES, self.pages) + PAGES_FOR_OLDER)

    def _read(self, windows: QuerySet[StoreWindow], until: int) -> None:
        while self.pages < until and not shutdown.requested.is_set() and (window := windows.first()):
            if not window.batches_read:
                self._read_batches(window)
            if not self._read_messages(window, until):
                return
            self._close(window)

    def _read_batches(self, window: StoreWindow) -> None:
        """Those of the window, and older ones that the carrier was still sending when last seen."""
        sending = StoreBatch.objects.filter(account=self.whose, created_at__gte=window.as_of - FAR)
        oldest = sending.exclude(status="Completed").aggregate(Min("created_at"))["created_at__min"]
        start = min(oldest, window.start) if oldest else window.start
        found = self.carrier.batches(date_from=start, date_to=window.end, whole=True)
        while chunk := list(islice(found, CHUNK)):
            with transaction.atomic():
                store.record_batches(self.whose, chunk)
        window.batches_read = True
        window.save(update_fields=["batches_read"])

    def _read_messages(self, window: StoreWindow, until: int) -> bool:
        """Whether it was read to its end, and not only until that many pages were read."""
        pages = self.carrier.messages(date_from=window.start, date_to=window.end, with_text=True, whole=True)
        for page in pages:
            oldest = min((item.created_at for item in page if item.created_at), default=window.end)
            with transaction.atomic():
                self.foreign |= store.record_page(self.whose, page)
                self.hear(self.whose.account, [item for item in page if item.direction == "Inbound"])
                shrunk = oldest < window.end
                if shrunk:
                    window.end = oldest
                    window.save(update_fields=["end"])
            self.pages += 1
            # A batch of many pages has one creation time: leaving there would begin with it again.
            if shrunk and (self.pages >= until or shutdown.requested.is_set()):
                return False
        return True

    @transaction.atomic
    def _close(self, window: StoreWindow) -> None:
        window.delete()
        if window.again or _windows(self.whose).filter(again=False, start__gte=window.start).exists():
            return  # nothing new, or what is newer is still to be read
        older = Q(read_at=None) | Q(read_at__lt=window.as_of)
        StoreState.objects.filter(older, account=self.whose).update(read_at=window.as_of)
