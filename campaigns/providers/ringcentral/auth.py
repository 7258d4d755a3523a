"""RingCentral's sign-in: one access token per account, minted from the JWT, shared by all workers.

Refresh tokens are not used: an app may be set up without them, and presenting the JWT again always works.
More than about five sessions of one user and app push each other out, so a token is minted only when the
store has none that lasts, and by one worker only while the others wait for it.
"""

import base64
import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from campaigns.providers.base import Gate, Outcome, ProviderError, TokenStore
from campaigns.providers.http import Answer, NoAnswerError, Secret, Transport, prepare
from campaigns.providers.retry import RetryPolicy
from campaigns.providers.ringcentral.errors import refusal, senseless, unanswered
from campaigns.providers.wording import Sentence
from campaigns.providers.wording import gettext_noop as _

log = logging.getLogger(__name__)

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_MARGIN: Final = timedelta(minutes=5)
_MIN_LIFE: Final = timedelta(seconds=600)  # RingCentral's own lower bound, taken if the answer names none
_TOKEN_CHECKS: Final = 200
_TOKEN_CHECK_SECONDS: Final = 0.1
"""How often, and how many seconds apart, a worker checks for the token that another one fetches."""
_TOKEN_WAIT_SECONDS: Final = _TOKEN_CHECKS * _TOKEN_CHECK_SECONDS
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")

_REFUSED: Final = _(
    "RingCentral refused the sign-in. Ask an administrator to check the client id, the secret and the JWT."
)
_BUSY: Final = _("Another worker is signing in at RingCentral and has not finished yet.")
_ELSEWHERE: Final = _("There is no RingCentral sign-in at this address. Check the server URL.")

# One mint at a time per account in this process, however many clients it has.
_minting: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)


class MemoryTokenStore:
    """Holds the token of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: tuple[Secret, datetime] | None = None

    def load(self) -> tuple[str, datetime] | None:
        with self._lock:
            return self._stored

    def save(self, token: str, use_until: datetime) -> None:
        with self._lock:
            self._stored = Secret(token), use_until

    def drop(self, token: str) -> None:
        with self._lock:
            if self._stored is not None and self._stored[0] == token:
                self._stored = None

    def minting(self) -> AbstractContextManager[bool]:
        """Always free: within a process `SignIn` itself lets one mint at a time."""
        return nullcontext(True)


class SignIn:
    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        jwt: str,
        user_agent: str,
        transport: Transport,
        gate: Gate,
        store: TokenStore,
        retry_policy: RetryPolicy,
        now: Callable[[], datetime],
    ) -> None:
        self._url = url
        pair = f"{client_id}:{client_secret}".encode()
        self._basic = Secret("Basic " + base64.b64encode(pair).decode())
        self._jwt = Secret(jwt)
        self._user_agent = user_agent
        self._transport = transport
        self._gate = gate
        self._store = store
        self._retry_policy = retry_policy
        self._now = now
        self._lock = _minting[url, client_id]

    def token(self) -> Secret:
        """A token that is valid for some minutes at least. Raises ProviderError."""
        current = self._lasting()
        if current is not None:
            return current
        with self._lock:
            for _ in range(_TOKEN_CHECKS):
                with self._store.minting() as acquired:
                    token = self._lasting() or (self._mint() if acquired else None)
                if token is not None:
                    return token
                self._retry_policy.sleep(_TOKEN_CHECK_SECONDS)
        raise ProviderError(_BUSY, outcome=Outcome.NOT_SENT, kind="rate", retry_after=_TOKEN_WAIT_SECONDS)

    def drop(self, token: Secret) -> None:
        self._store.drop(token)

    def _lasting(self) -> Secret | None:
        stored = self._store.load()
        if stored is None:
            return None
        token, use_until = Secret(stored[0]), stored[1]
        return token if self._now() < use_until and _TOKEN.fullmatch(token) else None

    def _mint(self) -> Secret:
        attempt = 0
        while True:
            attempt += 1
            self._gate.wait("auth")
            try:
                return self._grant()
            except ProviderError as error:
                if error.permanent or attempt >= self._retry_policy.count:
                    raise
            self._retry_policy.pause(attempt)

    def _grant(self) -> Secret:
        asked_at = self._now()
        try:
            answer = self._post("token", {"grant_type": _GRANT, "assertion": self._jwt})
        except NoAnswerError as silence:
            raise unanswered(silence) from None
        self._gate.learn("auth", answer.status, answer.headers)
        if answer.status != 200:
            raise sign_in_refused(answer)
        return self._store_token(answer, asked_at)

    def _post(self, what: str, form: dict[str, str]) -> Answer:
        request = prepare(
            "POST",
            f"{self._url}/restapi/oauth/{what}",
            headers={
                "Authorization": self._basic,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": self._user_agent,
            },
            body=urlencode(form).encode(),
        )
        return self._transport.send_once(request)

    def _store_token(self, answer: Answer, asked_at: datetime) -> Secret:
        try:
            data: Any = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            data = None
        token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise senseless(answer, _("there is no access token in it"))
        life = lifetime(data.get("expires_in"))
        secret = Secret(token)
        # A token that lives less than the margin would otherwise be minted anew for each request.
        self._store.save(secret, asked_at + life - min(_MARGIN, life / 2))
        return secret


def lifetime(expires_in: object) -> timedelta:
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and 0 < expires_in < 10**8:
        return timedelta(seconds=expires_in)
    return _MIN_LIFE


def sign_in_refused(answer: Answer) -> ProviderError:
    """RingCentral asks that a refused sign-in is not retried: a person has to correct it."""
    error = refusal(answer)
    if answer.status >= 500 or answer.status in (408, 429):
        return error
    is_explained = error.kind == "credentials" and error.permanent
    error.permanent = True
    refused = answer.status in (400, 401, 403)
    if refused:
        error.kind = "credentials"
    if refused and is_explained:
        return error
    sentences = [Sentence(_REFUSED if refused else _ELSEWHERE)]
    if error.code and not is_explained:
        sentences.append(Sentence("(code: {code})", {"code": error.code}))
    error.say(*sentences)
    return error


def utc_now() -> datetime:
    return datetime.now(UTC)
