"""The rows of an upload as the database stores them, after its file is deleted."""

from collections.abc import Iterator
from itertools import islice

import orjson
from django.conf import settings

from campaigns.contacts import phone_columns
from campaigns.contacts.errors import RowProblem
from campaigns.contacts.phone_columns import ColumnProfile
from campaigns.models import ContactList, Import, ImportRow

PAGE = 5000
MAX_PROFILED_ROWS = 300
"""Rows from which a page profiles the columns: a few milliseconds."""
MAX_PROFILED_CELLS = 20_000
"""Cells among them, so that a list with very many columns is as quick."""

_ROW_PROBLEMS = frozenset(RowProblem)


class StoredRows:
    """Stored rows with the interface of a `Sheet`."""

    def __init__(self, import_id: int, page: int = PAGE) -> None:
        self.row_problems: dict[int, RowProblem] = {}
        """By row number, rows that no phone column makes usable: their cells differ from the file's."""
        self.ids: dict[int, int] = {}
        """Row ids by number. Take entries out as you use them."""
        self._page = page
        self._rows = ImportRow.objects.filter(source=import_id).order_by("number")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers and cells, some thousands at a time."""
        after = 0
        while True:
            page = self._rows.filter(number__gt=after).values_list("id", "number", "problem", "cells")
            rows = list(page[: self._page])
            for row_id, number, problem, cells in rows:
                self.ids[number] = row_id
                if problem in _ROW_PROBLEMS:
                    self.row_problems[number] = RowProblem(problem)
                yield number, orjson.loads(cells)
            if len(rows) < self._page:
                return
            after = rows[-1][1]


def column_profiles(contact_list: ContactList) -> list[ColumnProfile]:
    """Every column of a list, profiled by its first rows."""
    source = Import.objects.filter(contact_list=contact_list).order_by("id").first()
    limit = min(MAX_PROFILED_ROWS, MAX_PROFILED_CELLS // max(1, len(contact_list.columns)))
    rows = islice(StoredRows(source.pk, limit).rows(), limit) if source else ()
    cells = [cells for _, cells in rows]
    names = contact_list.columns
    return phone_columns.profile_columns(names, names, cells, settings.DEFAULT_REGION)


def rivals(contact_list: ContactList) -> list[ColumnProfile]:
    """Other columns that hold phone numbers too."""
    return [
        profile
        for profile in column_profiles(contact_list)
        if profile.of_people and profile.place != contact_list.phone_column
    ]
