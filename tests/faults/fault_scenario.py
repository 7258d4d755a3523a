"""A campaign through the whole send path: a worker that does what is due, and time that passes at will.

Import the fixture `worker` where it is needed; it brings the carrier along.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Campaign
from campaigns.providers.http import Limits, Transport
from campaigns.receipts import tasks
from campaigns.sending import launch
from campaigns.worker import schedule
from tests.faults import invariants
from tests.faults.fault_proxy import FaultProxy, running_proxy
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.carrier import without_pauses

POST = {"method": "POST", "path": "/a2p-sms/batches"}
LIST = {"method": "GET", "path": "/a2p-sms/batches"}
TEXTS_OF = {"method": "GET", "path": "/a2p-sms/messages"}
BATCHES, SIZE = 3, 2
PEOPLE = scenario.people(BATCHES * SIZE)
TEXTS = {number: f"Hi {name}" for number, name in PEOPLE}
MINUTE = 60.0
HOUR = 60 * MINUTE
REST_WITHIN = 20
"""Minutes after the last fault in which everything must be settled: the settle time, and a few looks."""

STRIDE = 4
"""Minutes between two turns while time passes: more than between two looks."""

MOVING = {"queued", "submitting", "in_doubt", "with_carrier"}

positions = pytest.mark.parametrize("before", range(BATCHES), ids=["first", "middle", "last"])
"""How many batches leave before the one that meets the fault."""


class Worker:
    """The worker and its tick, one turn at a time, and the clock of both sides."""

    def __init__(self, carrier: RunningSimulator, clock: time_machine.Traveller) -> None:
        self.carrier = carrier
        self._clock = clock

    def turn(self) -> None:
        """One tick, and every task that waits then, those included that they bring about.

        The provider's store is not read: of sending it only knows who opted out.
        """
        schedule.tick()
        DBTaskResult.objects.filter(task_path=tasks.read_store.module_path).delete()
        while waiting := list(DBTaskResult.objects.order_by("-priority", "enqueued_at")):
            DBTaskResult.objects.all().delete()
            for record in waiting:
                arguments = record.args_kwargs
                record.task.func(*arguments["args"], **arguments["kwargs"])

    def sleep(self, seconds: float) -> None:
        """Time passes, here and at the carrier; nothing is done."""
        self._clock.shift(seconds)
        self.carrier.advance(seconds)

    def minutes(self, count: int) -> None:
        """So many minutes, with a turn in every fourth and at their end."""
        for left in range(count, 0, -STRIDE):
            self.sleep(min(left, STRIDE) * MINUTE + 1)
            self.turn()

    def rest(self, campaign: Campaign, *, within: int = REST_WITHIN) -> None:
        """Until nothing moves any more; the test fails if that takes longer."""
        for _ in range(0, within, STRIDE):
            if at_rest(campaign):
                return
            self.minutes(STRIDE)
        states = list(Attempt.objects.values_list("state", flat=True))
        assert at_rest(campaign), f"not settled in {within} minutes: {why_it_waits(campaign)}, {states}"


def at_rest(campaign: Campaign) -> bool:
    """Finished, held for a person, or with nothing left but what a person has to decide."""
    campaign.refresh_from_db()
    if campaign.state in (Campaign.State.FINISHED, Campaign.State.HELD):
        return True
    told = scenario.counts(campaign)
    return bool(told.get("needs_review")) and not told.keys() & MOVING


@pytest.fixture
def worker(carrier: RunningSimulator, settings: LazySettings) -> Iterator[Worker]:
    """With the settle time and the gap between looks of a real site."""
    settings.SETTLE_SECONDS, settings.LOOK_GAP_SECONDS = 10 * MINUTE, MINUTE
    with time_machine.travel(timezone.now(), tick=True) as clock:
        yield Worker(carrier, clock)


@pytest.fixture
def proxy(worker: Worker, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """The carrier of `worker` is reached through it."""
    with running_proxy(worker.carrier.url) as proxy:
        settings.RINGCENTRAL_SERVER_URL = proxy.url
        without_pauses(monkeypatch)
        yield proxy


def impatient(monkeypatch: pytest.MonkeyPatch, *, total: float) -> None:
    """Every exchange with the carrier may take so many seconds; a real site allows 120."""
    monkeypatch.setattr(registry.default().provider, "_transport", Transport(Limits(read=total, total=total)))


def launched(people: Sequence[tuple[str, str]] = PEOPLE, *, size: int = SIZE, **more: Any) -> Campaign:
    """Somebody has pressed Send; the worker does the rest."""
    campaign = scenario.drafted(people, size=size, **more)
    assert launch.launch(campaign, user=None)
    return campaign


def struck(
    worker: Worker,
    before: int,
    /,
    *faults: dict[str, Any],
    people: Sequence[tuple[str, str]] = PEOPLE,
    **fault: Any,
) -> Campaign:
    """A campaign whose request after so many batches has met the fault; from then on there is none.

    `fault`: of that one request to hand a batch over; `faults`: others, whole.
    """
    campaign = launched(people)
    own = [{**POST, "nth": before + 1, **fault}] if fault else []
    worker.carrier.faults(*own, *faults)
    worker.turn()
    worker.carrier.faults()
    campaign.refresh_from_db()
    return campaign


def attempt_states(campaign: Campaign, before: int) -> list[str]:
    """What became of each try to hand over the batch after so many."""
    of_batch = Attempt.objects.filter(batch__campaign=campaign, batch__number=before + 1)
    return list(of_batch.order_by("id").values_list("state", flat=True))


def posts(carrier: RunningSimulator) -> int:
    """Requests to hand over that reached the carrier, whatever they came to."""
    return sum(call["method"] == "POST" and call["path"].endswith("/batches") for call in carrier.requests())


def assert_right(
    carrier: RunningSimulator,
    campaign: Campaign,
    people: Sequence[tuple[str, str]] = PEOPLE,
    **more: Any,
) -> None:
    """By the ledger of the carrier, and by what the test itself expects each person to read."""
    texts = {number: f"Hi {name}" for number, name in people}
    assert invariants.violations(carrier.ledger(), campaign, texts=texts, **more) == []


def assert_delivered(carrier: RunningSimulator, campaign: Campaign) -> None:
    """Everybody once, and every page says so."""
    assert_right(carrier, campaign)
    assert scenario.counts(campaign) == {"delivered": len(PEOPLE)}
    assert len(carrier.ledger()) == len(PEOPLE)
    assert why_it_waits(campaign) == ""
