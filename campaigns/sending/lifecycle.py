"""Transitions of a whole campaign: begin, hold, resume, undo, cancel, finish."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Counters, History, RowState
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import counters, quarantine

Asked, HoldReason = Campaign.Asked, Campaign.HoldReason
STOPPABLE = (Campaign.State.PREPARING, Campaign.State.SENDING, Campaign.State.HELD)
"""States in which a campaign can be paused, resumed or cancelled: something may still leave."""
LEAVING = (RowState.QUEUED, RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
"""States of rows whose text may still leave, by itself or by a decision."""
UNTOUCHED = (Attempt.State.PREPARED, Attempt.State.NOT_SENT)
"""States of attempts of which no byte has left."""
NOTHING_IN_THE_WAY: dict[str, object] = {
    "asked": "",
    "hold_reason": "",
    "hold_data": {},
    "wait_reason": "",
    "wait_data": {},
    "failures": 0,
    "next_retry_at": None,
}


@transaction.atomic
def begin(campaign_id: int) -> None:
    """All rows are frozen: batches may leave, unless the campaign was paused or cancelled meanwhile."""
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state != Campaign.State.PREPARING:
        return
    History.objects.record(History.Kind.FROZEN, campaign=campaign)
    if campaign.asked == Asked.CANCEL:  # not before: so that each row counts
        cancel_waiting(campaign_id)
    elif campaign.asked == Asked.PAUSE:
        hold_waiting(campaign_id, HoldReason.PAUSED, campaign.hold_data)
    else:
        Campaign.objects.filter(pk=campaign_id).update(state=Campaign.State.SENDING)


def hold(campaign_id: int, reason: Campaign.HoldReason, **data: object) -> bool:
    """Nothing more leaves until a person resumes the campaign. The provider keeps what it has accepted."""
    return hold_as(campaign_id, reason, data, user=None)


def pause(campaign: Campaign, *, user: User) -> bool:
    """A hold that a person asked for. Idempotent; True only for the call that changed it.

    False also if everything has left: nothing would be held, and nothing could end the hold.
    """
    data = {"by": user.get_username(), "at": timezone.now().isoformat()}
    return hold_as(campaign.pk, HoldReason.PAUSED, data, user=user)


@transaction.atomic
def hold_as(
    campaign_id: int, reason: Campaign.HoldReason, data: Mapping[str, object], *, user: User | None
) -> bool:
    """A campaign that is held already keeps its first reason."""
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state == Campaign.State.PREPARING and reason == HoldReason.PAUSED and not campaign.asked:
        Campaign.objects.filter(pk=campaign_id).update(asked=Asked.PAUSE, hold_data=data)
    elif campaign.state == Campaign.State.SENDING and counts_of(campaign_id).count(*LEAVING):
        hold_waiting(campaign_id, reason, data)
    else:
        return False
    kind = History.Kind.PAUSED if reason == HoldReason.PAUSED else History.Kind.HELD
    History.objects.record(kind, actor=user, campaign=campaign, reason=reason.value)
    return True


def counts_of(campaign_id: int) -> Counters:
    return Counters.objects.get(campaign_id=campaign_id)


def hold_waiting(campaign_id: int, reason: Campaign.HoldReason, data: Mapping[str, object]) -> None:
    Campaign.objects.filter(pk=campaign_id).update(
        state=Campaign.State.HELD, asked="", hold_reason=reason, hold_data=data, wait_reason="", wait_data={}
    )
    Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.QUEUED).update(state=Batch.State.HELD)
    counters.move(campaign_id, RowState.QUEUED, RowState.HELD, counts_of(campaign_id).queued)


@transaction.atomic
def resume(campaign: Campaign, *, user: User | None) -> bool:
    """Let a held or paused campaign go on. Idempotent; True only for the call that changed it."""
    now = Campaign.objects.locked(campaign.pk)
    row = Campaign.objects.filter(pk=now.pk)
    if now.state == Campaign.State.PREPARING and now.asked == Asked.PAUSE:
        row.update(**NOTHING_IN_THE_WAY)
        reason = HoldReason.PAUSED
    elif now.state == Campaign.State.HELD:
        row.update(state=Campaign.State.SENDING, **NOTHING_IN_THE_WAY)
        for batch in quarantine.quarantined(now.pk):
            quarantine.record_release(batch, user)
        held = Batch.objects.filter(campaign=now, state=Batch.State.HELD)
        held.update(state=Batch.State.QUEUED, hold_reason="")
        counters.move(now.pk, RowState.HELD, RowState.QUEUED, counts_of(now.pk).held)
        reason = HoldReason(now.hold_reason)
    else:
        return False
    if reason == HoldReason.CANARY:
        row.update(canary_confirmed_at=timezone.now())
    History.objects.record(LIFTED_AS[reason], actor=user, campaign=now)
    return True


LIFTED_AS = {
    HoldReason.PAUSED: History.Kind.RESUMED,
    HoldReason.CANARY: History.Kind.CANARY_PASSED,
    HoldReason.QUARANTINE: History.Kind.TRIED_AGAIN,
    HoldReason.PROVIDER_ERROR: History.Kind.TRIED_AGAIN,
    HoldReason.SILENCE: History.Kind.TRIED_AGAIN,
    HoldReason.RECEIPTS: History.Kind.TRIED_AGAIN,
    HoldReason.RESTORED: History.Kind.TRIED_AGAIN,
    HoldReason.ACCOUNT_GONE: History.Kind.TRIED_AGAIN,
}
"""Every hold ends by a person, through `resume` and nothing else. What the history calls it."""
RESUMED_KINDS = frozenset(LIFTED_AS.values())


@transaction.atomic
def cancel(campaign: Campaign, *, user: User | None) -> int | None:
    """Texts not submitted yet never leave. Returns how many these are; None if it was too late.

    What the provider has, or may have, is not touched: receipts keep coming, and an attempt in doubt is
    reconciled, but not sent again.
    """
    now = Campaign.objects.locked(campaign.pk)
    return stop(now, kind=History.Kind.CANCELLED, user=user) if is_stoppable(now) else None


def is_stoppable(now: Campaign) -> bool:
    return now.state in STOPPABLE and now.asked != Asked.CANCEL


def stop(now: Campaign, *, kind: History.Kind, user: User | None, draft: Campaign | None = None) -> int:
    counts = counts_of(now.pk)
    stopped = counts.queued + counts.held
    data = {"draft": draft.pk} if draft else {}
    History.objects.record(kind, actor=user, campaign=now, texts=stopped, **data)
    if now.state == Campaign.State.PREPARING:
        Campaign.objects.filter(pk=now.pk).update(asked=Asked.CANCEL, hold_data={})
    else:
        cancel_waiting(now.pk)
    return stopped


def cancel_waiting(campaign_id: int) -> None:
    Campaign.objects.filter(pk=campaign_id).update(
        state=Campaign.State.DELIVERING, submitted_at=timezone.now(), **NOTHING_IN_THE_WAY
    )
    waiting = Batch.objects.filter(campaign_id=campaign_id, state__in=(Batch.State.QUEUED, Batch.State.HELD))
    waiting.update(state=Batch.State.CANCELLED, hold_reason="")
    counts = counts_of(campaign_id)
    counters.move(campaign_id, RowState.QUEUED, RowState.CANCELLED, counts.queued)
    counters.move(campaign_id, RowState.HELD, RowState.CANCELLED, counts.held)
    finish_if_final(campaign_id)


@transaction.atomic
def undo(campaign: Campaign, *, user: User) -> Campaign | None:
    """Take a launch back: cancel the campaign and return a new draft with the same contents.

    None if a byte may have left, or the campaign was stopped before. The lock proves it, because every
    submission needs the same lock.
    """
    now = Campaign.objects.locked(campaign.pk)
    if now.undo_until is None or not is_stoppable(now) or has_left(now.pk):
        return None
    fields = {name: getattr(now, name) for name in DRAFT_FIELDS}
    draft = Campaign.objects.create(created_by=user, **fields)
    stop(now, kind=History.Kind.UNDONE, user=user, draft=draft)
    return draft


DRAFT_FIELDS = (
    "name", "contact_list", "parent", "sender", "text", "batch_size", "on_not_found", "canary",
    "send_at",
)  # fmt: skip
"""What a person enters."""


def has_left(campaign_id: int) -> bool:
    """Whether a byte of any of its texts may have left."""
    made = Attempt.objects.filter(batch__campaign_id=campaign_id)
    return made.exclude(state__in=UNTOUCHED).exists()


def draft_after(campaign: Campaign) -> Campaign | None:
    """The draft that `undo` made of a campaign, if it still exists as a draft."""
    undone = History.objects.filter(campaign_id=campaign.pk, kind=History.Kind.UNDONE).first()
    drafts = Campaign.objects.filter(state=Campaign.State.DRAFT)
    return drafts.filter(pk=undone.data["draft"]).first() if undone else None


def mark_all_submitted(campaign: Campaign) -> None:
    wait_for_receipts(campaign.pk, Campaign.State.SENDING)


def wait_for_receipts(campaign_id: int, state: str) -> None:
    campaign = Campaign.objects.filter(pk=campaign_id, state=state)
    if claim(campaign, state=Campaign.State.DELIVERING, submitted_at=timezone.now(), **NOTHING_IN_THE_WAY):
        History.objects.record(History.Kind.ALL_SUBMITTED, campaign=campaign_id)


def finish_if_final(campaign_id: int) -> bool:
    """Finish the campaign if no row can change any more. True only for the call that changed it."""
    if counts_of(campaign_id).count(RowState.HELD, *LEAVING):
        return False
    # Held while its last batch was in flight, which has arrived since: there is nothing left to hold.
    wait_for_receipts(campaign_id, Campaign.State.HELD)
    if Batch.objects.filter(campaign_id=campaign_id, next_poll_at__isnull=False).exists():
        return False
    delivering = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.DELIVERING)
    if not claim(delivering, state=Campaign.State.FINISHED, finished_at=timezone.now()):
        return False
    History.objects.record(History.Kind.FINISHED, campaign=campaign_id)
    return True
