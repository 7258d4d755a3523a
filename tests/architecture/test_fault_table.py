"""docs/guarantee.md has a row for each fault that is tested, and a test stands behind each row."""

import re
from collections.abc import Iterable

import pytest

from tests.architecture.tree import files, text

ROW = re.compile(r"^\| (F\d\d) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
LIKE_A_ROW = re.compile(r"^\|\s*F\d+\b.*$", re.MULTILINE)
TEST = re.compile(r"^\s*def test_(f\d\d)_\w+", re.MULTILINE)


def rows(document: str) -> list[str]:
    """The numbers of its faults, in its order."""
    found = [number for number, _, _ in ROW.findall(document)]
    assert len(found) == len(LIKE_A_ROW.findall(document)), "a row has a number, what happens, what we do"
    return found


def faults_of(sources: Iterable[str]) -> set[str]:
    return {number.upper() for source in sources for number in TEST.findall(source)}


def differences(document: str, sources: Iterable[str]) -> dict[str, list[str]]:
    told, shown = set(rows(document)), faults_of(sources)
    found = {"rows without a test": sorted(told - shown), "tests without a row": sorted(shown - told)}
    return {what: numbers for what, numbers in found.items() if numbers}


def test_the_table_and_the_tests_name_the_same_faults() -> None:
    sources = (path.read_text(encoding="utf-8") for path in files(".py", under="tests"))
    assert differences(text("docs/guarantee.md"), sources) == {}


def test_each_fault_has_one_row_in_order() -> None:
    numbers = rows(text("docs/guarantee.md"))
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 30


def test_one_can_read_it_at_a_sitting() -> None:
    assert text("docs/guarantee.md").count("\n") < 400


@pytest.mark.parametrize(
    ("row", "source", "found"),
    [
        ("| F01 | it dies | it is found |", "def test_f01_it_dies() -> None:", {}),
        ("| F01 | it dies | it is found |", "    def test_f01_in_a_class(self)", {}),
        ("| F01 | it dies | it is found |", "", {"rows without a test": ["F01"]}),
        ("| F01 | it dies | it is found |", "# def test_f01_no_more", {"rows without a test": ["F01"]}),
        ("", "def test_f02_it_dies() -> None:", {"tests without a row": ["F02"]}),
    ],
)
def test_the_comparison(row: str, source: str, found: dict[str, list[str]]) -> None:
    assert differences(row, [source]) == found


def test_a_row_that_says_too_little() -> None:
    with pytest.raises(AssertionError, match="what happens"):
        rows("| F01 | it dies |")
