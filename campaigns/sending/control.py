"""Moving a whole campaign: hold it, let it go on, cancel what is left of it, say that it is done."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Batch, Campaign, Event, RowState, Tally
from campaigns.models.bulk import claim
from campaigns.sending import tally

PAUSED = "paused"
"""The `trouble_code` of a hold that a person asked for."""
STOPPABLE = (Campaign.State.SENDING, Campaign.State.HELD)
"""States in which something may still leave, so that it can be paused, resumed or cancelled."""
NOTHING_WRONG = {"trouble": "", "trouble_code": "", "failures": 0, "next_try_at": None}


def hold(campaign_id: int, sentence: str, *, code: str) -> bool:
    """Nothing more leaves until a person says so. What is with the provider stays there."""
    return _hold(campaign_id, sentence, code=code, verb="held", user=None)


def pause(campaign: Campaign, *, user: User) -> bool:
    """A hold because somebody wants it. True for the one call that did it."""
    sentence = f"Paused by {user} at {timezone.localtime():%H:%M %Z}."
    return _hold(campaign.pk, sentence, code=PAUSED, verb="paused", user=user)


@transaction.atomic
def _hold(campaign_id: int, sentence: str, *, code: str, verb: str, user: User | None) -> bool:
    sending = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.SENDING)
    if not claim(sending, state=Campaign.State.HELD, trouble=sentence, trouble_code=code[:40]):
        return False
    Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.QUEUED).update(state=Batch.State.HELD)
    waiting = Tally.objects.get(campaign_id=campaign_id).queued
    tally.move(campaign_id, RowState.QUEUED, RowState.HELD, waiting)
    Event.objects.create(campaign_id=campaign_id, actor=user, verb=verb, detail=sentence)
    return True


@transaction.atomic
def try_again(campaign: Campaign, *, user: User | None) -> bool:
    """Let a held or paused campaign go on. True for the one call that did it."""
    held = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.HELD)
    paused = held.filter(trouble_code=PAUSED).exists()
    if not claim(held, state=Campaign.State.SENDING, **NOTHING_WRONG):
        return False
    Batch.objects.filter(campaign=campaign, state=Batch.State.HELD).update(state=Batch.State.QUEUED)
    waiting = Tally.objects.get(campaign=campaign).held
    tally.move(campaign.pk, RowState.HELD, RowState.QUEUED, waiting)
    Event.objects.create(campaign=campaign, actor=user, verb="resumed" if paused else "tried_again")
    return True


@transaction.atomic
def cancel(campaign: Campaign, *, user: User | None) -> int | None:
    """What was not handed over never leaves. Returns how many texts that were; None if it was too late.

    What the provider has, or may have, stays as it is: receipts keep coming, and an attempt in doubt is
    searched for to its end, only that it is not sent again.
    """
    stoppable = Campaign.objects.filter(pk=campaign.pk, state__in=STOPPABLE)
    now = timezone.now()
    if not claim(stoppable, state=Campaign.State.DELIVERING, handed_over_at=now, **NOTHING_WRONG):
        return None
    waiting = Batch.objects.filter(campaign=campaign, state__in=(Batch.State.QUEUED, Batch.State.HELD))
    waiting.update(state=Batch.State.CANCELLED)
    counts = Tally.objects.get(campaign=campaign)
    stopped = counts.queued + counts.held
    tally.move(campaign.pk, RowState.QUEUED, RowState.CANCELLED, counts.queued)
    tally.move(campaign.pk, RowState.HELD, RowState.CANCELLED, counts.held)
    Event.objects.create(campaign=campaign, actor=user, verb="cancelled", detail=f"{stopped} texts")
    finish_if_final(campaign.pk)
    return stopped


def place_of_returned(campaign: Campaign) -> RowState:
    """Where the people of a batch are that was proved not to have been taken.

    A campaign leaves `sending` with such a batch still under way only if somebody cancelled it.
    """
    if campaign.state == Campaign.State.SENDING:
        return RowState.QUEUED
    return RowState.HELD if campaign.state == Campaign.State.HELD else RowState.CANCELLED


def all_handed_over(campaign: Campaign) -> None:
    """Nothing is left here; from now on only receipts are awaited."""
    sending = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.SENDING)
    if claim(sending, state=Campaign.State.DELIVERING, handed_over_at=timezone.now()):
        Event.objects.create(campaign=campaign, verb="handed_over")


def finish_if_final(campaign_id: int) -> bool:
    """Nobody's state can change any more: the campaign is finished."""
    counts = Tally.objects.get(campaign_id=campaign_id)
    moving = (
        RowState.HELD, RowState.QUEUED, RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW,
    )  # fmt: skip
    if counts.count(*moving):
        return False
    if Batch.objects.filter(campaign_id=campaign_id, next_poll_at__isnull=False).exists():
        return False
    delivering = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.DELIVERING)
    if not claim(delivering, state=Campaign.State.FINISHED, finished_at=timezone.now()):
        return False
    Event.objects.create(campaign_id=campaign_id, verb="finished")
    return True
