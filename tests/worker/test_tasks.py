"""A task is only a wake-up: safe to lose, safe to repeat, and enqueued again by the tick."""

import io
import os
import socket
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.accounts import tasks as accounts
from campaigns.contacts import importer, workbook
from campaigns.contacts import tasks as contacts
from campaigns.models import Attempt, Batch, Campaign, Import, Lease
from campaigns.opt_outs import tasks as opt_outs
from campaigns.receipts import tasks as receipts
from campaigns.reconciling import tasks as reconciling
from campaigns.runtime import leases, process_identity, shutdown
from campaigns.runtime.wakeups import WAKE_AGAIN_AFTER, WAKE_LOST_AFTER, lease_name
from campaigns.sending import launch, lifecycle
from campaigns.sending import tasks as sending
from campaigns.worker import loop, schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

DEAD = f"{socket.gethostname()}:{os.getpid()}:1"
"""A process that had our id and was started at another time."""


def woken() -> Counter[str]:
    """Names of the enqueued tasks."""
    return Counter(
        path.rpartition(".")[2] for path in DBTaskResult.objects.values_list("task_path", flat=True)
    )


def ticked(times: int = 1) -> Counter[str]:
    DBTaskResult.objects.all().delete()
    for _ in range(times):
        schedule.tick()
    return woken()


def received() -> Import:
    content = io.BytesIO(scenario.file_of(scenario.people(3)).encode())
    return importer.receive(content, "people.csv", list_name="People", user=None)


def test_an_uploaded_file_is_read(carrier: RunningSimulator) -> None:
    record = received()
    assert ticked(3)["run_import"] == 1, "once, however often it is looked for"
    contacts.run_import.call(record.pk)
    record.refresh_from_db()
    assert record.state == Import.State.DONE
    assert ticked()["run_import"] == 0


def test_a_lost_wake_up_of_a_file_is_repeated(carrier: RunningSimulator) -> None:
    received()
    assert ticked()["run_import"] == 1
    with time_machine.travel(timezone.now() + WAKE_LOST_AFTER + timedelta(seconds=1)):
        assert ticked(2)["run_import"] == 1


def test_a_reader_that_died_is_replaced(carrier: RunningSimulator) -> None:
    Import.objects.filter(pk=received().pk).update(state=Import.State.READING, claimed_at=timezone.now())
    assert ticked()["run_import"] == 0
    Import.objects.update(claimed_at=timezone.now() - timedelta(seconds=workbook.TIMEOUT_SECONDS + 1))
    assert ticked()["run_import"] == 0, "a workbook may take so long before the first row comes"
    Import.objects.update(claimed_at=timezone.now() - contacts.READ_LOST_AFTER - timedelta(seconds=1))
    assert ticked(2)["run_import"] == 1


def test_a_file_that_its_uploader_reads_is_left_alone(carrier: RunningSimulator) -> None:
    content = io.BytesIO(scenario.file_of(scenario.people(3)).encode())
    importer.receive(content, "people.csv", list_name="People", user=None, read_here=True)
    assert ticked()["run_import"] == 0


def test_a_launched_campaign_is_moved_to_its_end(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(scenario.people(5), size=2)
    launch.launch(campaign, user=None)
    assert ticked(3)["advance"] == 1
    sending.advance.call(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.claimed_at) == (Campaign.State.DELIVERING, None)
    assert len(carrier.ledger()) == 5
    assert ticked()["advance"] == 0


def test_a_draft_and_a_finished_campaign_sleep(carrier: RunningSimulator) -> None:
    scenario.drafted(scenario.people(1))
    done = scenario.launched(scenario.people(2))
    scenario.submit_all(done)
    scenario.poll()
    assert ticked()["advance"] == 0


def test_a_lost_wake_up_of_a_campaign_is_repeated(carrier: RunningSimulator) -> None:
    scenario.launched(scenario.people(1))
    assert ticked(2)["advance"] == 1
    with time_machine.travel(timezone.now() + WAKE_LOST_AFTER + timedelta(seconds=1)):
        assert ticked(2)["advance"] == 1


@pytest.mark.parametrize("name", ["send_at", "next_retry_at"])
def test_a_campaign_is_not_woken_before_its_time(carrier: RunningSimulator, name: str) -> None:
    campaign = scenario.launched(scenario.people(1))
    when = timezone.now() + timedelta(minutes=5)
    Campaign.objects.filter(pk=campaign.pk).update(**{name: when})
    assert ticked()["advance"] == 0
    with time_machine.travel(when + timedelta(seconds=1)):
        assert ticked()["advance"] == 1


def test_a_campaign_that_waits_does_so_in_the_database(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "status", "status": 429})
    sending.advance.call(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.next_retry_at is not None
    assert campaign.next_retry_at > timezone.now() + timedelta(seconds=30)
    assert ticked()["advance"] == 0


def test_a_blocked_campaign_is_looked_at_now_and_then(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2), size=1)
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "drop_before"})
    sending.advance.call(campaign.pk)
    assert ticked()["advance"] == 0
    with time_machine.travel(timezone.now() + timedelta(seconds=sending.BLOCKED_FOR + 1)):
        assert ticked()["advance"] == 1


def test_a_held_campaign_is_not_woken_until_it_goes_on(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    assert ticked()["advance"] == 0
    lifecycle.resume(campaign, user=None)
    assert ticked()["advance"] == 1


def test_a_campaign_that_always_fails_does_not_spin(carrier: RunningSimulator) -> None:
    """A text that cannot be rendered fails each time, but not twice a second."""
    campaign = scenario.drafted(scenario.people(1))
    launch.launch(campaign, user=None)
    Campaign.objects.update(text="Hi {{ first_name")
    for _ in range(2):
        with pytest.raises(ValueError, match="cannot be rendered"):
            sending.advance.call(campaign.pk)
        assert ticked()["advance"] == 0
    with time_machine.travel(timezone.now() + WAKE_LOST_AFTER + timedelta(seconds=1)):
        assert ticked()["advance"] == 1


def test_a_stop_ends_the_task_after_the_batch_in_hand(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    shutdown.requested.set()
    sending.advance.call(campaign.pk)
    assert carrier.ledger() == []
    shutdown.requested.clear()
    sending.advance.call(campaign.pk)
    assert len(carrier.ledger()) == 4


def test_two_wake_ups_of_one_campaign_do_no_harm(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    for _ in range(3):
        sending.advance.call(campaign.pk)
    assert len(carrier.ledger()) == 3
    scenario.assert_adds_up(campaign)


def test_a_campaign_that_another_worker_moves_is_left_to_it(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    alive = f"{socket.gethostname()}:1:{process_identity.start_time(1)}"
    until = timezone.now() + timedelta(minutes=1)
    Lease.objects.create(name=f"{sending.ADVANCE}{campaign.pk}", owner=alive, until=until)
    Campaign.objects.update(claimed_at=timezone.now())
    sending.advance.call(campaign.pk)
    assert carrier.ledger() == []
    assert ticked()["advance"] == 0


def test_a_campaign_whose_worker_died_is_woken_at_once(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    until = timezone.now() + timedelta(minutes=1)
    Lease.objects.create(name=f"{sending.ADVANCE}{campaign.pk}", owner=DEAD, until=until)
    Campaign.objects.update(claimed_at=timezone.now())
    assert ticked(2)["advance"] == 1
    sending.advance.call(campaign.pk)
    assert len(carrier.ledger()) == 3


@pytest.mark.parametrize(
    ("workers", "taken"),
    [
        ([DEAD], 1),
        ([process_identity.current()], 0),
        ([DEAD, DEAD], 0),
        ([DEAD, process_identity.current()], 0),
    ],
)
def test_what_a_killed_worker_had_in_hand_is_taken_over_once(
    carrier: RunningSimulator, workers: list[str], taken: int
) -> None:
    scenario.launched(scenario.people(1))
    assert ticked()["advance"] == 1
    mine = DBTaskResult.objects.filter(task_path__endswith=".advance")
    mine.update(status="RUNNING", worker_ids=workers, started_at=timezone.now())
    assert loop.requeue_orphaned() == taken
    assert mine.get().status == ("READY" if taken else "RUNNING")
    assert loop.requeue_orphaned() == 0


def test_the_second_look_for_a_lost_answer_is_woken_when_it_is_due(
    carrier: RunningSimulator, settings: LazySettings
) -> None:
    settings.LOOK_GAP_SECONDS = 1
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "drop_before"})
    scenario.submit_all(scenario.launched(scenario.people(1)))
    attempt = Attempt.objects.get()
    now = timezone.now() + timedelta(seconds=3)
    with time_machine.travel(now, tick=False):
        assert ticked(3)["reconcile_attempt"] == 1, "once until it was looked"
        reconciling.reconcile_attempt.call(attempt.pk)
        assert ticked()["reconcile_attempt"] == 0
    with time_machine.travel(now + timedelta(seconds=1.1), tick=False):
        assert ticked(3)["reconcile_attempt"] == 1


def test_an_answer_that_was_found_lets_the_campaign_go_on_at_once(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2), size=1)
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "drop_after"})
    sending.advance.call(campaign.pk)
    assert ticked()["advance"] == 0
    reconciling.reconcile_attempt.call(Attempt.objects.get().pk)
    assert woken()["advance"] == 1


def test_the_carrier_is_asked_at_most_each_two_seconds(carrier: RunningSimulator) -> None:
    scenario.submit_all(scenario.launched(scenario.people(1)))
    assert ticked()["poll"] == 0, "not due yet"
    now = timezone.now() + timedelta(seconds=10)
    with time_machine.travel(now, tick=False):
        assert ticked(5)["poll"] == 1
    with time_machine.travel(now + timedelta(seconds=20), tick=False):
        assert ticked(5)["poll"] == 0, "one waits already, and a slow provider fills no queue"
        Batch.objects.update(next_poll_at=now)
        leases.reschedule(
            lease_name(receipts.POLL, registry.default().tag), seconds=receipts.POLL_EVERY
        )  # as the task does at its end
        assert ticked(5)["poll"] == 0
    with time_machine.travel(now + timedelta(seconds=22.1), tick=False):
        assert ticked(5)["poll"] == 1
    with time_machine.travel(now + timedelta(seconds=60), tick=False):
        assert ticked(5)["poll"] == 1, "a wake-up that was lost is repeated"


def test_a_repeating_task_may_be_woken_again_when_it_is_done(carrier: RunningSimulator) -> None:
    scenario.submit_all(scenario.launched(scenario.people(1)))
    name = lease_name(receipts.POLL, registry.default().tag)
    leases.try_debounce(name, seconds=WAKE_AGAIN_AFTER)
    receipts.poll.call(registry.default().tag)
    assert not leases.try_debounce(name, seconds=1)
    with time_machine.travel(timezone.now() + timedelta(seconds=receipts.POLL_EVERY + 0.1), tick=False):
        assert leases.try_debounce(name, seconds=1)


def test_a_poll_brings_receipts_and_the_end(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    scenario.submit_all(campaign)
    Batch.objects.update(next_poll_at=timezone.now())
    receipts.poll.call(registry.default().tag)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert ticked()["poll"] == 0


def test_a_campaign_that_only_waits_to_be_called_finished_is(carrier: RunningSimulator) -> None:
    """The poller was killed after the last receipt, before it finished the campaign."""
    campaign = scenario.launched(scenario.people(2))
    scenario.submit_all(campaign)
    scenario.poll()
    Campaign.objects.update(state=Campaign.State.DELIVERING, finished_at=None)
    ticked()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED


def test_the_account_s_numbers_are_learned_and_kept_fresh(carrier: RunningSimulator) -> None:
    assert ticked(3)["refresh_numbers"] == 1
    accounts.refresh_numbers.call(registry.default().tag)
    assert ticked()["refresh_numbers"] == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert ticked(3)["refresh_numbers"] == 1


def test_an_unreachable_carrier_is_no_error_of_the_task(carrier: RunningSimulator) -> None:
    carrier.faults({"fault": "status", "status": 503})
    accounts.refresh_numbers.call(registry.default().tag)
    receipts.poll.call(registry.default().tag)


def nights(hours: int) -> int:
    """How often the list of blocked people is read while so many hours pass."""
    begun, start = 0, timezone.now()
    for hour in range(1, hours + 1):
        with time_machine.travel(start + timedelta(hours=hour), tick=False):
            for _ in range(ticked(2)["read_opt_outs"]):
                begun += 1
                opt_outs.read_opt_outs.call(registry.default().tag)
    return begun


def test_blocked_people_are_read_once_a_night(carrier: RunningSimulator) -> None:
    accounts.refresh_numbers.call(registry.default().tag)
    assert ticked()["read_opt_outs"] == 0, "a new site waits for its first night"
    assert nights(72) == 3


def test_a_list_of_blocked_people_that_cannot_be_read_is_tried_again_in_an_hour(
    carrier: RunningSimulator,
) -> None:
    accounts.refresh_numbers.call(registry.default().tag)
    ticked()
    carrier.faults({"path": "/", "fault": "status", "status": 400, "times": 100})
    assert nights(30) > 3
