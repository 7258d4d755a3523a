"""Many workers share one session: when it ends, one of them signs in again and the others wait for it."""

from pathlib import Path

from tests.faults.conftest import ForkServer
from tests.faults.crash_recovery import MAKE, TEXTS
from tests.simulator.running import RunningSimulator
from tests.support.waiting import until

WORKERS = """
import pathlib, threading, time
from django.db import connection
carrier = registry.default().provider
carrier.numbers()  # each process knows the session that is about to end
pathlib.Path({mine!r}).touch()
while not pathlib.Path({go!r}).exists():
    time.sleep(0.001)
barrier = threading.Barrier({reading} + {sending})
def read():
    barrier.wait()
    carrier.numbers()
    connection.close()
def send():
    barrier.wait()
    campaign = Campaign.objects.get()
    end = time.monotonic() + 30
    while (step := dispatch.step(campaign.pk)).result != "done":
        assert time.monotonic() < end, step
        time.sleep(0.01)
    connection.close()
threads = [threading.Thread(target=read) for _ in range({reading})]
threads += [threading.Thread(target=send) for _ in range({sending})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_f24_ten_workers_meet_the_end_of_the_session_together(
    simulator: RunningSimulator,
    fork_server: ForkServer,
    other_fork_server: ForkServer,
    database: str,
    tmp_path: Path,
) -> None:
    fork_server.run(database, MAKE)
    go = tmp_path / "go"
    ready = [tmp_path / "one", tmp_path / "two"]
    for server, mine, sending in ((fork_server, ready[0], 1), (other_fork_server, ready[1], 0)):
        server.begin(
            database, WORKERS.format(mine=str(mine), go=str(go), reading=5 - sending, sending=sending)
        )
    until(lambda: all(path.exists() for path in ready), "both processes are there")
    simulator.control("DELETE", "sessions")
    asked = len(simulator.requests())
    go.touch()
    assert fork_server.finish() == (0, [])
    assert other_fork_server.finish() == (0, [])
    calls = simulator.requests()[asked:]
    assert sum(call["status"] == 401 for call in calls) >= 2, "more than one worker met it"
    assert sum(call["path"].endswith("/oauth/token") for call in calls) == 1
    judge = f"emit(invariants.violations(carrier_ledger(), Campaign.objects.get(), texts={TEXTS!r}))"
    assert fork_server.run(database, judge) == (0, [[]])
    assert len(simulator.ledger()) == len(TEXTS)
