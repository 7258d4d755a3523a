"""One message of the provider's store, with all of its life that is known."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.labels.provider_words import describe_explanation
from campaigns.models import ProviderMessage
from campaigns.providers import catalogue
from campaigns.receipts import store
from campaigns.reports import store_search
from campaigns.reports.timeline import timeline
from dashboard import store_paging
from dashboard.views.messages import MessageRow


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    item = get_object_or_404(
        ProviderMessage.objects.select_related("batch__account"),
        pk=message_id,
        account__in=store.owners(),
    )
    linked = store_search.campaign_messages([item]).get(item.pk)
    context = {
        "row": MessageRow(item, linked),
        "message": item,
        "linked": linked,
        "text": linked.text if linked else item.text,
        "explanation": describe_explanation(catalogue.explain(item.error_code)) if item.error_code else None,
        **store_paging.store_context(),
    }
    context["steps"] = timeline(item, linked, context["provider_name"])
    return render(request, "message.html", context)
