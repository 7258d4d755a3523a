"""Django system checks: a wrong setting is refused at the start, with a sentence that says what to do.

They run before every command. Errors stop it; warnings are printed, and stop `check --deploy` in lint.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import phonenumbers
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.http.request import validate_host

from campaigns.accounts import registry
from campaigns.labels.holds import describe_lock
from campaigns.providers import catalogue
from campaigns.providers.addresses import LOOPBACK as THIS_MACHINE
from campaigns.providers.addresses import is_on_this_machine
from campaigns.runtime import schema_version
from campaigns.sending import restore_guard

LOOPBACK = {*THIS_MACHINE, "[::1]", "testserver"}
MAX_BATCH = max(entry.client.max_batch for entry in catalogue.PROVIDERS.values())
"""Texts in one request that a provider takes at most."""
KEY_LENGTH = 50
MOST_UNDO = 3600  # seconds
SAFE_SECONDS = {"SETTLE_SECONDS": 300, "LOOK_GAP_SECONDS": 30}
"""The least that is safe with a carrier whose records may lag."""


def problems() -> list[CheckMessage]:
    """Everything that is wrong with the settings as they are now."""
    made, written = settings.DATABASES["default"], os.environ.get("DATABASE_URL", "")
    problems = [*site(), *providers(), *public_address(), *sending()]
    return [*problems, *database(made, written), *times_and_places()]


@register(Tags.security)
def check_settings(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    return problems()


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Only where the database may be asked: in `check --database default` and `migrate`."""
    if not databases or schema_version.problem():
        return []
    why = describe_lock(restore_guard.sending_lock())
    return [checks.Warning(why, hint="docs/operations.md, Backups.", id="carillon.W060")] if why else []


def site() -> Iterator[CheckMessage]:
    public = not set(settings.ALLOWED_HOSTS) <= LOOPBACK
    if settings.HTTPS and len(settings.SECRET_KEY) < KEY_LENGTH:
        yield Error(
            f"SECRET_KEY has {len(settings.SECRET_KEY)} characters, too few for a public site.",
            hint="Leave it unset: a good one is then made in var/secret-key. Or set 50 random characters.",
            id="carillon.E001",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS contains *, so the site would answer under any name.",
            hint="Name the hosts that people type, with commas: ALLOWED_HOSTS=texts.example.com",
            id="carillon.E002",
        )
    if settings.DEBUG and public:
        yield Error(
            "DEBUG is on while ALLOWED_HOSTS names a host that others can reach.",
            hint="Set DEBUG=false: error pages would show recipients and settings to anybody.",
            id="carillon.E003",
        )
    if public and not settings.HTTPS:
        yield checks.Warning(
            "HTTPS is off while ALLOWED_HOSTS names a host that others can reach.",
            hint="Remove HTTPS=false; passwords would cross the network in the clear.",
            id="carillon.W004",
        )


def providers() -> Iterator[CheckMessage]:
    for one in registry.open_settings().values():
        for problem in one.problems():
            yield Error(problem.sentence, hint=problem.hint, id=problem.id)


def public_address() -> Iterator[CheckMessage]:
    if not settings.PUBLIC_URL:
        return
    url = _site_address(settings.PUBLIC_URL)
    if url is None or not url.hostname:
        yield Error(
            "PUBLIC_URL is not the address of a site.",
            hint="Scheme and host, and nothing behind them: PUBLIC_URL=https://texts.example.com",
            id="carillon.E050",
        )
    elif url.hostname in LOOPBACK and (far := far_providers()):
        yield Error(
            f"PUBLIC_URL names {url.hostname}, which {far} cannot reach.",
            hint=f"Name the address that others reach, or unset it: {far} is asked for news then.",
            id="carillon.E051",
        )
    elif url.scheme != "https" and url.hostname not in LOOPBACK:
        yield Error(
            "PUBLIC_URL is not https: providers call only that, and anybody on the way could read texts.",
            hint=f"Write https://{url.hostname}",
            id="carillon.E052",
        )
    elif not validate_host(url.hostname, settings.ALLOWED_HOSTS):
        yield Error(
            f"PUBLIC_URL names {url.hostname}, which is not among ALLOWED_HOSTS.",
            hint=f"Add it with a comma: ALLOWED_HOSTS=…,{url.hostname}",
            id="carillon.E053",
        )


def far_providers() -> str:
    """Names of the providers that are not simulated on this machine; empty if all are."""
    return " and ".join(
        catalogue.PROVIDERS[provider].client.name
        for provider, one in registry.open_settings().items()
        if not is_on_this_machine(one.address)
    )


def _site_address(text: str) -> SplitResult | None:
    """None if it is anything but scheme, host and port."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    plain = url.scheme in ("http", "https") and bool(url.hostname) and port != 0
    return url if plain and not (url.path or url.query or url.fragment or url.username) else None


def sending() -> Iterator[CheckMessage]:
    if not 1 <= settings.BATCH_SIZE <= MAX_BATCH:
        yield Error(
            f"BATCH_SIZE is {settings.BATCH_SIZE}; it must be from 1 to {MAX_BATCH:,}.",
            hint="1000 is a good size: it is how many texts a lost answer can put in doubt at once.",
            id="carillon.E020",
        )
    if not settings.HANDOVER_MINUTES >= 0:  # so written, it refuses nan too
        yield Error(
            f"HANDOVER_MINUTES is {settings.HANDOVER_MINUTES:g}; it must be 0 or more.",
            hint="15 is the default. 0 hands everything over at once, and nothing can be recalled then.",
            id="carillon.E021",
        )
    if not 0 <= settings.UNDO_SECONDS <= MOST_UNDO:
        yield Error(
            f"UNDO_SECONDS is {settings.UNDO_SECONDS:g}; it must be from 0 to {MOST_UNDO:,}.",
            hint="60 is the default: for a minute after the press on Send everything can be taken back.",
            id="carillon.E023",
        )
    far = far_providers()
    for name, least in SAFE_SECONDS.items():
        value = getattr(settings, name)
        if not value >= (least if far else 0):
            yield Error(
                f"{name} is {value:g}; against a real carrier it must be {least} or more.",
                hint="A shorter wait could take a text that is still on its way for one that never left.",
                id="carillon.E022",
            )


def database(made: Mapping[str, Any], written: str) -> Iterator[CheckMessage]:
    """`made`: Django's description of the database; `written`: the DATABASE_URL that it came from."""
    engine, name = made["ENGINE"].rpartition(".")[2], str(made["NAME"])
    if engine not in ("sqlite3", "postgresql"):
        yield Error(
            f"DATABASE_URL asks for {engine}; Carillon keeps its ledger in SQLite or PostgreSQL.",
            hint="DATABASE_URL=postgres://user:password@host/name, or leave it unset for SQLite in var/.",
            id="carillon.E030",
        )
    if engine == "sqlite3" and not _is_memory(name):
        if written and not written.startswith("sqlite:////"):
            yield checks.Warning(
                f"DATABASE_URL has a relative path; it is read from the project's folder: {name}",
                hint="Write the whole path, with four slashes: sqlite:////srv/carillon/carillon.sqlite3",
                id="carillon.W031",
            )
        if not Path(name).parent.is_dir():
            yield Error(
                f"DATABASE_URL names a file in a folder that does not exist: {Path(name).parent}",
                hint="Make the folder, readable and writable by the user who runs Carillon only.",
                id="carillon.E032",
            )


def _is_memory(name: str) -> bool:
    return ":memory:" in name or "mode=memory" in name  # as Django's own tests use it


def times_and_places() -> Iterator[CheckMessage]:
    if settings.DEFAULT_REGION not in phonenumbers.SUPPORTED_REGIONS:
        yield Error(
            f"DEFAULT_REGION is {settings.DEFAULT_REGION!r}, which is no country code.",
            hint="Two capital letters, such as US or CA: where numbers without a country code are.",
            id="carillon.E040",
        )
