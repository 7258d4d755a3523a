import threading
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.http import Transport
from campaigns.providers.retry import RetryPolicy, SilentGate
from campaigns.providers.ringcentral.auth import MemoryTokenStore, SignIn
from tests.providers.servers import Script, Talk, answer, reading, saying, serving
from tests.providers.wire import QUICK

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def sign_in(url: str, **changes: Any) -> SignIn:
    values: dict[str, Any] = {
        "client_id": "id",
        "client_secret": "s:e?c",
        "jwt": "a.b+c",
        "user_agent": "Carillon/test",
        "transport": Transport(QUICK),
        "gate": SilentGate(longest_wait=0),
        "store": MemoryTokenStore(),
        "retry_policy": RetryPolicy(sleep=lambda _: None),
        "now": lambda: NOW,
    }
    return SignIn(url=url, **(values | changes))


def granted(access: Any = "t1", **changes: Any) -> bytes:
    return answer(200, {"access_token": access, "token_type": "bearer", "expires_in": 3600} | changes)


def test_the_grant_on_the_wire() -> None:
    with serving(reading(saying(granted()))) as server:
        assert sign_in(server.url).token() == "t1"
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/restapi/oauth/token")
    assert request.headers["authorization"] == "Basic aWQ6czplP2M="
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b%2Bc"
    )


@pytest.mark.parametrize(
    ("minutes_left", "mints"),
    [(54.0, 0), (0.1, 0), (0.0, 1), (-10.0, 1)],
)
def test_a_token_is_renewed_before_it_ends(minutes_left: float, mints: int) -> None:
    store = MemoryTokenStore()
    store.save("t0", NOW + timedelta(minutes=minutes_left))
    with serving(reading(saying(granted()))) as server:
        assert sign_in(server.url, store=store).token() == ("t1" if mints else "t0")
    assert len(server.requests) == mints


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(3600, 3600), (7199, 7199), (2717.5, 2717.5), (None, 600), ("3600", 600), (-1, 600), (True, 600)],
)
def test_the_life_of_a_token_ends_for_us_five_minutes_early(expires_in: Any, seconds: float) -> None:
    store = MemoryTokenStore()
    with serving(reading(saying(granted(expires_in=expires_in)))) as server:
        sign_in(server.url, store=store).token()
    assert store.load() == ("t1", NOW + timedelta(seconds=seconds - 300))


def test_a_token_shorter_than_the_margin_is_still_used_for_a_while() -> None:
    now = NOW
    with serving(reading(saying(granted("t1", expires_in=60), granted("t2", expires_in=60)))) as server:
        store = MemoryTokenStore()
        first, other = (sign_in(server.url, now=lambda: now, store=store) for _ in range(2))
        assert [first.token(), first.token(), other.token()] == ["t1", "t1", "t1"]
        now += timedelta(seconds=31)
        assert [first.token(), other.token()] == ["t2", "t2"]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "token", ["", "two words", "line\r\nX-Evil: 1", "é", "x" * 9000, None, 5]
)  # fmt: skip
def test_a_senseless_token_is_no_token(token: Any) -> None:
    store = MemoryTokenStore()
    with serving(reading(saying(granted(token)))) as server, pytest.raises(ProviderError) as caught:
        sign_in(server.url, store=store).token()
    assert caught.value.kind == "answer"
    assert store.load() is None


def test_a_senseless_token_in_the_store_is_replaced() -> None:
    store = MemoryTokenStore()
    store.save("left\nover", NOW + timedelta(hours=1))
    with serving(reading(saying(granted()))) as server:
        assert sign_in(server.url, store=store).token() == "t1"


OAUTH = {"error": "invalid_client", "error_description": "…", "errors": [{"errorCode": "OAU-153"}]}


@pytest.mark.parametrize(
    ("script", "kind", "permanent", "requests", "words"),
    [
        (saying(answer(400, OAUTH)), "credentials", True, 1, "client id or secret"),
        (saying(answer(401, {"error": "invalid_client"})), "credentials", True, 1, "client id or secret"),
        (saying(answer(400, {"error": "invalid_grant"})), "credentials", True, 1, "JWT"),
        (saying(answer(400, {"error": "invalid_scope"})), "credentials", True, 1, "refused the sign-in"),
        (saying(answer(401, b"")), "credentials", True, 1, "refused the sign-in"),
        (saying(answer(403, b"<html>")), "credentials", True, 1, "refused the sign-in"),
        (saying(answer(404, b"")), "not_found", True, 1, "no RingCentral sign-in"),
        (saying(answer(302, b"", {"Location": "/"})), "answer", True, 1, "no RingCentral sign-in"),
        (saying(answer(500, b"")), "server", False, 3, "trouble"),
        (saying(answer(503, b"<html>")), "server", False, 3, "trouble"),
        (Talk.reset, "unreachable", False, 3, "broke off"),
        (saying(answer(200, b"<html>")), "answer", False, 3, "no access token"),
        (saying(answer(429, b"", {"Retry-After": "9"})), "rate", False, 1, "silence"),
    ],
)
def test_a_refused_sign_in(script: Script, kind: str, permanent: bool, requests: int, words: str) -> None:
    with serving(reading(script)) as server, pytest.raises(ProviderError) as caught:
        sign_in(server.url).token()
    error = caught.value
    assert (error.kind, error.permanent, len(server.requests)) == (kind, permanent, requests)
    assert words in error.sentence
    assert "a.b+c" not in str(vars(error))


def test_a_short_trouble_is_outlived() -> None:
    slept: list[float] = []
    with serving(reading(saying(answer(503), granted()))) as server:
        token = sign_in(server.url, retry_policy=RetryPolicy(sleep=slept.append)).token()
    assert (token, slept) == ("t1", [0.5])


def test_ten_threads_mint_one_token() -> None:
    """More than about five sessions of one user push each other out."""
    tokens: list[str] = []
    store = MemoryTokenStore()
    start = threading.Barrier(10)

    def work() -> None:
        signing_in = sign_in(server.url, store=store)  # each with a client of its own
        start.wait(5)
        tokens.append(signing_in.token())

    with serving(reading(saying(granted("t1"), granted("t2")))) as server:
        threads = [threading.Thread(target=work) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert tokens == ["t1"] * 10
    assert len(server.requests) == 1


class Elsewhere(MemoryTokenStore):
    """A worker of another process is signing in, and may be done after some looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.lookup_count = looks

    def minting(self) -> AbstractContextManager[bool]:
        self.lookup_count -= 1
        if self.lookup_count == 0:
            self.save("theirs", NOW + timedelta(hours=1))
        return nullcontext(False)


def test_the_token_that_another_process_gets_is_waited_for() -> None:
    assert sign_in("http://127.0.0.1:9", store=Elsewhere(3)).token() == "theirs"


def test_a_sign_in_elsewhere_that_never_ends_is_told() -> None:
    with pytest.raises(ProviderError) as caught:
        sign_in("http://127.0.0.1:9", store=Elsewhere(0)).token()
    error = caught.value
    assert (error.kind, error.outcome, error.permanent) == ("rate", Outcome.NOT_SENT, False)


def test_dropping_a_token_that_was_already_replaced_changes_nothing() -> None:
    store = MemoryTokenStore()
    store.save("new", NOW)
    store.drop("old")
    assert store.load() == ("new", NOW)
    store.drop("new")
    assert store.load() is None


def test_the_store_does_not_show_the_token() -> None:
    store = MemoryTokenStore()
    store.save("hunter2", NOW)
    assert "hunter2" not in repr(vars(store))
