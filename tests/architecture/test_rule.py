"""import-linter holds the import rule: an import against it, planted into a copy, turns it red."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

# Where, what is planted there, and the contract that must break.
PLANTS = [
    ("campaigns/sending/attempts.py", "from dashboard import words", "Pages import"),
    ("campaigns/models/campaign.py", "from dashboard import settings", "Pages import"),
    ("campaigns/models/campaign.py", "from campaigns.contacts import phone", "Each package"),
    ("campaigns/contacts/phone.py", "from campaigns.composing import segments", "Each package"),
    ("campaigns/composing/segments.py", "import campaigns.sending", "Each package"),
    ("campaigns/sending/launch.py", "from campaigns.reports import statuses", "Each package"),
    ("campaigns/receipts/statuses.py", "from campaigns.reports import delivery", "Each package"),
    ("campaigns/opt_outs/manual.py", "from campaigns.worker import schedule", "Each package"),
    # Nobody may hide an import in a function.
    ("campaigns/contacts/phone.py", "def late():\n    from campaigns.sending import launch", "Each package"),
    ("campaigns/newstage.py", "", "Each package"),
    ("campaigns/contacts/phone.py", "from django.conf import settings", "know no Django"),
    ("campaigns/contacts/spreadsheet.py", "import django.db", "know no Django"),
    ("campaigns/composing/personalise.py", "from campaigns.models import Campaign", "know no Django"),
    ("campaigns/providers/ringcentral/client.py", "from django.utils import timezone", "know no Django"),
    ("campaigns/providers/base.py", "from campaigns.contacts import phone", "Provider clients"),
    (
        "campaigns/receipts/polling.py",
        "from campaigns.providers.ringcentral import parse",
        "A provider's folder",
    ),
    ("campaigns/simulator/server.py", "from campaigns.composing import segments", "The simulator imports"),
    ("campaigns/simulator/server.py", "import django", "The simulator imports"),
    ("campaigns/sending/dispatch.py", "from campaigns.simulator import server", "Nobody imports"),
    ("dashboard/settings.py", "import campaigns.simulator.carrier.clock", "Nobody imports"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("campaigns", "dashboard"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_project_keeps_the_rule(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def named(path: str, line: str) -> str:
    """How the answer begins to name a planted import; of a new module, its place."""
    importer = path.removesuffix(".py").replace("/", ".")
    found = re.search(r"(?:from|import) ((?:campaigns|dashboard)[.\w]*|\w+)", line)
    return f"{importer} -> {found[1]}" if found else f"- {importer}"


def test_every_import_against_the_rule_is_found(copy: Path) -> None:
    """All at once; each is named in the part of the answer that is about its contract."""
    for path, line, _ in PLANTS:
        with (copy / path).open("a") as file:
            file.write(f"\n{line}\n")
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout
    _, *about = re.split(
        r"^(.+)\n-{20,}$", result.stdout.partition("Broken contracts")[2], flags=re.MULTILINE
    )
    parts = dict(zip(about[::2], about[1::2], strict=True))
    for path, line, contract in PLANTS:
        [part] = [text for name, text in parts.items() if contract in name]
        assert named(path, line) in part, f"{path}: {line}\n{part}"
