"""The subscription by which the provider tells what happens: made, watched, renewed, and made anew.

Needs PUBLIC_URL. Without it, or while it fails, nothing is lost: the poller asks for the same news, later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Event, Webhook
from campaigns.providers.base import Provider, ProviderError, Webhooks
from campaigns.providers.ringcentral import subscriptions
from campaigns.providers.types import Subscription
from campaigns.receipts import webhook_intake
from campaigns.runtime import leases

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=30)
RENEW_BELOW = timedelta(days=15)
LOOK_EVERY = timedelta(minutes=10)
TRY_AGAIN = timedelta(minutes=1)


FILTERS = {
    "ringcentral": (
        subscriptions.BATCHES,
        subscriptions.OUTGOING,
        subscriptions.INCOMING,
        subscriptions.OPT_OUTS,
        subscriptions.CONSENTS,
    )
}
"""What we want to be told, by provider: what something is made of, and no more."""


def due() -> bool:
    """Whether it is time to look at the subscription. Never without a public address."""
    if not settings.PUBLIC_URL or registry.provider().webhooks is None:
        return False
    carrier = registry.provider()
    door = Webhook.objects.filter(provider=carrier.key).first()
    if door is None or door.checked_at is None or door.address != webhook_intake.address(door):
        return True
    wait = LOOK_EVERY if door.subscription_id and not door.trouble else TRY_AGAIN
    return timezone.now() - door.checked_at >= wait


def ensure_subscription() -> None:
    """Look at the subscription, and see to it that there is one. A failure is a sentence on its row."""
    carrier = registry.provider()
    if not settings.PUBLIC_URL or carrier.webhooks is None:
        return
    with leases.hold("subscription", seconds=300) as mine:
        if mine:
            _keep(carrier, carrier.webhooks, webhook_intake.endpoint(carrier.key))


def _keep(carrier: Provider, client: Webhooks, door: Webhook) -> None:
    address, now = webhook_intake.address(door), timezone.now()
    try:
        found = _standing(client, door, address, now)
    except ProviderError as error:
        registry.note_failure(error)
        log.warning("no subscription", extra={"kind": error.kind, "code": error.code})
        _note(
            door, now, f"{carrier.name} does not tell us what happens; it is asked instead. {error.sentence}"
        )
        return
    door.address, door.subscription_id, door.expires_at = address, found.provider_id, found.expires_at
    _note(door, now, _left_out(carrier, found))


def _note(door: Webhook, now: datetime, trouble: str) -> None:
    door.trouble_since = (door.trouble_since or now) if trouble else None
    door.trouble, door.checked_at = trouble, now
    door.save(
        update_fields=["address", "subscription_id", "expires_at", "checked_at", "trouble", "trouble_since"]
    )


def _left_out(carrier: Provider, found: Subscription) -> str:
    if not found.disabled:
        return ""
    filters = ", ".join(f"{one.filter} ({one.code})" for one in found.disabled)
    return f"{carrier.name} does not tell us about everything; it is asked instead. Left out: {filters}"


def _standing(client: Webhooks, door: Webhook, address: str, now: datetime) -> Subscription:
    """The one subscription that calls our address: the one there is, or a new one. Raises ProviderError."""
    wanted, seconds = FILTERS[door.provider], int(LIFETIME.total_seconds())
    ours = [one for one in client.list() if _is_ours(one, door)]
    good = next((one for one in ours if one.address == address and one.active), None)
    if good is None:
        # Only then the old ones go: there is no moment in which nobody is told.
        good = client.create(address, token=door.token, filters=wanted, lifetime=seconds)
        _say(door, ours)
    elif good.expires_at is None or good.expires_at - now < RENEW_BELOW:
        good = client.update(good.provider_id, wanted, lifetime=seconds)
    for one in ours:
        if one.provider_id != good.provider_id:
            client.delete(one.provider_id)
    return good


def _is_ours(one: Subscription, door: Webhook) -> bool:
    """Made by this installation, perhaps with another secret or under another public address."""
    here = f"{settings.PUBLIC_URL}/webhooks/{door.provider}/"
    return one.address.startswith(here) or (bool(door.address) and one.address == door.address)


def _say(door: Webhook, ours: Sequence[Subscription]) -> None:
    if not door.subscription_id:
        detail = "The first one."
    elif trouble := next((one.trouble for one in ours if one.provider_id == door.subscription_id), ""):
        detail = f"The last one was given up by the provider: {trouble}"
    else:
        detail = "The last one was gone or led to another address."
    Event.objects.create(verb="subscription_made", detail=detail)
