import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import A2P, CONSENTS, LONG_CODE, P2P_ONLY, TOLL_FREE, Client
from tests.simulator.running import RunningSimulator, running_simulator

ANN, BEN, CAT = "+14155550101", "+14155550102", "+14155550103"
OPT_OUTS = f"{A2P}/opt-outs"


def _wish(sender: str, recipient: str, status: str = "OptOut", source: str = "Api") -> dict[str, str]:
    return {"from": sender, "to": recipient, "optStatus": status, "source": source}


def _patch(client: Client, *records: dict[str, str]) -> Any:
    reply = client.change("PATCH", CONSENTS, {"records": list(records)})
    assert reply.status == 200, reply.body
    return reply.json


def _pairs(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["from"], one["to"]) for one in records]


def _code(client: Client, to: str, sender: str = LONG_CODE) -> str:
    batch = client.send_batch(to, sender=sender)
    records = client.get(f"{A2P}/messages", batchId=batch["id"]).json["records"]
    code: str = records[0].get("errorCode", "")
    return code


def test_one_book_under_both_endpoints(client: Client, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, LONG_CODE, "Stop")
    _patch(client, _wish(TOLL_FREE, BEN))
    assert client.get(OPT_OUTS).json["records"] == [
        {"from": TOLL_FREE, "to": BEN, "status": "OptOut", "source": "Account"},
        {"from": LONG_CODE, "to": ANN, "status": "OptOut", "source": "Recipient"},
    ]
    first, second = client.post(f"{CONSENTS}/search", {}).json["records"]
    moments = first.pop("lastModifiedTime"), second.pop("lastModifiedTime")
    assert moments[0] > moments[1]
    assert first == _wish(TOLL_FREE, BEN) | {"coverage": "PhoneNumber"}
    assert second == _wish(LONG_CODE, ANN, source="Recipient") | {"coverage": "PhoneNumber"}


def test_only_the_pair_is_blocked_unless_the_whole_account_is(client: Client) -> None:
    _patch(client, _wish(LONG_CODE, ANN), _wish("*", BEN))
    assert (_code(client, ANN), _code(client, ANN, TOLL_FREE)) == ("SMS-RC-413", "")
    assert (_code(client, BEN), _code(client, BEN, TOLL_FREE)) == ("SMS-RC-413", "SMS-RC-413")
    # The newest word counts, whether it is about one number or about all.
    _patch(client, _wish(TOLL_FREE, BEN, "OptIn"), _wish("*", ANN, "OptIn"))
    assert (_code(client, BEN), _code(client, BEN, TOLL_FREE)) == ("SMS-RC-413", "")
    assert _code(client, ANN) == ""


def test_what_was_sent_before_stays_sent(client: Client) -> None:
    batch = client.send_batch(ANN)
    _patch(client, _wish(LONG_CODE, ANN))
    assert client.get(f"{A2P}/messages", batchId=batch["id"]).json["records"][0]["messageStatus"] != (
        "SendingFailed"
    )


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ({}, [("*", CAT), (LONG_CODE, ANN)]),
        ({"status": "optout"}, [("*", CAT), (LONG_CODE, ANN)]),
        ({"status": "optin"}, [(TOLL_FREE, BEN)]),
        ({"status": "all"}, [("*", CAT), (TOLL_FREE, BEN), (LONG_CODE, ANN)]),
        ({"from": LONG_CODE}, [(LONG_CODE, ANN)]),
        ({"from": LONG_CODE.removeprefix("+")}, [(LONG_CODE, ANN)]),
        ({"from": "*"}, [("*", CAT), (LONG_CODE, ANN)]),
        ({"to": CAT}, [("*", CAT)]),
        ({"to": BEN}, []),
    ],
)
def test_older_list_filters(client: Client, query: dict[str, str], pairs: list[tuple[str, str]]) -> None:
    _patch(client, _wish(LONG_CODE, ANN), _wish(TOLL_FREE, BEN))
    _patch(client, _wish(TOLL_FREE, BEN, "OptIn"), _wish("*", CAT))
    assert _pairs(client.get(OPT_OUTS, **query).json["records"]) == pairs


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"status": "OptOut"}, "status"),
        ({"from": "(650) 555-0100"}, "from"),
        ({"to": "Ann"}, "to"),
        ({"perPage": "0"}, "perPage"),
        ({"pageToken": "?"}, "pageToken"),
    ],
)
def test_older_list_bad_filters(client: Client, query: dict[str, str], parameter: str) -> None:
    reply = client.get(OPT_OUTS, **query)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)


def test_lists_come_in_pages(client: Client) -> None:
    people = [f"+1415555{number:04d}" for number in range(101, 106)]
    _patch(client, *[_wish(LONG_CODE, person) for person in people])
    seen, token = [], None
    for _ in range(3):
        page = client.get(OPT_OUTS, perPage=2, **({"pageToken": token} if token else {})).json
        seen += [one["to"] for one in page["records"]]
        token = page["paging"].get("nextPageToken")
    assert (seen, token) == (people[::-1], None)
    first = client.post(f"{CONSENTS}/search", {"perPage": 3}).json
    token = first["paging"]["nextPageToken"]
    second = client.post(f"{CONSENTS}/search", {"perPage": 3, "pageToken": token}).json
    assert [len(one["records"]) for one in (first, second)] == [3, 2]
    assert client.post(f"{CONSENTS}/search", {"perPage": 5000}).json["paging"]["perPage"] == 1000
    assert client.post(f"{CONSENTS}/search", {}).json["paging"]["perPage"] == 100


def test_older_list_as_csv(client: Client) -> None:
    _patch(client, _wish(LONG_CODE, ANN))
    reply = client.send("GET", OPT_OUTS, None, client.headers | {"Accept": "text/csv"})
    assert reply.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(reply.body.decode())))
    assert rows == [["FROM", "TO", "STATUS", "SOURCE"], [LONG_CODE, ANN, "OptOut", "Account"]]


def test_bulk_assign(client: Client) -> None:
    _patch(client, _wish(LONG_CODE, BEN))
    body = {"from": LONG_CODE, "optOuts": [ANN, "+442071838750"], "optIns": [BEN]}
    answer = client.post(f"{OPT_OUTS}/bulk-assign", body).json
    assert answer["optOuts"]["successful"] == [ANN]
    assert [one["to"] for one in answer["optOuts"]["failed"]] == ["+442071838750"]
    assert answer["optIns"] == {"successful": [BEN], "failed": []}
    assert _pairs(client.get(OPT_OUTS).json["records"]) == [(LONG_CODE, ANN)]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"optOuts": [ANN]}, "from"),
        ({"from": ANN, "optOuts": [ANN]}, "from"),
        ({"from": LONG_CODE}, "optOuts"),
        ({"from": LONG_CODE, "optOuts": [], "optIns": []}, "optOuts"),
        ({"from": LONG_CODE, "optIns": ANN}, "optIns"),
        ({"from": LONG_CODE, "optOuts": [1]}, "optOuts"),
    ],
)
def test_bulk_assign_of_nonsense(client: Client, body: dict[str, Any], parameter: str) -> None:
    reply = client.post(f"{OPT_OUTS}/bulk-assign", body)
    assert (reply.status, reply.json["errorCode"], reply.json["parameterName"]) == (400, "CMN-101", parameter)


@pytest.mark.parametrize(
    ("search", "pairs"),
    [
        ({}, [("*", CAT), (TOLL_FREE, BEN), (LONG_CODE, ANN)]),
        ({"optStatus": "OptIn"}, [(TOLL_FREE, BEN)]),
        ({"from": [LONG_CODE, "*"]}, [("*", CAT), (LONG_CODE, ANN)]),
        ({"to": [BEN, CAT], "optStatus": "OptOut"}, [("*", CAT)]),
        ({"coverage": ["Account"]}, [("*", CAT)]),
        ({"coverage": ["PhoneNumber"]}, [(TOLL_FREE, BEN), (LONG_CODE, ANN)]),
        ({"coverage": ["CampaignType"]}, []),
        ({"campaignType": ["Promotional"]}, []),
    ],
)
def test_search(client: Client, search: dict[str, Any], pairs: list[tuple[str, str]]) -> None:
    _patch(client, _wish(LONG_CODE, ANN), _wish(TOLL_FREE, BEN, "OptIn"), _wish("*", CAT))
    assert _pairs(client.post(f"{CONSENTS}/search", search).json["records"]) == pairs


def test_newer_list(client: Client) -> None:
    _patch(client, _wish(LONG_CODE, ANN), _wish(TOLL_FREE, BEN, "OptIn"))
    assert _pairs(client.get(CONSENTS).json["records"]) == [(LONG_CODE, ANN)]
    both = client.get(CONSENTS, optStatus=["OptIn", "OptOut"]).json["records"]
    assert _pairs(both) == [(TOLL_FREE, BEN), (LONG_CODE, ANN)]
    assert client.get(CONSENTS, to=BEN).json["records"] == []


@pytest.mark.parametrize(
    ("search", "parameter"),
    [
        ({"from": "+16505550100"}, "from"),
        ({"from": []}, "from"),
        ({"to": [f"+1415555{number:04d}" for number in range(21)]}, "to"),
        ({"to": ["14155550101"]}, "to"),
        ({"optStatus": "optout"}, "optStatus"),
        ({"coverage": ["phoneNumber"]}, "coverage"),
        ({"campaignType": []}, "campaignType"),
        ({"perPage": 0}, "perPage"),
        ({"perPage": "many"}, "perPage"),
        ({"pageToken": 7}, "pageToken"),
    ],
)
def test_errors_of_v2_have_their_own_envelope(client: Client, search: dict[str, Any], parameter: str) -> None:
    reply = client.post(f"{CONSENTS}/search", search)
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert reply.json["errors"][0]["errorCode"] == "CMN-101"
    assert reply.json["errors"][0]["parameterName"] == parameter


def test_the_gateway_answers_v2_in_the_same_envelope(simulator: RunningSimulator) -> None:
    reply = Client(simulator.url, sign_in=False).get(CONSENTS)
    assert (reply.status, set(reply.json), reply.code) == (401, {"errors"}, "AGW-401")


def test_good_records_count_and_bad_ones_come_back(client: Client) -> None:
    good, bad = _wish(LONG_CODE, ANN), _wish(CAT, ANN)
    foreign, spoken = _wish(LONG_CODE, "+442071838750"), _wish(LONG_CODE, BEN, source="Recipient")
    failed = _patch(client, good, bad, foreign, spoken)["failedRecords"]
    assert [one.pop("error")["parameterName"] for one in failed] == ["from", "to", "source"]
    assert failed == [bad, foreign, spoken]
    assert _pairs(client.get(CONSENTS).json["records"]) == [(LONG_CODE, ANN)]
    assert _patch(client, _wish(P2P_ONLY, ANN)) == {}


@pytest.mark.parametrize(
    "records",
    [
        None,
        [],
        {"from": LONG_CODE},
        [1],
        [_wish(LONG_CODE, ANN)] * 1001,
        [{"from": LONG_CODE, "to": ANN, "optStatus": "OptOut"}],
        [_wish(LONG_CODE, ANN, status="optout")],
        [_wish(LONG_CODE, ANN, source="Account")],
    ],
)
def test_records_that_break_the_schema(client: Client, records: Any) -> None:
    reply = client.change("PATCH", CONSENTS, {"records": records})
    assert (reply.status, reply.code) == (400, "CMN-101")
    assert client.get(CONSENTS).json["records"] == []


def test_history_keeps_every_entry(client: Client, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, LONG_CODE, "STOP")
    simulator.inbound(ANN, LONG_CODE, "START")
    _patch(client, _wish(LONG_CODE, BEN))
    records = client.get(f"{CONSENTS}/history").json["records"]
    assert [(one["to"], one["optStatus"]) for one in records] == [
        (BEN, "OptOut"),
        (ANN, "OptIn"),
        (ANN, "OptOut"),
    ]
    assert all("createdAt" in one and "lastModifiedTime" not in one for one in records)
    assert len(client.get(f"{CONSENTS}/history", to=[ANN]).json["records"]) == 2
    assert client.get(f"{CONSENTS}/history", to=[ANN] * 21).status == 400
    assert len(client.get(f"{CONSENTS}/history", perPage=1).json["records"]) == 1


def test_export(client: Client) -> None:
    _patch(client, _wish("*", ANN))
    reply = client.get(f"{CONSENTS}/export")
    assert reply.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(reply.body.decode()))
    assert (row["External Party Number"], row["Internal Party Number"]) == (ANN, "*")
    assert (row["Consent Status"], row["Source"], row["Coverage"]) == ("OptOut", "Api", "Company")


def test_answers_carry_a_tag_of_their_content(client: Client) -> None:
    tags = [client.get(CONSENTS).headers["etag"] for _ in range(2)]
    _patch(client, _wish(LONG_CODE, ANN))
    tags.append(client.get(CONSENTS).headers["etag"])
    assert tags[0] == tags[1] != tags[2]


def test_a_restart_keeps_the_book(tmp_path: Path) -> None:
    with running_simulator(state=tmp_path / "state", rate_limits="off") as simulator:
        client = Client(simulator.url)
        simulator.inbound(BEN, LONG_CODE, "STOP")
        _patch(client, _wish(LONG_CODE, ANN), _wish(LONG_CODE, BEN, "OptIn"))
        before = client.get(f"{CONSENTS}/history").json
        simulator.kill()
        simulator.restart()
        assert client.get(f"{CONSENTS}/history").json == before
        assert _pairs(client.get(OPT_OUTS).json["records"]) == [(LONG_CODE, ANN)]
