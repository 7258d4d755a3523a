"""What staff read for the countries of phone numbers."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.contacts.countries import SpecialKind
from campaigns.contacts.country_names import NAMES
from campaigns.labels.wording import Sentence

SPECIAL_KINDS: Final[dict[SpecialKind, Sentence]] = {
    SpecialKind.TOLL_FREE: _("toll-free"),
    SpecialKind.PREMIUM_RATE: _("premium-rate"),
}


def country_name(country: str) -> str:
    return NAMES.get(country) or gettext("numbers with {code}").format(code=country)


def list_countries(countries: Mapping[str, int]) -> str:
    """`United Kingdom 2, Mexico 1`: the most frequent first."""
    named = sorted((-count, country_name(country)) for country, count in countries.items())
    return ", ".join(f"{country} {-count:,}" for count, country in named)


def list_special(kinds: Mapping[SpecialKind, int]) -> str:
    """`toll-free 3, premium-rate 1`: the most frequent first."""
    named = sorted(kinds.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{SPECIAL_KINDS[kind]} {count:,}" for kind, count in named)
