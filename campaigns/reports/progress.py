"""How far a campaign is: counters only, never a count over messages, so that ten million cost as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, ContactList, OptOut, RowState, Tally
from campaigns.providers.ringcentral.error_codes import explain
from campaigns.receipts import circuit_breaker
from campaigns.sending import canary, lifecycle, quarantine

SHOWN_BATCHES = 50
SHOWN_CAMPAIGNS = 5
SHOWN_REASONS = 5
QUICK, SLOW, SLOWEST = 3, 15, 60  # seconds between two polls of a page
READING_ORDER = (
    RowState.DELIVERED, RowState.SENT, RowState.WITH_CARRIER, RowState.SUBMITTING, RowState.IN_DOUBT,
    RowState.NEEDS_REVIEW, RowState.MARKED_SENT, RowState.QUEUED, RowState.HELD, RowState.NOT_DELIVERED,
    RowState.REJECTED, RowState.CANCELLED, RowState.EXCLUDED, RowState.DUPLICATE, RowState.INVALID,
)  # fmt: skip
TAKEN = (RowState.WITH_CARRIER, RowState.SENT, RowState.DELIVERED, RowState.NOT_DELIVERED)
UNDECIDED = (RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
LEFT_OUT = (RowState.EXCLUDED, RowState.DUPLICATE, RowState.INVALID)


@dataclass(frozen=True, slots=True)
class StateCount:
    state: RowState
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    number: int
    size: int
    processed: int
    state: Batch.State
    status: str
    cost: Decimal | None
    provider_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why texts of a canary did not arrive."""

    count: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One campaign at one moment."""

    campaign: Campaign
    tally: Tally
    states: Sequence[StateCount]
    texts: int
    """Rows that get a text, or would if nothing held them."""
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
    sentence: str
    billed: Decimal | None
    """US dollars that the provider has told for what was handed over so far; None: nothing yet."""
    canary_reasons: Sequence[Reason]
    """Only while a person is asked about the canary."""

    @property
    def standing(self) -> str:
        """What is with the provider beyond recall, and what is still here."""
        return _standing(self.tally)

    @property
    def leaves_at(self) -> datetime | None:
        """Until when the launch waits to be taken back; None: it does not."""
        return _leaves_at(self.campaign)

    @property
    def can_undo(self) -> bool:
        """Nothing has left as far as the counters tell, so the launch can be taken back; `control.undo`
        proves it."""
        here = self.tally.count(*LEFT_OUT, RowState.QUEUED, RowState.HELD)
        stoppable = self.campaign.state in lifecycle.STOPPABLE and not self.cancelled
        return self.campaign.undo_until is not None and stoppable and here == self.tally.rows

    @property
    def texts_out(self) -> int:
        """Texts that left this place, however they ended."""
        return self.handed_over + self.tally.count(RowState.REJECTED, RowState.MARKED_SENT)

    @property
    def may_have_left(self) -> int:
        """Texts of which nobody may say that they were not sent."""
        return self.handed_over + self.tally.count(RowState.MARKED_SENT, *UNDECIDED)

    @property
    def leaves_in(self) -> int:
        """Whole seconds until something leaves."""
        return 0 if self.leaves_at is None else seconds_until(self.leaves_at)

    @property
    def cancelled(self) -> bool:
        """A person stopped what had not been handed over."""
        return self.campaign.shown_state == lifecycle.CANCELLED

    @property
    def in_doubt(self) -> int:
        return self.tally.in_doubt + self.tally.needs_review

    @property
    def held(self) -> int:
        return self.tally.held

    @property
    def queued(self) -> int:
        return self.tally.queued

    @property
    def cancellable(self) -> int:
        """Texts that can still be kept from leaving."""
        return self.tally.queued + self.tally.held

    @property
    def can_stop(self) -> bool:
        """Something may still leave by itself."""
        if self.campaign.state == Campaign.State.PREPARING:
            return not self.cancelled
        return bool(self.cancellable or self.tally.submitting or self.tally.in_doubt)

    @property
    def balanced(self) -> bool:
        return self.tally.balanced

    @property
    def more_batches(self) -> int:
        return self.batch_count - len(self.batches)

    @property
    def done_by(self) -> datetime | None:
        if self.seconds_left is None:
            return None
        return timezone.now() + timedelta(seconds=self.seconds_left)


def progress(campaign_id: int) -> Progress:
    """Reads one campaign, its tally and its batches. Raises Campaign.DoesNotExist."""
    campaign = Campaign.objects.select_related("tally", "contact_list", "launched_by").get(pk=campaign_id)
    return _progress(campaign)


def _progress(campaign: Campaign) -> Progress:
    counts = getattr(campaign, "tally", None) or Tally(campaign=campaign)
    batches = Batch.objects.filter(campaign=campaign)
    sums = batches.aggregate(
        processed=Sum("processed_count", filter=Q(state=Batch.State.ACCEPTED)),
        accepted=Sum("remote_size", filter=Q(state=Batch.State.ACCEPTED)),
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
    rate = registry.rate_for(campaign.sender) if left else None
    moving = campaign.state in Campaign.MOVING
    return Progress(
        campaign=campaign,
        tally=counts,
        states=[StateCount(state, count) for state in READING_ORDER if (count := counts.count(state))],
        texts=texts,
        handed_over=taken,
        processed=processed,
        percent=_percent(processed, texts, counts, moving=moving),
        rate_per_minute=rate,
        seconds_left=left / rate * 60 if rate and left and not _stands(campaign, counts) else None,
        batches=_lines(batches),
        batch_count=last,
        read_at=read_at,
        moving=moving,
        next_delay=_next_delay(campaign, read_at, left),
        sentence=_sentence(campaign, counts),
        billed=sums["cost"],
        canary_reasons=_canary_reasons(campaign),
    )


def _stands(campaign: Campaign, counts: Tally) -> bool:
    """Whether nobody can say when the last text leaves, because something else has to happen first."""
    if campaign.state in (Campaign.State.PREPARING, Campaign.State.HELD) or counts.in_doubt:
        return True
    # The others leave while a parked batch waits for a person.
    in_trouble = campaign.trouble and campaign.trouble_code != quarantine.QUARANTINED
    later = campaign.send_at is not None and campaign.send_at > timezone.now()
    sending = campaign.state == Campaign.State.SENDING
    return sending and (bool(in_trouble) or later or _first_ones_alone(campaign, counts))


def _first_ones_alone(campaign: Campaign, counts: Tally) -> bool:
    """Whether some leave first, and the others not before a person has seen their receipts."""
    return canary.guards(campaign, 2) and counts.rows - counts.count(*LEFT_OUT) > campaign.canary


def seconds_until(moment: datetime) -> int:
    """Whole seconds, at least 1 until it is over."""
    return max(0, math.ceil((moment - timezone.now()).total_seconds()))


def _leaves_at(campaign: Campaign) -> datetime | None:
    """When the time to take it back is over, of a campaign that leaves by itself then."""
    waits = campaign.state in (Campaign.State.PREPARING, Campaign.State.SENDING)
    stopped = campaign.trouble_code in (lifecycle.PAUSED, lifecycle.CANCELLED)
    if campaign.undo_until is None or not waits or stopped or not seconds_until(campaign.undo_until):
        return None
    return campaign.undo_until


def _canary_reasons(campaign: Campaign) -> list[Reason]:
    if campaign.state != Campaign.State.HELD or campaign.trouble_code != lifecycle.CANARY:
        return []
    totals = Batch.objects.filter(campaign=campaign, number=1).values_list("totals", flat=True)
    found = circuit_breaker.error_counts(totals).most_common(SHOWN_REASONS)
    return [Reason(count, code, explain(code).sentence) for code, count in found]


def _percent(processed: int, texts: int, counts: Tally, *, moving: bool) -> int:
    """Of the texts that leave: processed by the provider, or settled without it."""
    settled = processed + counts.rejected + counts.marked_sent
    if not moving:
        return 100
    return min(99, 100 * settled // texts) if texts else 0


def _next_delay(campaign: Campaign, read_at: datetime | None, left: int) -> int:
    """Seconds until the page asks again: seldom when little happens."""
    if campaign.state == Campaign.State.PREPARING:
        return 1
    if _leaves_at(campaign):
        return 1
    if campaign.state == Campaign.State.HELD:
        return QUICK if campaign.trouble_code == lifecycle.CANARY else SLOW
    if left and not campaign.trouble:
        return QUICK
    quiet = timezone.now() - (campaign.handed_over_at or campaign.launched_at or timezone.now())
    return SLOW if quiet < timedelta(minutes=30) else SLOWEST


def _lines(batches: QuerySet[Batch]) -> list[BatchLine]:
    """Those that need a look first, then those that move, then the newest."""
    urgency = Case(
        When(state__in=(Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW), then=Value(0)),
        When(state=Batch.State.SUBMITTING, then=Value(1)),
        When(state=Batch.State.ACCEPTED, completed_at__isnull=True, then=Value(2)),
        When(state__in=(Batch.State.QUEUED, Batch.State.HELD), then=Value(4)),
        default=Value(3),
        output_field=IntegerField(),
    )
    chosen = list(batches.annotate(urgency=urgency).order_by("urgency", "-number")[:SHOWN_BATCHES])
    return [_line(batch) for batch in sorted(chosen, key=lambda batch: batch.number)]


def _line(batch: Batch) -> BatchLine:
    state = Batch.State(batch.state)
    status = batch.remote_status if state == Batch.State.ACCEPTED else state.label
    note = ""
    if state == Batch.State.IN_DOUBT:
        note = "The answer was lost. Nobody in it is texted again until the provider's records are read."
    elif state == Batch.State.NEEDS_REVIEW:
        note = "Nobody can prove whether it was taken. A person has to decide."
    return BatchLine(
        number=batch.number,
        size=batch.remote_size if state == Batch.State.ACCEPTED else batch.size,
        processed=batch.processed_count,
        state=state,
        status=status,
        cost=batch.cost,
        provider_id=batch.provider_id,
        note=note,
    )


def _standing(counts: Tally) -> str:
    """What cannot be stopped any more and what still can, as one sentence; empty if there is neither."""
    taken = counts.count(*TAKEN)
    parts = []
    if taken:
        are = f"{_are(taken)} with" if taken == counts.with_carrier else "went to"
        parts.append(f"{taken:,} {are} {registry.provider_name()} and cannot be recalled")
    if counts.held:
        parts.append(f"{counts.held:,} {_are(counts.held)} held here")
    if counts.queued:
        parts.append(f"{counts.queued:,} {_are(counts.queued)} waiting here")
    return "; ".join(parts) + "." if parts else ""


def _sentence(campaign: Campaign, counts: Tally) -> str:
    """What can still be stopped and what cannot."""
    name = registry.provider_name()
    if campaign.state == Campaign.State.PREPARING:
        return _while_written(campaign)
    parts = []
    if campaign.state in (Campaign.State.SENDING, Campaign.State.HELD):
        parts.append(_standing(counts))
    if campaign.state == Campaign.State.SENDING and _first_ones_alone(campaign, counts):
        parts.append(f"The first {campaign.canary:,} leave alone; then it waits for you.")
    if counts.in_doubt:
        parts.append(f"{counts.in_doubt:,} {_are(counts.in_doubt)} in doubt: the answer was lost.")
    if counts.cancelled:
        were = "was cancelled and is" if counts.cancelled == 1 else "were cancelled and are"
        parts.append(f"{counts.cancelled:,} {were} not sent.")
    parts.append(_what_comes(campaign, counts, name))
    return " ".join(filter(None, parts))


def _while_written(campaign: Campaign) -> str:
    if campaign.trouble_code == lifecycle.CANCELLED:
        return "Nothing is sent. The rows are written down to the last, so that each is accounted for."
    return "The texts are being written. Nothing has been sent yet."


def _what_comes(campaign: Campaign, counts: Tally, name: str) -> str:
    """What is still expected of a campaign from which nothing more leaves."""
    if campaign.state == Campaign.State.FINISHED:
        return "Finished: nothing more is expected."
    if campaign.state != Campaign.State.DELIVERING:
        return ""
    if counts.with_carrier:
        everything = "What had left" if counts.count(RowState.CANCELLED, *UNDECIDED) else "Everything"
        return f"{everything} is with {name}, which is sending it. It cannot be recalled any more."
    if counts.count(*UNDECIDED):
        return "What is in doubt is still looked for."
    if counts.cancelled:
        return "Receipts of what had left are coming in; some carriers never send one."
    return f"{name} has sent everything. Receipts are coming in; some carriers never send one."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    moving: Sequence[Progress]
    """Those that wait for a person, then the newest."""
    more_moving: int
    """How many more there are."""
    recent: Sequence[Campaign]
    drafts: Sequence[Campaign]
    list_count: int
    opt_out_count: int
    sent_7_days: int


def overview() -> Overview:
    """The first page: what runs, what ran, what is not finished."""
    campaigns = Campaign.objects.select_related("tally", "contact_list", "launched_by")
    week = timezone.now() - timedelta(days=7)
    sums = Tally.objects.filter(campaign__launched_at__gte=week).aggregate(
        **{state.value: Sum(state.value) for state in TAKEN}
    )
    moving = campaigns.filter(state__in=Campaign.MOVING)
    opt_outs = OptOut.objects.in_force().exclude(kind=OptOut.Kind.MAYBE)
    # Receipts are awaited for days: later campaigns must not push off the page what only a person moves.
    asks_first = Case(When(state=Campaign.State.HELD, then=Value(0)), default=Value(1))
    return Overview(
        moving=[_progress(campaign) for campaign in moving.order_by(asks_first, "-id")[:SHOWN_CAMPAIGNS]],
        more_moving=max(0, moving.count() - SHOWN_CAMPAIGNS),
        recent=list(campaigns.filter(state=Campaign.State.FINISHED)[:SHOWN_CAMPAIGNS]),
        drafts=list(campaigns.filter(state=Campaign.State.DRAFT)[:SHOWN_CAMPAIGNS]),
        list_count=ContactList.objects.count(),
        opt_out_count=opt_outs.order_by().values("phone").distinct().count(),
        sent_7_days=sum(value or 0 for value in sums.values()),
    )
