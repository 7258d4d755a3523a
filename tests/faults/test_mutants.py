"""What `make mutants` plants still has its place in the program, and the tests that it counts on exist."""

import ast

import pytest

from tests.faults.mutant_types import CannotPlantError, Change, Mutant
from tests.faults.mutants import MUTANTS, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_can_be_planted(mutant: Mutant) -> None:
    for change in mutant.changes:
        planted = change.planted(ROOT)
        assert planted != (ROOT / change.path).read_text(encoding="utf-8")
        ast.parse(planted)
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["no such text stands there", "import"], ids=["missing", "many times"])
def test_a_text_that_is_not_there_once_is_said_aloud(text: str) -> None:
    with pytest.raises(CannotPlantError, match="and not once"):
        Change("campaigns/sending/dispatch.py", text, "").planted(ROOT)
