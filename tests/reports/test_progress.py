"""Progress of a campaign: numbers that add up, an honest sentence, and rare polls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.labels.progress import describe_batch, describe_progress
from campaigns.models import Batch, Campaign, Counters, Message, RowState, SenderNumber
from campaigns.reports import overview, progress, row_states
from campaigns.sending import dispatch, launch, lifecycle
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

State = Campaign.State
DROP = {"method": "POST", "path": "/a2p-sms/batches", "fault": "drop_before"}


def shown(campaign: Campaign) -> progress.Progress:
    return progress.progress(campaign.pk)


def test_before_during_and_after(carrier: RunningSimulator) -> None:
    carrier.options(speed=1)
    campaign = scenario.drafted([*scenario.people(40), ("nonsense", "x")], size=20)
    launch.launch(campaign, user=None)
    now = shown(campaign)
    assert describe_progress(now) == "The texts are being written. Nothing has been sent yet."
    assert (now.next_delay, now.moving) == (1, True)

    launch.freeze(campaign.pk)
    now = shown(campaign)
    assert (now.texts, now.queued, now.handed_over, now.percent) == (40, 40, 0, 0)
    assert now.seconds_left == pytest.approx(40)
    assert describe_progress(now) == "40 are waiting here."

    dispatch.step(campaign.pk)
    now = shown(campaign)
    assert (now.handed_over, now.queued, now.batch_count) == (20, 20, 2)
    assert describe_progress(now) == "20 are with RingCentral and cannot be recalled; 20 are waiting here."

    scenario.submit_all(campaign)
    carrier.advance(15)
    scenario.poll()
    now = shown(campaign)
    assert 0 < now.processed < 40
    assert now.percent == 100 * now.processed // 40
    assert now.read_at is not None
    assert "cannot be recalled" in describe_progress(now)
    assert "delivered" not in describe_progress(now).lower()

    carrier.advance(600)
    scenario.poll()
    now = shown(campaign)
    assert (now.percent, now.moving, now.seconds_left) == (100, False, None)
    assert describe_progress(now) == "Finished: nothing more is expected."
    assert [(line.state, line.count) for line in now.states] == [
        (RowState.DELIVERED, 40),
        (RowState.INVALID, 1),
    ]
    assert now.balanced


def test_a_lost_answer_is_in_the_sentence(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5), size=3)
    carrier.faults(DROP)
    scenario.submit_all(campaign)
    now = shown(campaign)
    assert now.in_doubt == 3
    assert "3 are in doubt: the answer was lost." in describe_progress(now)
    assert now.seconds_left is None, "nobody knows how long"
    assert [(line.number, line.state) for line in now.batches] == [(1, "in_doubt"), (2, "queued")]
    assert "Nobody in it is texted again" in describe_batch(now.batches[0].state)


def test_what_is_held_is_in_the_sentence(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=2)
    dispatch.step(campaign.pk)
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    now = shown(campaign)
    assert (now.held, now.queued, now.next_delay, now.seconds_left) == (1, 0, progress.SLOW, None)
    assert describe_progress(now) == "2 are with RingCentral and cannot be recalled; 1 is held here."


@pytest.mark.parametrize(
    ("state", "counts", "fields", "delay"),
    [
        (State.PREPARING, {}, {}, 1),
        (State.SENDING, {"queued": 5}, {}, progress.QUICK),
        (State.SENDING, {"queued": 5}, {"wait_reason": "journal"}, progress.SLOW),
        (State.HELD, {"held": 5}, {}, progress.SLOW),
        (State.DELIVERING, {"sent": 5}, {}, progress.SLOW),
        (State.DELIVERING, {"sent": 5}, {"submitted_at": timedelta(minutes=31)}, progress.SLOWEST),
    ],
)
def test_a_page_asks_seldom_when_little_happens(
    state: Campaign.State, counts: dict[str, int], fields: dict[str, Any], delay: int
) -> None:
    fields = {
        name: timezone.now() - value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    campaign = factories.campaign(factories.contact_list(people=1), state=state, **fields)
    factories.counters(campaign, **counts)
    assert shown(campaign).next_delay == delay


def test_a_campaign_in_doubt_is_not_asked_about_every_three_seconds(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5), size=3)
    carrier.faults(DROP)
    scenario.submit_all(campaign)
    assert shown(campaign).next_delay >= progress.SLOW


def test_numbers_cost_the_same_however_many_messages(carrier: RunningSimulator) -> None:
    """No query counts rows or messages."""
    seen = []
    for people, size in ((2, 1), (60, 3)):
        campaign = scenario.launched(scenario.people(people), size=size)
        scenario.submit_all(campaign)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown(campaign)
        seen.append(len(queries))
        for query in queries:
            assert "campaigns_message" not in query["sql"]
            assert "campaigns_campaignrow" not in query["sql"]
            assert "COUNT(" not in query["sql"]
    assert seen[0] == seen[1] <= 8


def test_of_many_batches_those_that_need_a_look_are_shown(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(70), size=1)
    Batch.objects.filter(number=3).update(state="in_doubt")
    Batch.objects.filter(number=4).update(state="with_carrier", provider_status="Processing", provider_size=1)
    now = shown(campaign)
    assert (len(now.batches), now.batch_count, now.more_batches) == (50, 70, 20)
    assert [line.number for line in now.batches][:2] == [3, 4]
    assert [line.number for line in now.batches] == sorted(line.number for line in now.batches)


def test_time_left_follows_the_measured_speed(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(30))
    SenderNumber.objects.filter(phone=scenario.LOCAL).update(rate=120.0)
    now = shown(campaign)
    assert now.seconds_left == pytest.approx(15)
    assert now.rate_per_minute == 120
    assert now.done_by is not None
    assert abs((now.done_by - timezone.now()).total_seconds() - 15) < 2


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({}, True),
        ({"wait_reason": "provider_error"}, False),
        ({"wait_reason": "sender_in_doubt"}, False),
        ({"state": State.SENDING}, True),
        ({"canary": 50}, False),
        ({"canary": 50, "canary_confirmed_at": timezone.now()}, True),
        ({"canary": 300}, True),
        ({"state": State.HELD}, False),
        ({"state": State.PREPARING}, False),
        ({"send_at": timezone.now() + timedelta(days=3650)}, False),
    ],
)
def test_time_left_is_told_only_while_it_passes(fields: dict[str, Any], known: bool) -> None:
    """While nothing moves, no end can be promised."""
    factories.account()
    campaign = factories.campaign(**{"state": State.SENDING} | fields)
    factories.counters(campaign, queued=300, duplicate=5)
    assert (shown(campaign).seconds_left is not None) is known


def test_what_the_carrier_has_of_a_canary_that_was_stopped_ends(carrier: RunningSimulator) -> None:
    carrier.options(speed=1)
    campaign = scenario.drafted(scenario.people(6))
    campaign.canary = 2
    launch.launch(campaign, user=None)
    launch.freeze(campaign.pk)
    scenario.submit_all(campaign)
    assert lifecycle.cancel(campaign, user=None) == 4
    now = shown(campaign)
    assert (now.campaign.state, now.queued) == (State.DELIVERING, 0)
    assert now.seconds_left == pytest.approx(2)


def test_percent_is_never_a_hundred_before_the_end() -> None:
    campaign = factories.campaign(factories.contact_list(people=1), state=State.DELIVERING)
    factories.counters(campaign, rejected=5)
    assert shown(campaign).percent == 99
    nobody = factories.campaign(factories.contact_list(people=1), state=State.SENDING)
    factories.counters(nobody, excluded=5)
    assert shown(nobody).percent == 0


def test_a_draft_has_numbers_too() -> None:
    campaign = Campaign.objects.create(name="New", contact_list=factories.contact_list())
    now = shown(campaign)
    assert (now.texts, now.handed_over, now.moving) == (0, 0, False)


def test_the_overview(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(3)))
    done = scenario.launched(contacts)
    scenario.submit_all(done)
    scenario.poll()
    scenario.drafted(contacts)
    running = scenario.launched(contacts)
    factories.opt_out("+12125550101")
    factories.opt_out("+12125550102", ended_at=timezone.now())
    old = scenario.launched(contacts, sender=scenario.TOLL_FREE)
    scenario.submit_all(old)
    Campaign.objects.filter(pk=old.pk).update(launched_at=timezone.now() - timedelta(days=8))
    result = overview.load_overview()
    assert [one.campaign.pk for one in result.moving] == [old.pk, running.pk]
    assert [one.pk for one in result.recent] == [done.pk]
    assert len(result.drafts) == 1
    assert (result.list_count, result.opt_out_count, result.sent_7_days) == (1, 1, 3)


def test_the_overview_of_an_empty_site() -> None:
    result = overview.load_overview()
    assert (result.sent_7_days, result.list_count, list(result.moving)) == (0, 0, [])


def test_every_state_is_shown_once() -> None:
    assert sorted(row_states.READING_ORDER) == sorted(RowState)
    assert Message.FINAL
    assert Counters(queued=1).total == 1
