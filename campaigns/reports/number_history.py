"""Everything that is known of one phone number: which campaigns had it, what it got and why, what it said.

Each question is a look into an index, however large the tables are: messages, mirror and consents begin with
the number; rows of files do not, so they are found through the contact that each list has of the number. A
row without a usable number belongs to nobody, and cannot be found by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import (
    Campaign,
    CampaignRow,
    CarrierConsent,
    Contact,
    ContactList,
    Import,
    ImportRow,
    Message,
    OptOut,
    RowState,
    StoreMessage,
)
from campaigns.receipts import store
from campaigns.reports import store_search
from campaigns.reports.explanations import sentence
from campaigns.reports.exports import state_of, table_csv
from campaigns.reports.timeline import Step, timeline, timeline_of_unlisted
from campaigns.reports.times import local

MAX_CAMPAIGNS = 100
"""Campaigns that are shown, and twice as many texts of the mirror: the newest."""
LOOKUP = 500
SEARCHED_ROWS = 100_000
"""Files with more rows are not searched for repetitions of a number: no index has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a file in one campaign, or in a list that no campaign has used."""

    campaign: Campaign | None
    source: Import
    row: ImportRow
    state: RowState | None
    """None: no campaign has used it."""
    reason: str
    message: Message | None
    steps: Sequence[Step]
    provider_ids: Sequence[str]
    cost: Decimal | None = None

    @property
    def contact_list(self) -> ContactList:
        return self.source.contact_list

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Column and cell, as the file had them."""
        return list(zip(self.contact_list.columns, orjson.loads(self.row.cells), strict=False))

    @property
    def at(self) -> datetime | None:
        return self.campaign.launched_at if self.campaign else self.source.finished_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberHistory:
    phone: str  # E.164
    entries: Sequence[Entry]
    replies: Sequence[StoreMessage]
    others: Sequence[StoreMessage]
    """Texts to this number that no campaign of ours sent."""
    opt_outs: Sequence[OptOut]
    consents: Sequence[CarrierConsent]
    unsearched: Sequence[Import]
    """Files that hold the number, and whose repetitions of it were not looked for."""
    cut: bool
    """There is more than is shown."""

    @property
    def known(self) -> bool:
        return bool(self.entries or self.replies or self.others or self.opt_outs or self.consents)

    @property
    def texts(self) -> int:
        """Texts of ours that left, or may have."""
        never = (RowState.EXCLUDED, RowState.REJECTED, RowState.CANCELLED, RowState.HELD, RowState.QUEUED)
        return sum(entry.message is not None and entry.state not in never for entry in self.entries)


def number_history(phone: str) -> NumberHistory:
    """`phone`: E.164."""
    messages = list(
        Message.objects.filter(to=phone)
        .select_related(
            "campaign__launched_by", "campaign__contact_list", "batch", "source_row__source__contact_list"
        )
        .prefetch_related("batch__attempts")
        .order_by("-pk")[: MAX_CAMPAIGNS + 1]
    )
    stored, ours = _stored(phone)
    entries = [_of_message(message, ours.get(message.pk, [])) for message in messages[:MAX_CAMPAIGNS]]
    listed, unsearched = _rows(phone)
    entries += _without_text(listed, {(message.campaign_id, message.source_row_id) for message in messages})
    linked = {found.pk for group in ours.values() for found in group}
    entries.sort(key=lambda entry: entry.at or timezone.now(), reverse=True)
    return NumberHistory(
        phone=phone,
        entries=entries,
        replies=[found for found in stored if found.inbound],
        others=[found for found in stored if not found.inbound and found.pk not in linked],
        opt_outs=list(OptOut.objects.known().filter(phone=phone).select_related("created_by", "ended_by")),
        consents=list(CarrierConsent.objects.here().filter(phone=phone, account=registry.known_account())),
        unsearched=unsearched,
        cut=len(messages) > MAX_CAMPAIGNS or len(stored) == 2 * MAX_CAMPAIGNS,
    )


def _stored(phone: str) -> tuple[list[StoreMessage], dict[int, list[StoreMessage]]]:
    """What the provider's store has with the number, newest first; and by our message, what of it is ours."""
    whose = store.account_state()
    if whose is None:
        return [], {}
    of_number = StoreMessage.objects.filter(account=whose, their_number=phone).select_related("batch")
    stored = list(of_number.order_by("-created_at", "-id")[: 2 * MAX_CAMPAIGNS])
    ours: dict[int, list[StoreMessage]] = {}
    linked = store_search.our_messages(whose, stored)
    for found in stored:
        if found.pk in linked:
            ours.setdefault(linked[found.pk].pk, []).append(found)
    return stored, ours


def _of_message(message: Message, stored: Sequence[StoreMessage]) -> Entry:
    name, state = registry.provider_name(), state_of(message)
    steps = timeline_of_unlisted(message, name)
    if stored:
        # The newest first there; a second one would be a text that the provider doubled.
        first, *rest = reversed(stored)
        steps = timeline(first, message, name) + [
            step for found in rest for step in timeline(found, None, name)
        ]
    ids = [found.provider_id for found in stored] or list(filter(None, [message.provider_id]))
    return Entry(
        campaign=message.campaign,
        source=message.source_row.source,
        row=message.source_row,
        state=state,
        reason=sentence(_why_left_out(message) if state is RowState.EXCLUDED else message.error_code),
        message=message,
        steps=steps,
        provider_ids=ids,
        cost=message.cost,
    )


def _why_left_out(message: Message) -> str:
    """The code of one that was left out after launch; it stands on its row."""
    rows = CampaignRow.objects.filter(campaign=message.campaign_id, source_row=message.source_row_id)
    return rows.values_list("reason", flat=True).first() or "opted_out"


def _rows(phone: str) -> tuple[dict[int, ImportRow], list[Import]]:
    """Rows of kept lists that hold the number, and the files that are too long to look for repetitions."""
    lists = list(ContactList.objects.values_list("pk", flat=True))
    rows: dict[int, ImportRow] = {}
    unsearched = []
    for start in range(0, len(lists), LOOKUP):
        contacts = Contact.objects.filter(contact_list_id__in=lists[start : start + LOOKUP], phone=phone)
        for contact in contacts.select_related("row__source__contact_list"):
            source = contact.row.source
            rows[contact.row_id] = contact.row
            if source.duplicate_count and source.row_count > SEARCHED_ROWS:
                unsearched.append(source)
            elif source.duplicate_count:
                repeated = source.rows.filter(outcome=ImportRow.Outcome.DUPLICATE, phone=phone)
                rows |= {row.pk: row for row in repeated.select_related("source__contact_list")}
    return rows, unsearched


def _without_text(rows: dict[int, ImportRow], told: set[tuple[int, int]]) -> Iterator[Entry]:
    """Those of the rows that no message speaks for, once for each campaign that had them."""
    frozen: dict[int, list[CampaignRow]] = {}
    for one in CampaignRow.objects.filter(source_row__in=rows).select_related("campaign__launched_by"):
        frozen.setdefault(one.source_row_id, []).append(one)
    for pk, row in rows.items():
        for one in frozen.get(pk, []):
            if (one.campaign_id, pk) not in told and one.outcome != CampaignRow.Outcome.MESSAGE:
                yield _entry(row, one.campaign, RowState(one.outcome), one.reason)
        if pk not in frozen:
            yield _entry(row, None, None, row.problem)


def _entry(row: ImportRow, campaign: Campaign | None, state: RowState | None, code: str) -> Entry:
    return Entry(
        campaign=campaign,
        source=row.source,
        row=row,
        state=state,
        reason=sentence(code),
        message=None,
        steps=(),
        provider_ids=(),
    )


# --- As a file ----------------------------------------------------------------------------------------------

HEADER = (
    "When", "What", "Detail", "Campaign", "Launched by", "List", "File", "Row", "Cells", "State", "Reason",
    "Code", "From", "To", "Text", "Batch", "Provider ids",
)  # fmt: skip


def history_csv(found: NumberHistory) -> Iterator[str]:
    """One line for each thing that happened. Formula-safe, like all files."""
    return table_csv(HEADER, _lines(found))


def _lines(found: NumberHistory) -> Iterator[list[str]]:
    for entry in found.entries:
        title = "In a list that no campaign has used" if entry.campaign is None else "Got no text"
        for step in entry.steps or [Step(at=entry.at, title=title, detail=entry.reason)]:
            yield [_time(step.at), step.title, step.detail, *_of_entry(entry, found.phone)]
    for kind, group in (("Wrote to us", found.replies), ("A text of another program", found.others)):
        for one in group:
            pair = (found.phone, one.our_number) if one.inbound else (one.our_number, found.phone)
            batch = one.batch.provider_id if one.batch else ""
            yield [
                _time(one.created_at), kind, one.status, *[""] * 8, one.error_code, *pair, one.text, batch,
                one.provider_id,
            ]  # fmt: skip
    for opt_out in found.opt_outs:
        yield _line(opt_out.created_at, "Opted out", f"{opt_out.get_source_display()}. {opt_out.note}")
        if opt_out.ended_at:
            yield _line(opt_out.ended_at, "Opt-out ended", f"By {opt_out.ended_by or 'the program'}.")
    for consent in found.consents:
        said = "Opted out at the carrier" if consent.opted_out else "Opted in at the carrier"
        yield _line(
            consent.changed_at, said, f"Of {'every number' if consent.sender == '*' else consent.sender}."
        )


def _of_entry(entry: Entry, phone: str) -> list[str]:
    campaign, message = entry.campaign, entry.message
    return [
        campaign.name if campaign else "",
        str(campaign.launched_by or "") if campaign else "",
        entry.contact_list.name,
        entry.source.filename,
        str(entry.row.number),
        "; ".join(f"{name}: {cell}" for name, cell in entry.cells),
        entry.state.label if entry.state else "",
        entry.reason,
        message.error_code if message else "",
        campaign.sender if campaign else "",
        phone,
        message.text if message else "",
        message.batch.provider_id if message else "",
        " ".join(entry.provider_ids),
    ]


def _line(at: datetime | None, what: str, detail: str) -> list[str]:
    return [_time(at), what, detail.strip(), *[""] * (len(HEADER) - 3)]


def _time(at: datetime | None) -> str:
    return "" if at is None else local(at).isoformat(timespec="seconds")
