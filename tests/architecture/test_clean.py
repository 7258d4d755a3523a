"""Nothing is in the project that belongs to one machine, or that waits to be done."""

import re

import pytest

from tests.architecture.tree import ROOT, files, name

TEXTS = ".py .html .css .js .md .txt .toml .svg .csv .json .example .yml .sh"
# In two parts, so that this file is not found by its own search.
UNWANTED = {
    "package registries": [
        "pypi" + r"\.org",
        "python" + "hosted",
        "registry" + r"\.npm",
        "deb" + r"\.debian",
    ],
    "content delivery networks": ["cdn" + r"\.", "unpkg" + r"\.com", "jsdelivr" + r"\.net"],
    "paths of one machine": ["/wo" + r"rk/", "/ro" + r"ot/", r"/home/\w", r"/Users/\w"],
    "notes to oneself": [r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX" + r"XX\b"],
}


@pytest.mark.parametrize("kind", sorted(UNWANTED))
def test_nothing_unwanted(kind: str) -> None:
    pattern = re.compile("|".join(UNWANTED[kind]))
    found = [
        f"{name(path)}:{number} {line.strip()[:80]}"
        for path in files()
        if (path.suffix in TEXTS.split() or not path.suffix) and path.parent.name != "vendor"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
        and not (kind == "content delivery networks" and name(path).startswith("tests/"))
    ]
    assert found == []


def test_no_lock_that_records_addresses() -> None:
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert [name(path) for path in files() if path.name in locks] == []


@pytest.mark.parametrize("lock", ["requirements/run.txt", "requirements/test.txt"])
def test_the_locks_name_versions_and_hashes_only(lock: str) -> None:
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(
            r"[A-Za-z0-9._\[\]-]+==[^ ]+( ;.*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|\s*#.*|", line
        ), line


def test_nothing_is_skipped_for_good() -> None:
    """A test that is skipped says for which machine; a test that may fail is none."""
    escape = re.compile(r"mark\.x" + r"fail|pytest\.x" + r"fail|mark\.skip\b")
    assert [name(path) for path in files(".py", under="tests") if escape.search(path.read_text())] == []
