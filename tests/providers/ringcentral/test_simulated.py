"""The client and the simulated carrier, two programs that share no line, over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.types import OutgoingText
from tests.providers.wire import Hook, simulated
from tests.simulator.running import RunningSimulator


@pytest.fixture
def carrier(simulator: RunningSimulator) -> Iterator[RingCentral]:
    provider = simulated(simulator.url)
    yield provider
    provider.close()


def test_the_whole_way_of_a_batch(carrier: RingCentral, simulator: RunningSimulator) -> None:
    start = datetime.now(UTC) - timedelta(minutes=1)
    texts = [OutgoingText(f"+1415555{n:04}", f"Hi {n} 👋") for n in range(100, 350)]
    hook = Hook()
    sent = carrier.submit("+16505550100", texts, before_first_byte=hook)
    assert (sent.batch_size, sent.rejected, sent.sender, hook.calls) == (250, (), "+16505550100", 1)
    assert [(entry["to"], entry["text"]) for entry in simulator.ledger()] == [(t.to, t.text) for t in texts]

    assert carrier.batch(sent.provider_id).provider_id == sent.provider_id
    (listed,) = carrier.batches(date_from=start, sender="+16505550100")
    assert listed.provider_id == sent.provider_id
    assert list(carrier.batches(date_from=start, sender="+18885550100")) == []

    (messages,) = carrier.messages(date_from=start, batch_id=sent.provider_id, with_text=True)
    assert {(m.to, m.text) for m in messages} == {(t.to, t.text) for t in texts}
    assert {m.batch_id for m in messages} == {sent.provider_id}

    totals = carrier.statuses(date_from=start, batch_id=sent.provider_id)
    assert totals.count == 250


def test_numbers_of_the_account(carrier: RingCentral) -> None:
    numbers = {number.phone: number for number in carrier.numbers()}
    can_send = {phone: number.can_send_batches for phone, number in numbers.items()}
    assert can_send["+16505550100"]
    assert can_send["+18885550100"]
    assert not can_send["+16505550199"]
    assert [phone for phone, number in numbers.items() if number.toll_free] == ["+18885550100"]


def test_the_account_is_asked_for_once(carrier: RingCentral, simulator: RunningSimulator) -> None:
    assert carrier.account().isdigit()
    assert carrier.account() == carrier.account()
    assert len([call for call in simulator.requests() if call["path"].endswith("/extension/~")]) == 1


def test_a_lost_answer_is_a_doubt_and_is_not_tried_again(
    carrier: RingCentral, simulator: RunningSimulator
) -> None:
    simulator.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "drop_after"})
    with pytest.raises(ProviderError) as caught:
        carrier.submit("+16505550100", [OutgoingText("+14155550101", "Hi")], before_first_byte=Hook())
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(simulator.ledger()) == 1
    assert len([call for call in simulator.requests() if call["method"] == "POST"]) == 2  # and the sign-in


@pytest.mark.parametrize(
    ("sender", "kind"),
    [("+16505550199", {"request", "permission"}), ("+19995550100", {"request", "permission"})],
)
def test_a_sender_that_may_not_is_refused(
    carrier: RingCentral, simulator: RunningSimulator, sender: str, kind: set[str]
) -> None:
    with pytest.raises(ProviderError) as caught:
        carrier.submit(sender, [OutgoingText("+14155550101", "Hi")], before_first_byte=Hook())
    assert caught.value.outcome is Outcome.REFUSED
    assert caught.value.kind in kind
    assert simulator.ledger() == []


@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "jwt"])
def test_wrong_credentials(simulator: RunningSimulator, wrong: str) -> None:
    carrier = simulated(simulator.url, **{wrong: "wrong"})
    with pytest.raises(ProviderError) as caught:
        carrier.numbers()
    assert (caught.value.kind, caught.value.permanent) == ("credentials", True)
    carrier.close()
