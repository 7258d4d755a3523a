"""The provider's store of messages, searched: to whom, from whom, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as notes
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns.accounts import registry
from campaigns.labels.reasons import describe_reason
from campaigns.models import Message, ProviderMessage
from campaigns.receipts import store, store_sync
from campaigns.reports import store_search
from dashboard import store_paging
from dashboard.decorators import post_action
from dashboard.forms.store import MessageSearchForm

PAGE = 50


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message of the store, and the one of a campaign that it is, if it is ours."""

    message: ProviderMessage
    linked: Message | None

    @property
    def state(self) -> str:
        return store.state_of(store.status_of(self.message.undelivered))

    @property
    def reason(self) -> str:
        return describe_reason(self.message.error_code)


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def messages(request: HttpRequest) -> HttpResponse:
    owners = store.owners()
    form = MessageSearchForm(request.GET, owners=owners, provider=registry.names())
    filled = store_paging.filled_fields(form)
    context: dict[str, Any] = {"form": form, "filled": filled, "rows": []}
    if owners and form.is_valid():
        where = store_paging.cursor(request)
        page = store_search.messages(owners, form.wanted(), where, PAGE)
        context |= {
            "rows": rows_of(page.rows),
            **store_paging.page_links(page, filled, where),
        }
    return render(request, "messages.html", context | store_paging.store_context())


def rows_of(rows: Sequence[ProviderMessage]) -> list[MessageRow]:
    linked = store_search.campaign_messages(rows)
    return [MessageRow(item, linked.get(item.pk)) for item in rows]


@permission_required("campaigns.add_campaign", raise_exception=True)
@post_action("messages")
def messages_refresh(request: HttpRequest) -> HttpResponse:
    """Ask for a turn of reading. The worker takes it; no request of a person waits for the provider."""
    name = registry.names()
    if store_sync.request_refresh():
        notes.success(
            request, _("{name} is being asked. What is new shows here in a few seconds.").format(name=name)
        )
    elif store_sync.freshness().asked:
        notes.info(
            request, _("{name} is being asked already. Look again in a few seconds.").format(name=name)
        )
    else:
        notes.info(
            request,
            _("Nothing was read from {name} yet. That begins by itself once it answers.").format(name=name),
        )
    back = request.POST.get("back", "")
    inside = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if inside and back.startswith("/") else "messages")
