"""The code speaks the field's language; `python -m tests.architecture.words` names the worst files."""

import pytest

from tests.architecture.words import WORDS, code, measure, total

LIMIT = 2.0
"""Occurrences of each word in 1,000 lines."""
PRIVATE = 0.2
"""Share of functions."""
DOCSTRINGS = 0.46
"""Share of functions; names should carry most contracts."""


def test_no_word_of_a_private_language_spreads() -> None:
    whole, _ = total(code())
    assert {word: n for word in WORDS if (n := whole.per_thousand(word)) > LIMIT} == {}


def test_modules_have_faces() -> None:
    assert total(code())[0].private_share <= PRIVATE


def test_names_carry_most_contracts() -> None:
    assert total(code())[0].docstring_share <= DOCSTRINGS


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("found = keptLook = 1\n", {"found": 1, "kept": 1, "look": 1}),
        ("def _told(whose_said): ...\n", {"told": 1, "whose": 1, "said": 1}),
        ("x = 1  # Ours, and theirs\n", {"ours": 1}),
        ('"""Said\nonce."""\nX = 1\n"""Told."""\n', {"said": 1, "told": 1}),
        ('x = "lost and found"\nlookup = foundry = 1\n', {}),
    ],
)
def test_what_is_counted(source: str, words: dict[str, int]) -> None:
    assert measure(source).words == words


def test_functions_are_counted() -> None:
    source = 'def a():\n    """Doc."""\ndef _b(): ...\nclass C:\n    def __len__(self): ...  # why\n'
    counted = measure(source)
    assert (counted.functions, counted.private, counted.with_docstring, counted.comments) == (3, 1, 1, 1)
