import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.running import RunningSimulator
from tests.support.site import Site


class ForkServer:
    """Talks to the process that forks, see `fork_server.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, database: str, code: str) -> tuple[int, list[Any]]:
        """The signal that ended the child (0: none), and what it emitted. Fails the test if it raised."""
        self.begin(database, code)
        return self.finish()

    def begin(self, database: str, code: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"database": database, "code": code}) + "\n")
        self._process.stdin.flush()

    def finish(self) -> tuple[int, list[Any]]:
        """Wait for what `begin` began."""
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        for value in answer["emitted"]:
            assert not (isinstance(value, dict) and "raised" in value), value["raised"]
        return answer["signal"], answer["emitted"]


@pytest.fixture(scope="module")
def fork_server(
    _template: str, _simulator_process: RunningSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForkServer]:
    with running_server(_template, _simulator_process, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module")
def other_fork_server(
    _template: str, _simulator_process: RunningSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForkServer]:
    """For what two processes do at the same time."""
    with running_server(_template, _simulator_process, tmp_path_factory) as server:
        yield server


@contextmanager
def running_server(
    _template: str, _simulator_process: RunningSimulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForkServer]:
    site = Site(tmp_path_factory.mktemp("fork_server"), _template, _simulator_process.url)
    log = (site.folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.fork_server"],
        cwd=Path(__file__).parents[2],
        env=site.env | {"SETTLE_SECONDS": "0", "LOOK_GAP_SECONDS": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    yield ForkServer(process)
    process.communicate(timeout=20)
    log.close()
