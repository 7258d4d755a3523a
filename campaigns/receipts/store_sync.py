"""Syncs the provider store, so that batches of other programs and incoming texts are seen.

Lists are requested by creation time, always with explicit dates. A span of time to be read is a window in the
database. It shrinks from its newer end while pages come in, newest first, so a killed process, an outage or
a used-up request limit loses nothing that was read. A time slice is short, because campaigns are sent under
the same request limit.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import AccountState, ProviderBatch, SyncState, SyncWindow
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import BatchStatus, Direction, RemoteMessage
from campaigns.receipts import store
from campaigns.runtime import leases, shutdown
from campaigns.runtime.wakeups import exists

log = logging.getLogger(__name__)

MAX_PAGES, PAGES_FOR_OLDER = 10, 5
"""Pages of 1,000 messages in one time slice. RingCentral allows 50 requests a minute for everything."""
SYNC_EVERY = timedelta(seconds=60)
"""Between two syncs while nobody presses Refresh."""
FIRST_REACH = timedelta(days=90)
"""How far back the first sync reads."""
OVERLAP = timedelta(minutes=2)
"""Read again each time, because a message may show up late in the provider's lists."""
RECENT, RECENT_EVERY = timedelta(hours=6), timedelta(minutes=30)
"""How far back messages are read again for their receipts, and how often."""
FAR, FAR_EVERY = timedelta(hours=72), timedelta(hours=12)
CLOCK_SKEW = timedelta(minutes=5)
"""Requested beyond now: the provider's clock may be ahead of ours."""
LEASE_SECONDS = 600.0
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How complete our copy of the provider's store is."""

    read_at: datetime | None
    """Everything up to this time was read, back to `synced_back_to`; None: never read."""
    synced_back_to: datetime | None
    catching_up: bool
    """What is older than `synced_back_to` is still being read."""
    asked: bool
    """Refresh was pressed and has not been answered yet."""


def freshness() -> Freshness:
    owners = store.owners()
    states = list(SyncState.objects.filter(account__in=owners))
    times = [state.read_at for state in states if state.read_at]
    if not times or len(times) < len(owners):
        return Freshness(read_at=None, synced_back_to=None, catching_up=False, asked=bool(states))
    gaps = [newest_gap(state) for state in states]
    return Freshness(
        read_at=min(times),
        synced_back_to=max(gap or state.synced_back_to for gap, state in zip(gaps, states, strict=True)),
        catching_up=any(gaps),
        asked=any(state.refresh_requested_at for state in states),
    )


def newest_gap(state: SyncState) -> datetime | None:
    """Up to when the newest part goes that `read_at` leaves out, because it is still to be read."""
    unread = SyncWindow.objects.filter(account=state.account_id, again=False, opened_at__lte=state.read_at)
    return unread.order_by("-end").values_list("end", flat=True).first()


def request_refresh() -> bool:
    """Have the next tick enqueue a sync. False if one is due already, or if the account was never reached."""
    waiting = SyncState.objects.filter(account__in=store.owners(), refresh_requested_at__isnull=True)
    return waiting.update(refresh_requested_at=timezone.now()) > 0


def due(account: Account, now: datetime) -> Q | bool:
    """Whether a sync is to be enqueued now."""
    if not account.known_id():
        return False
    synced = SyncState.objects.filter(account__account=account.known_id(), refresh_requested_at=None)
    return ~exists(synced.filter(windows_opened_to__gt=now - SYNC_EVERY))


IngestReplies = Callable[[str, Sequence[RemoteMessage]], object]
"""Processes the incoming texts of an account in the transaction that stores them. Must be idempotent."""


def sync(account: Account, ingest: IngestReplies) -> int:
    """One time slice. Returns how many pages of messages were read; 0 also while another process syncs."""
    if not account.known_id():
        return 0
    with leases.hold(f"store {account.known_id()}"[:60], seconds=LEASE_SECONDS) as acquired:
        if not acquired:
            return 0
        owner = store.owner_of(account.known_id())
        open_windows(owner, timezone.now())
        reader = Reader(account.provider, owner, ingest)
        try:
            reader.read()
        except ProviderError as error:
            account.record_failure(error)
            log.warning("store not read", extra={"kind": error.kind, "code": error.code})
        else:
            account.record_success()
        store.recount(reader.other_batches)
        return reader.pages


@transaction.atomic
def open_windows(owner: AccountState, now: datetime) -> None:
    """Record what is to be read: everything new, and from time to time what may have new receipts."""
    state, first = SyncState.objects.get_or_create(
        account=owner,
        defaults={
            "synced_back_to": now - FIRST_REACH,
            "windows_opened_to": now,
            "recent_reread_at": now,
            "old_reread_at": now,
        },
    )
    new_from = (now if first else state.windows_opened_to) - OVERLAP
    if first:
        SyncWindow.objects.create(account=owner, start=state.synced_back_to, end=new_from, opened_at=now)
    elif again_from := start_of_reread(state, now):
        SyncWindow.objects.create(account=owner, start=again_from, end=new_from, opened_at=now, again=True)
    head = windows_of(owner).filter(again=False).first()
    if head is not None and head.end == head.opened_at + CLOCK_SKEW:
        # Not begun, because the provider could not be reached: extend it instead of opening another.
        head.end, head.opened_at, head.batches_read = now + CLOCK_SKEW, now, False
        head.save()
    else:
        SyncWindow.objects.create(account=owner, start=new_from, end=now + CLOCK_SKEW, opened_at=now)
    state.windows_opened_to, state.refresh_requested_at = now, None
    state.save()


def start_of_reread(state: SyncState, now: datetime) -> datetime | None:
    """From when on messages are read again. None if it is not time yet, or if other windows are open.

    Notes the time in `state`, which the caller saves.
    """
    if SyncWindow.objects.filter(account=state.account_id).exists():
        return None
    if state.old_reread_at is None or now - state.old_reread_at >= FAR_EVERY:
        state.recent_reread_at = state.old_reread_at = now
        return now - FAR
    if (
        state.refresh_requested_at
        or state.recent_reread_at is None
        or now - state.recent_reread_at >= RECENT_EVERY
    ):
        state.recent_reread_at = now
        return now - RECENT
    return None


def windows_of(owner: AccountState) -> QuerySet[SyncWindow]:
    return SyncWindow.objects.filter(account=owner).order_by("-end", "-id")


class Reader:
    """Reads windows, the newest first, until its pages are used up or no window is left."""

    def __init__(self, carrier: Provider, owner: AccountState, ingest: IngestReplies) -> None:
        self.carrier, self.owner, self.ingest = carrier, owner, ingest
        self.pages = 0
        self.other_batches: set[int] = set()
        """Batches of other programs that have a message on the pages read."""

    def read(self) -> None:
        windows = windows_of(self.owner)
        newest = windows.first()
        self.read_windows(windows, MAX_PAGES)
        if newest is not None:  # older windows have pages of their own, however much is new
            self.read_windows(windows.exclude(pk=newest.pk), max(MAX_PAGES, self.pages) + PAGES_FOR_OLDER)

    def read_windows(self, windows: QuerySet[SyncWindow], until: int) -> None:
        while self.pages < until and not shutdown.requested.is_set() and (window := windows.first()):
            if not window.batches_read:
                self.read_batches(window)
            if not self.read_messages(window, until):
                return
            self.close(window)

    def read_batches(self, window: SyncWindow) -> None:
        sending = ProviderBatch.objects.filter(account=self.owner, created_at__gte=window.opened_at - FAR)
        oldest = sending.exclude(status=BatchStatus.COMPLETED).aggregate(Min("created_at"))["created_at__min"]
        start = min(oldest, window.start) if oldest else window.start
        listed = self.carrier.batches(date_from=start, date_to=window.end, whole=True)
        while chunk := list(islice(listed, CHUNK)):
            with transaction.atomic():
                store.record_batches(self.owner, chunk)
        window.batches_read = True
        window.save(update_fields=["batches_read"])

    def read_messages(self, window: SyncWindow, until: int) -> bool:
        """True if the window was read to its end; False if the pages were used up before."""
        pages = self.carrier.messages(date_from=window.start, date_to=window.end, with_text=True, whole=True)
        for page in pages:
            oldest = min((item.created_at for item in page if item.created_at), default=window.end)
            with transaction.atomic():
                self.other_batches |= store.record_page(self.owner, page)
                self.ingest(
                    self.owner.account, [item for item in page if item.direction is Direction.INBOUND]
                )
                shrunk = oldest < window.end
                if shrunk:
                    window.end = oldest
                    window.save(update_fields=["end"])
            self.pages += 1
            # All messages of a batch have one creation time. Stopping among them would read them again.
            if shrunk and (self.pages >= until or shutdown.requested.is_set()):
                return False
        return True

    @transaction.atomic
    def close(self, window: SyncWindow) -> None:
        window.delete()
        if window.again or windows_of(self.owner).filter(again=False, start__gte=window.start).exists():
            return  # nothing new was read, or a newer window is still open
        older = Q(read_at=None) | Q(read_at__lt=window.opened_at)
        SyncState.objects.filter(older, account=self.owner).update(read_at=window.opened_at)
