"""A small campaign whose process is killed, and what must be true after another process recovered it."""

from pathlib import Path
from typing import Any

from tests.faults.conftest import ForkServer
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.waiting import until

BATCHES, SIZE = 3, 2
PEOPLE = scenario.people(BATCHES * SIZE)
TEXTS = {number: f"Hi {name}" for number, name in PEOPLE}

MAKE = f"scenario.launched(scenario.people({BATCHES * SIZE}), size={SIZE})\n"
# A request of a process that died may go on for two minutes, so its past is moved back by more.
RECOVER = f"""
import datetime, time
orphans.settle_orphans()
for attempt in Attempt.objects.filter(state__in=Attempt.IN_DOUBT):
    attempt.sending_at -= datetime.timedelta(minutes=5)
    attempt.ended_at -= datetime.timedelta(minutes=5)
    attempt.save(update_fields=["sending_at", "ended_at"])
campaign = Campaign.objects.get()
end = time.monotonic() + 20
while scenario.submit_all(campaign).result != "done":
    assert time.monotonic() < end, list(Attempt.objects.values())
    for attempt in Attempt.objects.filter(state__in=Attempt.IN_DOUBT):
        search.lookup(attempt.pk)
    Campaign.objects.update(next_retry_at=None)
emit(invariants.violations(carrier_ledger(), campaign, texts={TEXTS!r}))
emit(list(History.objects.filter(kind="possible_double").values_list("data", flat=True)))
emit(list(Attempt.objects.order_by("id").values_list("batch__number", "state", "lookup_count")))
"""


def busy(port: int) -> bool:
    """Whether the carrier still has a request of another process, perhaps of a dead one, in hand.

    Connections that tests of this process keep open are no requests.
    """
    established, close_wait = "01", "08"
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {link.stat().st_ino for link in Path("/proc/self/fd").iterdir() if link.is_socket()}
    kept = {_port(fields[1]) for fields in sockets if int(fields[9]) in ours}
    return any(
        _port(fields[1]) == port and fields[3] in (established, close_wait) and _port(fields[2]) not in kept
        for fields in sockets
    )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def recovered(carrier: RunningSimulator, fork_server: ForkServer, database: str) -> tuple[str, list[Any]]:
    """What recovery left wrong (empty if nothing is), and each attempt: its batch, state and looks."""
    until(lambda: not busy(carrier.port), "the carrier is done with what the dead had asked")
    carrier.faults()
    _, (wrong, doubles, attempts) = fork_server.run(database, RECOVER)
    if wrong or doubles:
        return f"{wrong}, doubles {doubles}", attempts
    taken = len(carrier.ledger())
    return "" if taken == len(PEOPLE) else f"{taken} texts in the ledger", attempts
