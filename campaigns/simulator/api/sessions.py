"""Access tokens and refresh tokens."""

import secrets
import threading
from dataclasses import asdict, dataclass
from typing import Any

from campaigns.simulator.api.errors import ApiError, api_error, oauth_error
from campaigns.simulator.carrier.clock import SECOND, Clock
from campaigns.simulator.carrier.numbers import EXTENSION_ID

SCOPE = "A2PSMS ReadAccounts ReadMessages EditMessages SMS SubscriptionWebhook"
MAX_SESSIONS = 5
_TOKEN_PREFIX = "U0lN"  # noqa: S105 - what every token here begins with, not a token
_REUSE_SECONDS = 10
"""A refresh token that was just used gives the same new tokens again, in case the response got lost."""


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

    def describe(self, now: int) -> dict[str, Any]:
        record: dict[str, Any] = {
            "access_token": self.access,
            "token_type": "bearer",
            "expires_in": (self.expires - now) // SECOND,
            "scope": SCOPE,
            "owner_id": EXTENSION_ID,
            "endpoint_id": self.id,
            "session_id": self.id,
        }
        if self.refresh:
            record["refresh_token"] = self.refresh
            record["refresh_token_expires_in"] = (self.refresh_expires - now) // SECOND
        return record


def _new_token() -> str:
    return _TOKEN_PREFIX + secrets.token_urlsafe(48)


def _invalid_token(code: str, message: str) -> ApiError:
    return api_error(401, code, message, symbol="TokenInvalid")


class Sessions:
    """At most five are open. A sixth ends the oldest, as happens to several programs with one JWT."""

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

    def authenticate(self, header: str | None) -> None:
        """ApiError with the code that tells why, unless the header has a valid access token."""
        if not header:
            raise api_error(401, "AGW-401", "Authorization header is not specified")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise api_error(401, "AGW-402", "Invalid Authorization header")
        token = token.strip()
        if not token.startswith(_TOKEN_PREFIX):
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
        return session.describe(now)

    def refresh(self, token: str) -> dict[str, Any]:
        """New tokens for a refresh token. The old access token ends at once, the refresh token after 10 s."""
        now = self._clock.now()
        with self._lock:
            for session in self._open:
                if token and token == session.refresh and now < session.refresh_expires:
                    session.used_refresh, session.refreshed = session.refresh, now
                    session.access, session.refresh = _new_token(), _new_token()
                    session.expires = now + session.ttl * SECOND
                    return session.describe(now)
                reused = token and token == session.used_refresh
                if reused and now - session.refreshed <= _REUSE_SECONDS * SECOND:
                    return session.describe(now)
        raise oauth_error(400, "invalid_grant", "OAU-213", "Token not found")

    def revoke(self, token: str) -> None:
        with self._lock:
            self._open = [one for one in self._open if token not in (one.access, one.refresh)]
