"""`manage.py worker` as people start it: a process that does what is due and stops in order."""

import signal
from collections import Counter

import pytest

from tests.simulator.running import RunningSimulator
from tests.support.site import Site, ended, rows
from tests.support.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches"}
LAUNCH = """
campaign = scenario.drafted(scenario.people({people}), size={size})
launch.launch(campaign, user=None)
emit(campaign.pk)
"""
COUNTS = """
campaign = Campaign.objects.get(pk={pk})
scenario.assert_adds_up(campaign)
emit([campaign.state, scenario.counts(campaign), sorted(Attempt.objects.values_list("state", flat=True))])
"""


def state(site: Site) -> str:
    state: str = rows(site.env["DATABASE_URL"], "SELECT state FROM campaigns_campaign")[0][0]
    return state


def attempts(site: Site) -> list[str]:
    return [
        row[0] for row in rows(site.env["DATABASE_URL"], "SELECT state FROM campaigns_attempt ORDER BY id")
    ]


def test_a_launched_campaign_is_carried_to_its_end(site: Site, simulator: RunningSimulator) -> None:
    pk = site.run(LAUNCH.format(people=30, size=10))
    worker = site.start("manage.py", "worker", "--interval", "0.05")
    until(lambda: state(site) == "finished", "the campaign is finished")
    worker.terminate()
    done = ended(worker)
    assert done.returncode == 0, done.stderr
    assert site.run(COUNTS.format(pk=pk)) == ["finished", {"delivered": 30}, ["accepted"] * 3]
    assert set(Counter(line["to"] for line in simulator.ledger()).values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_in_the_middle_of_a_request_it_ends_that_one_only(
    site: Site, simulator: RunningSimulator, number: int
) -> None:
    pk = site.run(LAUNCH.format(people=6, size=2))
    simulator.faults({**POST, "fault": "delay", "seconds": 0.8})
    worker = site.start("manage.py", "worker", "--interval", "0.05")
    until(lambda: attempts(site) == ["sending"], "a request is under way")
    worker.send_signal(number)
    done = ended(worker)
    assert done.returncode == 0, done.stderr
    assert len(simulator.ledger()) == 2
    assert site.run(COUNTS.format(pk=pk)) == ["sending", {"with_carrier": 2, "queued": 4}, ["accepted"]]


def test_after_a_kill_another_worker_goes_on_at_once(site: Site, simulator: RunningSimulator) -> None:
    """Killed in its pause between two batches: nothing was under way, so nothing is in doubt."""
    pk = site.run(LAUNCH.format(people=4, size=2))
    simulator.faults({**POST, "nth": 2, "fault": "status", "status": 429, "headers": {"Retry-After": "1"}})
    worker = site.start("manage.py", "worker", "--interval", "0.05")
    until(lambda: attempts(site) == ["accepted", "rejected"], "it waits")
    worker.kill()
    ended(worker)
    second = site.start("manage.py", "worker", "--interval", "0.05")
    until(lambda: state(site) == "finished", "the campaign is finished")
    second.terminate()
    assert ended(second).returncode == 0
    assert site.run(COUNTS.format(pk=pk))[1] == {"delivered": 4}
    assert set(Counter(line["to"] for line in simulator.ledger()).values()) == {1}


def test_a_worker_without_a_tick_does_not_look_for_work(site: Site) -> None:
    worker = site.start("manage.py", "worker", "--no-tick", "--interval", "0.05")
    line = ""
    assert worker.stderr is not None
    while "worker started" not in line:
        line = worker.stderr.readline()
        assert line, "it ended by itself"
    worker.terminate()
    assert ended(worker).returncode == 0
    assert rows(site.env["DATABASE_URL"], "SELECT * FROM campaigns_lease") == []
