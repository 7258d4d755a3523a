"""One batch of the provider: what it says of it, and where its texts are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from campaigns.labels.states import PROVIDER_STATES
from campaigns.models import Batch, ProviderBatch, RowState
from campaigns.providers import catalogue
from campaigns.receipts import store
from campaigns.reports import store_search
from campaigns.reports.delivery import ErrorLine
from dashboard import store_paging

PARTS = {
    "queued": RowState.WITH_CARRIER,
    "sent": RowState.SENT,
    "delivered": RowState.DELIVERED,
    "sending_failed": RowState.NOT_DELIVERED,
    "delivery_failed": RowState.NOT_DELIVERED,
}
"""Parts of the provider's own aggregation, which a batch of a campaign keeps, and what they are to people."""
ORDER = (RowState.DELIVERED, RowState.SENT, RowState.WITH_CARRIER, RowState.NOT_DELIVERED)


@dataclass(frozen=True, slots=True)
class Totals:
    """How many texts of a batch are in each state."""

    counts: Counter[str]
    codes: Counter[str]
    cost: Decimal

    @property
    def count(self) -> int:
        return self.counts.total()


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def batch(request: HttpRequest, provider_id: str) -> HttpResponse:
    item = ProviderBatch.objects.filter(account__in=store.owners(), provider_id=provider_id).first()
    if item is None:
        raise Http404
    linked = store_search.campaign_batches([item]).get(item.pk)
    totals = _totals(item, linked)
    people = f"{reverse('messages')}?{urlencode({'batch': provider_id})}"
    context = {
        "batch": item,
        "linked": linked,
        "totals": totals,
        "stats": [(totals.counts[state], state, f"{people}&state={state}") for state in ORDER],
        "shares": [(state.value, totals.counts[state]) for state in ORDER],
        "errors": [
            ErrorLine(code, count, catalogue.explain(code)) for code, count in totals.codes.most_common()
        ],
        "messages_url": people,
        "known_words": set(PROVIDER_STATES),
    }
    return render(request, "batch.html", context | store_paging.store_context())


def _totals(item: ProviderBatch, linked: Batch | None) -> Totals:
    """For a batch of a campaign what the provider counted, else what was counted in the provider store."""
    parts: Mapping[str, Mapping[str, Any]] = linked.totals if linked and linked.totals else item.totals
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    cost = Decimal(0)
    for name, part in parts.items():
        counts[PARTS.get(name, name)] += part["count"]
        codes.update(part["error_codes"])
        cost += Decimal(part["cost"])
    return Totals(counts, codes, cost)
