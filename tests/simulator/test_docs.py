"""What docs/simulator.md and the README say is what there is."""

import re
from pathlib import Path

from campaigns.simulator.__main__ import build_parser
from campaigns.simulator.api.routes import ROUTES
from campaigns.simulator.carrier.faults import KINDS, WEBHOOK_KINDS
from campaigns.simulator.carrier.outcomes import BY_ENDING, REJECTED_ENDING
from campaigns.simulator.control.routes import ENDPOINTS

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "simulator.md").read_text()
PACKAGE = ROOT / "campaigns" / "simulator"
README = (PACKAGE / "README.md").read_text()


def test_every_ending_stands_in_the_table_and_no_other() -> None:
    documented = dict(re.findall(r"^\| (\d{4}) \| (.+) \|$", DOCS, re.MULTILINE))
    assert documented.pop(REJECTED_ENDING).startswith("Rejected")
    assert documented == {ending: outcome.description for ending, outcome in BY_ENDING.items()}


def test_every_flag_is_described() -> None:
    flags = {flag for action in build_parser()._actions for flag in action.option_strings}
    assert flags - {"-h", "--help"} == set(re.findall(r"`(--[a-z-]+)[ `]", DOCS))


def test_every_control_call_and_fault_is_described() -> None:
    documented = set(re.findall(r"^\| `(GET|POST|DELETE) (/simulator/\S+)` \|", DOCS, re.MULTILINE))
    assert documented == {(method, path) for method, path, _ in ENDPOINTS}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", DOCS, re.MULTILINE)) >= {*KINDS, *WEBHOOK_KINDS}


def test_every_path_is_told_with_its_calls() -> None:
    documented = set()
    for paths, calls in re.findall(r"^\| (`/.+`) \| ([A-Z ]+) \|$", DOCS, re.MULTILINE):
        for path in re.findall(r"`(/\S*)`", paths):
            documented |= {(call, f"/restapi{path}".rstrip("/")) for call in calls.split()}
    answered = set()
    for route in ROUTES:
        path = re.sub(r"\{(account|extension)\}", "~", route.name).replace("\\", "")
        answered.add((route.method, re.sub(r"\{\w+\}", "{}", path)))
    assert documented == answered


def test_the_map_in_the_readme_names_every_part() -> None:
    table = README.partition("## Map")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+`) \|", table, re.MULTILINE)
    named = {part.rstrip("/") for row in rows for part in re.findall(r"`([^`]+)`", row)}
    parts = {
        path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == parts - {"__init__.py"}


def test_every_link_in_the_readme_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCS, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", README)
    assert links
    for target, anchor in links:
        assert (PACKAGE / target).resolve() == ROOT / "docs" / "simulator.md"
        assert anchor in {"", *anchors}
