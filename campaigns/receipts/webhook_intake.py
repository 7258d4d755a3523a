"""The webhook endpoint: its address and secrets, and the storage of events before they are processed.

An event is accepted only once it is in the database. If that takes too long, the provider gets an error and
retries, so an event answered with 200 is never lost.
"""

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from campaigns.models import Webhook, WebhookEvent
from campaigns.providers import catalogue

PATH = "/webhooks/{provider}/{secret}/"
"""Below the public address of the site; the same as in dashboard/urls.py."""
MAX_BYTES = 1024 * 1024
STORE_SECONDS = 2.0
"""How long storing an event may wait for the database. RingCentral waits 3 seconds for the answer."""
COUNT_EVERY = timedelta(seconds=5)
"""Between two writes of the counter of refused calls, so that a flood of calls is no flood of writes."""
KEEP_FOR = timedelta(days=30)
"""Processed events stay this long, to recognise late duplicates."""
PRUNE_ROWS = 5000
"""Rows deleted in one call."""


class NotAnEventError(ValueError):
    """The body is not a JSON object in UTF-8."""


def endpoint(provider: str) -> Webhook:
    """The provider's row. Its secrets are generated once."""
    defaults = {"secret": secrets.token_urlsafe(32), "token": secrets.token_urlsafe(32)}
    return Webhook.objects.get_or_create(provider=provider, defaults=defaults)[0]


def address(webhook: Webhook) -> str:
    if not settings.PUBLIC_URL:
        return ""
    path = PATH.format(provider=webhook.provider, secret=webhook.secret)
    return f"{settings.PUBLIC_URL}{path}"


def address_in_sql(provider: str) -> Concat:
    """The same, of a row of this provider."""
    before, _, after = PATH.partition("{secret}")
    start = settings.PUBLIC_URL + before.format(provider=provider)
    return Concat(Value(start), "secret", Value(after))


def resolve_endpoint(provider: str, secret: str) -> Webhook | None:
    """The row of this address; None if the secret is wrong."""
    webhook = Webhook.objects.filter(provider=provider).first()
    if webhook is None or not secrets.compare_digest(webhook.secret.encode(), secret.encode()):
        return None
    return webhook


def receive(provider: str, body: bytes) -> None:
    """Store an event, once.

    Raises NotAnEventError, and OperationalError if the database did not take it within STORE_SECONDS.
    """
    now = timezone.now()
    event = WebhookEvent(
        provider=provider,
        uuid=identity(provider, body),
        body=decoded(body),
        received_at=now,
        next_retry_at=now,
    )
    with short_transaction():
        WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)


def decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise NotAnEventError from None


def identity(provider: str, body: bytes) -> str:
    event_id = catalogue.callbacks(provider).event_id(body)
    if event_id is None:
        raise NotAnEventError
    return event_id or hashlib.sha256(body).hexdigest()


@contextmanager
def short_transaction() -> Iterator[None]:
    """A transaction that gives up after STORE_SECONDS; elsewhere the limit is 20 seconds."""
    limit = int(STORE_SECONDS * 1000)
    if connection.vendor == "sqlite":
        # Set before the transaction, because BEGIN IMMEDIATE is what waits.
        default = execute("PRAGMA busy_timeout")
        execute(f"PRAGMA busy_timeout = {limit}")
        try:
            with transaction.atomic():
                yield
        finally:
            execute(f"PRAGMA busy_timeout = {default}")
    else:
        with transaction.atomic():
            execute(f"SET LOCAL statement_timeout = {limit}")
            yield


def execute(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return int(row[0]) if row else 0


class RefusedCounter:
    """Counts calls with a wrong token in memory, and writes the count every COUNT_EVERY."""

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
            with short_transaction():
                same = Webhook.objects.filter(pk=webhook.pk)
                same.update(refused_count=F("refused_count") + count, refused_at=now)
        except OperationalError:
            with self._lock:
                self._counts[key] += count


_refused = RefusedCounter()


def count_refused(webhook: Webhook) -> None:
    _refused.add(webhook)


def prune() -> int:
    """Delete old processed events. Returns how many; call again while it is not 0."""
    old = WebhookEvent.objects.filter(next_retry_at=None, received_at__lt=timezone.now() - KEEP_FOR)
    ids = list(old.order_by("id").values_list("id", flat=True)[:PRUNE_ROWS])
    return WebhookEvent.objects.filter(pk__in=ids).delete()[0]
