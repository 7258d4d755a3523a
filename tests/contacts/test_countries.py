"""Which country a number belongs to, and whether RingCentral reaches it."""

from collections import Counter

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberFormat

from campaigns.contacts import countries
from campaigns.contacts.countries import SpecialKind
from campaigns.contacts.country_names import NAMES
from campaigns.labels.countries import country_name, list_countries
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.simulator.carrier.numbers import takes_recipient

REACH = RingCentral.reaches
AREA_CODES = range(200, 1000)


@pytest.mark.parametrize(
    ("phone", "country", "name", "reached"),
    [
        ("+16505550100", "US", "United States", True),
        ("+16045550100", "CA", "Canada", True),
        ("+16135550100", "CA", "Canada", True),
        ("+17875550100", "PR", "Puerto Rico", True),
        ("+13405550100", "VI", "U.S. Virgin Islands", True),
        ("+16715550100", "GU", "Guam", True),
        ("+18885550100", "US", "United States", True),
        ("+19005550100", "US", "United States", True),
        ("+18765550100", "JM", "Jamaica", False),
        ("+16585550100", "JM", "Jamaica", False),
        ("+12425550100", "BS", "Bahamas", False),
        ("+18095550100", "DO", "Dominican Republic", False),
        ("+18295550100", "DO", "Dominican Republic", False),
        ("+14415550100", "BM", "Bermuda", False),
        ("+442079460000", "GB", "United Kingdom", False),
        ("+525512345678", "MX", "Mexico", False),
        ("+4915112345678", "DE", "Germany", False),
        ("+390612345678", "IT", "Italy", False),
        ("+79161234567", "RU", "Russia", False),
        ("+77011234567", "KZ", "Kazakhstan", False),
        ("+2250123456789", "CI", "Côte d’Ivoire", False),
        ("+38344123456", "XK", "Kosovo", False),
        ("+80012345678", "+800", "numbers with +800", False),
        ("+881612345678", "+881", "numbers with +881", False),
    ],
)
def test_countries_of_numbers(phone: str, country: str, name: str, reached: bool) -> None:
    assert countries.of(phone) == country
    assert country_name(country) == name
    assert countries.not_reached([phone], REACH) == ({} if reached else {phone: country})
    assert countries.not_reached([phone], None) == {}


def test_every_area_code_is_where_the_library_says() -> None:
    for area in AREA_CODES:
        phone = f"+1{area}2345678"
        region = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
        assert countries.of(phone) == (region or "US"), phone


def test_the_simulated_carrier_takes_exactly_what_ringcentral_reaches() -> None:
    phones = [f"+1{area}2345678" for area in AREA_CODES] + ["+442079460000", "+525512345678"]
    far = countries.not_reached(phones, REACH)
    assert [phone for phone in phones if phone not in far] == [
        phone for phone in phones if takes_recipient(phone)
    ]


def test_every_calling_code_has_a_name_or_stands_for_itself() -> None:
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if code == 1:
            continue
        example = (
            phonenumbers.example_number_for_non_geo_entity(code)
            if regions[0] == "001"
            else phonenumbers.example_number(regions[0])
        )
        assert example is not None
        phone = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        country = countries.of(phone)
        assert country in NAMES if regions[0] != "001" else country == f"+{code}"
        beginning = countries.code_or_area(phone[: countries.PREFIX])
        assert phone.startswith(beginning)
        assert countries.of(beginning + "5" * 3) == country


def test_names_are_names() -> None:
    assert len(NAMES) > 220
    assert all(len(code) == 2 and code.isupper() and name[:1].isupper() for code, name in NAMES.items())


def test_the_most_frequent_country_stands_first() -> None:
    assert list_countries(Counter(MX=1, GB=2_000)) == "United Kingdom 2,000, Mexico 1"


def test_numbers_that_are_hardly_a_persons() -> None:
    prefixes = {"+1650": 9, "+1888": 2, "+1800": 1, "+1900": 1, "+4480": 5}
    assert countries.special(prefixes) == Counter({SpecialKind.TOLL_FREE: 3, SpecialKind.PREMIUM_RATE: 1})
