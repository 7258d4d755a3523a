"""What people type as a phone number, and that phonenumbers says the same of all of it."""

import random
import re
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from campaigns.contacts.phone import PhoneProblem, normalise_many, parse_phone

ONE = "+16505550100"


@pytest.mark.parametrize(
    "typed",
    [
        "6505550100",
        "16505550100",
        "+16505550100",
        "(650) 555-0100",
        "650-555-0100",
        "650.555.0100",
        "1.650.555.0100",
        "650 555 0100",
        "1-650-555-0100",
        "1 (650) 555-0100",
        "+1 650 555 0100",
        "+1.650.555.0100",
        "  650 555 0100  ",
        "650\u2013555\u20130100",  # a word processor's dashes
        "16505550100.0",  # a number cell, written by pandas
        "6505550100.0",
        "6505550100.00",
        "650\u00a0555\u00a00100",  # no-break spaces
        "６５０５５５０１００",  # full-width digits
        "＋１６５０５５５０１００",
        "٦٥٠٥٥٥٠١٠٠",  # Arabic-Indic digits
        "'+16505550100",  # how spreadsheets are told to keep text
        "’6505550100",
        '="6505550100"',  # the other way
        '"6505550100"',
        "tel:+1-650-555-0100",
        "TEL: 650-555-0100",
        "\ufeff6505550100",  # byte order mark
        "\u200b650\u200b5550100",  # zero-width spaces
        "\u202a+1 650 555 0100\u202c",  # copied from a phone's contacts
        "\u200e+16505550100\u200f",
        "650\u00ad555\u00ad0100",  # soft hyphens
        "6505550100\n",
        "\t6505550100",
        "011 1 650 555 0100",
        "001 650 555 0100",  # 00 is the international prefix nearly everywhere
        "0016505550100",
        "+001 650 555 0100",
        "(001) 650 555 0100",
        "00 1 (650) 555-0100",
        "650•555•0100",
        "650·555·0100",
        "650・555・0100",
        "650_555_0100",
        "650＿555＿0100",
        "650~555~0100",
        "650～555～0100",
        "+1_650_555_0100",
        "sms:+16505550100",
        "SMS: 650-555-0100",
        "sms://+1-650-555-0100",
        "smsto:6505550100",
        "tel://650-555-0100",
        "callto:+16505550100",
        "+1 +1 650 555 0100",  # one program after another put it there
        "+1+16505550100",
        "+1 (+1) 650-555-0100",
        "1 +1 650 555 0100",
        "6,505,550,100",  # a number cell with thousands signs
        "16,505,550,100",
        "6'505'550'100",
        "6,505,550,100.00",
        "1650-555-0100",
        " " * 300 + "650 555 0100" + " " * 300,
    ],
)
def test_reads_a_number_however_it_is_written(typed: str) -> None:
    phone = parse_phone(typed)
    assert (phone.e164, phone.problem) == (ONE, None)


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("+44 20 7946 0000", "US", "+442079460000"),
        ("+44 (0)20 7946 0000", "US", "+442079460000"),  # the zero is for callers inside the country
        ("011 44 20 7946 0000", "US", "+442079460000"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("+525512345678", "US", "+525512345678"),
        ("+39 06 1234 5678", "US", "+390612345678"),  # Italy keeps its zero
        ("+5491123456789", "US", "+5491123456789"),
        ("(604) 555-0100", "CA", "+16045550100"),
        ("+1 876 555 0100", "US", "+18765550100"),
        ("(604) 555-0100", "US", "+16045550100"),
        ("888 555 0100", "US", "+18885550100"),
        ("0044 20 7946 0000", "US", "+442079460000"),
        ("0044 (0)20 7946 0000", "US", "+442079460000"),
        ("00442079460000", "CA", "+442079460000"),
        ("+0044 20 7946 0000", "US", "+442079460000"),
        ("00 1 650 555 0100", "GB", ONE),
        ("0011 1 650 555 0100", "AU", ONE),
        ("0011 44 20 7946 0000", "AU", "+442079460000"),
        ("+44 +44 20 7946 0000", "US", "+442079460000"),
        ("sms:+442079460000", "US", "+442079460000"),
        ("+800 1234 5678", "US", "+80012345678"),
    ],
)
def test_numbers_of_every_country_are_numbers(typed: str, region: str, e164: str) -> None:
    assert parse_phone(typed, region).e164 == e164


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", PhoneProblem.EMPTY),
        ("   ", PhoneProblem.EMPTY),
        ("\u00a0\u200b\t", PhoneProblem.EMPTY),
        ("'", PhoneProblem.EMPTY),
        ("1.5555E+10", PhoneProblem.SHORTENED),
        ("1,65056E+10", PhoneProblem.SHORTENED),  # a spreadsheet in Germany
        ("1.65055501E10", PhoneProblem.SHORTENED),
        ("1.6505550100e+10", PhoneProblem.SHORTENED),  # every digit is there, and still we do not guess
        ("6505550100 x12", PhoneProblem.EXTENSION),
        ("650-555-0100 ext. 4", PhoneProblem.EXTENSION),
        ("tel:+1-650-555-0100;ext=12", PhoneProblem.EXTENSION),
        ("650-555-0100 #3", PhoneProblem.EXTENSION),
        ("1-800-FLOWERS", PhoneProblem.LETTERS),
        ("650-555-010O", PhoneProblem.LETTERS),  # the letter O
        ("n/a", PhoneProblem.LETTERS),
        ("call 650-555-0100", PhoneProblem.LETTERS),
        ("650-555-0100 (mobile)", PhoneProblem.LETTERS),
        ("ann@example.com", PhoneProblem.LETTERS),
        ("6505550100, 6505550101", PhoneProblem.SEVERAL),
        ("650-555-0100 / 650-555-0101", PhoneProblem.SEVERAL),
        ("6505550100 or 6505550101", PhoneProblem.SEVERAL),
        ("+16505550100 +16505550101", PhoneProblem.SEVERAL),
        ("6505550100\n6505550101", PhoneProblem.SEVERAL),
        ("650-555-0104 650-555-0105", PhoneProblem.SEVERAL),
        ("6505550104 6505550105", PhoneProblem.SEVERAL),
        ("(650) 555-0104\u00a0(650) 555-0105", PhoneProblem.SEVERAL),
        ("650 555 0104 650 555 0105 650 555 0106", PhoneProblem.SEVERAL),
        ("650-555-0104 ::: 650-555-0105", PhoneProblem.SEVERAL),
        ("+1 650 555 0104 ::: +1 650 555 0105", PhoneProblem.SEVERAL),
        ("6505550104 +44 20 7946 0000", PhoneProblem.SEVERAL),
        ("4111 1111 1111 1111", PhoneProblem.TOO_LONG),  # a card, no two numbers
        ("+52 1 222 123 4567", PhoneProblem.MEXICAN_ONE),
        ("+5212221234567", PhoneProblem.MEXICAN_ONE),
        ("5212221234567", PhoneProblem.MEXICAN_ONE),
        ("0052 1 222 123 4567", PhoneProblem.MEXICAN_ONE),
        ("011 52 1 222 123 4567", PhoneProblem.MEXICAN_ONE),
        ("+52 1 000 000 0000", PhoneProblem.TOO_LONG),
        ("310-1234", PhoneProblem.TOO_SHORT),  # Canada can dial it, nobody can text it
        ("3109876", PhoneProblem.TOO_SHORT),
        ("1-310-1234", PhoneProblem.TOO_SHORT),
        ("+1 310 1234", PhoneProblem.TOO_SHORT),
        ("123-123-12321", PhoneProblem.INVALID),  # 1 is in the area code, so it is no country code
        ("123 123 12321", PhoneProblem.INVALID),
        ("(165) 055-50100", PhoneProblem.INVALID),
        ("165.055.50100", PhoneProblem.INVALID),
        ("165/055/50100", PhoneProblem.INVALID),
        ("'165-055-50100", PhoneProblem.INVALID),
        ("(165)\u00a0055\u201350100", PhoneProblem.INVALID),
        ("+1 123 123 12321", PhoneProblem.INVALID),
        ("1 1 650 555 0100", PhoneProblem.INVALID),
        ("+1 1 650 555 0100", PhoneProblem.INVALID),
        ("+1 (1) 650-555-0100", PhoneProblem.INVALID),
        ("+116505550100", PhoneProblem.INVALID),
        ("116505550100", PhoneProblem.INVALID),
        ("011 1 1 650 555 0100", PhoneProblem.INVALID),
        ("001 1 650 555 0100", PhoneProblem.INVALID),
        ("0044 2", PhoneProblem.TOO_SHORT),
        ("sms:+16505550108?body=hi", PhoneProblem.LETTERS),
        ("447911123456", PhoneProblem.NO_PLUS),
        ("447911123456.0", PhoneProblem.NO_PLUS),
        ("+999 123 4567", PhoneProblem.COUNTRY),
        ("555-0100", PhoneProblem.TOO_SHORT),  # no area code
        ("12", PhoneProblem.TOO_SHORT),
        ("650555010", PhoneProblem.TOO_SHORT),
        ("650555010.0", PhoneProblem.TOO_SHORT),  # the fraction's zero is not the tenth digit
        ("65055501001", PhoneProblem.TOO_LONG),
        ("+1650555010012", PhoneProblem.TOO_LONG),
        ("6505550100" * 40, PhoneProblem.TOO_LONG),
        ("+1" + "650 555 0100 " * 40, PhoneProblem.TOO_LONG),
        ("1e" + " " * 40_000 + "x", PhoneProblem.TOO_MUCH_TEXT),
        ("Please call our shop in Texas, " * 10 + "650-555-0100", PhoneProblem.TOO_MUCH_TEXT),
        ("(" * 251, PhoneProblem.TOO_MUCH_TEXT),
        (" " * 300, PhoneProblem.EMPTY),
        ("-", PhoneProblem.NOT_A_NUMBER),
        ("()", PhoneProblem.NOT_A_NUMBER),
        ("6505550.25", PhoneProblem.NOT_A_NUMBER),
        ("(555) 010-0001", PhoneProblem.INVALID),  # no such area code
        ("650-055-0100", PhoneProblem.INVALID),  # no exchange begins with 0
        ("(111) 555-0100", PhoneProblem.INVALID),
        ("0000000000", PhoneProblem.INVALID),
    ],
)
def test_refuses_and_says_why(typed: str, problem: PhoneProblem) -> None:
    phone = parse_phone(typed)
    assert (phone.e164, phone.problem) == ("", problem)


@pytest.mark.parametrize("region", ["CA", "GB", "JM"])
@pytest.mark.parametrize(
    "typed", ["+13101234", "+1 310-1234", "+1 1 650 555 0100", "+165 055 50100", "3+3523000"]
)
def test_what_is_no_number_is_none_in_any_region(typed: str, region: str) -> None:
    assert parse_phone(typed, region).e164 == ""


def test_seven_digits_are_no_number_in_canada_either() -> None:
    assert parse_phone("310-1234", "CA").problem is PhoneProblem.TOO_SHORT


def test_a_column_keeps_its_order_and_tells_problems_by_index() -> None:
    numbers, problems = normalise_many(["650-555-0100", "", "x\ny", "+442079460000", "1.6E+10"])
    assert numbers == [ONE, "", "", "+442079460000", ""]
    assert problems == {1: PhoneProblem.EMPTY, 2: PhoneProblem.LETTERS, 4: PhoneProblem.SHORTENED}
    assert normalise_many([]) == ([], {})
    assert normalise_many([""]) == ([""], {0: PhoneProblem.EMPTY})


def test_a_cell_that_is_too_long_spoils_no_other() -> None:
    numbers, problems = normalise_many(["650-555-0100", "x" * 5_000, " 650-555-0199"])
    assert numbers == [ONE, "", "+16505550199"]
    assert problems == {1: PhoneProblem.TOO_MUCH_TEXT}


def by_phonenumbers(typed: str, region: str = "US") -> str:
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def expected(typed: str, region: str = "US") -> str:
    """What phonenumbers says, but for what we read or refuse on purpose."""
    typed = typed.replace("~", "-")
    if whole := WHOLE_FLOAT.fullmatch(re.sub(r"[ ()-]", "", typed)):
        typed = whole[1]
    phone = by_phonenumbers(typed, region) or by_phonenumbers(ABROAD.sub("+", typed), region)
    if not phone.startswith("+1"):
        return phone
    one_too_many = ONE_TOO_MANY.fullmatch(re.sub(r"\D", "", typed))
    return "" if len(phone) != 12 or one_too_many or ONE_IN_AREA_CODE.match(typed) else phone


WHOLE_FLOAT = re.compile(r"^(\+?\d{7,15})\.0+$")
ABROAD = re.compile(r"^\+?[ (]{0,2}(?:00|011)[ ().-]{0,3}(?=[1-9])")
ONE_TOO_MANY = re.compile(r"(?:00|011)?11[2-9]\d{9}")
ONE_IN_AREA_CODE = re.compile(r"\D*1\d\d\D")


def numbers_of_all_countries(seed: int, each: int) -> list[str]:
    """libphonenumber's own examples for all countries and kinds, most of them a little wrong."""
    chance = random.Random(seed)
    made = []
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            assert metadata is not None
            examples = {
                kind.example_number
                for kind in (
                    metadata.fixed_line,
                    metadata.mobile,
                    metadata.toll_free,
                    metadata.personal_number,
                    metadata.uan,
                    metadata.voip,
                )
                if kind and kind.example_number
            }
            for example in sorted(examples):
                for _ in range(each):
                    digits = list(example)
                    for _ in range(chance.choice([0, 0, 1, 2])):
                        digits[chance.randrange(len(digits))] = str(chance.randrange(10))
                    shape = chance.random()
                    if shape < 0.1:
                        digits.append(str(chance.randrange(10)))
                    elif shape < 0.2:
                        digits.pop()
                    elif shape < 0.3:
                        digits.insert(0, metadata.national_prefix or "0")
                    made.append(f"+{code}{''.join(digits)}")
    return made


def test_same_answers_as_phonenumbers_for_all_countries() -> None:
    typed = numbers_of_all_countries(seed=1, each=10)
    assert len(typed) > 8_000
    numbers, problems = normalise_many(typed)
    wanted = [expected(each) for each in typed]
    assert [pair for pair in zip(typed, numbers, wanted, strict=True) if pair[1] != pair[2]] == []
    assert sum(map(bool, wanted)) > 4_000, "the generator must make valid numbers too"
    assert set(problems) == {index for index, number in enumerate(wanted) if not number}


SPELLINGS = (
    *("{}{}{}", "({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "1{}{}{}", "+1{}{}{}", "+1 {} {} {}", "1 ({}) {} {}"),
    *(
        "{} {}{}",
        "+1 ({}){}-{}",
        "{}{}-{}",
        "--{}--{}--{}",
        "((({}) {} {}",
        "{}.{}{}",
        "{} {}.{}",
        "01{}{}{}",
    ),
    *("+{}{}{}", "+1-1{}{}{}", "11{}{}{}", "{}/{}/{}", "{} - {} - {} -", "{}{}{}0", "+ 1{}{}{}", "0{}{}{}"),
    *(
        "011{}{}{}",
        "001{}{}{}",
        "+01{}{}{}",
        "*{}{}{}",
        "{}~{}~{}",
        "+1+{}{}{}",
        "{}+{}{}",
        "{}{}+{}",
        "{}{}",
        "3{}{}",
        "{}",
        "2{}{}{}",
        "44{}{}{}",
        "{}{}{}{}{}",
    ),
)


@pytest.mark.parametrize("region", ["US", "CA", "GB", "JM"])
def test_same_answers_as_phonenumbers_for_spellings_of_ten_digits(region: str) -> None:
    chance = random.Random(2)
    typed = []
    for spelling in SPELLINGS:
        for _ in range(60):
            area = chance.choice(["650", "604", "876", "800", "983", "523", str(chance.randrange(100, 999))])
            parts = [area, f"{chance.randrange(1000):03}", f"{chance.randrange(10000):04}"]
            typed.append(spelling.format(*parts, *parts))
    numbers, _ = normalise_many(typed, region)
    wanted = [expected(each, region) for each in typed]
    assert [pair for pair in zip(typed, numbers, wanted, strict=True) if pair[1] != pair[2]] == []


def test_same_answers_as_phonenumbers_for_every_area_code() -> None:
    exchanges = ("200", "310", "411", "555", "987", "155")
    typed = [f"{code}{exchange}0100" for code in range(200, 1000) for exchange in exchanges]
    assert normalise_many(typed)[0] == [by_phonenumbers(each) for each in typed]


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789 +-().", max_size=24))
def test_same_answers_as_phonenumbers_for_any_digits_and_signs(typed: str) -> None:
    phone = parse_phone(typed)
    stricter = {PhoneProblem.SEVERAL, PhoneProblem.NOT_A_NUMBER}
    if phone.problem not in stricter:
        assert phone.e164 == expected(typed.strip(" "))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_text_gives_one_answer_alone_or_in_a_column(texts: list[str]) -> None:
    numbers, problems = normalise_many(texts)
    alone = [parse_phone(text) for text in texts]
    assert numbers == [phone.e164 for phone in alone]
    assert problems == {index: phone.problem for index, phone in enumerate(alone) if phone.problem}
    assert all(bool(number) != (index in problems) for index, number in enumerate(numbers))


def test_importing_loads_no_phone_library_and_reading_never_the_geocoder() -> None:
    script = (
        "import sys; from campaigns.contacts.phone import parse_phone;"
        "before = 'phonenumbers' in sys.modules;"
        "parse_phone('650-555-0100'); parse_phone('+44 (0)20 7946 0000');"
        "print(before, 'phonenumbers' in sys.modules, 'phonenumbers.geocoder' in sys.modules,"
        "any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False", "False"]
