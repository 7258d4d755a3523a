"""The columns of a file as cards to choose from, each with what its cells hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.contacts import reimport, stored_rows
from campaigns.contacts.phone_columns import ColumnProfile
from campaigns.models import ContactList
from dashboard.templatetags.carillon import plural, shortened

NAMED = 3
"""Columns that are named one by one."""
NAME = 60
"""Characters of a column's name that are shown."""


@dataclass(frozen=True, slots=True)
class ColumnCard:
    """One choice. `look` is None if nobody looked into the cells."""

    value: str
    name: str
    chosen: bool
    look: ColumnProfile | None


@dataclass(frozen=True, slots=True)
class ColumnCards:
    likely: list[ColumnCard]
    others: list[ColumnCard]
    """Further columns; folded away unless one of them is chosen."""

    @property
    def open(self) -> bool:
        return any(card.chosen for card in self.others)


def column_cards(
    field: BoundField, profiles: Sequence[ColumnProfile] = (), likely: Sequence[ColumnProfile] = ()
) -> ColumnCards:
    """The choices of a form's field; the likely ones first, in their order. Without any, all are alike."""
    chosen, seen = str(field.value()), {look.name: look for look in profiles}
    cards = [
        ColumnCard(str(value), str(name), str(value) == chosen, seen.get(str(name)))
        for value, name in field.field.choices  # type: ignore[attr-defined]
    ]
    order = {look.name: place for place, look in enumerate(likely)}
    first = sorted((card for card in cards if card.name in order), key=lambda card: order[card.name])
    if not first:
        return ColumnCards(cards, [])
    return ColumnCards(first, [card for card in cards if card.name not in order])


def phone_column(contact_list: ContactList) -> dict[str, Any]:
    """For `parts/_phone_column.html`: where the numbers of a list were read, and whether that can change."""
    name = "".join(contact_list.columns[contact_list.phone_column : contact_list.phone_column + 1])
    rivals = [look.name for look in stored_rows.rivals(contact_list)]
    return {
        "phone_column": name,
        "rivals": rivals,
        "other_columns": _other_columns(rivals),
        "column_stays": reimport.refusal(contact_list),
    }


def _other_columns(rivals: Sequence[str]) -> str:
    """What else of the file holds phone numbers, as a sentence."""
    if not rivals:
        return _("No other column holds phone numbers.")
    named = [f"“{shortened(name, NAME)}”" for name in rivals[:NAMED]]
    if len(rivals) > NAMED:
        named.append(plural(len(rivals) - NAMED, "other column,other columns"))
    listed = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    return ngettext(
        "{columns} holds phone numbers too. These are not texted.",
        "{columns} hold phone numbers too. These are not texted.",
        len(rivals),
    ).format(columns=listed)
