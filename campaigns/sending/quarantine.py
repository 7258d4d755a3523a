"""A batch with which one process after another dies is left out of the queue, so that the others can leave.

It counts as held. It is tried again when its campaign is let go on, or at the press of a person.
"""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Event, Message, RowState
from campaigns.sending import counters

log = logging.getLogger(__name__)

MAX_DEATHS = 3
OWNER_GONE, OWNER_GONE_BESIDE = "owner_gone", "owner_gone_beside"
"""Of an attempt whose process died; and if that had another batch under way, which it more likely died of."""
OWNER_GONE_CODES = (OWNER_GONE, OWNER_GONE_BESIDE)
QUARANTINED = "parked"
"""The `trouble_code` of a campaign with parked batches; it is held once nothing else of it is left."""


def withhold_if_poison(batch: Batch) -> bool:
    """Whether a batch from the queue must not be prepared. Call with its campaign locked."""
    if batch.parked_at is not None:  # in the queue again: its campaign was let go on
        _unpark(batch, None)
        return False
    if _deaths(batch) < MAX_DEATHS:
        return False
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.HELD, parked_at=timezone.now())
    counters.move(batch.campaign_id, RowState.QUEUED, RowState.HELD, _people(batch))
    detail = f"batch {batch.number}: {MAX_DEATHS} processes died with it in hand"
    Event.objects.create(campaign_id=batch.campaign_id, verb="batch_parked", detail=detail)
    log.error("batch parked", extra={"batch": batch.pk, "deaths": MAX_DEATHS})
    _say(batch.campaign_id)
    return True


def _deaths(batch: Batch) -> int:
    """Processes that died with it in hand since it was last let go."""
    gone = Attempt.objects.filter(batch=batch, problem_code=OWNER_GONE)
    count = gone.count()
    if count < MAX_DEATHS:
        return count
    released = Event.objects.filter(
        campaign_id=batch.campaign_id, verb="batch_released", detail=f"batch {batch.number}"
    ).first()
    return gone.filter(prepared_at__gt=released.at).count() if released else count


def _unpark(batch: Batch, user: User | None) -> None:
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.QUEUED, parked_at=None)
    detail = f"batch {batch.number}"
    Event.objects.create(campaign_id=batch.campaign_id, actor=user, verb="batch_released", detail=detail)


def _people(batch: Batch) -> int:
    return Message.objects.waiting_in(batch).count()


def owner_gone_code(attempt: Attempt) -> str:
    """The problem code of an attempt whose process died, which tells whether it may have died of it."""
    under_way = Attempt.objects.filter(owner=attempt.owner, pk__lt=attempt.pk, sending_at__isnull=False)
    beside = under_way.filter(Q(ended_at=None) | Q(ended_at__gt=attempt.prepared_at)).exists()
    return OWNER_GONE_BESIDE if beside else OWNER_GONE


def quarantined(campaign_id: int) -> QuerySet[Batch]:
    """Its parked batches, by number."""
    held = Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.HELD, parked_at__isnull=False)
    return held.order_by("number")


def explanation(campaign_id: int) -> str:
    """Which batches are parked, and why; empty if none is."""
    numbers = [f"{batch.number:,}" for batch in quarantined(campaign_id)]
    if not numbers:
        return ""
    what = f"Batch {numbers[0]} is" if len(numbers) == 1 else f"Batches {', '.join(numbers)} are"
    return (
        f"{what} held back: {MAX_DEATHS} times in a row the program died with it in hand. Ask whoever looks "
        "after the server to look at the log, then let it go on to try it again."
    )


def _say(campaign_id: int) -> None:
    why = explanation(campaign_id)
    sending = Campaign.objects.sending(campaign_id)
    sending.update(trouble=why, trouble_code=QUARANTINED if why else "")


def hold_if_only_quarantined_left(campaign_id: int) -> bool:
    """Everything else of a sending campaign has left: a person says what becomes of the rest."""
    why = explanation(campaign_id)
    same = Campaign.objects.sending(campaign_id)
    if not why or not same.update(state=Campaign.State.HELD, trouble=why, trouble_code=QUARANTINED):
        return False
    Event.objects.create(campaign_id=campaign_id, verb="held", detail=why)
    return True


@transaction.atomic
def release(campaign_id: int, *, user: User) -> int:
    """Put the parked batches of a sending campaign back into the queue. Returns how many that were.

    A held campaign is let go on instead (`lifecycle.resume`), and they with it.
    """
    campaign = Campaign.objects.locked(campaign_id)
    if campaign.state != Campaign.State.SENDING:
        return 0
    batches = list(quarantined(campaign_id))
    for batch in batches:
        _unpark(batch, user)
        counters.move(campaign_id, RowState.HELD, RowState.QUEUED, _people(batch))
    if campaign.trouble_code == QUARANTINED:
        _say(campaign_id)
    return len(batches)
