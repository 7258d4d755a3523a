"""The first page: campaigns that move, that are done and that are drafts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Sum, Value, When
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Campaign, ContactList, Counters, OptOut
from campaigns.reports.progress import Progress, progress_of
from campaigns.reports.row_states import TAKEN

MAX_CAMPAIGNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    moving: Sequence[Progress]
    """Campaigns that wait for a person, then the newest."""
    more_moving: int
    """How many moving campaigns are not shown."""
    recent: Sequence[Campaign]
    drafts: Sequence[Campaign]
    list_count: int
    opt_out_count: int
    sent_7_days: int


def load_overview() -> Overview:
    campaigns = Campaign.objects.select_related("counters", "contact_list", "launched_by")
    week = timezone.now() - timedelta(days=7)
    sums = Counters.objects.filter(campaign__launched_at__gte=week).aggregate(
        **{state.value: Sum(state.value) for state in TAKEN}
    )
    moving = campaigns.filter(state__in=Campaign.MOVING)
    opt_outs = OptOut.objects.in_force(simulated=registry.rehearses()).exclude(kind=OptOut.Kind.PENDING)
    # Receipts come for days, so newer campaigns must not hide one that waits for a person.
    held_first = Case(When(state=Campaign.State.HELD, then=Value(0)), default=Value(1))
    return Overview(
        moving=[progress_of(campaign) for campaign in moving.order_by(held_first, "-id")[:MAX_CAMPAIGNS]],
        more_moving=max(0, moving.count() - MAX_CAMPAIGNS),
        recent=list(campaigns.filter(state=Campaign.State.FINISHED)[:MAX_CAMPAIGNS]),
        drafts=list(campaigns.filter(state=Campaign.State.DRAFT)[:MAX_CAMPAIGNS]),
        list_count=ContactList.objects.count(),
        opt_out_count=opt_outs.order_by().values("phone").distinct().count(),
        sent_7_days=sum(value or 0 for value in sums.values()),
    )
