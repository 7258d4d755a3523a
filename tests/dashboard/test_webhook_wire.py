"""The door at which providers call, over the wire: behind the server that the documents name."""

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from campaigns.receipts.webhook_intake import STORE_SECONDS
from tests.simulator.running import running_simulator
from tests.support import scenario
from tests.support.site import Site, _template, database, fresh_database, locked, rows
from tests.support.waiting import until

__all__ = ["_template", "database"]

MIB = 1024 * 1024
PUBLIC = {
    "HTTPS": "true", "BEHIND_PROXY": "true", "ALLOWED_HOSTS": "texts.example.com,127.0.0.1",
    "PUBLIC_URL": "https://texts.example.com",
}  # fmt: skip
PROXIED = {"Host": "texts.example.com", "X-Forwarded-Proto": "https"}


class Wire:
    """The site behind gunicorn, as it is set up for the public, called with raw bytes."""

    def __init__(self, site: Site, database: str) -> None:
        self.database = database
        self.secret, self.token = site.run(
            "from campaigns.receipts import webhook_intake\n"
            "door = webhook_intake.endpoint('ringcentral')\n"
            "emit([door.secret, door.token])"
        )
        site.env |= PUBLIC
        self.port = site.serve()
        until(self.answers, "gunicorn answers")

    def answers(self) -> bool:
        try:
            return self.call("/healthz/", {}, method="GET").startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def call(
        self,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        method: str = "POST",
        chunked: bool = False,
    ) -> bytes:
        """Every byte of the answer."""
        fields = PROXIED | {"Connection": "close", "Content-Type": "application/json"} | headers
        if chunked:
            fields["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        else:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=20)) as wire:
            wire.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            pieces = []
            while piece := wire.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    def event(self, body: bytes, token: str = "", *, chunked: bool = False) -> int:
        headers = {"Verification-Token": token or self.token}
        return int(self.call(self.path, headers, body, chunked=chunked).split()[1])

    def stored(self) -> dict[str, str]:
        """Body by id, of every event that was taken."""
        return dict(rows(self.database, "SELECT uuid, body FROM campaigns_webhookevent"))

    @property
    def path(self) -> str:
        return f"/webhooks/ringcentral/{self.secret}/"


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, _template: str) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("wire")
    with fresh_database(_template, folder) as database:
        site = Site(folder, database, "http://127.0.0.1:9")
        try:
            assert site.manage("collectstatic", "--no-input", "--verbosity=0").returncode == 0
            yield Wire(site, database)
        finally:
            site.close()


def test_the_handshake_on_the_wire_is_short_and_soon(wire: Wire) -> None:
    hello = "9c0d2a31" * 64  # as long as any that we repeat
    headers = {"Validation-Token": hello, "Verification-Token": wire.token}
    before = time.monotonic()
    answer = wire.call(wire.path, headers)
    assert time.monotonic() - before < 3
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert f"\r\nValidation-Token: {hello}\r\n".encode() in head + b"\r\n"
    assert b"Content-Type: application/json" in head
    assert b"Content-Security-Policy" not in head
    assert b"Set-Cookie" not in head
    assert (body, len(answer) <= 1024) == (b"", True), len(answer)


@pytest.mark.parametrize("chunked", [False, True])
def test_events_on_the_wire(wire: Wire, chunked: bool) -> None:
    short, long = f"short-{chunked}", f"long-{chunked}"
    assert wire.event(event(short), chunked=chunked) == 200
    assert wire.event(event(long, text="x" * MIB), chunked=chunked) == 413
    assert wire.stored()[short] == event(short).decode()
    assert long not in wire.stored()


def event(uuid: str, **fields: str) -> bytes:
    return json.dumps({"uuid": uuid, **fields}).encode()


def test_a_database_that_is_busy(wire: Wire) -> None:
    """Not stored is not acknowledged, and that is said while the provider still listens."""
    with locked(wire.database, "campaigns_webhookevent"):
        before = time.monotonic()
        assert wire.event(event("busy")) == 503
        assert time.monotonic() - before < 10, "elsewhere the site waits 20 seconds for the database"
    assert STORE_SECONDS < 3, "so long RingCentral listens"
    assert "busy" not in wire.stored()
    assert wire.event(event("busy")) == 200
    assert "busy" in wire.stored()


def test_a_flood_of_forgeries(wire: Wire) -> None:
    """They change nothing, and the pages stay quick meanwhile."""
    before, over = wire.stored(), threading.Event()
    refused = Counter[int]()

    def flood() -> None:
        while not over.is_set():
            refused[wire.event(event(f"{random.getrandbits(64)}"), token="forged")] += 1

    attackers = [threading.Thread(target=flood) for _ in range(6)]
    for attacker in attackers:
        attacker.start()
    took = []
    try:
        until(lambda: sum(refused.values()) > 20, "the flood runs")
        for _ in range(40):
            start = time.monotonic()
            assert wire.call("/sign-in/", {}, method="GET").startswith(b"HTTP/1.1 200")
            took.append(time.monotonic() - start)
    finally:
        over.set()
        for attacker in attackers:
            attacker.join()
    assert set(refused) == {401}
    assert max(took) < 10, "no page waited out the 20 seconds of a locked database"
    assert wire.stored() == before
    ((counted,),) = rows(wire.database, "SELECT refused_count FROM campaigns_webhook")
    assert 1 <= counted <= refused[401]


TELL = """
from campaigns.receipts import subscriptions, webhook_events
from campaigns.models import Batch, OptOut
subscriptions.ensure_subscription(registry.default())
special = [(scenario.ending("9830"), "x"), (scenario.ending("9721"), "stops")]
campaign = scenario.launched([*scenario.people(3), *special])
scenario.submit_all(campaign)
end = time.monotonic() + 30
def told():
    webhook_events.process_due(registry.default())
    ended = Batch.objects.get().provider_status == "Completed"
    final = {"delivered": 4, "not_delivered": 1}
    return ended and OptOut.objects.exists() and scenario.counts(campaign) == final
while not told() and time.monotonic() < end:
    time.sleep(0.05)
scenario.assert_adds_up(campaign)
opt_outs = [one.phone for one in OptOut.objects.all()]
emit([scenario.counts(campaign), Batch.objects.get().provider_status, opt_outs])
"""


def test_everything_is_told_through_the_door(tmp_path: Path, database: str) -> None:
    """From the simulated carrier through the running site into the tables; nobody asks for anything."""
    with running_simulator(rate_limits="off", speed=1000) as carrier:
        site = Site(tmp_path, database, carrier.url)
        try:
            site.serve(public=True)
            counts, status, opted_out = site.run(TELL)
        finally:
            site.close()
    assert counts == {"delivered": 4, "not_delivered": 1}
    assert (status, opted_out) == ("Completed", [scenario.ending("9721")])
