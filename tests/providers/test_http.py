import gzip
import ssl
import time
import tracemalloc
from pathlib import Path

import pytest

from campaigns.providers.http import Cause, NoAnswerError, Secret, Transport, clocks, prepare
from tests.providers.servers import (
    Script,
    Server,
    answer,
    dripping_body,
    dripping_headers,
    keeping_alive,
    reading,
    serving,
    writing,
)
from tests.providers.wire import OK, QUICK, SLACK_SECONDS, Hook, post

# --- answers


BODIES: dict[str, tuple[Script, bool, bool]] = {
    "whole": (writing(answer(500, b"x" * 1000)), False, False),
    "ends early": (writing(answer(500, b"x" * 10, length=500)), True, False),
    "one byte now and then": (reading(dripping_body), True, False),
    "10 MB of error page": (writing(answer(500, b"x" * 10_000_000)), False, True),
    "no gzip": (
        writing(answer(500, b"plain", {"Content-Encoding": "gzip"})),
        True,
        False,
    ),
    "a chunk that is none": (
        writing(b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        True,
        False,
    ),
}


@pytest.mark.parametrize(("script", "broken", "cut"), BODIES.values(), ids=BODIES.keys())
def test_a_status_that_came_is_kept_whatever_the_body(
    script: Script, broken: bool, cut: bool, quick: Transport
) -> None:
    start = time.monotonic()
    with serving(script) as server:
        got = quick.send_once(post(server.url))
        took = time.monotonic() - start
    assert (got.status, got.broken, got.cut) == (500, broken, cut)
    assert len(got.body) <= 1000
    assert took < SLACK_SECONDS


@pytest.mark.parametrize("chunked", [False, True])
def test_a_gzip_bomb_does_not_expand(chunked: bool) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)
    data = answer(201, bomb, {"Content-Encoding": "gzip"})
    if chunked:
        head = b"HTTP/1.1 201 X\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        data = head + f"{len(bomb):x}\r\n".encode() + bomb + b"\r\n0\r\n\r\n"
    with serving(writing(data)) as server:
        tracemalloc.start()
        try:
            got = Transport().send_once(post(server.url))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert got.cut
    assert len(got.body) == 1024 * 1024
    assert peak < 8 * 1024 * 1024


def test_gzip_is_read_and_header_names_are_lower_case(quick: Transport) -> None:
    data = answer(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip", "RCRequestId": "r1"})
    with serving(writing(data)) as server:
        got = quick.read(post(server.url))
    assert got.body == b'{"a": 1}'
    assert got.headers["rcrequestid"] == "r1"


def test_a_redirect_is_an_answer_and_nothing_else(quick: Transport) -> None:
    with serving(writing(OK)) as other:
        away = answer(302, b"", {"Location": f"{other.url}/batches"})
        with serving(writing(away)) as server:
            assert quick.send_once(post(server.url)).status == 302
            assert quick.read(post(server.url)).status == 302
        assert other.connections == 0


def test_the_environment_changes_nothing(
    quick: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .netrc would replace our bearer token; a proxy would see it, and may send a request twice."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(writing(OK)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with serving(writing(OK)) as server:
            quick.send_once(post(server.url))
            quick.read(post(server.url))
    assert proxy.connections == 0
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer s3cret"] * 2


def test_reads_keep_their_connection_and_hand_overs_never_do(quick: Transport) -> None:
    with serving(keeping_alive) as server:
        for _ in range(3):
            quick.read(post(server.url))
        assert server.connections == 1
        for _ in range(3):
            quick.send_once(post(server.url))
        assert server.connections == 4
    assert not any("cookie" in request.headers for request in server.requests)


def test_a_kept_connection_gets_a_new_deadline_for_each_request() -> None:
    later = 0.0

    def now() -> tuple[float, float]:
        boot, wall = clocks()
        return boot + later, wall + later

    transport = Transport(now=now)
    with serving(keeping_alive) as server:
        transport.read(post(server.url))
        later = 1000.0  # the first exchange's time is long over
        assert transport.read(post(server.url)).status == 200
        assert server.connections == 1
    transport.close()


def test_query_values_are_encoded_and_repeated() -> None:
    request = prepare(
        "GET",
        "https://x.example/account/~/messages",
        headers={},
        params=[("from", "+16505550100"), ("direction", "Inbound"), ("direction", "Outbound")],
    )
    assert request.url == (
        "https://x.example/account/~/messages?from=%2B16505550100&direction=Inbound&direction=Outbound"
    )


def test_a_secret_does_not_show() -> None:
    secret = Secret("hunter2")
    assert secret == "hunter2"
    assert "hunter2" not in repr({"Authorization": secret})


# --- TLS


def test_over_tls_the_hook_runs_after_the_handshake(certificate: tuple[Path, ssl.SSLContext]) -> None:
    path, context = certificate
    server: Server
    seen: list[tuple[int, int]] = []
    with serving(keeping_alive, tls=context) as server:
        transport = Transport(QUICK, ca_bundle=str(path))
        got = transport.send_once(
            post(server.url, b"x" * 300_000),
            before_first_byte=lambda: seen.append((server.connections, len(server.requests))),
        )
    assert (got.status, seen) == (200, [(1, 0)])
    assert len(server.requests[0].body) == 300_000


def test_over_tls_a_drip_ends_at_the_total(certificate: tuple[Path, ssl.SSLContext]) -> None:
    path, context = certificate
    start = time.monotonic()
    with serving(reading(dripping_headers), tls=context) as server:
        with pytest.raises(NoAnswerError) as caught:
            Transport(QUICK, ca_bundle=str(path)).send_once(post(server.url))
        took = time.monotonic() - start
    assert (caught.value.cause, caught.value.written) == (Cause.TIMEOUT, True)
    assert took < SLACK_SECONDS


def test_a_certificate_that_nobody_vouches_for_is_proved_not_sent(
    certificate: tuple[Path, ssl.SSLContext], quick: Transport
) -> None:
    hook = Hook()
    with serving(keeping_alive, tls=certificate[1]) as server, pytest.raises(NoAnswerError) as caught:
        quick.send_once(post(server.url), before_first_byte=hook)
    assert (caught.value.cause, caught.value.written, hook.calls) == (Cause.TLS, False, 0)
    assert server.requests == []
