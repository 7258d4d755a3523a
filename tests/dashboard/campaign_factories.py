"""Campaigns at every stage, as the stages themselves make them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from campaigns.models import Campaign, ContactList, Price, SenderNumber
from campaigns.sending.launch import freeze, launch
from tests.support import factories

LOCAL = "+16505550100"
TOLL_FREE = "+18885550100"
PLAIN = "+16505550199"
"""A number of the account that may not send batches."""


def numbers(*usable: str, plain: str = "") -> None:
    """What the provider has named: these can send campaigns, `plain` cannot."""
    account = factories.account().account
    for phone in [*usable, *filter(None, [plain])]:
        SenderNumber.objects.create(
            account=account,
            phone=phone,
            toll_free=phone.startswith("+1888"),
            can_send_batches=phone != plain,
            last_listed_at=timezone.now(),
        )


def price(amount: str = "0.0085") -> None:
    for kind in Price.Kind:
        Price.objects.create(kind=kind, per_segment=Decimal(amount))


def draft(contacts: ContactList | None = None, /, **fields: Any) -> Campaign:
    """A draft that is ready to send: the local number is usable, a segment costs $0.0085."""
    numbers(LOCAL)
    price()
    text = "Hi {{ first_name }}, 20% off today. Reply STOP to opt out"
    fields = {"name": "Spring sale", "sender": LOCAL, "text": text} | fields
    return Campaign.objects.create(contact_list=contacts or factories.contact_list(people=3), **fields)


def launched(contacts: ContactList | None = None, /, **fields: Any) -> Campaign:
    """Launched, with every text written and waiting here."""
    campaign = draft(contacts, **fields)
    assert launch(campaign, user=None)
    freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign
