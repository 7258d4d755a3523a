from typing import Any

import pytest

from tests.simulator.client import A2P, JWT_GRANT, Client, basic
from tests.simulator.running import RunningSimulator

TOKEN = "/restapi/oauth/token"
WHO = "/restapi/v1.0/account/~/extension/~"


@pytest.fixture
def stranger(simulator: RunningSimulator) -> Client:
    return Client(simulator.url, sign_in=False)


def test_a_jwt_gives_a_token_that_works(stranger: Client) -> None:
    reply = stranger.sign_in()
    assert reply.status == 200
    assert reply.json["token_type"] == "bearer"
    assert reply.json["expires_in"] == 3600
    assert "A2PSMS" in reply.json["scope"].split()
    assert isinstance(reply.json["owner_id"], str)
    assert "refresh_token" not in reply.json
    stranger.headers = {"Authorization": f"Bearer {reply.json['access_token']}"}
    assert stranger.get(WHO).json["id"] == int(reply.json["owner_id"])


@pytest.mark.parametrize(
    ("fields", "authorization", "status", "error", "code"),
    [
        ({"assertion": "wrong"}, None, 400, "invalid_grant", "OAU-213"),
        ({"assertion": ""}, None, 400, "invalid_grant", "OAU-213"),
        ({"grant_type": "password"}, None, 400, "unauthorized_client", "OAU-251"),
        ({"grant_type": "refresh_token"}, None, 400, "unauthorized_client", "OAU-251"),
        ({"grant_type": "teapot"}, None, 400, "unsupported_grant_type", "OAU-250"),
        ({}, basic("simulator", "wrong"), 401, "invalid_client", "OAU-146"),
        ({}, basic("", ""), 401, "invalid_client", "OAU-146"),
        ({}, "Basic not-base64", 401, "invalid_client", "OAU-134"),
        ({}, "Bearer simulator", 401, "invalid_client", "OAU-134"),
    ],
)
def test_sign_in_that_is_refused(
    stranger: Client, fields: dict[str, str], authorization: str | None, status: int, error: str, code: str
) -> None:
    reply = stranger.form(TOKEN, {"grant_type": JWT_GRANT, "assertion": "simulator"} | fields, authorization)
    assert (reply.status, reply.json["error"], reply.code) == (status, error, code)


def test_sign_in_needs_a_client_and_a_form(stranger: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert stranger.send("POST", TOKEN, b"", form).code == "OAU-123"
    json_type = {"Content-Type": "application/json", "Authorization": basic()}
    assert stranger.send("POST", TOKEN, b"{}", json_type).status == 415


@pytest.mark.parametrize(("asked", "given"), [("600", 600), ("1", 600), ("3601", 3600), ("soon", 3600)])
def test_the_life_of_a_token_can_be_asked_for(stranger: Client, asked: str, given: int) -> None:
    assert stranger.sign_in(access_token_ttl=asked).json["expires_in"] == given


@pytest.mark.parametrize(
    ("headers", "symbol", "code"),
    [
        ({}, "AGW-401", "AGW-401"),
        ({"Authorization": "simulator"}, "AGW-402", "AGW-402"),
        ({"Authorization": basic()}, "AGW-402", "AGW-402"),
        ({"Authorization": "Bearer simulator"}, "TokenInvalid", "OAU-149"),
        ({"Authorization": "Bearer U0lNforeign"}, "TokenInvalid", "OAU-213"),
    ],
)
def test_calls_without_a_good_token(
    stranger: Client, headers: dict[str, str], symbol: str, code: str
) -> None:
    reply = stranger.send("GET", WHO, None, headers)
    assert (reply.status, reply.json["errorCode"], reply.code) == (401, symbol, code)
    assert "rcrequestid" in reply.headers
    assert not [name for name in reply.headers if name.startswith("x-rate-limit")]


def test_a_token_ends_after_an_hour_whatever_the_speed(simulator: RunningSimulator, client: Client) -> None:
    simulator.advance(3500)
    assert client.get(WHO).status == 200
    simulator.advance(101)
    assert client.get(WHO).code == "OAU-128"


def test_a_sixth_session_ends_the_oldest(client: Client) -> None:
    others: list[Any] = [client.sign_in().json["access_token"] for _ in range(4)]
    assert client.get(WHO).status == 200
    client.sign_in()
    assert client.get(WHO).code == "OAU-213"
    client.headers = {"Authorization": f"Bearer {others[0]}"}
    assert client.get(WHO).status == 200


def test_revoking_ends_the_session(client: Client) -> None:
    assert client.form("/restapi/oauth/revoke", {"token": client.token}).status == 200
    assert client.get(f"{A2P}/batches").code == "OAU-213"


def test_refresh_tokens_are_used_once(simulator: RunningSimulator, stranger: Client) -> None:
    simulator.options(refresh_tokens=True)
    first = stranger.sign_in().json
    fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = stranger.form(TOKEN, fields).json
    stranger.headers = {"Authorization": f"Bearer {first['access_token']}"}
    assert stranger.get(WHO).code == "OAU-213"
    # The answer may have been lost, so that the old one still gives the same new tokens for ten seconds.
    assert stranger.form(TOKEN, fields).json["access_token"] == second["access_token"]
    simulator.advance(11)
    assert stranger.form(TOKEN, fields).code == "OAU-213"
    stranger.headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert stranger.get(WHO).status == 200


def test_a_refresh_token_ends_after_a_week(simulator: RunningSimulator, stranger: Client) -> None:
    simulator.options(refresh_tokens=True)
    token = stranger.sign_in().json["refresh_token"]
    simulator.advance(7 * 24 * 3600 + 1)
    reply = stranger.form(TOKEN, {"grant_type": "refresh_token", "refresh_token": token})
    assert (reply.status, reply.code) == (400, "OAU-213")
