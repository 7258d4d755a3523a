"""Fills the provider store with made-up messages, by the database's own means."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import AccountState, ProviderBatch, ProviderMessage, SyncState

BATCH = 1000
OURS = ("+16505550100", "+18885550100", "+16505550177", "+16505550188")
"""Numbers of ours. The last one sent one batch of a hundred, and none in the newer half."""
APART = 60
"""Seconds between two batches, whose messages were all created at once."""

SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})",
    "postgresql": "WITH series(n) AS (SELECT CAST(generate_series(1, {count}) AS bigint))",
}
TIME = {"sqlite": "datetime({}, 'unixepoch')", "postgresql": "to_timestamp({})"}
SENDER = """
    CASE WHEN {batch} % 100 = 99 AND {batch} < {count} / 2000 THEN '{ours[3]}' WHEN {batch} % 10 = 0
    THEN '{ours[1]}' WHEN {batch} % 10 = 1 THEN '{ours[2]}' ELSE '{ours[0]}' END
"""
FILL_BATCHES = """
    {series} INSERT INTO campaigns_providerbatch (id, account_id, provider_id, sender, status, size,
        processed, cost, created_at, modified_at, last_listed_at, totals)
    SELECT n, {account}, 'bench-' || n, {sender}, 'Completed', 1000, 1000, 7, {time}, {time}, {time}, '{{}}'
    FROM series
"""
FILL_MESSAGES = """
    {series} INSERT INTO campaigns_providermessage (id, account_id, provider_id, batch_id, inbound,
        own_number, other_number, undelivered, provider_status, error_code, segments, cost,
        created_at, modified_at, text)
    SELECT n, {account}, CAST(4000000 + n AS varchar(32)), CASE WHEN n % 50 = 0 THEN NULL ELSE {batch} END,
        n % 50 = 0, {sender}, '+1212' || (2000000 + n * 7919 % 2000000),
        CASE WHEN n % 100 IN (1, 2, 3) THEN 'DeliveryFailed' WHEN n % 100 IN (4, 5) THEN 'Sent' END,
        CASE WHEN n % 100 IN (1, 2, 3) THEN 'DeliveryFailed' WHEN n % 100 IN (4, 5) THEN 'Sent'
            ELSE 'Delivered' END,
        CASE WHEN n % 100 IN (1, 2, 3) THEN 'SMS-CAR-411' ELSE '' END, 1, 0.007, {time}, {time},
        CASE WHEN n % 50 = 0 THEN 'Yes please' ELSE '' END
    FROM series
"""


def other_number(row: int) -> str:
    """Who message `row`, from 1 on, went to or came from. Each number comes back every two million rows."""
    return f"+1212{2_000_000 + row * 7919 % 2_000_000}"


def fill(count: int) -> AccountState:
    """`count` messages of the account that the settings open, in batches of 1,000, the newest just now.

    2 % came in, 3 % failed, 2 % have no receipt. Indexes are built last, as when a table is restored.
    """
    whose, _ = AccountState.objects.get_or_create(
        account=registry.default().known_id() or "bench",
        defaults={"provider": "ringcentral", "credentials_fingerprint": registry.default().fingerprint},
    )
    with connection.schema_editor() as editor:
        for index in ProviderMessage._meta.indexes:
            editor.remove_index(ProviderMessage, index)
    _run(FILL_BATCHES, whose, count, rows=count // BATCH, batch="n")
    _run(FILL_MESSAGES, whose, count, rows=count, batch="((n - 1) / 1000 + 1)")
    with connection.schema_editor() as editor:
        for index in ProviderMessage._meta.indexes:
            editor.add_index(ProviderMessage, index)
    _settle()
    now = timezone.now()
    SyncState.objects.create(
        account=whose, synced_back_to=now - timedelta(days=90), windows_opened_to=now, read_at=now
    )
    return whose


def _run(statement: str, whose: AccountState, count: int, *, rows: int, batch: str) -> None:
    start = int(timezone.now().timestamp()) - count // BATCH * APART
    sql = statement.format(
        series=SERIES[connection.vendor].format(count=rows),
        sender=SENDER.format(batch=batch, count=count, ours=OURS),
        time=TIME[connection.vendor].format(f"({start} + {batch} * {APART})"),
        account=whose.pk,
        batch=batch,
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _settle() -> None:
    """What a PostgreSQL server does by itself in the background. SQLite has to do without."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        for model in (ProviderBatch, ProviderMessage):
            table = model._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
