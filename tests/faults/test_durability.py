"""A file whose reader dies, and a mark that must be on the disk before a byte leaves."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import ForkServer
from tests.faults.crash_recovery import MAKE, PEOPLE, TEXTS
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import PRELUDE, ROOT, Site

CSV = scenario.file_of(PEOPLE)
RECEIVE = f"""
import io
importer.CHUNK = importer.CONTACTS = 2
watched = crash_steps.Steps({{die_at}})
watched.arm()
importer.receive(io.BytesIO({CSV.encode()!r}), "people.csv", list_name="People", user=None)
"""
READ = """
importer.CHUNK = importer.CONTACTS = 2
record = Import.objects.get()
watched = crash_steps.Steps({die_at})
watched.arm()
importer.run(record.pk)
"""
SHOWN = """
record = Import.objects.select_related("contact_list").first()
emit(record and [record.state, record.contact_list.contact_count])
"""
SEND = f"""
campaign = scenario.launched(ContactList.objects.get(), size=2)
assert scenario.submit_all(campaign).result == "done"
emit(invariants.violations(carrier_ledger(), campaign, texts={TEXTS!r}))
"""


def killed_again_and_again(fork_server: ForkServer, database: str, code: str) -> list[object]:
    """The same work, killed a step later each time, until it lives; what a page would show after each."""
    shown: list[object] = []
    for die_at in range(1, 200):
        died_of, _ = fork_server.run(database, code.format(die_at=die_at))
        shown += fork_server.run(database, SHOWN)[1]
        if not died_of:
            return shown
        assert died_of == signal.SIGKILL
    pytest.fail("it never lives")


def test_f10_killed_while_a_file_is_read(
    simulator: RunningSimulator, fork_server: ForkServer, database: str
) -> None:
    """As by the kernel when memory runs out: the list is there whole or not at all."""
    uploaded = killed_again_and_again(fork_server, database, RECEIVE)
    assert uploaded[0] is None
    assert uploaded[-1] == ["waiting", 0]
    fork_server.run(database, "for extra in Import.objects.all()[1:]:\n    importer.discard(extra)")
    read = killed_again_and_again(fork_server, database, READ)
    assert len(read) >= 10
    assert [state for state in read if state not in (["waiting", 0], ["reading", 0], ["done", 6])] == []
    assert read[-1] == ["done", 6]
    assert fork_server.run(database, SEND) == (0, [[]])
    assert len(simulator.ledger()) == len(PEOPLE)


COMMITS = """
from django.db import connection
commit = connection.commit
ask = "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"
def watched():
    marked = list(Attempt.objects.filter(state="sending").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(ask)
        (waits,) = cursor.fetchone()
    emit([marked, str(waits)])
    commit()
connection.commit = watched
campaign = Campaign.objects.get()
pipeline = dispatch.Pipeline(campaign.pk)
while pipeline.step().result == "submitted":
    pass
pipeline.stop()
emit(invariants.violations(carrier_ledger(), campaign, texts=texts, at_rest=False))
"""


def test_f11_the_commit_of_the_mark_waits_for_the_disk(
    simulator: RunningSimulator, fork_server: ForkServer, database: str
) -> None:
    """Asked of the very connection that commits it, in the very transaction, while others need not wait."""
    fork_server.run(database, MAKE)
    _, told = fork_server.run(database, f"texts = {TEXTS!r}\n" + COMMITS)
    assert told[-1] == []
    marks = {pk: waits for marked, waits in reversed(told[:-1]) for pk in marked}
    assert len(marks) == 3
    assert set(marks.values()) <= {"2", "on"}, "FULL in SQLite; on in PostgreSQL"
    assert len(simulator.ledger()) == len(PEOPLE)


RUN = "campaign = Campaign.objects.get()\nwhile dispatch.step(campaign.pk).result == 'submitted':\n    pass\n"


def traced(site: Site, trace: Path) -> list[str]:
    """The system calls with which a process hands over: writes and syncs of files, and what it sends."""
    strace = shutil.which("strace")
    if strace is None or not site.env["DATABASE_URL"].startswith("sqlite"):
        pytest.skip("needs strace, and SQLite: PostgreSQL syncs in a process of its own")
    calls = "trace=pwrite64,write,fsync,fdatasync,sendto"
    command = [strace, "-f", "-y", "-s", "60", "-o", str(trace), "-e", calls, sys.executable, "-c"]
    done = subprocess.run(
        [*command, PRELUDE + RUN], cwd=ROOT, env=site.env, capture_output=True, text=True, timeout=120
    )
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("this machine lets nobody trace a process")
    assert done.returncode == 0, done.stderr
    return trace.read_text(errors="replace").splitlines()


def test_f11_nothing_is_sent_while_the_mark_may_still_be_lost(
    simulator: RunningSimulator, fork_server: ForkServer, database: str, tmp_path: Path
) -> None:
    """A power cut takes back what was written and not synced. Before each request there is no such thing."""
    fork_server.run(database, MAKE)
    site = Site(tmp_path, database, simulator.url)
    unsynced: dict[str, bool] = {}
    requests = 0
    for call in traced(site, tmp_path / "trace"):
        if found := re.search(r"(pwrite64|write|fsync|fdatasync)\(\d+<([^>]*sqlite3(?:-wal)?)>", call):
            unsynced[found[2]] = found[1] in ("pwrite64", "write")
        elif "sendto" in call and "POST /restapi/v1.0/account/~/a2p-sms/batches" in call:
            requests += 1
            assert any(name.endswith("-wal") for name in unsynced)
            assert not any(unsynced.values()), call
    assert requests == 3
    assert len(simulator.ledger()) == len(PEOPLE)
