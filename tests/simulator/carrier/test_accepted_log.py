import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import A2P, LONG_CODE, TOLL_FREE, Client
from tests.simulator.running import RunningSimulator, running_simulator

ANN, BEN = "+14155550101", "+14155550102"
BATCHES = f"{A2P}/batches"


@pytest.fixture
def persistent(tmp_path: Path) -> Iterator[RunningSimulator]:
    """A simulator with both files, at the real speed."""
    with running_simulator(
        ledger=tmp_path / "ledger.jsonl", state=tmp_path / "state.jsonl", rate_limits="off"
    ) as simulator:
        yield simulator


def test_a_ledger_line(persistent: RunningSimulator) -> None:
    client = Client(persistent.url)
    reply = client.post(BATCHES, {"from": LONG_CODE, "messages": [{"to": [ANN], "text": 'Zażółć\n"x"'}]})
    message = client.get(f"{A2P}/messages").json["records"][0]
    assert persistent.ledger() == [
        {
            "provider": "ringcentral",
            "request_id": reply.headers["rcrequestid"],
            "batch_id": reply.json["id"],
            "message_id": message["id"],
            "from": LONG_CODE,
            "to": ANN,
            "text": 'Zażółć\n"x"',
            "accepted_at": reply.json["creationTime"],
        }
    ]
    assert list(persistent.ledger()[0]) == [
        *("provider", "request_id", "batch_id", "message_id", "from", "to", "text", "accepted_at")
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_restart_loses_nothing(persistent: RunningSimulator, number: int) -> None:
    client = Client(persistent.url)
    sent = client.send_batch(*[ANN] * 100)
    toll_free = client.send_batch(BEN, sender=TOLL_FREE, text="Hi Ben")
    persistent.inbound(ANN, LONG_CODE, "STOP")
    persistent.advance(30)
    before = client.get(f"{A2P}/messages", view="Detailed").json["records"]
    ledger = persistent.ledger()
    assert persistent.stop(number) == (0 if number != signal.SIGKILL else -number)
    persistent.restart()
    # The token, the clock, the batch in the middle, the texts and the opt-out are all there.
    after = client.get(f"{A2P}/messages", view="Detailed").json["records"]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert after[1]["text"] == "Hi Ben"
    assert 30 <= client.get(f"{BATCHES}/{sent['id']}").json["processedCount"] < 100
    assert client.get(f"{BATCHES}/{toll_free['id']}").json["status"] == "Completed"
    assert persistent.ledger() == ledger
    blocked = client.send_batch(ANN)
    assert int(persistent.ledger()[-1]["message_id"]) > int(after[0]["id"])
    persistent.advance(200)
    assert (
        client.get(f"{A2P}/messages", batchId=blocked["id"]).json["records"][0]["errorCode"] == "SMS-RC-413"
    )


def test_a_sender_stays_busy_over_a_restart(persistent: RunningSimulator) -> None:
    client = Client(persistent.url)
    client.send_batch(*[ANN] * 60)
    persistent.restart(speed=1000)
    late = client.send_batch(BEN)
    assert client.get(f"{BATCHES}/{late['id']}").json["processedCount"] == 0
    persistent.advance(61)
    assert client.get(f"{BATCHES}/{late['id']}").json["processedCount"] == 1


@pytest.mark.parametrize("cut", [1, 40, 79, 80, 200, 100_000])
def test_a_kill_between_the_two_files_is_made_good(persistent: RunningSimulator, cut: int) -> None:
    """The log is written before the ledger; what a kill left out of the ledger is added at the next start."""
    client = Client(persistent.url)
    client.send_batch(ANN)
    start = persistent.ledger_path.stat().st_size
    client.send_batch(*[BEN] * 10)
    whole = persistent.ledger_path.read_bytes()
    persistent.kill()
    persistent.ledger_path.write_bytes(whole[: max(start, len(whole) - cut)])
    persistent.restart()
    assert persistent.ledger_path.read_bytes() == whole


def test_a_kill_during_the_very_first_batch(persistent: RunningSimulator) -> None:
    Client(persistent.url).send_batch(ANN, BEN)
    whole = persistent.ledger_path.read_bytes()
    for left in (b"", whole[:30], whole[: len(whole) // 2 + 30]):
        persistent.kill()
        persistent.ledger_path.write_bytes(left)
        persistent.restart()
        assert persistent.ledger_path.read_bytes() == whole


def test_half_a_record_in_the_log_was_never_acknowledged(
    persistent: RunningSimulator, tmp_path: Path
) -> None:
    client = Client(persistent.url)
    first = client.send_batch(ANN)
    ledger, log = persistent.ledger_path, tmp_path / "state.jsonl"
    before, size = ledger.read_bytes(), log.stat().st_size
    second = client.send_batch(BEN)
    persistent.kill()
    ledger.write_bytes(before)
    log.write_bytes(log.read_bytes()[: size + 50])
    persistent.restart()
    assert [one["id"] for one in client.get(BATCHES).json["records"]] == [first["id"]]
    assert client.get(f"{BATCHES}/{second['id']}").status == 404
    assert ledger.read_bytes() == before
    third = client.send_batch(BEN)
    persistent.restart()
    assert [one["id"] for one in client.get(BATCHES).json["records"]] == [third["id"], first["id"]]


def _post_until_it_dies(client: Client, answered: list[str]) -> None:
    with suppress(OSError, HTTPException):
        while True:
            answered.append(client.send_batch(*[ANN] * 200)["id"])


def test_whatever_was_answered_is_there_after_a_kill_under_load(persistent: RunningSimulator) -> None:
    client, answered = Client(persistent.url), list[str]()
    workers = [threading.Thread(target=_post_until_it_dies, args=(client, answered)) for _ in range(4)]
    for worker in workers:
        worker.start()
    while len(answered) < 40:
        workers[0].join(0.01)
    persistent.kill()
    for worker in workers:
        worker.join()
    persistent.restart()
    in_ledger = {line["batch_id"] for line in persistent.ledger()}
    in_store = {one["id"] for one in client.get(BATCHES).json["records"]}
    assert set(answered) <= in_ledger
    assert in_ledger == in_store
    assert len(persistent.ledger()) == 200 * len(in_store)


def test_people_who_answer_do_so_once_over_restarts(persistent: RunningSimulator) -> None:
    client = Client(persistent.url)
    client.send_batch("+14155559720")
    persistent.restart()
    persistent.advance(60)
    assert len(client.get(f"{A2P}/messages", direction="Inbound").json["records"]) == 1
    persistent.restart()
    persistent.advance(60)
    assert len(client.get(f"{A2P}/messages", direction="Inbound").json["records"]) == 1


def test_a_full_disk_refuses_and_takes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    with running_simulator(ledger=Path("/dev/full"), state=state, rate_limits="off") as simulator:
        client = Client(simulator.url)
        before = state.read_bytes()
        reply = client.post(BATCHES, {"from": LONG_CODE, "text": "x", "messages": [{"to": [ANN]}]})
        assert (reply.status, reply.code) == (500, "CMN-203")
        assert client.get(BATCHES).json["records"] == []
        assert state.read_bytes() == before


def test_a_damaged_log_is_named_and_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    state.write_bytes(b'{"kind":"batch\n{"kind":"clock","advanced":0}\n')
    command = [sys.executable, "-m", "campaigns.simulator", "--port", "0", "--state", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert state.read_bytes().startswith(b'{"kind":"batch\n{')


def test_fsync_and_no_files_at_all(tmp_path: Path) -> None:
    options: dict[str, Any] = {"fsync": True, "state": tmp_path / "s", "rate_limits": "off"}
    with running_simulator(**options) as simulator:
        Client(simulator.url).send_batch(ANN)
        assert simulator.ledger() == simulator.ledger_over_http()


def test_a_new_run_adds_to_an_old_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "deep" / "ledger.jsonl"
    for _ in range(2):
        with running_simulator(ledger=ledger, rate_limits="off") as simulator:
            Client(simulator.url).send_batch(ANN)
            lines = simulator.ledger()
    assert len(lines) == 2
    assert len({line["batch_id"] for line in lines}) == 2
    assert ledger.stat().st_mode & 0o077 == 0
