"""Exports have every row once, the list's columns first, and no cell that a spreadsheet would run."""

import csv
import io

import pytest

from campaigns.contacts.importer import all_bad_rows
from campaigns.labels.reasons import describe_reason
from campaigns.models import Batch, Campaign, CampaignRow, Import, Message, RowState
from campaigns.reports import exports
from campaigns.sending import dispatch, lifecycle
from dashboard import csv_files
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

FILE = scenario.file_of(
    [
        *((phone, name, "Austin") for phone, name in scenario.people(6)),
        (scenario.phone(0), "Again", "Waco"),
        ("nonsense", "Bad", "Waco"),
        (scenario.ending("9700"), "Refused", "Waco"),
        (scenario.ending("9830"), "Failed", "Waco"),
        (scenario.ending("9701"), "No receipt", "Waco"),
    ],
    header="Phone,First name,City",
)


@pytest.fixture
def campaign(carrier: RunningSimulator) -> Campaign:
    """Eleven rows in most states: batches of two, one in doubt, the rest held."""
    contacts = scenario.imported(FILE)
    campaign = scenario.launched(contacts, size=3)
    for _ in range(2):
        dispatch.step(campaign.pk)
    scenario.poll()
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "fault": "drop_before"})
    Message.objects.filter(to=scenario.phone(0)).update(state="waiting")
    dispatch.step(campaign.pk)
    Message.objects.filter(to=scenario.phone(0)).update(state="delivered")
    lifecycle.hold(campaign.pk, Campaign.HoldReason.PROVIDER_ERROR, said=[])
    return campaign


def parsed(pieces: object) -> list[list[str]]:
    text = "".join(pieces)  # type: ignore[arg-type]
    assert text.startswith("\ufeff"), "so that Excel reads it as UTF-8"
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def test_every_row_of_the_file_once_and_its_own_columns_first(campaign: Campaign) -> None:
    header, *lines = parsed(csv_files.rows_csv(campaign))
    assert header == ["Phone", "First name", "City", *csv_files.COLUMNS]
    assert [line[3] for line in lines] == [str(number) for number in range(2, 13)]
    assert [line[1] for line in lines[:6]] == [name for _, name in scenario.people(6)]
    by_row = {line[3]: dict(zip(header, line, strict=True)) for line in lines}
    assert by_row["2"]["State"] == "Delivered"
    assert by_row["2"]["Text"] == "Hi Person 0"
    assert by_row["2"]["Cost (USD)"] == "0.00700"
    assert by_row["2"]["Batch"] == "1"
    assert by_row["2"]["Provider id"]
    assert by_row["2"]["Last change"]
    assert (by_row["8"]["State"], by_row["8"]["Code"]) == ("Duplicate", "repeated")
    assert by_row["9"]["State"] == "Not usable"
    assert by_row["9"]["Reason"] == describe_reason("letters")
    assert {line["State"] for line in by_row.values()} >= {"Delivered", "In doubt", "Duplicate", "Not usable"}


@pytest.mark.parametrize("state", list(RowState))
def test_a_state_s_list_has_as_many_rows_as_its_counter_says(campaign: Campaign, state: RowState) -> None:
    counted = scenario.counts(campaign).get(state.value, 0)
    lines = exports.people(campaign, state, limit=1000)
    assert len(lines) == counted
    assert {line.state for line in lines} <= {state}
    assert len(parsed(csv_files.rows_csv(campaign, state))) == counted + 1


def test_the_states_share_the_rows_among_them(campaign: Campaign) -> None:
    scenario.assert_adds_up(campaign)
    numbers = [line.row_number for state in RowState for line in exports.people(campaign, state, limit=1000)]
    assert sorted(numbers) == list(range(2, 13))


@pytest.mark.parametrize("state", [None, RowState.DELIVERED, RowState.IN_DOUBT])
def test_page_by_page_it_is_the_same(campaign: Campaign, state: RowState | None) -> None:
    whole = exports.people(campaign, state, limit=1000)
    pages: list[exports.PersonLine] = []
    while page := exports.people(campaign, state, after=pages[-1].id if pages else 0, limit=2):
        pages += page
    assert pages == whole


def test_a_large_export_comes_in_pieces(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parsed(csv_files.rows_csv(campaign))
    monkeypatch.setattr(exports, "PAGE", 2)
    monkeypatch.setattr(csv_files, "PAGE", 2)
    pieces = list(csv_files.rows_csv(campaign))
    assert len(pieces) > 3
    assert parsed(pieces) == whole


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+12125550101", "'+12125550101"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ('=cmd|"/C calc"!A0', '\'=cmd|"/C calc"!A0'),
        ("Ann", "Ann"),
        ("a=b", "a=b"),
        ("", ""),
        ("'=1", "'=1"),
    ],
)
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert exports.safe(cell) == written


def test_formulas_in_headings_cells_and_texts_are_written_as_text(carrier: RunningSimulator) -> None:
    file = 'Phone,=HYPERLINK("x"),Name\n(212) 555-1000,=1+1,@x\n'
    campaign = scenario.launched(scenario.imported(file, phone_column="Phone"), text="=2+2 {{ name }}")
    header, line = parsed(csv_files.rows_csv(campaign))
    for cell in (*header, *line):
        assert not cell.startswith(("=", "+", "-", "@"))
    assert "'=2+2 @x" in line
    assert "'+12125551000" in line


def test_what_we_wrote_can_be_read_in_again(campaign: Campaign) -> None:
    text = "".join(csv_files.rows_csv(campaign, RowState.DELIVERED))
    again = scenario.imported(text, phone_column="Number")
    sent = set(Message.objects.filter(state="delivered").values_list("to", flat=True))
    assert set(again.contacts.values_list("phone", flat=True)) == sent


def test_the_rows_that_could_not_be_used_with_why(campaign: Campaign) -> None:
    record = Import.objects.get()
    header, *lines = parsed(csv_files.bad_rows_csv(record))
    assert header == ["Phone", "First name", "City", "Row", "Why it was not used"]
    assert [line[3] for line in lines] == [str(row.number) for row in all_bad_rows(record)] == ["8", "9"]
    assert all(line[4] for line in lines)


def test_names_with_commas_quotes_and_line_ends_survive(carrier: RunningSimulator) -> None:
    file = 'Phone,First name\n2125551000,"O\'Neil, ""Ann""\nline two"\n'
    campaign = scenario.launched(scenario.imported(file))
    assert parsed(csv_files.rows_csv(campaign))[1][1] == 'O\'Neil, "Ann"\nline two'


@pytest.mark.parametrize(
    "code", ["", "opted_out", "empty_text", "text_too_long", "repeated", "letters", "SMS-UP-430"]
)
def test_every_code_has_its_words(code: str) -> None:
    assert bool(describe_reason(code)) is bool(code)


def test_no_query_a_row(campaign: Campaign, django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    assert CampaignRow.objects.count() == 11
    assert Batch.objects.count() == 3
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        list(csv_files.rows_csv(Campaign.objects.select_related("contact_list").get()))
