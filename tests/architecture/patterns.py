"""Every regular expression of the project and how it is used, read from the source."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.architecture.tree import files, name

MODES = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
OTHERS = frozenset({"RegexValidator", "RegexField", "re_path"})
"""Django's own ways to use a pattern; none is used here so far."""
_LOOKUPS = ("__regex", "__iregex")


@dataclass(frozen=True, slots=True)
class Pattern:
    place: str
    """`campaigns/logs.py:16`."""
    source: str | bytes
    flags: int
    modes: frozenset[str]


@dataclass(slots=True)
class Module:
    """What one file holds."""

    patterns: list[Pattern] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """`path function` of patterns that are made when the program runs."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call, what it is called by when it runs, and what stands around it."""

    node: ast.Call
    function: str
    """The name of the function that makes it; empty at the level of the module."""
    local: frozenset[str]
    parents: tuple[ast.AST, ...]


def sources() -> list[Path]:
    ours = (path for package in ("campaigns", "dashboard") for path in files(".py", under=package))
    return [path for path in ours if path.parent.name != "migrations"]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def calls(tree: ast.Module) -> tuple[Call, ...]:
    return tuple(_calls(tree, "", frozenset(), ()))


def _calls(
    node: ast.AST, function: str, local: frozenset[str], parents: tuple[ast.AST, ...]
) -> Iterator[Call]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        function = getattr(node, "name", function)
        named = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
        stored = {
            each.id
            for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        local |= named | stored
    elif isinstance(node, ast.Call):
        yield Call(node, function, local, parents)
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, function, local, (*parents, node))


def called(tree: ast.Module, call: ast.Call) -> str:
    """The full name of what is called, `re.compile`, whatever it was imported as."""
    function = call.func
    if isinstance(function, ast.Name):
        return _imported(tree).get(function.id, function.id)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{_imported(tree).get(function.value.id, function.value.id)}.{function.attr}"
    return function.attr if isinstance(function, ast.Attribute) else ""


@cache
def _imported(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def read(path: Path) -> Module:
    """The patterns of one file. Imports it if there are any."""
    tree, found = tree_of(path), Module()
    found.unknown += (f"{name(path)} {function}" for function in handed_on(tree))
    for call in calls(tree):
        what = called(tree, call.node)
        if _is_django(what, call.node):
            found.unknown.append(f"{name(path)} {call.function}")
        package, _, function = what.rpartition(".")
        if package != "re" or function not in {*MODES, "compile"} or not call.node.args:
            continue
        modes = _modes(path, call) if function == "compile" else frozenset({function})
        made = _evaluated(path, call)
        if made is None or not modes:
            found.unknown.append(f"{name(path)} {call.function}")
        else:
            found.patterns.append(Pattern(f"{name(path)}:{call.node.lineno}", *made, modes))
    return found


def handed_on(tree: ast.Module) -> list[str]:
    """Functions of `re` that are handed on instead of called, as in `map(re.compile, …)`."""
    own = {id(call.node.func) for call in calls(tree)}
    return [
        f"re.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and _imported(tree).get(node.value.id) == "re"
        and node.attr in {*MODES, "compile"}
        and id(node) not in own
    ]


def _is_django(what: str, call: ast.Call) -> bool:
    asked = (keyword.arg or "" for keyword in call.keywords)
    return what.rpartition(".")[2] in OTHERS or any(each.endswith(_LOOKUPS) for each in asked)


def _evaluated(path: Path, call: Call) -> tuple[str | bytes, int] | None:
    """Pattern and flags; None if they hang on what only the running function knows."""
    pattern = call.node.args[0]
    flags = next((keyword.value for keyword in call.node.keywords if keyword.arg == "flags"), None)
    if flags is None and called(tree_of(path), call.node) not in ("re.sub", "re.subn", "re.split"):
        flags = call.node.args[-1] if len(call.node.args) > _needed(call.node) else None
    parts = [part for part in (pattern, flags) if part is not None]
    used = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
    if used & call.local:
        return None
    space = vars(importlib.import_module(name(path).removesuffix(".py").replace("/", ".")))
    values: list[Any] = [
        eval(compile(ast.Expression(part), name(path), "eval"), space)  # noqa: S307 - our own source
        for part in parts
    ]
    return values[0], int(values[1]) if flags is not None else 0


def _needed(call: ast.Call) -> int:
    """Arguments before the flags: the pattern, and the text unless it is only compiled."""
    return 1 if isinstance(call.func, ast.Attribute) and call.func.attr == "compile" else 2


def _modes(path: Path, call: Call) -> frozenset[str]:
    """How a compiled pattern is used: through its name, or by whoever it is handed to in this file."""
    parent = call.parents[-1]
    if isinstance(parent, ast.Attribute):
        return frozenset({parent.attr})
    target = parent.targets[0] if isinstance(parent, ast.Assign) else getattr(parent, "target", None)
    if not isinstance(target, ast.Name):
        return _handed_on(path)
    found = frozenset(_by_name().get(target.id, ()))
    return found | (_handed_on(path) if _is_handed_on(path, target.id) else frozenset())


@cache
def _by_name() -> dict[str, set[str]]:
    """`NAME.search`, in whatever file."""
    found: dict[str, set[str]] = {}
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute) and node.attr in MODES:
                base = node.value
                own = base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")
                found.setdefault(own, set()).add(node.attr)
    return found


def _is_handed_on(path: Path, pattern: str) -> bool:
    tree = tree_of(path)
    used_itself = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Name)
        and node.id == pattern
        and isinstance(node.ctx, ast.Load)
        and id(node) not in used_itself
        for node in ast.walk(tree)
    )


@cache
def _handed_on(path: Path) -> frozenset[str]:
    """What this file does with patterns that it was given. A split says nothing: plain texts have it too."""
    nodes = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute))
    return frozenset(node.attr for node in nodes if node.attr in MODES - {"split"})
