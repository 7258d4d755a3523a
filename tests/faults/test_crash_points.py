"""Killed at every step that others can see: nobody is lost, nobody is texted twice, every row is told right.

The carrier's ledger is the judge. Faults F01 to F06 of the catalogue are among the steps.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Zygote
from tests.sending import world
from tests.sending.site import fresh_database
from tests.simulator.running import RunningSimulator
from tests.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches"}
BATCHES, SIZE = 3, 2
PEOPLE = world.people(BATCHES * SIZE)
MOST_STEPS = 400

MAKE = f"""
world.launched(world.people({BATCHES * SIZE}), size={SIZE})
AccessToken.objects.all().delete()  # signing in is one of the steps
"""
HAND_OVER = """
campaign = Campaign.objects.get()
for _ in range({before}):
    dispatch.step(campaign.pk)
watched = steps.Steps({die_at})
watched.arm()
tell(dispatch.step(campaign.pk).did)
tell(watched.names)
"""
LOSE = """
campaign = Campaign.objects.get()
for _ in range({before} + 1):
    dispatch.step(campaign.pk)
tell(Attempt.objects.get(state="ambiguous").pk)
"""
LOOK = """
attempt = Attempt.objects.get(state__in=reconcile.OPEN)
watched = steps.Steps({die_at})
watched.arm()
for _ in range(2):
    reconcile.look(attempt.pk)
tell(watched.names)
"""
# A request of a process that died may go on for two minutes, so its past is moved back by more.
RECOVER = """
import datetime, time
ledger.settle_orphans()
for attempt in Attempt.objects.filter(state__in=reconcile.OPEN):
    attempt.sending_at -= datetime.timedelta(minutes=5)
    attempt.ended_at -= datetime.timedelta(minutes=5)
    attempt.save(update_fields=["sending_at", "ended_at"])
campaign = Campaign.objects.get()
end = time.monotonic() + 20
while world.hand_over(campaign).did != "done":
    assert time.monotonic() < end, list(Attempt.objects.values())
    for attempt in Attempt.objects.filter(state__in=reconcile.OPEN):
        reconcile.look(attempt.pk)
    Campaign.objects.update(next_try_at=None)
world.assert_adds_up(campaign)
tell(world.told(campaign))
tell(sorted(Attempt.objects.exclude(provider_id="").values_list("provider_id", flat=True)))
tell(list(Event.objects.filter(verb="possible_double").values_list("detail", flat=True)))
"""


@pytest.fixture(scope="module")
def made(_template: str, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a launched campaign that has sent nothing."""
    with fresh_database(_template, tmp_path_factory.mktemp("made")) as url:
        zygote.run(url, MAKE)
        yield url


def busy(port: int) -> bool:
    """Whether the carrier still has a request of somebody, perhaps of a dead process, in hand."""
    established, close_wait = "01", "08"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(
        int(fields[1].rpartition(":")[2], 16) == port and fields[3] in (established, close_wait)
        for fields in map(str.split, lines)
    )


def wrong(carrier: RunningSimulator, zygote: Zygote, database: str) -> str:
    """What recovery left wrong; empty if nothing is."""
    until(lambda: not busy(carrier.port), "the carrier is done with what the dead had asked")
    carrier.faults()
    _, (told, ids, doubles) = zygote.run(database, RECOVER)
    texted = Counter((line["to"], line["text"]) for line in carrier.ledger())
    expected = Counter((number, f"Hi {name}") for number, name in PEOPLE)
    if texted != expected:
        return f"twice: {sorted(texted - expected)}, never: {sorted(expected - texted)}"
    if told != {"with_carrier": len(PEOPLE)} or doubles:
        return f"told {told}, doubles {doubles}"
    taken = sorted({line["batch_id"] for line in carrier.ledger()})
    return "" if ids == taken else f"our ids {ids}, the carrier's {taken}"


def sweep(
    carrier: RunningSimulator,
    zygote: Zygote,
    made: str,
    folder: Path,
    prepare: Callable[[str], None],
    code: Callable[[int], str],
) -> tuple[list[str], dict[str, str]]:
    """Die at the first step, at the second … until the code ends alive.

    Returns the names of the steps and, for each death that was not recovered from, what is wrong.
    """
    failures: dict[int, str] = {}
    for die_at in itertools.count(1):
        assert die_at < MOST_STEPS, "it never ends"
        carrier.reset()
        case = folder / str(die_at)
        case.mkdir()
        with fresh_database(made, case) as database:
            prepare(database)
            signal, told = zygote.run(database, code(die_at))
            if found := wrong(carrier, zygote, database):
                failures[die_at] = found
        if not signal:
            names: list[str] = [*told[-1], "at its end"]
            return names, {f"{number}, {names[number - 1]}": what for number, what in failures.items()}
    raise AssertionError


@pytest.mark.parametrize("before", range(BATCHES), ids=["first", "middle", "last"])
def test_killed_at_every_step_of_handing_over(
    simulator: RunningSimulator, zygote: Zygote, made: str, tmp_path: Path, before: int
) -> None:
    names, failures = sweep(
        simulator,
        zygote,
        made,
        tmp_path,
        lambda _: None,
        lambda die_at: HAND_OVER.format(before=before, die_at=die_at),
    )
    assert failures == {}, json.dumps(failures, indent=1)
    # The sweep is not blind: it met the mark, the request, the answer and its record.
    start = names.index("after connect") if before else len(names) - names[::-1].index("after connect") - 1
    assert names[start:].count("after commit") >= 2
    assert {"before sendall", "after sendall", "before recv_into", "after recv_into"} <= set(names[start:])


@pytest.mark.parametrize("before", [0, BATCHES - 1], ids=["first", "last"])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_killed_at_every_step_of_finding_out(
    simulator: RunningSimulator, zygote: Zygote, made: str, tmp_path: Path, fault: str, before: int
) -> None:
    def lose(database: str) -> None:
        simulator.faults({**POST, "nth": before + 1, "fault": fault})
        zygote.run(database, LOSE.format(before=before))
        simulator.faults()

    names, failures = sweep(
        simulator, zygote, made, tmp_path, lose, lambda die_at: LOOK.format(die_at=die_at)
    )
    assert failures == {}, json.dumps(failures, indent=1)
    assert names.count("after commit") >= 1
