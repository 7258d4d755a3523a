"""What the audit finds: texts at the carrier that nobody knows, and texts of ours that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.labels.discrepancies import describe_discrepancy
from campaigns.models import Attempt, Batch, Campaign, Discrepancy, History, Message
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.providers.types import OutgoingText
from campaigns.receipts import audit, discrepancies, store_sync, tasks, unknown_batches
from campaigns.reconciling import search
from campaigns.runtime.wakeups import NIGHTLY_LOST_AFTER
from campaigns.sending import counters
from campaigns.worker import schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.carrier import carrier
from tests.support.doubt import DAY, LIST, MINUTE, later, lost, open_attempt, real_times, search_to_the_end

__all__ = ["carrier", "real_times"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_times")]


def taken_late(campaign: Campaign) -> str:
    """The carrier takes the first batch of a campaign now, from a request that had been given up; its id."""
    texts = [OutgoingText(to, text) for to, text in Message.objects.filter(
        batch__campaign=campaign, batch__number=1).values_list("to", "text")]  # fmt: skip
    return elsewhere(texts, sender=campaign.sender)


def elsewhere(texts: list[OutgoingText], sender: str = scenario.LOCAL) -> str:
    """A batch that Carillon's ledger knows nothing of; its id."""
    return registry.default().provider.submit(sender, texts, before_first_byte=lambda: None).provider_id


def looked() -> list[Discrepancy]:
    """The quick look, on a provider store that was just read; what is open after it."""
    store_sync.sync(registry.default(), ingest.ingest_replies)
    unknown_batches.check_store(registry.default().known_id())
    return list(discrepancies.unsettled())


def audited() -> list[Discrepancy]:
    """The long look, to its end, as if our batches were taken two hours ago."""
    Batch.objects.exclude(accepted_at=None).update(accepted_at=timezone.now() - timedelta(hours=2))
    so_far: audit.Progress | None = audit.Progress(timezone.now())
    while so_far is not None:
        so_far = audit.run_slice(registry.default(), so_far)
    return list(discrepancies.unsettled())


def handed_over(people: int = 3, size: int = 1000) -> Campaign:
    campaign = scenario.launched(scenario.people(people), size=size)
    scenario.submit_all(campaign)
    scenario.poll()
    return campaign


# --- F17: the carrier takes a request after the settle time -----------------------------------------------


def test_f17_taken_after_it_was_given_up_is_reported_within_the_hour(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_before")
    search_to_the_end()
    scenario.submit_all(campaign)
    assert scenario.counts(campaign) == {"with_carrier": 3}, "sent again: the records had shown nothing twice"
    late = taken_late(campaign)
    assert len(carrier.ledger()) == 6, "the double that no look could foresee"
    [item] = looked()
    assert (item.kind, item.about, item.sender) == ("unknown_batch", late, scenario.LOCAL)
    assert item.campaign == campaign
    assert "3 texts from this number that Carillon has not handed over" in describe_discrepancy(item)
    assert "batch 1 of “Spring sale”: they may have got it twice" in describe_discrepancy(item)
    assert History.objects.filter(campaign_id=campaign.pk, kind="discrepancy_found").count() == 1


def test_f17_the_worker_reports_it_by_itself(carrier: RunningSimulator) -> None:
    """Reading the store is woken every minute, so within the hour is within minutes."""
    campaign = handed_over()
    taken_late(campaign)
    assert timedelta(minutes=5) > store_sync.SYNC_EVERY
    tasks.read_store.call(registry.default().tag)
    assert discrepancies.unsettled().count() == 1


def test_f17_strict_nobody_is_texted_twice(carrier: RunningSimulator) -> None:
    people = scenario.people(3)
    campaign = scenario.launched(people, size=3)
    Campaign.objects.filter(pk=campaign.pk).update(on_not_found=Campaign.OnNotFound.REVIEW)
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "drop_before"})
    scenario.submit_all(campaign)
    carrier.faults()
    search_to_the_end()
    assert scenario.counts(campaign) == {"needs_review": 3}
    late = taken_late(campaign)
    later(MINUTE)
    search.lookup(open_attempt().pk)
    assert Attempt.objects.get().provider_id == late
    assert sorted(line["to"] for line in carrier.ledger()) == sorted(number for number, _ in people)
    assert looked() == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("with_carrier", "they may have got it twice"),
        ("marked_sent", "it is probably that one, whose answer was lost"),
        ("needs_review", "it is probably that one, whose answer was lost"),
        ("cancelled", "so they got it, though it counts as not sent here"),
        ("queued", "so they got it, though it counts as not sent here"),
    ],
)
def test_f17_says_what_it_means_for_the_people(carrier: RunningSimulator, state: str, said: str) -> None:
    campaign = handed_over()
    taken_late(campaign)
    Batch.objects.update(state=state)
    [item] = looked()
    assert describe_discrepancy(item).endswith(f"batch 1 of “Spring sale”: {said}.")


# --- The quick look -----------------------------------------------------------------------------------------


def test_another_program_on_the_same_number_is_reported_once(carrier: RunningSimulator) -> None:
    handed_over()
    sent = elsewhere([OutgoingText(scenario.phone(50), "From another program")])
    [item] = looked()
    assert (item.about, item.campaign) == (sent, None)
    assert "1 text from this number" in describe_discrepancy(item)
    assert "No campaign of the last days" in describe_discrepancy(item)
    assert looked() == [item]
    assert audited() == [item]


def test_what_a_person_knows_about_stays_known(carrier: RunningSimulator, sender: User) -> None:
    handed_over()
    elsewhere([OutgoingText(scenario.phone(50), "From another program")])
    [item] = looked()
    assert discrepancies.acknowledge(item, user=sender)
    assert not discrepancies.acknowledge(item, user=sender)
    assert looked() == audited() == []
    assert History.objects.filter(kind="discrepancy_known", actor_id=sender.pk).count() == 1


def test_a_batch_that_is_looked_for_is_left_to_the_search(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    assert looked() == []
    search_to_the_end()
    assert looked() == audited() == []
    assert scenario.counts(campaign) == {"delivered": 3}


def test_one_that_is_adopted_after_all_is_settled_by_itself(carrier: RunningSimulator) -> None:
    campaign = lost(carrier, scenario.people(3), fault="drop_after")
    Attempt.objects.update(state=Attempt.State.REVIEW)
    Batch.objects.update(state="needs_review")
    counters.shift(campaign.pk, {"in_doubt": -3, "needs_review": 3})
    assert len(looked()) == 1
    search.lookup(open_attempt().pk)
    assert looked() == []
    assert Discrepancy.objects.get().settled_by is None


# --- The long look ------------------------------------------------------------------------------------------


def test_all_is_well(carrier: RunningSimulator) -> None:
    handed_over(people=5, size=2)
    assert looked() == audited() == []
    assert not Discrepancy.objects.exists(), "not even for a moment"
    ended = audit.last_run()
    assert ended is not None
    assert (ended.kind, ended.data) == (audit.DONE, {"batches": 3, "texts": 5})


def test_costs_one_call_a_list_and_one_a_thousand_texts(carrier: RunningSimulator) -> None:
    handed_over()
    before = len(carrier.requests())
    audited()
    assert [call["path"].rpartition("/")[2] for call in carrier.requests()[before:]] == [
        "batches",
        "messages",
    ]


def test_a_text_that_the_carrier_does_not_show_is_reported_and_settled(carrier: RunningSimulator) -> None:
    campaign = handed_over()
    message = Message.objects.get(campaign=campaign, import_row__number=3)
    right, message.to = message.to, scenario.phone(99)
    message.save(update_fields=["to"])
    found = {one.kind: one for one in audited()}
    missing = found["missing_text"]
    assert "does not show 1 of its 3 texts: row 3 of the file" in describe_discrepancy(missing)
    assert missing.campaign == campaign
    assert "in batch 1, that Carillon has not sent" in describe_discrepancy(found["unknown_text"])
    message.to = right
    message.save(update_fields=["to"])
    assert [one.kind for one in audited()] == ["unknown_text"], "a text that was seen stays for a person"
    message.to = scenario.phone(99)
    message.save(update_fields=["to"])
    assert len(audited()) == 2, "it differs again"


def test_a_fresh_batch_may_still_be_missing_in_the_records(carrier: RunningSimulator) -> None:
    campaign = handed_over()
    Message.objects.filter(campaign=campaign, import_row__number=3).update(to=scenario.phone(99))
    assert audit.run_slice(registry.default(), audit.Progress(timezone.now())) is None
    assert list(discrepancies.unsettled()) == []
    assert len(audited()) == 2


def test_goes_on_in_turns(carrier: RunningSimulator) -> None:
    handed_over(people=audit.MAX_PAGES + 2, size=1)
    Batch.objects.update(accepted_at=timezone.now() - timedelta(hours=2))
    first = audit.run_slice(registry.default(), audit.Progress(timezone.now()))
    assert first is not None
    assert (first.batches, first.texts) == (audit.MAX_PAGES + 2, audit.MAX_PAGES)
    second = audit.run_slice(registry.default(), first)
    assert second is not None
    assert second.texts == audit.MAX_PAGES + 2
    assert audit.run_slice(registry.default(), second) is None
    assert History.objects.filter(kind=audit.DONE).count() == 1


def test_an_audit_that_could_not_be_made_says_so(carrier: RunningSimulator) -> None:
    handed_over()
    carrier.faults({**LIST, "fault": "status", "status": 403})
    with pytest.raises(ProviderError):
        audit.run_slice(registry.default(), audit.Progress(timezone.now()))
    ended = audit.last_run()
    assert ended is not None
    assert ended.kind == audit.FAILED
    assert ended.data["error"] == "permission"


# --- When it runs -------------------------------------------------------------------------------------------


@pytest.fixture
def clock(carrier: RunningSimulator) -> Iterator[time_machine.Traveller]:
    registry.default().refresh_numbers()
    with time_machine.travel(timezone.now()) as traveller:
        yield traveller


def waiting() -> list[dict[str, Any]]:
    name = tasks.run_audit.module_path
    found = [task.args_kwargs for task in DBTaskResult.objects.filter(task_path=name)]
    DBTaskResult.objects.all().delete()
    return found


def run(order: dict[str, Any]) -> None:
    tasks.run_audit.call(*order["args"], **order["kwargs"])


def nights(clock: time_machine.Traveller, hours: float) -> int:
    """How many audits are begun while so much time passes."""
    begun = 0
    for _ in range(int(hours)):
        clock.shift(3600)
        schedule.tick()
        for order in waiting():
            begun += 1
            run(order)
            assert waiting() == []
    return begun


def test_once_a_night(clock: time_machine.Traveller) -> None:
    schedule.tick()
    assert waiting() == [], "a new site waits for its first night"
    assert nights(clock, 72) == 3
    assert History.objects.filter(kind=audit.DONE).count() == 3


def test_one_that_failed_is_tried_again_in_an_hour(
    clock: time_machine.Traveller, carrier: RunningSimulator
) -> None:
    schedule.tick()
    carrier.faults({**LIST, "fault": "status", "status": 403})
    assert nights(clock, 40) > 10
    carrier.faults()
    assert nights(clock, 48) <= 3


def test_one_that_was_lost_begins_anew(clock: time_machine.Traveller) -> None:
    schedule.tick()
    clock.shift(DAY)
    schedule.tick()
    assert len(waiting()) == 1
    schedule.tick()
    assert waiting() == []
    clock.shift(NIGHTLY_LOST_AFTER + 1)
    schedule.tick()
    assert len(waiting()) == 1


def test_turns_follow_each_other(clock: time_machine.Traveller) -> None:
    handed_over(people=audit.MAX_PAGES + 1, size=1)
    Batch.objects.update(accepted_at=timezone.now() - timedelta(hours=2))
    tasks.run_audit.call(registry.default().tag, timezone.now().timestamp())
    for _ in range(2):
        [order] = waiting()
        run(order)
    assert waiting() == []
    schedule.tick()
    assert waiting() == []


# --- By hand ------------------------------------------------------------------------------------------------


def test_by_hand(carrier: RunningSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = handed_over()
    call_command("audit")
    assert "Everything is explained." in capsys.readouterr().out
    late = taken_late(campaign)
    with pytest.raises(SystemExit):
        call_command("audit")
    said = capsys.readouterr().out
    assert late in said
    assert "they may have got it twice" in said


def test_by_hand_while_the_carrier_is_away(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    carrier.faults({**LIST, "fault": "status", "status": 403})
    with pytest.raises(CommandError, match="could not be made"):
        call_command("audit")
