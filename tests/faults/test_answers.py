"""The carrier answers, and the answer is a refusal, a riddle or a lie: nobody twice, nobody forgotten."""

import json
from datetime import timedelta
from email.utils import formatdate
from typing import Any

import pytest
from django.utils import timezone

from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.sending import lifecycle
from tests.faults.fault_proxy import FaultProxy, RecordedRequest
from tests.faults.fault_scenario import (
    BATCHES,
    HOUR,
    MINUTE,
    PEOPLE,
    SIZE,
    Worker,
    assert_delivered,
    assert_right,
    attempt_states,
    launched,
    positions,
    posts,
    proxy,
    struck,
    worker,
)
from tests.providers.servers import Talk, answer
from tests.support import scenario

__all__ = ["proxy", "worker"]
pytestmark = pytest.mark.django_db

either = pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])


def when(taken: bool) -> dict[str, Any]:
    return {"when": "after" if taken else "before"}


def assert_found_out(worker: Worker, campaign: Campaign, before: int, *, taken: bool) -> None:
    """In doubt first; then adopted, or sent once more."""
    assert attempt_states(campaign, before) == ["ambiguous"]
    worker.rest(campaign)
    assert attempt_states(campaign, before) == (["accepted"] if taken else ["absent", "accepted"])
    assert_delivered(worker.carrier, campaign)


def at(seconds: float) -> str:
    """The words of Retry-After for so many seconds from the answer's own Date, 0."""
    return formatdate(seconds, usegmt=True)


SILENCES = {
    "30": ({"Retry-After": "30"}, 30),
    "date": ({"Retry-After": at(90), "Date": at(0)}, 90),
    "absent": ({}, 60),
    "garbage": ({"Retry-After": "soon"}, 60),
    "negative": ({"Retry-After": "-5"}, 60),
}


@pytest.mark.parametrize(("headers", "silence"), SILENCES.values(), ids=SILENCES)
def test_f19_silence_after_a_429(
    worker: Worker, proxy: FaultProxy, headers: dict[str, str], silence: float
) -> None:
    refused_at: list[float] = []

    def refuse(talk: Talk, _: object) -> None:
        refused_at.append(proxy.seen[-1].at)
        talk.write(answer(429, {"errorCode": "CMN-301"}, headers))

    proxy.tricks[2] = refuse
    campaign = launched()
    worker.turn()
    told = len(proxy.seen)
    for seconds in (silence / 2, silence / 2 - 3):
        worker.sleep(seconds)
        worker.turn()
    assert len(proxy.seen) == told, "not one request of any kind"
    campaign.refresh_from_db()
    assert "slow down" in why_it_waits(campaign)
    worker.rest(campaign)
    assert proxy.seen[told].at - refused_at[0] >= silence
    assert [seen.at - refused_at[0] < silence + 5 * MINUTE for seen in proxy.submissions()] == [True] * 4
    assert attempt_states(campaign, 1) == ["rejected", "accepted"]
    assert_delivered(worker.carrier, campaign)


def limited(proxy: FaultProxy) -> list[RecordedRequest]:
    """What falls under the limit that was met: signing in has one of its own."""
    return [seen for seen in proxy.seen if not seen.path.endswith("/oauth/token")]


@pytest.mark.parametrize("before", [0, 2], ids=["first", "last"])
def test_f19_silence_of_a_day_pauses_the_campaign_and_says_until_when(
    worker: Worker, proxy: FaultProxy, before: int
) -> None:
    day = 24 * HOUR
    refusal = answer(429, {"errorCode": "CMN-301"}, {"Retry-After": f"{day:.0f}"})
    proxy.tricks[before + 1] = lambda talk, _: talk.write(refusal)
    campaign = launched()
    worker.turn()
    refused = proxy.submissions()[-1].at
    told = len(limited(proxy))
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.HELD
    end = timezone.localtime() + timedelta(seconds=day)
    assert f"until {end:%b} {end.day} at {end:%H:%M}"[:-1] in why_it_waits(campaign)
    assert_right(worker.carrier, campaign)
    # A person who does not want to wait gets no request out either.
    assert lifecycle.resume(campaign, user=None)
    worker.turn()
    worker.sleep(day / 2)
    worker.turn()
    assert len(limited(proxy)) == told
    worker.sleep(day / 2)
    lifecycle.resume(campaign, user=None)
    worker.turn()
    worker.rest(campaign)
    assert limited(proxy)[told].at - refused >= day
    assert attempt_states(campaign, before)[-1] == "accepted"
    assert_delivered(worker.carrier, campaign)


@pytest.mark.parametrize("before", [0, 2], ids=["first", "last"])
def test_f20_an_equal_request_is_said_to_be_under_way(worker: Worker, before: int) -> None:
    """Something between us and the carrier repeated it: the first one counts."""
    body = json.dumps({"errorCode": "CMN-304", "message": "Duplicate concurrent request"})
    campaign = struck(worker, before, fault="status", status=429, body=body, when="after")
    assert_found_out(worker, campaign, before, taken=True)
    assert posts(worker.carrier) == BATCHES


@either
@positions
def test_f22_error_of_the_carrier(worker: Worker, before: int, taken: bool) -> None:
    campaign = struck(worker, before, fault="status", status=500, **when(taken))
    assert_found_out(worker, campaign, before, taken=taken)


@positions
def test_f23_token_ends_in_the_middle_and_is_renewed(worker: Worker, before: int) -> None:
    campaign = struck(worker, before, fault="status", status=401)
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["rejected", "accepted"]
    assert_delivered(worker.carrier, campaign)


@positions
def test_f23_token_ends_and_the_sign_in_is_refused(worker: Worker, before: int) -> None:
    sign_in = {"path": "oauth/token", "fault": "status", "status": 400, "body": '{"error": "invalid_grant"}'}
    campaign = struck(worker, before, sign_in, fault="status", status=401)
    assert campaign.state == Campaign.State.HELD
    assert "JWT" in why_it_waits(campaign)
    assert "JWT" in scenario.account_error()
    assert scenario.counts(campaign) == {"held": len(PEOPLE) - before * SIZE} | (
        {"with_carrier": before * SIZE} if before else {}
    )
    assert_right(worker.carrier, campaign)
    asked = len(worker.carrier.requests())
    worker.minutes(4)
    tokens = [call for call in worker.carrier.requests()[asked:] if call["method"] == "POST"]
    assert [call for call in tokens if call["path"].endswith("/batches")] == []
    assert lifecycle.resume(campaign, user=None)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


@pytest.mark.parametrize(
    ("status", "code", "before"),
    [(400, "CMN-101", 0), (400, "CMN-101", 1), (400, "CMN-101", 2), (403, "CMN-401", 1), (404, "CMN-102", 1)],
)
def test_f25_refusal_stops_everything_and_says_why(
    worker: Worker, status: int, code: str, before: int
) -> None:
    campaign = struck(worker, before, fault="status", status=status, body=json.dumps({"errorCode": code}))
    worker.minutes(8)
    assert posts(worker.carrier) == before, "it is not tried again blindly"
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.HELD
    assert "RingCentral" in why_it_waits(campaign)
    assert code in why_it_waits(campaign)
    assert_right(worker.carrier, campaign)
    assert lifecycle.resume(campaign, user=None)
    worker.rest(campaign)
    assert_delivered(worker.carrier, campaign)


@positions
def test_f25_too_large_is_halved(worker: Worker, before: int) -> None:
    campaign = struck(worker, before, fault="status", status=413)
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["rejected", "accepted"]
    sizes = sorted(Batch.objects.filter(campaign=campaign).values_list("size", flat=True))
    assert sizes == [1, 1, 2, 2]
    assert_delivered(worker.carrier, campaign)


@either
@pytest.mark.parametrize("before", [0, 2], ids=["first", "last"])
def test_f26_page_of_a_captive_portal(worker: Worker, before: int, taken: bool) -> None:
    campaign = struck(worker, before, fault="html", status=200, **when(taken))
    assert_found_out(worker, campaign, before, taken=taken)


NO_BATCH = {
    "cut off": '{"id": "12',
    "no JSON": "Created.",
    "a list": "[]",
    "no id": '{"batchSize": 2}',
    "null": '{"id": null, "batchSize": 2}',
    "empty": '{"id": "", "batchSize": 2}',
}


@pytest.mark.parametrize(
    ("what", "taken"), [*((what, True) for what in NO_BATCH), ("no JSON", False), ("null", False)]
)
def test_f27_success_that_names_no_batch(worker: Worker, what: str, taken: bool) -> None:
    campaign = struck(worker, 1, fault="status", status=201, body=NO_BATCH[what], **when(taken))
    assert_found_out(worker, campaign, 1, taken=taken)


def test_f27_answer_that_breaks_off(worker: Worker) -> None:
    campaign = struck(worker, 1, fault="truncate")
    assert_found_out(worker, campaign, 1, taken=True)


@pytest.mark.parametrize(("before", "taken"), [(1, True), (2, False)], ids=["taken", "not taken"])
def test_f27_answer_with_the_id_of_another_batch(
    worker: Worker, proxy: FaultProxy, before: int, taken: bool
) -> None:
    def lie(talk: Talk, ask: Any) -> None:
        if taken:
            ask()
        first = worker.carrier.ledger()[0]["batch_id"]
        talk.write(answer(201, {"id": first, "batchSize": 2, "status": "Processing", "rejected": []}))

    proxy.tricks[before + 1] = lie
    campaign = launched()
    worker.turn()
    attempt = Attempt.objects.get(batch__number=before + 1)
    assert (attempt.problem_code, attempt.provider_id) == ("repeated_id", "")
    assert History.objects.filter(kind="answer_lost").count() == 1
    assert_found_out(worker, campaign, before, taken=taken)
