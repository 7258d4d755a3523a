"""The people behind a count, and CSV files that are safe against formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson

from campaigns.models import Attempt, Batch, Campaign, CampaignRow, ImportRow, Message, RowState
from campaigns.reports.row_states import LEFT_OUT

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One row of the file and its state."""

    id: int
    """Position in this listing, for the next page. Not the id of a row or message."""
    row_number: int
    phone: str
    cells: list[str]
    state: RowState
    code: str
    """Why it got no text, or what the provider reported."""
    marked: Attempt | None = None
    """The attempt that a person marked as sent."""
    text: str = ""
    segments: int | None = None
    cost: Decimal | None = None
    changed_at: datetime | None = None
    provider_id: str = ""
    batch_number: int | None = None


def people(campaign: Campaign, state: RowState | None, after: int = 0, limit: int = 50) -> list[PersonLine]:
    """Rows in file order; `after` is the `id` of the last line of the page before."""
    if state is None or state in LEFT_OUT:
        return people_by_row(campaign, state, after, limit)
    return people_by_message(campaign, state, after, limit)


def state_of(message: Message) -> RowState:
    if message.state == Message.State.WAITING:
        return RowState(message.batch.state)
    return RowState(message.state)


def people_by_message(campaign: Campaign, state: RowState, after: int, limit: int) -> list[PersonLine]:
    messages = Message.objects.filter(campaign=campaign, pk__gt=after).select_related("batch", "import_row")
    if state.value in set(Message.State):
        messages = messages.filter(state=state.value)
    elif state.value in set(Batch.State):
        messages = messages.filter(state=Message.State.WAITING, batch__state=state.value)
    else:
        return []
    page = list(messages.order_by("pk")[:limit])
    marked = marked_attempts(page)
    return [person_line(message.pk, message.import_row, message, marked) for message in page]


def people_by_row(campaign: Campaign, state: RowState | None, after: int, limit: int) -> list[PersonLine]:
    rows = CampaignRow.objects.filter(campaign=campaign, pk__gt=after).select_related("import_row")
    if state is not None:
        rows = rows.filter(outcome=state.value)
    page = list(rows.order_by("pk")[:limit])
    # By number, because that column has an index, and a number has one message in a campaign.
    phones = [row.import_row.phone for row in page if row.outcome == CampaignRow.Outcome.MESSAGE]
    by_phone = {}
    for start in range(0, len(phones), 900):
        messages = Message.objects.filter(campaign=campaign, to__in=phones[start : start + 900])
        # Not sorted: to avoid a sort, SQLite would read the whole campaign.
        messages = messages.select_related("batch").order_by()
        by_phone.update({message.to: message for message in messages})
    marked = marked_attempts(by_phone.values())
    return [
        person_line(row.pk, row.import_row, by_phone[row.import_row.phone], marked)
        if row.outcome == CampaignRow.Outcome.MESSAGE
        else line_without_text(row)
        for row in page
    ]


def marked_attempts(messages: Iterable[Message]) -> dict[int, Attempt]:
    marked = {message.batch_id for message in messages if message.batch.state == Batch.State.MARKED_SENT}
    attempts = Attempt.objects.filter(batch__in=marked, state=Attempt.State.MARKED_SENT) if marked else ()
    return {attempt.batch_id: attempt for attempt in attempts}


def person_line(place: int, source: ImportRow, message: Message, marked: Mapping[int, Attempt]) -> PersonLine:
    state = state_of(message)
    return PersonLine(
        id=place,
        row_number=source.number,
        phone=message.to,
        cells=orjson.loads(source.cells),
        state=state,
        code=message.error_code,
        marked=marked.get(message.batch_id) if state is RowState.MARKED_SENT else None,
        text=message.text,
        segments=message.billed_segments or message.segments,
        cost=message.cost,
        changed_at=message.changed_at,
        provider_id=message.provider_id,
        batch_number=message.batch.number,
    )


def line_without_text(row: CampaignRow) -> PersonLine:
    return PersonLine(
        id=row.pk,
        row_number=row.import_row.number,
        phone=row.import_row.phone,
        cells=orjson.loads(row.import_row.cells),
        state=RowState(row.outcome),
        code=row.reason,
    )


def safe(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe, which our importer drops again."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def table_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV file in pieces of PAGE rows. The byte order mark makes Excel read it as UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([safe(cell) for cell in header])
    for count, row in enumerate(rows, 1):
        writer.writerow([safe(cell) for cell in row])
        if count % PAGE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
