"""No file and no function grows past what one can read at a sitting."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import files, name, python_files

FILE_LINES = 400
FUNCTION_LINES = 40
TEMPLATE_LINES = 150
TEMPLATE_COLUMNS = 140


def long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def test_no_file_is_too_long() -> None:
    ours = [*python_files(), *files(".html", under="templates"), *files(".css .js", under="static")]
    lines = {name(path): path.read_text(encoding="utf-8").count("\n") for path in ours}
    assert {
        path: count for path, count in lines.items() if count > FILE_LINES and "/vendor/" not in path
    } == {}


def test_no_template_is_too_long() -> None:
    lines = {
        name(path): path.read_text(encoding="utf-8").splitlines()
        for path in files(".html", under="templates")
    }
    assert {path: len(text) for path, text in lines.items() if len(text) > TEMPLATE_LINES} == {}
    wide = {
        f"{path}:{n}"
        for path, text in lines.items()
        for n, line in enumerate(text, 1)
        if len(line) > TEMPLATE_COLUMNS
    }
    assert wide == set()


def test_no_function_is_too_long() -> None:
    found = {name(path): [*long_functions(path.read_text(encoding="utf-8"))] for path in python_files()}
    assert {path: functions for path, functions in found.items() if functions} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def short():\n" + "    x = 1\n" * 39, []),
        ("def long():\n" + "    x = 1\n" * 40, ["long has 41 lines"]),
        (
            "class A:\n    async def long(\n        self,\n    ):\n" + "        x = 1\n" * 38,
            ["long has 41 lines"],
        ),
    ],
)
def test_the_measure_of_functions(source: str, found: list[str]) -> None:
    assert list(long_functions(source)) == found
