"""The door at which providers call: its address, and events written down before anything is made of them.

An event counts as taken only once it is in the database. If that cannot be done soon, the provider is told
so and calls again: what was answered with 200 is never lost.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from campaigns.models import Webhook, WebhookEvent
from campaigns.providers.ringcentral import parse

PATH = "/webhooks/{provider}/{secret}/"
"""Below the public address of the site; the same as in dashboard/urls.py."""
MAX_BYTES = 1024 * 1024
STORE_SECONDS = 2.0
"""How long an event may wait for the database. RingCentral waits 3 seconds for the answer."""
COUNT_EVERY = timedelta(seconds=5)
"""Between two writes of the counter of refused calls: a flood of them must not become a flood of writes."""
KEEP_FOR = timedelta(days=30)
"""Events that were dealt with are kept so long, against doubles that come late."""
PRUNE_ROWS = 5000
"""Rows in one sweep."""


class NotAnEventError(ValueError):
    """The body is not a JSON object in UTF-8."""


def endpoint(provider: str) -> Webhook:
    """The provider's row; its secrets are made the first time, and kept."""
    made = {"secret": secrets.token_urlsafe(32), "token": secrets.token_urlsafe(32)}
    return Webhook.objects.get_or_create(provider=provider, defaults=made)[0]


def address(webhook: Webhook) -> str:
    """Where the provider is to call; empty without a public address."""
    if not settings.PUBLIC_URL:
        return ""
    path = PATH.format(provider=webhook.provider, secret=webhook.secret)
    return f"{settings.PUBLIC_URL}{path}"


def resolve_endpoint(provider: str, secret: str) -> Webhook | None:
    """The door that this address opens; None if there is none."""
    webhook = Webhook.objects.filter(provider=provider).first()
    if webhook is None or not secrets.compare_digest(webhook.secret.encode(), secret.encode()):
        return None
    return webhook


def receive(provider: str, body: bytes) -> None:
    """Write an event down, once.

    Raises NotAnEventError, and OperationalError if the database did not take it within STORE_SECONDS.
    """
    now = timezone.now()
    event = WebhookEvent(
        provider=provider, uuid=_identity(body), body=_text(body), received_at=now, next_try_at=now
    )
    with _soon():
        WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise NotAnEventError from None


def _identity(body: bytes) -> str:
    data = parse.as_object(body)
    if data is None:
        raise NotAnEventError
    return parse.identity(data.get("uuid")) or hashlib.sha256(body).hexdigest()


@contextmanager
def _soon() -> Iterator[None]:
    """A transaction that gives up after STORE_SECONDS, where others may wait for 20."""
    limit = int(STORE_SECONDS * 1000)
    if connection.vendor == "sqlite":
        # Before the transaction: beginning it is what waits.
        usual = _execute("PRAGMA busy_timeout")
        _execute(f"PRAGMA busy_timeout = {limit}")
        try:
            with transaction.atomic():
                yield
        finally:
            _execute(f"PRAGMA busy_timeout = {usual}")
    else:
        with transaction.atomic():
            _execute(f"SET LOCAL statement_timeout = {limit}")
            yield


def _execute(statement: str) -> int:
    """The number that the statement answers with; 0 if it answers nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return int(row[0]) if row else 0


class _Refused:
    """Counts calls with a wrong token in memory, and writes the count down now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._written: dict[str, datetime] = {}

    def add(self, webhook: Webhook) -> None:
        key, now = webhook.secret, timezone.now()
        with self._lock:
            self._counts[key] += 1
            last = self._written.get(key)
            if last is not None and now - last < COUNT_EVERY:
                return
            self._written[key] = now
            count = self._counts.pop(key)
        try:
            with _soon():
                same = Webhook.objects.filter(pk=webhook.pk)
                same.update(refused_count=F("refused_count") + count, refused_at=now)
        except OperationalError:
            with self._lock:
                self._counts[key] += count


_refused = _Refused()


def count_refused(webhook: Webhook) -> None:
    """Somebody knew the address and not the token. Nothing of the call is kept but its number."""
    _refused.add(webhook)


def prune() -> int:
    """Forget events that were dealt with long ago. Returns how many; call again while it is not 0."""
    old = WebhookEvent.objects.filter(next_try_at=None, received_at__lt=timezone.now() - KEEP_FOR)
    ids = list(old.order_by("id").values_list("id", flat=True)[:PRUNE_ROWS])
    return WebhookEvent.objects.filter(pk__in=ids).delete()[0]
