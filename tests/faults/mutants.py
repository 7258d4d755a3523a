"""`make mutants`: takes each safeguard out of a copy of the program, alone; a test must turn red.

A judge that is blind looks like a program without faults. All tests that are used must be green in the copy
first; then each mutant must fail one of its own. Exit code 0: every one was caught.

`python -m tests.faults.mutants WORD …` plants only those in whose names a word stands.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.faults import mutant_ledger, mutant_list  # noqa: E402
from tests.faults.mutant_types import Mutant  # noqa: E402

MUTANTS = (*mutant_list.MUTANTS, *mutant_ledger.MUTANTS)
AT_ONCE = min(4, os.cpu_count() or 1)
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
        [sys.executable, "-m", "pytest", *asked, *tests],
        cwd=root,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if done.returncode == ALL_GREEN:
        return ""
    if done.returncode != SOME_RED or failed is None:
        raise NotTestedError(f"{done.stdout}\n{done.stderr}"[-4000:])
    return failed[1]


def caught_by(mutant: Mutant, root: Path) -> str:
    """The test that noticed; empty if none did. Leaves the copy as it was."""
    before = {path: path.read_text("utf-8") for path in (root / change.path for change in mutant.changes)}
    try:
        for change in mutant.changes:
            change.plant(root)
        return first_red(root, mutant.tests)
    finally:
        for path, text in before.items():
            path.write_text(text, "utf-8")


@contextmanager
def trees(count: int) -> Iterator[list[Path]]:
    """Copies of the program."""
    with tempfile.TemporaryDirectory(prefix="carillon-mutants-") as scratch:
        roots = [Path(scratch, f"tree{number}") for number in range(count)]
        for root in roots:
            shutil.copytree(ROOT, root, ignore=LEFT_BEHIND)
        yield roots


def hunt(mutants: Sequence[Mutant], roots: Sequence[Path]) -> int:
    """Returns how many were caught."""
    free = list(roots)

    def one(mutant: Mutant) -> bool:
        root, start = free.pop(), time.monotonic()
        try:
            test = caught_by(mutant, root)
        finally:
            free.append(root)
        told = f"caught by {test}" if test else "NOT CAUGHT"
        print(f"{mutant.name}: {told} ({time.monotonic() - start:.0f} s)", flush=True)
        return bool(test)

    with ThreadPoolExecutor(len(roots)) as pool:
        return sum(pool.map(one, mutants))


def main(words: Sequence[str]) -> int:
    start = time.monotonic()
    mutants = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    with trees(AT_ONCE) as roots:
        if red := first_red(roots[0], sorted({test for mutant in mutants for test in mutant.tests})):
            print(f"Nothing was planted yet, and {red} is red.")
            return 1
        print("Without a mutant all is green.", flush=True)
        caught = hunt(mutants, roots)
    print(f"{caught} of {len(mutants)} caught in {time.monotonic() - start:.0f} s")
    return int(caught < len(mutants))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
