"""The provider accounts that the settings open: their client, numbers, prices, and whether they answer."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from campaigns.accounts.rate_limit import DatabaseGate
from campaigns.models import AccessToken, AccountState, Price, SenderNumber
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.factory import ringcentral
from campaigns.runtime import leases

LOCAL_RATE = 60.0
"""Texts a minute from a local (10DLC) number: RingCentral's content policy."""
TOLL_FREE_RATE = 180.0
"""Texts a minute from a toll-free number, same source."""
DAILY_LIMIT = 250_000
"""Texts a day that RingCentral accepts from one number."""
MINTING_SECONDS = 60.0
"""How long a worker may take to sign in before another tries. A dead worker is noticed at once."""
NUMBERS_STALE = timedelta(minutes=10)


class DatabaseTokens:
    """One access token for all workers, because a new sign-in would end the session of the others."""

    def __init__(self, account: str) -> None:
        self.account = account

    def load(self) -> tuple[str, datetime] | None:
        row = AccessToken.objects.filter(account=self.account).first()
        return (row.token, row.expires_at) if row else None

    def save(self, token: str, use_until: datetime) -> None:
        AccessToken.objects.update_or_create(
            account=self.account, defaults={"token": token, "expires_at": use_until}
        )

    def drop(self, token: str) -> None:
        AccessToken.objects.filter(account=self.account, token=token).delete()

    def minting(self) -> AbstractContextManager[bool]:
        # The name of the account may be longer than that of a lease.
        name = hashlib.sha256(self.account.encode()).hexdigest()[:32]
        return leases.hold(f"sign-in {name}", seconds=MINTING_SECONDS)


@lru_cache(maxsize=8)
def ringcentral_client(url: str, client_id: str, secret: str, jwt: str) -> Provider:
    account = f"{url}#{client_id}"
    return ringcentral(
        url=url,
        client_id=client_id,
        client_secret=secret,
        jwt=jwt,
        gate=DatabaseGate(account),
        token_store=DatabaseTokens(account),
    )


def provider() -> Provider:
    """The client of the configured account; the same object within a process."""
    return ringcentral_client(
        settings.RINGCENTRAL_SERVER_URL,
        settings.RINGCENTRAL_CLIENT_ID,
        settings.RINGCENTRAL_CLIENT_SECRET,
        settings.RINGCENTRAL_JWT,
    )


def provider_name() -> str:
    return provider().name


KNOWN_ACCOUNTS: dict[str, str] = {}
"""Credentials → account, for this process; `AccountState` has it for other processes."""


def credentials_key() -> str:
    """A name for the credentials that reveals none of them, for the time before the account is known."""
    secret = f"{settings.RINGCENTRAL_CLIENT_SECRET}\0{settings.RINGCENTRAL_JWT}"
    digest = hashlib.sha256(secret.encode()).hexdigest()[:16]
    public = f"{settings.RINGCENTRAL_SERVER_URL}#{settings.RINGCENTRAL_CLIENT_ID}"
    return f"{public[:90]}#{digest}"


def known_account() -> str:
    """The account that the credentials open; empty if the provider was never reached with them."""
    opened_by = credentials_key()
    if opened_by not in KNOWN_ACCOUNTS:
        state = AccountState.objects.filter(opened_by=opened_by).exclude(account=opened_by).first()
        if state is None:
            return ""
        KNOWN_ACCOUNTS[opened_by] = state.account
    return KNOWN_ACCOUNTS[opened_by]


def account() -> str:
    """The same; asks the provider if it is not known. Raises ProviderError; not for use in a transaction."""
    key = known_account()
    if not key:
        carrier, opened_by = provider(), credentials_key()
        key = carrier.account()
        AccountState.objects.update_or_create(
            account=key, defaults={"provider": carrier.key, "opened_by": opened_by}
        )
        AccountState.objects.filter(account=opened_by).delete()
        KNOWN_ACCOUNTS[opened_by] = key
    return key


def all_numbers() -> list[SenderNumber]:
    return list(SenderNumber.objects.filter(account=known_account()))


def usable_numbers() -> list[SenderNumber]:
    return [number for number in all_numbers() if number.can_send_batches]


def number(phone: str) -> SenderNumber | None:
    return SenderNumber.objects.filter(account=known_account(), phone=phone).first()


def numbers_fresh() -> bool:
    state = AccountState.objects.filter(account=known_account()).first()
    return bool(state and state.numbers_at and timezone.now() - state.numbers_at < NUMBERS_STALE)


def refresh_numbers() -> None:
    """Fetch the account's numbers. Raises ProviderError; then the stored numbers stay."""
    carrier = provider()
    try:
        owner = account()
        numbers = carrier.numbers()
    except ProviderError as error:
        note_failure(error)
        raise
    now = timezone.now()
    with transaction.atomic():
        for item in numbers:
            SenderNumber.objects.update_or_create(
                account=owner,
                phone=item.phone,
                defaults={
                    "provider": carrier.key,
                    "provider_id": item.provider_id[:64],
                    "label": item.label[:120],
                    "toll_free": item.toll_free,
                    "can_send_batches": item.can_send_batches,
                    "features": list(item.features),
                    "seen_at": now,
                },
            )
        SenderNumber.objects.filter(account=owner, seen_at__lt=now).delete()
        AccountState.objects.update_or_create(
            account=owner,
            defaults={"provider": carrier.key, "opened_by": credentials_key(), "numbers_at": now},
        )
    note_success()


def state_key() -> str:
    return known_account() or credentials_key()


def current_problem() -> str:
    """Why the provider does not work with the current credentials, as a sentence; empty if it works.

    Problems of earlier credentials do not count.
    """
    states = AccountState.objects.filter(account=state_key())
    return states.values_list("trouble", flat=True).first() or ""


def note_failure(error: ProviderError) -> None:
    """Show the banner, if the error concerns the account and not one request."""
    if error.kind not in ("unreachable", "credentials", "permission", "server"):
        return
    state, _ = AccountState.objects.get_or_create(account=state_key(), defaults={"provider": provider().key})
    now = timezone.now()
    state.trouble_since = state.trouble_since if state.trouble else now
    state.trouble, state.trouble_code, state.checked_at = error.sentence, error.code or error.kind, now
    state.save()


def note_success() -> None:
    """Hide the banner after a successful call. Writes only if there is something to change."""
    AccountState.objects.filter(account=known_account()).exclude(trouble="").update(
        trouble="", trouble_code="", trouble_since=None, checked_at=timezone.now()
    )


def kind_of(sender: str) -> str:
    known = number(sender)
    return Price.Kind.TOLL_FREE if known and known.toll_free else Price.Kind.LOCAL


def price_for(sender: str) -> Decimal | None:
    """US dollars a segment. None: pages show "cost unknown", never a guess."""
    price = Price.objects.filter(kind=kind_of(sender)).first()
    return price.per_segment if price else None


def rate_for(sender: str) -> float:
    """Texts a minute of this number: measured, else the limit of its kind."""
    known = number(sender)
    if known and known.rate:
        return known.rate
    return TOLL_FREE_RATE if known and known.toll_free else LOCAL_RATE
