"""The main job as a person does it: from a spreadsheet to a delivery report, in a browser."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser import walk
from tests.support.running_site import running_site

pytestmark = pytest.mark.browser

PEOPLE = 300


def stores() -> bytes:
    """300 people, one of them twice, two whose number cannot be used, one without a first name."""
    rows = [[f"(303) 555-01{index:02}", f"Person {index}", "Denver"] for index in range(100)]
    rows += [[f"720-555-01{index:02}", f"Person {100 + index}", "Aurora"] for index in range(100)]
    rows += [[f"+1 970 555 01{index:02}", f"Person {200 + index}", "Fort Collins"] for index in range(100)]
    rows[7][1] = ""
    rows.insert(20, ["3035550100", "Somebody again", "Denver"])
    rows.insert(40, ["n/a", "Nora", "Denver"])
    rows.insert(41, ["555-0123", "Ned", "Denver"])
    text = io.StringIO()
    csv.writer(text).writerows([["Mobile number", "First name", "City"], *rows])
    return text.getvalue().encode()


def test_from_a_spreadsheet_to_a_delivery_report(page: Page, tmp_path: Path, complaints: list[str]) -> None:
    with running_site(tmp_path / "var", env={"BATCH_SIZE": "100"}) as site:
        walk.sign_in(site, page)
        upload(page)
        compose(page)
        review(page)
        watch(page)
        report(page)
    assert complaints == []


def upload(page: Page) -> None:
    page.get_by_role("link", name="Contacts", exact=True).click()
    page.get_by_role("link", name="Upload a list").click()
    file: FilePayload = {"name": "colorado.csv", "mimeType": "text/csv", "buffer": stores()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Name of the list").fill("Colorado")
    page.get_by_role("button", name="Upload and check").click()
    # The page says so by itself, whatever it was doing when it was opened.
    expect(page.get_by_role("link", name="300 People who can be texted")).to_be_visible()
    not_used = page.get_by_role("region", name="3 rows not used, and why")
    for row in ("Row 22", "Row 42", "n/a", "Row 43", "555-0123"):
        expect(not_used).to_contain_text(row)


def compose(page: Page) -> None:
    page.get_by_role("link", name=re.compile("Start a campaign")).click()
    page.get_by_label("Name of the campaign").fill("Opening day")
    page.get_by_text("(650) 555-0100").first.click()
    page.get_by_role("button", name="Write the text").click()
    text = page.get_by_label("Text", exact=True)
    text.press_sequentially("Hi ")
    page.get_by_role("button", name="First name").click()
    text.press_sequentially(", we open in {{ city }} on Monday. Reply STOP to opt out.")
    bubble = page.locator(".bubble")
    expect(bubble).to_have_text("Hi Person 0, we open in Denver on Monday. Reply STOP to opt out.")
    page.get_by_role("button", name="Next person").click()
    expect(bubble).to_contain_text("Hi Person 1,")
    expect(page.locator("#below")).to_contain_text("$2.10")
    page.get_by_role("button", name="Check and send").click()


def review(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Ready to send “Opening day”?")
    main = page.get_by_role("main")
    expect(main).to_contain_text("300 people")
    expect(main).to_contain_text("3 of the 303 rows are left out")
    page.get_by_role("button", name="Send 300 texts from (650) 555-0100").click()


def watch(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Opening day")
    here = page.url
    page.evaluate("window.stillTheSamePage = true")
    expect(page.get_by_text("Read the delivery report")).to_be_visible()
    assert page.evaluate("window.stillTheSamePage"), "it came to the end without a reload"
    assert page.url == here
    main = page.get_by_role("main")
    expect(main).to_contain_text("300 of 300 texts processed by RingCentral")
    expect(main).to_contain_text("adds up to the 303 rows of colorado.csv")
    expect(page.locator("[hx-trigger^=every]")).to_have_count(0)
    page.get_by_role("link", name="Read the delivery report").click()


def report(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("How did “Opening day” go?")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Both agree")
    expect(main).to_contain_text("$2.10")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == PEOPLE + 3
    assert list(rows[0])[:3] == ["Mobile number", "First name", "City"]
    texts = [row for row in rows if "Delivered" in row.values()]
    assert len(texts) == PEOPLE
    assert "Hi there, we open in Denver on Monday. Reply STOP to opt out." in texts[7].values()
