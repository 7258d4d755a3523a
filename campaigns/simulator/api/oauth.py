"""The token endpoints, for the one application and user that exist here."""

import base64
import binascii
import hmac
from typing import Any
from urllib.parse import parse_qs

from campaigns.simulator.api.errors import ApiError, oauth_error
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.api.sessions import Sessions
from campaigns.simulator.http_types import Request, Response, json_response

CLIENT_ID = CLIENT_SECRET = JWT = "simulator"  # noqa: S105 - known to everybody, on purpose
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_OTHER_GRANTS = ("password", "authorization_code", "client_credentials", "partner_jwt", "otp")


def issue_token(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    _authenticate_client(request.headers.get("authorization"))
    tokens = _grant_tokens(platform.sessions, parse_form(request))
    platform.save_sessions()
    return json_response(tokens)


def revoke_token(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    _authenticate_client(request.headers.get("authorization"))
    token = request.last("token") or parse_form(request).get("token", "")
    platform.sessions.revoke(token)
    platform.save_sessions()
    return Response(200)


def _authenticate_client(header: str | None) -> None:
    if not header:
        raise oauth_error(401, "invalid_client", "OAU-123", "Client authentication is required")
    scheme, _, value = header.partition(" ")
    try:
        given = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if scheme.lower() != "basic" or b":" not in given:
        raise oauth_error(401, "invalid_client", "OAU-134", "Invalid Authorization header")
    if not hmac.compare_digest(given, f"{CLIENT_ID}:{CLIENT_SECRET}".encode()):
        raise oauth_error(401, "invalid_client", "OAU-146", "Invalid client credentials")


def parse_form(request: Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise oauth_error(415, "invalid_request", "CMN-407", "Unsupported media type")
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _grant_tokens(sessions: Sessions, form: dict[str, str]) -> dict[str, Any]:
    grant = form.get("grant_type", "")
    if grant == "refresh_token":
        if not sessions.issue_refresh:
            raise _unauthorized_grant()
        return sessions.refresh(form.get("refresh_token", ""))
    if grant in _OTHER_GRANTS:
        raise _unauthorized_grant()
    if grant != JWT_GRANT:
        raise oauth_error(400, "unsupported_grant_type", "OAU-250", "Unsupported grant type")
    if not hmac.compare_digest(form.get("assertion", "").encode(), JWT.encode()):
        raise oauth_error(400, "invalid_grant", "OAU-213", "Token not found")
    ttl = _parse_seconds(form.get("access_token_ttl"), 3600)
    refresh_ttl = _parse_seconds(form.get("refresh_token_ttl"), 604_800)
    return sessions.start(max(600, ttl) if ttl <= 3600 else 3600, min(refresh_ttl, 2_592_000))


def _unauthorized_grant() -> ApiError:
    return oauth_error(400, "unauthorized_client", "OAU-251", "Unauthorized for this grant type")


def _parse_seconds(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else default
