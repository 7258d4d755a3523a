"""Endpoints of webhook subscriptions. Making one includes a handshake with the subscriber."""

from __future__ import annotations

import secrets
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    bad_parameter,
    base_url,
    json_answer,
    not_found,
    read_json,
    refusal,
)
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.webhooks.dispatcher import HOOK_SECONDS, hook_headers
from campaigns.simulator.webhooks.event_filters import read_filters
from campaigns.simulator.webhooks.http_client import HookError, call_hook, is_address, stays_here
from campaigns.simulator.webhooks.subscriptions import DEFAULT_SECONDS, LONGEST_SECONDS, MOST, Subscription

_MOST_BYTES = 1024
_ADDRESS = "deliveryMode.address"


def create_subscription(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    body = read_json(request.body)
    filters, disabled = read_filters(body.get("eventFilters"))
    seconds = _lifetime(body)
    address, token = _read_mode(carrier, body.get("deliveryMode"))
    if len(carrier.subscriptions.living(carrier.clock.now())) >= MOST:
        raise refusal(403, "SUB-505", "Subscriptions limit exceeded")
    _shake_hands(address, token)
    made = carrier.subscriptions.add(
        address=address,
        token=token,
        base=base_url(request),
        filters=filters,
        disabled=disabled,
        seconds=seconds,
    )
    carrier.postman.serve(made)
    return _shown(carrier, made)


def _lifetime(body: dict[str, Any]) -> int:
    seconds = body.get("expiresIn", DEFAULT_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= LONGEST_SECONDS:
        raise bad_parameter("expiresIn")
    return seconds


def _read_mode(carrier: Carrier, mode: Any) -> tuple[str, str]:
    if not isinstance(mode, dict) or mode.get("transportType") != "WebHook":
        raise bad_parameter("deliveryMode.transportType")
    address, token = mode.get("address"), mode.get("verificationToken", "")
    if not isinstance(address, str) or not is_address(address):
        raise bad_parameter(_ADDRESS)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise bad_parameter("deliveryMode.verificationToken")
    if not carrier.options.webhooks_anywhere and not stays_here(address):
        message = "The simulated carrier calls this machine only, unless it runs with --webhooks-anywhere."
        raise refusal(400, "CMN-101", message, parameter=_ADDRESS)
    return address, token


def _shake_hands(address: str, token: str) -> None:
    """The subscriber must repeat a token within 3 seconds, in an answer of at most 1,024 bytes in all."""
    said = secrets.token_urlsafe(24)
    try:
        reply = call_hook(address, hook_headers(token) | {"Validation-Token": said}, b"", HOOK_SECONDS)
    except HookError as error:
        message = f"Parameter [{_ADDRESS}] value is invalid: no answer ({error})."
        raise refusal(400, "CMN-101", message, parameter=_ADDRESS) from None
    if reply.status != 200:
        raise refusal(400, "SUB-522", f"WebHook responds with incorrect HTTP status: {reply.status}")
    if reply.headers.get("validation-token") != said or reply.size > _MOST_BYTES:
        raise refusal(400, "SUB-525", "WebHook response is invalid")


def _shown(carrier: Carrier, subscription: Subscription) -> Answer:
    return json_answer(subscription.describe(carrier.clock.now()))


def list_subscriptions(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    now = carrier.clock.now()
    records = [one.describe(now) for one in carrier.subscriptions.living(now)]
    return json_answer({"uri": f"{base_url(request)}/v1.0/subscription", "records": records})


def _find(carrier: Carrier, subscription_id: str) -> Subscription:
    found = carrier.subscriptions.get(subscription_id)
    if found is None:
        raise not_found("subscriptionId")
    if not found.living(carrier.clock.now()):
        raise _expired()
    return found


def _expired() -> RefusalError:
    return refusal(404, "SUB-507", "Subscription is expired")


def get_subscription(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    return _shown(carrier, _find(carrier, found[0]))


def update_subscription(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """Other filters and another lifetime; all else is passed over, also a new address or token."""
    if not request.body.strip():
        return renew_subscription(carrier, request, found)
    subscription = _find(carrier, found[0])
    body = read_json(request.body)
    filters, disabled = read_filters(body.get("eventFilters"))
    seconds = _lifetime(body)
    subscription.filters, subscription.disabled = filters, disabled
    return _prolonged(carrier, subscription, seconds)


def renew_subscription(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    return _prolonged(carrier, _find(carrier, found[0]), DEFAULT_SECONDS)


def _prolonged(carrier: Carrier, subscription: Subscription, seconds: int) -> Answer:
    subscription.expires = carrier.clock.now() + seconds * SECOND
    carrier.subscriptions.keep()
    return _shown(carrier, subscription)


def delete_subscription(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    subscription = carrier.subscriptions.get(found[0])
    if subscription is None:
        raise not_found("subscriptionId")
    carrier.subscriptions.remove(subscription)
    carrier.postman.dismiss(subscription.id)
    return Answer(204)
