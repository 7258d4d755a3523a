"""How fast the simulated carrier takes texts, both sides on one core: `python -m tests.simulator.speed`."""

import http.client
import os
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from tests.simulator.client import Client
from tests.simulator.running import RunningSimulator, running_simulator

_BATCH = 1000
_BATCHES = 100
_RUNS = 5
_PATH = "/restapi/v1.0/account/~/a2p-sms/batches"


def _bodies() -> list[bytes]:
    """A hundred batches of personal texts of about 130 characters, made before the clock starts."""
    return [
        orjson.dumps(
            {
                "from": "+16505550100",
                "messages": [
                    {
                        "to": [f"+1415{2000000 + number * _BATCH + index}"],
                        "text": f"Hello number {number}-{index}, your order is ready to be picked up. "
                        "Show this text at the counter until Friday. Reply STOP to opt out.",
                    }
                    for index in range(_BATCH)
                ],
            }
        )
        for number in range(_BATCHES)
    ]


def _post_all(simulator: RunningSimulator, bodies: list[bytes]) -> float:
    headers = Client(simulator.url).headers | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc)
    started = time.perf_counter()
    for body in bodies:
        connection.request("POST", _PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _resident_bytes(simulator: RunningSimulator) -> int:
    pages = int(Path(f"/proc/{simulator.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    os.sched_setaffinity(0, {0})
    bodies, rates, texts = _bodies(), [], _BATCH * _BATCHES
    for _ in range(_RUNS):
        with running_simulator(rate_limits="off") as simulator:
            before = _resident_bytes(simulator)
            rates.append(texts / _post_all(simulator, bodies))
            held = (_resident_bytes(simulator) - before) / texts
    print(
        f"The simulated carrier took {statistics.median(rates):,.0f} texts a second (median of {_RUNS}; "
        f"the goal is 50,000) and holds {held:,.0f} bytes a text (the goal is at most 1,024)"
    )


if __name__ == "__main__":
    main()
