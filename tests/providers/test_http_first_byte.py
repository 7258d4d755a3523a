import socket
import ssl
import threading
import time

import pytest
import requests

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.http import Cause, Limits, NoAnswerError, Transport, clocks
from tests.providers.servers import (
    Script,
    Talk,
    closed_in_handshake,
    dripping_headers,
    endless_continue,
    reading,
    reset_in_handshake,
    reset_in_headers,
    serving,
    writing,
)
from tests.providers.wire import OK, SLACK_SECONDS, Hook, post

# --- the hook


def test_the_hook_runs_once_connected_with_nothing_written_in_the_callers_thread(quick: Transport) -> None:
    arrived = threading.Event()
    seen: list[tuple[str, bool, bool]] = []

    def script(talk: Talk) -> None:
        arrived.set()
        first = talk.sock.recv(1, socket.MSG_PEEK)  # blocks until a byte comes
        seen.append(("byte", bool(first), hook_done.is_set()))
        talk.read()
        talk.write(OK)

    hook_done = threading.Event()

    def hook() -> None:
        assert arrived.wait(5)
        assert not seen
        seen.append(("hook", threading.current_thread() is threading.main_thread(), True))
        hook_done.set()

    with serving(script) as server:
        assert quick.send_once(post(server.url), before_first_byte=hook).status == 201
    assert seen == [("hook", True, True), ("byte", True, True)]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        BrokenPipeError(32, "swallowed by urllib3 if it came from the socket"),
        ConnectionResetError(104, "the same"),
        TimeoutError("would become a read timeout"),
        socket.gaierror("would become a name error"),
        ssl.SSLError("would become an SSL error"),
        requests.ConnectionError("looks like a failure of the network"),
        ProviderError("the ledger said no", outcome=Outcome.NOT_SENT, kind="stopped"),
        KeyboardInterrupt(),
        SystemExit(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_hook_raises_leaves_as_it_is_and_nothing_is_written(
    error: BaseException, quick: Transport
) -> None:
    came: list[bytes] = []

    def hook() -> None:
        raise error

    with serving(lambda talk: came.append(talk.sock.recv(1))) as server:
        with pytest.raises(type(error)) as caught:
            quick.send_once(post(server.url), before_first_byte=hook)
        assert caught.value is error
    assert server.connections == 1
    assert came == [b""]


class Jump:
    """Clocks of which one jumps by some seconds right after the hook has returned."""

    def __init__(self, boot: float, wall: float) -> None:
        self.jump = (boot, wall)
        self.readings_after_hook = -1

    def hook(self) -> None:
        self.readings_after_hook = 0

    def __call__(self) -> tuple[float, float]:
        boot, wall = clocks()
        if self.readings_after_hook >= 0:
            self.readings_after_hook += 1
        if self.readings_after_hook > 1:
            return boot + self.jump[0], wall + self.jump[1]
        return boot, wall


@pytest.mark.parametrize(
    ("boot", "wall"),
    [
        (6.0, 0.0),  # stopped with SIGSTOP, or the clock was set back meanwhile
        (0.0, 6.0),  # a virtual machine that was frozen and told the time afterwards
        (6.0, 6.0),  # a laptop that slept
    ],
)
def test_too_long_between_hook_and_first_byte_calls_it_off(boot: float, wall: float) -> None:
    jump = Jump(boot, wall)
    came: list[bytes] = []
    with serving(lambda talk: came.append(talk.sock.recv(1))) as server:
        with pytest.raises(NoAnswerError) as caught:
            Transport(now=jump).send_once(post(server.url), before_first_byte=jump.hook)
        assert (caught.value.cause, caught.value.written) == (Cause.STALE, False)
    assert came == [b""]


@pytest.mark.parametrize(("boot", "wall"), [(4.5, 4.5), (0.0, -7200.0)])
def test_a_short_wait_or_a_clock_set_back_does_not_call_it_off(boot: float, wall: float) -> None:
    jump = Jump(boot, wall)
    with serving(writing(OK)) as server:
        assert Transport(now=jump).send_once(post(server.url), before_first_byte=jump.hook).status == 201


# --- before the first byte: proofs


def refused_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://nowhere.invalid", Cause.NAME),
        ("https://nowhere.invalid", Cause.NAME),
        ("refused", Cause.REFUSED),
    ],
)
def test_unreachable_is_proved_not_sent(url: str, cause: Cause, quick: Transport) -> None:
    hook = Hook()
    with pytest.raises(NoAnswerError) as caught:
        quick.send_once(post(refused_port() if url == "refused" else url), before_first_byte=hook)
    assert (caught.value.cause, caught.value.written, hook.calls) == (cause, False, 0)


def test_a_full_queue_of_connections_is_a_connect_timeout(quick: Transport) -> None:
    hook = Hook()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = []
        for _ in range(4):  # beyond its backlog, Linux drops further SYNs in silence
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        with pytest.raises(NoAnswerError) as caught:
            quick.send_once(post(f"http://127.0.0.1:{address[1]}"), before_first_byte=hook)
        for filler in fillers:
            filler.close()
    assert (caught.value.cause, caught.value.written, hook.calls) == (Cause.TIMEOUT, False, 0)


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (lambda talk: talk.write(b"HTTP/1.1 400 Plain HTTP here\r\n\r\n"), Cause.TLS),
        (lambda talk: talk.hang(), Cause.TIMEOUT),
        (reset_in_handshake, None),
        (closed_in_handshake, None),
    ],
    ids=["no TLS at all", "silent handshake", "reset in the handshake", "closed in the handshake"],
)
def test_a_failed_handshake_is_proved_not_sent(script: Script, cause: Cause | None, quick: Transport) -> None:
    hook = Hook()
    with serving(script) as server, pytest.raises(NoAnswerError) as caught:
        quick.send_once(post(server.url.replace("http:", "https:")), before_first_byte=hook)
    assert (caught.value.written, hook.calls) == (False, 0)
    assert cause in (None, caught.value.cause)


# --- after the first byte: doubts


AFTER: dict[str, Script] = {
    "closed without a word": reading(lambda talk: talk.sock.close()),
    "reset after the request was read": reading(lambda talk: talk.reset()),
    "reset inside the headers": reading(reset_in_headers),
    "silent": reading(lambda talk: talk.hang()),
    "one byte of a header now and then": reading(dripping_headers),
    "no HTTP": writing(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "headers without end": reading(
        lambda talk: talk.write(b"HTTP/1.1 201 Created\r\n" + b"X-A: b\r\n" * 200)
    ),
    "endless 'continue'": reading(endless_continue),
}


@pytest.mark.parametrize("script", AFTER.values(), ids=AFTER.keys())
def test_no_answer_after_the_first_byte_is_a_doubt_and_bounded_in_time(
    script: Script, quick: Transport
) -> None:
    hook = Hook()
    start = time.monotonic()
    with serving(script) as server:
        with pytest.raises(NoAnswerError) as caught:
            quick.send_once(post(server.url), before_first_byte=hook)
        took = time.monotonic() - start
    assert caught.value.written
    assert hook.calls == len(server.requests) == server.connections == 1
    assert took < SLACK_SECONDS


def test_the_total_also_ends_a_silence_that_a_read_would_bear() -> None:
    start = time.monotonic()
    with serving(reading(lambda talk: talk.hang())) as server:
        with pytest.raises(NoAnswerError) as caught:
            Transport(Limits(read=20, total=0.3)).send_once(post(server.url))
        took = time.monotonic() - start
    assert (caught.value.cause, caught.value.written) == (Cause.TIMEOUT, True)
    assert took < SLACK_SECONDS


def test_a_reset_just_before_the_first_byte_is_a_doubt(quick: Transport) -> None:
    """The write itself may succeed or fail; either way nobody can prove that nothing arrived."""
    hook_runs, is_reset = threading.Event(), threading.Event()

    def script(talk: Talk) -> None:
        hook_runs.wait(5)
        talk.reset()
        is_reset.set()

    def hook() -> None:
        hook_runs.set()
        assert is_reset.wait(5)

    with serving(script) as server, pytest.raises(NoAnswerError) as caught:
        quick.send_once(post(server.url), before_first_byte=hook)
    assert caught.value.written


def test_a_server_that_never_reads_cannot_hold_us_beyond_the_total(quick: Transport) -> None:
    start = time.monotonic()
    with serving(lambda talk: talk.hang()) as server:
        with pytest.raises(NoAnswerError) as caught:
            quick.send_once(post(server.url, b"x" * 30_000_000))
        took = time.monotonic() - start
    assert (caught.value.cause, caught.value.written) == (Cause.TIMEOUT, True)
    assert took < SLACK_SECONDS


def test_the_error_carries_no_url_no_header_and_no_chain(quick: Transport) -> None:
    with serving(reading(lambda talk: talk.reset())) as server, pytest.raises(NoAnswerError) as caught:
        quick.send_once(post(server.url))
    error = caught.value
    assert str(error) == "no answer: broken"
    assert error.__cause__ is None
    assert error.__context__ is None
