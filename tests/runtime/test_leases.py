"""What only one process may do at a time, and who lives."""

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.models import Lease
from campaigns.runtime import leases, process_identity

pytestmark = pytest.mark.django_db
ALIVE = f"{socket.gethostname()}:1:{process_identity.start_time(1)}"
"""The first process of this machine: never us, never gone."""


def gone() -> str:
    """The name of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{socket.gethostname()}:{child.pid}:{process_identity.start_time(child.pid)}"
    assert not process_identity.is_dead(name)
    child.communicate(b"\n")
    return name


def test_it_is_ours_again_and_again() -> None:
    assert leases.acquire("tick", seconds=10)
    assert leases.acquire("tick", seconds=10)
    assert Lease.objects.get().owner == process_identity.current()


def test_another_one_s_is_not_to_be_had_until_its_time_is_over() -> None:
    lease = Lease.objects.create(name="tick", owner=ALIVE, until=timezone.now() + timedelta(seconds=5))
    assert not leases.acquire("tick", seconds=10)
    Lease.objects.filter(pk=lease.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert leases.acquire("tick", seconds=10)


def test_a_dead_one_s_is_to_be_had_at_once() -> None:
    Lease.objects.create(name="tick", owner=gone(), until=timezone.now() + timedelta(hours=1))
    assert leases.acquire("tick", seconds=10)


def test_a_released_one_is_free() -> None:
    with leases.hold("poll", seconds=60) as mine:
        assert mine
        Lease.objects.update(owner=ALIVE)
        with leases.hold("poll", seconds=60) as second:
            assert not second
        assert Lease.objects.get().owner == ALIVE, "who had nothing gives nothing back"
        Lease.objects.update(owner=process_identity.current())
    assert Lease.objects.get().owner == ""


def test_due_is_true_once_in_its_time() -> None:
    assert [leases.try_debounce("poll", seconds=60) for _ in range(3)] == [True, False, False]
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert [leases.try_debounce("poll", seconds=60) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "name",
    ["", "::", "another-host:1:5", f"{socket.gethostname()}:abc:5", f"{socket.gethostname()}:{os.getpid()}:"],
    # The id of a process in a test's name would be another one in each process that runs the tests.
    ids=["nothing", "colons", "another host", "no process id", "no start"],
)
def test_death_is_never_guessed(name: str) -> None:
    assert not process_identity.is_dead(name)


def test_a_process_id_that_is_used_again_is_another_process() -> None:
    assert process_identity.is_dead(f"{socket.gethostname()}:{os.getpid()}:1")
    assert process_identity.is_dead(gone())
    assert not process_identity.is_dead(process_identity.current())


def test_a_process_that_nobody_buried_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    assert process_identity.is_dead(f"{socket.gethostname()}:{child.pid}:{started}")
    child.wait()
