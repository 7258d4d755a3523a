"""Every country's numbering plan as plain patterns, read from the metadata of the installed phonenumbers.

`phonenumbers.parse` plus `is_valid_number` take about 50 µs a number, most of it spent on finding out how the
number was written. For digits that are already in international form the verdict is one pattern match, and
the pattern is in the library's own metadata, so nothing here can drift from the library that is installed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata

NEVER = "(?!)"
MAX_DIGITS = 20
"""phonenumbers knows national numbers of up to 17 digits, behind a calling code of up to three."""
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def region_pattern(metadata: PhoneMetadata, length: int) -> str:
    """The national numbers of exactly `length` digits that are valid in one region, as a pattern."""
    kinds = []
    for name in _KINDS:
        kind = getattr(metadata, name)
        if kind is None or not kind.national_number_pattern:
            continue
        if kind.possible_length and length not in kind.possible_length:
            continue
        if kind.national_number_pattern not in kinds:
            kinds.append(kind.national_number_pattern)
    general = metadata.general_desc
    if not kinds or general is None or not general.national_number_pattern:
        return NEVER
    if general.possible_length and length not in general.possible_length:
        return NEVER
    return rf"(?=(?:{general.national_number_pattern})$)(?:{'|'.join(kinds)})"


@lru_cache(maxsize=4096)
def national_pattern(calling_code: int, length: int) -> re.Pattern[str]:
    """What `is_valid_number` accepts for this calling code among national numbers of `length` digits.

    Regions that share a calling code are tried in libphonenumber's order, and one whose leading digits match
    decides alone, exactly as `region_code_for_number` picks the region.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE[calling_code]
    pattern = NEVER
    for region in reversed(regions):
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
        if metadata is None:
            continue
        own = region_pattern(metadata, length)
        leading = metadata.leading_digits if len(regions) > 1 else None
        if leading:
            pattern = f"(?:(?={leading}){own}|(?!{leading}){pattern})"
        elif own != NEVER:
            pattern = f"(?:{own}|{pattern})"
    return re.compile(pattern, re.ASCII)


@lru_cache(maxsize=512)
def trunk_prefix(calling_code: int) -> re.Pattern[str] | None:
    """What a national number may begin with that the parser would take off or rewrite, such as a 0."""
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    region = region_code_for_country_code(calling_code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
    prefix = metadata.national_prefix_for_parsing if metadata else None
    return re.compile(prefix, re.ASCII) if prefix else None


@lru_cache(maxsize=4096)
def calling_code(first_digits: str) -> int:
    """The calling code that these three digits begin with, or 0."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for length in (1, 2, 3):
        code = int(first_digits[:length])
        if code in COUNTRY_CODE_TO_REGION_CODE and first_digits[0] != "0":
            return code
    return 0


def is_valid_international(digits: str) -> bool:
    """Whether these ASCII digits, calling code first, are surely a valid number spelled in full.

    True means that phonenumbers agrees, and that E.164 is "+" and these digits. False means only that
    phonenumbers has to be asked.
    """
    code = calling_code(digits[:3])
    if not code:
        return False
    national = digits[len(str(code)) :]
    prefix = trunk_prefix(code)
    if len(digits) > MAX_DIGITS:
        return False
    if prefix:
        match = prefix.match(national)
        if match and match.end():
            return False
    return national_pattern(code, len(national)).fullmatch(national) is not None


def main_region(calling_code: int) -> str:
    """ISO code of the region that a calling code stands for first; empty or 001 if there is none."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return (COUNTRY_CODE_TO_REGION_CODE.get(calling_code) or ("",))[0]


def north_america() -> list[tuple[str, str, str]]:
    """The regions of calling code 1: ISO code, leading digits if they decide, pattern of ten digits."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = []
    for region in COUNTRY_CODE_TO_REGION_CODE[1]:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata:
            regions.append((region, metadata.leading_digits or "", region_pattern(metadata, 10)))
    return regions


@lru_cache(maxsize=1)
def us_pattern() -> str:
    """The ten digits of numbers of the United States and of the whole plan's toll-free numbers.

    It is the first region of calling code 1 and has no leading digits, so a match settles it; compiled
    alone it costs a tenth of the whole plan of 25 regions.
    """
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region("US")
    return region_pattern(metadata, 10) if metadata else NEVER
