"""Normalise phone numbers as people write them to E.164, or to a coded problem, as phonenumbers would.

Whole columns go through a few C-level passes over one joined string; only numbers in unusual spellings reach
`phonenumbers.parse`, which is imported at the first number. The differences from it are deliberate.

Refused and never guessed are letters, extensions and numbers shortened by a spreadsheet; with calling code 1,
a number without ten digits (310-1234 works in Canada, but not for texts), a 1 too many (+1 1 650 555 0100)
and a 1 that begins the area code (165-055-50100), because another number may be meant. Read, although the
library does not, are 00 for + in every country, the separators • · _ ~, thousands signs, links (sms:, tel:)
and a calling code that stands twice (+1 +1 650 555 0100). Marks that nobody can see are dropped.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from campaigns.contacts import phone_patterns

MAX_CHARACTERS = 250
"""A longer cell is no phone number, as for phonenumbers. It is refused before a pattern sees it."""


class PhoneProblem(StrEnum):
    EMPTY = "empty"
    TOO_MUCH_TEXT = "too_much_text"
    SHORTENED = "shortened"
    LETTERS = "letters"
    EXTENSION = "extension"
    SEVERAL = "several"
    NO_PLUS = "no_plus"
    MEXICAN_ONE = "mexican_one"
    COUNTRY = "country"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Phone:
    """Either `e164` is filled, or `problem` is set and `e164` is empty."""

    e164: str
    problem: PhoneProblem | None


class _Plain(dict[int, int | None]):
    """`str.translate` table from any script's digits, spaces and dashes to ASCII, filled as signs turn up."""

    def __missing__(self, point: int) -> int | None:
        self[point] = plain = _plain_sign(chr(point))
        return plain


_SIGNS = dict.fromkeys("−ー_~•·∙⋅‧・●◦", "-") | {"‘": "'", "’": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"'}


def _plain_sign(sign: str) -> int | None:
    category = unicodedata.category(sign)
    if category == "Cf":  # zero width, soft hyphen, byte order and direction marks
        return None
    if category in ("Zl", "Zp") or sign in "\n\r\v\f\x85":
        return ord("\n")
    if category == "Zs" or sign == "\t":
        return ord(" ")
    if category == "Nd":
        return ord(str(unicodedata.decimal(sign)))
    if category == "Pd":
        return ord("-")
    folded = unicodedata.normalize("NFKC", sign)
    folded = _SIGNS.get(sign) or _SIGNS.get(folded, folded)
    return ord(folded) if len(folded) == 1 and folded.isascii() else ord(sign)


_PLAIN = _Plain()
_USUAL_SEPARATORS = str.maketrans("", "", " -()_~")
_DOTTED = re.compile(r"^(\+?1)?\.?(\d{3})\.?(\d{3})\.(\d{4})$", re.ASCII | re.MULTILINE)
_WHOLE_FLOAT = re.compile(r"^(\+?\d{7,15})\.0+$", re.ASCII | re.MULTILINE)
_FRACTION = re.compile(r"[+-]?\d{5,}[.,]\d{1,3}", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d++(?:[.,]\d*+)?\s*+[eE]\s*+(?:[+-]\s*+)?\d{1,3}", re.ASCII)
_NORTH_AMERICAN = re.compile(r"(?:\+?1)?([2-9]\d{9})", re.ASCII)
_ONE_IN_AREA_CODE = re.compile(r"\n([^\d\n]{0,4}1\d\d[^\d\n])", re.ASCII)
"""The beginning of a line whose first three digits stand apart and begin with 1, as in (165) 055-50100."""
_TOO_SHORT = re.compile(r"[2-9]\d{0,8}", re.ASCII)
_TOO_LONG = re.compile(r"[2-9]\d{10,}", re.ASCII)
_INTERNATIONAL = re.compile(r"\+([2-9]\d{6,14}|1\d{10})", re.ASCII)
_BETWEEN_NUMBERS = re.compile(r"[,;/|&\n]|::|\bor\b|\band\b|\s\+", re.IGNORECASE)
_LINK = re.compile(r"(?:tel|sms|smsto|callto):(?://)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"(\+?\d{1,3}(?:[,']\d{3}){2,4})(?:\.0{1,9})?", re.ASCII)
_CODE_TWICE = re.compile(r"\+? ?(\d{1,3})[ ().-]{0,3}\+ ?(?=\1)", re.ASCII)
_DIALLED_ABROAD = re.compile(r"\+?[ (]{0,2}(?:00|011)[ ().-]{0,3}(?=[1-9])", re.ASCII)
_MEXICAN_ONE = re.compile(r"\+?(?:00|011)?521(\d{10})", re.ASCII)
_SEVERAL_DIGITS = 14
"""Digits from which a cell may hold two numbers with nothing but a blank between them."""
_MAX_BLANKS = 12
_MAX_SPLITS = 4
_MAX_FOR_LIBRARY = 100
"""Characters, blanks in a row counted once. phonenumbers takes time with the square of the length."""
_NORTH_AMERICA = frozenset({"US", "CA"})
"""Regions where ten digits, with or without a 1, are a number of calling code 1. The Caribbean ones add local
forms of seven digits, which phonenumbers knows."""


@lru_cache(maxsize=1)
def _us_lines() -> re.Pattern[str]:
    """Finds, for each line, the ten digits of a valid number of the United States, else an empty string."""
    return re.compile(rf"^(?:(?:\+?1)?({phone_patterns.us_pattern()})|.*)$", re.ASCII | re.MULTILINE)


def parse_phone(text: str, region: str = "US") -> Phone:
    """One number; `region` (ISO 3166 alpha-2) is where numbers without + and country code belong."""
    numbers, problems = normalise_many((text,), region)
    return Phone(numbers[0], problems.get(0))


def normalise_many(texts: Sequence[str], region: str = "US") -> tuple[list[str], dict[int, PhoneProblem]]:
    """A whole column: E.164 for each text, empty where it has a problem, and the problem by its index.

    Same answers as `parse_phone`. Best given some thousands at a time; a few MB of memory for each 100,000.
    """
    if not texts:
        return [], {}
    texts, problems = _short_enough(texts)
    lines = _as_lines(texts)
    north_america = region in _NORTH_AMERICA
    if north_america:
        national = _us_lines().findall("\n".join(lines))
        numbers = ["+1" + digits if digits else "" for digits in national]
    else:
        numbers = [""] * len(lines)
    for index, number in enumerate(numbers):
        if number or index in problems:
            continue
        result = _spelled_in_full(lines[index], north_america)
        if result is None or (result is PhoneProblem.TOO_LONG and len(texts[index].split()) > 1):
            result = _by_library(texts[index], region)
        if isinstance(result, PhoneProblem):
            problems[index] = result
        else:
            numbers[index] = result
    return numbers, problems


def _short_enough(texts: Sequence[str]) -> tuple[Sequence[str], dict[int, PhoneProblem]]:
    """Blank the texts that are too long for a number; return them with the problems by index."""
    if max(map(len, texts)) <= MAX_CHARACTERS:
        return texts, {}
    stripped = [text.strip() for text in texts]
    problems = {}
    for index, text in enumerate(stripped):
        if len(text) > MAX_CHARACTERS:
            stripped[index] = ""
            only_digits = text.translate(_USUAL_SEPARATORS).lstrip("+").isdecimal()
            problems[index] = PhoneProblem.TOO_LONG if only_digits else PhoneProblem.TOO_MUCH_TEXT
    return stripped, problems


def _as_lines(texts: Sequence[str]) -> list[str]:
    """Strip the usual separators and line breaks; one line for each text."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1 or not joined.isascii():
        joined = "\n".join([_one_line(text) for text in texts])
    joined = _ONE_IN_AREA_CODE.sub(r"\n?\1", "\n" + joined)[1:]  # no pattern for plain digits takes a ?
    joined = joined.translate(_USUAL_SEPARATORS)
    if "." in joined:
        joined = _WHOLE_FLOAT.sub(r"\1", _DOTTED.sub(r"\1\2\3\4", joined))
    return joined.split("\n")


def _one_line(text: str) -> str:
    return text if text.isalnum() and text.isascii() else text.translate(_PLAIN).replace("\n", "\t")


def _spelled_in_full(compact: str, north_america: bool) -> str | PhoneProblem | None:
    """The answer for digits whose meaning does not depend on how they were written; None if it may."""
    if north_america:
        if match := _NORTH_AMERICAN.fullmatch(compact):
            national: str = match[1]
            valid = phone_patterns.national_pattern(1, 10).fullmatch(national)
            return "+1" + national if valid else PhoneProblem.INVALID
        if _TOO_SHORT.fullmatch(compact):
            return PhoneProblem.TOO_SHORT
        if _TOO_LONG.fullmatch(compact):
            if phone_patterns.is_valid_international(compact):
                return PhoneProblem.NO_PLUS
            return PhoneProblem.MEXICAN_ONE if _has_mexican_one(compact) else PhoneProblem.TOO_LONG
    if (match := _INTERNATIONAL.fullmatch(compact)) and phone_patterns.is_valid_international(match[1]):
        return compact
    return None


def _by_library(text: str, region: str) -> str | PhoneProblem:
    """Parse any spelling; slow."""
    text = text.translate(_PLAIN).strip("\n '\"=")
    if not text:
        return PhoneProblem.EMPTY
    text = _unwrapped(text)
    if _SCIENTIFIC.fullmatch(text):
        return PhoneProblem.SHORTENED
    if _FRACTION.fullmatch(text) or not any(sign.isdigit() for sign in text):
        return PhoneProblem.LETTERS if any(map(str.isalpha, text)) else PhoneProblem.NOT_A_NUMBER
    if sum(len(re.sub(r"\D", "", part)) >= 7 for part in _BETWEEN_NUMBERS.split(text)) > 1:
        return PhoneProblem.SEVERAL
    text = text.replace("\n", " ")
    if (twice := _CODE_TWICE.match(text)) and _is_code(twice[1], text[twice.end() :]):
        text = "+" + text[twice.end() :]
    result = _parsed(text, region)
    if isinstance(result, PhoneProblem) and (abroad := _DIALLED_ABROAD.match(text)):
        result = _parsed("+" + text[abroad.end() :], region)
    if isinstance(result, PhoneProblem) and result is not PhoneProblem.LETTERS:
        digits = re.sub(r"[^\d+]", "", text)
        if _has_mexican_one(digits):
            return PhoneProblem.MEXICAN_ONE
        if len(digits) >= _SEVERAL_DIGITS and _begins_with_another(text, region):
            return PhoneProblem.SEVERAL
    return result


def _unwrapped(text: str) -> str:
    """Without what programs put around or into a number: a link, a fraction of zeros, thousands signs."""
    if link := _LINK.match(text):
        text = text[link.end() :].strip()
    if whole := _WHOLE_FLOAT.fullmatch(text) or _THOUSANDS.fullmatch(text):
        text = whole[1].replace(",", "").replace("'", "")
    return text


def _is_code(digits: str, text: str) -> bool:
    """Whether these digits are the calling code that a text begins with, not only its first digits."""
    return str(phone_patterns.calling_code(re.sub(r"\D", "", text[:8])[:3] or "0")) == digits


def _has_mexican_one(digits: str) -> bool:
    """Whether it is a number of Mexico with the 1 that mobiles had until 2019, as WhatsApp still shows it."""
    match = _MEXICAN_ONE.fullmatch(digits)
    return match is not None and phone_patterns.is_valid_international("52" + match[1])


def _begins_with_another(text: str, region: str) -> bool:
    """Whether a number stands before one of the first blanks, and as many digits as one needs behind it."""
    blanks = [place for place, sign in enumerate(text) if sign == " "][:_MAX_BLANKS]
    splits = (place for place in blanks if 7 <= _digits(text[:place]) <= 15 and _digits(text[place:]) >= 7)
    return any(
        not isinstance(_parsed(text[:place], region), PhoneProblem) for place in islice(splits, _MAX_SPLITS)
    )


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _parsed(text: str, region: str) -> str | PhoneProblem:
    import phonenumbers

    text = re.sub(" {2,}", " ", text)
    if len(text) > _MAX_FOR_LIBRARY:
        return _too_long_to_parse(text)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        return _refused(text, error.error_type)
    if number.extension:
        return PhoneProblem.EXTENSION
    if any(map(str.isalpha, text)):
        return PhoneProblem.LETTERS
    if phonenumbers.is_valid_number(number):
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return (number.country_code == 1 and _odd_for_code_1(text, e164)) or e164
    digits = re.sub(r"\D", "", text)
    if "+" not in text and len(digits) > 10 and phone_patterns.is_valid_international(digits):
        return PhoneProblem.NO_PLUS
    length = phonenumbers.ValidationResult
    return {
        length.TOO_LONG: PhoneProblem.TOO_LONG,
        length.TOO_SHORT: PhoneProblem.TOO_SHORT,
        length.IS_POSSIBLE_LOCAL_ONLY: PhoneProblem.TOO_SHORT,
    }.get(phonenumbers.is_possible_number_with_reason(number), PhoneProblem.INVALID)


def _odd_for_code_1(text: str, e164: str) -> PhoneProblem | None:
    """What is wrong with a number of calling code 1, although the library takes it."""
    national = e164[2:]
    if len(national) != 10:
        return PhoneProblem.TOO_SHORT
    groups = re.findall(r"\d+", text)
    before = "".join(groups).removesuffix(national)
    if before in ("11", "0011", "01111") or (before == "1" and len(groups[0]) == 3):
        return PhoneProblem.INVALID
    return None


def _too_long_to_parse(text: str) -> PhoneProblem:
    if any(map(str.isalpha, text)):
        return PhoneProblem.LETTERS
    digits = sum(map(str.isdigit, text))
    return PhoneProblem.TOO_LONG if digits > phone_patterns.MAX_DIGITS else PhoneProblem.NOT_A_NUMBER


def _refused(text: str, error_type: int) -> PhoneProblem:
    from phonenumbers import NumberParseException

    if any(map(str.isalpha, text)):
        return PhoneProblem.LETTERS
    return {
        NumberParseException.INVALID_COUNTRY_CODE: PhoneProblem.COUNTRY,
        NumberParseException.TOO_SHORT_AFTER_IDD: PhoneProblem.TOO_SHORT,
        NumberParseException.TOO_SHORT_NSN: PhoneProblem.TOO_SHORT,
        NumberParseException.TOO_LONG: PhoneProblem.TOO_LONG,
    }.get(error_type, PhoneProblem.NOT_A_NUMBER)
