"""Launches campaign after campaign through the pages. Needs Django to be set up."""

import csv
import io
import threading
import time
from pathlib import Path
from typing import Any

from tests.faults import soak_checks
from tests.faults.installation import SENDERS, Installation
from tests.faults.staff_client import StaffClient
from tests.speed.people import write_people
from tests.support.waiting import until

POST = {"method": "POST", "path": "/a2p-sms/batches"}
HOOK = "WEBHOOK"
"""What the simulator calls the method of an event."""
LATENCY = 0.001
"""Seconds that the carrier takes for a text, so that there is something to kill in flight."""
PARTS = 4
"""Lists that the people are dealt out to."""
REST = 300.0
"""Seconds within which everything must come to rest once it has left."""
A_TEXT = 0.05
"""Seconds that each text may take to leave beside that."""


def share(part: float, taken: float) -> float:
    """Chance of a fault that is asked for only when those before it, which take so much, did not strike."""
    return part / (1 - taken)


def slowness(batch: int) -> list[dict[str, Any]]:
    """A carrier as it always is: every other batch is taken at once and its answer late, the rest late."""
    slow = {**POST, "fault": "delay", "seconds": LATENCY * batch}
    return [{**slow, "probability": 0.5, "when": "before"}, {**slow, "when": "after"}]


def faults(batch: int) -> list[dict[str, Any]]:
    """One in ten taken and its answer lost, one in ten lost, one in twenty 503, one in twenty 429."""
    refused: dict[str, Any] = {"fault": "status", "status": 429, "headers": {"Retry-After": "1"}}
    return [
        {**POST, "probability": 0.1, "fault": "drop_after"},
        {**POST, "probability": share(0.1, 0.1), "fault": "drop_before"},
        {**POST, "probability": share(0.05, 0.2), "fault": "status", "status": 503},
        {**POST, "probability": share(0.05, 0.25), **refused},
        *slowness(batch),
        # Of what the carrier tells by itself, most gets lost: the poller has to find it.
        {"probability": 0.3, "fault": "hook_duplicate", "method": HOOK},
        {"probability": 0.8, "fault": "hook_drop", "method": HOOK},
    ]


def dealt_out(folder: Path, people: int, count: int) -> list[tuple[bytes, dict[str, str]]]:
    """The people as files to upload; of each, the first name by number as the program should read it."""
    path = folder / "people.csv"
    write_people(path, people)
    with path.open(encoding="utf-8", newline="") as people_file:
        header, *rows = list(csv.reader(people_file))
    made = []
    for place in range(count):
        mine = rows[place::count]
        file = io.StringIO()
        csv.writer(file).writerows([header, *mine])
        names = {"+1" + "".join(filter(str.isdigit, row[0]))[-10:]: row[1] or "there" for row in mine}
        made.append((file.getvalue().encode(), names))
    return made


class LoadGenerator(threading.Thread):
    """Keeps every number busy: when one campaign has left, its person launches the next one."""

    def __init__(self, site: Installation, *, messages: int, batch: int, parts: int = PARTS) -> None:
        super().__init__(name="load", daemon=True)
        self.staff = StaffClient(site.url, site.password)
        self.sent: list[soak_checks.Sent] = []
        self.enough = threading.Event()
        """No more campaigns than those that were asked for."""
        self.trouble: BaseException | None = None
        self._batch = batch
        self._parts = dealt_out(site.folder, messages, parts)

    def upload(self) -> None:
        self.staff.sign_in()
        until(soak_checks.numbers_known, "the numbers of the account are known")
        for place, (file, _) in enumerate(self._parts):
            self.staff.upload(f"Part {place}", file)

    def run(self) -> None:
        try:
            while not (self.enough.is_set() and self.all_launched and not self._leaving()):
                self._look_after()
                time.sleep(0.2)
        except BaseException as trouble:
            self.trouble = trouble
        finally:
            soak_checks.close()

    def finish(self) -> None:
        """Until everything that was asked for has left. Raises what went wrong."""
        self.enough.set()
        self.join(REST + A_TEXT * sum(len(names) for _, names in self._parts))
        if self.trouble is not None:
            raise self.trouble
        assert not self.is_alive(), "not everything left in time"

    def rest(self) -> bool:
        """Whether everything comes to rest in time: nothing will leave, and no answer is looked for."""
        end = time.monotonic() + REST
        while time.monotonic() < end:
            if soak_checks.at_rest(self.numbers):
                return True
            time.sleep(0.2)
        return False

    @property
    def all_launched(self) -> bool:
        return len(self.sent) >= len(self._parts)

    @property
    def numbers(self) -> list[int]:
        return [sent.number for sent in self.sent]

    def _leaving(self) -> list[int]:
        return soak_checks.leaving(self.numbers)

    def _look_after(self) -> None:
        leaving = self._leaving()
        for number in leaving:
            if soak_checks.state(number) == soak_checks.State.HELD:
                self.staff.let_go_on(number)
            self.staff.look(f"/campaigns/{number}/")
        busy = {sent.sender for sent in self.sent if sent.number in leaving}
        for sender in SENDERS:
            if sender not in busy and not (self.enough.is_set() and self.all_launched):
                self._launch(sender)

    def _launch(self, sender: str) -> None:
        """The next part; when all had theirs, the first one gets another text."""
        turn = len(self.sent)
        place = turn % len(self._parts)
        text = f"Hi {{}}, this is text {turn} of the soak. Reply STOP to opt out."
        draft = self.staff.draft(f"Part {place}", sender, text.format('{{ first_name or "there" }}'))
        texts = {to: text.format(name) for to, name in self._parts[place][1].items()}
        self.sent.append(soak_checks.Sent(draft, sender, texts))
        self.staff.send(draft, self._batch)
