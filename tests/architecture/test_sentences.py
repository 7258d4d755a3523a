"""The domain speaks in codes: what staff read is made in `campaigns/labels/`, through gettext."""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import files, name

PACKAGES = ("contacts", "composing", "opt_outs", "sending", "reconciling", "receipts", "reports")
STILL = {
    "campaigns/sending/attempts.py": 1,
    "campaigns/sending/dispatch.py": 2,
    "campaigns/sending/resend.py": 3,
    "campaigns/reconciling/decisions.py": 2,
    "campaigns/reconciling/recovery.py": 6,
    "campaigns/reconciling/search.py": 8,
    "campaigns/receipts/unknown_batches.py": 3,
    "campaigns/receipts/unknown_texts.py": 2,
    "campaigns/receipts/webhook_events.py": 4,
    "campaigns/receipts/webhook_queue.py": 1,
}
"""Sentences of a file that are still made there. A number may only get smaller."""
WORD = re.compile(r"[^\W\d_]")
MARKS = ("_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy")
FOR_PROGRAMMERS = ("message", "msg")
"""Names of what an exception says that no user sees."""


def sentences(source: str, *, marked: bool = False) -> list[tuple[int, str]]:
    """Line and text of each string that reads like a sentence for people; `marked`: and is not in a mark."""
    tree = ast.parse(source)
    skipped = set(unseen(tree))
    if marked:
        skipped |= {text for node in ast.walk(tree) if is_mark(node) for text in ast.walk(node)}
    made = []
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            made.append((node.lineno, pattern(node)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            made.append((node.lineno, node.value))
    return sorted((line, text) for line, text in made if reads(text))


def pattern(node: ast.JoinedStr) -> str:
    """`Row {} of {}` for an f-string."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def reads(text: str) -> bool:
    words = [word for word in text.split() if WORD.search(word)]
    if len(words) < 3 or words[0].isupper():  # SQL begins in capitals
        return False
    return text[:1].isupper() or text.rstrip().endswith((".", "?", "!"))


def unseen(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, logs, parts of f-strings, and what exceptions tell programmers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from (part for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif (
            is_for_programmers(node)
            or is_log(node)
            or (
                isinstance(node, ast.Assign)
                and any(
                    isinstance(target, ast.Name) and target.id in FOR_PROGRAMMERS for target in node.targets
                )
            )
        ):
            yield from ast.walk(node)


def is_for_programmers(node: ast.AST) -> bool:
    """Whether it raises an exception of the language."""
    raised = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
    return isinstance(raised, ast.Name) and hasattr(builtins, raised.id)


def is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS


def is_log(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id in ("log", "logger")
    )


DOMAIN = [path for package in PACKAGES for path in files(".py", under=f"campaigns/{package}")]


@pytest.mark.parametrize("path", DOMAIN, ids=name)
def test_no_sentence_is_made_in_the_domain(path: Path) -> None:
    made = [f"{name(path)}:{line}: {text!r}" for line, text in sentences(path.read_text(encoding="utf-8"))]
    assert len(made) <= STILL.get(name(path), 0), "\n".join(made)


HINTS = "settings.py"
"""Holds what the checks of settings tell an administrator, in English as Django's own."""
EDGE = [
    path
    for package in ("labels", "providers")
    for path in files(".py", under=f"campaigns/{package}")
    if path.name != HINTS
]


@pytest.mark.parametrize("path", EDGE, ids=name)
def test_each_sentence_is_marked_for_translation(path: Path) -> None:
    assert [f"{name(path)}:{line}: {text!r}" for line, text in sentences(path.read_text(), marked=True)] == []


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ('x = "The file is empty."', ["The file is empty."]),
        ('x = f"Row {row} cannot be read. Save it again."', ["Row {} cannot be read. Save it again."]),
        ('y = {"a": "Nobody can get a text"}', ["Nobody can get a text"]),
        ('def f():\n    """A docstring is no sentence."""', []),
        ('log.warning("This is for the log only.")', []),
        ('raise ValueError("A blocked text cannot be rendered.")', []),
        ('raise ProviderError("There is no such id.")', ["There is no such id."]),
        ('x = "SELECT a FROM b WHERE c."', []),
        ('x = "left_out"\ny = "first last name"', []),
    ],
)
def test_what_is_a_sentence(source: str, made: list[str]) -> None:
    assert [text for _, text in sentences(source)] == made
