"""The supervisor with real processes: nobody is left behind, however it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from campaigns.local.supervisor import free_port, tail
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parent.parent.parent

# Starts one child for each line "name: python code" that it is given, then watches.
SUPERVISE = """
import sys
from pathlib import Path
from campaigns.local.supervisor import Program, ProgramFailedError, Supervisor
folder, grace, *programs = sys.argv[1:]
try:
    with Supervisor(lambda line: print(line, flush=True)) as supervisor:
        for text in programs:
            name, _, code = text.partition(": ")
            argv = [sys.executable, "-c", code, folder, name]
            log = Path(folder) / f"{name}.log"
            supervisor.start(Program(name=name, argv=argv, log=log, grace_seconds=float(grace)))
        supervisor.watch()
except ProgramFailedError as problem:
    sys.exit(str(problem))
print("stopped", flush=True)
"""

# Notes its start (with its id) and its end in files, and ends when asked to.
POLITE = """
import os, signal, sys
folder, name = sys.argv[1:]
def end(*_):
    open(f"{folder}/ends", "a").write(f"{name}\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
open(f"{folder}/{name}.new", "w").write(str(os.getpid()))
os.rename(f"{folder}/{name}.new", f"{folder}/{name}.pid")
while True:
    signal.pause()
"""
# Starts a process of its own, and neither listens to reason.
STUBBORN = """
import os, signal, sys
folder, name = sys.argv[1:]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
parent = os.fork()
who = name if parent else f"{name}-child"
open(f"{folder}/{who}.new", "w").write(str(os.getpid()))
os.rename(f"{folder}/{who}.new", f"{folder}/{who}.pid")
while True:
    signal.pause()
"""
# Dies at once, but not before the worker runs: on a busy machine that may take longer than four deaths.
SICKLY = """
import os, sys
while not os.path.exists(f"{sys.argv[1]}/worker.pid"):
    os.sched_yield()
print("no database here")
raise SystemExit(7)
"""


def supervise(folder: Path, *programs: str, grace: float = 3) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder), str(grace), *programs],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pid(folder: Path, name: str) -> int:
    path = folder / f"{name}.pid"
    until(path.exists, f"{name} starts")
    return int(path.read_text())


def lives(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        # A dead process that nobody has asked about yet still has an entry.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for path in tmp_path.glob("*.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_the_last_started_first(folder: Path, how: signal.Signals) -> None:
    process = supervise(folder, f"simulator: {POLITE}", f"worker: {POLITE}", f"web: {POLITE}")
    children = [pid(folder, name) for name in ("simulator", "worker", "web")]
    process.send_signal(how)
    output, errors = process.communicate(timeout=20)
    assert (output, errors, process.returncode) == ("stopped\n", "", 0)
    assert (folder / "ends").read_text().split() == ["web", "worker", "simulator"]
    assert not any(lives(child) for child in children)


def test_a_child_that_does_not_stop_is_ended_with_its_own_children(folder: Path) -> None:
    process = supervise(folder, f"mule: {STUBBORN}")
    children = [pid(folder, name) for name in ("mule", "mule-child")]
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert output == "The mule did not stop by itself and was ended.\nstopped\n"
    until(lambda: not any(lives(child) for child in children), "both are gone")


def test_ctrl_c_again_does_not_wait(folder: Path) -> None:
    process = supervise(folder, f"ox: {STUBBORN}", f"mule: {STUBBORN}", grace=600)
    children = [pid(folder, name) for name in ("ox", "mule", "ox-child", "mule-child")]
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)  # far below the grace of each
    until(lambda: not any(lives(child) for child in children), "all are gone")


def test_a_child_that_dies_is_started_again(folder: Path) -> None:
    process = supervise(folder, f"worker: {POLITE}")
    first = pid(folder, "worker")
    os.kill(first, signal.SIGKILL)
    second = until(lambda: (now := pid(folder, "worker")) != first and now, "the worker starts again")
    process.terminate()
    output, _ = process.communicate(timeout=20)
    log = folder / "worker.log"
    assert f"The worker was ended by SIGKILL; starting it again. Why is in {log}.\n" in output
    assert not lives(second)


def test_a_child_that_cannot_live_stops_everything(folder: Path) -> None:
    process = supervise(folder, f"worker: {POLITE}", f"web: {SICKLY}")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.count("The web stopped with exit code 7; starting it again.") == 3
    assert "The web died 4 times, the last time because it stopped with exit code 7, so everything" in errors
    assert errors.rstrip().endswith("no database here")
    assert not lives(pid(folder, "worker"))


def test_nobody_is_left_when_the_supervisor_itself_is_killed(folder: Path) -> None:
    process = supervise(folder, f"simulator: {POLITE}", f"web: {POLITE}")
    children = [pid(folder, name) for name in ("simulator", "web")]
    process.kill()
    process.wait(timeout=5)
    until(lambda: not any(lives(child) for child in children), "the guardian ends both")
    until(lambda: len((folder / "ends").read_text().split()) == 2, "both were asked first")
    assert (folder / "ends").read_text().split() == ["web", "simulator"]
    process.communicate(timeout=5)


def test_free_port_passes_over_what_others_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert free_port(taken) > taken
    assert free_port(taken) == taken


def test_free_port_says_when_there_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(OSError, match=f"No port is free from {taken} on"):
            free_port(taken, tries=1)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (None, ""),  # never written
        ("", ""),
        ("one\n", "one"),
        ("1\n2\n3\n4\n", "3\n4"),
        ("x" * 20_000 + "\nlast\n", "x" * (8192 - 6) + "\nlast"),  # one endless line before it
    ],
)
def test_tail(tmp_path: Path, text: str | None, end: str) -> None:
    path = tmp_path / "some.log"
    if text is not None:
        path.write_text(text)
    assert tail(path, lines=2) == end
