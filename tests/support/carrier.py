"""Points the settings at a simulated carrier. Import these fixtures where they are needed."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from campaigns.accounts import registry
from campaigns.providers.base import Provider
from campaigns.providers.retry import RetryPolicy
from campaigns.providers.ringcentral.api import ApiClient, ApiRequest
from campaigns.runtime import shutdown
from tests.simulator.running import RunningSimulator, _simulator_process, simulator

__all__ = ["_simulator_process", "carrier", "simulator", "without_pauses"]


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read is tried as often as ever, without the pauses between."""
    client = registry.default().provider
    for holder in (client, client._sign_in):  # type: ignore[attr-defined]
        monkeypatch.setattr(holder, "_retry_policy", RetryPolicy(first_pause=0))


def block(client: Provider, *pairs: tuple[str, str]) -> None:
    """Let the carrier block texts from a number, or from `*` for all of the account, to a person."""
    assert isinstance(client, ApiClient)
    wish = {"optStatus": "OptOut", "source": "Api"}
    records = [wish | {"from": sender, "to": person} for sender, person in pairs]
    path = "/restapi/v2/accounts/~/sms/consents"
    client.send_json(ApiRequest(method="PATCH", path=path, content={"records": records}))


@pytest.fixture
def carrier(
    simulator: RunningSimulator, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunningSimulator:
    """A carrier that sends a million times as fast as a real one, and that the stages talk to."""
    settings.RINGCENTRAL_SERVER_URL = simulator.url
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.HANDOVER_MINUTES = 0
    without_pauses(monkeypatch)
    shutdown.requested.clear()
    return simulator
