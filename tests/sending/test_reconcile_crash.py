"""Real processes that look for a lost answer: one dies in the middle, two look at once."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sending import world
from tests.sending.site import Site, ended, rows
from tests.simulator.running import RunningSimulator
from tests.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches", "nth": 1}
LIST = {"method": "GET", "path": "/a2p-sms/batches"}
TEXTS = {"method": "GET", "path": "/a2p-sms/messages"}
LOST = """
campaign = world.launched(world.people(5), size=3)
world.hand_over(campaign)
tell([campaign.pk, Attempt.objects.get().pk])
"""
LOOK = """
from campaigns.sending import reconcile
tell(reconcile.look({pk}))
"""
SEARCH = """
from campaigns.sending import reconcile
end = time.monotonic() + 30
while Attempt.objects.filter(state__in=reconcile.OPEN).exists():
    assert time.monotonic() < end
    reconcile.look({pk})
campaign = Campaign.objects.get()
world.hand_over(campaign)
world.assert_adds_up(campaign)
tell([world.told(campaign), list(Attempt.objects.values_list("state", flat=True)),
      Event.objects.filter(verb__in=["adopted", "absent"]).count()])
"""


@pytest.fixture
def quick(site: Site) -> Site:
    """Against a simulator nothing has to settle."""
    site.env |= {"SETTLE_SECONDS": "0", "LOOK_GAP_SECONDS": "0"}
    return site


def assert_everybody_once(simulator: RunningSimulator) -> None:
    assert Counter(line["to"] for line in simulator.ledger()) == dict.fromkeys(
        (number for number, _ in world.people(5)), 1
    )


@pytest.mark.parametrize(
    ("fault", "slow"),
    [("drop_after", LIST), ("drop_after", TEXTS), ("drop_before", LIST)],
    ids=["taken, in the list", "taken, in the texts", "absent, in the list"],
)
def test_killed_in_the_middle_of_a_look(
    quick: Site, simulator: RunningSimulator, database: str, fault: str, slow: dict[str, str]
) -> None:
    """The next process does not wait for its lease: the owner is proved dead."""
    simulator.faults({**POST, "fault": fault})
    _, pk = quick.run(LOST)
    simulator.faults({**slow, "fault": "delay", "seconds": 20})
    process = quick.script(LOOK.format(pk=pk))
    before = len(simulator.requests())
    query = "SELECT state FROM campaigns_attempt"
    until(lambda: rows(database, query) == [("reconciling",)], "it looks")
    if slow is TEXTS:
        until(lambda: len(simulator.requests()) > before, "it has read the list")
    process.kill()
    ended(process)
    assert rows(database, query) == [("reconciling",)]
    simulator.faults()
    told, states, decided = quick.run(SEARCH.format(pk=pk))
    taken = fault == "drop_after"
    assert told == {"with_carrier": 5}
    assert states == (["accepted"] * 2 if taken else ["absent", "accepted", "accepted"])
    assert decided == 1
    assert_everybody_once(simulator)


def test_two_processes_look_at_once(quick: Site, simulator: RunningSimulator, database: str) -> None:
    """One looks; the other sees that and leaves it alone."""
    simulator.faults({**POST, "fault": "drop_after"})
    _, pk = quick.run(LOST)
    simulator.faults({**LIST, "fault": "delay", "seconds": 2})
    first = quick.script(LOOK.format(pk=pk))
    query = "SELECT state FROM campaigns_attempt"
    until(lambda: rows(database, query) == [("reconciling",)], "the first looks")
    assert quick.run(LOOK.format(pk=pk)) is None
    assert ended(first).stdout.strip() == '"ours"'
    simulator.faults()
    told, states, decided = quick.run(SEARCH.format(pk=pk))
    assert (told, states, decided) == ({"with_carrier": 5}, ["accepted", "accepted"], 1)
    assert_everybody_once(simulator)
