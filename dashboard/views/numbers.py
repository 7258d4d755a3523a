"""The account's numbers: what each can do, how fast it is, what it costs, and why one cannot send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.decorators import permission_required
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from campaigns.accounts import registrations, registry
from campaigns.accounts.account import DAILY_LIMIT, LOCAL_RATE, TOLL_FREE_RATE
from campaigns.labels.findings import describe_sender_problem
from campaigns.labels.registrations import describe_registration
from campaigns.models import AccountState, SenderNumber
from campaigns.providers.types import Feature, Registration
from campaigns.sending.launch import terms_for

ABILITIES = {
    Feature.CAMPAIGNS.value: "campaigns",
    Feature.TEXTS.value: gettext_lazy("single texts"),
    Feature.TEXTS_ABROAD.value: gettext_lazy("single texts abroad"),
    Feature.PICTURES.value: "pictures",
    Feature.PICTURES_ABROAD.value: gettext_lazy("pictures abroad"),
    Feature.CALLS.value: "calls",
    Feature.FAXES.value: "faxes",
}
"""A feature that is not here is shown as the provider writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    number: SenderNumber
    abilities: Sequence[str]
    allowed_rate: float  # texts a minute
    price: Decimal | None  # US dollars a segment
    problem: str
    registration: Registration | None
    registration_sentence: str


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def numbers(request: HttpRequest) -> HttpResponse:
    fetched = AccountState.objects.filter(account__in=registry.ids()).exclude(numbers_fetched_at=None)
    context = {
        "rows": [_row(number) for number in registry.numbers()],
        "read_at": fetched.aggregate(at=Min("numbers_fetched_at"))["at"],
        "daily_limit": DAILY_LIMIT,
        "provider_name": registry.names(),
    }
    return render(request, "numbers.html", context)


def _row(number: SenderNumber) -> NumberRow:
    terms = terms_for(number.phone)
    registration = registrations.of(number)
    return NumberRow(
        number=number,
        abilities=[ABILITIES.get(name, name) for name in number.features],
        allowed_rate=TOLL_FREE_RATE if number.toll_free else LOCAL_RATE,
        price=terms.price,
        problem=describe_sender_problem(terms.problem, terms.provider),
        registration=registration,
        registration_sentence=describe_registration(registration, toll_free=number.toll_free)
        if registration
        else "",
    )
