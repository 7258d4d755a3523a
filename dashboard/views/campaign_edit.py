"""Step 2 of 3: what it says, shown as it will arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from campaigns.accounts import registry
from campaigns.composing.preflight import preview
from campaigns.composing.template_check import MAX_TEMPLATE_CHARACTERS
from campaigns.models import Campaign, ContactList
from campaigns.opt_outs.how_to_stop import tells_how_to_stop
from dashboard.decorators import post_action
from dashboard.forms.campaigns import OPT_OUT_LINE, CampaignForm, chips
from dashboard.notices import draft_notices, preview_note

Pick = Literal["", "longest", "dearest", "empty"]
PICK_LABELS = (
    ("longest", gettext_lazy("Longest")),
    ("dearest", gettext_lazy("Dearest")),
    ("empty", gettext_lazy("Empty field")),
)
PICKS: dict[str, Pick] = {"longest": "longest", "dearest": "dearest", "empty": "empty"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose text the preview shows: a place among the recipients, or one of PICKS."""

    position: int = 0
    pick: Pick = ""

    @classmethod
    def from_request(cls, request: HttpRequest) -> Shown:
        # A button names its person in its address: morphing keeps the value of a button that has the focus.
        asked = request.GET.get("show") or request.POST.get("show", "")
        if pick := PICKS.get(asked):
            return cls(pick=pick)
        return cls(position=int(asked) if asked.isdecimal() and len(asked) < 10 else 0)

    def __str__(self) -> str:
        return self.pick or str(self.position)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_campaign", raise_exception=True)
def campaign_edit(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)
    if not campaign.is_draft:
        return _too_late(request, campaign)
    numbers = registry.usable_numbers()
    if request.method != "POST":
        return _page(request, campaign, CampaignForm(campaign=campaign, numbers=numbers))
    form = CampaignForm(_with_chip(request.POST), campaign=campaign, numbers=numbers)
    if not form.is_valid():
        return _page(request, campaign, form)
    if not keep(campaign, form.cleaned_data):
        return _too_late(request, campaign)
    return _next(request, campaign, form)


@permission_required("campaigns.change_campaign", raise_exception=True)
@post_action("campaign_edit", "campaign_id")
def campaign_preview(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The fragment beside the text while somebody types. Keeps what is typed, so that nothing gets lost."""
    campaign = get_object_or_404(Campaign.objects.select_related("contact_list"), pk=campaign_id)
    form = CampaignForm(request.POST, campaign=campaign, numbers=registry.usable_numbers())
    kept = form.is_valid() and keep(campaign, form.cleaned_data)
    if not kept and not campaign.is_draft:
        return HttpResponseClientRedirect(reverse("campaign", args=[campaign.pk]))
    context = composing(request, campaign, form) | {
        "answer": True,
        "kept_at": timezone.now() if kept else None,
    }
    return render(request, "campaign_edit.html#answer", context)


def keep(campaign: Campaign, fields: dict[str, Any]) -> bool:
    """Save a draft, unless somebody has launched it in the meantime."""
    changed = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT).update(
        **fields, changed_at=timezone.now()
    )
    try:
        campaign.refresh_from_db()
    except Campaign.DoesNotExist:  # deleted in another window, at the same moment
        raise Http404 from None
    return changed == 1


def composing(request: HttpRequest, campaign: Campaign, form: CampaignForm) -> dict[str, Any]:
    """What is shown around the text, made from what is in the form now, be it saved or not."""
    contact_list, sender, text = _typed(campaign, form)
    asked = Shown.from_request(request)
    account = registry.for_sender(sender)
    price = account.price_for(sender) if sender else None
    shown = preview(
        contact_list,
        text,
        position=asked.position,
        pick=asked.pick,
        price=price,
        reach=account.provider.reaches,
    )
    return {
        "campaign": campaign,
        "form": form,
        "contact_list": contact_list,
        "preview": shown,
        "asked": str(asked),
        "picks": [(pick, label) for pick, label in PICK_LABELS if pick != "empty" or shown.empty_fields],
        "text": text,
        "sender": sender,
        "price": price,
        "chips": chips(contact_list),
        "opt_out_line": OPT_OUT_LINE,
        "has_opt_out_line": tells_how_to_stop(text),
        "before": shown.position - 1 if shown.position > 0 else None,
        "after": shown.position + 1 if shown.position + 1 < shown.count else None,
        "notices": [*draft_notices(shown)],
        "preview_note": preview_note(shown, contact_list),
        "provider_name": account.name,
    }


def _typed(campaign: Campaign, form: CampaignForm) -> tuple[ContactList | None, str, str]:
    """List, sender and text as they stand in the form; what does not make sense stays as it was saved."""
    if not form.is_bound:
        return campaign.contact_list, campaign.sender, campaign.text
    good: dict[str, Any] = getattr(form, "cleaned_data", {})
    text = good.get("text", str(form.data.get("text", ""))[:MAX_TEMPLATE_CHARACTERS])
    return good.get("contact_list", campaign.contact_list), good.get("sender", campaign.sender), text


def _page(request: HttpRequest, campaign: Campaign, form: CampaignForm) -> HttpResponse:
    context = composing(request, campaign, form)
    context["basics_open"] = form.is_bound and bool({"name", "contact_list", "sender"} & set(form.errors))
    return render(request, "campaign_edit.html", context)


def _next(request: HttpRequest, campaign: Campaign, form: CampaignForm) -> HttpResponse:
    """Where the pressed button leads; everything was saved already."""
    if "close" in request.POST:
        messages.success(
            request, _("“{name}” is saved as a draft. Nothing was sent.").format(name=campaign.name)
        )
        return redirect("campaigns")
    if "check" in request.POST:
        return _check(request, campaign, form)
    query = urlencode({"show": str(Shown.from_request(request))})
    return redirect(f"{reverse('campaign_edit', args=[campaign.pk])}?{query}#phone")


def _check(request: HttpRequest, campaign: Campaign, form: CampaignForm) -> HttpResponse:
    """On to the review, unless the text itself cannot work: that is said where it is written."""
    if not campaign.text.strip():
        form.add_error("text", _("Write the text first."))
    elif preview(campaign.contact_list, campaign.text).problems:
        form.add_error("text", _("It has a mistake, which is explained under the text."))
    if form.errors:
        return _page(request, campaign, form)
    return redirect("campaign_review", campaign.pk)


def _with_chip(typed: QueryDict) -> QueryDict:
    """A chip pressed without JavaScript goes to the end of the text, before the form looks how long it is."""
    code = typed.get("insert", "")
    if not code:
        return typed
    data, text = typed.copy(), typed.get("text", "").strip()
    data["text"] = f"{text} {code}" if text else code
    return data


def _too_late(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    messages.warning(
        request,
        _("“{name}” has been launched. Its texts are written and can no longer be changed.").format(
            name=campaign.name
        ),
    )
    return redirect("campaign", campaign.pk)
