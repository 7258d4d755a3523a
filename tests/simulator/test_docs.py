"""What docs/simulator.md says is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from campaigns.simulator.__main__ import build_parser
from campaigns.simulator.api.routes import ROUTES
from campaigns.simulator.carrier.faults import KINDS, WEBHOOK_KINDS
from campaigns.simulator.carrier.outcomes import BY_ENDING, REJECTED_ENDING
from campaigns.simulator.control.routes import ENDPOINTS

DOCS = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()


def test_every_ending_stands_in_the_table_and_no_other() -> None:
    told = dict(re.findall(r"^\| (\d{4}) \| (.+) \|$", DOCS, re.MULTILINE))
    assert told.pop(REJECTED_ENDING).startswith("Rejected")
    assert told == {ending: outcome.description for ending, outcome in BY_ENDING.items()}


def test_every_flag_is_described() -> None:
    flags = {flag for action in build_parser()._actions for flag in action.option_strings}
    assert flags - {"-h", "--help"} == set(re.findall(r"`(--[a-z-]+)[ `]", DOCS))


def test_every_control_call_and_fault_is_described() -> None:
    told = set(re.findall(r"^\| `(GET|POST|DELETE) (/simulator/\S+)` \|", DOCS, re.MULTILINE))
    assert told == {(method, path) for method, path, _ in ENDPOINTS}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", DOCS, re.MULTILINE)) >= {*KINDS, *WEBHOOK_KINDS}


def test_every_path_is_told_with_its_calls() -> None:
    told = set()
    for paths, calls in re.findall(r"^\| (`/.+`) \| ([A-Z ]+) \|$", DOCS, re.MULTILINE):
        for path in re.findall(r"`(/\S*)`", paths):
            told |= {(call, f"/restapi{path}".rstrip("/")) for call in calls.split()}
    answered = set()
    for route in ROUTES:
        path = re.sub(r"\{(account|extension)\}", "~", route.name).replace("\\", "")
        answered.add((route.method, re.sub(r"\{\w+\}", "{}", path)))
    assert told == answered
