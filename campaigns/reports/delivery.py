"""The delivery report: the provider's totals beside the counts of our messages, with error explanations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count

from campaigns.models import Batch, Campaign, CampaignRow, Counters, Message, RowState
from campaigns.providers import catalogue
from campaigns.providers.error_codes import Explanation
from campaigns.reports.row_states import TAKEN, UNDECIDED

NAMES = {
    "queued": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "sending_failed": "sendingFailed",
    "delivery_failed": "deliveryFailed",
}
"""Name of each total in `Batch.totals` → the provider's name for it."""


@dataclass(slots=True)
class StatusLine:
    count: int = 0
    cost: Decimal = Decimal(0)
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    code: str
    count: int
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class ReasonLine:
    code: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What the provider counts in one state, and what we do."""

    state: RowState
    theirs: int
    ours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    campaign: Campaign
    counters: Counters
    provider_totals: dict[str, StatusLine]
    local_counts: dict[str, int]
    differences: Sequence[Difference]
    errors: Sequence[ErrorLine]
    rejected: Sequence[ErrorLine]
    reasons: Sequence[ReasonLine]
    cost: Decimal | None
    expected_cost: Decimal | None
    segments: int
    read_at: datetime | None

    @property
    def agree(self) -> bool:
        return not self.differences

    @property
    def texts(self) -> int:
        return sum(line.count for line in self.provider_totals.values())

    @property
    def taken(self) -> int:
        """Texts that the provider has, reported on or not."""
        return self.counters.count(*TAKEN)

    @property
    def undecided(self) -> int:
        return self.counters.count(*UNDECIDED)

    @property
    def delivered_percent(self) -> float | None:
        """Of the texts that the provider reports; None: none yet."""
        return 100 * self.provider_totals["delivered"].count / self.texts if self.texts else None


def report(campaign: Campaign) -> Report:
    """Reads counters and one row a batch; counts only rejected messages and rows without a message."""
    counts = Counters.objects.get(campaign=campaign)
    batches = list(Batch.objects.filter(campaign=campaign, state=Batch.State.ACCEPTED))
    totals = provider_totals(batches)
    unread = sum(batch.provider_size for batch in batches if not batch.totals)
    taken = sum(line.count for line in totals.values())
    codes = totals["sendingFailed"].codes + totals["deliveryFailed"].codes
    read = [batch.polled_at for batch in batches if batch.polled_at]
    return Report(
        campaign=campaign,
        counters=counts,
        provider_totals=totals,
        local_counts=counts.as_dict(),
        differences=differences(counts, totals, unread),
        errors=[ErrorLine(code, count, catalogue.explain(code)) for code, count in codes.most_common()],
        rejected=rejected_lines(campaign) if counts.rejected else [],
        reasons=reason_lines(campaign, counts),
        cost=sum((line.cost for line in totals.values()), Decimal(0)) if taken else None,
        expected_cost=None if campaign.price is None else campaign.price * campaign.segments,
        segments=campaign.segments,
        read_at=max(read, default=None),
    )


def provider_totals(batches: Sequence[Batch]) -> dict[str, StatusLine]:
    totals = {name: StatusLine() for name in NAMES.values()}
    for batch in batches:
        for name, provider_name in NAMES.items():
            part = batch.totals.get(name)
            if part:
                totals[provider_name].count += part["count"]
                totals[provider_name].cost += Decimal(part["cost"])
                totals[provider_name].codes.update(part["error_codes"])
    return totals


def differences(counts: Counters, totals: dict[str, StatusLine], unread: int) -> list[Difference]:
    """`unread`: texts in batches without totals so far."""
    failed = totals["sendingFailed"].count + totals["deliveryFailed"].count
    pairs = (
        Difference(RowState.WITH_CARRIER, totals["queued"].count, counts.with_carrier - unread),
        Difference(RowState.SENT, totals["sent"].count, counts.sent),
        Difference(RowState.DELIVERED, totals["delivered"].count, counts.delivered),
        Difference(RowState.NOT_DELIVERED, failed, counts.not_delivered),
    )
    return [pair for pair in pairs if pair.theirs != pair.ours]


def rejected_lines(campaign: Campaign) -> list[ErrorLine]:
    rows = Message.objects.filter(campaign=campaign, state=Message.State.REJECTED)
    counted = rows.values_list("error_code").annotate(count=Count("id")).order_by("-count")
    return [ErrorLine(code, count, catalogue.explain(code)) for code, count in counted]


def reason_lines(campaign: Campaign, counts: Counters) -> list[ReasonLine]:
    if not counts.count(RowState.EXCLUDED, RowState.DUPLICATE, RowState.INVALID):
        return []
    rows = CampaignRow.objects.filter(campaign=campaign).exclude(outcome=CampaignRow.Outcome.MESSAGE)
    counted = rows.values_list("outcome", "reason").annotate(count=Count("id")).order_by("-count")
    return [ReasonLine(reason, outcome, count) for outcome, reason, count in counted]


@dataclass(frozen=True, slots=True)
class CampaignLine:
    campaign: Campaign
    counters: Counters
    billed: Decimal | None


def campaign_reports(before_id: int | None = None, limit: int = 25) -> list[CampaignLine]:
    """Launched campaigns, newest first. `before_id`: the last campaign of the page before."""
    campaigns = Campaign.objects.exclude(state=Campaign.State.DRAFT).select_related(
        "counters", "contact_list"
    )
    if before_id is not None:
        campaigns = campaigns.filter(pk__lt=before_id)
    page = list(campaigns[:limit])
    batches = Batch.objects.filter(campaign__in=page, state=Batch.State.ACCEPTED)
    by_campaign: dict[int, list[Batch]] = {}
    for batch in batches.only("campaign_id", "totals"):
        by_campaign.setdefault(batch.campaign_id, []).append(batch)
    return [
        CampaignLine(campaign, campaign.counters, billed(by_campaign.get(campaign.pk, [])))
        for campaign in page
    ]


def billed(batches: Sequence[Batch]) -> Decimal | None:
    if not any(batch.totals for batch in batches):
        return None
    return sum((line.cost for line in provider_totals(batches).values()), Decimal(0))
