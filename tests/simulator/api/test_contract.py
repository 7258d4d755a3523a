"""Every operation of the contract is called over the wire, and every answer is held against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.simulator.api.contract import CONTRACT, EXCEPTIONS, OPERATIONS, Checker
from tests.simulator.client import (
    A2P,
    CONSENTS,
    EXTENSION,
    LONG_CODE,
    P2P_ONLY,
    STORE,
    SUBSCRIPTIONS,
    TOLL_FREE,
    Client,
    Reply,
)
from tests.simulator.hook import Hook, listening, subscribe
from tests.simulator.mail import MULTIPART_JSON, add
from tests.simulator.running import RunningSimulator, running_simulator

ANN, BEN = "+14155550101", "+14155550102"
BATCHES, MESSAGES, STATUSES = f"{A2P}/batches", f"{A2P}/messages", f"{A2P}/statuses"
OPT_OUTS = f"{A2P}/opt-outs"
ACCOUNT = "/restapi/v1.0/account/~"
NUMBERS = f"{EXTENSION}/phone-number"
REPORTS = f"{ACCOUNT}/message-store-report"
LONG_AGO = "2001-01-01T00:00:00Z"


@dataclass
class World:
    simulator: RunningSimulator
    hook: Hook
    client: Client
    anonymous: Client
    ids: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """A bit of everything, so that no list is empty and every kind of record is met."""
        endings = ("9700", "9703", "9706", "9810", "9701", "9721", "0101")
        batch = self.client.send_batch(*[f"+1415555{ending}" for ending in endings])
        self.client.send_batch(ANN, sender=TOLL_FREE)
        self.simulator.inbound(ANN, LONG_CODE, "STOP")
        self.simulator.inbound(BEN, LONG_CODE, "START")
        self.simulator.advance(120)
        self.client = Client(self.simulator.url)
        self.client.send_batch(ANN)
        mailbox = {kind: add(self.simulator, kind=kind) for kind in ("SMS", "Fax", "VoiceMail")}
        numbers = self.client.get(NUMBERS).json["records"]
        self.ids = {"batch": batch["id"], "mail": mailbox, "number": numbers[0]["id"]}


def _text(*to: str) -> dict[str, Any]:
    return {
        "from": {"phoneNumber": P2P_ONLY},
        "to": [{"phoneNumber": number} for number in to],
        "text": "Hi",
    }


def _wish(to: str, status: str = "OptOut") -> dict[str, str]:
    return {"from": LONG_CODE, "to": to, "optStatus": status, "source": "Api"}


def _accounts(w: World) -> dict[str, list[Reply]]:
    number = f"{NUMBERS}/{w.ids['number']}/sms-configuration"
    return {
        "readAPIVersions": [w.anonymous.get("/restapi")],
        "readAPIVersion": [w.anonymous.get("/restapi/v1.0")],
        "readAccountInfo": [w.client.get(ACCOUNT)],
        "readExtension": [w.client.get(EXTENSION)],
        "listExtensionPhoneNumbers": [
            w.client.get(NUMBERS),
            w.client.get(NUMBERS, perPage=1, page=2),
            w.client.get("/restapi/v1.0/account/~/extension/1/phone-number"),
        ],
        "listAccountPhoneNumbers": [w.client.get(f"{ACCOUNT}/phone-number")],
        "readAccountPhoneNumber": [w.client.get(f"{ACCOUNT}/phone-number/{w.ids['number']}")],
        "smsConfigurationInfo": [w.client.get(number)],
        "parsePhoneNumberV2": [
            w.client.post("/restapi/v2/number-parser/parse", {"originalStrings": ["(888) 555-0100", "x"]}),
            w.client.post("/restapi/v2/number-parser/parse", {"originalStrings": []}),
        ],
        "parsePhoneNumber": [
            w.client.post("/restapi/v1.0/number-parser/parse", {"originalStrings": ["(888) 555-0100", "x"]}),
            w.client.post("/restapi/v1.0/number-parser/parse", {}),
        ],
    }


def _sign_in(w: World) -> dict[str, list[Reply]]:
    token = w.anonymous.sign_in().json["access_token"]
    return {
        "getToken": [
            w.anonymous.sign_in(),
            w.anonymous.sign_in(assertion="wrong"),
            w.anonymous.send("POST", "/restapi/oauth/token", b"{}", {"Authorization": "Basic x"}),
        ],
        "revokeToken": [w.anonymous.form("/restapi/oauth/revoke", {"token": token})],
    }


def _high_volume(w: World) -> dict[str, list[Reply]]:
    sample = {"from": LONG_CODE, "text": "Hi", "messages": [{"to": [ANN]}, {"to": ["+4088070206"]}]}
    newest = w.client.get(MESSAGES, perPage=1).json["records"][0]["id"]
    return {
        "createA2PSMS": [
            w.client.post(BATCHES, sample),
            w.client.post(BATCHES, {}),
            w.anonymous.post(BATCHES, sample),
        ],
        "listA2PBatches": [
            w.client.get(BATCHES, perPage=1),
            w.client.get(BATCHES, status="Completed"),
            w.client.get(BATCHES, dateFrom="x"),
            w.anonymous.get(BATCHES),
        ],
        "readA2PBatch": [
            w.client.get(f"{BATCHES}/{w.ids['batch']}"),
            w.client.get(f"{BATCHES}/unknown"),
            w.anonymous.get(f"{BATCHES}/x"),
        ],
        "listA2PSMS": [
            w.client.get(MESSAGES, view="Detailed"),
            w.client.get(MESSAGES, perPage=2),
            w.client.get(MESSAGES, view="x"),
            w.anonymous.get(MESSAGES),
        ],
        "readA2PSMS": [
            w.client.get(f"{MESSAGES}/{newest}"),
            w.client.get(f"{MESSAGES}/1"),
            w.anonymous.get(f"{MESSAGES}/1"),
        ],
        "aggregateA2PSMSStatuses": [
            w.client.get(STATUSES),
            w.client.get(STATUSES, batchId=w.ids["batch"]),
            w.client.get(STATUSES, direction="x"),
            w.anonymous.get(STATUSES),
        ],
    }


def _opted(w: World) -> dict[str, list[Reply]]:
    assign, search = f"{OPT_OUTS}/bulk-assign", f"{CONSENTS}/search"
    return {
        "readA2PSMSOptOuts": [
            w.client.get(OPT_OUTS, status="all", perPage=1),
            w.client.get(OPT_OUTS, status="x"),
            w.anonymous.get(OPT_OUTS),
        ],
        "addA2PSMSOptOuts": [
            w.client.post(assign, {"from": LONG_CODE, "optOuts": [ANN, "x"], "optIns": [BEN, "x"]}),
            w.client.post(assign, {}),
        ],
        "editSmsConsentRecords": [
            w.client.change("PATCH", CONSENTS, {"records": [_wish(ANN), _wish("x"), _wish(BEN, "OptIn")]}),
            w.client.change("PATCH", CONSENTS, {"records": [_wish(ANN)]}),
            w.client.change("PATCH", CONSENTS, {}),
        ],
        "listSmsConsentRecords": [w.client.get(CONSENTS), w.client.get(CONSENTS, optStatus="x")],
        "searchSmsConsentRecords": [w.client.post(search, {"perPage": 1}), w.client.post(search, {"to": []})],
        "listSmsConsentHistoryRecords": [
            w.client.get(f"{CONSENTS}/history"),
            w.client.get(f"{CONSENTS}/history", to="x"),
        ],
        "exportSmsConsentRecords": [w.client.get(f"{CONSENTS}/export")],
    }


def _mailbox(w: World) -> dict[str, list[Reply]]:
    text, fax, voice = (w.ids["mail"][kind] for kind in ("SMS", "Fax", "VoiceMail"))
    several, as_json = f"{STORE}/{text},{fax}", {"accept": MULTIPART_JSON}
    read = {"readStatus": "Read"}
    attachment = w.client.get(f"{STORE}/{fax}").json["attachments"][0]["id"]
    files = (
        b'--b\r\nContent-Type: application/json\r\n\r\n{"from":{"phoneNumber":"+16505550199"},'
        b'"to":[{"phoneNumber":"+14155550101"}]}\r\n'
        b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="a.png"\r\n\r\nx\r\n'
        b"--b--"
    )
    parts = w.client.headers | {"Content-Type": "multipart/mixed; boundary=b"}
    return {
        "createSMSMessage": [w.client.post(f"{EXTENSION}/sms", _text(ANN, BEN))],
        "createMMS": [w.client.send("POST", f"{EXTENSION}/mms", files, parts)],
        "listMessages": [
            w.client.get(STORE, dateFrom=LONG_AGO, availability=["Alive", "Deleted"]),
            w.client.get(STORE, perPage=1, page=2),
        ],
        "readMessage": [
            w.client.get(f"{STORE}/{voice}"),
            w.client.get(f"{STORE}/{text}"),
            w.client.send("GET", several, None, w.client.headers | {"Accept": MULTIPART_JSON}),
        ],
        "updateMessage": [
            w.client.change("PUT", f"{STORE}/{text}", read),
            w.client.change("PUT", several, read, **as_json),
        ],
        "patchMessage": [
            w.client.change("PATCH", f"{STORE}/{text}", read),
            w.client.change("PATCH", several, read, **as_json),
        ],
        "readMessageContent": [
            w.client.get(f"{STORE}/{fax}/content/{attachment}"),
            w.client.get(f"{STORE}/{fax}/content/1"),
        ],
        "syncMessages": [w.client.get(f"{EXTENSION}/message-sync", syncType="FSync", dateFrom=LONG_AGO)],
        "deleteMessage": [w.client.change("DELETE", f"{STORE}/{text}")],
        "deleteMessageByFilter": [w.client.change("DELETE", f"{STORE}?conversationId=1")],
    }


def _reports(w: World) -> dict[str, list[Reply]]:
    made = w.client.post(REPORTS, {"messageTypes": ["Fax"]})
    path = f"{REPORTS}/{made.json['id']}"
    w.simulator.advance(10)
    return {
        "createMessageStoreReport": [made, w.client.post(REPORTS, {"dateTo": "x"})],
        "readMessageStoreReportTask": [w.client.get(path)],
        "readMessageStoreReportArchive": [w.client.get(f"{path}/archive")],
    }


def _subscriptions(w: World) -> dict[str, list[Reply]]:
    made = subscribe(w.client, w.hook.address, BATCHES, f"{EXTENSION}/presence")
    path, unknown = f"{SUBSCRIPTIONS}/{made.json['id']}", f"{SUBSCRIPTIONS}/unknown"
    filters = {"eventFilters": [MESSAGES]}
    return {
        "createSubscription": [made, subscribe(w.client, w.hook.address, "x")],
        "listSubscriptions": [w.client.get(SUBSCRIPTIONS)],
        "readSubscription": [w.client.get(path), w.client.get(unknown)],
        "updateSubscription": [
            w.client.change("PUT", path, filters),
            w.client.change("PUT", path, {"eventFilters": []}),
            w.client.change("PUT", unknown, filters),
        ],
        "renewSubscription": [
            w.client.change("POST", f"{path}/renew"),
            w.client.change("POST", f"{unknown}/renew"),
        ],
        "deleteSubscription": [w.client.change("DELETE", path), w.client.change("DELETE", path)],
    }


_TOPICS: tuple[Callable[[World], dict[str, list[Reply]]], ...] = (
    *(_accounts, _sign_in, _high_volume, _opted, _mailbox, _reports, _subscriptions),
)


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, list[Reply]]]:
    """Every operation with the answers that it gave, rate limits on."""
    with running_simulator(speed=100_000) as simulator, listening() as hook:
        world = World(simulator, hook, Client(simulator.url), Client(simulator.url, sign_in=False), {})
        world.prepare()
        replies: dict[str, list[Reply]] = {}
        for topic in _TOPICS:
            simulator.advance(61)
            replies |= topic(world)
        yield replies


def _more_statuses(operation: str) -> list[int]:
    pairs = (place.split(".") for place in CONTRACT["exceptions"]["statuses"])
    return [int(status) for name, status in pairs if name == operation]


def _judge(operation: str, replies: list[Reply]) -> Checker:
    facts, checker = OPERATIONS[operation], Checker()
    for reply in replies:
        good = facts["good"].get(str(reply.status))
        kind = reply.headers.get("content-type", "")
        documented = [*facts.get("bad", {}).get("statuses", []), *_more_statuses(operation)]
        if good is None and reply.status not in documented:
            checker.wrong.append(f"status {reply.status} is unknown: {reply.body!r}")
        elif good is None:
            checker.check(reply.json, facts["bad"]["shape"], "Refusal")
        elif good in ("", "text/csv", "*/*"):
            if good == "text/csv" and not kind.startswith("text/csv"):
                checker.wrong.append(f"content of type {kind}")
            if not good and reply.body:
                checker.wrong.append("a body where none belongs")
        else:
            checker.check(reply.json, good, operation)
    return checker


def test_every_operation_is_called(answers: dict[str, list[Reply]]) -> None:
    assert set(answers) == set(OPERATIONS)
    assert not set(answers) & set(CONTRACT["exceptions"]["operations"])


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_keeps_to_the_contract(answers: dict[str, list[Reply]], operation: str) -> None:
    assert _judge(operation, answers[operation]).wrong == []


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_status_that_matters_is_met(answers: dict[str, list[Reply]], operation: str) -> None:
    """All good ones; 401 where it is documented; a refusal wherever a call can be wrong."""
    facts = OPERATIONS[operation]
    met = {reply.status for reply in answers[operation]}
    documented = set(facts.get("bad", {}).get("statuses", []))
    assert met >= set(map(int, facts["good"]))
    assert met >= documented & {401}
    hopeless = {"revokeToken", "exportSmsConsentRecords"}
    assert operation in hopeless or not documented & {400, 404} or met & {400, 404}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_rate_group(answers: dict[str, list[Reply]], operation: str) -> None:
    group = OPERATIONS[operation]["group"]
    groups = {
        reply.headers.get("x-rate-limit-group") for reply in answers[operation] if reply.status not in (401,)
    }
    if group == "nothrottling":
        assert groups == {None}
    elif group != "auth":
        assert groups == {group}


def test_every_exception_is_needed(answers: dict[str, list[Reply]]) -> None:
    met = {place for operation, replies in answers.items() for place in _judge(operation, replies).met}
    assert met == set(EXCEPTIONS)
    for place in CONTRACT["exceptions"]["statuses"]:
        operation, _, status = place.partition(".")
        assert int(status) in {reply.status for reply in answers[operation]}


@pytest.mark.parametrize(
    ("value", "shape", "wrong"),
    [
        ({"id": 1}, "@Conversation", "Conversation.id"),
        ({"uri": "x"}, "@Conversation", "Conversation.uri"),
        ({"size": True}, "@Archive", "Archive.size"),
        ({"records": [{"size": "1"}]}, "@ArchiveList", "Archive.size"),
        ({"records": {}}, "@ArchiveList", "ArchiveList.records"),
        ({"name": "x"}, "@Archive", "Archive.name"),
        ({"errorCode": "x"}, "@Problem", "Problem.message"),
        ({"status": "completed"}, "@Batch", "Batch.status"),
        ({"creationTime": "2026-11-21 10:00"}, "@Batch", "Batch.creationTime"),
        ({"errorCodeCounts": {"SMS-RC-413": "2"}}, "@StatusCount", "StatusCount.errorCodeCounts.SMS-RC-413"),
        (None, "@Batch", "Batch"),
    ],
)
def test_the_checker_sees_what_is_wrong(value: Any, shape: str, wrong: str) -> None:
    checker = Checker()
    checker.check(value, shape, "")
    assert [one.partition(": ")[0] for one in checker.wrong] == [wrong]
