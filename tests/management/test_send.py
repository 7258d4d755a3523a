"""`manage.py send`: the whole job on one line, with a sentence and an exit code for whatever is wrong."""

import io
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import (
    Attempt,
    Campaign,
    Contact,
    ContactList,
    History,
    Import,
    ImportRow,
    Lease,
    Message,
)
from campaigns.opt_outs import manual
from campaigns.receipts import tasks as receipts
from campaigns.sending import attempts
from campaigns.worker import campaign_loop, clock_jump
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.doubt import MINUTE, later, lost
from tests.support.site import Site, rows
from tests.support.waiting import until

HELLO = 'Hi {{ first_name or "there" }}'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for receipts at once, not after seconds."""
    monkeypatch.setattr(attempts, "FIRST_POLL_DELAY", timedelta(0))
    monkeypatch.setattr(campaign_loop, "TURN", 0.02)
    monkeypatch.setattr(receipts, "POLL_EVERY", 0.0)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "texas.csv"
    path.write_text(scenario.file_of(scenario.people(5)))
    return path


def send(path: Path, *arguments: str, sender: str = scenario.LOCAL, text: str = HELLO) -> dict[str, Any]:
    """The object that its last line holds."""
    out = io.StringIO()
    call_command("send", str(path), "--from", sender, "--text", text, "--json", *arguments, stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return told


def states(told: dict[str, Any]) -> dict[str, int]:
    return {state: count for state, count in told["states"].items() if count}


@pytest.mark.django_db
def test_from_a_file_to_receipts(carrier: RunningSimulator, people: Path) -> None:
    told = send(people, "--wait", "--wait-limit", "20")
    assert told == {
        "campaign": Campaign.objects.get().pk,
        "rows": 5,
        "states": dict.fromkeys(told["states"], 0) | {"delivered": 5},
        "balanced": True,
        "batches": 1,
        "segments": 5,
        "cost": "0.035",
    }
    assert sorted((line["to"], line["text"]) for line in carrier.ledger()) == sorted(
        (phone, f"Hi {name}") for phone, name in scenario.people(5)
    )
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.state) == ("texas", Campaign.State.FINISHED)
    assert campaign.claimed_at is None


@pytest.mark.django_db
def test_without_wait_it_ends_when_everything_is_handed_over(carrier: RunningSimulator, people: Path) -> None:
    carrier.options(speed=0.001)
    told = send(people, "--name", "Spring sale")
    assert states(told) == {"with_carrier": 5}
    assert told["cost"] is None, "no price is set and nothing was billed"
    assert Campaign.objects.get().name == "Spring sale"


@pytest.mark.django_db
def test_it_says_the_numbers_in_words(
    carrier: RunningSimulator, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("send", str(people), "--from", "(650) 555-0100", "--text", HELLO, "--wait")
    out = capsys.readouterr().out
    assert "5  Delivered" in out
    assert "5  rows in the file" in out


@pytest.mark.django_db
def test_every_row_is_accounted_for(carrier: RunningSimulator, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text(
        scenario.file_of(
            [
                *scenario.people(4),
                scenario.people(1)[0],
                ("nonsense", "Bad"),
                ("", "Nobody"),
                (scenario.ending("9700"), "Refused"),
                (scenario.ending("9830"), "Not delivered"),
                (scenario.ending("9701"), "Never a receipt"),
            ]
        )
        + "\n\n"
    )
    manual.add(scenario.phone(3), note="", user=None)
    told = send(path, "--wait", "--wait-limit", "1")
    assert told["rows"] == 10
    assert states(told) == {
        "delivered": 3, "excluded": 1, "duplicate": 1, "invalid": 2, "rejected": 1, "not_delivered": 1,
        "sent": 1,
    }  # fmt: skip
    assert sum(told["states"].values()) == 10


def nothing_stored() -> bool:
    return not any(
        model.objects.exists() for model in (Campaign, ContactList, Import, ImportRow, Contact, Message)
    )


GOOD = scenario.file_of(scenario.people(2))
BAD = [
    (None, {}, "There is no file"),
    ("", {}, "The file is empty"),
    ("Phone,Name\n", {}, "no rows"),
    ("Name,City\nAnn,Austin\n", {}, "No column looks like phone numbers"),
    ("\x89PNG\r\n\x1a\n\0\0\0", {}, "not a spreadsheet"),
    (GOOD, {"phone_column": "Mobile"}, "There is no column called Mobile"),
    (GOOD, {"sender": "+12125550100"}, "does not list it"),
    (GOOD, {"sender": scenario.PLAIN}, "A2PSmsSender"),
    (GOOD, {"sender": "nonsense"}, "is not a phone number"),
    (GOOD, {"text": "Hi {{ frist_name }}"}, "first_name"),
    (GOOD, {"text": "Hi {{ first_name"}, "Check the text"),
    (GOOD, {"text": "  "}, "There is no text yet"),
    (GOOD, {"at": "soon"}, "is not a time"),
    (GOOD, {"at": "2026-02-30T09:00"}, "is not a time"),
    (GOOD, {"at": "2020-01-01T09:00"}, "is over"),
    ("Phone,First name\nx,Ann\n12,Bob\n", {}, "Nobody in"),
    ("Phone,First name\n" + "2125550101,Ann\n" * 300 + '2125550102,"Ben\n', {}, "quotation mark"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "options", "words"), BAD, ids=[row[2] for row in BAD])
def test_bad_input_gets_a_sentence_and_stores_nothing(
    carrier: RunningSimulator,
    settings: LazySettings,
    tmp_path: Path,
    content: str | None,
    options: dict[str, str],
    words: str,
) -> None:
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    given = {"sender": scenario.LOCAL, "text": HELLO} | options
    with pytest.raises(CommandError, match=words) as problem:
        call_command("send", str(path), **given)
    assert problem.value.returncode != 0
    assert nothing_stored()
    assert not list(settings.UPLOAD_DIR.glob("*")) if settings.UPLOAD_DIR.exists() else True
    assert carrier.ledger() == []


@pytest.mark.django_db
def test_a_carrier_that_cannot_be_reached_stores_nothing(settings: LazySettings, people: Path) -> None:
    settings.RINGCENTRAL_SERVER_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="cannot be reached"):
        send(people)
    assert nothing_stored()


@pytest.mark.django_db
def test_credentials_that_are_refused_store_nothing(
    carrier: RunningSimulator, settings: LazySettings, people: Path
) -> None:
    settings.RINGCENTRAL_JWT = "wrong"
    with pytest.raises(CommandError, match="JWT"):
        send(people)
    assert nothing_stored()


@pytest.mark.django_db
def test_a_lost_answer_is_not_success(
    carrier: RunningSimulator, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "drop_after"})
    out = io.StringIO()
    with pytest.raises(CommandError, match="Not every row is accounted for"):
        call_command(
            "send",
            str(people),
            sender=scenario.LOCAL,
            text=HELLO,
            json=True,
            wait=True,
            wait_limit=0.5,
            stdout=out,
        )
    told = json.loads(out.getvalue().splitlines()[-1])
    assert states(told) == {"in_doubt": 5}
    assert "was lost" in capsys.readouterr().err
    assert len(carrier.ledger()) == 5


@pytest.mark.django_db
@pytest.mark.parametrize(("ticks", "minutes"), [("", 15), ("a worker", 0)])
def test_a_clock_that_is_set_shortens_no_wait(carrier: RunningSimulator, ticks: str, minutes: int) -> None:
    """Seen to once: a worker beside it, which ticks, does so itself."""
    lost(carrier, scenario.people(3), fault="drop_before")
    later(MINUTE)
    before = Attempt.objects.get().ended_at
    Lease.objects.update_or_create(
        name="tick", defaults={"owner": ticks, "until": timezone.now() + timedelta(seconds=5)}
    )
    shown = [100.0, 1000.0]
    watch = clock_jump.JumpDetector(lambda: (shown[0], shown[1]))
    shown[1] += 15 * MINUTE
    campaign_loop.follow_clock(watch)
    assert before is not None
    assert Attempt.objects.get().ended_at == before + timedelta(minutes=minutes)


@pytest.mark.django_db
def test_a_refusal_is_not_success(
    carrier: RunningSimulator, people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "status", "status": 403})
    with pytest.raises(CommandError, match="Not every row"):
        send(people)
    assert "permission" in capsys.readouterr().err


@pytest.mark.django_db
def test_the_limit_also_ends_the_wait_for_a_start(carrier: RunningSimulator, people: Path) -> None:
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    with pytest.raises(CommandError, match="Not every row"):
        send(people, "--at", tomorrow, "--wait", "--wait-limit", "0.1")
    assert carrier.ledger() == []
    campaign = Campaign.objects.get()
    assert campaign.send_at is not None
    assert campaign.claimed_at is None, "the worker takes it from here"


@pytest.mark.django_db
def test_it_starts_when_it_was_told_to(carrier: RunningSimulator, people: Path) -> None:
    now = timezone.now().replace(microsecond=0)
    with time_machine.travel(now, tick=True):
        told = send(people, "--at", (now + timedelta(seconds=1)).isoformat())
        assert timezone.now() >= now + timedelta(seconds=1)
    assert states(told) == {"with_carrier": 5}


@pytest.mark.django_db
def test_long_names_are_no_trouble(carrier: RunningSimulator, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 200 + ".csv")
    path.write_text(GOOD)
    assert states(send(path, "--name", "y" * 300)) == {"with_carrier": 2}
    assert Campaign.objects.get().name == "y" * 120


@pytest.mark.django_db
def test_each_run_is_a_campaign_of_its_own(carrier: RunningSimulator, people: Path) -> None:
    assert send(people)["campaign"] != send(people)["campaign"]
    assert History.objects.filter(kind="launched").count() == 2


# --- As a process ----------------------------------------------------------------------------------------


def test_ten_thousand_rows(site: Site, simulator: RunningSimulator, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    valid = [
        (f"+1{212 + place // 7000}5{place % 7000 + 550000:06}", f"Person {place}") for place in range(9990)
    ]
    path.write_text(scenario.file_of([*valid, *valid[:6], ("x", ""), ("", "y"), ("12", ""), ("x", "z")]))
    done = site.manage(
        "send", str(path), "--from", scenario.LOCAL, "--text", HELLO, "--wait", "--wait-limit", "60", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["rows"], told["balanced"], told["batches"]) == (10_000, True, 10)
    assert states(told) == {"delivered": 9990, "duplicate": 6, "invalid": 4}
    texts = {line["to"]: line["text"] for line in simulator.ledger()}
    assert len(simulator.ledger()) == 9990
    assert texts == {phone: f"Hi {name}" for phone, name in valid}


def test_it_stops_in_order_when_it_is_told_to(
    site: Site, simulator: RunningSimulator, tmp_path: Path
) -> None:
    """SIGTERM in the middle of a request: the request ends, no other starts, nothing is in doubt."""
    path = tmp_path / "people.csv"
    path.write_text(scenario.file_of(scenario.people(6)))
    simulator.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "delay", "seconds": 0.7})
    process = site.start(
        "manage.py", "send", str(path), "--from", scenario.LOCAL, "--text", HELLO, "--json", BATCH_SIZE="2"
    )
    until(
        lambda: rows(site.env["DATABASE_URL"], "SELECT 1 FROM campaigns_attempt WHERE state = 'sending'"),
        "a request is under way",
    )
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    assert states(json.loads(out.splitlines()[-1])) == {"with_carrier": 2, "queued": 4}
    assert "Not every row" in err
    assert len(simulator.ledger()) == 2


def test_beside_a_running_worker(site: Site, simulator: RunningSimulator, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(scenario.file_of(scenario.people(40)))
    worker = site.start("manage.py", "worker", "--interval", "0.05", BATCH_SIZE="2")
    until(
        lambda: rows(site.env["DATABASE_URL"], "SELECT 1 FROM campaigns_lease WHERE name = 'tick'"),
        "the worker ticks",
    )
    done = site.manage(
        "send", str(path), "--from", scenario.LOCAL, "--text", HELLO,
        "--wait", "--wait-limit", "40", "--json",
        BATCH_SIZE="2",
    )  # fmt: skip
    worker.terminate()
    _, err = worker.communicate(timeout=30)
    assert done.returncode == 0, done.stderr
    assert worker.returncode == 0, err
    assert states(json.loads(done.stdout.splitlines()[-1])) == {"delivered": 40}
    assert set(Counter(line["to"] for line in simulator.ledger()).values()) == {1}
    assert len(simulator.ledger()) == 40


def test_after_a_run_that_was_killed_the_next_one_gets_through(
    site: Site, simulator: RunningSimulator, tmp_path: Path
) -> None:
    """No worker is there to settle what the killed one left: the new one does, and says what it waits for."""
    path = tmp_path / "people.csv"
    path.write_text(scenario.file_of(scenario.people(2)))
    simulator.faults(
        {"method": "POST", "path": "/a2p-sms/batches", "nth": 1, "fault": "delay", "seconds": 30}
    )
    arguments = ("send", str(path), "--from", scenario.LOCAL, "--text", HELLO, "--wait")
    killed = site.start("manage.py", *arguments)
    until(
        lambda: rows(site.env["DATABASE_URL"], "SELECT 1 FROM campaigns_attempt WHERE state = 'sending'"),
        "a request is under way",
    )
    killed.kill()
    killed.communicate()
    done = site.manage(*arguments, "--wait-limit", "1")
    assert done.returncode == 1
    assert "which sends from the same number" in done.stderr
    other = site.manage(*arguments[:2], "--from", scenario.TOLL_FREE, "--text", HELLO, "--wait")
    assert other.returncode == 0, other.stderr
