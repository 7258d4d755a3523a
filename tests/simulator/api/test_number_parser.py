from typing import Any

import pytest

from tests.simulator.client import Client

V1, V2 = "/restapi/v1.0/number-parser/parse", "/restapi/v2/number-parser/parse"


@pytest.mark.parametrize(
    ("text", "e164", "status"),
    [
        ("+16505550100", "+16505550100", "Valid"),
        ("(650) 555-0100", "+16505550100", "Valid"),
        ("1-650-555.0100", "+16505550100", "Valid"),
        ("16505550100", "+16505550100", "Valid"),
        ("6501550100", "+16501550100", "Possible"),  # no exchange begins with 1
        ("+442071838750", None, "Invalid"),
        ("911", None, "Invalid"),
        ("Ann", None, "Invalid"),
    ],
)
def test_numbers_as_people_write_them(client: Client, text: str, e164: str | None, status: str) -> None:
    (result,) = client.post(V2, {"originalStrings": [text]}).json["results"]
    assert result["numberDetails"]["status"] == status
    assert [one["e164"] for one in result["formats"]] == ([e164] if e164 else [])
    (older,) = client.post(V1, {"originalStrings": [text]}).json["phoneNumbers"]
    assert (older["originalString"], older.get("e164")) == (text, e164)


def test_formats(client: Client) -> None:
    (result,) = client.post(V2, {"originalStrings": ["8885550100"]}).json["results"]
    assert result["formats"] == [
        {
            "category": "TollFree",
            "e164": "+18885550100",
            "national": "(888) 555-0100",
            "international": "+1 (888) 5550100",
            "dialable": "+18885550100",
        }
    ]


def test_only_what_was_asked_for(client: Client) -> None:
    body = {"originalStrings": ["8885550100"], "contextSource": "Account"}
    content = {"includeFormats": False}
    answer = client.post(V2, body | {"resultContent": content}).json
    assert set(answer["results"][0]) == {"originalString", "numberDetails"}
    assert answer["context"]["country"]["isoCode"] == "US"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "CMN-100"),
        ({"originalStrings": []}, "CMN-100"),
        ({"originalStrings": [""]}, "CMN-100"),
        ({"originalStrings": ["1"] * 65}, "CMN-151"),
        ({"originalStrings": ["1" * 65]}, "CMN-409"),
        ({"originalStrings": ["1"], "contextSource": "Mine"}, "CMN-101"),
        (b"{", "CMN-104"),
    ],
)
def test_nonsense(client: Client, body: Any, code: str) -> None:
    reply = client.post(V2, body)
    assert (reply.status, set(reply.json), reply.code) == (400, {"errors"}, code)
