"""Each safeguard of the send path on its own, as far as it shows by itself. `make mutants` takes them out."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign
from campaigns.providers.http import Limits, Transport
from campaigns.reconciling import orphans
from campaigns.sending import attempts, dispatch
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import Step, StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

LIVE = [state for state in Attempt.State if state not in Attempt.DEAD]
ELSEWHERE = "another host:1:1"


def tried(state: str) -> Batch:
    """A batch that waits, and one attempt of it that another host made; nothing else stands in its way."""
    campaign = scenario.launched(scenario.people(2))
    batch = Batch.objects.get(campaign=campaign)
    now = timezone.now()
    Attempt.objects.create(
        batch=batch, account="another account", sender=batch.sender, size=2, state=state, owner=ELSEWHERE,
        prepared_at=now, sending_at=now, provider_id="1" if state == Attempt.State.ACCEPTED else "",
    )  # fmt: skip
    return batch


@pytest.mark.parametrize("state", LIVE)
def test_a_second_live_attempt_is_impossible(carrier: RunningSimulator, state: str) -> None:
    batch = tried(state)
    with pytest.raises(IntegrityError), transaction.atomic():
        attempts.prepare(Campaign.objects.locked(batch.campaign_id), batch)
    # Nothing but the index is in the way of this: the account is another one.
    assert dispatch.step(batch.campaign_id) == Step(StepResult.WAIT, 1.0)
    assert carrier.ledger() == []
    assert Attempt.objects.get().owner == ELSEWHERE


@pytest.mark.parametrize("state", Attempt.DEAD)
def test_after_a_dead_one_it_is_tried_again(carrier: RunningSimulator, state: str) -> None:
    batch = tried(state)
    assert scenario.submit_all(batch.campaign).result == StepResult.DONE
    assert len(carrier.ledger()) == 2


def test_the_mark_is_made_before_the_first_byte(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(3), size=1)
    states: list[list[str]] = []
    sendall = socket.socket.sendall

    def watched(connection: socket.socket, data: bytes, *more: Any) -> None:
        if bytes(data).startswith(b"POST") and b"/a2p-sms/batches" in data:
            states.append(list(Attempt.objects.order_by("id").values_list("state", flat=True)))
        sendall(connection, data, *more)

    monkeypatch.setattr(socket.socket, "sendall", watched)
    assert scenario.submit_all(campaign).result == StepResult.DONE
    assert states == [["sending"], ["accepted", "sending"], ["accepted", "accepted", "sending"]]


def test_a_mark_that_is_too_old_is_not_acted_on(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scenario.launched(scenario.people(2))
    registry.default().fetch_id()
    monkeypatch.setattr(registry.default().provider, "_transport", Transport(Limits(stale=-1.0)))
    assert dispatch.step(campaign.pk).result == StepResult.WAIT
    assert Attempt.objects.get().state == Attempt.State.NOT_SENT
    assert carrier.ledger() == []


@pytest.mark.parametrize("state", [Attempt.State.PREPARED, Attempt.State.SENDING])
def test_a_process_on_another_host_is_waited_for_as_long_as_it_may_be_sending(
    carrier: RunningSimulator, state: str
) -> None:
    campaign = scenario.launched(scenario.people(2))
    chosen = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(chosen, Prepared)
    if state == Attempt.State.SENDING:
        attempts.mark_sending(chosen)
    Attempt.objects.update(owner=ELSEWHERE)
    assert orphans.settle_orphans() == 0
    assert dispatch.step(campaign.pk) == Step(StepResult.WAIT, 1.0)
    long_ago = timezone.now() - attempts.LEASE - timedelta(seconds=1)
    Attempt.objects.update(prepared_at=long_ago, sending_at=long_ago)
    assert orphans.settle_orphans() == 1
