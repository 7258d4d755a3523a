"""What each way of failing proves about a batch. One row of the table per way."""

import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.retry import RetryPolicy, SilentGate
from campaigns.providers.ringcentral.auth import MemoryTokenStore
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.provider import build
from campaigns.providers.types import BatchState, OutgoingText, Rejected
from tests.providers.servers import (
    TOKEN,
    Script,
    Server,
    Talk,
    answer,
    dripping_body,
    dripping_headers,
    reading,
    reset_in_headers,
    ringcentral,
    serving,
)
from tests.providers.wire import QUICK, Hook

TEXTS = [OutgoingText("+14155550101", "Hi Ann"), OutgoingText("+14155550102", "Hi Bob")]
BATCH: dict[str, Any] = {
    "id": "3157ac7d-baab-4d0e-1453-deada6c735d2",
    "from": "+16505550100",
    "batchSize": 2,
    "processedCount": 0,
    "status": "Processing",
    "creationTime": "2020-10-12T16:59:55.053902Z",
    "lastModifiedTime": "2020-10-12T16:59:55.053902Z",
    "rejected": [],
}


def client(url: str, **changes: Any) -> RingCentral:
    values: dict[str, Any] = {
        "client_id": "id",
        "client_secret": "secret-value",
        "jwt": "jwt-value",
        "limits": QUICK,
    }
    return build(url=url, **(values | {"retry_policy": RetryPolicy(sleep=lambda _: None)} | changes))


def signed_in() -> MemoryTokenStore:
    store = MemoryTokenStore()
    store.save(TOKEN, datetime.now(UTC) + timedelta(hours=1))
    return store


@dataclass
class Submission:
    hook: Hook
    batch: BatchState | None = None
    error: ProviderError | None = None


def hand_over(url: str, **changes: Any) -> Submission:
    sent = Submission(Hook())
    provider = client(url, **({"token_store": signed_in()} | changes))
    try:
        sent.batch = provider.submit("+16505550100", TEXTS, before_first_byte=sent.hook)
    except ProviderError as error:
        sent.error = error
    finally:
        provider.close()
    return sent


def status(number: int, body: Any = b"", **headers: str) -> Script:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda talk: talk.write(answer(number, body, named))


def coded(number: int, code: str, **headers: str) -> Script:
    return status(number, {"errorCode": code, "message": "…"}, **headers)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BATCH.items() if key != name}


HTML = "<html><title>Sign in to the Wi-Fi</title></html>"
BOMB = gzip.compress(b" " * 50_000_000 + json.dumps(BATCH).encode())

# Every row was read by the server exactly once, over one connection, after the hook.
READ: list[tuple[str, Script, Outcome, str]] = [
    ("400", coded(400, "CMN-101"), Outcome.REFUSED, "request"),
    ("401", coded(401, "OAU-213"), Outcome.REFUSED, "credentials"),
    ("403", coded(403, "CMN-401"), Outcome.REFUSED, "permission"),
    ("404", coded(404, "AGW-404"), Outcome.REFUSED, "not_found"),
    ("405", status(405), Outcome.REFUSED, "request"),
    ("413", status(413, HTML), Outcome.REFUSED, "too_large"),
    ("415", status(415), Outcome.REFUSED, "request"),
    ("422", status(422), Outcome.REFUSED, "request"),
    ("400 with 10 MB of page", status(400, b"x" * 10_000_000), Outcome.REFUSED, "request"),
    ("429", coded(429, "CMN-301", Retry_After="30"), Outcome.REFUSED, "rate"),
    ("429 of a proxy", status(429, HTML), Outcome.REFUSED, "rate"),
    ("429 for a copy under way", coded(429, "CMN-304"), Outcome.UNKNOWN, "rate"),
    ("429 that breaks off", lambda t: t.write(answer(429, b'{"errorC', length=99)), Outcome.UNKNOWN, "rate"),
    ("400 that breaks off", lambda t: t.write(answer(400, b"{", length=99)), Outcome.UNKNOWN, "request"),
    ("402", status(402), Outcome.UNKNOWN, "other"),
    ("408", status(408), Outcome.UNKNOWN, "server"),
    ("409", status(409), Outcome.UNKNOWN, "other"),
    ("425", status(425), Outcome.UNKNOWN, "other"),
    ("302", status(302, HTML, Location="http://127.0.0.1:9/"), Outcome.UNKNOWN, "answer"),
    ("307", status(307, b"", Location="http://127.0.0.1:9/"), Outcome.UNKNOWN, "answer"),
    ("500", coded(500, "CMN-203"), Outcome.UNKNOWN, "server"),
    ("502", status(502, HTML), Outcome.UNKNOWN, "server"),
    ("503", status(503, b"", Retry_After="9"), Outcome.UNKNOWN, "server"),
    ("504", status(504), Outcome.UNKNOWN, "server"),
    ("500 with 10 MB of page", status(500, b"x" * 10_000_000), Outcome.UNKNOWN, "server"),
    ("200 with HTML", status(200, HTML), Outcome.UNKNOWN, "answer"),
    ("204", status(204), Outcome.UNKNOWN, "answer"),
    ("201 with nothing", status(201), Outcome.UNKNOWN, "answer"),
    ("201 truncated", lambda t: t.write(answer(201, json.dumps(BATCH)[:-9])), Outcome.UNKNOWN, "answer"),
    ("201 that breaks off", lambda t: t.write(answer(201, BATCH, length=9999)), Outcome.UNKNOWN, "answer"),
    ("201 of a wrong shape", status(201, [BATCH]), Outcome.UNKNOWN, "answer"),
    ("201 without an id", status(201, without("id")), Outcome.UNKNOWN, "answer"),
    ("201 with id null", status(201, BATCH | {"id": None}), Outcome.UNKNOWN, "answer"),
    ("201 with an empty id", status(201, BATCH | {"id": ""}), Outcome.UNKNOWN, "answer"),
    ("201 with an id of spaces", status(201, BATCH | {"id": " "}), Outcome.UNKNOWN, "answer"),
    ("201 with id true", status(201, BATCH | {"id": True}), Outcome.UNKNOWN, "answer"),
    ("201 with id 0", status(201, BATCH | {"id": 0}), Outcome.UNKNOWN, "answer"),
    ("201 nested too deep", status(201, "[" * 100_000), Outcome.UNKNOWN, "answer"),
    ("201 as a gzip bomb", status(201, BOMB, Content_Encoding="gzip"), Outcome.UNKNOWN, "answer"),
    ("201 as broken gzip", status(201, b"no", Content_Encoding="gzip"), Outcome.UNKNOWN, "answer"),
    ("reset before the answer", Talk.reset, Outcome.UNKNOWN, "unreachable"),
    ("reset inside the headers", reset_in_headers, Outcome.UNKNOWN, "unreachable"),
    ("closed without a word", lambda t: t.sock.shutdown(socket.SHUT_RDWR), Outcome.UNKNOWN, "unreachable"),
    ("silent", Talk.hang, Outcome.UNKNOWN, "unreachable"),
    ("headers drip", dripping_headers, Outcome.UNKNOWN, "unreachable"),
    ("the body drips", dripping_body, Outcome.UNKNOWN, "server"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "outcome", "kind"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_after_the_hook(script: Script, outcome: Outcome, kind: str) -> None:
    with serving(ringcentral(script)) as server:
        sent = hand_over(server.url)
    assert sent.error is not None
    assert (sent.error.outcome, sent.error.kind) == (outcome, kind)
    assert ("not known whether" in str(sent.error)) == (outcome is Outcome.UNKNOWN)
    assert sent.hook.calls == server.connections == len(server.requests) == 1


@pytest.mark.parametrize(
    "make_url",
    [
        lambda: "https://nowhere.invalid",
        lambda: f"http://127.0.0.1:{closed_port()}",
        lambda: f"https://127.0.0.1:{closed_port()}",
    ],
    ids=["no such name", "refused", "refused, TLS"],
)
def test_before_the_hook(make_url: Callable[[], str]) -> None:
    sent = hand_over(make_url())
    assert sent.error is not None
    assert (sent.error.outcome, sent.error.kind) == (Outcome.NOT_SENT, "unreachable")
    assert sent.hook.calls == 0


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_no_tls_where_tls_was_expected_is_before_the_hook() -> None:
    with serving(reading(lambda talk: None)) as server:
        sent = hand_over(server.url.replace("http:", "https:"))
    assert sent.error is not None
    assert (sent.error.outcome, sent.error.kind, sent.hook.calls) == (Outcome.NOT_SENT, "unreachable", 0)


@pytest.mark.parametrize(
    "error", [OSError("database is gone"), RuntimeError("paused"), ProviderError("no", kind="stopped")]
)
def test_a_hook_that_says_no(error: Exception) -> None:
    def hook() -> None:
        raise error

    with serving(ringcentral(status(201, BATCH))) as server:
        provider = client(server.url, token_store=signed_in())
        with pytest.raises(type(error)) as caught:
            provider.submit("+16505550100", TEXTS, before_first_byte=hook)
    assert caught.value is error
    assert server.requests == []


@pytest.mark.parametrize(
    "script",
    [
        status(400, {"error": "invalid_grant", "errors": [{"errorCode": "OAU-140"}]}),
        status(500, HTML),
        Talk.reset,
        Talk.hang,
        status(200, HTML),
        status(429, b"", Retry_After="86400"),
    ],
    ids=["refused", "500", "reset", "silent", "HTML", "429"],
)
def test_trouble_with_the_sign_in_is_before_the_hook(script: Script) -> None:
    with serving(reading(script)) as server:
        sent = hand_over(server.url, token_store=MemoryTokenStore())
    assert sent.error is not None
    assert sent.error.outcome is Outcome.NOT_SENT
    assert sent.hook.calls == 0
    assert {request.path for request in server.requests} == {"/restapi/oauth/token"}


def test_a_closed_gate_is_before_the_hook() -> None:
    class Closed(SilentGate):
        def wait(self, group: str) -> None:
            raise ProviderError("Later.", kind="rate")

    with serving(ringcentral(status(201, BATCH))) as server:
        sent = hand_over(server.url, gate=Closed())
    assert sent.error is not None
    assert (sent.error.outcome, sent.hook.calls, server.connections) == (Outcome.NOT_SENT, 0, 0)


def test_a_gate_that_fails_afterwards_cannot_cost_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(SilentGate):
        def learn(self, group: str, http_status: int, headers: dict[str, str]) -> None:
            raise OSError("database is gone")

    with serving(ringcentral(status(201, BATCH))) as server:
        sent = hand_over(server.url, gate=Failing())
    assert sent.batch is not None
    assert sent.batch.provider_id == BATCH["id"]
    assert "OSError" in caplog.text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry_After": "7"}, 7.0), ({}, 60.0), ({"Retry_After": "soon"}, 60.0)],
)
def test_silence_after_a_429(headers: dict[str, str], seconds: float) -> None:
    with serving(ringcentral(coded(429, "CMN-301", **headers))) as server:
        sent = hand_over(server.url)
    assert sent.error is not None
    assert sent.error.retry_after == seconds


def test_a_refused_token_is_forgotten_and_the_next_hand_over_gets_a_new_one() -> None:
    store = MemoryTokenStore()
    store.save("an-old-token", datetime.now(UTC) + timedelta(hours=1))

    def script(talk: Talk) -> None:
        old = talk.last.headers["authorization"].endswith("an-old-token")
        talk.write(answer(401, {"errorCode": "OAU-213"}) if old else answer(201, BATCH))

    with serving(ringcentral(script)) as server:
        first = hand_over(server.url, token_store=store)
        assert first.error is not None
        assert (first.error.outcome, first.error.kind) == (Outcome.REFUSED, "credentials")
        assert store.load() is None
        assert hand_over(server.url, token_store=store).batch is not None
    assert len(server.asked("/batches")) == 2
    assert len(server.asked("/token")) == 1


# --- accepted


@pytest.mark.parametrize(
    ("body", "provider_id"),
    [
        (BATCH, BATCH["id"]),
        (BATCH | {"id": 52511}, "52511"),
        ({"id": "only-an-id"}, "only-an-id"),
        (BATCH | {"status": "Levitating", "cost": None, "rejected": None}, BATCH["id"]),
    ],
)
@pytest.mark.parametrize("number", [200, 201, 202])
def test_an_id_is_all_that_acceptance_needs(number: int, body: Any, provider_id: str) -> None:
    with serving(ringcentral(status(number, body))) as server:
        sent = hand_over(server.url)
    assert sent.batch is not None
    assert (sent.batch.provider_id, sent.batch.http_status) == (provider_id, number)


def test_rejected_recipients_and_evidence_come_with_the_batch() -> None:
    entry = {"index": 2, "to": ["+14155550102"], "errorCode": "SMS-RC-410", "description": "Invalid"}
    body = BATCH | {"batchSize": 1, "rejected": [entry]}
    with serving(ringcentral(status(201, body, RCRequestId="r-7"))) as server:
        batch = hand_over(server.url).batch
    assert batch is not None
    assert batch.rejected == (Rejected(index=2, to="+14155550102", code="SMS-RC-410", description="Invalid"),)
    assert (batch.batch_size, batch.request_id, batch.raw) == (1, "r-7", json.dumps(body).encode())


def test_ten_thousand_rejected_recipients_fit() -> None:
    texts = [OutgoingText(f"+1415555{n:04}", "Hi") for n in range(10_000)]
    rejected = [
        {"index": n, "to": [text.to], "errorCode": "SMS-RC-410", "description": "Recipient number is invalid"}
        for n, text in enumerate(texts, 1)
    ]
    body = BATCH | {"batchSize": 0, "rejected": rejected}
    with serving(ringcentral(status(201, body))) as server:
        provider = build(url=server.url, client_id="i", client_secret="s", jwt="j", token_store=signed_in())
        batch = provider.submit("+16505550100", texts, before_first_byte=Hook())
        provider.close()
    assert len(batch.rejected) == 10_000
    assert len(batch.raw) == 65_536


@pytest.mark.parametrize(
    ("texts", "body"),
    [
        (
            TEXTS,
            {
                "from": "+16505550100",
                "messages": [
                    {"to": ["+14155550101"], "text": "Hi Ann"},
                    {"to": ["+14155550102"], "text": "Hi Bob"},
                ],
            },
        ),
        (
            [OutgoingText("+14155550101", "Zoë 👋"), OutgoingText("+14155550102", "Zoë 👋")],
            {
                "from": "+16505550100",
                "text": "Zoë 👋",
                "messages": [{"to": ["+14155550101"]}, {"to": ["+14155550102"]}],
            },
        ),
    ],
    ids=["personal", "the same for all"],
)
def test_the_body_on_the_wire(texts: list[OutgoingText], body: Any) -> None:
    with serving(ringcentral(status(201, BATCH))) as server:
        provider = client(server.url)
        provider.submit("+16505550100", texts, before_first_byte=Hook())
        provider.close()
    (request,) = server.asked("/batches")
    assert request.json() == body
    assert (request.method, request.path) == ("POST", "/restapi/v1.0/account/~/a2p-sms/batches")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"].startswith("Carillon/")


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([], "request"),
        ([OutgoingText("+14155550101", "x")] * 10_001, "request"),
        ([OutgoingText("+14155550101", "é" * 3000 + str(n)) for n in range(9_000)], "too_large"),
    ],
    ids=["none", "too many", "over 50 MB"],
)
def test_a_batch_that_cannot_be_is_not_tried(texts: list[OutgoingText], kind: str) -> None:
    hook = Hook()
    with pytest.raises(ProviderError) as caught:
        client("http://127.0.0.1:9").submit("+16505550100", texts, before_first_byte=hook)
    assert (caught.value.outcome, caught.value.kind, hook.calls) == (Outcome.NOT_SENT, kind, 0)


# --- secrets


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.mark.parametrize("script", [row[1] for row in READ[:4]], ids=[row[0] for row in READ[:4]])
def test_no_secret_and_no_number_shows(script: Script, everything_logged: pytest.LogCaptureFixture) -> None:
    server: Server
    with serving(ringcentral(script)) as server:
        provider = client(server.url)
        with pytest.raises(ProviderError) as caught:
            provider.submit("+16505550100", TEXTS, before_first_byte=Hook())
        with pytest.raises(ProviderError):
            list(provider.batches(date_from=datetime.now(UTC), sender="+16505550100"))
        provider.close()
    shown = f"{caught.value!r} {vars(caught.value)} {provider!r} {everything_logged.text}"
    for secret in (TOKEN, "secret-value", "jwt-value", "4155550101", "16505550100"):
        assert secret not in shown
