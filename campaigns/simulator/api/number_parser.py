"""Endpoints that parse telephone numbers of the United States and Canada as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.errors import ApiError, api_error
from campaigns.simulator.api.parsing import base_url, parse_json
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import takes_recipient
from campaigns.simulator.http_types import Request, Response, json_response

_MAX_NUMBERS = 64
_MAX_LENGTH = 64
_TOLL_FREE = ("800", "888", "877", "866", "855", "844", "833")
_NANP = re.compile(r"\+?1?([0-9]{10})")
_COUNTRY = {"isoCode": "US", "name": "United States", "callingCode": "1"}
_DETAILS = ("includeNumberDetails", "includeFormats")
"""The optional parts of a result. Details of dialling are never included."""


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    original: str
    digits: str
    """Ten digits; empty if it is no number of North America."""

    @classmethod
    def parse(cls, text: str) -> ParsedNumber:
        match = _NANP.fullmatch(re.sub(r"[\s().\-]", "", text))
        return cls(text, match[1] if match else "")

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


def _parse_request(request: Request) -> tuple[dict[str, Any], list[ParsedNumber]]:
    body = parse_json(request.body)
    texts = body.get("originalStrings") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not texts:
        raise _invalid_strings("CMN-100", "Mandatory parameter [originalStrings] not specified.")
    if len(texts) > _MAX_NUMBERS:
        raise _invalid_strings(
            "CMN-151", f"More than [{_MAX_NUMBERS}] values for parameter [originalStrings]."
        )
    for text in texts:
        if not isinstance(text, str) or not text:
            raise _invalid_strings("CMN-100", "Mandatory parameter [originalStrings] not specified.")
        if len(text) > _MAX_LENGTH:
            raise _invalid_strings(
                "CMN-409", f"A value of [originalStrings] is longer than [{_MAX_LENGTH}] characters."
            )
    return body, [ParsedNumber.parse(text) for text in texts]


def _invalid_strings(code: str, message: str) -> ApiError:
    return api_error(400, code, message, parameter="originalStrings")


def parse_numbers(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    body, numbers = _parse_request(request)
    source = body.get("contextSource", "Default")
    if source not in ("Default", "Account"):
        raise api_error(
            400, "CMN-101", "Parameter [contextSource] value is invalid.", parameter="contextSource"
        )
    given = body.get("resultContent")
    content = given if isinstance(given, dict) else {}
    wanted = {name for name in _DETAILS if content.get(name, True)}
    context: dict[str, Any] = {"vanityPhoneNumbersAllowed": False, "conflictHandling": "Default"}
    if source == "Account":
        context["country"] = _COUNTRY
    return json_response({"context": context, "results": [_result_v2(number, wanted) for number in numbers]})


def _result_v2(number: ParsedNumber, wanted: set[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"originalString": number.original}
    if "includeNumberDetails" in wanted:
        result["numberDetails"] = _details(number)
    if "includeFormats" in wanted:
        result["formats"] = [_formats(number)] if number.digits else []
    return result


def _details(number: ParsedNumber) -> dict[str, Any]:
    if not number.digits:
        return {"status": "Invalid"}
    return {
        "country": _COUNTRY,
        "areaCode": number.digits[:3],
        "subscriberNumber": number.digits[3:],
        "status": "Valid" if number.valid else "Possible",
    }


def _formats(number: ParsedNumber) -> dict[str, str]:
    return {
        "category": "TollFree" if number.toll_free else "Regular",
        "e164": number.e164,
        "national": number.national,
        "international": number.international,
        "dialable": number.e164,
    }


def parse_numbers_v1(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Deprecated. An invalid number comes back as it was written, and nothing else."""
    numbers = _parse_request(request)[1]
    return json_response(
        {
            "uri": f"{base_url(request)}/v1.0/number-parser/parse",
            "homeCountry": {"id": "1", **_COUNTRY},
            "phoneNumbers": [_record_v1(number) for number in numbers],
        }
    )


def _record_v1(number: ParsedNumber) -> dict[str, Any]:
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
