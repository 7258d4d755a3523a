"""Set-based writing for the tables that grow with every recipient.

Django's `bulk_create` and `bulk_update` cut SQLite statements at 999 parameters and build one CASE for each
row; these do the same work in one statement for each chunk. Both must run inside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain
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
    source, terms, values = _new(fields, ["key", *columns], rows)
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
    """Insert rows; where one with the same `key` is there, set its `changing` columns if `when` holds, and of
    its `keeping` columns those for which there is a new value.

    `when` is SQL of ours, never of a person, over `old.column` and `excluded.column`, the new row. Two rows
    of one call must not share a key.
    """
    table, fields = _table(model), [model._meta.get_field(name) for name in names]
    columns = _columns(model, names)
    sets = [f"{column} = excluded.{column}" for column in _columns(model, changing)]
    sets += [f"{column} = COALESCE(excluded.{column}, old.{column})" for column in _columns(model, keeping)]
    head = f"INSERT INTO {table} AS old ({', '.join(columns)})"
    tail = f"ON CONFLICT ({', '.join(_columns(model, key))}) DO UPDATE SET {', '.join(sets)} WHERE {when}"
    at_once = SQLITE_PARAMETERS // len(columns)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            source, terms, values = _new(fields, columns, rows[start : start + at_once])
            # The WHERE keeps SQLite from reading ON as the condition of a join.
            cursor.execute(f"{source} {head} SELECT {', '.join(terms)} FROM new WHERE true {tail}", values)  # noqa: S608


def _new(
    fields: Sequence[Any], columns: Sequence[str], rows: Sequence[Row]
) -> tuple[str, list[str], list[Any]]:
    """The rows as a table `new`: the WITH clause, a term for each column, and the values of both in order.

    What all rows share (most of a page of receipts has one state, one price) is written once, in its term.
    """
    found: list[Sequence[Any]] = [*zip(*rows, strict=True)]
    if connection.vendor != "postgresql":
        found = [_as_stored(field, values) for field, values in zip(fields, found, strict=True)]
    own = [place for place, values in enumerate(found) if not _shared(values)]
    once = [values[0] for values in found if _shared(values)]
    names = [columns[place] for place in own]
    terms = [f"new.{column}" if place in own else "%s" for place, column in enumerate(columns)]
    each = zip(*(found[place] for place in own), strict=True)
    if connection.vendor == "postgresql":
        # One JSON text is far cheaper to write than an array for each column.
        kinds = ", ".join(f"{columns[place]} {fields[place].db_type(connection)}" for place in own)
        text = orjson.dumps([dict(zip(names, row, strict=True)) for row in each], default=str).decode()
        return f"WITH new AS (SELECT * FROM json_to_recordset(%s) AS one({kinds}))", terms, [text, *once]  # noqa: S608
    marks = ", ".join(["(" + ", ".join(["%s"] * len(own)) + ")"] * len(rows))
    return f"WITH new({', '.join(names)}) AS (VALUES {marks})", terms, [*chain.from_iterable(each), *once]


def _shared(values: Sequence[Any]) -> bool:
    """Whether a column holds one and the same value; a dictionary is not looked into."""
    return len(values) > 1 and not isinstance(values[0], dict) and values.count(values[0]) == len(values)


def _as_stored(field: Any, values: Sequence[Any]) -> Sequence[Any]:
    """SQLite keeps times as text and money as numbers; give it what Django would."""
    if isinstance(field, models.DateTimeField):
        prepare = _moment
    elif isinstance(field, models.DecimalField | models.JSONField):
        prepare = partial(field.get_db_prep_value, connection=connection)
    else:
        return values
    try:
        # Most rows of a page share a few prices and times.
        known = {value: None if value is None else prepare(value) for value in set(values)}
    except TypeError:  # dictionaries
        return [None if value is None else prepare(value) for value in values]
    return [known[value] for value in values]


def _moment(value: datetime) -> str:
    """As Django's own adapter spells it, in a fraction of its time."""
    if value.tzinfo is UTC is connection.timezone:
        return value.isoformat(" ")[:-6]
    return str(value.astimezone(connection.timezone).replace(tzinfo=None))


@contextmanager
def relaxed_durability() -> Iterator[None]:
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
