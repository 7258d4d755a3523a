from collections.abc import Iterator

import pytest

from tests.simulator.client import Client
from tests.simulator.hook import Hook, listening
from tests.simulator.running import RunningSimulator, _simulator_process, simulator

__all__ = ["_simulator_process", "simulator"]


@pytest.fixture
def client(simulator: RunningSimulator) -> Client:
    return Client(simulator.url)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener
