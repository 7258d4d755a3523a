"""Moving a whole campaign: begin, hold, let it go on, take it back, cancel the rest, say that it is done."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Event, RowState, Tally
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import counters

PAUSED = "paused"
"""The `trouble_code` of a hold that a person asked for."""
CANARY = "canary"
"""That of a campaign whose first texts have left, until a person has seen their receipts."""
CANCELLED = "cancelled"
"""That of one that was cancelled while its texts were being written: they are written to their end, so that
every row is accounted for, and cancelled then."""
STOPPABLE = (Campaign.State.PREPARING, Campaign.State.SENDING, Campaign.State.HELD)
"""States in which something may still leave, so that it can be paused, resumed or cancelled."""
LEAVING = (RowState.QUEUED, RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
"""Where people are whose text may still leave by itself or by a decision."""
UNTOUCHED = (Attempt.State.PREPARED, Attempt.State.NOT_SENT)
"""Attempts of which no byte has left."""
NO_TROUBLE = {"trouble": "", "trouble_code": "", "failures": 0, "next_try_at": None}


@transaction.atomic
def begin(campaign_id: int) -> None:
    """The audience is whole: from here on batches may leave, unless somebody said otherwise meanwhile."""
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state != Campaign.State.PREPARING:
        return
    Event.objects.create(campaign=campaign, verb="frozen")
    if campaign.trouble_code == CANCELLED:
        _cancel_waiting(campaign_id)
    elif campaign.trouble_code == PAUSED:
        _hold_waiting(campaign_id, trouble=campaign.trouble, trouble_code=PAUSED)
    else:
        Campaign.objects.filter(pk=campaign_id).update(state=Campaign.State.SENDING)


def hold(campaign_id: int, sentence: str, *, code: str) -> bool:
    """Nothing more leaves until a person says so. What is with the provider stays there."""
    return _hold(campaign_id, sentence, code=code, verb="held", user=None)


def pause(campaign: Campaign, *, user: User) -> bool:
    """A hold because somebody wants it. True for the one call that did it.

    False also if everything has left: nothing would be held, and nothing would ever end the hold.
    """
    sentence = f"Paused by {user} at {timezone.localtime():%H:%M %Z}."
    return _hold(campaign.pk, sentence, code=PAUSED, verb="paused", user=user)


@transaction.atomic
def _hold(campaign_id: int, sentence: str, *, code: str, verb: str, user: User | None) -> bool:
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state == Campaign.State.PREPARING and code == PAUSED and not campaign.trouble_code:
        Campaign.objects.filter(pk=campaign_id).update(trouble=sentence, trouble_code=code[:40])
    elif campaign.state == Campaign.State.SENDING and _counts(campaign_id).count(*LEAVING):
        _hold_waiting(campaign_id, trouble=sentence, trouble_code=code[:40])
    else:
        return False
    Event.objects.create(campaign=campaign, actor=user, verb=verb, detail=sentence)
    return True


def _counts(campaign_id: int) -> Tally:
    return Tally.objects.get(campaign_id=campaign_id)


def _hold_waiting(campaign_id: int, **why: str) -> None:
    Campaign.objects.filter(pk=campaign_id).update(state=Campaign.State.HELD, **why)
    Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.QUEUED).update(state=Batch.State.HELD)
    counters.move(campaign_id, RowState.QUEUED, RowState.HELD, _counts(campaign_id).queued)


@transaction.atomic
def resume(campaign: Campaign, *, user: User | None) -> bool:
    """Let a held or paused campaign go on. True for the one call that did it."""
    now = Campaign.objects.locked(campaign.pk)
    same = Campaign.objects.filter(pk=now.pk)
    if now.state == Campaign.State.PREPARING and now.trouble_code == PAUSED:
        same.update(**NO_TROUBLE)
    elif now.state == Campaign.State.HELD:
        same.update(state=Campaign.State.SENDING, **NO_TROUBLE)
        Batch.objects.filter(campaign=now, state=Batch.State.HELD).update(state=Batch.State.QUEUED)
        counters.move(now.pk, RowState.HELD, RowState.QUEUED, _counts(now.pk).held)
    else:
        return False
    if now.trouble_code == CANARY:
        same.update(canary_passed_at=timezone.now())
    verb = RESUMED_AS.get(now.trouble_code, "tried_again")
    Event.objects.create(campaign=now, actor=user, verb=verb)
    return True


RESUMED_AS = {PAUSED: "resumed", CANARY: "canary_passed"}
LET_GO_ON = ("resumed", "canary_passed", "tried_again")
"""Verbs of the events after which texts leave again."""


@transaction.atomic
def cancel(campaign: Campaign, *, user: User | None) -> int | None:
    """What was not handed over never leaves. Returns how many texts that were; None if it was too late.

    What the provider has, or may have, stays as it is: receipts keep coming, and an attempt in doubt is
    searched for to its end, only that it is not sent again.
    """
    now = Campaign.objects.locked(campaign.pk)
    return _stop(now, verb="cancelled", user=user) if _stoppable(now) else None


def _stoppable(now: Campaign) -> bool:
    return now.state in STOPPABLE and now.trouble_code != CANCELLED


def _stop(now: Campaign, *, verb: str, user: User | None, detail: str = "") -> int:
    counts = _counts(now.pk)
    stopped = counts.queued + counts.held
    Event.objects.create(campaign=now, actor=user, verb=verb, detail=detail or f"{stopped} texts")
    if now.state == Campaign.State.PREPARING:
        Campaign.objects.filter(pk=now.pk).update(trouble="", trouble_code=CANCELLED)
    else:
        _cancel_waiting(now.pk)
    return stopped


def _cancel_waiting(campaign_id: int) -> None:
    Campaign.objects.filter(pk=campaign_id).update(
        state=Campaign.State.DELIVERING, handed_over_at=timezone.now(), **NO_TROUBLE
    )
    waiting = Batch.objects.filter(campaign_id=campaign_id, state__in=(Batch.State.QUEUED, Batch.State.HELD))
    waiting.update(state=Batch.State.CANCELLED)
    counts = _counts(campaign_id)
    counters.move(campaign_id, RowState.QUEUED, RowState.CANCELLED, counts.queued)
    counters.move(campaign_id, RowState.HELD, RowState.CANCELLED, counts.held)
    finish_if_final(campaign_id)


@transaction.atomic
def undo(campaign: Campaign, *, user: User) -> Campaign | None:
    """Take a launch back: it is cancelled, and a new draft with the same contents is returned.

    Only as long as no byte of it has left, which is proved under the lock that every hand-over needs. None
    if it is too late, or was stopped before.
    """
    now = Campaign.objects.locked(campaign.pk)
    if now.undo_until is None or not _stoppable(now) or has_left(now.pk):
        return None
    same = {name: getattr(now, name) for name in DRAFT_FIELDS}
    draft = Campaign.objects.create(created_by=user, **same)
    _stop(now, verb="undone", user=user, detail=f"draft {draft.pk}")
    return draft


DRAFT_FIELDS = (
    "name", "contact_list", "parent", "provider", "sender", "text", "batch_size", "if_absent", "canary",
    "send_at",
)  # fmt: skip
"""What a person wrote or chose of a campaign."""


def has_left(campaign_id: int) -> bool:
    """Whether a byte of any of its texts may have left."""
    tries = Attempt.objects.filter(batch__campaign_id=campaign_id)
    return tries.exclude(state__in=UNTOUCHED).exists()


def draft_after(campaign: Campaign) -> Campaign | None:
    """The draft that an undone campaign was opened again as, if it is there still."""
    event = campaign.events.filter(verb="undone").first()
    key = event.detail.rpartition(" ")[2] if event else ""
    return Campaign.objects.filter(pk=key, state=Campaign.State.DRAFT).first() if key.isdecimal() else None


def state_after_return(campaign: Campaign) -> RowState:
    """Where the people of a batch are that was proved not to have been taken.

    A campaign leaves `sending` with such a batch still under way only if somebody cancelled it.
    """
    if campaign.state == Campaign.State.SENDING:
        return RowState.QUEUED
    return RowState.HELD if campaign.state == Campaign.State.HELD else RowState.CANCELLED


def mark_all_submitted(campaign: Campaign) -> None:
    """Nothing is left here; from now on only receipts are awaited."""
    _handed_over(campaign.pk, Campaign.State.SENDING)


def _handed_over(campaign_id: int, state: str) -> None:
    same = Campaign.objects.filter(pk=campaign_id, state=state)
    if claim(same, state=Campaign.State.DELIVERING, handed_over_at=timezone.now(), **NO_TROUBLE):
        Event.objects.create(campaign_id=campaign_id, verb="handed_over")


def finish_if_final(campaign_id: int) -> bool:
    """Nobody's state can change any more: the campaign is finished."""
    if _counts(campaign_id).count(RowState.HELD, *LEAVING):
        return False
    # It was held while the last of it was under way, and that has arrived: there is nothing left to hold.
    _handed_over(campaign_id, Campaign.State.HELD)
    if Batch.objects.filter(campaign_id=campaign_id, next_poll_at__isnull=False).exists():
        return False
    delivering = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.DELIVERING)
    if not claim(delivering, state=Campaign.State.FINISHED, finished_at=timezone.now()):
        return False
    Event.objects.create(campaign_id=campaign_id, verb="finished")
    return True
