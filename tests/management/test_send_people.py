"""`manage.py send`: who of a file is texted, and what is said of those who are not."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


def send(path: Path, content: str, *arguments: str) -> str:
    """What it prints."""
    path.write_text(content)
    out = io.StringIO()
    call_command("send", str(path), "--from", scenario.LOCAL, "--text", "Hi", *arguments, stdout=out)
    return out.getvalue()


def test_what_was_noticed_while_reading_is_said(carrier: RunningSimulator, tmp_path: Path) -> None:
    printed = send(tmp_path / "numbers.txt", "212-555-0101, 212-555-0102\n")
    assert "The file holds 2 numbers in one line." in printed
    assert len(carrier.ledger()) == 2


def test_numbers_that_the_account_cannot_reach_are_not_handed_over(
    carrier: RunningSimulator, tmp_path: Path
) -> None:
    rows = "Phone\n+442079460000\n+18765550100\n+525512345678\n8885550123\n"
    told = json.loads(send(tmp_path / "abroad.csv", rows, "--json").splitlines()[-1])
    assert (told["rows"], told["balanced"]) == (4, True)
    assert {state: count for state, count in told["states"].items() if count}["invalid"] == 3
    assert sum(told["states"].values()) == 4
    assert told["states"]["rejected"] == 0
    assert [line["to"] for line in carrier.ledger()] == ["+18885550123"]


def test_a_file_that_is_abroad_whole_is_accounted_for(carrier: RunningSimulator, tmp_path: Path) -> None:
    told = json.loads(send(tmp_path / "abroad.csv", "Phone\n+442079460000\n", "--json").splitlines()[-1])
    assert (told["rows"], told["states"]["invalid"], told["balanced"]) == (1, 1, True)
    assert carrier.ledger() == []
