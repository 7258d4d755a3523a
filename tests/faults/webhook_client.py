"""Receives the carrier's webhook calls, and delivers them to the view when the test says so.

A small server records every call and answers it. The test delivers the calls in any order, number and shape,
so that a single thread touches the database.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from campaigns.accounts import registry
from campaigns.models import Message, Webhook
from campaigns.receipts import subscriptions, tasks
from tests.simulator.hook import Heard, Hook, listening
from tests.simulator.running import RunningSimulator

MEANS = {
    "Queued": "waiting", "Sent": "sent", "Delivered": "delivered", "SendingFailed": "not_delivered",
    "DeliveryFailed": "not_delivered",
}  # fmt: skip


class WebhookClient:
    def __init__(self, carrier: RunningSimulator, hook: Hook) -> None:
        self.carrier = carrier
        self.hook = hook
        self._client = Client(enforce_csrf_checks=True)

    @property
    def webhook(self) -> Webhook:
        return Webhook.objects.get()

    @property
    def path(self) -> str:
        return f"/webhooks/ringcentral/{self.webhook.secret}/"

    def received(self) -> list[Heard]:
        """Every event about the batches that the carrier took, once the last of them has come."""
        return self.hook.wait_for(self.received_everything)

    def received_everything(self) -> bool:
        """Each text's present status, and each batch's end."""
        truth = {(text["id"], text["messageStatus"]) for text in self.carrier.messages()}
        truth |= {(line["batch_id"], "Completed") for line in self.carrier.ledger()}
        bodies = [one.json["body"] for one in list(self.hook.events)]
        return truth <= {(body.get("id"), body.get("messageStatus", body.get("status"))) for body in bodies}

    def call(self, body: bytes, *, token: str | None = None, path: str = "", method: str = "POST") -> int:
        """One call with the right token, unless another is given ("": none); the status of our answer."""
        shown = self.webhook.token if token is None else token
        headers = {"Verification-Token": shown} if shown else {}
        answer = self._client.generic(method, path or self.path, body, "application/json", headers=headers)
        return answer.status_code

    def deliver(self, calls: Iterable[Heard]) -> None:
        """To the view, as the carrier made them."""
        for one in calls:
            token = one.headers["verification-token"]
            assert self.call(one.body, token=token) == 200, one.body


@pytest.fixture
def webhooks(carrier: RunningSimulator, settings: LazySettings) -> Iterator[WebhookClient]:
    """Subscribed to: the carrier tells of everything from now on."""
    with listening() as hook:
        settings.PUBLIC_URL = f"http://127.0.0.1:{hook.server_address[1]}"
        registry.default().fetch_id()
        subscriptions.ensure_subscription(registry.default())
        yield WebhookClient(carrier, hook)


def process_events() -> None:
    """The events that are due, as the worker does it."""
    tasks.process_events.func(registry.default().tag)


def expected_states(texts: Iterable[dict[str, Any]]) -> dict[str, str]:
    """By number: what we should say of these texts of the carrier."""
    return {text["to"][0]: MEANS[text["messageStatus"]] for text in texts}


def stored_states() -> dict[str, str]:
    return dict(Message.objects.values_list("to", "state"))


def changed(heard: Heard, **fields: Any) -> bytes:
    """Another event that says the same, but for these fields of its body."""
    event = heard.json
    body = {**event["body"], **fields}
    return json.dumps({**event, "uuid": f"{event['uuid']}-{len(str(body))}", "body": body}).encode()


def first(calls: Iterable[Heard], status: str) -> Heard:
    """The first event about a text that has this status."""
    return next(one for one in calls if one.json["body"].get("messageStatus") == status)
