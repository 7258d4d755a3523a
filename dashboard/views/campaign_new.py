"""Step 1 of 3: its name, who gets it, and from which number."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns.accounts import registry
from campaigns.labels.provider_words import describe_error
from campaigns.models import AccountState, Campaign, ContactList, SenderNumber
from campaigns.sending.launch import default_batch_size
from dashboard.decorators import signed_in
from dashboard.forms.campaigns import BasicsForm


@dataclass(frozen=True, slots=True)
class NumberCard:
    """A number of the account as a choice, or why it is none. `rate` is texts a minute."""

    phone: str
    label: str
    kind: str
    rate: float
    usable: bool
    chosen: bool


def number_cards(numbers: list[SenderNumber], chosen: str) -> list[NumberCard]:
    accounts = {account.known_id(): account for account in registry.accounts()}
    return [
        NumberCard(
            phone=number.phone,
            label=number.label,
            kind=_("Toll-free number") if number.toll_free else _("Local number"),
            rate=accounts[number.account].rate_for(number.phone),
            usable=number.can_send_batches,
            chosen=number.phone == chosen,
        )
        for number in numbers
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.add_campaign", raise_exception=True)
def campaign_new(request: HttpRequest) -> HttpResponse:
    if "look_again" in request.POST:
        _look_again(request)
        return _page(request, BasicsForm(initial=request.POST.dict(), numbers=registry.usable_numbers()))
    if request.method == "POST":
        form = BasicsForm(request.POST, numbers=registry.usable_numbers())
        if form.is_valid():
            campaign = Campaign.objects.create(
                created_by=signed_in(request), batch_size=default_batch_size(), **form.cleaned_data
            )
            return redirect("campaign_edit", campaign.pk)
        return _page(request, form)
    _ask_once()
    numbers = registry.usable_numbers()
    return _page(request, BasicsForm(initial=_first_choices(request, numbers), numbers=numbers))


def _page(request: HttpRequest, form: BasicsForm) -> HttpResponse:
    every = registry.numbers()
    context = {
        "form": form,
        "cards": number_cards(every, form["sender"].value() or ""),
        "has_usable": bool(form.numbers),
        "has_numbers": bool(every),
        "has_lists": ContactList.objects.exists(),
        "provider_name": registry.names(),
    }
    return render(request, "campaign_new.html", context)


def _first_choices(request: HttpRequest, numbers: list[SenderNumber]) -> dict[str, str]:
    """The list that the link named, and the number that this person used last, or the only one there is."""
    last = (
        Campaign.objects.filter(
            created_by=signed_in(request), sender__in=[number.phone for number in numbers]
        )
        .values_list("sender", flat=True)
        .first()
    )
    only = numbers[0].phone if len(numbers) == 1 else ""
    return {"contact_list": request.GET.get("list", ""), "sender": last or only}


def _ask_once() -> None:
    """Numbers are read by the worker; only a site that never heard of any asks while a person waits."""
    if registry.numbers() or AccountState.objects.exists():
        return
    registry.refresh_numbers()  # The page says what is wrong: the trouble was noted with the account.


def _look_again(request: HttpRequest) -> None:
    name = registry.names()
    if errors := registry.refresh_numbers():
        for error in errors:
            messages.error(request, describe_error(error))
        return
    if registry.usable_numbers():
        messages.success(request, _("The numbers were read from {name} just now.").format(name=name))
    else:
        messages.warning(
            request,
            _("{name} was asked just now. It still names no number that can send campaigns.").format(
                name=name
            ),
        )
