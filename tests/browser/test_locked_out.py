"""Somebody guesses a password, its owner is locked out, and an administrator lets them in, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import walk
from tests.support.running_site import Site, running_site

pytestmark = pytest.mark.browser

RIGHT = "three plain words"
REFUSED = "This name and this password do not belong together."
LOCKED = "Too many wrong passwords were typed for this name, so even the right one is refused until"


def enter(page: Page, site: Site, password: str) -> None:
    page.goto(f"{site.url}sign-in/")
    page.get_by_label("User name").fill("vera")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def make_user(page: Page, site: Site) -> None:
    page.goto(f"{site.url}admin/auth/user/add/")
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password:", exact=True).fill(RIGHT)
    page.get_by_label("Password confirmation").fill(RIGHT)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_forty_wrong_passwords_then_the_right_one(
    page: Page, browser: Browser, tmp_path: Path, complaints: list[str]
) -> None:
    with running_site(tmp_path / "var", "--no-demo") as site:
        walk.sign_in(site, page)
        make_user(page, site)
        elsewhere = browser.new_context().new_page()
        for turn in range(40):
            enter(elsewhere, site, "a wrong one")
            expect(elsewhere.get_by_role("alert")).to_contain_text(REFUSED if turn < 9 else LOCKED)
        enter(elsewhere, site, RIGHT)
        expect(elsewhere.get_by_role("alert")).to_contain_text(LOCKED)

        page.goto(f"{site.url}admin/")
        page.get_by_role("link", name="Failed sign-ins").first.click()
        expect(page.get_by_role("row").filter(has_text="vera")).to_contain_text("locked until")
        page.get_by_role("button", name="Unlock vera from 127.0.0.1").click()
        expect(page.get_by_text("Unlocked: vera. The right password is taken again.")).to_be_visible()

        enter(elsewhere, site, RIGHT)
        expect(elsewhere).to_have_url(site.url)
        log = (site.var / "log" / "web.log").read_text()
        assert '"event": "sign-in refused"' in log
        assert RIGHT not in log
        assert "a wrong one" not in log
    assert complaints == []
