"""The provider's batches, whoever handed them over."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.labels.states import PROVIDER_STATES
from campaigns.models import Batch, ProviderBatch
from campaigns.receipts import store
from campaigns.reports import store_search
from dashboard import store_paging
from dashboard.forms.store import BatchSearchForm

PAGE = 50


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of the store, and the one of a campaign that it is, if it is ours."""

    batch: ProviderBatch
    linked: Batch | None


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def batches(request: HttpRequest) -> HttpResponse:
    owners = store.owners()
    form = BatchSearchForm(request.GET, senders=[number.phone for number in registry.numbers()])
    filled = store_paging.filled_fields(form)
    context: dict[str, Any] = {"form": form, "filled": filled, "rows": []}
    if owners and form.is_valid():
        where = store_paging.cursor(request)
        page = store_search.batches(owners, form.wanted(), where, PAGE)
        linked = store_search.campaign_batches(page.rows)
        context |= {
            "rows": [BatchRow(item, linked.get(item.pk)) for item in page.rows],
            **store_paging.page_links(page, filled, where),
        }
    context |= store_paging.store_context() | {"known_words": set(PROVIDER_STATES)}
    return render(request, "batches.html", context)
