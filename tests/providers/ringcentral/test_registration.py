from typing import Any

import pytest

from campaigns.providers.base import ProviderError
from campaigns.providers.ringcentral import parse
from campaigns.providers.types import Registration, RegistrationStatus
from tests.providers.servers import answer, ringcentral, saying, serving
from tests.providers.wire import simulated
from tests.simulator.running import RunningSimulator


def test_registrations_of_the_simulated_carrier(simulator: RunningSimulator) -> None:
    carrier = simulated(simulator.url)
    numbers = {number.phone: carrier.registration(number.provider_id) for number in carrier.numbers()}
    carrier.close()
    assert numbers["+16505550100"].confirmed
    assert not numbers["+16505550100"].low_volume
    assert numbers["+18885550100"] == Registration()


@pytest.mark.parametrize(
    ("campaign", "brand", "expected"),
    [
        (None, None, Registration()),
        ([], "?", Registration()),
        (
            {
                "id": "C1",
                "status": "SubmitFailed",
                "registrationTier": "LowVolume",
                "errors": [{"errorCode": "TCR-5"}],
            },
            {"errors": [{"errorCode": "+14155550101"}]},
            Registration(
                campaign_id="C1",
                status=RegistrationStatus.RETURNED,
                status_word="SubmitFailed",
                low_volume=True,
                problems=("TCR-5",),
            ),
        ),
    ],
)
def test_registrations_as_they_also_come(campaign: Any, brand: Any, expected: Registration) -> None:
    data = {"phoneNumberId": 1, "smsCampaignInfo": campaign, "smsBrandInfo": brand}
    assert parse.registration(data) == expected


def test_an_answer_about_no_number() -> None:
    with serving(ringcentral(saying(answer(200, {})))) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).registration("1")
    assert caught.value.kind == "answer"
