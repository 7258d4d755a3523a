"""How the code speaks: `python -m tests.architecture.words` prints the counts and the worst files.

Counted are identifiers, docstrings and comments. Other strings are for staff, or are samples or patterns.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.tree import files, name

WORDS = ("found", "ours", "whose", "look", "kept", "told", "said")
"""Words of a private language: a standard term is nearly always clearer."""
WORST = 15

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(slots=True)
class Measure:
    lines: int = 0
    functions: int = 0
    private: int = 0
    with_docstring: int = 0
    comments: int = 0
    words: Counter[str] = field(default_factory=Counter)

    def include(self, other: Measure) -> None:
        self.lines += other.lines
        self.functions += other.functions
        self.private += other.private
        self.with_docstring += other.with_docstring
        self.comments += other.comments
        self.words.update(other.words)

    def per_thousand(self, word: str) -> float:
        """Occurrences in 1,000 lines."""
        return 1000 * self.words[word] / max(1, self.lines)

    @property
    def private_share(self) -> float:
        return self.private / max(1, self.functions)

    @property
    def docstring_share(self) -> float:
        return self.with_docstring / max(1, self.functions)

    @property
    def comment_share(self) -> float:
        return self.comments / max(1, self.lines)


def prose(source: str, tree: ast.Module) -> Iterator[str]:
    """Identifiers, comments and docstrings, those behind a constant or a field too."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT):
            yield token.string
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value.value


def measure(source: str) -> Measure:
    tree = ast.parse(source)
    result = Measure(lines=source.count("\n"))
    for text in prose(source, tree):
        result.words.update(part.lower() for part in _PART.findall(text) if part.lower() in WORDS)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            result.functions += 1
            result.private += node.name.startswith("_") and not node.name.endswith("__")
            result.with_docstring += ast.get_docstring(node) is not None
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    result.comments = sum(token.type == tokenize.COMMENT for token in tokens)
    return result


def code() -> Iterator[Path]:
    for package in ("campaigns", "dashboard"):
        yield from (path for path in files(".py", under=package) if path.parent.name != "migrations")


def total(paths: Iterable[Path]) -> tuple[Measure, dict[str, Measure]]:
    """Of all, and of each by its name."""
    each = {name(path): measure(path.read_text(encoding="utf-8")) for path in paths}
    whole = Measure()
    for one in each.values():
        whole.include(one)
    return whole, each


def report(title: str, paths: Iterable[Path]) -> None:
    whole, each = total(paths)
    print(f"\n{title}: {whole.lines:,} lines, {whole.functions:,} functions")
    print("  per 1,000 lines: " + ", ".join(f"{word} {whole.per_thousand(word):.1f}" for word in WORDS))
    print(
        f"  private functions {whole.private_share:.0%}, with docstring {whole.docstring_share:.0%}, ", end=""
    )
    print(f"comments {100 * whole.comment_share:.1f} a hundred lines")
    worst = sorted(each.items(), key=lambda item: -item[1].words.total())[:WORST]
    print("  most of those words: " + ", ".join(f"{path} {one.words.total()}" for path, one in worst))
    worst = sorted(each.items(), key=lambda item: -item[1].private)[:WORST]
    print(
        "  most private functions: "
        + ", ".join(f"{path} {one.private}/{one.functions}" for path, one in worst)
    )
    worst = sorted(each.items(), key=lambda item: -item[1].with_docstring)[:WORST]
    print("  most docstrings: " + ", ".join(f"{path} {one.with_docstring}" for path, one in worst))


if __name__ == "__main__":
    report("Code", code())
    report("Tests", files(".py", under="tests"))
