"""Killed at every step that others can see: nobody is lost, nobody is texted twice, every row is told right.

The carrier's ledger is the judge. Faults F01 to F06 of the catalogue are among the steps.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import ForkServer
from tests.faults.crash_recovery import BATCHES, MAKE, recovered
from tests.simulator.running import RunningSimulator
from tests.support.site import fresh_database

POST = {"method": "POST", "path": "/a2p-sms/batches"}
MOST_STEPS = 400

WITHOUT_TOKEN = "AccessToken.objects.all().delete()\n"  # signing in is one of the steps
HAND_OVER = """
campaign = Campaign.objects.get()
for _ in range({before}):
    dispatch.step(campaign.pk)
watched = crash_steps.Steps({die_at})
watched.arm()
emit(dispatch.step(campaign.pk).result)
emit(watched.names)
"""
LOSE = """
campaign = Campaign.objects.get()
for _ in range({before} + 1):
    dispatch.step(campaign.pk)
emit(Attempt.objects.get(state="ambiguous").pk)
"""
LOOK = """
attempt = Attempt.objects.get(state__in=Attempt.IN_DOUBT)
watched = crash_steps.Steps({die_at})
watched.arm()
for _ in range(2):
    search.lookup(attempt.pk)
emit(watched.names)
"""


@pytest.fixture(scope="module")
def made(_template: str, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a launched campaign that has sent nothing."""
    with fresh_database(_template, tmp_path_factory.mktemp("made")) as url:
        fork_server.run(url, MAKE + WITHOUT_TOKEN)
        yield url


def sweep(
    carrier: RunningSimulator,
    fork_server: ForkServer,
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
            signal, told = fork_server.run(database, code(die_at))
            if found := recovered(carrier, fork_server, database)[0]:
                failures[die_at] = found
        if not signal:
            names: list[str] = [*told[-1], "at its end"]
            return names, {f"{number}, {names[number - 1]}": what for number, what in failures.items()}
    raise AssertionError


@pytest.mark.parametrize("before", range(BATCHES), ids=["first", "middle", "last"])
def test_killed_at_every_step_of_handing_over(
    simulator: RunningSimulator, fork_server: ForkServer, made: str, tmp_path: Path, before: int
) -> None:
    names, failures = sweep(
        simulator,
        fork_server,
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
    # The journal: two lines for each batch, each written and brought to the disk.
    assert names[start:].count("after write") == 2
    assert names[start:].count("after fsync") >= 2


@pytest.mark.parametrize("before", [0, BATCHES - 1], ids=["first", "last"])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_killed_at_every_step_of_finding_out(
    simulator: RunningSimulator, fork_server: ForkServer, made: str, tmp_path: Path, fault: str, before: int
) -> None:
    def lose(database: str) -> None:
        simulator.faults({**POST, "nth": before + 1, "fault": fault})
        fork_server.run(database, LOSE.format(before=before))
        simulator.faults()

    names, failures = sweep(
        simulator, fork_server, made, tmp_path, lose, lambda die_at: LOOK.format(die_at=die_at)
    )
    assert failures == {}, json.dumps(failures, indent=1)
    assert names.count("after commit") >= 1
