"""Batches and messages in our copy of the provider's store."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from campaigns.models import AccountState, Batch, Campaign, Message, ProviderBatch, ProviderMessage, SyncState
from tests.dashboard import campaign_factories
from tests.support import factories

OURS, TOLL_FREE = campaign_factories.LOCAL, campaign_factories.TOLL_FREE


def account(*, read: bool = True) -> AccountState:
    """The account that the settings open; its store was just read, unless not."""
    made = factories.account()
    now = timezone.now()
    if read:
        SyncState.objects.get_or_create(
            account=made,
            defaults={"synced_back_to": now - timedelta(days=90), "windows_opened_to": now, "read_at": now},
        )
    return made


def batch(provider_id: str = "b-1", **fields: Any) -> ProviderBatch:
    now = timezone.now()
    defaults = {"sender": OURS, "status": "Completed", "size": 3, "processed": 3, "created_at": now}
    return ProviderBatch.objects.create(
        account=account(), provider_id=provider_id, **{**defaults, "last_listed_at": now, **fields}
    )


def message(provider_id: str = "m-1", *, minutes_ago: float = 0, **fields: Any) -> ProviderMessage:
    """A delivered text from our local number, of no batch, unless the fields say something else."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    defaults = {
        "own_number": OURS,
        "other_number": "+12125550101",
        "provider_status": fields.get("undelivered", "Delivered"),
        "segments": 1,
        "cost": Decimal("0.007"),
        "created_at": at,
        "modified_at": at,
    }
    return ProviderMessage.objects.create(
        account=account(), provider_id=provider_id, **{**defaults, **fields}
    )


def failed(provider_id: str, code: str = "SMS-CAR-411", **fields: Any) -> ProviderMessage:
    return message(
        provider_id,
        undelivered="DeliveryFailed",
        error_code=code,
        **fields,
    )


def handed_over(provider_id: str = "b-ours", **fields: Any) -> Campaign:
    """A launched campaign of three people whose one batch the provider has, as `provider_id`."""
    campaign = campaign_factories.launched(name="Autumn sale")
    Batch.objects.filter(campaign=campaign).update(
        state=Batch.State.ACCEPTED,
        account=account().account,
        provider_id=provider_id,
        accepted_at=timezone.now(),
    )
    made = batch(provider_id, **fields)
    for number, ours in enumerate(Message.objects.filter(campaign=campaign), 1):
        message(f"{provider_id}-{number}", other_number=ours.to, batch=made)
    return campaign
