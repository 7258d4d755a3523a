"""Ten workers in two processes, each with a connection of its own to one database: one limit, one token."""

import json
import subprocess
from datetime import datetime
from itertools import pairwise

from tests.simulator.running import RunningSimulator
from tests.support.metered import TOKEN_LIFE, metered
from tests.support.site import Site, ended
from tests.support.waiting import until

WORKERS = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from campaigns.providers.base import ProviderError
carrier = registry.default().provider
def work(calls):
    done = 0
    while done < calls:
        try:
            carrier.numbers()
            done += 1
        except ProviderError as error:
            if error.kind != "rate":
                raise
            time.sleep(min(error.retry_after, 1))
    connection.close()
    return done
with ThreadPoolExecutor(5) as pool:
    emit(sum(pool.map(work, [CALLS] * 5)))
"""


def start(site: Site, calls: int) -> list[subprocess.Popen[str]]:
    """Two processes of five workers each, which make so many calls each."""
    return [site.script(WORKERS.replace("CALLS", str(calls))) for _ in range(2)]


def finish(workers: list[subprocess.Popen[str]]) -> int:
    """How many calls succeeded in all."""
    results = [ended(process) for process in workers]
    assert [result.returncode for result in results] == [0, 0], [result.stderr for result in results]
    return sum(json.loads(result.stdout.splitlines()[-1]) for result in results)


def test_a_strict_carrier_counts_no_call_too_many_and_none_in_a_penalty(site: Site) -> None:
    with metered(3, 11) as carrier:
        site.env["RINGCENTRAL_SERVER_URL"] = carrier.url
        assert finish(start(site, 2)) == 20
    assert len(carrier.calls) == 22  # two were refused
    assert (carrier.in_penalty, carrier.over_limit) == (0, 0)
    assert len(carrier.minted) >= 2
    gaps = [later - earlier for earlier, later in pairwise(carrier.minted)]
    assert min(gaps) >= TOKEN_LIFE / 2 - 0.1  # one sign-in for each token that ran out


def test_the_simulator_sees_silence_after_each_refusal(site: Site, simulator: RunningSimulator) -> None:
    simulator.options(rate_limits=True)
    refusal = {"fault": "status", "status": 429, "headers": {"Retry-After": "1"}, "path": "/phone-number"}
    simulator.faults({**refusal, "probability": 0.2, "times": 3})
    workers = start(site, 3)
    until(lambda: len(simulator.requests()) > 10, "a good part of the calls")
    simulator.control("DELETE", "sessions")  # as when somebody revokes the application
    assert finish(workers) == 30

    calls = simulator.requests()
    assert 429 not in {call["status"] for call in calls}  # the carrier itself never had to refuse
    good = [call for call in calls if call["path"].endswith("/phone-number") and call["status"] == 200]
    assert len(good) == 30
    assert len([call for call in calls if call["path"].endswith("/token")]) == 2
    # A refused request is not in the list, but a second of silence follows it; a call into that silence
    # would leave fewer such gaps than refusals.
    times = [datetime.fromisoformat(call["at"]) for call in calls]
    silences = sum((later - earlier).total_seconds() >= 1 for earlier, later in pairwise(times))
    (fault,) = json.loads(simulator.control("GET", "faults"))
    assert silences == fault["fired"] == 3
