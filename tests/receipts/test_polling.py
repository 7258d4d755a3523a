"""The poller follows batches to their end, survives errors with one, and finishes campaigns."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.models import Batch, Campaign, Lease, Message, SenderNumber
from campaigns.receipts import polling, sending_rate
from campaigns.sending import dispatch, lifecycle
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

MIXED = [
    *scenario.people(4),
    (scenario.ending("9700"), "rejected"),
    (scenario.ending("9701"), "never a receipt"),
    (scenario.ending("9703"), "sending failed"),
    (scenario.ending("9830"), "delivery failed"),
    (scenario.ending("9705"), "sending failed without a code"),
]


def calls(carrier: RunningSimulator) -> Counter[str]:
    return Counter(call["path"].partition("?")[0].rpartition("/")[2] for call in carrier.requests())


def test_to_the_end(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5), size=2)
    scenario.submit_all(campaign)
    assert scenario.poll() == 3
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    assert campaign.finished_at is not None
    assert scenario.counts(campaign) == {"delivered": 5}
    scenario.assert_adds_up(campaign)
    for batch in Batch.objects.all():
        assert (batch.provider_status, batch.next_poll_at) == ("Completed", None)
        assert batch.processed_count == batch.provider_size == batch.size
        assert batch.completed_at is not None
        assert batch.cost is not None
    for message in Message.objects.all():
        assert message.provider_id
        assert message.billed_segments == 1
        assert message.cost is not None
        assert message.changed_at is not None
    assert scenario.poll() == 0, "nobody asks about what is known"


def test_every_kind_of_end(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(MIXED)
    scenario.submit_all(campaign)
    scenario.poll()
    scenario.poll()
    truth = Counter(record["messageStatus"] for record in carrier.messages())
    counts = scenario.counts(campaign)
    assert counts["delivered"] == truth["Delivered"]
    assert counts["sent"] == truth["Sent"] == 1
    assert counts["not_delivered"] == truth["SendingFailed"] + truth["DeliveryFailed"]
    assert counts["rejected"] == 1
    scenario.assert_adds_up(campaign)
    codes = Message.objects.filter(state="not_delivered").values_list("to", "error_code")
    local_codes = dict(codes)
    theirs = {
        record["to"][0]: record.get("errorCode", "")
        for record in carrier.messages()
        if record["messageStatus"].endswith("Failed")
    }
    assert local_codes == theirs
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DELIVERING, "one receipt may still come"


def test_receipts_are_not_waited_for_for_ever(carrier: RunningSimulator) -> None:
    campaign = scenario.launched([(scenario.ending("9701"), "no receipt"), *scenario.people(1)])
    scenario.submit_all(campaign)
    scenario.poll()
    with time_machine.travel(timezone.now() + timedelta(hours=73), tick=True):
        scenario.poll()
        campaign.refresh_from_db()
        assert campaign.state == Campaign.State.FINISHED
    assert scenario.counts(campaign) == {"delivered": 1, "sent": 1}
    scenario.assert_adds_up(campaign)


def test_a_receipt_hours_later_is_still_taken(carrier: RunningSimulator) -> None:
    carrier.options(speed=1)
    campaign = scenario.launched([(scenario.ending("9702"), "late"), *scenario.people(1)])
    scenario.submit_all(campaign)
    carrier.advance(120)
    scenario.poll()
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 1, "sent": 1}
    carrier.advance(4 * 3600)
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 2}
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED


def test_while_it_is_sent_the_numbers_move(carrier: RunningSimulator) -> None:
    carrier.options(speed=1)
    campaign = scenario.launched(scenario.people(40))
    scenario.submit_all(campaign)
    seen = []
    now = timezone.now()
    for seconds in range(10, 80, 10):
        carrier.advance(10)
        with time_machine.travel(now + timedelta(seconds=seconds), tick=True):
            scenario.poll()
        counts = scenario.counts(campaign)
        seen.append(Batch.objects.get().processed_count)
        scenario.assert_adds_up(campaign)
        assert sum(counts.values()) == 40
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert counts == {"delivered": 40}


def test_a_batch_that_is_gone_does_not_stop_the_others(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    scenario.submit_all(campaign)
    Batch.objects.filter(number=1).update(provider_id="123456789", provider_created_at=timezone.now())
    scenario.poll()
    scenario.poll()
    assert scenario.counts(campaign) == {"with_carrier": 1, "delivered": 2}
    gone = Batch.objects.get(number=1)
    assert gone.next_poll_at is not None
    assert gone.next_poll_at > timezone.now() + timedelta(seconds=30)
    assert scenario.account_error() == ""
    scenario.assert_adds_up(campaign)


def test_the_only_batch_being_gone_is_borne(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    scenario.submit_all(campaign)
    Batch.objects.update(provider_id="123456789")
    assert scenario.poll() == 1
    assert polling.poll() == 0, "not again at once"
    assert scenario.counts(campaign) == {"with_carrier": 1}


@pytest.mark.parametrize("path", ["/a2p-sms/statuses", "/a2p-sms/messages"])
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html", "status": 200},
        {"fault": "status", "status": 400},
        {"fault": "status", "status": 404},
    ],
)
def test_trouble_with_one_batch_does_not_stop_the_others(
    carrier: RunningSimulator, path: str, fault: dict[str, object]
) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    scenario.submit_all(campaign)
    carrier.faults({"method": "GET", "path": path, "nth": 1, **fault})
    scenario.poll()
    assert scenario.counts(campaign) == {"with_carrier": 1, "delivered": 2}
    carrier.faults()
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 3}
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_trouble_with_the_account_is_not_tried_on_every_batch(carrier: RunningSimulator, status: int) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    scenario.submit_all(campaign)
    carrier.faults({"method": "GET", "path": "/a2p-sms", "fault": "status", "status": status})
    before = timezone.now()
    scenario.poll()
    assert all(
        when is not None and when > before + timedelta(seconds=5)
        for when in Batch.objects.values_list("next_poll_at", flat=True)
    )
    assert scenario.counts(campaign) == {"with_carrier": 3}


def test_messages_that_the_list_does_not_show_yet_are_read_again(carrier: RunningSimulator) -> None:
    """The totals count them already, but the list lags behind: the batch stays open until they are read."""
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    carrier.faults(
        {"method": "GET", "path": "/a2p-sms/messages", "nth": 1, "fault": "status", "status": 200,
         "body": '{"records": [], "paging": {}}'}
    )  # fmt: skip
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DELIVERING
    scenario.poll()
    campaign.refresh_from_db()
    assert scenario.counts(campaign) == {"delivered": 3}
    assert campaign.state == Campaign.State.FINISHED


def test_one_poller_at_a_time(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    scenario.submit_all(campaign)
    Lease.objects.create(
        name=f"poll {Batch.objects.get().account}", owner="another-host:1:1",
        until=timezone.now() + timedelta(minutes=1),
    )  # fmt: skip
    before = len(carrier.requests())
    assert scenario.poll() == 0
    assert len(carrier.requests()) == before


def test_a_round_is_bounded_and_cheap(carrier: RunningSimulator) -> None:
    """Twenty-five batches without progress take one list request; the rest follows in the next round."""
    carrier.options(speed=0.0001)
    campaign = scenario.launched(scenario.people(25), size=1)
    scenario.submit_all(campaign)
    scenario.poll()
    Batch.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    before = calls(carrier)
    assert polling.poll() == polling.MAX_BATCHES
    assert polling.poll() == 5
    assert calls(carrier)["batches"] - before["batches"] == 2
    assert calls(carrier)["statuses"] == before["statuses"]


def test_a_batch_handed_over_days_ago_is_found(carrier: RunningSimulator) -> None:
    """Without dates RingCentral's list goes back one day."""
    campaign = scenario.launched(scenario.people(4), size=2)
    scenario.submit_all(campaign)
    carrier.advance(60 * 3600)
    Batch.objects.update(provider_created_at=timezone.now())
    scenario.poll()
    assert scenario.counts(campaign) == {"delivered": 4}


def test_a_campaign_is_finished_once(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    scenario.submit_all(campaign)
    assert not lifecycle.finish_if_final(campaign.pk), "its receipts are not in"
    scenario.poll()
    assert not lifecycle.finish_if_final(campaign.pk), "it is already"
    assert polling.campaigns_to_finish() == []


def test_all_batches_that_the_list_shows_move(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round polls only some of many batches, but the list updates the others too."""
    monkeypatch.setattr(polling, "MAX_BATCHES", 2)
    campaign = scenario.launched(scenario.people(5), size=1)
    scenario.submit_all(campaign)
    now = timezone.now()
    for number in range(1, 6):
        Batch.objects.filter(number=number).update(next_poll_at=now - timedelta(seconds=number))
    assert polling.poll() == 2
    done = Batch.objects.order_by("number").values_list("processed_count", "provider_status")
    assert list(done) == [(1, "Completed")] * 5
    assert scenario.counts(campaign) == {"delivered": 2, "with_carrier": 3}
    for _ in range(2):
        polling.poll()
    assert scenario.counts(campaign) == {"delivered": 5}
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize(
    ("idle_first", "done", "seconds", "rate"),
    [
        (True, 5, 10, 48.0),  # 30 a minute so far: of 60 that are known, one look does not take the half
        (True, 20, 10, 120.0),
        (False, 5, 10, 48.0),
        (False, 20, 10, 84.0),
    ],
)
def test_a_pause_does_not_make_the_speed_swing(
    carrier: RunningSimulator, idle_first: bool, done: int, seconds: int, rate: float
) -> None:
    campaign = scenario.launched(scenario.people(40), size=40)
    dispatch.step(campaign.pk)
    now = timezone.now()
    batch = Batch.objects.get()
    Batch.objects.update(accepted_at=now - timedelta(seconds=seconds), processed_count=done)
    number = SenderNumber.objects.filter(phone=scenario.LOCAL)
    number.update(rate=60.0, processed_at=None if idle_first else now - timedelta(seconds=seconds))
    with time_machine.travel(now, tick=False):
        sending_rate.measure(batch.account, scenario.LOCAL)
    assert number.get().rate == pytest.approx(rate)


def test_a_short_pause_between_two_looks_does_not_count(carrier: RunningSimulator) -> None:
    """The number was idle for a minute, between two polls."""
    campaign = scenario.launched(scenario.people(40), size=20)
    dispatch.step(campaign.pk)
    dispatch.step(campaign.pk)
    now = timezone.now()
    Batch.objects.filter(number=1).update(processed_count=20, completed_at=now - timedelta(seconds=60))
    Batch.objects.filter(number=2).update(processed_count=10, accepted_at=now - timedelta(seconds=10))
    number = SenderNumber.objects.filter(phone=scenario.LOCAL)
    number.update(rate=60.0, processed_total=20, processed_at=now - timedelta(seconds=70))
    with time_machine.travel(now, tick=False):
        sending_rate.measure(Batch.objects.first().account, scenario.LOCAL)  # type: ignore[union-attr]
    assert number.get().rate == pytest.approx(60)
