"""Starts the simulated carrier for a test: a process of its own, on a free port, over real HTTP."""

import json
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 20.0

Flag = str | int | float | bool | Path
"""A flag's value: True means the bare flag; False leaves it out."""


class RunningSimulator:
    """One simulated carrier. `url` has no slash at its end and survives `restart`."""

    def __init__(self, flags: dict[str, Flag]) -> None:
        self._flags = flags
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.start()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ledger_path(self) -> Path:
        return Path(str(self._flags["ledger"]))

    def start(self) -> None:
        command = [sys.executable, "-m", "campaigns.simulator", *_arguments(self._flags)]
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        process.stdout.close()
        self._process = process
        if "http://" not in line:
            process.wait(_PATIENCE_SECONDS)
            pytest.fail(f"The simulator did not start: {command}")
        self.url = line.split()[-1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns its exit code. SIGKILL is a crash."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(_PATIENCE_SECONDS)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def restart(self, **flags: Flag) -> None:
        """Stop it if it runs, then start it on the same port with `flags` changed. --state keeps the rest."""
        self.stop()
        self._flags = self._flags | flags | {"port": self.port}
        self.start()

    def ledger(self) -> list[dict[str, Any]]:
        """Every text that it accepted, oldest first: from the file if it keeps one, else asked for."""
        if "ledger" in self._flags:
            return _lines(self.ledger_path.read_bytes()) if self.ledger_path.exists() else []
        return self.ledger_over_http()

    def ledger_over_http(self) -> list[dict[str, Any]]:
        return _lines(self.control("GET", "ledger"))

    def messages(self) -> list[dict[str, Any]]:
        """Every outgoing text with the status that it has now."""
        return _lines(self.control("GET", "messages"))

    def requests(self) -> list[dict[str, Any]]:
        """The calls of the API that reached the carrier: at, method, path, status, request_id."""
        calls: list[dict[str, Any]] = json.loads(self.control("GET", "requests"))["calls"]
        return calls

    def faults(self, *script: dict[str, Any]) -> None:
        """Set the faults; none to clear them."""
        self.control("POST", "faults", list(script))

    def advance(self, seconds: float) -> None:
        """Move the carrier's clock forward."""
        self.control("POST", "advance", {"seconds": seconds})

    def options(self, **values: Any) -> None:
        """Change rate_limits, list_lag, batch_id_window, refresh_tokens or speed of the running carrier."""
        self.control("POST", "options", values)

    def inbound(self, sender: str, receiver: str, text: str) -> None:
        """A person texts one of the account's numbers."""
        self.control("POST", "inbound", {"from": sender, "to": receiver, "text": text})

    def reset(self) -> None:
        """As freshly started; only without ledger and state files."""
        self.control("POST", "reset", {})

    def control(self, method: str, name: str, body: Any = None) -> bytes:
        request = urllib.request.Request(
            f"{self.url}/simulator/{name}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            content: bytes = answer.read()
        return content


def _arguments(flags: dict[str, Flag]) -> list[str]:
    arguments = []
    for name, value in flags.items():
        if value is False:
            continue
        arguments.append("--" + name.replace("_", "-"))
        if value is not True:
            arguments.append(str(value))
    return arguments


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


@contextmanager
def running_simulator(**flags: Flag) -> Iterator[RunningSimulator]:
    """A simulator with these flags (`rate_limits="off"`, `speed=1000`, `fsync=True`, …), ended afterwards.

    Unless given, it takes a free port and keeps a ledger file in a folder that goes away with it.
    """
    with tempfile.TemporaryDirectory() as folder:
        defaults: dict[str, Flag] = {"port": 0, "ledger": Path(folder) / "ledger.jsonl"}
        simulator = RunningSimulator(defaults | flags)
        try:
            yield simulator
        finally:
            simulator.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def _simulator_process() -> Iterator[RunningSimulator]:
    simulator = RunningSimulator({"port": 0, "rate_limits": "off", "speed": 1_000_000})
    try:
        yield simulator
    finally:
        simulator.stop(signal.SIGKILL)


@pytest.fixture
def simulator(_simulator_process: RunningSimulator) -> RunningSimulator:
    """A cheap one: the process lives for the whole session and forgets everything before each test.

    No rate limits, and a million times the real speed. It keeps no files. To use the fixture elsewhere,
    import both it and `_simulator_process` into that folder's conftest.
    """
    _simulator_process.reset()
    return _simulator_process
