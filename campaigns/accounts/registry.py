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
"""Texts that RingCentral takes from one number in a day."""
MINTING_SECONDS = 60.0
"""How long a worker may take to sign in before another one tries; the one that died is known at once."""
NUMBERS_STALE = timedelta(minutes=10)


class DatabaseTokens:
    """One token for all workers: a new sign-in in one process would end the session of another."""

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
        # The account's name is longer than a lease's may be.
        name = hashlib.sha256(self.account.encode()).hexdigest()[:32]
        return leases.hold(f"sign-in {name}", seconds=MINTING_SECONDS)


@lru_cache(maxsize=8)
def _ringcentral(url: str, client_id: str, secret: str, jwt: str) -> Provider:
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
    return _ringcentral(
        settings.RINGCENTRAL_SERVER_URL,
        settings.RINGCENTRAL_CLIENT_ID,
        settings.RINGCENTRAL_CLIENT_SECRET,
        settings.RINGCENTRAL_JWT,
    )


def provider_name() -> str:
    return provider().name


_known: dict[str, str] = {}
"""Credentials to account, for this process; `AccountState` keeps it for the next."""


def _credentials() -> str:
    """A name of the credentials that gives none of them away: what is known before the account is."""
    secret = f"{settings.RINGCENTRAL_CLIENT_SECRET}\0{settings.RINGCENTRAL_JWT}"
    digest = hashlib.sha256(secret.encode()).hexdigest()[:16]
    where = f"{settings.RINGCENTRAL_SERVER_URL}#{settings.RINGCENTRAL_CLIENT_ID}"
    return f"{where[:90]}#{digest}"


def known_account() -> str:
    """The account that the credentials open, as the provider once said. Empty: it was never reached."""
    opened_by = _credentials()
    if opened_by not in _known:
        state = AccountState.objects.filter(opened_by=opened_by).exclude(account=opened_by).first()
        if state is None:
            return ""
        _known[opened_by] = state.account
    return _known[opened_by]


def account() -> str:
    """The same, and asks the provider if it must. Raises ProviderError; never call it in a transaction."""
    found = known_account()
    if not found:
        carrier, opened_by = provider(), _credentials()
        found = carrier.account()
        AccountState.objects.update_or_create(
            account=found, defaults={"provider": carrier.key, "opened_by": opened_by}
        )
        AccountState.objects.filter(account=opened_by).delete()
        _known[opened_by] = found
    return found


def all_numbers() -> list[SenderNumber]:
    """Every number of the account as last read."""
    return list(SenderNumber.objects.filter(account=known_account()))


def usable_numbers() -> list[SenderNumber]:
    """The numbers that may send a campaign."""
    return [number for number in all_numbers() if number.can_send_batches]


def number(phone: str) -> SenderNumber | None:
    return SenderNumber.objects.filter(account=known_account(), phone=phone).first()


def numbers_fresh() -> bool:
    state = AccountState.objects.filter(account=known_account()).first()
    return bool(state and state.numbers_at and timezone.now() - state.numbers_at < NUMBERS_STALE)


def refresh_numbers() -> None:
    """Ask the provider for its numbers. Raises ProviderError, and then keeps what was known."""
    carrier = provider()
    try:
        owner = account()
        found = carrier.numbers()
    except ProviderError as error:
        note_failure(error)
        raise
    now = timezone.now()
    with transaction.atomic():
        for item in found:
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
            defaults={"provider": carrier.key, "opened_by": _credentials(), "numbers_at": now},
        )
    note_success()


def _state_name() -> str:
    """Never reached yet: the row is named after the credentials until the account is known."""
    return known_account() or _credentials()


def current_problem() -> str:
    """Why the carrier does not work with the credentials of now, for people; empty when all is well.

    What earlier ones met is no news: somebody has corrected them, or works with another account.
    """
    found = AccountState.objects.filter(account=_state_name()).values_list("trouble", flat=True).first()
    return found or ""


def note_failure(error: ProviderError) -> None:
    """Put up the banner, if this is about the account and not about one request."""
    if error.kind not in ("unreachable", "credentials", "permission", "server"):
        return
    state, _ = AccountState.objects.get_or_create(
        account=_state_name(), defaults={"provider": provider().key}
    )
    now = timezone.now()
    state.trouble_since = state.trouble_since if state.trouble else now
    state.trouble, state.trouble_code, state.checked_at = error.sentence, error.code or error.kind, now
    state.save()


def note_success() -> None:
    """The last call worked: take the banner down. Writes only when there is something to change."""
    AccountState.objects.filter(account=known_account()).exclude(trouble="").update(
        trouble="", trouble_code="", trouble_since=None, checked_at=timezone.now()
    )


def kind_of(sender: str) -> str:
    found = number(sender)
    return Price.Kind.TOLL_FREE if found and found.toll_free else Price.Kind.LOCAL


def price_for(sender: str) -> Decimal | None:
    """US dollars a segment, or None: then pages say "cost unknown", never a guess."""
    price = Price.objects.filter(kind=kind_of(sender)).first()
    return price.per_segment if price else None


def rate_for(sender: str) -> float:
    """Texts a minute that this number sends: measured, else what its kind is allowed."""
    found = number(sender)
    if found and found.rate:
        return found.rate
    return TOLL_FREE_RATE if found and found.toll_free else LOCAL_RATE
