import signal
from collections.abc import Iterator

import pytest

from campaigns.runtime import shutdown


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)
    shutdown.requested.clear()
