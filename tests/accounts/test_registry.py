"""The account: its numbers, prices and rates."""

from decimal import Decimal

import pytest
from django.conf import LazySettings

from campaigns.accounts import registry
from campaigns.accounts.tokens import DatabaseTokens
from campaigns.models import AccessToken, AccountState, Price, SenderNumber
from campaigns.providers.base import Outcome, ProviderError
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


def test_the_numbers_that_may_send(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    assert [number.phone for number in registry.default().usable_numbers()] == [
        scenario.LOCAL,
        scenario.TOLL_FREE,
    ]
    assert scenario.PLAIN in [number.phone for number in registry.default().numbers()]
    assert registry.default().numbers_are_fresh()
    toll_free = registry.default().number(scenario.TOLL_FREE)
    assert toll_free is not None
    assert toll_free.toll_free


def test_a_number_that_went_away_is_forgotten(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    SenderNumber.objects.filter(phone=scenario.LOCAL).update(phone="+16505550177", rate=99.0)
    SenderNumber.objects.filter(phone=scenario.TOLL_FREE).update(rate=123.0)
    registry.default().refresh_numbers()
    assert registry.default().number("+16505550177") is None
    assert registry.default().number(scenario.LOCAL) is not None
    assert registry.default().rate_for(scenario.TOLL_FREE) == 123.0, "what was measured is kept"


def test_numbers_of_another_account_are_not_ours(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    SenderNumber.objects.update(account="another")
    assert registry.default().numbers() == []


def test_a_failure_keeps_what_was_known(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    carrier.faults({"path": "phone-number", "fault": "status", "status": 403})
    with pytest.raises(ProviderError):
        registry.default().refresh_numbers()
    assert len(registry.default().usable_numbers()) == 2
    assert scenario.account_error()
    carrier.faults()
    registry.default().refresh_numbers()
    assert scenario.account_error() == ""


@pytest.mark.parametrize(
    ("kind", "is_shown"),
    [
        ("unreachable", True), ("credentials", True), ("permission", True), ("server", True),
        ("request", False), ("not_found", False), ("answer", False), ("too_large", False), ("rate", False),
    ],
)  # fmt: skip
def test_the_banner_is_about_the_account_and_not_about_one_request(
    carrier: RunningSimulator, kind: str, is_shown: bool
) -> None:
    registry.default().refresh_numbers()
    registry.default().record_failure(ProviderError("It does not work.", kind=kind, outcome=Outcome.REFUSED))
    assert (scenario.account_error() == "It does not work.") is is_shown
    since = AccountState.objects.get().error_since
    registry.default().record_failure(ProviderError("It still does not work.", kind=kind))
    assert AccountState.objects.get().error_since == since
    registry.default().record_success()
    assert scenario.account_error() == ""


def test_prices_are_by_kind_of_number_and_never_guessed(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    assert registry.default().price_for(scenario.LOCAL) is None
    Price.objects.create(kind=Price.Kind.TOLL_FREE, per_segment=Decimal("0.01"))
    assert registry.default().price_for(scenario.LOCAL) is None
    assert registry.default().price_for(scenario.TOLL_FREE) == Decimal("0.01")


def test_speed_is_by_kind_until_it_is_measured(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    assert registry.default().rate_for(scenario.LOCAL) == 60
    assert registry.default().rate_for(scenario.TOLL_FREE) == 180
    SenderNumber.objects.filter(phone=scenario.LOCAL).update(rate=44.0)
    assert registry.default().rate_for(scenario.LOCAL) == 44


def test_one_token_serves_all_calls_and_workers(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    campaign = scenario.launched(scenario.people(3), size=1)
    scenario.submit_all(campaign)
    scenario.poll()
    assert sum("oauth/token" in call["path"] for call in carrier.requests()) == 1
    token = AccessToken.objects.get()
    store = DatabaseTokens(token.account)
    store.drop("another token")
    assert AccessToken.objects.count() == 1, "only the refused one is dropped"
    store.drop(token.token)
    assert store.load() is None


def test_other_credentials_are_another_account_until_the_provider_says_so(
    carrier: RunningSimulator, settings: LazySettings
) -> None:
    registry.default().refresh_numbers()
    assert registry.default().known_id()
    settings.RINGCENTRAL_JWT = "another"
    assert registry.default().known_id() == ""
    assert "simulator" not in AccountState.objects.get().credentials_fingerprint.rpartition("#")[2]


def test_trouble_is_that_of_the_credentials_of_now(carrier: RunningSimulator, settings: LazySettings) -> None:
    """After a key was corrected or the rehearsal ended, the old problem is not shown any more."""
    right, refused = "simulator", ProviderError("The JWT is wrong.", kind="credentials")
    settings.RINGCENTRAL_JWT = "mistyped"
    registry.default().record_failure(refused)
    assert scenario.account_error() == "The JWT is wrong."
    settings.RINGCENTRAL_JWT = right
    assert scenario.account_error() == ""
    registry.default().refresh_numbers()
    registry.default().record_failure(refused)
    assert scenario.account_error() == "The JWT is wrong.", "it worked once, and does not any more"
    settings.RINGCENTRAL_CLIENT_ID = "of another account"
    assert scenario.account_error() == ""
