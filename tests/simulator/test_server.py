import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.simulator.client import A2P, LONG_CODE, Client
from tests.simulator.running import RunningSimulator, running_simulator

BATCHES = f"{A2P}/batches"
BODY = b'{"from":"+16505550100","text":"Hello","messages":[{"to":["+14155550101"]}]}'


@contextmanager
def _socket(simulator: RunningSimulator) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as connection:
        yield connection


def _head(client: Client, *lines: str) -> bytes:
    head = [f"POST {BATCHES} HTTP/1.1", "Host: x", f"Authorization: Bearer {client.token}"]
    return "\r\n".join([*head, "Content-Type: application/json", *lines, "", ""]).encode()


def test_one_connection_serves_many_calls(client: Client, simulator: RunningSimulator) -> None:
    connection = HTTPConnection(urlsplit(simulator.url).netloc)
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", BATCHES, headers=client.headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        assert connection.sock.getsockname() == local
    connection.close()


def test_every_answer_has_its_own_request_id(client: Client) -> None:
    paths = (BATCHES, BATCHES, f"{BATCHES}/x", "/restapi", "/nowhere")
    assert len({client.get(path).headers["rcrequestid"] for path in paths}) == len(paths)


def test_a_body_in_chunks(client: Client, simulator: RunningSimulator) -> None:
    chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(piece), piece) for piece in (BODY[:20], BODY[20:]))
    with _socket(simulator) as connection:
        connection.sendall(_head(client, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")
    assert len(simulator.ledger()) == 1


def test_a_client_that_asks_before_it_sends(client: Client, simulator: RunningSimulator) -> None:
    with _socket(simulator) as connection:
        connection.sendall(_head(client, f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (f"Content-Length: {len(BODY) + 1}", BODY),  # cut off, though what came is whole JSON
        (f"Content-Length: {len(BODY)}", BODY[:-5]),
        ("Content-Length: many", BODY),
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(BODY), BODY)),
        ("Transfer-Encoding: chunked", b"what\r\n"),
    ],
)
def test_part_of_a_body_is_never_accepted(
    client: Client, simulator: RunningSimulator, line: str, body: bytes
) -> None:
    with _socket(simulator) as connection:
        connection.sendall(_head(client, line) + body)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert simulator.ledger() == []


def test_more_than_50_mb_is_refused_with_an_answer(client: Client, simulator: RunningSimulator) -> None:
    reply = client.post(BATCHES, BODY[:-1] + b" " * (50 * 1024 * 1024) + b"}")
    assert reply.status == 413
    assert client.post(BATCHES, BODY[:-1] + b" " * (49 * 1024 * 1024) + b"}").status == 201
    assert len(simulator.ledger()) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD"])
def test_other_methods(client: Client, method: str) -> None:
    assert client.send(method, BATCHES, None, client.headers).status == 404


def test_hundred_connections_at_once(client: Client, simulator: RunningSimulator) -> None:
    statuses: list[int] = []

    def post() -> None:
        statuses.append(client.post(BATCHES, BODY).status)

    threads = [threading.Thread(target=post) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 100
    ids = [line["message_id"] for line in simulator.ledger()]
    assert len(set(ids)) == 100


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_told(number: int) -> None:
    with running_simulator() as simulator:
        client = Client(simulator.url)
        with _socket(simulator):  # an idle client does not hold it up
            started = time.monotonic()
            assert client.send_batch("+14155550101")["batchSize"] == 1
            assert simulator.stop(number) == 0
            assert time.monotonic() - started < 10


def test_an_answer_under_way_still_leaves() -> None:
    with running_simulator() as simulator:
        client = Client(simulator.url)
        simulator.faults({"path": "/batches", "fault": "delay", "seconds": 0.5})
        statuses: list[int] = []
        thread = threading.Thread(target=lambda: statuses.append(client.post(BATCHES, BODY).status))
        thread.start()
        while not simulator.control("GET", "faults").count(b'"fired":1'):
            thread.join(0.01)
        assert simulator.stop() == 0
        thread.join()
        assert statuses == [201]
        assert [line["from"] for line in simulator.ledger()] == [LONG_CODE]


@pytest.mark.parametrize(
    "arguments", [["--speed", "0"], ["--speed", "-1"], ["--speed", "fast"], ["--rate-limits", "maybe"]]
)
def test_flags_that_make_no_sense(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "campaigns.simulator", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert arguments[0] in done.stderr


def test_a_port_that_is_taken() -> None:
    with running_simulator() as simulator:
        command = [sys.executable, "-m", "campaigns.simulator", "--port", str(simulator.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "cannot start" in done.stderr
    assert "Traceback" not in done.stderr
