"""Presses at the very same moment, and processes that are told to stop while they send: all of it for real.

Faults F07 and F45, over the web server and the worker as they are started. The ledger of the carrier is the
judge.
"""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from campaigns.local.supervisor import free_port
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import Site, database, ended, rows, site
from tests.support.waiting import until

__all__ = ["database", "site"]

POST = {"method": "POST", "path": "/a2p-sms/batches"}
REQUEST_LIMIT = 120.0
"""Seconds that a request may last at most; a stop takes no longer."""

SIGNED_IN = """
from django.test import Client
from tests.support import factories
from django.contrib.auth.models import User
user = User.objects.create_superuser("ada", password="correct horse battery staple")
client = Client()
client.force_login(user)
campaign = scenario.drafted(scenario.people({people}), size={size})
emit([campaign.pk, client.cookies["sessionid"].value])
"""
LEFT = """
campaigns = list(Campaign.objects.all())
for campaign in campaigns:
    if campaign.state != "draft":
        scenario.assert_adds_up(campaign)
launched = History.objects.filter(kind="launched").count()
emit([launched, [[one.state, scenario.counts(one)] for one in campaigns]])
"""


class Browser:
    """One person's session with the pages, as many requests at once as are asked for."""

    def __init__(self, url: str, session: str) -> None:
        self.url = url
        self.cookies = {"sessionid": session}

    def open(self, path: str) -> dict[str, str]:
        """The hidden fields of the form on a page; its CSRF cookie is kept."""
        page = requests.get(self.url + path, cookies=self.cookies, timeout=30)
        assert page.status_code == 200, page.text[-2000:]
        self.cookies |= page.cookies.get_dict()
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        answer = requests.post(
            self.url + path,
            data=fields,
            cookies=self.cookies,
            headers={"Referer": self.url + path},
            allow_redirects=False,
            timeout=60,
        )
        return answer.status_code, answer.headers.get("Location", "")

    def at_once(self, *presses: tuple[str, dict[str, str]]) -> list[tuple[int, str]]:
        with ThreadPoolExecutor(len(presses)) as pool:
            return list(pool.map(lambda press: self.post(*press), presses))


@contextmanager
def web(site: Site) -> Iterator[str]:
    """The web server as `manage.py run` starts it, with two processes; its address."""
    port = free_port(30_000)
    server = site.start(
        *("-m", "gunicorn", "dashboard.wsgi:application", "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "10"),
        DEBUG="true", UNDO_SECONDS="0",
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert server.poll() is None, server.communicate()
        try:
            return requests.get(f"{url}/healthz/", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    until(answers, "the web server answers")
    yield url
    server.terminate()
    server.communicate(timeout=60)


def carry_on(site: Site) -> None:
    """A worker, until the campaign is finished."""
    moving = "SELECT 1 FROM campaigns_campaign WHERE state NOT IN ('draft', 'finished')"
    if not rows(site.env["DATABASE_URL"], moving):
        return
    background = site.start("manage.py", "worker", "--interval", "0.05")
    until(lambda: not rows(site.env["DATABASE_URL"], moving), "nothing moves any more")
    background.terminate()
    assert ended(background).returncode == 0


def test_f45_twenty_presses_at_the_same_moment(site: Site, simulator: RunningSimulator) -> None:
    pk, session = site.run(SIGNED_IN.format(people=6, size=2))
    path = f"/campaigns/{pk}/review/"
    with web(site) as url:
        browser = Browser(url, session)
        fields = browser.open(path) | {"batch_size": "100"}
        answers = browser.at_once(*[(path, fields)] * 20)
    assert set(answers) == {(302, f"/campaigns/{pk}/")}
    carry_on(site)
    assert site.run(LEFT) == [1, [["finished", {"delivered": 6}]]]
    assert sorted(line["to"] for line in simulator.ledger()) == sorted(
        number for number, _ in scenario.people(6)
    )


def test_f45_send_and_delete_at_the_same_moment(site: Site, simulator: RunningSimulator) -> None:
    """Whoever is first wins: it is gone and nobody was texted, or it is sent and its record stays."""
    pk, session = site.run(SIGNED_IN.format(people=4, size=2))
    drafts = [pk, *site.run(MORE_DRAFTS)]
    with web(site) as url:
        browser = Browser(url, session)
        for number, draft in enumerate(drafts):
            send, delete = f"/campaigns/{draft}/review/", f"/campaigns/{draft}/delete/"
            fields = browser.open(send) | {"batch_size": "100"}
            presses = [(send, fields), (delete, fields)] * 3
            answers = browser.at_once(*(presses if number % 2 else reversed(presses)))
            assert {status for status, _ in answers} <= {302, 404}
    carry_on(site)
    sent, left = site.run(LEFT)
    assert [state for state, _ in left] == ["finished"] * sent
    assert len(simulator.ledger()) == 4 * sent


MORE_DRAFTS = """
first = Campaign.objects.get()
made = []
for _ in range(7):
    first.pk = None
    first.save()
    made.append(first.pk)
emit(made)
"""


# --- F07: told to stop while a request is under way --------------------------------------------------------

LAUNCH = """
campaign = scenario.drafted(scenario.people(4), size=2)
launch.launch(campaign, user=None)
emit(campaign.pk)
"""


def from_the_worker(site: Site, folder: Path) -> subprocess.Popen[str]:
    site.run(LAUNCH)
    return site.start("manage.py", "worker", "--interval", "0.05")


def from_the_command_line(site: Site, folder: Path) -> subprocess.Popen[str]:
    path = folder / "people.csv"
    path.write_text(scenario.file_of(scenario.people(4)))
    text = scenario.GREETING
    return site.start(
        "manage.py", "send", str(path), "--from", scenario.LOCAL, "--text", text, BATCH_SIZE="2"
    )


@pytest.mark.parametrize(
    ("start", "answered", "code"),
    [
        (from_the_worker, 0, 0),
        (from_the_worker, 1, 0),
        (from_the_command_line, 0, 1),  # and says that rows are left for the worker
        (from_the_command_line, 1, 0),
    ],
)
def test_f07_told_to_stop_the_request_under_way_ends_and_no_other_begins(
    site: Site,
    simulator: RunningSimulator,
    tmp_path: Path,
    start: Callable[[Site, Path], subprocess.Popen[str]],
    answered: int,
    code: int,
) -> None:
    simulator.faults({**POST, "nth": answered + 1, "fault": "delay", "seconds": 1})
    process = start(site, tmp_path)
    # One statement: between two of them another request may begin.
    before = "(SELECT COUNT(*) FROM campaigns_attempt WHERE state = 'accepted')"
    in_flight = f"SELECT 1 FROM campaigns_attempt WHERE state = 'sending' AND {before} = {answered}"
    until(lambda: rows(site.env["DATABASE_URL"], in_flight), "the request is under way")
    told_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    ended_process = ended(process)
    assert time.monotonic() - told_at < REQUEST_LIMIT
    assert ended_process.returncode == code, ended_process.stderr
    states = {state for (state,) in rows(site.env["DATABASE_URL"], "SELECT state FROM campaigns_attempt")}
    assert states <= {"accepted", "not_sent"}, "nothing is in doubt"
    assert len(simulator.ledger()) == 2 * (answered + 1)
    simulator.faults()
    carry_on(site)
    assert sorted(line["to"] for line in simulator.ledger()) == [number for number, _ in scenario.people(4)]
