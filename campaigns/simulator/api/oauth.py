"""Sign-in: tokens for the one application and user that this carrier knows."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

from campaigns.simulator.api.answers import Answer, RefusalError, Request, json_answer, refusal
from campaigns.simulator.carrier.clock import SECOND, Clock
from campaigns.simulator.carrier.numbers import EXTENSION_ID

CLIENT_ID = CLIENT_SECRET = JWT = "simulator"  # noqa: S105 - known to everybody, on purpose
SCOPE = "A2PSMS ReadAccounts ReadMessages EditMessages SMS SubscriptionWebhook"
MAX_SESSIONS = 5
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_OTHER_GRANTS = ("password", "authorization_code", "client_credentials", "partner_jwt", "otp")
_TOKEN_START = "U0lN"  # noqa: S105 - what every token here begins with, not a token
_REUSE_SECONDS = 10
"""A refresh token that was just used gives the same new tokens again, for an answer that got lost."""


@dataclass(slots=True)
class Session:
    id: str
    access: str
    refresh: str
    expires: int
    refresh_expires: int
    ttl: int
    used_refresh: str = ""
    refreshed: int = 0


def _new_token() -> str:
    return _TOKEN_START + secrets.token_urlsafe(48)


def oauth_error(status: int, error: str, code: str, message: str) -> RefusalError:
    return RefusalError(
        json_answer(
            {
                "error": error,
                "error_description": message,
                "errors": [{"errorCode": code, "message": message}],
            },
            status,
        )
    )


def _invalid_token(code: str, message: str) -> RefusalError:
    return refusal(401, code, message, symbol="TokenInvalid")


class Sessions:
    """At most five live at once; a sixth ends the oldest, as several programs on one JWT find out."""

    def __init__(self, clock: Clock, *, issue_refresh: bool) -> None:
        self.issue_refresh = issue_refresh
        self._clock = clock
        self._open: list[Session] = []
        self._lock = threading.Lock()

    def restore(self, records: list[dict[str, Any]]) -> None:
        self._open = [Session(**record) for record in records]

    def to_log(self) -> dict[str, Any]:
        with self._lock:
            return {"kind": "sessions", "open": [asdict(session) for session in self._open]}

    def clear(self) -> None:
        with self._lock:
            self._open = []

    def check(self, header: str | None) -> None:
        """Refuse a call without a living access token, with the code that tells why."""
        if not header:
            raise refusal(401, "AGW-401", "Authorization header is not specified")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise refusal(401, "AGW-402", "Invalid Authorization header")
        token = token.strip()
        if not token.startswith(_TOKEN_START):
            raise _invalid_token("OAU-149", "OAuth token is invalid")
        session = next((one for one in self._open if one.access == token), None)
        if session is None:
            raise _invalid_token("OAU-213", "Token not found")
        if self._clock.now() >= session.expires:
            raise _invalid_token("OAU-128", "Access token expired")

    def start(self, ttl: int, refresh_ttl: int) -> dict[str, Any]:
        now = self._clock.now()
        session = Session(
            secrets.token_urlsafe(16),
            _new_token(),
            _new_token() if self.issue_refresh else "",
            now + ttl * SECOND,
            now + refresh_ttl * SECOND,
            ttl,
        )
        with self._lock:
            self._open = [*self._open, session][-MAX_SESSIONS:]
        return self._describe(session, now)

    def refresh(self, token: str) -> dict[str, Any]:
        """New tokens for a refresh token. The old access token ends at once, the refresh token after 10 s."""
        now = self._clock.now()
        with self._lock:
            for session in self._open:
                if token and token == session.refresh and now < session.refresh_expires:
                    session.used_refresh, session.refreshed = session.refresh, now
                    session.access, session.refresh = _new_token(), _new_token()
                    session.expires = now + session.ttl * SECOND
                    return self._describe(session, now)
                again = token and token == session.used_refresh
                if again and now - session.refreshed <= _REUSE_SECONDS * SECOND:
                    return self._describe(session, now)
        raise oauth_error(400, "invalid_grant", "OAU-213", "Token not found")

    def revoke(self, token: str) -> None:
        with self._lock:
            self._open = [one for one in self._open if token not in (one.access, one.refresh)]

    def _describe(self, session: Session, now: int) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "access_token": session.access,
            "token_type": "bearer",
            "expires_in": (session.expires - now) // SECOND,
            "scope": SCOPE,
            "owner_id": EXTENSION_ID,
            "endpoint_id": session.id,
            "session_id": session.id,
        }
        if session.refresh:
            answer["refresh_token"] = session.refresh
            answer["refresh_token_expires_in"] = (session.refresh_expires - now) // SECOND
        return answer


def read_form(request: Request) -> dict[str, str]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise oauth_error(415, "invalid_request", "CMN-407", "Unsupported media type")
    fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def check_client(header: str | None) -> None:
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


def issue(sessions: Sessions, form: dict[str, str]) -> Answer:
    """The answer of the token endpoint, once the application itself is known."""
    grant = form.get("grant_type", "")
    if grant == "refresh_token":
        if not sessions.issue_refresh:
            raise _not_allowed()
        return json_answer(sessions.refresh(form.get("refresh_token", "")))
    if grant in _OTHER_GRANTS:
        raise _not_allowed()
    if grant != JWT_GRANT:
        raise oauth_error(400, "unsupported_grant_type", "OAU-250", "Unsupported grant type")
    if not hmac.compare_digest(form.get("assertion", "").encode(), JWT.encode()):
        raise oauth_error(400, "invalid_grant", "OAU-213", "Token not found")
    ttl = _seconds(form.get("access_token_ttl"), 3600)
    refresh_ttl = _seconds(form.get("refresh_token_ttl"), 604_800)
    return json_answer(sessions.start(max(600, ttl) if ttl <= 3600 else 3600, min(refresh_ttl, 2_592_000)))


def _not_allowed() -> RefusalError:
    return oauth_error(400, "unauthorized_client", "OAU-251", "Unauthorized for this grant type")


def _seconds(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else default
