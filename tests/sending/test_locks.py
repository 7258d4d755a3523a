"""Whatever moves an attempt or a batch locks the campaign first, so that two of them never interleave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, Counters
from campaigns.reconciling import decisions, recovery
from campaigns.reconciling.matching import Candidate
from campaigns.sending import dispatch, failures, journal, lifecycle, quarantine
from tests.sending.situations import (
    ACCOUNT,
    EVENTS,
    as_prepared,
    everything,
    listed,
    situation,
    somebody,
    without_dates,
)
from tests.sending.test_transitions import pairs
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario
from tests.support.locks import watched

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("event", "state"), pairs(listed=True))
def test_each_event_of_an_attempt(event: str, state: str) -> None:
    attempt = situation(state)
    before = without_dates(everything())
    with watched() as watch:
        EVENTS[event](attempt)
    assert without_dates(everything()) != before
    assert watch.locks
    assert watch.unlocked_writes == []


def two_batches(**changes: Any) -> Campaign:
    """What waits in a campaign whose first batch is under way."""
    attempt = situation("sending")
    campaign = attempt.batch.campaign
    row = scenario.imported(scenario.file_of([("+12125550177", "Kim")]), "more.csv").contacts.get().row
    batch = Batch.objects.create(campaign=campaign, number=2, size=1, sender=campaign.sender)
    campaign.messages.create(batch=batch, import_row=row, to="+12125550177", text="Hi", segments=1)
    campaign.rows.create(import_row=row, outcome="message")
    Counters.objects.filter(campaign=campaign).update(rows=3, queued=1)
    Batch.objects.filter(pk=batch.pk).update(**changes)
    return campaign


def prepare_first() -> Callable[[], Any]:
    attempt = situation("not_sent")
    return lambda: dispatch.choose_next(attempt.batch.campaign_id, registry.default())


def prepare_beside() -> Callable[[], Any]:
    campaign = two_batches()
    in_flight = as_prepared(Attempt.objects.get(batch__campaign=campaign))
    return lambda: dispatch.prepare_after(in_flight, registry.default())


def split() -> Callable[[], Any]:
    batch = situation("rejected").batch_id
    return lambda: failures.split(batch)


def release() -> Callable[[], Any]:
    campaign = two_batches(state="held", hold_reason="quarantine")
    Counters.objects.filter(campaign=campaign).update(queued=0, held=1)
    return lambda: quarantine.release(campaign.pk, user=somebody())


def begin() -> Callable[[], Any]:
    campaign = situation("not_sent").batch.campaign_id
    Campaign.objects.update(state=Campaign.State.PREPARING)
    return lambda: lifecycle.begin(campaign)


def hold() -> Callable[[], Any]:
    campaign = situation("not_sent").batch.campaign_id
    return lambda: lifecycle.hold(campaign, Campaign.HoldReason.PROVIDER_ERROR, said=[])


def resume() -> Callable[[], Any]:
    campaign = situation("not_sent", "held").batch.campaign
    Campaign.objects.update(**factories.in_state("held"))
    return lambda: lifecycle.resume(campaign, user=somebody())


def cancel() -> Callable[[], Any]:
    campaign = situation("not_sent").batch.campaign
    return lambda: lifecycle.cancel(campaign, user=somebody())


def undo() -> Callable[[], Any]:
    soon = timezone.now() + timedelta(minutes=1)
    campaign = situation("not_sent", undo_until=soon).batch.campaign
    return lambda: lifecycle.undo(campaign, user=somebody())


def postpone() -> Callable[[], Any]:
    attempt = situation("review")
    return lambda: decisions.decide(attempt, decisions.Decision.LEAVE, user=somebody())


def adopt_after_a_restore() -> Callable[[], Any]:
    attempt = situation("not_sent")
    messages = list(attempt.batch.messages.values_list("pk", "to", "text"))
    candidate = Candidate(listed(), [(to, text) for _, to, text in messages])
    campaign = attempt.batch.campaign_id
    adoptable = recovery.Adoptable(candidate, ACCOUNT, campaign, tuple(pk for pk, _, _ in messages), None)
    with_own_transaction = transaction.atomic(recovery.adopt)
    return lambda: with_own_transaction(adoptable)


def search_after_a_restore() -> Callable[[], Any]:
    attempt = situation("not_sent")
    texts = as_prepared(attempt)
    lost = journal.Sent(99, texts.batch_id, texts.campaign_id, texts.sender, 2, texts.payload, timezone.now())
    with_own_transaction = transaction.atomic(recovery.put_in_doubt)
    return lambda: with_own_transaction(lost)


MOVES = (
    prepare_first, prepare_beside, split, release, begin, hold, resume, cancel, undo, postpone,
    adopt_after_a_restore, search_after_a_restore,
)  # fmt: skip


@pytest.mark.parametrize("make", MOVES, ids=lambda make: make.__name__)
def test_each_move_of_what_waits(carrier: RunningSimulator, make: Callable[[], Callable[[], Any]]) -> None:
    registry.default().refresh_numbers()
    move = make()
    before = everything()
    with watched() as watch:
        move()
    assert everything() != before
    assert watch.locks
    assert watch.unlocked_writes == []


def test_the_watch_sees_a_write_without_a_lock() -> None:
    batch = situation("not_sent").batch
    with watched() as watch:
        with transaction.atomic():
            Campaign.objects.locked(batch.campaign_id)
        with transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(size=2)
    assert watch.unlocked_writes == ["campaigns_batch"]
