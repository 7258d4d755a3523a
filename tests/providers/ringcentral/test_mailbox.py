import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.mailbox_types import (
    Attachment,
    Availability,
    MailboxFilter,
    MailboxMessage,
    MessageKind,
)
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.types import Direction, MessageStatus
from tests.providers.servers import Script, Talk, answer, ringcentral, saying, serving
from tests.providers.wire import simulated
from tests.simulator.running import RunningSimulator

STORE = "/restapi/v1.0/account/~/extension/~/message-store"
SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANN, BOB = "+14155550101", "+14155550102"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def carrier(simulator: RunningSimulator) -> Iterator[RingCentral]:
    provider = simulated(simulator.url)
    yield provider
    provider.close()


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=60)


def new_mail(simulator: RunningSimulator, text: str = "Hello", **more: Any) -> str:
    """A text from Ann unless more is said; its id."""
    made = json.loads(simulator.control("POST", "mailbox", {"number": ANN, "text": text} | more))
    return str(made["id"])


def found(carrier: RingCentral, **only: Any) -> list[MailboxMessage]:
    pages = carrier.mailbox.pages(date_from=long_ago(), only=MailboxFilter(**only))
    return [message for page in pages for message in page.messages]


def attachment(uri: str, **changes: Any) -> Attachment:
    values: dict[str, Any] = {
        "provider_id": "1",
        "uri": uri,
        "kind": "MmsAttachment",
        "content_type": "image/png",
        "file_name": "",
        "size": None,
        "seconds": None,
    }
    return Attachment(**(values | changes))


# --- with the simulated carrier


def test_a_message_as_it_is_listed_and_alone(carrier: RingCentral, simulator: RunningSimulator) -> None:
    simulator.inbound(ANN, "+16505550199", "Zoë 👋")
    (message,) = found(carrier, phone=ANN)
    assert (message.kind, message.direction, message.text) == (MessageKind.TEXT, Direction.INBOUND, "Zoë 👋")
    assert (message.sender.phone, message.to[0].phone) == (ANN, "+16505550199")
    assert (message.status, message.read, message.availability) == (
        MessageStatus.RECEIVED,
        False,
        Availability.ALIVE,
    )
    assert message.conversation_id.isdigit()
    assert carrier.mailbox.message(message.provider_id) == message


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ({}, 4),
        ({"kinds": [MessageKind.TEXT]}, 2),
        ({"kinds": [MessageKind.FAX, MessageKind.VOICEMAIL]}, 2),
        ({"directions": [Direction.OUTBOUND]}, 1),
        ({"directions": [Direction.INBOUND, Direction.OUTBOUND], "kinds": [MessageKind.TEXT]}, 2),
        ({"phone": BOB}, 1),
        ({"read": False, "kinds": [MessageKind.TEXT], "directions": [Direction.INBOUND]}, 1),
        ({"newest_of_conversation": True, "kinds": [MessageKind.TEXT]}, 2),
        ({"owner": "Shared"}, 0),
        ({"availability": [Availability.PURGED]}, 0),
    ],
)
def test_filters(carrier: RingCentral, simulator: RunningSimulator, only: dict[str, Any], count: int) -> None:
    mine = {
        new_mail(simulator),
        new_mail(simulator, number=BOB, direction="Outbound"),
        new_mail(simulator, type="Fax"),
        new_mail(simulator, type="VoiceMail"),
    }
    assert len(mine & {message.provider_id for message in found(carrier, **only)}) == count


def test_messages_older_than_a_day_are_found(carrier: RingCentral, simulator: RunningSimulator) -> None:
    old = new_mail(simulator, secondsAgo=40 * 24 * 3600)
    assert old in {message.provider_id for message in found(carrier)}


def test_all_pages(carrier: RingCentral, simulator: RunningSimulator) -> None:
    for n in range(1005):
        new_mail(simulator, f"Hello {n}")
    pages = list(carrier.mailbox.pages(date_from=long_ago(), only=MailboxFilter(phone=ANN)))
    assert [(page.number, page.pages, len(page.messages)) for page in pages] == [(1, 2, 1000), (2, 2, 5)]
    assert {page.total for page in pages} == {1005}
    assert len({message.provider_id for page in pages for message in page.messages}) == 1005


@pytest.mark.parametrize("number", [1, 2, 60])
def test_read_and_unread(carrier: RingCentral, simulator: RunningSimulator, number: int) -> None:
    ids = [new_mail(simulator) for _ in range(number)]
    outcomes = carrier.mailbox.mark(ids, read=True)
    assert [(o.provider_id, o.done, o.http_status) for o in outcomes] == [(one, True, 200) for one in ids]
    assert all(outcome.message and outcome.message.read for outcome in outcomes)
    assert {message.provider_id for message in found(carrier, read=True, phone=ANN)} == set(ids)
    carrier.mailbox.mark(ids, read=False)
    assert found(carrier, read=True, phone=ANN) == []


def test_one_that_fails_does_not_take_the_others_along(
    carrier: RingCentral, simulator: RunningSimulator
) -> None:
    good = new_mail(simulator)
    for outcomes in (
        carrier.mailbox.mark(["123", good], read=True),
        carrier.mailbox.several(["123", good]),
        carrier.mailbox.restore(["123", good]),
    ):
        missing, there = outcomes
        assert (missing.done, missing.http_status, missing.code) == (False, 404, "CMN-102")
        assert (there.done, there.http_status, there.code) == (True, 200, "")
        assert there.message is not None
        assert there.message.provider_id == good
    (missing,) = carrier.mailbox.mark(["123"], read=True)
    assert (missing.done, missing.code) == (False, "CMN-102")


@pytest.mark.parametrize("number", [1, 2, 51])
def test_deleting_and_restoring(carrier: RingCentral, simulator: RunningSimulator, number: int) -> None:
    kept, ids = new_mail(simulator), [new_mail(simulator) for _ in range(number)]
    assert all(outcome.done for outcome in carrier.mailbox.delete(ids))
    assert [message.provider_id for message in found(carrier, phone=ANN)] == [kept]
    deleted = found(carrier, phone=ANN, availability=[Availability.DELETED])
    assert {message.provider_id for message in deleted} == set(ids)
    assert all(outcome.done for outcome in carrier.mailbox.restore(ids))
    assert len(found(carrier, phone=ANN)) == number + 1


def test_what_is_gone_counts_as_deleted(carrier: RingCentral, simulator: RunningSimulator) -> None:
    good = new_mail(simulator)
    assert [o.done for o in carrier.mailbox.delete(["123", good], purge=True)] == [True, True]
    assert [o.done for o in carrier.mailbox.delete([good], purge=True)] == [True]
    assert found(carrier, phone=ANN) == []
    assert found(carrier, phone=ANN, availability=[Availability.DELETED]) == []


def test_deleting_a_conversation(carrier: RingCentral, simulator: RunningSimulator) -> None:
    new_mail(simulator), new_mail(simulator, direction="Outbound"), new_mail(simulator, number=BOB)
    others = len(found(carrier)) - 2
    (conversation,) = {message.conversation_id for message in found(carrier, phone=ANN)}
    carrier.mailbox.delete_conversations([conversation], date_to=datetime.now(UTC) + timedelta(minutes=1))
    assert found(carrier, phone=ANN) == []
    assert len(found(carrier)) == others


def test_the_content_of_attachments(carrier: RingCentral, simulator: RunningSimulator) -> None:
    new_mail(simulator, type="VoiceMail")
    (message,) = found(carrier, phone=ANN)
    recording = next(one for one in message.attachments if one.kind == "AudioRecording")
    file = io.BytesIO()
    carrier.mailbox.content(recording, file.write)
    assert len(file.getvalue()) == recording.size
    assert recording.seconds
    with pytest.raises(ProviderError) as caught:
        carrier.mailbox.content(recording, io.BytesIO().write, limit=100)
    assert (caught.value.kind, caught.value.outcome) == ("too_large", Outcome.NOT_SENT)


def test_synchronising(carrier: RingCentral, simulator: RunningSimulator) -> None:
    first, second = new_mail(simulator), new_mail(simulator)
    simulator.advance(60)  # what changed shortly before a synchronisation comes twice
    start = carrier.mailbox.sync(date_from=long_ago(), only=MailboxFilter(kinds=[MessageKind.TEXT]))
    assert start.whole
    assert {first, second} <= {message.provider_id for message in start.messages}
    assert {message.kind for message in start.messages} == {MessageKind.TEXT}
    carrier.mailbox.delete([first])
    third = new_mail(simulator)
    changed = carrier.mailbox.sync(date_from=long_ago(), token=start.token)
    assert not changed.whole
    assert {(message.provider_id, message.removed) for message in changed.messages} == {
        (first, True),
        (third, False),
    }
    newest = carrier.mailbox.sync(date_from=long_ago(), limit=1)
    assert ([message.provider_id for message in newest.messages], newest.older_exist) == ([third], True)


def test_a_token_that_is_no_longer_known_leads_to_everything(
    carrier: RingCentral, simulator: RunningSimulator
) -> None:
    mine = new_mail(simulator)
    synced = carrier.mailbox.sync(date_from=long_ago(), token="bm9uc2Vuc2U=")
    assert synced.whole
    assert mine in {message.provider_id for message in synced.messages}


def test_other_trouble_with_a_synchronisation_is_told(
    carrier: RingCentral, simulator: RunningSimulator
) -> None:
    simulator.faults({"fault": "status", "status": 403, "path": "/message-sync"})
    with pytest.raises(ProviderError) as caught:
        carrier.mailbox.sync(date_from=long_ago(), token="bm9uc2Vuc2U=")
    assert caught.value.kind == "permission"


# --- what must never leave


@pytest.mark.parametrize(
    "ids", [[], (), "", "123", [""], ["*"], ["12,34"], ["12", "*"], ["12", ""], ["../1"], ["~"]]
)
def test_changes_that_could_be_taken_for_all_messages_never_leave(ids: Any) -> None:
    with serving(ringcentral(saying(answer(204)))) as server:
        mailbox = simulated(server.url).mailbox
        calls: list[Callable[[], object]] = [
            lambda: mailbox.delete(ids),
            lambda: mailbox.delete(ids, purge=True),
            lambda: mailbox.delete_conversations(ids, date_to=SINCE),
            lambda: mailbox.mark(ids, read=True),
            lambda: mailbox.restore(ids),
            lambda: mailbox.several(ids),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"messages named|is a number"):
                call()
    assert server.requests == []


@pytest.mark.parametrize("only", [{"read": True}, {"phone": ANN}, {"availability": [Availability.ALIVE]}])
def test_a_synchronisation_that_ringcentral_cannot_filter(only: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be filtered"):
        simulated(NOWHERE).mailbox.sync(date_from=SINCE, only=MailboxFilter(**only))


@pytest.mark.parametrize(
    ("base", "uri", "trusted"),
    [
        ("https://platform.ringcentral.com", "https://platform.ringcentral.com/restapi/v1.0/x", True),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com/restapi/v1.0/x", True),
        ("https://platform.ringcentral.com", "http://media.ringcentral.com/restapi/v1.0/x", False),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com:444/restapi/v1.0/x", False),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com.evil.example/restapi/x", False),
        ("https://platform.ringcentral.com", "https://evil.example/restapi/v1.0/x", False),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com/other", False),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com/restapi/v1.0/\u00e9", False),
        ("https://platform.ringcentral.com", "https://media.ringcentral.com@evil.example/restapi/x", False),
        ("https://platform.ringcentral.com", "//media.ringcentral.com/restapi/x", False),
        ("http://127.0.0.1:8800", "http://127.0.0.1:8800/restapi/v1.0/x", True),
        ("http://127.0.0.1:8800", "http://127.0.0.1:8801/restapi/v1.0/x", False),
        ("http://127.0.0.1:8800", "https://127.0.0.1:8800/restapi/v1.0/x", False),
    ],
)
def test_the_token_goes_to_ringcentral_only(base: str, uri: str, trusted: bool) -> None:
    assert simulated(base).trusts(uri) is trusted


@pytest.mark.parametrize(
    ("uri", "size", "kind"),
    [
        ("", None, "not_found"),
        ("http://evil.example/restapi/x", None, "answer"),
        (f"{NOWHERE}/restapi/x", 10**9, "too_large"),
    ],
)
def test_contents_that_are_not_fetched(uri: str, size: int | None, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        simulated(NOWHERE).mailbox.content(attachment(uri, size=size), io.BytesIO().write)
    assert (caught.value.kind, caught.value.outcome) == (kind, Outcome.NOT_SENT)


# --- misbehaving carriers


@pytest.mark.parametrize(
    ("script", "kind", "received", "requests"),
    [
        (
            saying(answer(200, b"x" * 300)),
            "answer",
            b"x" * 200,
            1,
        ),  # says nothing of its size and is too long
        (saying(answer(404, {"errorCode": "CMN-102"})), "not_found", b"", 1),
        (saying(answer(503, b"")), "server", b"", 3),
        (saying(answer(302, b"", {"Location": "http://127.0.0.1:9/"})), "answer", b"", 1),
    ],
)
def test_contents_that_fail(script: Script, kind: str, received: bytes, requests: int) -> None:
    file = io.BytesIO()
    with serving(ringcentral(script)) as server:
        one = attachment(f"{server.url}/restapi/content/1")
        with pytest.raises(ProviderError) as caught:
            simulated(server.url).mailbox.content(one, file.write, limit=200)
    assert (caught.value.kind, file.getvalue()) == (kind, received)
    assert len(server.asked("/content/1")) == requests


def test_a_content_that_breaks_off_is_not_begun_again_behind_its_beginning() -> None:
    def script(talk: Talk) -> None:
        talk.write(answer(200, b"x" * 100_000, length=500_000))
        talk.sock.shutdown(2)

    file = io.BytesIO()
    with serving(ringcentral(script)) as server:
        one = attachment(f"{server.url}/restapi/content/1")
        with pytest.raises(ProviderError) as caught:
            simulated(server.url).mailbox.content(one, file.write)
    assert caught.value.kind == "unreachable"
    assert 0 < len(file.getvalue()) <= 100_000
    assert len(server.asked("/content/1")) == 1


@pytest.mark.parametrize(("purge", "requests"), [(False, 1), (True, 3)])
def test_a_deletion_whose_answer_is_lost_is_repeated_only_if_that_does_no_harm(
    purge: bool, requests: int
) -> None:
    """The second DELETE of a message purges it for good."""
    with serving(ringcentral(Talk.reset)) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).mailbox.delete(["12"], purge=purge)
    assert (caught.value.kind, caught.value.outcome) == ("unreachable", Outcome.UNKNOWN)
    assert len(server.asked("/message-store/12")) == requests


def test_a_deletion_that_was_refused_for_now_is_repeated() -> None:
    with serving(ringcentral(saying(answer(429, b"", {"Retry-After": "0"}), answer(204)))) as server:
        assert [outcome.done for outcome in simulated(server.url).mailbox.delete(["12"])] == [True]
    assert len(server.asked("/message-store/12")) == 2


def test_a_server_that_has_no_such_address_has_deleted_nothing() -> None:
    unknown = answer(404, {"errorCode": "AGW-404", "message": "Resource not found", "errors": []})
    for ids in (["12"], ["12", "13"]):
        with serving(ringcentral(saying(unknown))) as server, pytest.raises(ProviderError) as caught:
            simulated(server.url).mailbox.delete(ids)
        assert caught.value.kind == "not_found"


def test_the_pages_have_a_fixed_end() -> None:
    """The end is the moment of the first page: what comes in meanwhile would move the rest."""
    record = {"id": 1, "type": "SMS"}
    first = answer(200, {"records": [record], "paging": {"page": 1, "totalPages": 2, "totalElements": 2}})
    with serving(ringcentral(saying(first))) as server:
        provider = simulated(server.url)
        provider.now = lambda: SINCE + timedelta(days=1)
        assert len(list(provider.mailbox.pages(date_from=SINCE))) == 2
        provider.close()
    assert [dict(request.query) for request in server.requests[1:]] == [
        {
            "dateFrom": "2026-11-20T12:00:00.000Z",
            "dateTo": "2026-11-21T12:00:00.000Z",
            "page": page,
            "perPage": "1000",
        }
        for page in ("1", "2")
    ]


def test_a_synchronisation_without_a_token_for_the_next_is_an_error() -> None:
    script = ringcentral(saying(answer(200, {"records": []})))
    with serving(script) as server, pytest.raises(ProviderError) as caught:
        simulated(server.url).mailbox.sync(date_from=SINCE)
    assert caught.value.kind == "answer"
