"""`make mutants`: takes each safeguard out of a copy of the program, alone; a fault test must turn red.

A judge that is blind looks like a program without faults. All tests that are used must be green in the copy
first; then each mutant must fail one of its own. Exit code 0: every one was caught.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.mutant_list import FURTHER, PLANTED, Mutant

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".env", "var", "shots", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"
)
ALL_GREEN, SOME_RED = 0, 1
"""Exit codes of pytest. Any other means that the tests did not run."""


class NotTestedError(Exception):
    """The tests did not run to an end, which says nothing of a mutant."""


def first_red(root: Path, tests: Sequence[str]) -> str:
    """The first of these tests that fails; empty if all are green."""
    asked = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked, *(f"tests/faults/{test}" for test in tests)],
        cwd=root,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"^FAILED tests/faults/(.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if done.returncode == ALL_GREEN:
        return ""
    if done.returncode != SOME_RED or failed is None:
        raise NotTestedError(f"{done.stdout}\n{done.stderr}"[-4000:])
    return failed[1]


def caught_by(mutant: Mutant, root: Path) -> str:
    """The test that noticed; empty if none did. Leaves the copy as it was."""
    try:
        for change in mutant.changes:
            change.plant(root)
        return first_red(root, mutant.tests)
    finally:
        for change in mutant.changes:
            shutil.copy(ROOT / change.path, root / change.path)


def hunt(mutants: Sequence[Mutant], root: Path) -> int:
    """Returns how many were caught."""
    caught = 0
    for mutant in mutants:
        start = time.monotonic()
        test = caught_by(mutant, root)
        caught += bool(test)
        told = f"caught by {test}" if test else "NOT CAUGHT"
        print(f"{mutant.name}: {told} ({time.monotonic() - start:.0f} s)", flush=True)
    return caught


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="carillon-mutants-") as scratch:
        root = Path(scratch, "tree")
        shutil.copytree(ROOT, root, ignore=LEFT_BEHIND)
        mutants = (*PLANTED, *FURTHER)
        if red := first_red(root, sorted({test for mutant in mutants for test in mutant.tests})):
            print(f"Nothing was planted yet, and {red} is red.")
            return 1
        print("Without a mutant all is green.", flush=True)
        caught, further = hunt(PLANTED, root), hunt(FURTHER, root)
    print(f"{caught} of {len(PLANTED)} caught, and {further} of {len(FURTHER)} further ones")
    return int(caught + further < len(mutants))


if __name__ == "__main__":
    sys.exit(main())
