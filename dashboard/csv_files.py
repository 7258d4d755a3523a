"""The CSV files that people download: rows with their states and reasons, and rows that were not used."""

from collections.abc import Callable, Iterator
from typing import Final

from campaigns.accounts import registry
from campaigns.contacts import reach
from campaigns.contacts.importer import all_bad_rows
from campaigns.labels.attempts import describe_note
from campaigns.labels.reasons import describe_reason
from campaigns.labels.states import describe_state
from campaigns.models import Campaign, Import, RowState
from campaigns.reports.exports import PAGE, PersonLine, people, table_csv
from campaigns.reports.times import local

Cell = Callable[[PersonLine], object]

COLUMNS: Final[dict[str, Cell]] = {
    "Row": lambda line: line.row_number,
    "Number": lambda line: line.phone,
    "State": lambda line: describe_state(line.state),
    "Reason": lambda line: describe_note(line.marked) if line.marked else describe_reason(line.code),
    "Code": lambda line: line.code,
    "Text": lambda line: line.text,
    "Segments": lambda line: line.segments,
    "Cost (USD)": lambda line: line.cost,
    "Last change": lambda line: line.changed_at and local(line.changed_at).isoformat(timespec="seconds"),
    "Batch": lambda line: line.batch_number,
    "Provider id": lambda line: line.provider_id,
}
"""After those of the list itself. A cell of None is empty."""


def rows_csv(campaign: Campaign, state: RowState | None = None) -> Iterator[str]:
    columns = campaign.contact_list.columns if campaign.contact_list else []
    return table_csv([*columns, *COLUMNS], export_rows(campaign, state))


def export_rows(campaign: Campaign, state: RowState | None) -> Iterator[list[str]]:
    after = 0
    while page := people(campaign, state, after, PAGE):
        for line in page:
            yield [*line.cells, *own_cells(line)]
        after = page[-1].id


def own_cells(line: PersonLine) -> list[str]:
    cells = [cell(line) for cell in COLUMNS.values()]
    return ["" if cell is None else str(cell) for cell in cells]


def bad_rows_csv(record: Import) -> Iterator[str]:
    columns = record.contact_list.columns
    out_of_reach = reach.beyond(record.contact_list, registry.reaches())
    rows = (
        [*row.cells, str(row.number), describe_reason(row.code)] for row in all_bad_rows(record, out_of_reach)
    )
    return table_csv([*columns, "Row", "Why it was not used"], rows)
