"""Launches a draft and freezes its audience and texts, which never change afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.composing.audience import SourceRow, field_names, source_rows
from campaigns.composing.checks import Finding, FindingCode, SenderProblem, Terms, check_draft
from campaigns.composing.personalise import MAX_TEXT_UNITS, Personaliser, utf16_units
from campaigns.composing.preflight import Preflight, preflight
from campaigns.composing.segments import count_many
from campaigns.contacts import countries
from campaigns.contacts.errors import NoText
from campaigns.contacts.phone import parse_phone
from campaigns.models import Batch, Campaign, CampaignRow, Counters, History, Message, RowState
from campaigns.opt_outs.lookup import opted_out
from campaigns.runtime.bulk_sql import claim, insert, relaxed_durability
from campaigns.sending import counters, lifecycle

CHUNK = 5000
"""Rows frozen per transaction, which takes about 0.1 s."""


class NotReady(Exception):  # noqa: N818 - a state of the draft, not an error
    """The draft cannot be launched. `findings` say what to do."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.code for finding in findings))
        self.findings = findings


def terms_for(sender: str) -> Terms:
    account = registry.for_sender(sender)
    number = account.number(sender) if sender else None
    phone = parse_phone(sender) if sender else None
    problem = None
    if sender and number is None:
        problem = SenderProblem.NOT_LISTED
    elif number and not number.can_send_batches:
        problem = SenderProblem.NOT_ENABLED
    return Terms(
        label=phone.e164 if phone and phone.e164 else sender,
        price=account.price_for(sender) if sender else None,
        rate=account.rate_for(sender),
        problem=problem,
        provider=account.name,
        reach=account.provider.reaches,
        simulated=account.simulated,
    )


def run_preflight(campaign: Campaign) -> Preflight:
    return preflight(campaign, terms_for(campaign.sender))


def launch(campaign: Campaign, *, user: User | None, undo_seconds: float = 0.0) -> bool:
    """Launch the draft. Idempotent; True only for the call that changed it.

    Nothing is submitted for `undo_seconds`, so that the launch can be undone.

    Raises NotReady for a problem that shows without reading the rows; freezing excludes rows that cannot get
    a text, each with its reason. Raises Campaign.DoesNotExist if the draft was deleted meanwhile.
    """
    terms = terms_for(campaign.sender)
    personaliser = Personaliser(campaign.text, field_names(campaign))
    stops = [item for item in check_draft(campaign, terms, personaliser) if item.level == "stop"]
    if stops:
        if Campaign.objects.filter(pk=campaign.pk).exclude(state=Campaign.State.DRAFT).exists():
            return False
        raise NotReady(stops)
    now = timezone.now()
    with transaction.atomic():
        launched = claim(
            unchanged_draft(campaign),
            state=Campaign.State.PREPARING,
            account=registry.for_sender(campaign.sender).known_id(),
            launched_at=now,
            launched_by=user,
            undo_until=now + timedelta(seconds=undo_seconds) if undo_seconds > 0 else None,
            price=terms.price,
            batch_size=campaign.batch_size,
            canary=min(campaign.canary, campaign.batch_size),
            on_not_found=campaign.on_not_found,
            send_at=campaign.send_at,
        )
        if launched:
            Counters.objects.get_or_create(campaign=campaign)
            History.objects.record(History.Kind.LAUNCHED, actor=user, campaign=campaign)
    campaign.refresh_from_db()
    if not launched and campaign.is_draft:
        raise NotReady([Finding("stop", FindingCode.CHANGED)])
    return launched


def unchanged_draft(campaign: Campaign) -> QuerySet[Campaign]:
    """Empty if another tab edited the draft after the check."""
    return Campaign.objects.filter(
        pk=campaign.pk,
        state=Campaign.State.DRAFT,
        text=campaign.text,
        sender=campaign.sender,
        contact_list=campaign.contact_list,
    )


@dataclass(slots=True)
class Chunk:
    """Rows whose outcome is known and not written yet."""

    rows: list[SourceRow]
    texts: list[tuple[SourceRow, str, int]] = field(default_factory=list)
    left_out: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Usable rows without a text, by id: outcome and reason."""

    def counts(self) -> Counter[str]:
        outcomes = Counter(row.outcome for row in self.rows if not row.usable)
        outcomes.update(outcome for outcome, _ in self.left_out.values())
        outcomes["message"] = len(self.texts)
        return outcomes


def freeze(campaign_id: int, *, stop_after: int | None = None) -> bool:
    """Freeze every row of the list and render every text. True when all are frozen.

    Safe to repeat and to run concurrently: a chunk is written only if it follows the last one written.
    `stop_after`: chunks.
    """
    done = 0
    with relaxed_durability():
        while stop_after is None or done < stop_after:
            if freeze_next_chunk(campaign_id):
                return True
            done += 1
    return False


def freeze_next_chunk(campaign_id: int) -> bool:
    """True when there is nothing more to freeze."""
    campaign = Campaign.objects.select_related("contact_list").get(pk=campaign_id)
    if campaign.state != Campaign.State.PREPARING or campaign.contact_list is None:
        return True
    rows = source_rows(campaign.contact_list, after=campaign.frozen_up_to_row, limit=CHUNK)
    if not rows:
        lifecycle.begin(campaign.pk)
        return True
    chunk = decide(campaign, Personaliser(campaign.text, field_names(campaign)), rows)
    write_chunk(campaign, rows[-1].id, chunk)
    return False


def decide(campaign: Campaign, personaliser: Personaliser, rows: list[SourceRow]) -> Chunk:
    chunk = Chunk(rows)
    usable = [row for row in rows if row.usable]
    simulated = registry.is_simulated(campaign.account)
    excluded = opted_out((row.phone for row in usable), simulated=simulated)
    reaches = registry.provider_of(campaign.account).reaches
    unreached = countries.not_reached([row.phone for row in usable], reaches)
    texts = personaliser.render_many([row.cells() for row in usable])
    for row, text, segments in zip(usable, texts, count_many(texts), strict=True):
        if row.phone in excluded:
            chunk.left_out[row.id] = "excluded", excluded[row.phone]
        elif row.phone in unreached:
            chunk.left_out[row.id] = "invalid", NoText.UNREACHED.value
        elif not text.strip():
            chunk.left_out[row.id] = "invalid", NoText.EMPTY_TEXT.value
        elif len(text) > MAX_TEXT_UNITS // 2 and utf16_units(text) > MAX_TEXT_UNITS:
            chunk.left_out[row.id] = "invalid", NoText.TEXT_TOO_LONG.value
        else:
            chunk.texts.append((row, text, segments))
    return chunk


@transaction.atomic
def write_chunk(campaign: Campaign, last_id: int, chunk: Chunk) -> None:
    unwritten = Campaign.objects.filter(
        pk=campaign.pk, state=Campaign.State.PREPARING, frozen_up_to_row=campaign.frozen_up_to_row
    )
    segments = sum(count for _, _, count in chunk.texts)
    if not claim(unwritten, frozen_up_to_row=last_id, segments=F("segments") + segments):
        return
    insert_rows(campaign, chunk)
    insert_messages(campaign, chunk)
    counts = chunk.counts()
    counters.shift(
        campaign.pk,
        {
            "rows": len(chunk.rows),
            RowState.QUEUED.value: counts["message"],
            RowState.DUPLICATE.value: counts["duplicate"],
            RowState.INVALID.value: counts["invalid"],
            RowState.EXCLUDED.value: counts["excluded"],
        },
    )


def insert_rows(campaign: Campaign, chunk: Chunk) -> None:
    first, last = chunk.rows[0], chunk.rows[-1]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_campaignrow (campaign_id, import_row_id, outcome, reason) "
            "SELECT %s, id, CASE outcome WHEN 'usable' THEN 'message' ELSE outcome END, problem "
            "FROM campaigns_importrow WHERE source_id = %s AND number BETWEEN %s AND %s ORDER BY number",
            [campaign.pk, first.source_id, first.number, last.number],
        )
    by_reason: dict[tuple[str, str], list[int]] = {}
    for row_id, outcome_and_reason in chunk.left_out.items():
        by_reason.setdefault(outcome_and_reason, []).append(row_id)
    for (outcome, reason), ids in by_reason.items():
        for start in range(0, len(ids), 500):
            frozen = CampaignRow.objects.filter(campaign=campaign, import_row__in=ids[start : start + 500])
            frozen.update(outcome=outcome, reason=reason)


def insert_messages(campaign: Campaign, chunk: Chunk) -> None:
    """Fill the last batch up, then create new ones. The canary is the first batch."""
    max_size = max(1, min(campaign.batch_size, registry.provider_of(campaign.account).max_batch))

    def capacity(batch_number: int) -> int:
        return min(campaign.canary, max_size) if batch_number == 1 and campaign.canary else max_size

    last = Batch.objects.filter(campaign=campaign).order_by("-number").first()
    number, room = (last.number, capacity(last.number) - last.size) if last else (0, 0)
    if last and room > 0:
        Batch.objects.filter(pk=last.pk).update(size=F("size") + min(room, len(chunk.texts)))
    new_sizes: list[int] = []
    left = len(chunk.texts) - max(room, 0)
    while left > 0:
        new_sizes.append(min(capacity(number + len(new_sizes) + 1), left))
        left -= new_sizes[-1]
    batches = Batch.objects.bulk_create(
        Batch(campaign=campaign, number=number + offset, size=size, sender=campaign.sender)
        for offset, size in enumerate(new_sizes, 1)
    )
    batch_ids = ([last.pk] * room if last else []) + [
        batch.pk for batch in batches for _ in range(batch.size)
    ]
    columns = (
        "campaign", "batch", "import_row", "to", "text", "segments", "state", "provider_id", "error_code",
    )  # fmt: skip
    rows = [
        (campaign.pk, batch_id, row.id, row.phone, text, segments, "waiting", "", "")
        for batch_id, (row, text, segments) in zip(batch_ids, chunk.texts, strict=False)
    ]
    insert(Message, columns, rows)


def default_batch_size() -> int:
    return max(1, min(int(settings.BATCH_SIZE), registry.default().provider.max_batch))
