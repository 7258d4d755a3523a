"""Two accounts in one site, each at a simulated carrier of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from django.conf import LazySettings

from campaigns.accounts import registry
from campaigns.models import SenderNumber
from campaigns.providers import catalogue
from campaigns.providers.base import Gate, TokenStore
from campaigns.providers.http import Transport
from campaigns.providers.retry import RetryPolicy
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.settings import RingCentralSettings
from tests.simulator.running import RunningSimulator
from tests.support import scenario

FIRST, SECOND = scenario.LOCAL, scenario.TOLL_FREE
"""The number that only the first, and that only the second account may send from."""


class Other(RingCentral):
    """Another provider, as far as the site can tell; the wire is that of the simulated carrier."""

    name: ClassVar[str] = "Other Carrier"
    key: ClassVar[str] = "other"

    def account(self) -> str:
        return f"other {super().account()}"


def open_other(settings: RingCentralSettings, gate: Gate, token_store: TokenStore) -> Other:
    """With any credentials, so that tests may change them."""
    return Other(
        url=settings.server_url,
        client_id="simulator",
        client_secret="simulator",
        jwt="simulator",
        gate=gate,
        token_store=token_store,
        transport=Transport(),
        user_agent="test",
        retry_policy=RetryPolicy(first_pause=0),
    )


@dataclass(frozen=True, slots=True)
class TwoAccounts:
    first: RunningSimulator
    second: RunningSimulator
    settings: LazySettings

    def second_credentials(self, jwt: str, *, client_id: str = "simulator") -> None:
        """None of them if empty: then the account is not open any more. Another client id is a real one's."""
        self.settings.OTHER_CLIENT_ID = self.settings.OTHER_CLIENT_SECRET = jwt and client_id
        self.settings.OTHER_JWT = jwt

    def read_numbers(self) -> None:
        """Each account has a number that the other has not."""
        assert registry.refresh_numbers() == []
        one, other = registry.accounts()
        SenderNumber.objects.filter(account=one.known_id(), phone=SECOND).delete()
        SenderNumber.objects.filter(account=other.known_id()).exclude(phone=SECOND).delete()

    def sent(self) -> tuple[int, int]:
        """How many texts each carrier took."""
        return len(self.first.ledger()), len(self.second.ledger())


@pytest.fixture(scope="session")
def _second_process() -> Iterator[RunningSimulator]:
    simulator = RunningSimulator({"port": 0, "rate_limits": "off", "speed": 1_000_000})
    yield simulator
    simulator.kill()


@pytest.fixture
def two_accounts(
    db: None,
    carrier: RunningSimulator,
    _second_process: RunningSimulator,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> TwoAccounts:
    _second_process.reset()
    entry = replace(catalogue.PROVIDERS["ringcentral"], client=Other, open=open_other)
    monkeypatch.setitem(catalogue.PROVIDERS, "other", entry)
    settings.OTHER_SERVER_URL = _second_process.url
    two = TwoAccounts(carrier, _second_process, settings)
    two.second_credentials("the first")
    two.read_numbers()
    return two
