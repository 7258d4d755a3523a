"""The CSV files that people download: rows with their states and reasons, and rows that were not used."""

from collections.abc import Iterator

from campaigns.accounts import registry
from campaigns.contacts import reach
from campaigns.contacts.importer import all_bad_rows
from campaigns.labels.attempts import describe_note
from campaigns.labels.reasons import describe_reason
from campaigns.labels.states import describe_state
from campaigns.models import Campaign, Import, RowState
from campaigns.reports.exports import PAGE, PersonLine, people, table_csv
from campaigns.reports.times import local

OWN_COLUMNS = (
    "Row", "Number", "State", "Reason", "Code", "Text", "Segments", "Cost (USD)", "Last change",
    "Batch", "Provider id",
)  # fmt: skip


def rows_csv(campaign: Campaign, state: RowState | None = None) -> Iterator[str]:
    columns = campaign.contact_list.columns if campaign.contact_list else []
    return table_csv([*columns, *OWN_COLUMNS], export_rows(campaign, state))


def export_rows(campaign: Campaign, state: RowState | None) -> Iterator[list[str]]:
    after = 0
    while page := people(campaign, state, after, PAGE):
        for line in page:
            yield [*line.cells, *own_cells(line)]
        after = page[-1].id


def own_cells(line: PersonLine) -> list[str]:
    changed = local(line.changed_at) if line.changed_at else None
    return [
        str(line.row_number),
        line.phone,
        describe_state(line.state),
        describe_note(line.marked) if line.marked else describe_reason(line.code),
        line.code,
        line.text,
        "" if line.segments is None else str(line.segments),
        "" if line.cost is None else str(line.cost),
        changed.isoformat(timespec="seconds") if changed else "",
        "" if line.batch_number is None else str(line.batch_number),
        line.provider_id,
    ]


def bad_rows_csv(record: Import) -> Iterator[str]:
    columns = record.contact_list.columns
    out_of_reach = reach.beyond(record.contact_list, registry.reaches())
    rows = (
        [*row.cells, str(row.number), describe_reason(row.code)] for row in all_bad_rows(record, out_of_reach)
    )
    return table_csv([*columns, "Row", "Why it was not used"], rows)
