"""What the browser gets from us: as vendored, complete, and from nowhere else."""

import hashlib
import re
from pathlib import Path

import pytest

from dashboard import state_badges
from dashboard.templatetags import carillon
from dashboard.views import campaign_review

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
VENDORED = sorted(path for path in VENDOR.iterdir() if path.name != "README.md")
OURS = sorted(path for path in STATIC.iterdir() if path.suffix in {".css", ".js", ".svg"})
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ROWS = re.findall(
    r"^\| `([^`]+)` \| (\S+) (\S+) \| .* \| `([0-9a-f]{64})` \|$",
    (VENDOR / "README.md").read_text(),
    re.MULTILINE,
)


def test_every_vendored_file_is_in_the_readme() -> None:
    assert [path.name for path in VENDORED] == sorted(name for name, *_ in ROWS)


@pytest.mark.parametrize(("name", "package", "version", "sum_said"), ROWS)
def test_vendored_file_is_what_the_readme_says(name: str, package: str, version: str, sum_said: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == sum_said
    assert f"-{version}." in name, f"{name} does not carry the version of {package}"


@pytest.mark.parametrize("path", VENDORED + OURS, ids=lambda path: path.name)
def test_no_file_names_a_source_map(path: Path) -> None:
    assert b"sourceMappingURL" not in path.read_bytes()


@pytest.mark.parametrize("path", [p for p in OURS if p.suffix == ".css"], ids=lambda path: path.name)
def test_style_sheets_name_only_files_that_are_here(path: Path) -> None:
    for target in re.findall(r'url\("([^"]+)"\)', path.read_text()):
        assert target.startswith("data:image/") or (STATIC / target).is_file(), target
    assert "@import" not in path.read_text()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_templates_load_from_nowhere_else(path: Path) -> None:
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", path.read_text())


def icons_in_use() -> dict[str, str]:
    """Icon name → who uses it."""
    used = {
        name: path.name
        for path in TEMPLATES
        for name in re.findall(r"""\{% icon ["']([^"']+)["'] %\}""", path.read_text())
    }
    source = (ROOT / "dashboard" / "notices.py").read_text()
    used |= dict.fromkeys(
        re.findall(r'"([a-z]+(?:-[a-z]+)*)"', " ".join(re.findall(r"icon=(.*)", source))), "notices.py"
    )
    used |= {icon: "state_badges.py" for table in state_badges.ICONS.values() for icon, _ in table.values()}
    used |= dict.fromkeys(campaign_review.ICONS.values(), "campaign_review.py")
    items = carillon.NAV + carillon.NAV_REVIEW + carillon.NAV_CLOSER + carillon.NAV_STAFF
    return used | {icon: "the navigation" for _, _, icon, _ in items}


def sprite() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))


def test_every_icon_in_use_is_in_the_sprite() -> None:
    here = sprite()
    assert {name: user for name, user in icons_in_use().items() if name not in here} == {}


def test_every_icon_in_the_sprite_is_in_use() -> None:
    assert sprite() - icons_in_use().keys() == set()
