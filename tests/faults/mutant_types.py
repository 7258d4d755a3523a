"""What a planted bug is made of."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path


class CannotPlantError(Exception):
    """The program has changed where the bug was to go: look whether the safeguard is still there."""


@dataclass(frozen=True, slots=True)
class Change:
    """In one file, a text that stands there just once, and what replaces it."""

    path: str
    old: str
    new: str
    within: str = ""
    """The function or class to look in; empty: the whole file."""

    def plant(self, root: Path) -> None:
        (root / self.path).write_text(self.planted(root), encoding="utf-8")

    def planted(self, root: Path) -> str:
        text = (root / self.path).read_text(encoding="utf-8")
        before, place, after = cut_out(text, self.within) if self.within else ("", text, "")
        if place.count(self.old) != 1:
            where = f"{self.path} {self.within}".strip()
            message = f"{where} holds this {place.count(self.old)} times and not once: {self.old!r}"
            raise CannotPlantError(message)
        return before + place.replace(self.old, self.new) + after


def cut_out(text: str, name: str) -> tuple[str, str, str]:
    """What stands before the definition of this name, the definition, and what stands after it."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name and node.end_lineno:
            start, end = node.lineno - 1, node.end_lineno
            return "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])
    message = f"nothing is called {name}"
    raise CannotPlantError(message)


@dataclass(frozen=True, slots=True)
class NoConstraint:
    """A file of models or a migration without the constraint of this name."""

    path: str
    name: str

    def plant(self, root: Path) -> None:
        (root / self.path).write_text(self.planted(root), encoding="utf-8")

    def planted(self, root: Path) -> str:
        text = (root / self.path).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and self._is_it(node):
                return without(text, node)
        message = f"{self.path} has no constraint {self.name}"
        raise CannotPlantError(message)

    def _is_it(self, node: ast.Call) -> bool:
        """A constraint itself, or the operation of a migration that adds it."""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if isinstance(added := keywords.get("constraint"), ast.Call):
            return self._is_it(added)
        name, made = keywords.get("name"), node.func
        kind = made.attr if isinstance(made, ast.Attribute) else ""
        return kind.endswith("Constraint") and isinstance(name, ast.Constant) and name.value == self.name


@dataclass(frozen=True, slots=True)
class NoRow:
    """A module without one row of a table, which is a tuple with this name."""

    path: str
    table: str
    number: int

    def plant(self, root: Path) -> None:
        (root / self.path).write_text(self.planted(root), encoding="utf-8")

    def planted(self, root: Path) -> str:
        text = (root / self.path).read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == self.table:
                rows = node.value.elts if isinstance(node.value, ast.Tuple) else []
                if self.number < len(rows):
                    return without(text, rows[self.number])
        message = f"{self.path} has no row {self.number} of {self.table}"
        raise CannotPlantError(message)


def without(text: str, node: ast.expr) -> str:
    """The text without an element of a list or tuple, and its comma."""
    offsets = [0]
    for line in text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line.encode()))
    raw = text.encode()
    start = offsets[node.lineno - 1] + node.col_offset
    end = offsets[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
    return (raw[:start] + re.sub(rb"^\s*,", b"", raw[end:])).decode()


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    tests: tuple[str, ...]
    """Those that hold the rule; others may fail too."""
    changes: tuple[Change | NoConstraint | NoRow, ...]
