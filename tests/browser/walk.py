"""A walk through every page of the site, in the states that people see."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator

from playwright.sync_api import FilePayload, Page, expect

from tests.running_site import Site

PATIENCE_MS = 120_000
SMALL_BATCHES = {"BATCH_SIZE": "60", "HANDOVER_MINUTES": "5"}
"""Settings with which the demo campaign leaves in several batches, some of them held back at first."""
NO_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
NOT_ONE_PHONE = b"Name,City\r\nAda,London\r\nBen,Paris\r\n"
NOBODY = b"Phone,Name\r\n555-0134,Ada\r\nn/a,Ben\r\n,Carl\r\n"


def sign_in(site: Site, page: Page) -> None:
    page.goto(f"{site.url}sign-in/")
    page.get_by_label("User").fill(site.word("User"))
    page.get_by_label("Password").fill(site.word("Password"))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(site.url)


def simulator_speed(site: Site, speed: float) -> None:
    request = urllib.request.Request(
        f"{site.simulator}/simulator/options",
        data=json.dumps({"speed": speed}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def upload(site: Site, page: Page, name: str, content: bytes) -> None:
    page.goto(f"{site.url}lists/new/")
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()


def doors(site: Site, page: Page) -> Iterator[str]:
    page.goto(f"{site.url}sign-in/")
    yield "sign-in"
    page.goto(f"{site.url}sign-in/?next=/reports/")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    yield "sign-in-refused"


def empty(site: Site, page: Page) -> Iterator[str]:
    """Pages of a site that nobody has used yet."""
    sign_in(site, page)
    for path, name in PLAIN.items():
        page.goto(f"{site.url}{path}")
        yield f"empty-{name}"


PLAIN = {
    "": "overview",
    "lists/": "lists",
    "lists/new/": "list-new",
    "campaigns/": "campaigns",
    "campaigns/new/": "campaign-new",
    "reports/": "reports",
    "opt-outs/": "opt-outs",
}


def demo(site: Site, page: Page) -> Iterator[str]:
    """Pages of a site with demo data, before and while its campaign is sent, and after."""
    sign_in(site, page)
    for path, name in PLAIN.items():
        page.goto(f"{site.url}{path}")
        yield name
    yield from contacts(site, page)
    yield from bad_uploads(site, page)
    page.goto(f"{site.url}no/such/page/")
    yield "not-found"
    page.goto(f"{site.url}campaigns/")
    page.get_by_role("link", name="Spring weekend (demo)").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What should it say?")
    yield "campaign-edit"
    text = page.get_by_label("Text", exact=True)
    good = text.input_value()
    text.fill("Hi {{ firstname }}, see you soon!")
    expect(page.get_by_text("This text cannot be sent yet")).to_be_visible()
    yield "campaign-edit-misspelt"
    # What is typed is saved while it is typed.
    text.fill(good)
    expect(page.get_by_text("This text cannot be sent yet")).not_to_be_visible()


def contacts(site: Site, page: Page) -> Iterator[str]:
    page.goto(f"{site.url}lists/")
    page.get_by_role("link", name="Spring customers (demo)").first.click()
    yield "list"
    page.get_by_role("link", name="spring-customers.csv").click()
    yield "import"
    page.goto(f"{site.url}lists/")
    page.get_by_role("link", name="Spring customers (demo)").first.click()
    page.get_by_role("link", name="Rename").click()
    yield "list-rename"


def bad_uploads(site: Site, page: Page) -> Iterator[str]:
    upload(site, page, "holiday.csv", NO_PICTURE)
    yield "upload-picture"
    upload(site, page, "names.csv", NOT_ONE_PHONE)
    yield "upload-no-phone-column"
    upload(site, page, "nobody.csv", NOBODY)
    expect(page.get_by_text("Nobody in this file can be texted")).to_be_visible(timeout=PATIENCE_MS)
    yield "import-nobody"


def sending(site: Site, page: Page) -> Iterator[str]:
    """The demo campaign, from its review to its report, for somebody who is signed in."""
    page.goto(f"{site.url}campaigns/")
    page.get_by_role("link", name="Spring weekend (demo)").first.click()
    page.get_by_role("button", name="Check and send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ready to send")
    yield "review"
    simulator_speed(site, 6)
    page.locator("#send-now").click()
    expect(page.get_by_text("Where everyone is")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#done")).to_contain_text(re.compile(r"^1\d\d of \d+ texts"), timeout=PATIENCE_MS)
    expect(page.get_by_text("a minute")).to_be_visible(timeout=PATIENCE_MS)
    yield "live"
    live = page.url
    page.goto(site.url)
    yield "overview-sending"
    page.goto(f"{live}report/")
    yield "report-not-final"
    simulator_speed(site, 600)
    page.goto(live)
    expect(page.get_by_role("link", name="Read the delivery report")).to_be_visible(timeout=PATIENCE_MS)
    yield "live-finished"
    page.get_by_role("link", name="Read the delivery report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How did")
    yield "report"
    page.goto(f"{live}people/?state=not_delivered")
    yield "people"
    for path in ("", "campaigns/", "reports/"):
        page.goto(f"{site.url}{path}")
        yield f"{PLAIN[path]}-after"
