"""One account of a provider: its client, numbers, prices and rates, and whether it answers."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import AccountState, Price, SenderNumber
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.types import JSON

LOCAL_RATE = 60.0
"""Texts a minute from a local (10DLC) number, by RingCentral's content policy."""
TOLL_FREE_RATE = 180.0
"""Texts a minute from a toll-free number, same source."""
DAILY_LIMIT = 250_000
"""Texts that RingCentral takes from one number in a day."""
NUMBERS_STALE = timedelta(minutes=10)

ACCOUNT_WIDE = ("unreachable", "credentials", "permission", "server")
"""Kinds of ProviderError that concern every request of the account."""


class Account:
    """What the credentials in the settings open. The id is known once the provider was reached."""

    def __init__(self, provider: Provider, fingerprint: str, *, simulated: bool) -> None:
        self.provider = provider
        self.simulated = simulated
        """Texts go to the simulated carrier."""
        self.fingerprint = fingerprint
        """Names the credentials and gives none of them away; stands for the id until that is known."""
        self._id = ""

    @property
    def key(self) -> str:
        """As the database writes the provider: ringcentral."""
        return self.provider.key

    @property
    def name(self) -> str:
        """As people write the provider: RingCentral."""
        return self.provider.name

    @property
    def tag(self) -> str:
        """A short name of the credentials, for leases and tasks: known before the id is."""
        return f"{self.key} {hashlib.sha256(self.fingerprint.encode()).hexdigest()[:10]}"

    def known_id(self) -> str:
        """The account's id as the provider once gave it; empty if it was never reached."""
        if not self._id:
            known = AccountState.objects.filter(credentials_fingerprint=self.fingerprint).exclude(
                account=self.fingerprint
            )
            self._id = known.values_list("account", flat=True).first() or ""
        return self._id

    def fetch_id(self) -> str:
        """The id, from the provider if it is not known. Raises ProviderError; not inside a transaction."""
        if not self.known_id():
            account = self.provider.account()
            AccountState.objects.update_or_create(account=account, defaults=self._stored())
            AccountState.objects.filter(account=self.fingerprint).delete()
            self._id = account
        return self._id

    # --- Numbers ----------------------------------------------------------------------------------------

    def numbers(self) -> list[SenderNumber]:
        """Every number, as last read."""
        return list(SenderNumber.objects.filter(account=self.known_id()))

    def usable_numbers(self) -> list[SenderNumber]:
        """The numbers that may send a campaign."""
        return [number for number in self.numbers() if number.can_send_batches]

    def number(self, phone: str) -> SenderNumber | None:
        return SenderNumber.objects.filter(account=self.known_id(), phone=phone).first()

    def fresh_state(self, now: datetime) -> QuerySet[AccountState]:
        """The account's row, if its numbers were read lately."""
        return AccountState.objects.filter(
            account=self.known_id(), numbers_fetched_at__gt=now - NUMBERS_STALE
        )

    def numbers_are_fresh(self) -> bool:
        return self.fresh_state(timezone.now()).exists()

    def refresh_numbers(self) -> None:
        """Read the numbers from the provider. Raises ProviderError, and then keeps those that were known."""
        try:
            account, numbers = self.fetch_id(), self.provider.numbers()
        except ProviderError as error:
            self.record_failure(error)
            raise
        now = timezone.now()
        with transaction.atomic():
            for number in numbers:
                SenderNumber.objects.update_or_create(
                    account=account,
                    phone=number.phone,
                    defaults={
                        "provider": self.key,
                        "provider_id": number.provider_id[:64],
                        "label": number.label[:120],
                        "toll_free": number.toll_free,
                        "can_send_batches": number.can_send_batches,
                        "features": list(number.features),
                        "last_listed_at": now,
                    },
                )
            SenderNumber.objects.filter(account=account, last_listed_at__lt=now).delete()
            AccountState.objects.update_or_create(
                account=account,
                defaults={**self._stored(), "numbers_fetched_at": now},
            )
        self.record_success()

    # --- Whether it answers -----------------------------------------------------------------------------

    def error(self) -> JSON:
        """Why these credentials do not work (`ProviderError.as_json`); empty if they do."""
        state = AccountState.objects.filter(account=self._state_key())
        return state.values_list("error", flat=True).first() or {}

    def record_failure(self, error: ProviderError) -> None:
        """Put up the banner if the error concerns the account and not one request."""
        if error.kind not in ACCOUNT_WIDE:
            return
        state, _ = AccountState.objects.get_or_create(
            account=self._state_key(), defaults={"provider": self.key}
        )
        now = timezone.now()
        state.error_since = state.error_since or now
        state.error, state.last_checked_at = error.as_json(), now
        state.save()

    def record_success(self) -> None:
        """Take the banner down. Writes only when there is something to change."""
        failing = AccountState.objects.filter(account=self.known_id()).exclude(error_since=None)
        failing.update(error={}, error_since=None, last_checked_at=timezone.now())

    def _stored(self) -> dict[str, object]:
        return {
            "provider": self.key,
            "simulated": self.simulated,
            "credentials_fingerprint": self.fingerprint,
        }

    def _state_key(self) -> str:
        return self.known_id() or self.fingerprint

    # --- Prices and rates -------------------------------------------------------------------------------

    def price_for(self, sender: str) -> Decimal | None:
        """US dollars a segment, or None: then pages say "cost unknown", never a guess."""
        number = self.number(sender)
        kind = Price.Kind.TOLL_FREE if number and number.toll_free else Price.Kind.LOCAL
        return Price.objects.filter(kind=kind).values_list("per_segment", flat=True).first()

    def rate_for(self, sender: str) -> float:
        """Texts a minute that this number sends: measured, else what its kind is allowed."""
        number = self.number(sender)
        if number and number.rate:
            return number.rate
        return TOLL_FREE_RATE if number and number.toll_free else LOCAL_RATE
