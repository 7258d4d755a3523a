import logging
import socket
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from campaigns.providers.base import ProviderError
from campaigns.providers.retry import RetryPolicy, SilentGate
from campaigns.providers.ringcentral.auth import MemoryTokenStore
from tests.providers.servers import TOKEN, Script, Talk, answer, ringcentral, saying, serving
from tests.providers.wire import simulated

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = "/restapi/v1.0/account/~"


def page(*ids: Any, token: str = "", **more: Any) -> bytes:
    paging = {"perPage": 1000} | ({"nextPageToken": token} if token else {})
    return answer(200, {"records": [{"id": i} for i in ids], "paging": paging} | more)


# --- requests on the wire


def test_dates_are_always_explicit_utc_and_rounded_outwards() -> None:
    east = timezone(timedelta(hours=2))
    window: dict[str, Any] = {
        "date_from": datetime(2026, 11, 20, 14, 0, 0, 123_999, east),
        "date_to": datetime(2026, 11, 21, 14, 0, 0, 123_001, east),
    }
    with serving(ringcentral(saying(page(), page()))) as server:
        provider = simulated(server.url)
        assert list(provider.batches(**window)) == []
        assert list(provider.messages(**window)) == [[]]
        provider.close()
    asked = server.requests[1:]
    assert [request.path.rpartition("/")[2] for request in asked] == ["batches", "messages"]
    for request in asked:
        assert ("dateFrom", "2026-11-20T12:00:00.123Z") in request.query
        assert ("dateTo", "2026-11-21T12:00:00.124Z") in request.query


def test_filters_of_lists() -> None:
    with serving(ringcentral(saying(page()))) as server:
        provider = simulated(server.url)
        list(provider.batches(date_from=SINCE, sender="+16505550100"))
        list(provider.messages(date_from=SINCE, batch_id="b/1 +", with_text=True))
        provider.close()
    batches, messages = server.requests[1:]
    assert "&from=%2B16505550100&perPage=1000" in batches.target
    assert messages.query[1:] == [("batchId", "b/1 +"), ("view", "Detailed"), ("perPage", "1000")]
    assert {request.headers["authorization"] for request in server.requests[1:]} == {f"Bearer {TOKEN}"}


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        list(simulated("http://127.0.0.1:9").batches(date_from=datetime(2026, 11, 21)))  # noqa: DTZ001


@pytest.mark.parametrize("identity", ["", ".", ".."])
def test_an_id_that_would_address_something_else(identity: str) -> None:
    with pytest.raises(ProviderError) as caught:
        simulated("http://127.0.0.1:9").batch(identity)
    assert caught.value.kind == "not_found"


def test_an_id_stays_one_segment_of_the_path() -> None:
    with serving(ringcentral(saying(answer(200, {"id": "x"})))) as server:
        simulated(server.url).batch("../numbers?a=b#c")
    assert server.requests[-1].target == f"{ROOT}/a2p-sms/batches/..%2Fnumbers%3Fa%3Db%23c"


# --- pages


def test_pages_until_the_last() -> None:
    with serving(ringcentral(saying(page(1, 2, token="t=1+"), page(3, token="t2"), page(4)))) as server:
        provider = simulated(server.url)
        pages = [[m.provider_id for m in messages] for messages in provider.messages(date_from=SINCE)]
        provider.close()
    assert pages == [["1", "2"], ["3"], ["4"]]
    tokens = [dict(request.query).get("pageToken") for request in server.requests[1:]]
    assert tokens == [None, "t=1+", "t2"]
    assert len({request.query[0] for request in server.requests[1:]}) == 1  # the filters are repeated


@pytest.mark.parametrize("paging", [None, {}, {"nextPageToken": None}, {"nextPageToken": ""}, []])
def test_a_list_without_a_next_page_ends(paging: Any) -> None:
    with serving(ringcentral(saying(page("b1", paging=paging)))) as server:
        assert [batch.provider_id for batch in simulated(server.url).batches(date_from=SINCE)] == ["b1"]
    assert len(server.requests) == 2


def test_a_page_token_that_repeats_ends_the_list_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with serving(ringcentral(saying(page(1, token="again")))) as server:
        pages = list(simulated(server.url).messages(date_from=SINCE))
    assert len(pages) == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "may be incomplete" in caplog.text


def test_a_page_token_that_repeats_is_an_error_to_who_needs_the_whole_list() -> None:
    with serving(ringcentral(saying(page(1, token="again")))) as server:
        pages = simulated(server.url).messages(date_from=SINCE, whole=True)
        assert len([next(pages), next(pages)]) == 2
        with pytest.raises(ProviderError) as caught:
            next(pages)
    assert caught.value.kind == "answer"


def number_page(phone: str, **paging: int) -> bytes:
    record = {"id": 1, "phoneNumber": phone, "features": ["A2PSmsSender"]}
    return answer(200, {"records": [record, {"phoneNumber": "101"}]} | ({"paging": paging} if paging else {}))


def test_all_pages_of_numbers() -> None:
    first, second = number_page("+16505550100", totalPages=2), number_page("+16505550101", totalPages=2)
    with serving(ringcentral(saying(first, second))) as server:
        assert [n.phone for n in simulated(server.url).numbers()] == ["+16505550100", "+16505550101"]
    assert [dict(request.query)["page"] for request in server.requests[1:]] == ["1", "2"]


def test_numbers_without_paging_are_one_page() -> None:
    with serving(ringcentral(saying(number_page("+16505550100")))) as server:
        assert len(simulated(server.url).numbers()) == 1
    assert len(server.requests) == 2


# --- trouble while reading


def breaking_off(talk: Talk) -> None:
    talk.write(answer(200, b'{"records": [', length=500))
    talk.sock.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "trouble",
    [
        saying(answer(500)),
        saying(answer(502, b"<html>")),
        saying(answer(503)),
        Talk.reset,
        breaking_off,
    ],
    ids=["500", "502", "503", "reset", "breaks off"],
)
def test_a_read_outlives_a_short_trouble(trouble: Script) -> None:
    def script(talk: Talk) -> None:
        if len(talk.server.asked("/batches")) < 3:
            trouble(talk)
        else:
            talk.write(page("b1"))

    slept: list[float] = []
    with serving(ringcentral(script)) as server:
        provider = simulated(server.url, retry_policy=RetryPolicy(sleep=slept.append))
        assert len(list(provider.batches(date_from=SINCE))) == 1
        provider.close()
    assert slept == [0.5, 2.0]
    assert len(server.asked("/batches")) == 3


@pytest.mark.parametrize(
    ("script", "kind", "requests"),
    [
        (saying(answer(500)), "server", 3),
        (Talk.reset, "unreachable", 3),
        (saying(answer(400, {"errorCode": "CMN-101"})), "request", 1),
        (saying(answer(403, {"errorCode": "CMN-401"})), "permission", 1),
        (saying(answer(404, {"errorCode": "CMN-102"})), "not_found", 1),
        (saying(answer(302, b"", {"Location": "http://127.0.0.1:9/"})), "answer", 1),
        (saying(answer(200, b"<html>")), "answer", 1),
        (saying(answer(200, b"")), "answer", 1),
        (saying(answer(200, [])), "answer", 1),
        (saying(answer(200, {"error": "?"})), "answer", 1),
        (saying(answer(200, {"records": None})), "answer", 1),
    ],
)
def test_a_read_that_fails(script: Script, kind: str, requests: int) -> None:
    """An answer that is no list must never pass for an empty one: "not there" would be a false proof."""
    with serving(ringcentral(script)) as server, pytest.raises(ProviderError) as caught:
        list(simulated(server.url).batches(date_from=SINCE))
    assert caught.value.kind == kind
    assert len(server.asked("/batches")) == requests


@pytest.mark.parametrize("call", ["batch", "statuses", "account", "numbers"])
def test_an_answer_that_holds_nothing(call: str) -> None:
    with serving(ringcentral(saying(answer(200, {})))) as server:
        provider = simulated(server.url)
        calls = {
            "batch": lambda: provider.batch("b1"),
            "statuses": lambda: provider.statuses(date_from=SINCE, batch_id="b1"),
            "account": provider.account,
            "numbers": provider.numbers,
        }
        with pytest.raises(ProviderError) as caught:
            calls[call]()
    assert caught.value.kind == "answer"


def test_a_refused_token_is_replaced_once() -> None:
    store = MemoryTokenStore()
    store.save("old", datetime.now(UTC) + timedelta(hours=1))

    def script(talk: Talk) -> None:
        old = talk.last.headers["authorization"] == "Bearer old"
        talk.write(answer(401, {"errorCode": "TokenInvalid"}) if old else page("b1"))

    with serving(ringcentral(script)) as server:
        assert len(list(simulated(server.url, token_store=store).batches(date_from=SINCE))) == 1
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["batches", "token", "batches"]


def test_a_new_token_that_is_refused_too_needs_a_person() -> None:
    refusing = ringcentral(saying(answer(401, {"errorCode": "TokenInvalid"})))
    with serving(refusing) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).numbers()
    assert (caught.value.kind, caught.value.permanent) == ("credentials", True)
    assert "even a new one" in str(caught.value)
    assert len(server.asked("/token")) == 2


def test_ten_threads_that_are_refused_together_sign_in_once() -> None:
    """More sign-ins than about five push each other out, and each would refuse the others again."""
    store = MemoryTokenStore()
    store.save("old", datetime.now(UTC) + timedelta(hours=1))
    together = threading.Barrier(10)

    def script(talk: Talk) -> None:
        if talk.last.headers["authorization"] != "Bearer old":
            talk.write(page("b1"))
            return
        together.wait(5)
        talk.write(answer(401, {"errorCode": "TokenInvalid"}))

    found: list[int] = []
    with serving(ringcentral(script)) as server:
        provider = simulated(server.url, token_store=store)

        def work() -> None:
            found.append(len(list(provider.batches(date_from=SINCE))))

        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        provider.close()
    assert found == [1] * 10
    assert len(server.asked("/token")) == 1


def test_a_429_is_followed_by_silence_and_then_by_another_try() -> None:
    slept: list[float] = []
    clock = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    gate = SilentGate(longest_wait=100, now=lambda: clock[0], sleep=sleep)
    script = saying(answer(429, {"errorCode": "CMN-301"}, {"Retry-After": "40"}), page("b1"))
    with serving(ringcentral(script)) as server:
        provider = simulated(server.url, gate=gate)
        assert len(list(provider.batches(date_from=SINCE))) == 1
        provider.close()
    assert slept == [40.0]


def test_a_long_silence_is_told_and_not_slept() -> None:
    script = saying(answer(429, b"", {"Retry-After": "86400"}))
    with serving(ringcentral(script)) as server:
        provider = simulated(server.url)
        for _ in range(3):
            with pytest.raises(ProviderError) as caught:
                list(provider.batches(date_from=SINCE))
            assert caught.value.kind == "rate"
        provider.close()
    assert len(server.asked("/batches")) == 1  # every further one would start the penalty anew


def test_the_gate_hears_of_every_answer() -> None:
    heard: list[tuple[str, int, str]] = []

    class Listening(SilentGate):
        def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
            heard.append((group, http_status, headers.get("x-rate-limit-remaining", "")))

    script = saying(answer(200, {"records": []}, {"X-Rate-Limit-Remaining": "49"}))
    with serving(ringcentral(script)) as server:
        list(simulated(server.url, gate=Listening()).batches(date_from=SINCE))
    assert heard == [("auth", 200, ""), ("light", 200, "49")]
