from collections.abc import Iterator

import pytest

from tests.simulator.client import A2P, Client, Reply
from tests.simulator.running import RunningSimulator

BATCHES = f"{A2P}/batches"
HEAVY = "/restapi/v1.0/account/~/phone-number"


@pytest.fixture
def limited(simulator: RunningSimulator) -> Client:
    simulator.options(rate_limits=True)
    return Client(simulator.url)


def _until_refused(client: Client, path: str, most: int = 60) -> Iterator[Reply]:
    for _ in range(most):
        reply = client.get(path)
        yield reply
        if reply.status == 429:
            return


def test_headers_count_down(limited: Client) -> None:
    first, second = limited.get(BATCHES).headers, limited.get(f"{A2P}/statuses").headers
    assert first["x-rate-limit-group"] == "light"
    assert (first["x-rate-limit-limit"], first["x-rate-limit-window"]) == ("50", "60")
    assert (first["x-rate-limit-remaining"], second["x-rate-limit-remaining"]) == ("49", "48")


def test_a_refused_call_counts_too(limited: Client) -> None:
    limited.get(BATCHES)
    reply = limited.get(f"{A2P}/batches/unknown")
    assert (reply.status, reply.headers["x-rate-limit-remaining"]) == (404, "48")


@pytest.mark.parametrize(("path", "group", "limit"), [(BATCHES, "light", 50), (HEAVY, "heavy", 10)])
def test_the_limit_of_a_group(limited: Client, path: str, group: str, limit: int) -> None:
    *good, refused = _until_refused(limited, path)
    assert len(good) == limit
    assert (refused.status, refused.json["errorCode"], refused.code) == (429, "CMN-301", "CMN-301")
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["x-rate-limit-group"] == group
    assert refused.headers["x-rate-limit-limit"] == str(limit)
    assert "rcrequestid" in refused.headers


def test_groups_do_not_share(limited: Client) -> None:
    assert list(_until_refused(limited, HEAVY))[-1].status == 429
    assert limited.get(BATCHES).status == 200


def test_sign_in_has_its_own_limit(limited: Client) -> None:
    assert [limited.sign_in().status for _ in range(5)] == [200] * 4 + [429]


def test_silence_ends_the_penalty(limited: Client, simulator: RunningSimulator) -> None:
    assert list(_until_refused(limited, HEAVY))[-1].status == 429
    simulator.advance(61)
    assert limited.get(HEAVY).status == 200


def test_each_call_during_the_penalty_restarts_it(limited: Client, simulator: RunningSimulator) -> None:
    assert list(_until_refused(limited, HEAVY))[-1].status == 429
    for _ in range(3):
        simulator.advance(40)
        assert limited.get(HEAVY).status == 429
    simulator.advance(61)
    assert limited.get(HEAVY).status == 200


def test_the_window_slides(limited: Client, simulator: RunningSimulator) -> None:
    for _ in range(5):
        limited.get(HEAVY)
    simulator.advance(40)
    for _ in range(5):
        limited.get(HEAVY)
    simulator.advance(21)
    assert limited.get(HEAVY).headers["x-rate-limit-remaining"] == "4"


def test_speed_does_not_scale_the_limits(limited: Client, simulator: RunningSimulator) -> None:
    simulator.options(speed=1_000_000)
    assert [reply.status for reply in _until_refused(limited, HEAVY)].count(200) == 10


def test_a_refused_batch_is_not_taken(limited: Client, simulator: RunningSimulator) -> None:
    assert list(_until_refused(limited, BATCHES))[-1].status == 429
    reply = limited.post(
        BATCHES, {"from": "+16505550100", "text": "x", "messages": [{"to": ["+14155550101"]}]}
    )
    assert reply.status == 429
    assert simulator.ledger() == []


def test_public_and_unlimited_calls_carry_no_headers(limited: Client, simulator: RunningSimulator) -> None:
    assert "x-rate-limit-group" not in limited.get("/restapi").headers
    simulator.options(rate_limits=False)
    assert "x-rate-limit-group" not in limited.get(BATCHES).headers
    assert {limited.get(HEAVY).status for _ in range(15)} == {200}
