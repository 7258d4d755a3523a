"""Whether the carriers know each number's campaign. Read once an hour, because it takes a call a number."""

import logging
from dataclasses import asdict
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import SenderNumber
from campaigns.providers.base import ProviderError
from campaigns.providers.types import Registration, RegistrationStatus

log = logging.getLogger(__name__)

STALE = timedelta(hours=1)


def refresh(account: Account) -> int:
    """Fetch registrations that are missing or older than STALE. Returns how many were fetched.

    If a request fails, the number keeps its registration and is tried again next time.
    """
    carrier = account.provider
    if not carrier.has_registration:
        return 0
    old = Q(registration_fetched_at=None) | Q(registration_fetched_at__lt=timezone.now() - STALE)
    senders = SenderNumber.objects.filter(old, account=account.known_id(), can_send_batches=True)
    fetched = 0
    for number in senders.exclude(provider_id=""):
        try:
            registration = carrier.registration(number.provider_id)
        except ProviderError as error:
            log.warning("registration not read", extra={"kind": error.kind, "code": error.code})
            continue
        SenderNumber.objects.filter(pk=number.pk).update(
            registration=asdict(registration), registration_fetched_at=timezone.now()
        )
        fetched += 1
    return fetched


def of(number: SenderNumber) -> Registration | None:
    """As last fetched; None: never fetched."""
    if not number.registration_fetched_at:
        return None
    stored = number.registration
    return Registration(**stored | {"status": RegistrationStatus(stored.get("status"))})
