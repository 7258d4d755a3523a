"""A process or its machine stops at the worst moments: nobody is texted twice, nobody is forgotten."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import ForkServer
from tests.faults.crash_recovery import BATCHES, MAKE, RECOVER, recovered
from tests.faults.fault_scenario import POST, positions
from tests.simulator.running import RunningSimulator
from tests.support.site import fresh_database, rows
from tests.support.waiting import until

STATES = "SELECT state FROM campaigns_attempt ORDER BY id"
BEFORE = """
campaign = Campaign.objects.get()
for _ in range({before}):
    assert dispatch.step(campaign.pk).result == 'submitted'
"""


@pytest.fixture(scope="module")
def made(_template: str, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a launched campaign that has sent nothing."""
    with fresh_database(_template, tmp_path_factory.mktemp("made")) as url:
        fork_server.run(url, MAKE)
        yield url


@pytest.fixture
def database(
    made: str, simulator: RunningSimulator, fork_server: ForkServer, tmp_path: Path
) -> Iterator[str]:
    """A copy of it, signed in: the next request hands over."""
    with fresh_database(made, tmp_path) as url:
        fork_server.run(url, "AccessToken.objects.all().delete()\nregistry.default().refresh_numbers()")
        yield url


def killed(fork_server: ForkServer, database: str, moment: str, before: int) -> list[str]:
    """Hand over so many batches and be killed in the next; the states of all attempts then."""
    code = (
        BEFORE.format(before=before) + f"crash_steps.die_in_request({moment!r})\ndispatch.step(campaign.pk)\n"
    )
    died_of, _ = fork_server.run(database, code)
    assert died_of == signal.SIGKILL
    return [state for (state,) in rows(database, STATES)][before:]


def of_batch(attempts: list[list[object]], before: int) -> list[object]:
    return [state for batch, state, _ in attempts if batch == before + 1]


@positions
def test_f01_killed_after_prepared(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, before: int
) -> None:
    assert killed(fork_server, database, "connect", before) == ["prepared"]
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    assert of_batch(attempts, before) == ["not_sent", "accepted"]
    assert {looks for _, _, looks in attempts} == {0}, "nothing was in doubt"


@positions
def test_f02_killed_after_the_mark_before_the_first_byte(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, before: int
) -> None:
    assert killed(fork_server, database, "first byte", before) == ["sending"]
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    assert of_batch(attempts, before) == ["absent", "accepted"]
    assert [looks for _, state, looks in attempts if state == "absent"] == [2], "two clean looks"


@positions
def test_f03_killed_in_the_middle_of_the_request(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, before: int
) -> None:
    assert killed(fork_server, database, "body", before) == ["sending"]
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    assert of_batch(attempts, before) == ["absent", "accepted"]


@positions
def test_f04_killed_before_the_answer_is_read(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, before: int
) -> None:
    assert killed(fork_server, database, "answer", before) == ["sending"]
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    assert of_batch(attempts, before) == ["accepted"]
    asked = [call for call in simulator.requests() if call["method"] == "POST"]
    assert sum(call["path"].endswith("/batches") for call in asked) == BATCHES


LOSE = BEFORE + "assert dispatch.step(campaign.pk).result == 'blocked'\n"
LOOK = """
attempt = Attempt.objects.get(state__in=Attempt.IN_DOUBT)
watched = crash_steps.Steps({die_at})
watched.arm()
search.lookup(attempt.pk)
emit(len(watched.names))
"""


@pytest.mark.parametrize(("fault", "before"), [("drop_after", 0), ("drop_after", 2), ("drop_before", 1)])
def test_f06_every_look_dies_a_step_later_than_the_one_before(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, fault: str, before: int
) -> None:
    """Looks that die wherever they can, in one and the same search: it ends as if none had."""
    simulator.faults({**POST, "nth": before + 1, "fault": fault})
    fork_server.run(database, LOSE.format(before=before))
    simulator.faults()
    deaths = 0
    while "ambiguous" in (states := str(rows(database, STATES))) or "reconciling" in states:
        died_of, _ = fork_server.run(database, LOOK.format(die_at=deaths + 1))
        if not died_of:
            break
        deaths += 1
    assert deaths >= 10
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    taken = fault == "drop_after"
    assert of_batch(attempts, before) == (["accepted"] if taken else ["absent", "accepted"])


SLEEPER = """
import os, signal
from campaigns.providers import http
registry.default().provider._transport = http.Transport(http.Limits(stale={stale}))
ready = http._Wire.before_write
def asleep(wire):
    if not wire.written and wire.hook_returned:
        os.kill(os.getpid(), signal.SIGSTOP)
    ready(wire)
http._Wire.before_write = asleep
emit(dispatch.step(campaign.pk).result)
"""
PAST_ITS_LEASE = """
import datetime
for attempt in Attempt.objects.filter(state="sending"):
    attempt.sending_at -= attempts.LEASE
    attempt.save(update_fields=["sending_at"])
assert orphans.settle_orphans() == 1
"""


def asleep(database: str) -> int:
    """The process that has marked its attempt as sending, and was stopped then."""
    ((owner,),) = rows(database, "SELECT owner FROM campaigns_attempt WHERE state = 'sending'") or [("",)]
    if not owner:
        return 0
    pid = int(owner.split(":")[1])
    stopped = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return pid if stopped else 0


@positions
@pytest.mark.parametrize("wakes", ["after the resend", "while in doubt"])
def test_f08_stopped_between_the_mark_and_the_first_byte(
    simulator: RunningSimulator,
    fork_server: ForkServer,
    other_fork_server: ForkServer,
    database: str,
    wakes: str,
    before: int,
) -> None:
    """It sleeps for longer than its mark is good for, and must not write when it wakes."""
    stale = 0.2
    other_fork_server.begin(database, BEFORE.format(before=before) + SLEEPER.format(stale=stale))
    pid = until(lambda: asleep(database), "it is stopped")
    try:
        since = time.monotonic()
        fork_server.run(database, PAST_ITS_LEASE)
        if wakes == "after the resend":
            _, (wrong, _, _) = fork_server.run(database, RECOVER)
            assert wrong == []
            assert len(simulator.ledger()) == 6
        else:
            assert len(simulator.ledger()) == before * 2
        until(lambda: time.monotonic() - since > stale * 2, "longer than its mark is good for")
    finally:
        os.kill(pid, signal.SIGCONT)
    died_of, (did,) = other_fork_server.finish()
    assert not died_of
    assert did == "wait", "nothing was handed over"
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    first = "absent" if wakes == "after the resend" else "not_sent"
    assert of_batch(attempts, before) == [first, "accepted"]


MANY = 10
AT_ONCE = """
import pathlib, socket, time
socket.gethostname = lambda: {host!r}
process_identity.identity_of.cache_clear()
pathlib.Path({mine!r}).touch()
while not pathlib.Path({other!r}).exists():
    time.sleep(0.001)
campaign = Campaign.objects.get()
end = time.monotonic() + 20
while (step := dispatch.step(campaign.pk)).result != "done":
    assert time.monotonic() < end, step
    time.sleep(0.03 if step.result == "submitted" else 0.003)
"""


def test_f09_two_workers_on_two_hosts_at_one_campaign(
    simulator: RunningSimulator,
    fork_server: ForkServer,
    other_fork_server: ForkServer,
    made: str,
    tmp_path: Path,
) -> None:
    people = f"scenario.people({MANY * 2})"
    with fresh_database(made, tmp_path) as database:
        fork_server.run(database, f"Campaign.objects.all().delete()\nscenario.launched({people}, size=2)")
        files = [str(tmp_path / name) for name in ("one", "two")]
        other_fork_server.begin(database, AT_ONCE.format(host="two", mine=files[1], other=files[0]))
        fork_server.run(database, AT_ONCE.format(host="one", mine=files[0], other=files[1]))
        assert other_fork_server.finish() == (0, [])
        code = f"texts = {{to: f'Hi {{name}}' for to, name in {people}}}\n"
        code += "emit(invariants.violations(carrier_ledger(), Campaign.objects.get(), texts=texts))"
        assert fork_server.run(database, code) == (0, [[]])
        owners = rows(database, "SELECT DISTINCT owner FROM campaigns_attempt WHERE state = 'accepted'")
        assert {owner.split(":")[0] for (owner,) in owners} == {"one", "two"}
    assert len(simulator.ledger()) == MANY * 2


@positions
def test_f09_a_host_that_is_gone_is_waited_for_as_long_as_it_may_be_sending(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, before: int
) -> None:
    elsewhere = (
        "import socket\n"
        "socket.gethostname = lambda: 'elsewhere'\n"
        "process_identity.identity_of.cache_clear()\n"
    )
    code = BEFORE.format(before=before) + elsewhere + "crash_steps.die_in_request('answer')\n"
    died_of, _ = fork_server.run(database, code + "dispatch.step(campaign.pk)\n")
    assert died_of == signal.SIGKILL
    blocked = (
        "campaign = Campaign.objects.get()\n"
        "emit([orphans.settle_orphans(), scenario.submit_all(campaign).result])"
    )
    assert fork_server.run(database, blocked) == (0, [[0, "wait"]])
    assert len(simulator.ledger()) == before * 2 + 2
    fork_server.run(database, PAST_ITS_LEASE)
    wrong, attempts = recovered(simulator, fork_server, database)
    assert wrong == ""
    assert of_batch(attempts, before) == ["accepted"]
