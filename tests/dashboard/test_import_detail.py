import csv
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Import
from tests.dashboard.page_client import PageClient
from tests.support import factories

BAD = [
    factories.bad_row(5, "555-0107", "too_short", "Tom"),
    factories.bad_row(6, "", "empty", "Ann"),
    factories.bad_row(9, "4.15556E+09", "shortened", "Li <b>"),
    factories.bad_row(11, "(201) 555-0100", "repeated", "Kim"),
    factories.bad_row(12, "555-0108", "too_short", ""),
]


def made(state: str = Import.State.DONE, **fields: object) -> Import:
    record = factories.contact_list(people=3, bad=BAD, state=state).imports.get()
    Import.objects.filter(pk=record.pk).update(**fields)
    return record


def test_account_of_the_rows(as_composer: PageClient) -> None:
    record = made()
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "adds up to the 8 rows of texas.csv" in html
    assert "5 rows not used, and why" in html
    assert "Start a campaign to these 3 people" in html
    assert f"/campaigns/new/?list={record.contact_list_id}" in html
    for number, typed in ((5, "555-0107"), (9, "4.15556E+09"), (11, "(201) 555-0100"), (12, "555-0108")):
        assert f"Row {number}<" in html
        assert typed in html
    assert "Li &lt;b&gt;" in html
    assert "This number has too few digits." in html
    assert "hx-get" not in html


def test_people_whom_the_account_cannot_reach(as_composer: PageClient) -> None:
    record = made()
    factories.give_phones(record.contact_list, "+442079460000", "+18765550100")
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "2 people are in a country that your RingCentral account cannot text" in html
    assert "Jamaica 1, United Kingdom 1." in html
    assert "Start a campaign to this person" in html
    assert "7 rows not used, and why" in html
    assert "The account that sends cannot text the country of this number." in html
    for count, label in ((1, "Person who can be texted"), (6, "Not usable"), (1, "Duplicate")):
        assert re.search(
            rf'stat-value">{count}</span>\s*<span class="stat-label">.*?{label}', html, re.DOTALL
        )

    html = as_composer.page(f"/imports/{record.pk}/?code=unreached")
    assert re.findall(r"Row (\d+)<", html) == ["2", "3"]
    response = as_composer.get(f"/imports/{record.pk}/not-used.csv")
    lines = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [line[2] for line in lines[1:]] == ["2", "3", "5", "6", "9", "11", "12"]
    assert lines[1][3] == "The account that sends cannot text the country of this number."


def test_a_file_that_is_abroad_whole(as_composer: PageClient) -> None:
    record = factories.contact_list(people=1).imports.get()
    factories.give_phones(record.contact_list, "+442079460000")
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "1 person is in a country that your RingCentral account cannot text" in html
    assert "Nobody in this file can be texted" in html
    assert "Start a campaign" not in html
    assert "1 row not used, and why" in html


def test_rows_of_one_reason(as_viewer: PageClient) -> None:
    record = made()
    html = as_viewer.page(f"/imports/{record.pk}/?code=too_short")
    assert "555-0107" in html
    assert "555-0108" in html
    assert "4.15556E+09" not in html
    assert "Show all of them" in html
    as_viewer.page(f"/imports/{record.pk}/?code=nonsense", status=404)


def test_one_person(as_composer: PageClient) -> None:
    record = factories.contact_list(people=1).imports.get()
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "Start a campaign to this person" in html
    assert "Every row can be used" in html
    assert "/not-used.csv" not in html


def test_nobody_can_be_texted(as_composer: PageClient) -> None:
    record = factories.contact_list(people=0, bad=BAD[:3]).imports.get()
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "Nobody in this file can be texted" in html
    assert "Start a campaign" not in html


def test_pages_of_rows(as_viewer: PageClient) -> None:
    rows = [factories.bad_row(number, f"no. {number}", "letters") for number in range(2, 122)]
    record = factories.contact_list(people=0, bad=rows).imports.get()
    first = as_viewer.page(f"/imports/{record.pk}/?code=letters")
    assert "no. 51<" in first
    assert "no. 52<" not in first
    assert f'href="/imports/{record.pk}/?code=letters&amp;after=51#not-used"' in first
    second = as_viewer.page(f"/imports/{record.pk}/?code=letters&after=51")
    assert "no. 52<" in second
    assert f'href="/imports/{record.pk}/?code=letters#not-used"' in second
    last = as_viewer.page(f"/imports/{record.pk}/?after=101")
    assert "no. 121<" in last
    assert "Next" not in last
    assert "No more rows." in as_viewer.page(f"/imports/{record.pk}/?after=121")


@pytest.mark.parametrize("state", [Import.State.WAITING, Import.State.READING])
def test_page_moves_while_the_file_is_read(as_viewer: PageClient, state: str) -> None:
    record = made(state)
    path = f"/imports/{record.pk}/progress/"
    assert f'hx-get="{path}"' in as_viewer.page(f"/imports/{record.pk}/")
    html = as_viewer.fragment(path).content.decode()
    assert 'hx-trigger="every 1s, wake"' in html
    assert "3 people can be texted. 5 rows cannot be used." in html
    assert "<h1" not in html
    # A link that works where no script runs.
    assert f'href="/imports/{record.pk}/"' in html


def test_asks_less_often_about_a_file_that_takes_long(as_viewer: PageClient) -> None:
    record = made(Import.State.READING)
    for age, delay in ((5, 1), (60, 3), (600, 10)):
        Import.objects.update(created_at=timezone.now() - timedelta(seconds=age))
        html = as_viewer.fragment(f"/imports/{record.pk}/progress/").content.decode()
        assert f"every {delay}s" in html


@pytest.mark.parametrize(("age", "said"), [(5, False), (60, True)])
def test_says_that_nobody_reads_it(as_viewer: PageClient, age: int, said: bool) -> None:
    record = made(Import.State.WAITING)
    Import.objects.update(created_at=timezone.now() - timedelta(seconds=age))
    assert ("Nobody has begun to read it yet" in as_viewer.page(f"/imports/{record.pk}/")) is said


@pytest.mark.parametrize("state", [Import.State.DONE, Import.State.FAILED])
def test_last_fragment_ends_the_asking(as_viewer: PageClient, state: str) -> None:
    record = made(state, problem_code="password")
    html = as_viewer.fragment(f"/imports/{record.pk}/progress/", status=286).content.decode()
    assert "hx-" not in html
    assert "data-poll" not in html


def test_file_that_was_refused_while_it_was_read(as_composer: PageClient) -> None:
    record = made(Import.State.FAILED, problem_code="nul", problem_params={"row": 17})
    html = as_composer.page(f"/imports/{record.pk}/")
    assert "zero bytes (the first in row 17)" in html
    assert "Nothing of this file was kept" in html
    assert "Upload the corrected file" in html
    assert "Start a campaign" not in html
    as_composer.page(f"/imports/{record.pk}/not-used.csv", status=404)


def test_notes_about_the_file_are_said(as_viewer: PageClient) -> None:
    record = made(notes=[["read_as", {"encoding": "Windows-1252", "delimiter": ";"}]])
    assert "Read as Windows-1252, separated by semicolons." in as_viewer.page(f"/imports/{record.pk}/")


def test_download_of_what_was_not_used(as_viewer: PageClient) -> None:
    record = made()
    response = as_viewer.get(f"/imports/{record.pk}/not-used.csv")
    assert response["Content-Disposition"] == 'attachment; filename="texas-stores-not-used.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = response.getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Phone", "First name", "Row", "Why it was not used"]
    assert [row[2] for row in rows[1:]] == ["5", "6", "9", "11", "12"]
    assert rows[1] == ["555-0107", "Tom", "5", "This number has too few digits."]


def test_viewer_sees_no_way_to_start(as_viewer: PageClient) -> None:
    html = as_viewer.page(f"/imports/{made().pk}/")
    assert "/campaigns/new/" not in html
    assert "you need the role composer" in html


def test_file_of_a_deleted_list_is_gone(as_composer: PageClient) -> None:
    record = made()
    as_composer.post(f"/lists/{record.contact_list_id}/delete/")
    for path in ("", "progress/", "not-used.csv"):
        as_composer.page(f"/imports/{record.pk}/{path}", status=404)
