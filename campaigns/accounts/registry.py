"""The accounts that the settings open, and which of them a number or a campaign belongs to."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from django.conf import settings

from campaigns.accounts.account import Account
from campaigns.accounts.rate_limit import DatabaseGate
from campaigns.accounts.tokens import DatabaseTokens
from campaigns.models import AccountState, Campaign, SenderNumber
from campaigns.providers import catalogue
from campaigns.providers.base import Provider, ProviderError
from campaigns.providers.entry import AccountSettings


def settings_of(provider: str) -> AccountSettings:
    names = catalogue.setting_names(provider)
    values = {field: getattr(settings, name) for field, name in names.items()}
    made: AccountSettings = catalogue.PROVIDERS[provider].settings(**values)
    return made


def open_settings() -> dict[str, AccountSettings]:
    """By provider, of those for which the settings name credentials."""
    every = {provider: settings_of(provider) for provider in catalogue.PROVIDERS}
    return {provider: one for provider, one in every.items() if one.is_set}


@lru_cache(maxsize=16)
def opened(provider: str, by: AccountSettings) -> Account:
    """The same object for the same credentials, so that a process signs in once."""
    gate, tokens = DatabaseGate(by.session), DatabaseTokens(by.session)
    values = "\0".join(getattr(by, field) for field in catalogue.setting_names(provider))
    digest = hashlib.sha256(values.encode()).hexdigest()[:16]
    return Account(
        catalogue.PROVIDERS[provider].open(by, gate, tokens),
        f"{by.session[:90]}#{digest}",
        simulated=by.simulated,
    )


def accounts() -> list[Account]:
    """In the order of the catalogue; the first is the one that drafts begin with."""
    return [opened(provider, by) for provider, by in open_settings().items()]


def ids() -> list[str]:
    """Of the open accounts that were ever reached."""
    return [known for account in accounts() if (known := account.known_id())]


def default() -> Account:
    """What a draft without a number begins with. Whatever has a number has an account of its own."""
    return accounts()[0]


def by_id(account_id: str) -> Account | None:
    """None if the settings do not open it, or if its credentials are new and were not used yet."""
    return next((one for one in accounts() if account_id and one.known_id() == account_id), None)


def by_tag(tag: str) -> Account | None:
    return next((account for account in accounts() if account.tag == tag), None)


def reach(account_id: str) -> Account | None:
    """As `by_id`, and credentials that were not used yet are tried: they may open it too.

    Not inside a transaction. Raises ProviderError if nobody can say whether they do.
    """
    if found := by_id(account_id):
        return found
    provider, unreached = stored_provider(account_id), None
    for account in accounts():
        if account.known_id() or provider not in ("", account.key):
            continue
        try:
            if account.fetch_id() == account_id:
                return account
        except ProviderError as error:
            account.record_failure(error)
            unreached = error
    if unreached is not None:
        raise unreached
    return None


def for_sender(phone: str) -> Account:
    """The account that a draft from this number is sent through: the first that may send from it.

    Failing that, the first that lists the number at all, or `default`.
    """
    every = {account.known_id(): account for account in reversed(accounts())}
    listed = SenderNumber.objects.filter(phone=phone, account__in=every) if phone else ()
    usable = {number.account: number.can_send_batches for number in listed}
    ids = [account.known_id() for account in accounts() if account.known_id() in usable]
    best = next((one for one in ids if usable[one]), ids[0] if ids else None)
    return default() if best is None else every[best]


def for_campaign(campaign: Campaign) -> Account | None:
    """None if it was launched with an account that the settings do not open now."""
    return for_sender(campaign.sender) if campaign.is_draft else by_id(campaign.account)


def numbers() -> list[SenderNumber]:
    """Those of every account, as last read. A number that two accounts list counts for the first."""
    found = {number.phone: number for account in reversed(accounts()) for number in account.numbers()}
    return sorted(found.values(), key=lambda number: (not number.can_send_batches, number.phone))


def usable_numbers() -> list[SenderNumber]:
    """Those that may send a campaign."""
    return [number for number in numbers() if number.can_send_batches]


def reaches() -> frozenset[str] | None:
    """The countries that at least one account can text; None: one of them names no limit."""
    limits = [account.provider.reaches for account in accounts()]
    known = [limit for limit in limits if limit is not None]
    return frozenset().union(*known) if len(known) == len(limits) else None


def refresh_numbers(*, stale_only: bool = False) -> list[ProviderError]:
    """Read the numbers of every account. Returns what went wrong; an account that fails stops no other."""
    errors = []
    for account in accounts():
        if stale_only and account.numbers_are_fresh():
            continue
        try:
            account.refresh_numbers()
        except ProviderError as error:
            errors.append(error)
    return errors


def provider_of(account_id: str) -> type[Provider]:
    """Name, limits and capabilities of the provider, also for an account that is not open now."""
    if account := by_id(account_id):
        return type(account.provider)
    entry = catalogue.PROVIDERS.get(stored_provider(account_id))
    return entry.client if entry else type(default().provider)


def name_of(account_id: str) -> str:
    """The provider's name, as people write it."""
    return provider_of(account_id).name


def name_for(campaign: Campaign) -> str:
    return for_sender(campaign.sender).name if campaign.is_draft else name_of(campaign.account)


def names() -> str:
    """Of all that are open, for sentences about no account in particular."""
    return " / ".join(dict.fromkeys(account.name for account in accounts()))


def is_simulated(account_id: str) -> bool:
    """Whether what the account says counts in rehearsals only. An open one knows it best."""
    if account := by_id(account_id):
        return account.simulated
    stored = AccountState.objects.filter(account=account_id).values_list("simulated", flat=True).first()
    return default().simulated if stored is None else stored


def rehearses() -> bool:
    """Whether an account of the simulated carrier is open, so that pages show what it said."""
    return any(account.simulated for account in accounts())


def stored_provider(account_id: str) -> str:
    """As the database writes it; empty if the account was never reached."""
    stored = AccountState.objects.filter(account=account_id) if account_id else AccountState.objects.none()
    return stored.values_list("provider", flat=True).first() or ""
