"""The people of a list whom an account cannot text, because of the country of their number.

Reach belongs to the account that sends, not to the file: the list still holds these people, and every page
that counts who can be texted asks here. One scan of the index of numbers: 0.05 s for 100,000.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.db.models.functions import Substr

from campaigns.contacts import countries
from campaigns.models import Contact, ContactList


@dataclass(frozen=True, slots=True)
class Beyond:
    """The people of a list who cannot be texted."""

    by_country: Counter[str] = field(default_factory=Counter)
    beginnings: tuple[str, ...] = ()
    """What their numbers begin with, and no other's."""

    @property
    def count(self) -> int:
        return self.by_country.total()

    @property
    def rows(self) -> Q:
        """Their rows or contacts."""
        condition = Q(pk__in=())
        for beginning in self.beginnings:
            condition |= Q(phone__startswith=beginning)
        return condition


def beyond(contact_list: ContactList, reach: countries.Reach) -> Beyond:
    if reach is None:
        return Beyond()
    people = Contact.objects.filter(contact_list=contact_list).order_by()
    counted = people.annotate(prefix=Substr("phone", 1, countries.PREFIX)).values("prefix")
    by_country: Counter[str] = Counter()
    beginnings = set()
    for prefix, count in counted.annotate(count=Count("pk")).values_list("prefix", "count"):
        country = countries.of_prefix(prefix)
        if country not in reach:
            by_country[country] += count
            beginnings.add(countries.code_or_area(prefix))
    return Beyond(by_country, tuple(sorted(beginnings)))
