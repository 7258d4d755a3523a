"""Everything known of one phone number: its campaigns, texts with reasons, replies and opt-outs.

Every query uses an index, however large the tables are. Messages, the provider store and consents have an
index on the number. Rows of files have none, so they are read through the contacts of each list. Rows without
a usable number belong to nobody and are not part of any history.
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
    Consent,
    Contact,
    ContactList,
    Import,
    ImportRow,
    Message,
    OptOut,
    ProviderMessage,
    RowState,
)
from campaigns.opt_outs.lookup import Exclusion
from campaigns.receipts import store
from campaigns.reports import store_search
from campaigns.reports.exports import state_of
from campaigns.reports.timeline import Step, timeline, timeline_of_unlisted

MAX_CAMPAIGNS = 100
"""The newest campaigns are shown, and twice as many texts of the provider store."""
LOOKUP = 500
SEARCHED_ROWS = 100_000
"""Larger files are not searched for repeated rows of a number, which no index has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a file in one campaign, or in a list that no campaign has used."""

    campaign: Campaign | None
    source: Import
    row: ImportRow
    state: RowState | None
    """None: no campaign has used the row."""
    code: str
    """Why it got no text, or what the provider reported."""
    message: Message | None
    steps: Sequence[Step]
    provider_ids: Sequence[str]
    cost: Decimal | None = None

    @property
    def contact_list(self) -> ContactList:
        return self.source.contact_list

    @property
    def cells(self) -> list[tuple[str, str]]:
        return list(zip(self.contact_list.columns, orjson.loads(self.row.cells), strict=False))

    @property
    def at(self) -> datetime | None:
        return self.campaign.launched_at if self.campaign else self.source.finished_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberHistory:
    phone: str  # E.164
    entries: Sequence[Entry]
    replies: Sequence[ProviderMessage]
    others: Sequence[ProviderMessage]
    """Texts to this number from other programs."""
    opt_outs: Sequence[OptOut]
    consents: Sequence[Consent]
    unsearched: Sequence[Import]
    """Files with the number that were too large to search for repeated rows."""
    cut: bool
    """There is more than is shown."""

    @property
    def known(self) -> bool:
        return bool(self.entries or self.replies or self.others or self.opt_outs or self.consents)

    @property
    def texts(self) -> int:
        never = (RowState.EXCLUDED, RowState.REJECTED, RowState.CANCELLED, RowState.HELD, RowState.QUEUED)
        return sum(entry.message is not None and entry.state not in never for entry in self.entries)


def number_history(phone: str) -> NumberHistory:
    """`phone`: E.164."""
    messages = list(
        Message.objects.filter(to=phone)
        .select_related(
            "campaign__launched_by", "campaign__contact_list", "batch", "import_row__source__contact_list"
        )
        .prefetch_related("batch__attempts")
        .order_by("-pk")[: MAX_CAMPAIGNS + 1]
    )
    stored, by_message = stored_messages(phone)
    entries = [message_entry(message, by_message.get(message.pk, [])) for message in messages[:MAX_CAMPAIGNS]]
    rows, unsearched = file_rows(phone)
    entries += entries_without_text(
        rows, {(message.campaign_id, message.import_row_id) for message in messages}
    )
    linked = {one.pk for group in by_message.values() for one in group}
    entries.sort(key=lambda entry: entry.at or timezone.now(), reverse=True)
    return NumberHistory(
        phone=phone,
        entries=entries,
        replies=[one for one in stored if one.inbound],
        others=[one for one in stored if not one.inbound and one.pk not in linked],
        opt_outs=list(
            OptOut.objects.known(simulated=registry.rehearses())
            .filter(phone=phone)
            .select_related("created_by", "ended_by")
        ),
        consents=consents(phone),
        unsearched=unsearched,
        cut=len(messages) > MAX_CAMPAIGNS or len(stored) == 2 * MAX_CAMPAIGNS,
    )


def consents(phone: str) -> list[Consent]:
    """What the open accounts say."""
    return [
        consent
        for account in registry.accounts()
        for consent in Consent.objects.here(simulated=account.simulated).filter(
            phone=phone, account=account.known_id()
        )
    ]


def stored_messages(phone: str) -> tuple[list[ProviderMessage], dict[int, list[ProviderMessage]]]:
    """The number's texts in the provider store, newest first; and by message id, those of campaigns."""
    stored: list[ProviderMessage] = []
    for owner in store.owners():
        of_number = ProviderMessage.objects.filter(account=owner, other_number=phone).select_related(
            "batch__account"
        )
        stored += of_number.order_by("-created_at", "-id")[: 2 * MAX_CAMPAIGNS]
    stored.sort(key=lambda one: (one.created_at, one.pk), reverse=True)
    stored = stored[: 2 * MAX_CAMPAIGNS]
    by_message: dict[int, list[ProviderMessage]] = {}
    linked = store_search.campaign_messages(stored)
    for one in stored:
        if one.pk in linked:
            by_message.setdefault(linked[one.pk].pk, []).append(one)
    return stored, by_message


def message_entry(message: Message, stored: Sequence[ProviderMessage]) -> Entry:
    name, state = registry.name_of(message.campaign.account), state_of(message)
    steps = timeline_of_unlisted(message, name)
    if stored:
        # `stored` is newest first; more than one means that the provider duplicated the text.
        first, *rest = reversed(stored)
        steps = timeline(first, message, name) + [step for one in rest for step in timeline(one, None, name)]
    ids = [one.provider_id for one in stored] or list(filter(None, [message.provider_id]))
    return Entry(
        campaign=message.campaign,
        source=message.import_row.source,
        row=message.import_row,
        state=state,
        code=exclusion_code(message) if state is RowState.EXCLUDED else message.error_code,
        message=message,
        steps=steps,
        provider_ids=ids,
        cost=message.cost,
    )


def exclusion_code(message: Message) -> str:
    rows = CampaignRow.objects.filter(campaign=message.campaign_id, import_row=message.import_row_id)
    return rows.values_list("reason", flat=True).first() or Exclusion.OPTED_OUT


def file_rows(phone: str) -> tuple[dict[int, ImportRow], list[Import]]:
    """Row id → row for the lists with the number, and the files too large to search for repeated rows."""
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


def entries_without_text(rows: dict[int, ImportRow], with_message: set[tuple[int, int]]) -> Iterator[Entry]:
    """Entries of rows without a message, one for each campaign. `with_message`: (campaign id, row id)."""
    frozen: dict[int, list[CampaignRow]] = {}
    for one in CampaignRow.objects.filter(import_row__in=rows).select_related("campaign__launched_by"):
        frozen.setdefault(one.import_row_id, []).append(one)
    for pk, row in rows.items():
        for one in frozen.get(pk, []):
            if (one.campaign_id, pk) not in with_message and one.outcome != CampaignRow.Outcome.MESSAGE:
                yield entry_without_text(row, one.campaign, RowState(one.outcome), one.reason)
        if pk not in frozen:
            yield entry_without_text(row, None, None, row.problem)


def entry_without_text(row: ImportRow, campaign: Campaign | None, state: RowState | None, code: str) -> Entry:
    return Entry(
        campaign=campaign,
        source=row.source,
        row=row,
        state=state,
        code=code,
        message=None,
        steps=(),
        provider_ids=(),
    )
