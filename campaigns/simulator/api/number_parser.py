"""Endpoints that read telephone numbers as people write them: those of the United States and Canada only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    base_url,
    json_answer,
    read_any_json,
    refusal,
)
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.numbers import takes_recipient

_MOST = 64
_LONGEST = 64
_TOLL_FREE = ("800", "888", "877", "866", "855", "844", "833")
_NANP = re.compile(r"\+?1?([0-9]{10})")
_COUNTRY = {"isoCode": "US", "name": "United States", "callingCode": "1"}
_DETAILS = ("includeNumberDetails", "includeFormats")
"""What may be left out. There are never details of dialling: no service codes are known here."""


@dataclass(frozen=True, slots=True)
class _Parsed:
    original: str
    digits: str
    """Ten digits; empty for what is no number of this part of the world."""

    @property
    def e164(self) -> str:
        return f"+1{self.digits}"

    @property
    def valid(self) -> bool:
        return bool(self.digits) and takes_recipient(self.e164) is not None

    @property
    def toll_free(self) -> bool:
        return self.digits.startswith(_TOLL_FREE)

    @property
    def national(self) -> str:
        return f"({self.digits[:3]}) {self.digits[3:6]}-{self.digits[6:]}"

    @property
    def international(self) -> str:
        return f"+1 ({self.digits[:3]}) {self.digits[3:]}"


def _parse(text: str) -> _Parsed:
    found = _NANP.fullmatch(re.sub(r"[\s().\-]", "", text))
    return _Parsed(text, found[1] if found else "")


def _read(request: Request) -> tuple[dict[str, Any], list[_Parsed]]:
    body = read_any_json(request.body)
    texts = body.get("originalStrings") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not texts:
        raise _bad("CMN-100", "Mandatory parameter [originalStrings] not specified.")
    if len(texts) > _MOST:
        raise _bad("CMN-151", f"More than [{_MOST}] values for parameter [originalStrings].")
    for text in texts:
        if not isinstance(text, str) or not text:
            raise _bad("CMN-100", "Mandatory parameter [originalStrings] not specified.")
        if len(text) > _LONGEST:
            raise _bad("CMN-409", f"A value of [originalStrings] is longer than [{_LONGEST}] characters.")
    return body, [_parse(text) for text in texts]


def _bad(code: str, message: str) -> RefusalError:
    return refusal(400, code, message, parameter="originalStrings")


def parse_numbers(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """v2."""
    body, numbers = _read(request)
    source = body.get("contextSource", "Default")
    if source not in ("Default", "Account"):
        raise refusal(
            400, "CMN-101", "Parameter [contextSource] value is invalid.", parameter="contextSource"
        )
    given = body.get("resultContent")
    content = given if isinstance(given, dict) else {}
    wanted = {name for name in _DETAILS if content.get(name, True)}
    context: dict[str, Any] = {"vanityPhoneNumbersAllowed": False, "conflictHandling": "Default"}
    if source == "Account":
        context["country"] = _COUNTRY
    return json_answer({"context": context, "results": [_result(number, wanted) for number in numbers]})


def _result(number: _Parsed, wanted: set[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"originalString": number.original}
    if "includeNumberDetails" in wanted:
        result["numberDetails"] = _details(number)
    if "includeFormats" in wanted:
        result["formats"] = [_formats(number)] if number.digits else []
    return result


def _details(number: _Parsed) -> dict[str, Any]:
    if not number.digits:
        return {"status": "Invalid"}
    return {
        "country": _COUNTRY,
        "areaCode": number.digits[:3],
        "subscriberNumber": number.digits[3:],
        "status": "Valid" if number.valid else "Possible",
    }


def _formats(number: _Parsed) -> dict[str, str]:
    return {
        "category": "TollFree" if number.toll_free else "Regular",
        "e164": number.e164,
        "national": number.national,
        "international": number.international,
        "dialable": number.e164,
    }


def parse_numbers_v1(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """v1, deprecated. What is no number comes back as it was written, and nothing else."""
    numbers = _read(request)[1]
    return json_answer(
        {
            "uri": f"{base_url(request)}/v1.0/number-parser/parse",
            "homeCountry": {"id": "1", **_COUNTRY},
            "phoneNumbers": [_older(number) for number in numbers],
        }
    )


def _older(number: _Parsed) -> dict[str, Any]:
    if not number.digits:
        return {"originalString": number.original}
    return {
        "originalString": number.original,
        "country": {"id": "1", **_COUNTRY},
        "areaCode": number.digits[:3],
        "subscriberNumber": number.digits[3:],
        "e164": number.e164,
        "formattedNational": number.national,
        "formattedInternational": number.international,
        "dialable": number.e164,
        "normalized": number.e164.removeprefix("+"),
        "special": False,
        "tollFree": number.toll_free,
    }
