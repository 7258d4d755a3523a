"""No two modules import each other, not even in a roundabout way or for types alone."""

from __future__ import annotations

import pytest

from tests.architecture.imports import circles, graph, module_name
from tests.architecture.tree import ROOT, python_files


def test_no_modules_import_each_other() -> None:
    sources = {
        module_name(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in python_files()
        if path.relative_to(ROOT).parts[0] != "tests"
    }
    assert len(sources) > 200
    assert circles(graph(sources)) == []


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"a": "import b", "b": ""}, []),
        ({"a": "import b", "b": "import a"}, [["a", "b"]]),
        ({"a": "from p import b", "p": "", "p.b": "def late():\n    import a"}, [["a", "p.b"]]),
        (
            {"a": "import b", "b": "import c", "c": "if TYPE_CHECKING:\n    from a import X"},
            [["a", "b", "c"]],
        ),
        ({"a": "import b\nimport c", "b": "import d", "c": "import d", "d": ""}, []),
    ],
)
def test_the_search_for_circles(sources: dict[str, str], found: list[list[str]]) -> None:
    assert circles(graph(sources)) == found
