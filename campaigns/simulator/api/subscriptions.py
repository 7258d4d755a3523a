"""The endpoints of webhook subscriptions."""

from typing import Any

from campaigns.simulator.api.errors import api_error, invalid_parameter, unknown_resource
from campaigns.simulator.api.event_filters import parse_filters
from campaigns.simulator.api.handshake import ADDRESS, verify_subscriber
from campaigns.simulator.api.parsing import base_url, parse_json_object
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.webhooks.http_client import is_http_url, is_loopback
from campaigns.simulator.webhooks.subscriptions import Subscription

_MAX_SUBSCRIPTIONS = 30
_DEFAULT_SECONDS = 7 * 24 * 3600
_MAX_SECONDS = 315_360_000


def create_subscription(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    body = parse_json_object(request.body)
    filters, disabled = parse_filters(body.get("eventFilters"))
    seconds = parse_lifetime(body)
    address, token = parse_delivery_mode(platform, body.get("deliveryMode"))
    if len(platform.subscriptions.alive(platform.clock.now())) >= _MAX_SUBSCRIPTIONS:
        raise api_error(403, "SUB-505", "Subscriptions limit exceeded")
    verify_subscriber(address, token)
    subscription = platform.subscriptions.add(
        address=address,
        token=token,
        base=base_url(request),
        filters=filters,
        disabled=disabled,
        seconds=seconds,
    )
    platform.webhooks.start(subscription)
    return subscription_response(platform, subscription)


def parse_lifetime(body: dict[str, Any]) -> int:
    seconds = body.get("expiresIn", _DEFAULT_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= _MAX_SECONDS:
        raise invalid_parameter("expiresIn")
    return seconds


def parse_delivery_mode(platform: Platform, mode: Any) -> tuple[str, str]:
    """The address and the verification token, which may be empty."""
    if not isinstance(mode, dict) or mode.get("transportType") != "WebHook":
        raise invalid_parameter("deliveryMode.transportType")
    address, token = mode.get("address"), mode.get("verificationToken", "")
    if not isinstance(address, str) or not is_http_url(address):
        raise invalid_parameter(ADDRESS)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise invalid_parameter("deliveryMode.verificationToken")
    if not platform.options.webhooks_anywhere and not is_loopback(address):
        message = "The simulated carrier calls this machine only, unless it runs with --webhooks-anywhere."
        raise api_error(400, "CMN-101", message, parameter=ADDRESS)
    return address, token


def subscription_record(subscription: Subscription, now: int) -> dict[str, Any]:
    record: dict[str, Any] = {
        "uri": f"{subscription.base}/v1.0/subscription/{subscription.id}",
        "id": subscription.id,
        "creationTime": iso_time_ms(subscription.created),
        "status": "Blacklisted" if subscription.blacklisted else "Active",
        "eventFilters": [one.text for one in subscription.filters],
        "disabledFilters": [
            {"filter": one.text, "reason": one.reason, "message": one.message}
            for one in subscription.disabled
        ],
        "expirationTime": iso_time_ms(subscription.expires),
        "expiresIn": max(1, (subscription.expires - now) // SECOND),
        "deliveryMode": {"transportType": "WebHook", "encryption": False, "address": subscription.address},
    }
    if subscription.blacklisted:
        record["blacklistedData"] = {
            "blacklistedAt": iso_time_ms(subscription.blacklisted),
            "reason": subscription.reason,
        }
    return record


def subscription_response(platform: Platform, subscription: Subscription) -> Response:
    return json_response(subscription_record(subscription, platform.clock.now()))


def list_subscriptions(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    now = platform.clock.now()
    records = [subscription_record(one, now) for one in platform.subscriptions.alive(now)]
    return json_response({"uri": f"{base_url(request)}/v1.0/subscription", "records": records})


def find_subscription(platform: Platform, subscription_id: str) -> Subscription:
    subscription = platform.subscriptions.get(subscription_id)
    if subscription is None:
        raise unknown_resource("subscriptionId")
    if not subscription.is_alive(platform.clock.now()):
        raise api_error(404, "SUB-507", "Subscription is expired")
    return subscription


def get_subscription(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    return subscription_response(platform, find_subscription(platform, params[0]))


def update_subscription(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    """Changes the filters and the lifetime. A new address or token is ignored, as on the platform."""
    if not request.body.strip():
        return renew_subscription(platform, request, params)
    subscription = find_subscription(platform, params[0])
    body = parse_json_object(request.body)
    filters, disabled = parse_filters(body.get("eventFilters"))
    seconds = parse_lifetime(body)
    subscription.filters, subscription.disabled = filters, disabled
    return extend(platform, subscription, seconds)


def renew_subscription(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    return extend(platform, find_subscription(platform, params[0]), _DEFAULT_SECONDS)


def extend(platform: Platform, subscription: Subscription, seconds: int) -> Response:
    subscription.expires = platform.clock.now() + seconds * SECOND
    platform.subscriptions.save()
    return subscription_response(platform, subscription)


def delete_subscription(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    subscription = platform.subscriptions.get(params[0])
    if subscription is None:
        raise unknown_resource("subscriptionId")
    platform.subscriptions.remove(subscription)
    platform.webhooks.stop(subscription.id)
    return Response(204)
