"""Transitions of a whole campaign: begin, hold, resume, undo, cancel, finish."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, History, RowState, Tally
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import counters

PAUSED = "paused"
"""`trouble_code` of a hold that a person asked for."""
CANARY = "canary"
"""`trouble_code` of a campaign that waits until a person has seen the receipts of its first texts."""
CANCELLED = "cancelled"
"""`trouble_code` of a campaign cancelled while it froze: first all rows are frozen, so that each counts."""
STOPPABLE = (Campaign.State.PREPARING, Campaign.State.SENDING, Campaign.State.HELD)
"""States in which a campaign can be paused, resumed or cancelled: something may still leave."""
LEAVING = (RowState.QUEUED, RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
"""States of rows whose text may still leave, by itself or by a decision."""
UNTOUCHED = (Attempt.State.PREPARED, Attempt.State.NOT_SENT)
"""States of attempts of which no byte has left."""
NO_TROUBLE = {"trouble": "", "trouble_code": "", "failures": 0, "next_retry_at": None}


@transaction.atomic
def begin(campaign_id: int) -> None:
    """All rows are frozen: batches may leave, unless the campaign was paused or cancelled meanwhile."""
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state != Campaign.State.PREPARING:
        return
    History.objects.record(History.Kind.FROZEN, campaign=campaign)
    if campaign.trouble_code == CANCELLED:
        cancel_waiting(campaign_id)
    elif campaign.trouble_code == PAUSED:
        hold_waiting(campaign_id, trouble=campaign.trouble, trouble_code=PAUSED)
    else:
        Campaign.objects.filter(pk=campaign_id).update(state=Campaign.State.SENDING)


def hold(campaign_id: int, sentence: str, *, code: str) -> bool:
    """Nothing more leaves until a person resumes the campaign. The provider keeps what it has accepted."""
    return hold_as(campaign_id, sentence, code=code, kind=History.Kind.HELD, user=None)


def pause(campaign: Campaign, *, user: User) -> bool:
    """A hold that a person asked for. Idempotent; True only for the call that changed it.

    False also if everything has left: nothing would be held, and nothing could end the hold.
    """
    sentence = f"Paused by {user} at {timezone.localtime():%H:%M %Z}."
    return hold_as(campaign.pk, sentence, code=PAUSED, kind=History.Kind.PAUSED, user=user)


@transaction.atomic
def hold_as(campaign_id: int, sentence: str, *, code: str, kind: History.Kind, user: User | None) -> bool:
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state == Campaign.State.PREPARING and code == PAUSED and not campaign.trouble_code:
        Campaign.objects.filter(pk=campaign_id).update(trouble=sentence, trouble_code=code[:40])
    elif campaign.state == Campaign.State.SENDING and tally(campaign_id).count(*LEAVING):
        hold_waiting(campaign_id, trouble=sentence, trouble_code=code[:40])
    else:
        return False
    History.objects.record(kind, actor=user, campaign=campaign, code=code)
    return True


def tally(campaign_id: int) -> Tally:
    return Tally.objects.get(campaign_id=campaign_id)


def hold_waiting(campaign_id: int, **reason: str) -> None:
    Campaign.objects.filter(pk=campaign_id).update(state=Campaign.State.HELD, **reason)
    Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.QUEUED).update(state=Batch.State.HELD)
    counters.move(campaign_id, RowState.QUEUED, RowState.HELD, tally(campaign_id).queued)


@transaction.atomic
def resume(campaign: Campaign, *, user: User | None) -> bool:
    """Let a held or paused campaign go on. Idempotent; True only for the call that changed it."""
    now = Campaign.objects.locked(campaign.pk)
    row = Campaign.objects.filter(pk=now.pk)
    if now.state == Campaign.State.PREPARING and now.trouble_code == PAUSED:
        row.update(**NO_TROUBLE)
    elif now.state == Campaign.State.HELD:
        row.update(state=Campaign.State.SENDING, **NO_TROUBLE)
        Batch.objects.filter(campaign=now, state=Batch.State.HELD).update(state=Batch.State.QUEUED)
        counters.move(now.pk, RowState.HELD, RowState.QUEUED, tally(now.pk).held)
    else:
        return False
    if now.trouble_code == CANARY:
        row.update(canary_confirmed_at=timezone.now())
    kind = RESUMED_AS.get(now.trouble_code, History.Kind.TRIED_AGAIN)
    History.objects.record(kind, actor=user, campaign=now)
    return True


RESUMED_AS = {PAUSED: History.Kind.RESUMED, CANARY: History.Kind.CANARY_PASSED}
RESUMED_KINDS = (*RESUMED_AS.values(), History.Kind.TRIED_AGAIN)
"""What `resume` records."""


@transaction.atomic
def cancel(campaign: Campaign, *, user: User | None) -> int | None:
    """Texts not submitted yet never leave. Returns how many these are; None if it was too late.

    What the provider has, or may have, is not touched: receipts keep coming, and an attempt in doubt is
    reconciled, but not sent again.
    """
    now = Campaign.objects.locked(campaign.pk)
    return stop(now, kind=History.Kind.CANCELLED, user=user) if is_stoppable(now) else None


def is_stoppable(now: Campaign) -> bool:
    return now.state in STOPPABLE and now.trouble_code != CANCELLED


def stop(now: Campaign, *, kind: History.Kind, user: User | None, draft: Campaign | None = None) -> int:
    counts = tally(now.pk)
    stopped = counts.queued + counts.held
    data = {"draft": draft.pk} if draft else {}
    History.objects.record(kind, actor=user, campaign=now, texts=stopped, **data)
    if now.state == Campaign.State.PREPARING:
        Campaign.objects.filter(pk=now.pk).update(trouble="", trouble_code=CANCELLED)
    else:
        cancel_waiting(now.pk)
    return stopped


def cancel_waiting(campaign_id: int) -> None:
    Campaign.objects.filter(pk=campaign_id).update(
        state=Campaign.State.DELIVERING, submitted_at=timezone.now(), **NO_TROUBLE
    )
    waiting = Batch.objects.filter(campaign_id=campaign_id, state__in=(Batch.State.QUEUED, Batch.State.HELD))
    waiting.update(state=Batch.State.CANCELLED)
    counts = tally(campaign_id)
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
    "name", "contact_list", "parent", "provider", "sender", "text", "batch_size", "on_not_found", "canary",
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


def state_after_return(campaign: Campaign) -> RowState:
    """The state of a batch after the proof that the provider did not take it.

    A campaign that is neither sending nor held was cancelled while the batch was in flight.
    """
    if campaign.state == Campaign.State.SENDING:
        return RowState.QUEUED
    return RowState.HELD if campaign.state == Campaign.State.HELD else RowState.CANCELLED


def mark_all_submitted(campaign: Campaign) -> None:
    wait_for_receipts(campaign.pk, Campaign.State.SENDING)


def wait_for_receipts(campaign_id: int, state: str) -> None:
    campaign = Campaign.objects.filter(pk=campaign_id, state=state)
    if claim(campaign, state=Campaign.State.DELIVERING, submitted_at=timezone.now(), **NO_TROUBLE):
        History.objects.record(History.Kind.ALL_SUBMITTED, campaign=campaign_id)


def finish_if_final(campaign_id: int) -> bool:
    """Finish the campaign if no row can change any more. True only for the call that changed it."""
    if tally(campaign_id).count(RowState.HELD, *LEAVING):
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
