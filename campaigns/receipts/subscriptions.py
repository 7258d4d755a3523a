"""Keeps the webhook subscription at the provider alive: creates, checks, renews and replaces it.

Needs PUBLIC_URL. Without it, or while it fails, nothing is lost: the poller reads the same facts later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import History, Webhook
from campaigns.providers.base import ProviderError, Webhooks
from campaigns.providers.types import JSON, Subscription
from campaigns.receipts import webhook_intake
from campaigns.runtime import leases
from campaigns.runtime.wakeups import exists

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=30)
RENEW_BELOW = timedelta(days=15)
CHECK_EVERY = timedelta(minutes=10)
RETRY_EVERY = timedelta(minutes=1)


def due(account: Account, now: datetime) -> Q | bool:
    """Whether the subscription is to be checked now. Never without a public address."""
    carrier = account.provider
    if not settings.PUBLIC_URL or carrier.webhooks is None:
        return False
    lately = Q(last_checked_at__gt=now - RETRY_EVERY)
    lately |= Q(last_checked_at__gt=now - CHECK_EVERY, error_since=None) & ~Q(subscription_id="")
    at_our_address = Q(address=webhook_intake.address_in_sql(carrier.key))
    return ~exists(Webhook.objects.filter(lately, at_our_address, provider=carrier.key))


def ensure_subscription(account: Account) -> None:
    """Check the subscription, and create or renew it. A failure is stored in its row."""
    carrier = account.provider
    if not settings.PUBLIC_URL or carrier.webhooks is None:
        return
    with leases.hold(f"subscription {account.tag}", seconds=300) as acquired:
        if acquired:
            check(account, carrier.webhooks, webhook_intake.endpoint(carrier.key))


def check(account: Account, client: Webhooks, webhook: Webhook) -> None:
    address, now = webhook_intake.address(webhook), timezone.now()
    try:
        current = current_subscription(client, webhook, address, now)
    except ProviderError as error:
        account.record_failure(error)
        log.warning("no subscription", extra={"kind": error.kind, "code": error.code})
        store_result(webhook, now, error.as_json())
        return
    webhook.address, webhook.subscription_id = address, current.provider_id
    webhook.expires_at = current.expires_at
    store_result(webhook, now, disabled_filters(current))


def store_result(webhook: Webhook, now: datetime, error: JSON) -> None:
    webhook.error_since = (webhook.error_since or now) if error else None
    webhook.error, webhook.last_checked_at = error, now
    webhook.save(
        update_fields=[
            "address",
            "subscription_id",
            "expires_at",
            "last_checked_at",
            "error",
            "error_since",
        ]
    )


def disabled_filters(current: Subscription) -> JSON:
    if not current.disabled:
        return {}
    return {"disabled": [{"filter": one.filter, "code": one.code} for one in current.disabled]}


def current_subscription(client: Webhooks, webhook: Webhook, address: str, now: datetime) -> Subscription:
    """The one active subscription for our address, created or renewed if need be. Raises ProviderError.

    Deletes the other subscriptions of this installation.
    """
    filters, seconds = client.needed, int(LIFETIME.total_seconds())
    existing = [one for one in client.list() if is_of_this_site(one, webhook)]
    current = next((one for one in existing if one.address == address and one.active), None)
    if current is None:
        # The old ones are deleted only afterwards, so that no event falls into a gap.
        current = client.create(address, token=webhook.token, filters=filters, lifetime=seconds)
        record_creation(webhook, existing)
    elif current.expires_at is None or current.expires_at - now < RENEW_BELOW:
        current = client.update(current.provider_id, filters, lifetime=seconds)
    for one in existing:
        if one.provider_id != current.provider_id:
            client.delete(one.provider_id)
    return current


def is_of_this_site(one: Subscription, webhook: Webhook) -> bool:
    # Perhaps made with another secret, or under the previous public address.
    prefix = f"{settings.PUBLIC_URL}/webhooks/{webhook.provider}/"
    return one.address.startswith(prefix) or (bool(webhook.address) and one.address == webhook.address)


def record_creation(webhook: Webhook, existing: Sequence[Subscription]) -> None:
    before = "gone"
    if not webhook.subscription_id:
        before = "none"
    elif problem := next((one.failure for one in existing if one.provider_id == webhook.subscription_id), ""):
        before = "given_up"
        log.warning("the provider gave up on the webhook", extra={"why": problem})
    History.objects.record(History.Kind.SUBSCRIPTION_CREATED, before=before)
