"""With two accounts open, each campaign is sent through its own, and neither gets in the other's way."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Batch, Campaign, SenderNumber
from campaigns.reconciling import search
from campaigns.sending import lifecycle
from campaigns.sending.steps import StepResult
from tests.support import scenario
from tests.support.two_accounts import FIRST, SECOND, TwoAccounts, _second_process, two_accounts

__all__ = ["_second_process", "two_accounts"]

pytestmark = pytest.mark.django_db

PEOPLE = scenario.people(2)


def counts_of(campaign: Campaign) -> dict[str, int]:
    campaign.refresh_from_db()
    return scenario.counts(campaign)


# --- Which account


@pytest.mark.parametrize(
    ("sender", "provider"),
    [(FIRST, "ringcentral"), (SECOND, "other"), ("+16505550123", "ringcentral"), ("", "ringcentral")],
)
def test_a_number_leads_to_its_account(two_accounts: TwoAccounts, sender: str, provider: str) -> None:
    assert registry.for_sender(sender).key == provider
    assert registry.for_campaign(Campaign(sender=sender)) is registry.for_sender(sender)


@pytest.mark.parametrize(
    ("first_may_send", "provider"), [(True, "ringcentral"), (False, "other")], ids=["both may", "one may"]
)
def test_a_number_of_both_leads_to_the_first_that_may_send_from_it(
    two_accounts: TwoAccounts, *, first_may_send: bool, provider: str
) -> None:
    SenderNumber.objects.create(
        account=registry.default().known_id(), phone=SECOND, can_send_batches=first_may_send,
        last_listed_at=timezone.now(),
    )  # fmt: skip
    assert registry.for_sender(SECOND).key == provider
    assert [number.phone for number in registry.usable_numbers()] == [FIRST, SECOND][: 1 + first_may_send]


def test_both_accounts_numbers_may_be_chosen(two_accounts: TwoAccounts) -> None:
    assert [number.phone for number in registry.usable_numbers()] == [FIRST, SECOND]
    assert {number.phone for number in registry.numbers()} == {FIRST, SECOND, scenario.PLAIN}


def test_accounts_are_found_by_id_and_named(two_accounts: TwoAccounts) -> None:
    for account in registry.accounts():
        assert registry.by_id(account.known_id()) is account
        assert registry.name_of(account.known_id()) == account.name
    assert registry.by_id("nobody's") is None
    assert registry.by_id("") is None


def test_an_account_that_cannot_be_read_keeps_no_other_from_being_read(two_accounts: TwoAccounts) -> None:
    two_accounts.first.faults({"path": "phone-number", "fault": "status", "status": 403})
    SenderNumber.objects.all().delete()
    assert len(registry.refresh_numbers()) == 1
    assert registry.for_sender(SECOND).key == "other"
    assert registry.default().error()
    assert registry.for_sender(SECOND).error() == {}


# --- A campaign keeps its account


def test_each_campaign_goes_through_the_account_of_its_number(two_accounts: TwoAccounts) -> None:
    one, other = scenario.launched(PEOPLE, sender=FIRST), scenario.launched(PEOPLE[:1], sender=SECOND)
    assert scenario.submit_all(other).result == StepResult.DONE
    assert two_accounts.sent() == (0, 1)
    assert scenario.submit_all(one).result == StepResult.DONE
    assert two_accounts.sent() == (2, 1)
    first, second = registry.accounts()
    assert (one.account, other.account) == (first.known_id(), second.known_id())
    for campaign in (one, other):
        assert set(Batch.objects.filter(campaign=campaign).values_list("account", flat=True)) == {
            campaign.account
        }


def test_a_campaign_whose_account_is_gone_is_held_and_goes_on_when_it_is_back(
    two_accounts: TwoAccounts,
) -> None:
    campaign = scenario.launched(PEOPLE, sender=SECOND, size=1)
    two_accounts.second_credentials("")
    # The number is in the other account too by now, which must not matter.
    SenderNumber.objects.create(
        account=registry.default().known_id(), phone=SECOND, can_send_batches=True,
        last_listed_at=timezone.now(),
    )  # fmt: skip
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED
    assert (campaign.state, campaign.hold_reason) == (Campaign.State.HELD, "account_gone")
    assert "do not open the Other Carrier account" in why_it_waits(campaign)
    assert registry.name_of(campaign.account) == "Other Carrier"
    assert not Attempt.objects.exists()
    assert two_accounts.sent() == (0, 0)

    assert lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.BLOCKED, "still gone"
    assert two_accounts.sent() == (0, 0)

    two_accounts.second_credentials("the first")
    assert lifecycle.resume(campaign, user=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert two_accounts.sent() == (0, 2)
    assert why_it_waits(campaign) == ""
    scenario.assert_adds_up(campaign)


def test_new_credentials_of_the_same_account_go_on_by_themselves(two_accounts: TwoAccounts) -> None:
    campaign = scenario.launched(PEOPLE, sender=SECOND)
    two_accounts.second_credentials("renewed")
    assert registry.by_id(campaign.account) is None, "nobody has tried them yet"
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert two_accounts.sent() == (0, 2)


def test_while_nobody_can_say_what_credentials_open_a_campaign_waits(two_accounts: TwoAccounts) -> None:
    campaign = scenario.launched(PEOPLE, sender=SECOND)
    two_accounts.second_credentials("renewed while it is down")
    two_accounts.second.faults({"fault": "status", "status": 503})
    assert scenario.submit_all(campaign).result == StepResult.WAIT
    assert campaign.state == Campaign.State.SENDING
    two_accounts.second.faults()
    Campaign.objects.update(next_retry_at=None)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert two_accounts.sent() == (0, 2)


def test_a_campaign_of_which_all_has_left_needs_no_account(two_accounts: TwoAccounts) -> None:
    campaign = scenario.launched(PEOPLE, sender=SECOND)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    Campaign.objects.update(state=Campaign.State.SENDING)
    two_accounts.second_credentials("")
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert campaign.state == Campaign.State.DELIVERING


def test_the_records_of_the_other_account_prove_nothing(two_accounts: TwoAccounts) -> None:
    """The answer was lost and the account is gone: the empty list of another one is no proof of absence."""
    campaign = scenario.launched(PEOPLE, sender=SECOND)
    two_accounts.second.faults({"method": "POST", "path": "/batches", "fault": "drop_after", "times": 1})
    scenario.submit_all(campaign)
    attempt = Attempt.objects.get()
    two_accounts.second_credentials("")
    for hours in range(0, 30, 5):
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            assert search.lookup(attempt.pk) is None
    assert counts_of(campaign) == {"needs_review": 2}
    two_accounts.second_credentials("the first")
    assert search.lookup(attempt.pk) == "matched"
    assert counts_of(campaign) == {"with_carrier": 2}
    assert two_accounts.sent() == (0, 2)


def test_a_lost_answer_in_one_account_holds_up_no_other_that_has_the_same_number(
    two_accounts: TwoAccounts,
) -> None:
    two_accounts.second.faults({"method": "POST", "path": "/batches", "fault": "drop_after", "times": 1})
    scenario.submit_all(scenario.launched(PEOPLE, sender=SECOND))
    SenderNumber.objects.create(
        account=registry.default().known_id(), phone=SECOND, can_send_batches=True,
        last_listed_at=timezone.now(),
    )  # fmt: skip
    campaign = scenario.launched(scenario.people(4)[2:], sender=SECOND)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert two_accounts.sent() == (2, 2)
