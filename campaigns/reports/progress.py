"""How far a campaign is. Reads counters and sums over batches, never counts messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, Counters, RowState
from campaigns.receipts import circuit_breaker
from campaigns.reports.batch_lines import BatchLine, batch_lines
from campaigns.reports.row_states import LEFT_OUT, READING_ORDER, TAKEN, UNDECIDED
from campaigns.sending import canary, lifecycle, quarantine

MAX_REASONS = 5
QUICK, SLOW, SLOWEST = 3, 15, 60  # seconds between two polls of a page
QUIET_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class StateCount:
    state: RowState
    count: int


@dataclass(frozen=True, slots=True)
class Reason:
    """An error code of a canary's texts."""

    count: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    campaign: Campaign
    counters: Counters
    states: Sequence[StateCount]
    texts: int
    """Rows that get a text, also while it is held."""
    handed_over: int
    processed: int
    percent: int
    rate_per_minute: float | None
    seconds_left: float | None
    batches: Sequence[BatchLine]
    batch_count: int
    read_at: datetime | None
    moving: bool
    next_delay: int
    billed: Decimal | None
    """US dollars billed so far; None: nothing yet."""
    canary_reasons: Sequence[Reason]
    """Only while a person has to decide about the canary."""
    quarantined: bool
    """Batches of it are held back while the others leave."""

    @property
    def leaves_at(self) -> datetime | None:
        return undo_ends_at(self.campaign)

    @property
    def can_undo(self) -> bool:
        """Nothing has left by the counters, so the launch can be undone; `lifecycle.undo` proves it."""
        here = self.counters.count(*LEFT_OUT, RowState.QUEUED, RowState.HELD)
        stoppable = self.campaign.state in lifecycle.STOPPABLE and not self.cancelled
        return self.campaign.undo_until is not None and stoppable and here == self.counters.rows

    @property
    def texts_out(self) -> int:
        return self.handed_over + self.counters.count(RowState.REJECTED, RowState.MARKED_SENT)

    @property
    def may_have_left(self) -> int:
        return self.handed_over + self.counters.count(RowState.MARKED_SENT, *UNDECIDED)

    @property
    def leaves_in(self) -> int:
        return 0 if self.leaves_at is None else seconds_until(self.leaves_at)

    @property
    def cancelled(self) -> bool:
        return self.campaign.shown_state == "cancelled"

    @property
    def in_doubt(self) -> int:
        return self.counters.in_doubt + self.counters.needs_review

    @property
    def held(self) -> int:
        return self.counters.held

    @property
    def queued(self) -> int:
        return self.counters.queued

    @property
    def cancellable(self) -> int:
        return self.counters.queued + self.counters.held

    @property
    def can_stop(self) -> bool:
        if self.campaign.state == Campaign.State.PREPARING:
            return not self.cancelled
        return bool(self.cancellable or self.counters.submitting or self.counters.in_doubt)

    @property
    def balanced(self) -> bool:
        return self.counters.balanced

    @property
    def more_batches(self) -> int:
        return self.batch_count - len(self.batches)

    @property
    def done_by(self) -> datetime | None:
        if self.seconds_left is None:
            return None
        return timezone.now() + timedelta(seconds=self.seconds_left)


def progress(campaign_id: int) -> Progress:
    campaign = Campaign.objects.select_related("counters", "contact_list", "launched_by").get(pk=campaign_id)
    return progress_of(campaign)


def progress_of(campaign: Campaign) -> Progress:
    counts = getattr(campaign, "counters", None) or Counters(campaign=campaign)
    batches = Batch.objects.filter(campaign=campaign)
    sums = batches.aggregate(
        processed=Sum("processed_count", filter=Q(state=Batch.State.ACCEPTED)),
        accepted=Sum("provider_size", filter=Q(state=Batch.State.ACCEPTED)),
        cost=Sum("cost", filter=Q(state=Batch.State.ACCEPTED)),
    )
    processed, accepted = sums["processed"] or 0, sums["accepted"] or 0
    last = batches.order_by("-number").values_list("number", flat=True).first() or 0
    read_at = (
        batches.order_by("-polled_at").exclude(polled_at=None).values_list("polled_at", flat=True).first()
    )
    taken = counts.count(*TAKEN)
    texts = counts.rows - counts.count(*LEFT_OUT, RowState.CANCELLED)
    waiting = counts.queued + counts.submitting
    left = waiting + max(0, accepted - processed)
    account = registry.for_campaign(campaign) if left else None
    rate = account.rate_for(campaign.sender) if account else None
    moving = campaign.state in Campaign.MOVING
    return Progress(
        campaign=campaign,
        counters=counts,
        states=[StateCount(state, count) for state in READING_ORDER if (count := counts.count(state))],
        texts=texts,
        handed_over=taken,
        processed=processed,
        percent=percent_settled(processed, texts, counts, moving=moving),
        rate_per_minute=rate,
        seconds_left=left / rate * 60 if rate and left and not is_blocked(campaign, counts) else None,
        batches=batch_lines(batches),
        batch_count=last,
        read_at=read_at,
        moving=moving,
        next_delay=next_delay(campaign, read_at, left),
        billed=sums["cost"],
        canary_reasons=canary_errors(campaign),
        quarantined=has_quarantined(campaign, counts),
    )


def is_blocked(campaign: Campaign, counts: Counters) -> bool:
    """Whether something else has to happen before the last text leaves, so that no time can be given."""
    if campaign.state in (Campaign.State.PREPARING, Campaign.State.HELD) or counts.in_doubt:
        return True
    later = campaign.send_at is not None and campaign.send_at > timezone.now()
    sending = campaign.state == Campaign.State.SENDING
    return sending and (bool(campaign.wait_reason) or later or first_texts_alone(campaign, counts))


def has_quarantined(campaign: Campaign, counts: Counters) -> bool:
    sending = campaign.state == Campaign.State.SENDING
    return sending and counts.held > 0 and quarantine.quarantined(campaign.pk).exists()


def first_texts_alone(campaign: Campaign, counts: Counters) -> bool:
    """Whether a canary leaves first, and the other texts wait until a person has seen its receipts."""
    return canary.guards(campaign, 2) and counts.rows - counts.count(*LEFT_OUT) > campaign.canary


def seconds_until(moment: datetime) -> int:
    """Whole seconds, at least 1 until it is over."""
    return max(0, math.ceil((moment - timezone.now()).total_seconds()))


def undo_ends_at(campaign: Campaign) -> datetime | None:
    """When the time to undo ends and the campaign leaves by itself; None: it does not or has left."""
    waits = campaign.state in (Campaign.State.PREPARING, Campaign.State.SENDING)
    if campaign.undo_until is None or not waits or campaign.asked or not seconds_until(campaign.undo_until):
        return None
    return campaign.undo_until


def canary_errors(campaign: Campaign) -> list[Reason]:
    if campaign.hold_reason != Campaign.HoldReason.CANARY:
        return []
    totals = Batch.objects.filter(campaign=campaign, number=1).values_list("totals", flat=True)
    most_common = circuit_breaker.error_counts(totals).most_common(MAX_REASONS)
    return [Reason(count, code) for code, count in most_common]


def percent_settled(processed: int, texts: int, counts: Counters, *, moving: bool) -> int:
    """Share of texts that the provider processed or that were settled without it. 100 only at the end."""
    settled = processed + counts.rejected + counts.marked_sent
    if not moving:
        return 100
    return min(99, 100 * settled // texts) if texts else 0


def next_delay(campaign: Campaign, read_at: datetime | None, left: int) -> int:
    """Seconds until the page polls again: longer when little happens."""
    if campaign.state == Campaign.State.PREPARING:
        return 1
    if undo_ends_at(campaign):
        return 1
    if campaign.state == Campaign.State.HELD:
        return QUICK if campaign.hold_reason == Campaign.HoldReason.CANARY else SLOW
    if left and not campaign.wait_reason:
        return QUICK
    quiet = timezone.now() - (campaign.submitted_at or campaign.launched_at or timezone.now())
    return SLOW if quiet < QUIET_AFTER else SLOWEST
