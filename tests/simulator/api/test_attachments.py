from typing import Any
from urllib.parse import urlencode

import pytest

from tests.simulator.client import STORE, Client, Reply
from tests.simulator.mail import add
from tests.simulator.running import RunningSimulator


def _attachment(client: Client, mail_id: int, place: int = 0) -> dict[str, Any]:
    attachment: dict[str, Any] = client.get(f"{STORE}/{mail_id}").json["attachments"][place]
    return attachment


def _fetch(client: Client, uri: str, headers: dict[str, str] | None = None, **query: str) -> Reply:
    path = "/restapi" + uri.partition("/restapi")[2]
    target = f"{path}?{urlencode(query)}" if query else path
    return client.send("GET", target, None, client.headers if headers is None else headers)


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [
        ("SMS", "text/plain", b"Price list"),
        ("Fax", "application/pdf", b"%PDF-"),
        ("VoiceMail", "audio/x-wav", b"RIFF"),
    ],
)
def test_content(
    client: Client, simulator: RunningSimulator, kind: str, content_type: str, start: bytes
) -> None:
    attachment = _attachment(client, add(simulator, kind=kind, text="Price list"))
    assert attachment["uri"].startswith(simulator.url)
    reply = _fetch(client, attachment["uri"])
    assert (reply.status, reply.headers["content-type"]) == (200, content_type)
    assert reply.body.startswith(start)
    assert len(reply.body) == attachment["size"]
    assert ("vmDuration" in attachment) == (kind == "VoiceMail")


def test_a_picture_and_its_name(client: Client) -> None:
    records = client.get(STORE).json["records"]
    picture = next(part for one in records for part in one["attachments"] if part["type"] == "MmsAttachment")
    reply = _fetch(client, picture["uri"])
    assert reply.body.startswith(b"\x89PNG")
    assert reply.headers["content-disposition"] == f'inline; filename="{picture["fileName"]}"'


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=0-4", 206, b"Hello", "bytes 0-4/11"),
        ("bytes=6-", 206, b"there", "bytes 6-10/11"),
        ("bytes=-3", 206, b"ere", "bytes 8-10/11"),
        ("bytes=6-99", 206, b"there", "bytes 6-10/11"),
        ("bytes=-99", 206, b"Hello there", "bytes 0-10/11"),
        ("lines=1-2", 200, b"Hello there", None),
        ("bytes=-", 200, b"Hello there", None),
        ("bytes=11-", 416, None, "bytes */11"),
        ("bytes=5-4", 416, None, "bytes */11"),
        ("bytes=-0", 416, None, "bytes */11"),
    ],
)
def test_ranges(
    client: Client,
    simulator: RunningSimulator,
    wanted: str,
    status: int,
    content: bytes | None,
    content_range: str | None,
) -> None:
    uri = _attachment(client, add(simulator, text="Hello there"))["uri"]
    reply = _fetch(client, uri, client.headers | {"Range": wanted})
    assert (reply.status, reply.headers.get("content-range")) == (status, content_range)
    if content is None:
        assert reply.code == "CMN-107"
    else:
        assert reply.body == content


def test_to_be_saved_under_a_name(client: Client, simulator: RunningSimulator) -> None:
    uri = _attachment(client, add(simulator))["uri"]
    reply = _fetch(client, uri, contentDisposition="Attachment", contentDispositionFilename="a\r\nX: b.txt")
    assert reply.headers["content-disposition"].startswith("attachment; filename=")
    assert "x" not in reply.headers
    assert _fetch(client, uri, contentDisposition="Window").json["parameterName"] == "contentDisposition"


def test_the_token_may_stand_in_the_link(client: Client, simulator: RunningSimulator) -> None:
    uri = _attachment(client, add(simulator))["uri"]
    assert _fetch(client, uri, {}, access_token=client.token).status == 200
    assert _fetch(client, uri, {}, access_token="wrong").status == 401
    assert _fetch(client, uri, {}).status == 401
    # Only there: elsewhere a token in a link would end in logs.
    assert (
        _fetch(client, f"/restapi{STORE.removeprefix('/restapi')}", {}, access_token=client.token).status
        == 401
    )


def test_content_that_is_not_there(client: Client, simulator: RunningSimulator) -> None:
    mail_id = add(simulator)
    path = f"{STORE}/{mail_id}"
    attachment = _attachment(client, mail_id)["id"]
    missing = [f"{path}/content/1", f"{STORE}/1/content/{attachment}", f"{STORE}/x/content/{attachment}"]
    assert [client.get(one).status for one in missing] == [404] * 3
    client.change("DELETE", path)
    assert client.get(f"{path}/content/{attachment}").status == 200
    client.change("DELETE", path)
    assert client.get(f"{path}/content/{attachment}").status == 404
