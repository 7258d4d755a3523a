"""Why a campaign stands still: the first hold stands, and only a person ends it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.providers.base import Outcome, ProviderError
from campaigns.sending import attempts, failures, lifecycle, quarantine
from tests.sending.situations import as_prepared, situation
from tests.support import factories

pytestmark = pytest.mark.django_db
Reason = Campaign.HoldReason
DATA: dict[str, dict[str, Any]] = {
    Reason.PAUSED: factories.PAUSED["hold_data"],
    Reason.CANARY: {"texts": 2, "state": "with_carrier"},
    Reason.QUARANTINE: {},
    Reason.PROVIDER_ERROR: factories.refused()["hold_data"],
    Reason.SILENCE: {"code": "", "until": "2026-11-21T16:41:00+00:00"},
    Reason.RECEIPTS: {"code": "SMS-UP-430", "stopped": 60, "settled": 210, "alike": True},
    Reason.RESTORED: {},
    Reason.ACCOUNT_GONE: {},
}
LATER = ProviderError("No.", kind="permission", outcome=Outcome.REFUSED)
"""An answer after which a campaign that sends is held."""


def held(reason: Campaign.HoldReason) -> Campaign:
    campaign = situation("sending", "submitting").batch.campaign
    assert lifecycle.hold(campaign.pk, reason, **DATA[reason])
    campaign.refresh_from_db()
    return campaign


@pytest.mark.parametrize("reason", Reason)
def test_no_later_hold_or_wait_takes_its_place(reason: Campaign.HoldReason, sender: User) -> None:
    campaign = held(reason)
    attempt = Attempt.objects.get()
    assert not lifecycle.pause(campaign, user=sender)
    assert not any(lifecycle.hold(campaign.pk, other, **DATA[other]) for other in Reason)
    assert not quarantine.hold_if_only_quarantined_left(campaign.pk)
    failures.wait(campaign.pk, LATER, 5.0)
    attempts.mark_ambiguous(as_prepared(attempt), LATER)
    attempts.clear_doubt_notice(campaign.pk)
    failures.end_waits(campaign.pk, registry.default())
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason, campaign.hold_data) == ("held", reason, DATA[reason])


@pytest.mark.parametrize("reason", Reason)
def test_a_person_ends_it_and_the_history_says_how(reason: Campaign.HoldReason, sender: User) -> None:
    campaign = held(reason)
    assert lifecycle.resume(campaign, user=sender)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.hold_reason, campaign.hold_data) == ("sending", "", {})
    assert (campaign.canary_confirmed_at is not None) == (reason is Reason.CANARY)
    assert History.objects.first().kind == lifecycle.LIFTED_AS[reason]  # type: ignore[union-attr]


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.QUARANTINE])
def test_every_hold_says_why(reason: Campaign.HoldReason) -> None:
    assert why_it_waits(held(reason)).endswith(".")


def test_a_doubt_does_not_hide_that_a_batch_is_held_back() -> None:
    """Somebody has to see the button that tries it again."""
    campaign = situation("not_sent", "held").batch.campaign
    Batch.objects.update(hold_reason="quarantine")
    lost = {"batch": 2, "at": "2026-11-21T16:41:00+00:00"}
    Campaign.objects.update(wait_reason="answer_lost", wait_data=lost)
    campaign.refresh_from_db()
    assert "batch 2 was lost" in why_it_waits(campaign)
    attempts.clear_doubt_notice(campaign.pk)
    campaign.refresh_from_db()
    assert why_it_waits(campaign).startswith("Batch 1 is held back")


@pytest.mark.parametrize(
    ("constraint", "wrong"),
    [
        ("held_with_a_reason", {"state": "held"}),
        ("held_with_a_reason", {"hold_reason": "paused"}),
        ("waits_only_while_sending", {"wait_reason": "journal", "state": "delivering"}),
        ("asked_only_while_preparing", {"asked": "pause"}),
    ],
    ids=str,
)
def test_the_database_refuses_what_makes_no_sense(constraint: str, wrong: dict[str, Any]) -> None:
    campaign = factories.campaign(state="sending")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(**wrong)


def test_a_batch_that_waits_has_no_hold_of_its_own() -> None:
    situation("not_sent")
    with pytest.raises(IntegrityError, match="batch_held_with_reason"), transaction.atomic():
        Batch.objects.update(hold_reason="quarantine")
