"""What the tests of the architecture look at: the files of the project, and nothing that tools leave."""

import re
from collections.abc import Iterator
from pathlib import Path

from campaigns.providers.catalogue import PROVIDERS, setting_names

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("campaigns", "dashboard", "tests")
LEFT_BY_TOOLS = {
    *(".git", ".venv", "var", "shots", "__pycache__", "test-results"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis"),
}


def files(suffixes: str = "", *, under: str = "") -> Iterator[Path]:
    """Every file below `under` (of the project) whose suffix is among `suffixes`; all if there are none."""
    wanted = suffixes.split()
    folders = [ROOT / under]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.name in LEFT_BY_TOOLS or path.name == ".env":
                continue
            if path.is_dir():
                folders.append(path)
            elif not wanted or path.suffix in wanted:
                yield path


def python_files() -> Iterator[Path]:
    for package in CODE:
        yield from (path for path in files(".py", under=package) if path.parent.name != "migrations")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def documents() -> str:
    """Everything that people read, in one text."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *files(".md", under="docs")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def settings_read() -> set[str]:
    """The names that settings.py takes from the environment."""
    of_providers = (name for key in PROVIDERS for name in setting_names(key).values())
    return {*of_providers, *re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', text("dashboard/settings.py"))}
