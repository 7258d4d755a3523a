"""A walk through every page of the site, in the states that people see."""

import json
import re
import urllib.request
from collections.abc import Iterator

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.running_site import Site
from tests.support.waiting import until

PATIENCE_MS = 120_000
"""Until something is on the page; far beyond what a busy machine needs."""
expect.set_options(timeout=PATIENCE_MS)
SMALL_BATCHES = {
    "BATCH_SIZE": "60", "HANDOVER_MINUTES": "5", "SETTLE_SECONDS": "1", "LOOK_GAP_SECONDS": "1",
}  # fmt: skip
"""Settings with which the demo campaign leaves in several batches, some of them held back at first. A lost
answer is settled within seconds."""
NO_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
NOT_ONE_PHONE = b"Name,City\r\nAda,London\r\nBen,Paris\r\n"
SOMEBODY = b"Phone,Name\r\n(212) 555-0111,Ada\r\n(212) 555-0112,Ben\r\n(212) 555-0113,Carl\r\n"
TWO_PHONES = b"""Name,Home phone,Work phone,Fax,Order\r
Ada,(212) 555-0111,(650) 555-0150,(212) 555-0191,2125550181\r
Ben,,650-555-0151,,2125550182\r
Carl,212 555 0113,ask at the desk,,2125550183\r
"""
NOBODY = b"Phone,Name\r\n555-0134,Ada\r\nn/a,Ben\r\n,Carl\r\n"


def sign_in(site: Site, page: Page) -> None:
    page.goto(f"{site.url}sign-in/")
    page.get_by_label("User").fill(site.word("User"))
    page.get_by_label("Password").fill(site.word("Password"))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(site.url)


def simulator_speed(site: Site, speed: float) -> None:
    tell_simulator(site, "options", {"speed": speed})


def tell_simulator(site: Site, what: str, said: object) -> None:
    request = urllib.request.Request(
        f"{site.simulator}/simulator/{what}",
        data=json.dumps(said).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60):
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
    "batches/": "batches",
    "messages/": "messages",
    "numbers/": "numbers",
    "review/": "review-desk",
    "why/": "why",
    "account/": "account",
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
    upload(site, page, "two-phones.csv", TWO_PHONES)
    yield "upload-which-column"
    page.get_by_label("Home phone").check()
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("link", name="Change the column").click(timeout=PATIENCE_MS)
    yield "list-phone-column"
    page.get_by_label("Work phone").check()
    page.get_by_role("button", name="Read the numbers from this column").click()
    expect(page.get_by_text("read from the column “Work phone”.")).to_be_visible()
    yield "import-other-column"
    page.get_by_role("link", name="Two-phones").click()
    yield "list-other-column"
    upload(site, page, "nobody.csv", NOBODY)
    expect(page.get_by_text("Nobody in this file can be texted")).to_be_visible()
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
    expect(page.get_by_text("Where everyone is")).to_be_visible()
    expect(page.locator("#done")).to_contain_text(re.compile(r"^1\d\d of \d+ texts"))
    expect(page.get_by_text("a minute")).to_be_visible()
    yield "live"
    live = page.url
    page.goto(site.url)
    yield "overview-sending"
    page.goto(f"{live}report/")
    yield "report-not-final"
    simulator_speed(site, 600)
    page.goto(live)
    expect(page.get_by_role("link", name="Read the delivery report")).to_be_visible()
    yield "live-finished"
    page.get_by_role("link", name="Read the delivery report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How did")
    yield "report"
    page.goto(f"{live}people/?state=not_delivered")
    yield "people"
    for path in ("", "campaigns/", "reports/"):
        page.goto(f"{site.url}{path}")
        yield f"{PLAIN[path]}-after"


def carrier(site: Site, page: Page) -> Iterator[str]:
    """What the carrier holds, after the demo campaign was sent, for somebody who is signed in."""
    wait_for(site, page, "batches/", page.locator("tbody tr").first)
    yield "batches-after"
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield "batch"
    wait_for(site, page, "messages/", page.locator("tbody tr").first)
    yield "messages-after"
    page.goto(f"{site.url}messages/?state=not_delivered&direction=out")
    expect(page.locator("tbody tr").first).to_be_visible()
    yield "messages-not-delivered"
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield "message"
    page.get_by_role("link", name="everything about this number").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield "why-somebody"
    page.goto(f"{site.url}why/?number=%2B12125550199")
    yield "why-nobody"
    page.goto(f"{site.url}why/?number=12")
    yield "why-misspelt"
    page.goto(f"{site.url}messages/?number=12")
    yield "messages-misspelt"
    page.goto(f"{site.url}messages/?number=%2B12125550199")
    yield "messages-none"
    page.goto(f"{site.url}numbers/")
    yield "numbers-after"


def reply(site: Site, page: Page) -> Iterator[str]:
    """Somebody asks to be left alone in words that only a person can judge."""
    said = {"from": "+13125550123", "to": "+16505550100", "text": "Please stop texting me"}
    tell_simulator(site, "inbound", said)
    wait_for(site, page, "", page.get_by_role("heading", name=re.compile("may mean “stop”")))
    yield "overview-reply"
    page.goto(f"{site.url}opt-outs/")
    yield "opt-outs-reply"
    page.get_by_role("button", name="Stop texting").first.click()
    expect(page.get_by_text("will not be texted any more")).to_be_visible()
    yield "opt-outs-decided"


def wait_for(site: Site, page: Page, path: str, thing: Locator) -> None:
    """Load a page until what the worker is to bring stands on it."""

    def shown() -> bool:
        page.goto(f"{site.url}{path}")
        return thing.is_visible()

    until(shown, f"{path} shows it", seconds=PATIENCE_MS / 1000)


def undecided(site: Site, page: Page) -> Iterator[str]:
    """A batch whose answer is lost and that never arrived, in a campaign that asks a person then."""
    upload(site, page, "three.csv", SOMEBODY)
    page.get_by_role("link", name=re.compile("Start a campaign")).click(timeout=PATIENCE_MS)
    page.get_by_label("Name of the campaign").fill("Lost on the way")
    page.get_by_text("(650) 555-0100").first.click()
    page.get_by_role("button", name="Write the text").click()
    page.get_by_label("Text", exact=True).fill("Hi {{ name }}, we are open on Monday. Reply STOP to opt out.")
    page.get_by_role("button", name="Check and send").click()
    page.get_by_text("How many texts could you regret?").click()
    page.get_by_label("Ask me first").check()
    lost = {"fault": "drop_before", "method": "POST", "path": "/a2p-sms/batches", "times": 1}
    tell_simulator(site, "faults", [lost])
    page.locator("#send-now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lost on the way")
    campaign = page.url
    wait_for(site, page, "review/", page.get_by_role("link", name="Mark as sent"))
    yield "review-desk-undecided"
    page.goto(campaign)
    yield "live-undecided"
    for decision in ("Send these 3 now", "Mark as sent", "Leave"):
        page.goto(f"{site.url}review/")
        page.get_by_role("link", name=decision).click()
        yield f"review-desk-{decision.partition(' ')[0].lower()}"
