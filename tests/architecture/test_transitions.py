"""One module writes the state of an attempt."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITER = "campaigns/sending/transitions.py"
WRITES = {
    "update", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "claim", "insert",
    "upsert", "Attempt",
}  # fmt: skip
OTHER_STATES = ("Campaign.State", "Batch.State", "Message.State", "Import.State")


def modules() -> list[Path]:
    found = (path for folder in ("campaigns", "dashboard") for path in (ROOT / folder).rglob("*.py"))
    return [path for path in found if path.relative_to(ROOT).parts[1] not in ("simulator", "migrations")]


def writes_of_a_state(source: str) -> Iterator[int]:
    """Lines of a module that knows attempts and writes a state that is not plainly that of something else."""
    tree = ast.parse(source)
    knows = any(
        alias.name == "Attempt"
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and "UPDATE campaigns_attempt" in str(node.value):
            yield node.lineno
        if knows and isinstance(node, ast.Call) and called(node) in WRITES:
            yield from (node.lineno for keyword in node.keywords if may_be_ours(keyword))
        if knows and isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                node.lineno for one in targets if isinstance(one, ast.Attribute) and one.attr == "state"
            )


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def may_be_ours(keyword: ast.keyword) -> bool:
    if keyword.arg is None:  # **columns
        return "state" in ast.unparse(keyword.value)
    return keyword.arg == "state" and not ast.unparse(keyword.value).startswith(OTHER_STATES)


def test_nobody_else_writes_the_state_of_an_attempt() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        for line in writes_of_a_state(path.read_text(encoding="utf-8"))
    ]
    assert [place for place in places if not place.startswith(WRITER)] == []


@pytest.mark.parametrize(
    "line",
    [
        "Attempt.objects.filter(pk=1).update(state=Attempt.State.ABSENT)",
        "Attempt.objects.create(batch=batch, state='review')",
        "claim(unchanged, state=Attempt.State.ACCEPTED)",
        "claim(unchanged, **{'state': 'accepted'})",
        "attempt.state = Attempt.State.SENDING",
        "cursor.execute('UPDATE campaigns_attempt SET state = 1')",
    ],
)
def test_such_a_line_is_seen(line: str) -> None:
    assert list(writes_of_a_state(f"from campaigns.models import Attempt\n{line}\n")) == [2]


@pytest.mark.parametrize(
    "line", ["Batch.objects.update(state=Batch.State.QUEUED)", "Attempt.objects.filter(state='sending')"]
)
def test_another_state_is_nobody_s_business(line: str) -> None:
    assert list(writes_of_a_state(f"from campaigns.models import Attempt\n{line}\n")) == []
