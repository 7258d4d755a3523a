"""The circuit breaker holds a campaign when receipts show harm, and only then."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.labels.holds import why_it_waits
from campaigns.models import Batch, Campaign
from campaigns.receipts import circuit_breaker
from campaigns.reports import progress
from campaigns.sending import dispatch, lifecycle
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

SPAM, NOT_REGISTERED, DAILY_LIMIT = "9830", "9793", "9703"
"""Endings of numbers that the simulated carrier fails with SMS-UP-430, SMS-RC-503 and SMS-RC-403."""
TWELVE = (*range(10), 11, 13)
"""Area codes that exist, counted from 312."""
GONE, OPTED_OUT, PROVIDER_FAULT = "9810", "9813", "9790"


def totals(delivered: int = 0, sent: int = 0, **codes: int) -> dict[str, Any]:
    """Totals as a batch stores them; SMS_UP_430=3 is an error code and its count."""
    failed = {code.replace("_", "-"): count for code, count in codes.items()}
    return {
        "queued": {"count": 0, "cost": "0", "error_codes": {}},
        "sent": {"count": sent, "cost": "0", "error_codes": {}},
        "delivered": {"count": delivered, "cost": "0", "error_codes": {}},
        "sending_failed": {"count": 0, "cost": "0", "error_codes": {}},
        "delivery_failed": {"count": sum(failed.values()), "cost": "0", "error_codes": failed},
    }


def sending(*batches: dict[str, Any], state: str = "sending") -> Campaign:
    """A sending campaign with these totals, and as many texts still waiting."""
    campaign = factories.campaign(state=state)
    factories.counters(campaign, with_carrier=100, queued=100)
    for number, stored in enumerate(batches, 1):
        Batch.objects.create(
            campaign=campaign, number=number, size=100, sender=campaign.sender, state="with_carrier",
            accepted_at=timezone.now() - timedelta(minutes=1), totals=stored,
        )  # fmt: skip
    return campaign


@pytest.mark.parametrize(
    ("batches", "trips"),
    [
        ([totals(SMS_UP_430=10)], True),
        ([totals(SMS_UP_430=9)], False),
        ([totals(delivered=190, SMS_UP_430=10)], True),
        ([totals(delivered=191, SMS_UP_430=10)], False),
        ([totals(sent=191, SMS_UP_430=10)], False),
        ([totals(delivered=1900, SMS_UP_430=99)], False),
        ([totals(delivered=1900, SMS_UP_430=100)], True),
        ([totals(SMS_UP_430=5), totals(SMS_RC_503=5)], True),
        ([totals(SMS_CAR_450=10)], True),
        ([totals(SMS_UP_413=500)], False),
        ([totals(SMS_UP_410=500)], False),
        ([totals(SMS_UP_500=500)], False),
        ([totals(SMS_XX_999=500)], False),
        ([totals(delivered=5000)], False),
        ([{}], False),
        ([], False),
    ],
)
def test_ten_texts_and_a_twentieth_of_those_worked_off(batches: list[dict[str, Any]], trips: bool) -> None:
    campaign = sending(*batches)
    assert circuit_breaker.check(campaign.pk) is trips
    campaign.refresh_from_db()
    assert campaign.state == ("held" if trips else "sending")


def test_the_sentence_names_the_code_what_it_means_and_what_to_do() -> None:
    campaign = sending(totals(delivered=150, SMS_UP_430=57, SMS_RC_503=3))
    assert circuit_breaker.check(campaign.pk)
    assert not circuit_breaker.check(campaign.pk), "once"
    campaign.refresh_from_db()
    assert campaign.hold_data["code"] == "SMS-UP-430"
    assert why_it_waits(campaign) == (
        "60 of 210 texts that RingCentral worked off were stopped, most of them with SMS-UP-430. "
        "A spam filter on the way to the carrier stopped the text. "
        "Change the wording before you send again. Many of these harm the sending number. "
        "The text of this campaign is fixed: to change it, cancel the rest and write a new one."
    )


def test_a_campaign_that_is_not_sending_is_left_alone() -> None:
    for state in ("held", "delivering", "finished"):
        campaign = sending(totals(SMS_UP_430=50), state=state)
        assert not circuit_breaker.check(campaign.pk)
    nothing_left = sending(totals(SMS_UP_430=50))
    factories.counters(nothing_left, with_carrier=0, queued=0, not_delivered=50)
    assert not circuit_breaker.check(nothing_left.pk), "there is nothing to hold"


def test_what_a_person_has_seen_does_not_trip_again(sender: User) -> None:
    campaign = sending(totals(SMS_UP_430=50))
    circuit_breaker.check(campaign.pk)
    assert lifecycle.resume(campaign, user=sender)
    Batch.objects.update(totals=totals(SMS_UP_430=90))  # more of the same texts
    assert not circuit_breaker.check(campaign.pk)
    fresh = {"campaign": campaign, "size": 100, "sender": campaign.sender, "state": "with_carrier"}
    Batch.objects.create(number=2, accepted_at=timezone.now(), totals=totals(SMS_UP_430=9), **fresh)
    assert not circuit_breaker.check(campaign.pk)
    Batch.objects.create(number=3, accepted_at=timezone.now(), totals=totals(SMS_UP_430=1), **fresh)
    assert circuit_breaker.check(campaign.pk)


def test_it_costs_no_count_over_messages() -> None:
    campaign = sending(*[totals(delivered=5)] * 20)
    with CaptureQueriesContext(connection) as queries:
        circuit_breaker.check(campaign.pk)
    assert len(queries) <= 3
    assert not [query["sql"] for query in queries if "message" in query["sql"] or "COUNT" in query["sql"]]


@pytest.mark.parametrize(
    ("ending", "code"),
    [(SPAM, "SMS-UP-430"), (NOT_REGISTERED, "SMS-RC-503"), (DAILY_LIMIT, "SMS-RC-403")],
)
def test_from_the_carrier_to_the_hold(carrier: RunningSimulator, ending: str, code: str) -> None:
    bad = [(scenario.ending(ending, number), "stopped") for number in TWELVE]
    campaign = scenario.launched([*bad, *scenario.people(20)], size=16)
    dispatch.step(campaign.pk)
    scenario.poll()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_data.get("code")) == ("held", code)
    assert scenario.counts(campaign) == {"not_delivered": 12, "delivered": 4, "held": 16}
    scenario.assert_adds_up(campaign)
    assert dispatch.step(campaign.pk).result == StepResult.BLOCKED
    lifecycle.resume(campaign, user=None)
    scenario.submit_all(campaign)
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == "finished"


@pytest.mark.parametrize("ending", [GONE, OPTED_OUT, PROVIDER_FAULT])
def test_what_concerns_one_person_stops_nobody_else(carrier: RunningSimulator, ending: str) -> None:
    bad = [(scenario.ending(ending, number), "failed") for number in TWELVE]
    campaign = scenario.launched([*bad, *scenario.people(20)], size=16)
    dispatch.step(campaign.pk)
    scenario.poll()
    campaign.refresh_from_db()
    assert campaign.state == "sending"


def test_a_canary_shows_what_came_back(carrier: RunningSimulator) -> None:
    campaign = sending(totals(delivered=3, SMS_UP_430=2, SMS_UP_410=1))
    lifecycle.hold(campaign.pk, Campaign.HoldReason.CANARY, texts=50, state="with_carrier")
    reasons = progress.progress(campaign.pk).canary_reasons
    assert [(reason.count, reason.code) for reason in reasons] == [(2, "SMS-UP-430"), (1, "SMS-UP-410")]
