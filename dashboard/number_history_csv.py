"""The history of a number as a CSV file: one line for each thing that happened."""

from collections.abc import Iterator
from datetime import datetime

from campaigns.labels.opt_outs import SOURCES, describe_note
from campaigns.labels.reasons import describe_reason
from campaigns.labels.states import describe_state
from campaigns.labels.timeline import describe_step
from campaigns.reports.exports import table_csv
from campaigns.reports.number_history import Entry, NumberHistory
from campaigns.reports.times import local

HEADER = (
    "When", "What", "Detail", "Campaign", "Launched by", "List", "File", "Row", "Cells", "State", "Reason",
    "Code", "From", "To", "Text", "Batch", "Provider ids",
)  # fmt: skip


def history_csv(history: NumberHistory) -> Iterator[str]:
    return table_csv(HEADER, lines(history))


def lines(history: NumberHistory) -> Iterator[list[str]]:
    for entry in history.entries:
        for step in entry.steps:
            words = describe_step(step)
            yield [time_cell(step.at), words.title, words.detail, *entry_cells(entry, history.phone)]
        if not entry.steps:
            title = "In a list that no campaign has used" if entry.campaign is None else "Got no text"
            reason = describe_reason(entry.code)
            yield [time_cell(entry.at), title, reason, *entry_cells(entry, history.phone)]
    for kind, group in (("Wrote to us", history.replies), ("A text of another program", history.others)):
        for one in group:
            pair = (history.phone, one.own_number) if one.inbound else (one.own_number, history.phone)
            batch = one.batch.provider_id if one.batch else ""
            yield [
                time_cell(one.created_at), kind, one.provider_status, *[""] * 8, one.error_code, *pair,
                one.text, batch, one.provider_id,
            ]  # fmt: skip
    for opt_out in history.opt_outs:
        yield short_line(
            opt_out.created_at, "Opted out", f"{SOURCES[opt_out.source]}. {describe_note(opt_out)}"
        )
        if opt_out.ended_at:
            yield short_line(opt_out.ended_at, "Opt-out ended", f"By {opt_out.ended_by or 'the program'}.")
    for consent in history.consents:
        title = "Opted out at the carrier" if consent.opted_out else "Opted in at the carrier"
        sender = "every number" if consent.sender == "*" else consent.sender
        yield short_line(consent.changed_at, title, f"Of {sender}.")


def entry_cells(entry: Entry, phone: str) -> list[str]:
    campaign, message = entry.campaign, entry.message
    return [
        campaign.name if campaign else "",
        str(campaign.launched_by or "") if campaign else "",
        entry.contact_list.name,
        entry.source.filename,
        str(entry.row.number),
        "; ".join(f"{name}: {cell}" for name, cell in entry.cells),
        describe_state(entry.state) if entry.state else "",
        describe_reason(entry.code),
        message.error_code if message else "",
        campaign.sender if campaign else "",
        phone,
        message.text if message else "",
        message.batch.provider_id if message else "",
        " ".join(entry.provider_ids),
    ]


def short_line(at: datetime | None, what: str, detail: str) -> list[str]:
    return [time_cell(at), what, detail.strip(), *[""] * (len(HEADER) - 3)]


def time_cell(at: datetime | None) -> str:
    return "" if at is None else local(at).isoformat(timespec="seconds")
