"""The rows of an upload as they are kept in the database, after its file is gone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import orjson
from django.conf import settings

from campaigns.contacts import phone_columns
from campaigns.contacts.errors import RowProblem
from campaigns.contacts.phone_columns import ColumnLook
from campaigns.models import ContactList, Import, ImportRow

PAGE = 5000
LOOKED_AT = 300
"""Rows that tell a page which columns hold phones: a few milliseconds."""
CELLS = 20_000
"""Cells among them, so that a page of a list with very many columns is as quick."""


_OF_THE_ROW = frozenset(RowProblem)


class StoredRows:
    """Rows that are here already, read as those of a `Sheet` are."""

    def __init__(self, import_id: int, page: int = PAGE) -> None:
        self.row_problems: dict[int, RowProblem] = {}
        """Rows that no column makes usable, by number: their cells are not quite those of the file."""
        self.ids: dict[int, int] = {}
        """Row ids by number. Take entries out as you use them."""
        self._page = page
        self._rows = ImportRow.objects.filter(source=import_id).order_by("number")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers and cells, some thousands at a time."""
        after = 0
        while True:
            page = self._rows.filter(number__gt=after).values_list("id", "number", "problem", "cells")
            found = list(page[: self._page])
            for row_id, number, problem, cells in found:
                self.ids[number] = row_id
                if problem in _OF_THE_ROW:
                    self.row_problems[number] = RowProblem(problem)
                yield number, orjson.loads(cells)
            if len(found) < self._page:
                return
            after = found[-1][1]


def looks(contact_list: ContactList) -> list[ColumnLook]:
    """Each column of a list, with what its first rows hold."""
    source = Import.objects.filter(contact_list=contact_list).order_by("id").first()
    most = min(LOOKED_AT, CELLS // max(1, len(contact_list.columns)))
    rows = islice(StoredRows(source.pk, most).rows(), most) if source else ()
    cells = [cells for _, cells in rows]
    return phone_columns.look_at(contact_list.columns, contact_list.columns, cells, settings.DEFAULT_REGION)


def rivals(contact_list: ContactList) -> list[ColumnLook]:
    """Other columns that hold phone numbers too."""
    return [
        look for look in looks(contact_list) if look.of_people and look.place != contact_list.phone_column
    ]
