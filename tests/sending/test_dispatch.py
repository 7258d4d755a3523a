"""From frozen texts to the carrier: each person once, and the truth whatever goes wrong on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import AccessToken, Attempt, Batch, Campaign, History, Message
from campaigns.providers.base import ProviderError
from campaigns.sending import dispatch, failures, launch, lifecycle
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from campaigns.worker import schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

POST = {"method": "POST", "path": "/a2p-sms/batches"}


def texts(carrier: RunningSimulator) -> list[tuple[str, str]]:
    return sorted((line["to"], line["text"]) for line in carrier.ledger())


def posts(carrier: RunningSimulator) -> int:
    return sum(call["method"] == "POST" and "batches" in call["path"] for call in carrier.requests())


def states(campaign: Campaign) -> list[str]:
    return list(Batch.objects.filter(campaign=campaign).order_by("number").values_list("state", flat=True))


def test_everybody_gets_their_own_text_once(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(7), size=3)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert texts(carrier) == sorted((phone, f"Hi {name}") for phone, name in scenario.people(7))
    assert {line["from"] for line in carrier.ledger()} == {scenario.LOCAL}
    assert campaign.state == Campaign.State.DELIVERING
    assert campaign.submitted_at is not None
    assert scenario.counts(campaign) == {"with_carrier": 7}
    scenario.assert_adds_up(campaign)
    for attempt in Attempt.objects.all():
        assert (attempt.state, attempt.http_status) == ("accepted", 201)
        assert attempt.provider_id
        assert attempt.request_id
        assert attempt.provider_id == attempt.batch.provider_id
        assert attempt.answer.startswith("{")


def test_stepping_on_after_the_end_changes_nothing(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    scenario.submit_all(campaign)
    assert [dispatch.step(campaign.pk).result for _ in range(3)] == [StepResult.DONE] * 3
    assert len(carrier.ledger()) == 2


def test_one_text_for_all_is_still_one_text_each(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3), text="Sale today & tomorrow: 100% off {ha}")
    scenario.submit_all(campaign)
    assert texts(carrier) == [
        (phone, "Sale today & tomorrow: 100% off {ha}") for phone, _ in sorted(scenario.people(3))
    ]


REJECTED_PEOPLE = [
    (scenario.phone(1), "Ann"),
    (scenario.ending("9700", 1), "Bob"),
    (scenario.phone(2), "Cy"),
    (scenario.ending("9700", 2), "Di"),
]


def test_numbers_that_the_carrier_rejects_are_settled_with_its_code(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(REJECTED_PEOPLE)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    rejected = Message.objects.filter(state="rejected").order_by("to")
    assert [(message.to, message.error_code) for message in rejected] == [
        (scenario.ending("9700", 1), "SMS-RC-410"),
        (scenario.ending("9700", 2), "SMS-RC-410"),
    ]
    assert scenario.counts(campaign) == {"with_carrier": 2, "rejected": 2}
    scenario.assert_adds_up(campaign)
    attempt = Attempt.objects.get()
    assert [(item["index"], item["to"]) for item in attempt.rejected] == [
        (2, scenario.ending("9700", 1)),
        (4, scenario.ending("9700", 2)),
    ]
    assert attempt.problem_code == ""
    assert Batch.objects.get().provider_size == 2


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        ([{"index": 2, "to": ["{1}"], "errorCode": "SMS-RC-410"}], [1]),
        (
            [{"index": 1, "to": ["{0}"], "errorCode": "X"}, {"index": 3, "to": ["{2}"], "errorCode": "Y"}],
            [0, 2],
        ),
        ([{"index": 1, "to": ["{2}"], "errorCode": "X"}], [2]),  # the number decides, not the place
        ([{"index": 0, "to": ["{1}"], "errorCode": "X"}], [1]),  # counted from 0 by mistake
        ([{"index": 99, "to": ["{0}"], "errorCode": "X"}], [0]),
        ([{"index": 2, "to": [], "errorCode": "X"}], [1]),  # no number: the place has to do
        ([{"index": 2, "to": ["{1}"]}, {"index": 2, "to": ["{1}"]}], [1]),  # told twice
        ([{"index": 0, "to": [], "errorCode": "X"}], []),  # neither: nobody is blamed
        ([{"index": 1, "to": ["+12025550000"], "errorCode": "X"}], []),  # nobody of ours
        ([{"index": 1, "to": ["{0}"], "errorCode": "A" * 70, "description": "z" * 9000}], [0]),
    ],
)
def test_a_rejection_finds_its_person(
    carrier: RunningSimulator, rejected: list[dict[str, Any]], expected: list[int]
) -> None:
    rows = scenario.people(3)
    campaign = scenario.launched(rows)
    for item in rejected:
        item["to"] = [number.format(*(phone for phone, _ in rows)) for number in item["to"]]
    answer = {"id": "777", "batchSize": 3 - len(rejected), "status": "Processing", "rejected": rejected}
    carrier.faults({**POST, "fault": "status", "status": 201, "body": json.dumps(answer)})
    scenario.submit_all(campaign)
    assert set(Message.objects.filter(state="rejected").values_list("to", flat=True)) == {
        rows[place][0] for place in expected
    }
    assert scenario.counts(campaign).get("rejected", 0) == len(expected)
    scenario.assert_adds_up(campaign)


def test_a_size_that_differs_is_noted_and_counted_as_we_know_it(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3))
    answer = {"id": "777", "batchSize": 2, "status": "Processing", "rejected": []}
    carrier.faults({**POST, "fault": "status", "status": 201, "body": json.dumps(answer)})
    scenario.submit_all(campaign)
    assert Attempt.objects.get().problem_code == "size_differs"
    assert History.objects.get(kind="batch_size_differs").data == {"theirs": 2, "ours": 3}
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "WaitingForSomethingThatNobodyExpected"},
        {"rejected": [{"index": 1, "to": ["+1\0"], "errorCode": "A\0B", "description": "\0"}]},
        {"batchSize": 10**12},
        {"processedCount": -5},
        {"id": "x" * 100},
        {"creationTime": "9999-99-99"},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_an_odd_answer_to_what_was_taken_is_never_lost(
    carrier: RunningSimulator, odd: dict[str, Any]
) -> None:
    """What does not fit is left out, or the batch is in doubt; it is not sent again, and nothing raises."""
    campaign = scenario.launched(scenario.people(3))
    answer = {"id": "777", "batchSize": 3, "status": "Processing", "rejected": []} | odd
    carrier.faults({**POST, "fault": "status", "status": 201, "body": json.dumps(answer)})
    scenario.submit_all(campaign)
    assert Attempt.objects.get().state in (Attempt.State.ACCEPTED, Attempt.State.AMBIGUOUS)
    scenario.assert_adds_up(campaign)
    carrier.faults()
    scenario.submit_all(campaign)
    assert carrier.ledger() == []


STRANGE_ANSWERS = [
    {"fault": "status", "status": 201, "body": "{}"},
    {"fault": "status", "status": 201, "body": '{"id": null, "batchSize": 3}'},
    {"fault": "status", "status": 201, "body": '{"id": "", "batchSize": 3}'},
    {"fault": "status", "status": 201, "body": "[]"},
    {"fault": "status", "status": 200, "body": '{"id": "12'},
    {"fault": "status", "status": 204, "body": ""},
    {"fault": "html", "status": 200},  # the page of a hotel's network
]
LOST_ANSWERS = [
    {"fault": "drop_before"},
    {"fault": "drop_after"},
    {"fault": "reset"},
    {"fault": "reset", "when": "after"},
    {"fault": "truncate"},
    {"fault": "html"},
    {"fault": "html", "when": "after"},
    *({"fault": "status", "status": status} for status in (302, 408, 409, 425, 500, 502, 503, 504)),
    {"fault": "status", "status": 500, "when": "after"},
    {"fault": "status", "status": 503, "when": "after", "headers": {"Retry-After": "5"}},
    {"fault": "status", "status": 429, "body": '{"errorCode": "CMN-304", "message": "duplicate"}'},
]


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(fault[key]) for key in ("fault", "status", "when") if key in fault)


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, *STRANGE_ANSWERS], ids=name_of)
def test_a_lost_answer_is_in_doubt_and_never_sent_again(
    carrier: RunningSimulator, fault: dict[str, Any]
) -> None:
    campaign = scenario.launched(scenario.people(5), size=3)
    carrier.faults({**POST, "nth": 1, **fault})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    taken = len(carrier.ledger())
    assert taken in (0, 3)
    assert posts(carrier) <= 1
    attempt = Attempt.objects.get()
    assert attempt.state == Attempt.State.AMBIGUOUS
    assert attempt.error
    assert states(campaign) == ["in_doubt", "queued"]
    assert scenario.counts(campaign) == {"in_doubt": 3, "queued": 2}
    assert campaign.state == Campaign.State.SENDING
    assert "batch 1 was lost" in why_it_waits(campaign)
    assert History.objects.filter(kind="answer_lost").count() == 1

    carrier.faults()
    for _ in range(3):
        assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
        schedule.tick()
        assert not launch.launch(campaign, user=None)
        launch.freeze(campaign.pk)
    assert lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    assert lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert len(carrier.ledger()) == taken
    assert Attempt.objects.count() == 1
    assert scenario.counts(campaign) == {"in_doubt": 3, "queued": 2}
    scenario.assert_adds_up(campaign)


def test_an_answer_with_the_id_of_another_batch_is_in_doubt(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    dispatch.step(campaign.pk)
    first = Batch.objects.get(number=1).provider_id
    answer = {"id": first, "batchSize": 2, "status": "Processing", "rejected": []}
    carrier.faults({**POST, "fault": "status", "status": 201, "body": json.dumps(answer)})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert states(campaign) == ["with_carrier", "in_doubt"]
    assert Attempt.objects.order_by("id").last().problem_code == "repeated_id"  # type: ignore[union-attr]
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"errorCode": "CMN-101", "errors": [{"errorCode": "CMN-101", "parameterName": "from"}]}),
        (403, {"errorCode": "CMN-401"}),
        (404, {"errorCode": "CMN-102"}),
        (405, {}),
        (415, {}),
        (422, {}),
    ],
)
def test_a_refusal_holds_the_campaign_with_its_words(
    carrier: RunningSimulator, status: int, body: dict[str, Any]
) -> None:
    campaign = scenario.launched(scenario.people(5), size=2)
    dispatch.step(campaign.pk)
    carrier.faults({**POST, "fault": "status", "status": status, "body": json.dumps(body)})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert campaign.state == Campaign.State.HELD
    assert why_it_waits(campaign).startswith(("RingCentral", "The RingCentral"))
    assert states(campaign) == ["with_carrier", "held", "held"]
    assert scenario.counts(campaign) == {"with_carrier": 2, "held": 3}
    scenario.assert_adds_up(campaign)
    sent_before = posts(carrier)
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
    assert posts(carrier) == sent_before

    carrier.faults()
    assert lifecycle.resume(campaign, user=None)
    assert not lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(texts(carrier)) == 5
    assert why_it_waits(campaign) == ""
    scenario.assert_adds_up(campaign)


def test_an_expired_token_is_renewed_and_nobody_notices(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4), size=2)
    dispatch.step(campaign.pk)
    carrier.control("DELETE", "sessions")
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(texts(carrier)) == 4
    assert why_it_waits(campaign) == ""
    assert sum("oauth/token" in call["path"] for call in carrier.requests()) == 2


def test_a_token_refused_twice_is_for_a_person(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    carrier.faults({**POST, "fault": "status", "status": 401})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert campaign.state == Campaign.State.HELD
    assert [attempt.http_status for attempt in Attempt.objects.all()] == [401, 401]
    assert scenario.account_error()
    assert carrier.ledger() == []
    carrier.faults()
    lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert scenario.account_error() == ""


def test_a_token_is_renewed_once_even_after_other_failures(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    Campaign.objects.filter(pk=campaign.pk).update(failures=5)
    carrier.faults({**POST, "nth": 1, "fault": "status", "status": 401})
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(texts(carrier)) == 2


def test_a_refused_sign_in_holds_before_anything_leaves(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    AccessToken.objects.all().delete()
    carrier.faults(
        {"path": "oauth/token", "fault": "status", "status": 400, "body": '{"error": "invalid_grant"}'}
    )
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert campaign.state == Campaign.State.HELD
    assert "JWT" in why_it_waits(campaign)
    assert Attempt.objects.get().state == Attempt.State.NOT_SENT
    assert posts(carrier) == 0
    assert scenario.counts(campaign) == {"held": 2}


def test_a_request_that_is_too_large_is_halved(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(5))
    carrier.faults({**POST, "nth": 1, "fault": "status", "status": 413})
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert [(batch.number, batch.size) for batch in Batch.objects.order_by("number")] == [(1, 2), (2, 3)]
    assert texts(carrier) == sorted((phone, f"Hi {name}") for phone, name in scenario.people(5))
    scenario.assert_adds_up(campaign)


def test_one_text_that_is_too_large_is_for_a_person(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(1))
    carrier.faults({**POST, "fault": "status", "status": 413})
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert campaign.state == Campaign.State.HELD
    assert Batch.objects.count() == 1


def test_a_batch_that_another_worker_prepared_is_not_halved(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(4))
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    failures.split(prepared.batch_id)
    assert Batch.objects.count() == 1, "half of its people would be texted again from the new batch"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "1800"}, 1800),
        ({"Retry-After": "soon"}, 60),
        ({}, 60),
    ],
)
def test_asked_to_slow_down_it_is_silent_so_long(
    carrier: RunningSimulator, headers: dict[str, str], seconds: int
) -> None:
    campaign = scenario.launched(scenario.people(2))
    carrier.faults({**POST, "nth": 1, "fault": "status", "status": 429, "headers": headers})
    before = timezone.now()
    step = scenario.submit_all(campaign)
    assert (step.result, step.seconds) == (StepResult.WAIT, seconds)
    assert campaign.next_retry_at is not None
    assert abs((campaign.next_retry_at - before).total_seconds() - seconds) < 5
    assert why_it_waits(campaign)
    assert scenario.counts(campaign) == {"queued": 2}
    calls = len(carrier.requests())

    # Nothing of ours makes a sound, even what does not know of the campaign's own wait.
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.WAIT
    with pytest.raises(ProviderError):
        registry.default().refresh_numbers()
    assert len(carrier.requests()) == calls

    with time_machine.travel(before + timedelta(seconds=seconds + 2)):
        AccessToken.objects.update(expires_at=timezone.now() + timedelta(hours=1))
        assert scenario.submit_all(campaign).result == StepResult.DONE
    assert len(texts(carrier)) == 2
    assert why_it_waits(campaign) == ""
    scenario.assert_adds_up(campaign)
