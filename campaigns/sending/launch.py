"""From a draft to frozen texts: one press launches, and the audience never changes afterwards."""

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
from campaigns.composing.findings import Finding, Terms, draft_findings
from campaigns.composing.personalise import MAX_TEXT_UNITS, Personaliser, utf16_units
from campaigns.composing.preflight import Preflight, preflight
from campaigns.composing.segments import count_many
from campaigns.contacts import countries
from campaigns.contacts.phone import parse_phone
from campaigns.contacts.reach import UNREACHED
from campaigns.models import Batch, Campaign, CampaignRow, Event, Message, RowState, Tally
from campaigns.opt_outs.lookup import opted_out
from campaigns.runtime.bulk_sql import claim, insert, relaxed_durability
from campaigns.sending import counters, lifecycle

CHUNK = 5000
"""Rows frozen in one transaction: about a tenth of a second of writing."""


class NotReady(Exception):  # noqa: N818 - it is a state of the draft, and its findings say what to do
    """The draft cannot be launched; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.title for finding in findings))
        self.findings = findings


def terms_for(sender: str) -> Terms:
    """Price, speed and usability of one of the account's numbers."""
    found = registry.number(sender) if sender else None
    phone = parse_phone(sender) if sender else None
    problem = ""
    if sender and found is None:
        problem = f"{registry.provider_name()} does not list it among the numbers of this account."
    elif found and not found.can_send_batches:
        problem = (
            f"It is not set up for high volume texts (A2PSmsSender). Ask {registry.provider_name()} to "
            "enable it, or choose another number."
        )
    return Terms(
        label=phone.e164 if phone and phone.e164 else sender,
        price=registry.price_for(sender) if sender else None,
        rate=registry.rate_for(sender),
        problem=problem,
        reach=registry.provider().reaches,
    )


def run_preflight(campaign: Campaign) -> Preflight:
    """Every check over every row, as the review page shows it."""
    return preflight(campaign, terms_for(campaign.sender))


def launch(campaign: Campaign, *, user: User | None, undo_seconds: float = 0.0) -> bool:
    """Launch once. True for the one call that did it, False if it was launched before.

    Nothing is handed over for `undo_seconds`, so that it can be taken back.

    Raises NotReady if the draft has a problem that can be seen without reading the rows; rows that cannot
    get a text are left out with their reason while the audience is frozen. Raises Campaign.DoesNotExist if
    somebody deleted it meanwhile.
    """
    terms = terms_for(campaign.sender)
    personaliser = Personaliser(campaign.text, field_names(campaign))
    stops = [found for found in draft_findings(campaign, terms, personaliser) if found.level == "stop"]
    if stops:
        if Campaign.objects.filter(pk=campaign.pk).exclude(state=Campaign.State.DRAFT).exists():
            return False
        raise NotReady(stops)
    now = timezone.now()
    with transaction.atomic():
        launched = claim(
            _as_checked(campaign),
            state=Campaign.State.PREPARING,
            launched_at=now,
            launched_by=user,
            undo_until=now + timedelta(seconds=undo_seconds) if undo_seconds > 0 else None,
            price=terms.price,
            batch_size=campaign.batch_size,
            canary=min(campaign.canary, campaign.batch_size),
            if_absent=campaign.if_absent,
            send_at=campaign.send_at,
        )
        if launched:
            Tally.objects.get_or_create(campaign=campaign)
            Event.objects.create(campaign=campaign, actor=user, verb="launched")
    campaign.refresh_from_db()
    if not launched and campaign.is_draft:
        message = "It was changed in another window a moment ago. Look at it once more, then send."
        raise NotReady([Finding("stop", "changed", message)])
    return launched


def _as_checked(campaign: Campaign) -> QuerySet[Campaign]:
    """An edit in another tab between the check and the launch must not slip through."""
    return Campaign.objects.filter(
        pk=campaign.pk,
        state=Campaign.State.DRAFT,
        text=campaign.text,
        sender=campaign.sender,
        contact_list=campaign.contact_list,
    )


@dataclass(slots=True)
class Chunk:
    """Rows decided, not yet written."""

    rows: list[SourceRow]
    texts: list[tuple[SourceRow, str, int]] = field(default_factory=list)
    left_out: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Usable rows that get no text, by id: outcome and reason."""

    def counts(self) -> Counter[str]:
        found = Counter(row.outcome for row in self.rows if not row.usable)
        found.update(outcome for outcome, _ in self.left_out.values())
        found["message"] = len(self.texts)
        return found


def freeze(campaign_id: int, *, stop_after: int | None = None) -> bool:
    """Take the audience over row by row and render every text. True when it is complete.

    Safe to repeat and to run twice at once: each chunk is written only where the last one ended.
    """
    done = 0
    with relaxed_durability():
        while stop_after is None or done < stop_after:
            if _freeze_next(campaign_id):
                return True
            done += 1
    return False


def _freeze_next(campaign_id: int) -> bool:
    """One chunk. True when there is nothing more to freeze."""
    campaign = Campaign.objects.select_related("contact_list").get(pk=campaign_id)
    if campaign.state != Campaign.State.PREPARING or campaign.contact_list is None:
        return True
    rows = source_rows(campaign.contact_list, after=campaign.frozen_to, limit=CHUNK)
    if not rows:
        lifecycle.begin(campaign.pk)
        return True
    chunk = decide(campaign, Personaliser(campaign.text, field_names(campaign)), rows)
    write_chunk(campaign, rows[-1].id, chunk)
    return False


def decide(campaign: Campaign, personaliser: Personaliser, rows: list[SourceRow]) -> Chunk:
    """What becomes of each row. No writing."""
    chunk = Chunk(rows)
    usable = [row for row in rows if row.usable]
    out = opted_out(row.phone for row in usable)
    far = countries.not_reached([row.phone for row in usable], registry.provider().reaches)
    texts = personaliser.render_many([row.cells() for row in usable])
    for row, text, segments in zip(usable, texts, count_many(texts), strict=True):
        if row.phone in out:
            chunk.left_out[row.id] = "excluded", out[row.phone]
        elif row.phone in far:
            chunk.left_out[row.id] = "invalid", UNREACHED
        elif not text.strip():
            chunk.left_out[row.id] = "invalid", "empty_text"
        elif len(text) > MAX_TEXT_UNITS // 2 and utf16_units(text) > MAX_TEXT_UNITS:
            chunk.left_out[row.id] = "invalid", "text_too_long"
        else:
            chunk.texts.append((row, text, segments))
    return chunk


@transaction.atomic
def write_chunk(campaign: Campaign, last_id: int, chunk: Chunk) -> None:
    mine = Campaign.objects.filter(
        pk=campaign.pk, state=Campaign.State.PREPARING, frozen_to=campaign.frozen_to
    )
    segments = sum(count for _, _, count in chunk.texts)
    if not claim(mine, frozen_to=last_id, segments=F("segments") + segments):
        return
    _freeze_rows(campaign, chunk)
    _cut(campaign, chunk)
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


def _freeze_rows(campaign: Campaign, chunk: Chunk) -> None:
    """One CampaignRow for each row of the file, made inside the database; then the exceptions."""
    first, last = chunk.rows[0], chunk.rows[-1]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_campaignrow (campaign_id, source_row_id, outcome, reason) "
            "SELECT %s, id, CASE outcome WHEN 'usable' THEN 'message' ELSE outcome END, problem "
            "FROM campaigns_importrow WHERE source_id = %s AND number BETWEEN %s AND %s ORDER BY number",
            [campaign.pk, first.source_id, first.number, last.number],
        )
    by_reason: dict[tuple[str, str], list[int]] = {}
    for row_id, why in chunk.left_out.items():
        by_reason.setdefault(why, []).append(row_id)
    for (outcome, reason), ids in by_reason.items():
        for start in range(0, len(ids), 500):
            frozen = CampaignRow.objects.filter(campaign=campaign, source_row__in=ids[start : start + 500])
            frozen.update(outcome=outcome, reason=reason)


def _cut(campaign: Campaign, chunk: Chunk) -> None:
    """Put the texts into batches: fill the last one up, then open new ones. A canary is the first of them."""
    most = max(1, min(campaign.batch_size, registry.provider().max_batch))

    def room_of(batch_number: int) -> int:
        return min(campaign.canary, most) if batch_number == 1 and campaign.canary else most

    last = Batch.objects.filter(campaign=campaign).order_by("-number").first()
    number, room = (last.number, room_of(last.number) - last.size) if last else (0, 0)
    if last and room > 0:
        Batch.objects.filter(pk=last.pk).update(size=F("size") + min(room, len(chunk.texts)))
    new_sizes: list[int] = []
    left = len(chunk.texts) - max(room, 0)
    while left > 0:
        new_sizes.append(min(room_of(number + len(new_sizes) + 1), left))
        left -= new_sizes[-1]
    batches = Batch.objects.bulk_create(
        Batch(campaign=campaign, number=number + place, size=own, sender=campaign.sender)
        for place, own in enumerate(new_sizes, 1)
    )
    homes = ([last.pk] * room if last else []) + [batch.pk for batch in batches for _ in range(batch.size)]
    columns = (
        "campaign", "batch", "source_row", "to", "text", "segments", "state", "provider_id", "error_code",
    )  # fmt: skip
    rows = [
        (campaign.pk, home, row.id, row.phone, text, segments, "waiting", "", "")
        for home, (row, text, segments) in zip(homes, chunk.texts, strict=False)
    ]
    insert(Message, columns, rows)


def default_batch_size() -> int:
    return max(1, min(int(settings.BATCH_SIZE), registry.provider().max_batch))
