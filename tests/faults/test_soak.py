"""The soak itself works: it kills, sends, judges, and is not blind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.load_generator import dealt_out, faults
from tests.faults.staff_client import Form

ROOT = Path(__file__).parents[2]


def test_a_tiny_soak_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.soak", "--folder", str(tmp_path), "--seed", "1"),
            *("--kills", "3", "--messages", "40", "--batch", "10"),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = dict(re.findall(r"^ *(\S.*?) {2,}([\d,]+)$", done.stdout, re.MULTILINE))
    assert report["kills"] == report["restarts"] == "3"
    assert int(report["messages"]) >= 40
    assert report["messages"] == report["accepted by the carrier"]
    assert report["lost"] == report["doubled"] == report["in review"] == "0"
    assert list(tmp_path.iterdir()) == []


def test_the_people_are_dealt_out_once_each(tmp_path: Path) -> None:
    dealt = [names for _, names in dealt_out(tmp_path, 50, 3)]
    assert [len(names) for names in dealt] == [17, 17, 16]
    assert len({number for names in dealt for number in names}) == 50
    assert all(number.startswith("+1") and len(number) == 12 for names in dealt for number in names)


def test_three_in_ten_requests_fail() -> None:
    left, parts = 1.0, []
    for fault in faults(100)[:4]:
        parts.append(left * fault["probability"])
        left -= parts[-1]
    assert parts == pytest.approx([0.1, 0.1, 0.05, 0.05])


def test_a_form_is_read_as_a_browser_would_send_it() -> None:
    page = (
        '<form><input name="other" value="1"></form><form><input type="hidden" name="seen" value="a">'
        '<input type="radio" name="size" value="1"><input type="radio" name="size" value="2" checked>'
        '<select name="kind"><option value="x"><option value="y" selected></select>'
        '<input type="checkbox" name="no" value="1"><input type="submit" name="press"></form>'
    )
    assert Form(page, "seen").fields == {"seen": "a", "size": "2", "kind": "y"}
