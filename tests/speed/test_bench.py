"""The bench itself works, on a small file; how fast is not asked here."""

import csv
import subprocess
import sys
from pathlib import Path

import phonenumbers

from tests.speed.people import write_people

ROOT = Path(__file__).resolve().parent.parent.parent


def test_people_are_valid_distinct_and_the_same_every_time(tmp_path: Path) -> None:
    write_people(tmp_path / "one.csv", 3000)
    write_people(tmp_path / "two.csv", 3000)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with (tmp_path / "one.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [phonenumbers.parse(row["Phone"], "US") for row in rows]
    assert all(phonenumbers.is_valid_number_for_region(number, "US") for number in numbers)
    assert len({number.national_number for number in numbers}) == 3000
    assert {row["First name"] == "" for row in rows} == {True, False}


def test_the_bench_compares_what_arrived(tmp_path: Path) -> None:
    few = ["--rows", "1500", "--runs", "1", "--calls", "3", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "tests.speed.bench", *few]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "ratio: " in result.stdout
    assert "with 1,500 messages" in result.stdout
    assert list(tmp_path.iterdir()) == []
