"""Set-based writing for the tables that grow with every recipient.

Django's `bulk_create` and `bulk_update` cut SQLite statements at 999 parameters and build one CASE for each
row; these do the same work in one statement for each chunk. Both must run inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from django.db import connection, models

Row = Sequence[Any]
SQLITE_PARAMETERS = 30_000
"""In one statement; its own limit is 32,766."""


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _columns(model: type[models.Model], names: Sequence[str]) -> list[str]:
    return [str(model._meta.get_field(name).column) for name in names]  # type: ignore[union-attr]


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of plain database values; every column without a database default must be named."""
    columns = ", ".join(connection.ops.quote_name(column) for column in _columns(model, names))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django does not know of COPY, so its errors have to be translated here.
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {_table(model)} ({columns}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {_table(model)} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Set the named columns of the rows whose primary key is each row's first value."""
    if not rows:
        return
    table = _table(model)
    fields = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    columns = _columns(model, names)
    sets = ", ".join(f"{connection.ops.quote_name(column)} = new.{column}" for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            source, values = _recordset(fields, ["key", *columns], rows)
            cursor.execute(f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = new.key", values)  # noqa: S608
        else:
            rows = _as_text(fields, rows)
            row_marks = "(" + ", ".join(["%s"] * (len(columns) + 1)) + ")"
            cursor.execute(
                f"WITH new(key, {', '.join(columns)}) AS (VALUES {', '.join([row_marks] * len(rows))}) "  # noqa: S608
                f"UPDATE {table} SET {sets} FROM new WHERE {table}.id = new.key",
                [value for row in rows for value in row],
            )


def upsert(
    model: type[models.Model],
    names: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    changing: Sequence[str],
    keeping: Sequence[str] = (),
    when: str,
) -> None:
    """Insert rows; where one with the same `key` is there, set its `changing` columns if `when` holds, and of
    its `keeping` columns those for which there is a new value.

    `when` is SQL of ours, never of a person, over `old.column` and `excluded.column`, the new row. Two rows
    of one call must not share a key.
    """
    table, fields = _table(model), [model._meta.get_field(name) for name in names]
    columns = _columns(model, names)
    head = f"INSERT INTO {table} AS old ({', '.join(columns)})"
    sets = [f"{column} = excluded.{column}" for column in _columns(model, changing)]
    sets += [f"{column} = COALESCE(excluded.{column}, old.{column})" for column in _columns(model, keeping)]
    tail = f"ON CONFLICT ({', '.join(_columns(model, key))}) DO UPDATE SET {', '.join(sets)} WHERE {when}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            source, values = _recordset(fields, columns, rows)
            cursor.execute(f"{head} SELECT * FROM {source} {tail}", values)  # noqa: S608
            return
        row_marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
        at_once = SQLITE_PARAMETERS // len(columns)
        for start in range(0, len(rows), at_once):
            chunk = _as_text(fields, rows[start : start + at_once])
            cursor.execute(
                f"{head} VALUES {', '.join([row_marks] * len(chunk))} {tail}",
                [value for row in chunk for value in row],
            )


def _recordset(fields: Sequence[Any], columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, list[str]]:
    """The rows as a table `new` for PostgreSQL: one JSON text is far cheaper to write than an array for each
    column."""
    kinds = ", ".join(
        f"{column} {field.db_type(connection)}" for column, field in zip(columns, fields, strict=True)
    )
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return f"json_to_recordset(%s) AS new({kinds})", [orjson.dumps(records, default=str).decode()]


def _as_text(fields: Sequence[Any], rows: Sequence[Row]) -> Sequence[Row]:
    """SQLite keeps times as text and money as numbers; give it what Django would."""
    zone = connection.timezone

    def moment(value: datetime) -> str:
        """As Django's own adapter spells it, in a third of its time."""
        return str(value.astimezone(zone).replace(tzinfo=None))

    odd: list[tuple[int, Callable[[Any], Any]]] = []
    for place, field in enumerate(fields):
        if isinstance(field, models.DateTimeField):
            odd.append((place, moment))
        elif isinstance(field, models.DecimalField | models.JSONField):
            odd.append((place, partial(field.get_db_prep_value, connection=connection)))
    plain = [list(row) for row in rows]
    for place, prepare in odd:
        # Most rows of a page share a few prices and times.
        known: dict[Any, Any] = {None: None}
        for row in plain:
            value = row[place]
            try:
                row[place] = known[value]
            except KeyError:
                row[place] = known[value] = prepare(value)
            except TypeError:  # a dictionary
                row[place] = prepare(value)
    return plain


@contextmanager
def unhurried() -> Iterator[None]:
    """For work that can be done again: its commits do not wait for the disk on SQLite.

    A power cut may take the last of them back, whole and in order; what must not be taken back comes later,
    in a commit that waits and brings all before it to the disk. Inside a transaction nothing changes.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def claim(queryset: models.QuerySet[Any], **changes: Any) -> bool:
    """Compare and set: True if this very call changed the one row that the queryset describes."""
    return queryset.update(**changes) == 1
