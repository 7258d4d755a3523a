"""The network between us and the carrier fails in every way: nobody is texted twice, nobody is forgotten."""

import gzip
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from campaigns.accounts import registry
from campaigns.labels.holds import why_it_waits
from campaigns.models import Attempt, Campaign
from campaigns.providers.http import MEBIBYTE
from tests.faults.fault_proxy import FaultProxy
from tests.faults.fault_scenario import (
    BATCHES,
    LIST,
    POST,
    TEXTS_OF,
    Worker,
    assert_delivered,
    attempt_states,
    impatient,
    launched,
    positions,
    posts,
    proxy,
    struck,
    worker,
)
from tests.providers.servers import Talk, answer, serving
from tests.support import scenario
from tests.support.waiting import until

__all__ = ["proxy", "worker"]
pytestmark = pytest.mark.django_db


def at_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The same account, but its carrier is looked for there."""
    for holder in (registry.default().provider, registry.default().provider._sign_in):  # type: ignore[attr-defined]
        monkeypatch.setattr(holder, "_url", url)


def no_name(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    ask = socket.getaddrinfo

    def unknown(host: Any, *more: Any, **named: Any) -> Any:
        if host == "carrier.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    at_address(monkeypatch, url.replace("127.0.0.1", "carrier.invalid"))


def refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    at_address(monkeypatch, "http://127.0.0.1:9")


def no_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    at_address(monkeypatch, url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("cut_off", "says", "before"),
    [
        (refused, "was refused", 0),
        (refused, "was refused", 2),
        (no_name, "its name is not found", 1),
        (no_tls, "No safe connection", 1),
    ],
    ids=["refused-first", "refused-last", "name", "tls"],
)
def test_f13_carrier_out_of_reach(
    worker: Worker, cut_off: Callable[[pytest.MonkeyPatch, str], None], says: str, before: int
) -> None:
    worker.carrier.faults({**POST, "nth": before + 1, "fault": "status", "status": 429})
    campaign = launched()
    worker.turn()  # stopped at this batch, with nothing in doubt
    taken = len(worker.carrier.ledger())
    with pytest.MonkeyPatch.context() as patched:
        cut_off(patched, worker.carrier.url)
        worker.minutes(6)
        assert len(worker.carrier.ledger()) == taken == before * 2
        assert set(attempt_states(campaign, before)) == {"rejected", "not_sent"}
        campaign.refresh_from_db()
        for told in (why_it_waits(campaign), scenario.account_error()):
            assert says in told
    worker.rest(campaign)
    assert scenario.account_error() == ""
    assert_delivered(worker.carrier, campaign)


@positions
@pytest.mark.parametrize("fault", ["drop_before", "reset"])
def test_f14_lost_before_the_request_was_read(worker: Worker, fault: str, before: int) -> None:
    campaign = struck(worker, before, fault=fault)
    assert attempt_states(campaign, before) == ["ambiguous"]
    worker.minutes(8)
    assert attempt_states(campaign, before) == ["reconciling"], "the settle time is not over"
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["absent", "accepted"]
    assert_delivered(worker.carrier, campaign)


@positions
@pytest.mark.parametrize("fault", [{"fault": "drop_after"}, {"fault": "reset", "when": "after"}], ids=str)
def test_f15_lost_after_it_was_taken(worker: Worker, fault: dict[str, Any], before: int) -> None:
    campaign = struck(worker, before, **fault)
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["accepted"]
    assert posts(worker.carrier) == BATCHES
    assert_delivered(worker.carrier, campaign)


@positions
def test_f16_taken_after_we_gave_up_waiting(
    worker: Worker, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """On its way for half the settle time: the first looks find nothing, and that is not enough."""
    arrives, arrived = threading.Event(), threading.Event()

    def late(talk: Talk, ask: Callable[[], bytes]) -> None:
        arrives.wait(20)
        ask()
        arrived.set()
        talk.reset()

    proxy.tricks[before + 1] = late
    campaign = launched()
    with monkeypatch.context() as patched:
        registry.default().fetch_id()
        impatient(patched, total=0.5)
        worker.turn()
    worker.minutes(5)
    attempt = Attempt.objects.get(batch__number=before + 1)
    assert (attempt.state, attempt.clean_misses) == ("reconciling", 2)
    arrives.set()
    assert arrived.wait(20)
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["accepted"]
    assert_delivered(worker.carrier, campaign)


def test_f18_a_kept_connection_that_the_other_side_forgot(worker: Worker, proxy: FaultProxy) -> None:
    """Reads meet it and are made again. A request to hand over never rides on one that was kept."""
    proxy.resets_reused = True
    campaign = launched()
    worker.turn()
    worker.rest(campaign)
    assert any(seen.place > 1 for seen in proxy.seen), "no connection was kept: this proves nothing"
    assert [seen.place for seen in proxy.submissions()] == [1] * BATCHES
    assert_delivered(worker.carrier, campaign)


@pytest.mark.parametrize("readable", [True, False], ids=["records readable", "nothing works"])
def test_f21_storm_in_which_every_other_one_is_taken_in_silence(worker: Worker, readable: bool) -> None:
    unavailable = {"fault": "status", "status": 503}
    taken = [{**POST, **unavailable, "nth": nth, "when": "after"} for nth in range(2, 40, 2)]
    campaign = launched()
    worker.carrier.faults(*taken, {**(POST if readable else {}), **unavailable})
    worker.turn()
    for _ in range(9):
        worker.minutes(1)
        open_now = Attempt.objects.filter(state__in=Attempt.OPEN).count()
        assert open_now == 1, "it stops at the first one that it does not understand"
    fired = sum(fault["fired"] for fault in json.loads(worker.carrier.control("GET", "faults")))
    assert (fired == 1) is readable  # a request to hand over; without records also each try to read them
    campaign.refresh_from_db()
    assert "was lost" in why_it_waits(campaign)
    worker.carrier.faults()
    worker.rest(campaign)
    assert attempt_states(campaign, 0) == ["absent", "accepted"]
    assert_delivered(worker.carrier, campaign)


def test_f21_storm_that_lasts_as_long_as_the_campaign(worker: Worker) -> None:
    unavailable = {**POST, "fault": "status", "status": 503}
    worker.carrier.faults({**unavailable, "nth": 2, "when": "after"}, {**unavailable, "times": 2})
    campaign = launched()
    worker.turn()
    worker.rest(campaign, within=60)
    assert [attempt_states(campaign, place) for place in range(BATCHES)] == [
        ["absent", "accepted"],
        ["absent", "accepted"],
        ["accepted"],
    ]
    assert_delivered(worker.carrier, campaign)


ROUND_FOR_EVER = json.dumps({"records": [], "paging": {"perPage": 1000, "nextPageToken": "again"}})
NOT_WORTH_A_DECISION = {
    "batch not listed": {**LIST, "fault": "lag", "seconds": 3600},
    "texts not listed": {**TEXTS_OF, "fault": "lag", "seconds": 3600},
    "list fails": {**LIST, "fault": "status", "status": 500},
    "list is a page of a proxy": {**LIST, "fault": "html", "status": 200},
    "pages go round": {**LIST, "fault": "status", "status": 200, "body": ROUND_FOR_EVER},
}


@pytest.mark.parametrize("trouble", NOT_WORTH_A_DECISION.values(), ids=NOT_WORTH_A_DECISION)
def test_f29_records_that_show_nothing_are_no_proof_of_absence(
    worker: Worker, trouble: dict[str, Any]
) -> None:
    campaign = struck(worker, 1, fault="drop_after")
    worker.carrier.faults(trouble)
    worker.minutes(20)
    assert attempt_states(campaign, 1) == ["reconciling"]
    worker.carrier.faults()
    worker.rest(campaign)
    assert posts(worker.carrier) == BATCHES
    assert_delivered(worker.carrier, campaign)


def test_f29_the_first_batch_is_invisible_for_minutes(worker: Worker) -> None:
    """No batch before it could prove that the records lag; the settle time has to be enough."""
    worker.carrier.options(list_lag=300)
    campaign = struck(worker, 0, fault="drop_after")
    worker.minutes(4)
    assert attempt_states(campaign, 0) == ["reconciling"]
    worker.rest(campaign)
    assert posts(worker.carrier) == BATCHES
    assert_delivered(worker.carrier, campaign)


LONG = b'{"id": "777", "batchSize": 2, "padding": "'


def redirect(elsewhere: str) -> bytes:
    return answer(302, b"", {"Location": f"{elsewhere}/restapi/v1.0/account/~/a2p-sms/batches"})


BOMB = gzip.compress(LONG + b"0" * 64 * MEBIBYTE, compresslevel=1)
HOSTILE: dict[str, Callable[[str], bytes]] = {
    "redirect": redirect,
    "permanent redirect": lambda url: redirect(url).replace(b" 302 ", b" 308 "),
    "10 MB of error": lambda _: answer(500, b"x" * 10 * MEBIBYTE),
    "10 MB of answer": lambda _: answer(201, LONG + b"x" * 10 * MEBIBYTE + b'"}'),
    "gzip bomb": lambda _: answer(201, BOMB, {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize(
    ("what", "taken"),
    [*((what, True) for what in HOSTILE), ("redirect", False), ("10 MB of answer", False)],
)
def test_f31_hostile_answer(worker: Worker, proxy: FaultProxy, what: str, taken: bool) -> None:
    with serving(lambda talk: talk.write(answer(201, LONG + b'"}'))) as elsewhere:
        said = HOSTILE[what](elsewhere.url)

        def trick(talk: Talk, ask: Callable[[], bytes]) -> None:
            if taken:
                ask()
            talk.write(said)

        proxy.tricks[2] = trick
        campaign = launched()
        tracemalloc.start()
        worker.turn()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert elsewhere.connections == 0
    assert most < 16 * MEBIBYTE, "it was read whole"  # parsing takes a dozen times what it is given
    assert attempt_states(campaign, 1) == ["ambiguous"]
    worker.rest(campaign)
    assert attempt_states(campaign, 1) == (["accepted"] if taken else ["absent", "accepted"])
    assert_delivered(worker.carrier, campaign)


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
def test_f31_answer_that_drips(
    worker: Worker, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """A byte now and then outlives any limit on silence, but not the one on the whole exchange."""
    ended = threading.Event()

    def trick(talk: Talk, ask: Callable[[], bytes]) -> None:
        if taken:
            ask()
        try:
            talk.drip(answer(201, LONG + b"x" * 500 + b'"}'), 0.1)
        except OSError:
            ended.set()

    proxy.tricks[2] = trick
    campaign = launched()
    with monkeypatch.context() as patched:
        registry.default().fetch_id()
        impatient(patched, total=1.0)
        worker.turn()
    until(ended.is_set, "we hung up")
    assert attempt_states(campaign, 1) == ["ambiguous"]
    worker.rest(campaign)
    assert attempt_states(campaign, 1) == (["accepted"] if taken else ["absent", "accepted"])
    assert_delivered(worker.carrier, campaign)


def test_f31_carrier_is_only_ever_asked_where_it_lives(worker: Worker, proxy: FaultProxy) -> None:
    """Also what is only read is not read elsewhere."""
    campaign = launched()
    worker.turn()
    assert Campaign.objects.get().state == Campaign.State.DELIVERING
    with serving(lambda talk: talk.write(answer(200, {"records": []}))) as elsewhere:
        headers = {"Location": elsewhere.url}
        worker.carrier.faults({"method": "GET", "fault": "status", "status": 307, "headers": headers})
        worker.minutes(6)
        assert elsewhere.connections == 0
    worker.carrier.faults()
    worker.rest(campaign)
    assert scenario.counts(campaign) == {"delivered": 6}
    assert_delivered(worker.carrier, campaign)
