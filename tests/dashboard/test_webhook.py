"""The door at which providers call: who gets in, what is kept, and what the answer looks like on the wire."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Webhook, WebhookEvent
from campaigns.providers.base import ProviderError
from campaigns.receipts import webhook_intake
from tests.dashboard.page_client import PageClient

EVENT = b'{"uuid": "845056649859290279", "event": "/restapi/v1.0/account/~/a2p-sms/batches", "body": {}}'
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MIB = 1024 * 1024


@pytest.fixture
def door(db: None) -> Webhook:
    return webhook_intake.endpoint("ringcentral")


@pytest.fixture
def client() -> Client:
    """Strict about CSRF, as browsers find it; no session."""
    return Client(enforce_csrf_checks=True)


def path(door: Webhook) -> str:
    return f"/webhooks/{door.provider}/{door.secret}/"


def call(client: Client, door: Webhook, body: bytes = EVENT, **headers: str) -> int:
    """With the right token unless another is given; returns the status."""
    shown = {"Verification-Token": door.token} | {name.replace("_", "-"): v for name, v in headers.items()}
    return client.post(path(door), body, content_type="application/json", headers=shown).status_code


def stored() -> int:
    return WebhookEvent.objects.count()


def test_the_address_is_the_one_that_the_provider_is_told(door: Webhook, settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://texts.example.com"
    told = webhook_intake.address(door)
    assert told == "https://texts.example.com" + reverse("webhook", args=(door.provider, door.secret))
    settings.PUBLIC_URL = ""
    assert webhook_intake.address(door) == ""


def test_secrets_are_made_once_and_long(door: Webhook) -> None:
    assert webhook_intake.endpoint("ringcentral") == door
    assert min(len(door.secret), len(door.token)) >= 40
    assert door.secret != door.token


def test_an_event_is_kept_as_it_came(client: Client, door: Webhook) -> None:
    assert call(client, door) == 200
    (event,) = WebhookEvent.objects.all()
    assert (event.provider, event.uuid, event.body.encode()) == ("ringcentral", "845056649859290279", EVENT)
    assert event.next_retry_at is not None


def test_the_same_event_is_kept_once(client: Client, door: Webhook) -> None:
    assert [call(client, door) for _ in range(5)] == [200] * 5
    assert stored() == 1


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ([b'{"uuid": "1"}', b'{"uuid": "2"}'], 2),
        ([b'{"uuid": 1}', b'{"uuid": "1"}'], 1),  # ids come as numbers too
        ([b'{"event": "a"}', b'{"event": "a"}', b'{"event": "b"}'], 2),  # without an id, the body is the id
        ([b'{"uuid": ""}', b'{"uuid": null}', b'{"uuid": ["1"]}', b'{"uuid": "\\u0000"}'], 4),
        ([b'{"uuid": "' + b"9" * 500 + b'"}'], 1),
        ([b'{"uuid": "1", "body": {"text": "\\u0000 \\ud83d"}}'], 1),  # a NUL, and half of an emoji
        (["{\"uuid\": \"1\", \"body\": {\"text\": \"Später 🤔\"}}".encode()], 1),
        ([b'{"uuid": "1", "event": "/restapi/v9/what/nobody/knows"}'], 1),
    ],
)  # fmt: skip
def test_strange_events_are_kept_all_the_same(
    client: Client, door: Webhook, body: list[bytes], count: int
) -> None:
    assert {call(client, door, one) for one in body} == {200}
    assert stored() == count


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"uuid": "1"} and more',
        b'{"uuid": "1", "text": "\x00"}',  # a bare NUL
        b'{"uuid": "\xff\xfe"}',  # not UTF-8
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"uuid=1",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_event_is_refused(client: Client, door: Webhook, body: bytes) -> None:
    assert call(client, door, body) == 400
    assert stored() == 0


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post(client: Client, door: Webhook, method: str) -> None:
    assert getattr(client, method)(path(door)).status_code == 405


@pytest.mark.parametrize(
    ("provider", "secret"),
    [
        ("ringcentral", "x"),
        ("ringcentral", "ü" * 43),
        ("ringcentral", "{token}"),
        ("ringcentral", "{secret}x"),
        ("restcomm", "{secret}"),
        ("RingCentral", "{secret}"),
    ],
)
def test_an_unknown_address_leads_nowhere(client: Client, door: Webhook, provider: str, secret: str) -> None:
    address = f"/webhooks/{provider}/{secret.format(secret=door.secret, token=door.token)}/"
    answer = client.post(
        address, EVENT, content_type="application/json", headers={"Verification-Token": door.token}
    )
    assert answer.status_code == 404
    assert (stored(), Webhook.objects.get().refused_count) == (0, 0)


def test_without_a_door_there_is_no_address(client: Client, db: None) -> None:
    assert client.post("/webhooks/ringcentral/x/", EVENT, content_type="application/json").status_code == 404
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("token", ["", "wrong", "{token}x", "{secret}", "ü", " {token}"])
def test_a_wrong_token_leaves_nothing_but_a_count(client: Client, door: Webhook, token: str) -> None:
    shown = token.format(token=door.token, secret=door.secret)
    if shown.strip() == door.token:  # HTTP drops spaces around a value
        shown = f"x{shown}"
    assert call(client, door, Verification_Token=shown) == 401
    assert stored() == 0
    assert Webhook.objects.get().refused_count == 1


def test_no_token_at_all(client: Client, door: Webhook) -> None:
    assert client.post(path(door), EVENT, content_type="application/json").status_code == 401
    assert client.post(path(door), b"", content_type="application/json").status_code == 401


def test_many_wrong_tokens_are_written_down_together(client: Client, door: Webhook) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        assert {call(client, door, Verification_Token="wrong") for _ in range(20)} == {401}
        assert Webhook.objects.get().refused_count == 1
        clock.shift(webhook_intake.COUNT_EVERY + timedelta(seconds=1))
        assert call(client, door, Verification_Token="wrong") == 401
    assert Webhook.objects.get().refused_count == 21


def test_the_token_may_come_under_the_other_name(client: Client, door: Webhook) -> None:
    """One page of RingCentral's documents says so."""
    answer = client.post(
        path(door), EVENT, content_type="application/json", headers={"Validation-Token": door.token}
    )
    assert (answer.status_code, stored()) == (200, 1)


@pytest.mark.parametrize("with_token", [True, False])
def test_the_handshake_is_returned(client: Client, door: Webhook, with_token: bool) -> None:
    headers = {"Validation-Token": "a1b2"} | ({"Verification-Token": door.token} if with_token else {})
    answer = client.post(path(door), b"", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.headers["Validation-Token"]) == (200, "a1b2")
    assert stored() == 0


@pytest.mark.parametrize("hello", ["x" * 513, "tök", "a b"])
def test_not_everything_is_returned(client: Client, door: Webhook, hello: str) -> None:
    headers = {"Validation-Token": hello}
    answer = client.post(path(door), b"", content_type="application/json", headers=headers)
    assert (answer.status_code, "Validation-Token" in answer.headers) == (401, False)


def test_a_handshake_with_a_wrong_token_is_refused(client: Client, door: Webhook) -> None:
    assert call(client, door, b"", Validation_Token="a1b2", Verification_Token="wrong") == 401


@pytest.mark.parametrize(("size", "status"), [(MIB, 200), (MIB + 1, 413), (5 * MIB, 413)])
def test_a_body_has_a_limit(client: Client, door: Webhook, size: int, status: int) -> None:
    body = b'{"uuid": "1", "text": "' + b"x" * (size - 25) + b'"}'
    assert len(body) == size
    assert call(client, door, body) == status
    assert stored() == (status == 200)


def test_old_events_are_forgotten_and_waiting_ones_are_not(db: None) -> None:
    long_ago = timezone.now() - webhook_intake.KEEP_FOR - timedelta(days=1)
    for number, (at, next_try) in enumerate(
        [(long_ago, None), (long_ago, long_ago), (timezone.now(), None)], start=1
    ):
        WebhookEvent.objects.create(
            provider="ringcentral", uuid=str(number), body="{}", received_at=at, next_retry_at=next_try
        )
    assert (webhook_intake.prune(), webhook_intake.prune()) == (1, 0)
    assert set(WebhookEvent.objects.values_list("uuid", flat=True)) == {"2", "3"}


TROUBLE = "RingCentral does not tell us what happens; it is asked instead."


@pytest.mark.parametrize(
    ("public", "since", "shown"),
    [
        ("https://texts.example.com", NOON, True),
        ("", NOON, False),
        ("https://texts.example.com", None, False),
    ],
)
def test_pages_say_when_the_carrier_does_not_reach_us(
    as_viewer: PageClient,
    door: Webhook,
    settings: LazySettings,
    public: str,
    since: datetime | None,
    shown: bool,
) -> None:
    settings.PUBLIC_URL = public
    error = ProviderError("It cannot be reached.", kind="unreachable").as_json() if since else {}
    Webhook.objects.update(error=error, error_since=since)
    html = as_viewer.page("/")
    assert (TROUBLE in html, "Webhook problem" in html) == (shown, shown)
    assert door.secret not in html


def test_the_admin_shows_neither_secret_nor_token(admin: User, door: Webhook) -> None:
    Webhook.objects.update(address=f"https://texts.example.com{path(door)}", subscription_id="8466621d")
    client = Client()
    client.force_login(admin)
    for page in ("/admin/campaigns/webhook/", f"/admin/campaigns/webhook/{door.pk}/change/"):
        html = client.get(page).content.decode()
        assert "8466621d" in html
        assert door.secret not in html
        assert door.token not in html
