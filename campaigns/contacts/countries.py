"""Which country a phone number belongs to, as far as its first digits tell. Quick enough for every row."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import lru_cache

from campaigns.contacts import phone_patterns
from campaigns.contacts.country_names import NAMES

PREFIX = 5
"""Signs of an E.164 number that decide: +1 and the area code, or + and the calling code."""
TOLL_FREE = frozenset(("800", "833", "844", "855", "866", "877", "888"))
PREMIUM_RATE = frozenset(("900",))


class SpecialKind(StrEnum):
    """Numbers that are hardly a person's."""

    TOLL_FREE = "toll_free"
    PREMIUM_RATE = "premium_rate"


Reach = frozenset[str] | None
"""ISO codes of the countries that an account can text; None: no limit is known."""


@lru_cache(maxsize=4096)
def of_prefix(prefix: str) -> str:
    """ISO code of the country; + and the calling code for numbers that belong to none, such as +800."""
    if prefix.startswith("+1"):
        return _in_north_america(prefix[2:])
    code = phone_patterns.calling_code(prefix[1:4])
    if code == 7:
        return "KZ" if prefix[2:3] in ("6", "7") else "RU"
    region = phone_patterns.main_region(code)
    return region if region in NAMES else f"+{code or prefix[1:]}"


def of(phone: str) -> str:
    """The same, of a number in E.164."""
    return of_prefix(phone[:PREFIX])


def code_or_area(prefix: str) -> str:
    """The shortest beginning that all numbers of this country with this code, or area code, share."""
    if prefix.startswith("+1"):
        return prefix
    code = phone_patterns.calling_code(prefix[1:4])
    return f"+{code}" if code and code != 7 else prefix[:3]


def not_reached(phones: Collection[str], reach: Reach) -> dict[str, str]:
    """The numbers that cannot be texted, with their countries."""
    if reach is None:
        return {}
    prefixes = {prefix: of_prefix(prefix) for prefix in {phone[:PREFIX] for phone in phones}}
    far = {prefix: country for prefix, country in prefixes.items() if country not in reach}
    if not far:
        return {}
    return {phone: far[phone[:PREFIX]] for phone in phones if phone[:PREFIX] in far}


def special(prefixes: Mapping[str, int]) -> Counter[SpecialKind]:
    """Of so many numbers by prefix, how many are toll-free and premium-rate ones of calling code 1."""
    counts: Counter[SpecialKind] = Counter()
    for prefix, count in prefixes.items():
        if prefix.startswith("+1") and prefix[2:] in TOLL_FREE:
            counts[SpecialKind.TOLL_FREE] += count
        elif prefix.startswith("+1") and prefix[2:] in PREMIUM_RATE:
            counts[SpecialKind.PREMIUM_RATE] += count
    return counts


def _in_north_america(area: str) -> str:
    for region, leading, numbers in _north_america():
        if leading.match(area) if leading else numbers.fullmatch(f"{area}2345678"):
            return region
    return "US"  # of no region yet, or of them all


@lru_cache(maxsize=1)
def _north_america() -> list[tuple[str, re.Pattern[str] | None, re.Pattern[str]]]:
    """The regions of calling code 1: their area codes, or else the pattern of their numbers."""
    return [
        (region, re.compile(leading) if leading else None, re.compile(numbers))
        for region, leading, numbers in phone_patterns.north_america()
    ]
