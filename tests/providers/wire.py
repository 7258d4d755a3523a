"""What the tests of the clients share."""

from typing import Any

import requests

from campaigns.providers.http import Limits, Secret, prepare
from campaigns.providers.retry import RetryPolicy
from campaigns.providers.ringcentral.client import RingCentral
from campaigns.providers.ringcentral.provider import build
from tests.providers.servers import answer

QUICK = Limits(connect=0.4, read=0.4, total=0.8, answer_bytes=1000)
OK = answer(201, b'{"id": "b1"}')
SLACK_SECONDS = 10.0  # for what must end at 0.8, on a busy machine; without its limit it takes 20 or more


def post(url: str, body: bytes = b"{}") -> requests.PreparedRequest:
    headers = {"Authorization": Secret("Bearer s3cret")}
    return prepare("POST", f"{url}/batches?from=1", headers=headers, body=body)


class Hook:
    """Counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def simulated(url: str, **changes: Any) -> RingCentral:
    """A client with the simulator's credentials, which the small servers take as well as any."""
    values: dict[str, Any] = {"client_id": "simulator", "client_secret": "simulator", "jwt": "simulator"}
    limits = Limits(connect=2, read=2, total=4)
    return build(
        url=url, **(values | {"limits": limits, "retry_policy": RetryPolicy(sleep=lambda _: None)} | changes)
    )
