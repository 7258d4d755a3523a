"""Every sentence of the program as its key: `make keys`.

No behaviour may hang on a sentence. In this mode gettext answers with a key that keeps the fields of the
sentence and none of its words. Tests that are marked `wording` are left out then; all others must pass.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.utils.translation import trans_real

ROOT: Final = Path(__file__).parents[2]
CALLS: Final = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
FIELD: Final = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{[^{}]*\}")
MAX_SHARE: Final = 0.05
"""Of all tests, those that may be about wording."""
NEVER_ABOUT_WORDING: Final = (
    "tests/accounts",
    "tests/composing",
    "tests/contacts",
    "tests/faults",
    "tests/models",
    "tests/opt_outs",
    "tests/providers",
    "tests/receipts",
    "tests/reconciling",
    "tests/reports",
    "tests/runtime",
    "tests/sending",
    "tests/simulator",
    "tests/worker",
)


def asked() -> bool:
    return os.environ.get("CARILLON_SENTENCES") == "keys"


def marked_in(source: str) -> Iterator[str]:
    """Each text that a module gives to gettext."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def key_of(sentence: str) -> str:
    """`{count} texts are in doubt` → `§3fa9c1 {count}`."""
    digest = hashlib.sha256(sentence.encode()).hexdigest()[:6]
    return " ".join([f"§{digest}", *FIELD.findall(sentence)])


def install() -> None:
    modules = [path for folder in ("campaigns", "dashboard") for path in (ROOT / folder).rglob("*.py")]
    keys = {text: key_of(text) for path in modules for text in marked_in(path.read_text())}
    catalogue = trans_real.DjangoTranslation
    ours, plural = catalogue.gettext, catalogue.ngettext

    def gettext(self: trans_real.DjangoTranslation, message: str) -> str:
        return keys.get(message) or ours(self, message)

    def ngettext(self: trans_real.DjangoTranslation, one: str, many: str, count: int) -> str:
        return keys.get(one if count == 1 else many) or plural(self, one, many, count)

    catalogue.gettext, catalogue.ngettext = gettext, ngettext  # type: ignore[method-assign,assignment]


def leave_out_wording(items: list[pytest.Item]) -> None:
    """Raises UsageError if too many tests are about wording, or one of the domain is."""
    about = [item for item in items if item.get_closest_marker("wording")]
    misplaced = [item.nodeid for item in about if item.nodeid.startswith(NEVER_ABOUT_WORDING)]
    if misplaced:
        msg = f"No test here may be about wording: {', '.join(misplaced)}"
        raise pytest.UsageError(msg)
    whole = len(items) > 1000  # some files alone say nothing of the share
    if whole and len(about) > MAX_SHARE * len(items):
        msg = f"{len(about)} of {len(items)} tests are about wording: more than 5 %."
        raise pytest.UsageError(msg)
    if asked():
        items[:] = [item for item in items if item not in set(about)]
