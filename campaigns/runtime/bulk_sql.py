"""Bulk statements for the tables that grow with every recipient. Call them inside a transaction.

Django's `bulk_create` and `bulk_update` limit an SQLite statement to 999 parameters and build one CASE per
row. These functions use one statement per chunk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

import orjson
from django.db import connection, models

Row = Sequence[Any]
SQLITE_PARAMETERS = 30_000
"""Per statement; SQLite's own limit is 32,766."""


def quoted_table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def column_names(model: type[models.Model], names: Sequence[str]) -> list[str]:
    return [str(model._meta.get_field(name).column) for name in names]  # type: ignore[union-attr]


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows of database values. Every column without a database default must be named."""
    columns = ", ".join(connection.ops.quote_name(column) for column in column_names(model, names))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django does not wrap COPY, so its errors have to be translated here.
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {quoted_table(model)} ({columns}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {quoted_table(model)} ({columns}) VALUES ({marks})", rows)  # noqa: S608


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> None:
    """Set the named columns. The first value of each row is its primary key."""
    if not rows:
        return
    table = quoted_table(model)
    fields = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    columns = column_names(model, names)
    source, terms, values = values_clause(fields, ["key", *columns], rows)
    pairs = zip(columns, terms[1:], strict=True)
    sets = ", ".join(f"{connection.ops.quote_name(column)} = {term}" for column, term in pairs)
    with connection.cursor() as cursor:
        cursor.execute(f"{source} UPDATE {table} SET {sets} FROM new WHERE {table}.id = {terms[0]}", values)  # noqa: S608


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
    """Insert rows. If a row with the same `key` exists and `when` holds, update it instead.

    An update sets the `changing` columns, and each `keeping` column whose new value is not NULL. `when` is
    trusted SQL over `old.column` and `excluded.column`, never user input. Keys must be unique within a call.
    """
    table, fields = quoted_table(model), [model._meta.get_field(name) for name in names]
    columns = column_names(model, names)
    sets = [f"{column} = excluded.{column}" for column in column_names(model, changing)]
    sets += [
        f"{column} = COALESCE(excluded.{column}, old.{column})" for column in column_names(model, keeping)
    ]
    head = f"INSERT INTO {table} AS old ({', '.join(columns)})"
    tail = f"ON CONFLICT ({', '.join(column_names(model, key))}) DO UPDATE SET {', '.join(sets)} WHERE {when}"
    at_once = SQLITE_PARAMETERS // len(columns)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            source, terms, values = values_clause(fields, columns, rows[start : start + at_once])
            # Without the WHERE, SQLite parses ON as the condition of a join.
            cursor.execute(f"{source} {head} SELECT {', '.join(terms)} FROM new WHERE true {tail}", values)  # noqa: S608


def values_clause(
    fields: Sequence[Any], columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, list[str], list[Any]]:
    """A WITH clause that defines the table `new`, a term per column, and the parameters of both in order.

    A column in which all rows agree becomes one parameter: most receipts of a page share state and price.
    """
    values: list[Sequence[Any]] = [*zip(*rows, strict=True)]
    if connection.vendor != "postgresql":
        values = [sqlite_values(field, column) for field, column in zip(fields, values, strict=True)]
    varying = [index for index, column in enumerate(values) if not is_constant(column)]
    constants = [column[0] for column in values if is_constant(column)]
    names = [columns[index] for index in varying]
    terms = [f"new.{column}" if index in varying else "%s" for index, column in enumerate(columns)]
    new_rows = zip(*(values[index] for index in varying), strict=True)
    if connection.vendor == "postgresql":
        # One JSON text is far cheaper to write than an array per column.
        types = ", ".join(f"{columns[index]} {fields[index].db_type(connection)}" for index in varying)
        text = orjson.dumps([dict(zip(names, row, strict=True)) for row in new_rows], default=str).decode()
        clause = f"WITH new AS (SELECT * FROM json_to_recordset(%s) AS one({types}))"  # noqa: S608
        return clause, terms, [text, *constants]
    marks = ", ".join(["(" + ", ".join(["%s"] * len(varying)) + ")"] * len(rows))
    clause = f"WITH new({', '.join(names)}) AS (VALUES {marks})"
    return clause, terms, [*chain.from_iterable(new_rows), *constants]


def is_constant(values: Sequence[Any]) -> bool:
    return len(values) > 1 and not isinstance(values[0], dict) and values.count(values[0]) == len(values)


def sqlite_values(field: Any, values: Sequence[Any]) -> Sequence[Any]:
    """As Django stores them: SQLite has text for times and numbers for money."""
    if isinstance(field, models.DateTimeField):
        prepare = sqlite_datetime
    elif isinstance(field, models.DecimalField | models.JSONField):
        prepare = partial(field.get_db_prep_value, connection=connection)
    else:
        return values
    try:
        # Few distinct values: the rows of a page share prices and times.
        converted = {value: None if value is None else prepare(value) for value in set(values)}
    except TypeError:  # dictionaries are not hashable
        return [None if value is None else prepare(value) for value in values]
    return [converted[value] for value in values]


def sqlite_datetime(value: datetime) -> str:
    """As Django's own adapter, in a fraction of its time."""
    if value.tzinfo is UTC is connection.timezone:
        return value.isoformat(" ")[:-6]
    return str(value.astimezone(connection.timezone).replace(tzinfo=None))


@contextmanager
def relaxed_durability() -> Iterator[None]:
    """For repeatable work: commits on SQLite do not wait for the disk.

    A power cut may roll back the last commits, whole and in order. The next synced commit makes all earlier
    ones durable too. PostgreSQL waits all the same; what may not be done here is refused there too. No effect
    inside a transaction.
    """
    if connection.in_atomic_block:
        yield
        return
    _synchronous("NORMAL")
    before = _relaxed.set(True)
    try:
        yield
    finally:
        _relaxed.reset(before)
        _synchronous("FULL")


_relaxed = ContextVar("relaxed", default=False)


def _synchronous(mode: str) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA synchronous={mode}")


def is_relaxed() -> bool:
    """Whether the next commit need not outlive a power cut."""
    return _relaxed.get()


def claim(queryset: models.QuerySet[Any], **changes: Any) -> bool:
    """Compare-and-set: True if this call changed the one row of the queryset."""
    return queryset.update(**changes) == 1
