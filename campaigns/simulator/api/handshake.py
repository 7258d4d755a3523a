"""The handshake with a new subscriber."""

import secrets

from campaigns.simulator.api.errors import api_error
from campaigns.simulator.webhooks.delivery import TIMEOUT_SECONDS, webhook_headers
from campaigns.simulator.webhooks.http_client import WebhookError, post

ADDRESS = "deliveryMode.address"
_MAX_RESPONSE_BYTES = 1024


def verify_subscriber(address: str, token: str) -> None:
    """The subscriber must repeat a token within 3 seconds, in an answer of at most 1,024 bytes in all."""
    validation_token = secrets.token_urlsafe(24)
    try:
        response = post(
            address, webhook_headers(token) | {"Validation-Token": validation_token}, b"", TIMEOUT_SECONDS
        )
    except WebhookError as error:
        message = f"Parameter [{ADDRESS}] value is invalid: no answer ({error})."
        raise api_error(400, "CMN-101", message, parameter=ADDRESS) from None
    if response.status != 200:
        raise api_error(400, "SUB-522", f"WebHook responds with incorrect HTTP status: {response.status}")
    if response.headers.get("validation-token") != validation_token or response.size > _MAX_RESPONSE_BYTES:
        raise api_error(400, "SUB-525", "WebHook response is invalid")
