from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.providers.base import ProviderError
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.opt_outs import opt_out_record
from campaigns.providers.types import OptOutRecord, OptOutSource
from tests.providers.servers import Script, Talk, answer, ringcentral, saying, serving
from tests.providers.wire import simulated
from tests.simulator.running import RunningSimulator
from tests.support.carrier import block

OURS, TOLL_FREE = "+16505550100", "+18885550100"
ANN, BOB, CAT = "+14155550101", "+14155550102", "+14155550103"


def pairs(pages: Iterator[list[OptOutRecord]]) -> set[tuple[str, str, bool]]:
    return {(record.sender, record.recipient, record.opted_out) for page in pages for record in page}


@pytest.fixture
def carrier(simulator: RunningSimulator) -> Iterator[RingCentral]:
    provider = simulated(simulator.url)
    yield provider
    provider.close()


# --- with the simulated carrier


def test_all_pages_of_many(carrier: RingCentral, simulator: RunningSimulator) -> None:
    people = [f"+1415555{n:04}" for n in range(2, 1203)]
    block(carrier, *((OURS, person) for person in people[:1000]))
    block(carrier, *((OURS, person) for person in people[1000:]), ("*", BOB), (TOLL_FREE, CAT))
    expected = {(OURS, person, True) for person in people} | {("*", BOB, True), (TOLL_FREE, CAT, True)}
    assert [len(page) for page in carrier.opt_outs.current()] == [1000, 203]
    assert pairs(carrier.opt_outs.current()) == expected


def test_a_person_who_texts_stop_and_start(carrier: RingCentral, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, OURS, "Stop")
    ((record,),) = carrier.opt_outs.current()
    assert (record.sender, record.recipient, record.opted_out) == (OURS, ANN, True)
    assert record.source is OptOutSource.RECIPIENT
    assert record.changed_at is not None
    simulator.inbound(ANN, OURS, "Start")
    assert pairs(carrier.opt_outs.current()) == set()


# --- an app without the permission for consents


def without_consents(status: int, told: str = "OptOut") -> Script:
    """`told`: the status of each record of the older list; empty: a record holds two numbers and no more."""

    def script(talk: Talk) -> None:
        path = talk.last.path
        if "/sms/consents" in path:
            talk.write(answer(status, {"errors": [{"errorCode": "CMN-401", "message": "…"}]}))
        else:
            record = {"from": OURS} | ({"status": told} if told else {})
            talk.write(answer(200, {"records": [record | {"to": to} for to in (ANN, BOB)]}))

    return ringcentral(script)


@pytest.mark.parametrize("status", [403, 404])
def test_the_older_list_is_used_where_consents_are_not_to_be_had(status: int) -> None:
    with serving(without_consents(status)) as server:
        store = simulated(server.url).opt_outs
        for _ in range(2):
            assert pairs(store.current()) == {(OURS, ANN, True), (OURS, BOB, True)}
    assert len([request for request in server.requests if "/consents" in request.path]) == 1  # remembered
    assert "status=optout" in server.asked("/opt-outs")[0].target


@pytest.mark.parametrize("told", ["", "optout", "OPT_OUT", "Opt-Out", "OptedOut"])
def test_to_be_on_the_older_list_is_to_be_opted_out(told: str) -> None:
    """As documented, its records hold nothing but our number and the person's."""
    with serving(without_consents(403, told)) as server:
        store = simulated(server.url).opt_outs
        assert pairs(store.current()) == {(OURS, ANN, True), (OURS, BOB, True)}


@pytest.mark.parametrize("status", [400, 500])
def test_other_trouble_does_not_lead_to_the_older_list(status: int) -> None:
    with serving(without_consents(status)) as server, pytest.raises(ProviderError):
        list(simulated(server.url).opt_outs.current())
    assert server.asked("/opt-outs") == []


# --- on the wire


def test_a_search_on_the_wire() -> None:
    empty = answer(200, {"records": [], "paging": {"perPage": 1000}})
    with serving(ringcentral(saying(empty))) as server:
        assert list(simulated(server.url).opt_outs.current()) == [[]]
    search = server.requests[-1]
    assert (search.method, search.path) == ("POST", "/restapi/v2/accounts/~/sms/consents/search")
    assert search.json() == {"perPage": 1000, "optStatus": "OptOut"}


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
