from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.providers.base import ProviderError
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.opt_outs_parse import opt_out_record
from campaigns.providers.types import (
    EVERY_SENDER,
    OptOutChange,
    OptOutCoverage,
    OptOutRecord,
    OptOutRefusal,
    OptOutSource,
)
from tests.providers.servers import Script, Talk, answer, ringcentral, saying, serving
from tests.providers.wire import simulated
from tests.simulator.running import RunningSimulator

OURS, TOLL_FREE = "+16505550100", "+18885550100"
ANN, BOB, CAT = "+14155550101", "+14155550102", "+14155550103"


def block(recipient: str, sender: str = OURS, *, opted_out: bool = True) -> OptOutChange:
    return OptOutChange(sender=sender, recipient=recipient, opted_out=opted_out)


def pairs(pages: Iterator[list[OptOutRecord]]) -> set[tuple[str, str, bool]]:
    return {(record.sender, record.recipient, record.opted_out) for page in pages for record in page}


@pytest.fixture
def carrier(simulator: RunningSimulator) -> Iterator[RingCentral]:
    provider = simulated(simulator.url)
    yield provider
    provider.close()


# --- with the simulated carrier


def test_what_is_written_can_be_read(carrier: RingCentral) -> None:
    store = carrier.opt_outs
    start = datetime.now(UTC) - timedelta(minutes=1)
    changes = [block(ANN), block(BOB, EVERY_SENDER), block(CAT, TOLL_FREE), block(CAT, OURS, opted_out=False)]
    assert store.write(changes) == []
    blocked = {(OURS, ANN, True), (EVERY_SENDER, BOB, True), (TOLL_FREE, CAT, True)}
    assert pairs(store.current()) == blocked
    assert pairs(store.current(opted_out=None)) == blocked | {(OURS, CAT, False)}
    assert pairs(store.current(recipients=[BOB, CAT], senders=[TOLL_FREE, OURS])) == {(TOLL_FREE, CAT, True)}
    (record,) = next(store.current(recipients=[ANN]))
    assert (record.source, record.coverage) == (OptOutSource.API, OptOutCoverage.NUMBER)
    assert record.changed_at is not None
    assert record.changed_at > start


def test_a_person_who_texts_stop_is_in_every_list(carrier: RingCentral, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, OURS, "Stop")
    store = carrier.opt_outs
    lists = [store.current(), store.search(), store.listed(), store.list_v1(), store.history([ANN])]
    for found in [record for pages in lists for page in pages for record in page] + list(store.export()):
        assert (found.sender, found.recipient, found.opted_out) == (OURS, ANN, True)
        assert found.source is OptOutSource.RECIPIENT


def test_all_pages_of_many(carrier: RingCentral) -> None:
    """More than 1,000 changes, and more than 20 people in one question."""
    people = [f"+1415555{n:04}" for n in range(2, 1203)]
    store = carrier.opt_outs
    store.write(block(person) for person in people)
    assert len(pairs(store.current())) == 1201
    assert {record.recipient for record in store.export()} == set(people)
    assert pairs(store.current(recipients=people[:45])) == {(OURS, person, True) for person in people[:45]}
    assert len(pairs(store.history(people[:45]))) == 45
    assert sum(len(page) for page in store.list_v1()) == 1201


def test_history_has_every_change_and_the_file_what_holds(carrier: RingCentral) -> None:
    store = carrier.opt_outs
    store.write([block(ANN), block(BOB, EVERY_SENDER)])
    store.write([block(ANN, opted_out=False)])
    told = [record.opted_out for page in store.history([ANN]) for record in page]
    assert sorted(told) == [False, True]
    assert all(record.changed_at for page in store.history() for record in page)
    exported = {(r.sender, r.recipient, r.opted_out, r.coverage) for r in store.export()}
    assert exported == {
        (OURS, ANN, False, OptOutCoverage.NUMBER),
        (EVERY_SENDER, BOB, True, OptOutCoverage.ACCOUNT),
    }


def test_changes_that_are_refused_come_back_with_their_code(carrier: RingCentral) -> None:
    wrong = [block("+442079460000"), block(ANN, "+19995550100")]
    refused = carrier.opt_outs.write([*wrong, block(BOB)])
    assert refused == [OptOutRefusal(change=change, code="CMN-101") for change in wrong]
    assert pairs(carrier.opt_outs.current()) == {(OURS, BOB, True)}


def test_the_older_way_to_write(carrier: RingCentral) -> None:
    store = carrier.opt_outs
    again = [block(ANN), block(BOB), block(BOB, opted_out=False), block(CAT, TOLL_FREE), block("12")]
    assert store.assign_v1(again) == [OptOutRefusal(change=again[-1], code="")]
    assert pairs(store.list_v1()) == {(OURS, ANN, True), (TOLL_FREE, CAT, True)}
    assert pairs(store.list_v1(opted_out=False)) == {(OURS, BOB, False)}
    assert pairs(store.list_v1(sender=TOLL_FREE, recipient=CAT, opted_out=None)) == {(TOLL_FREE, CAT, True)}


# --- an app without the permission for consents


def without_consents(status: int, told: str = "OptOut") -> Script:
    """`told`: the status of each record of the older list; empty: a record holds two numbers and no more."""

    def script(talk: Talk) -> None:
        path = talk.last.path
        if "/sms/consents" in path:
            talk.write(answer(status, {"errors": [{"errorCode": "CMN-401", "message": "…"}]}))
        elif path.endswith("/bulk-assign"):
            talk.write(answer(200, {"optOuts": {"successful": [ANN], "failed": []}}))
        else:
            record = {"from": OURS} | ({"status": told} if told else {})
            talk.write(answer(200, {"records": [record | {"to": to} for to in (ANN, BOB)]}))

    return ringcentral(script)


@pytest.mark.parametrize("status", [403, 404])
def test_the_older_list_is_used_where_consents_are_not_to_be_had(status: int) -> None:
    with serving(without_consents(status)) as server:
        store = simulated(server.url).opt_outs
        assert pairs(store.current(recipients=[ANN])) == {(OURS, ANN, True)}
        assert store.write([block(ANN)]) == []
        assert len(pairs(store.current())) == 2
    assert len([request for request in server.requests if "/consents" in request.path]) == 1  # remembered
    (assigned,) = server.asked("/bulk-assign")
    assert assigned.json() == {"from": OURS, "optOuts": [ANN]}


@pytest.mark.parametrize("told", ["", "optout", "OPT_OUT", "Opt-Out", "OptedOut"])
def test_to_be_on_the_older_list_is_to_be_opted_out(told: str) -> None:
    """As documented, its records hold nothing but our number and the person's."""
    with serving(without_consents(403, told)) as server:
        store = simulated(server.url).opt_outs
        assert pairs(store.current()) == {(OURS, ANN, True), (OURS, BOB, True)}


def test_without_a_status_the_list_that_was_asked_for_tells_it() -> None:
    with serving(without_consents(403, "")) as server:
        store = simulated(server.url).opt_outs
        assert pairs(store.list_v1(opted_out=False)) == {(OURS, ANN, False), (OURS, BOB, False)}


@pytest.mark.parametrize("status", [400, 500])
def test_other_trouble_does_not_lead_to_the_older_list(status: int) -> None:
    with serving(without_consents(status)) as server, pytest.raises(ProviderError):
        list(simulated(server.url).opt_outs.current())
    assert server.asked("/opt-outs") == []


# --- on the wire


def test_a_search_on_the_wire() -> None:
    empty = answer(200, {"records": [], "paging": {"perPage": 1000}})
    with serving(ringcentral(saying(empty))) as server:
        store = simulated(server.url).opt_outs
        people = [f"+141555501{n:02}" for n in range(21)]
        assert [len(page) for page in store.current(senders=[OURS], recipients=people)] == [0, 0]
        list(store.listed(senders=[OURS], statuses=("OptOut", "OptIn")))
    first, second, listed = server.requests[1:]
    assert (first.method, first.path) == ("POST", "/restapi/v2/accounts/~/sms/consents/search")
    assert first.json() == {"perPage": 1000, "from": [OURS], "to": people[:20], "optStatus": "OptOut"}
    assert second.json()["to"] == people[20:]
    assert "from=%2B16505550100&optStatus=OptOut&optStatus=OptIn" in listed.target


def test_a_change_on_the_wire() -> None:
    with serving(ringcentral(saying(answer(200, {})))) as server:
        simulated(server.url).opt_outs.patch([block(ANN, EVERY_SENDER)])
    assert server.requests[-1].method == "PATCH"
    wish = {"from": "*", "to": ANN, "optStatus": "OptOut", "source": "Api"}
    assert server.requests[-1].json() == {"records": [wish]}


@pytest.mark.parametrize("number", [0, 1001])
def test_a_call_with_no_change_or_too_many_never_leaves(number: int) -> None:
    with pytest.raises(ValueError, match="changes at a time"):
        simulated("http://127.0.0.1:9").opt_outs.patch([block(ANN)] * number)


@pytest.mark.parametrize(
    ("data", "record"),
    [
        ({}, None),
        ({"to": ANN}, None),
        ({"to": ANN, "optStatus": "Perhaps"}, None),
        ({"to": ANN, "optStatus": "OptOut"}, ("", ANN, True)),  # of a kind of campaign: no number of ours
        ({"from": OURS, "to": ANN, "status": "OptIn"}, (OURS, ANN, False)),  # one sample says status
        ({"from": OURS, "to": ANN, "active": True}, (OURS, ANN, True)),
        ({"from": OURS[1:], "to": ANN[1:], "optStatus": "OptOut"}, (OURS, ANN, True)),  # without a +
        ({"from": "*", "to": "(415) 555-0101", "optStatus": "OptOut"}, ("*", ANN, True)),
        ({"from": OURS, "to": ANN, "active": False}, (OURS, ANN, False)),
    ],
)
def test_records_as_they_also_come(data: dict[str, Any], record: tuple[str, str, bool] | None) -> None:
    found = opt_out_record(data)
    assert (found and (found.sender, found.recipient, found.opted_out)) == record


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM,TO,STATUS,SOURCE\r\n+16505550100,+14155550101,OptOut,Recipient\r\n", [(OURS, ANN)]),
        ("FROM,TO,STATUS,SOURCE\r\n", []),
        (
            "\ufeffExternal Party Number,Internal Party Number,Consent Status\n"
            "+14155550101,+16505550100,OptIn",
            [(OURS, ANN)],
        ),
        ("FROM,TO,STATUS,SOURCE\n+16505550100\n\n,,,\n", []),
    ],
)
def test_files_as_they_also_come(text: str, found: list[tuple[str, str]]) -> None:
    with serving(ringcentral(saying(answer(200, text, {"Content-Type": "text/csv"})))) as server:
        records = list(simulated(server.url).opt_outs.export())
    assert [(record.sender, record.recipient) for record in records] == found
    assert server.requests[-1].headers["accept"] == "text/csv"


@pytest.mark.parametrize("text", ["", "<html><body>Sorry</body></html>", "A,B\n1,2\n", '{"records": []}'])
def test_a_file_that_is_no_list_of_opt_outs_is_an_error(text: str) -> None:
    """It must never pass for "nobody has opted out"."""
    with serving(ringcentral(saying(answer(200, text)))) as server, pytest.raises(ProviderError) as caught:
        list(simulated(server.url).opt_outs.export())
    assert caught.value.kind == "answer"


def test_a_file_that_breaks_off_is_an_error() -> None:
    half = answer(200, "FROM,TO,STATUS,SOURCE\r\n", length=500)

    def script(talk: Talk) -> None:
        talk.write(half)
        talk.reset()

    with serving(ringcentral(script)) as server, pytest.raises(ProviderError) as caught:
        list(simulated(server.url).opt_outs.export())
    assert caught.value.kind == "unreachable"


def test_an_assignment_without_a_result_is_an_error() -> None:
    with serving(ringcentral(saying(answer(200, {})))) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).opt_outs.assign_v1([block(ANN)])
    assert caught.value.kind == "answer"
