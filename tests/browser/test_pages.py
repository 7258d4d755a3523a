"""Every page, in every state that people see: nothing for axe to find, nothing cut off on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser import walk
from tests.support.running_site import running_site

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


# Dark colours change what can be read, and nothing else that axe looks for.
LOOKED_FOR: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast"]},
}


def violations(page: Page, scheme: Literal["light", "dark"]) -> list[str]:
    answer = Axe().run(page, options=LOOKED_FOR[scheme]).response
    return [
        f"{found['id']}: {node['html'][:160]}" for found in answer["violations"] for node in found["nodes"]
    ]


def look(page: Page, states: Iterator[str]) -> dict[str, list[str]]:
    """What is wrong in each state, by its name; only those in which something is."""
    wrong: dict[str, list[str]] = {}
    for name in states:
        page.wait_for_load_state()
        for scheme in LOOKED_FOR:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if found := violations(page, scheme):
                wrong[f"{name}, {scheme}"] = found
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        if too_wide := page.evaluate(OVERFLOW):
            wrong[f"{name}, phone"] = [f"{too_wide} pixels wider than the screen"]
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return wrong


def test_a_site_that_nobody_used_yet(page: Page, tmp_path: Path, complaints: list[str]) -> None:
    with running_site(tmp_path / "var", "--no-demo") as site:
        assert look(page, walk.doors(site, page)) == {}
        assert look(page, walk.empty(site, page)) == {}
    assert complaints == []


def test_a_site_at_work(page: Page, tmp_path: Path, complaints: list[str]) -> None:
    with running_site(tmp_path / "var", env=walk.SMALL_BATCHES) as site:
        assert look(page, walk.demo(site, page)) == {}
        assert look(page, walk.sending(site, page)) == {}
        assert look(page, walk.carrier(site, page)) == {}
        assert look(page, walk.reply(site, page)) == {}
        assert look(page, walk.undecided(site, page)) == {}
    assert complaints == []
