"""Holds a campaign when receipts show that going on does harm: spam filters, a bad number, a used-up limit.

Decides by the totals that the poller stores with each batch, never by counting messages. Only batches
accepted since a person last released the campaign count, because that person knew of the earlier ones.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.models import Batch, Campaign, History
from campaigns.providers import catalogue
from campaigns.providers.error_codes import ErrorClass
from campaigns.sending import lifecycle

HARMFUL = (ErrorClass.CONTENT, ErrorClass.SENDER, ErrorClass.QUOTA)
"""Causes that stop the next texts too. Some harm the reputation of the sending number."""
MIN_STOPPED = 10
"""Texts; fewer may be chance."""
MAX_SHARE = 0.05
"""Of the texts that the provider has sent or given up on."""
SETTLED = ("sent", "delivered", "sending_failed", "delivery_failed")

Totals = Mapping[str, Mapping[str, Any]]
"""As a batch stores them: name → {count, cost, error_codes}."""


def error_counts(totals: Iterable[Totals]) -> Counter[str]:
    """Provider error code → how many texts failed with it."""
    counts = Counter[str]()
    for part in totals:
        for entry in part.values():
            counts.update(entry["error_codes"])
    return counts


def harmful_counts(totals: Iterable[Totals]) -> Counter[str]:
    every = error_counts(totals)
    return Counter(
        {code: count for code, count in every.items() if catalogue.explain(code).error_class in HARMFUL}
    )


def check(campaign_id: int) -> bool:
    """Hold the campaign if too many of its texts were stopped. True for the one call that held it."""
    campaign = Campaign.objects.sending(campaign_id).first()
    if campaign is None:
        return False
    totals = totals_since_release(campaign)
    stopped = harmful_counts(totals)
    settled = sum(part[name]["count"] for part in totals for name in SETTLED if name in part)
    if stopped.total() < max(MIN_STOPPED, MAX_SHARE * settled):
        return False
    worst = stopped.most_common(1)[0][0]
    return lifecycle.hold(
        campaign_id,
        Campaign.HoldReason.RECEIPTS,
        code=worst,
        stopped=stopped.total(),
        settled=settled,
        alike=len(stopped) == 1,
    )


def totals_since_release(campaign: Campaign) -> list[Totals]:
    batches = Batch.objects.filter(campaign=campaign, state=Batch.State.ACCEPTED)
    released = History.objects.filter(campaign_id=campaign.pk, kind__in=lifecycle.RESUMED_KINDS)
    released_at = released.values_list("at", flat=True).first()
    if released_at is not None:
        batches = batches.filter(accepted_at__gt=released_at)
    return list(batches.values_list("totals", flat=True))
