"""Authenticated requests to RingCentral's API: rate limit, retries, pages, renewal of the token."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
import requests

from campaigns.providers.base import Gate, Outcome, ProviderError, TokenStore
from campaigns.providers.http import (
    Answer,
    Cause,
    NoAnswerError,
    Secret,
    Sink,
    Transport,
    prepare,
)
from campaigns.providers.retry import RetryPolicy
from campaigns.providers.ringcentral import parse
from campaigns.providers.ringcentral.auth import SignIn, utc_now
from campaigns.providers.ringcentral.errors import refusal, request_id, senseless, still_refused, unanswered
from campaigns.providers.ringcentral.limits import PAGE_BYTES, PER_PAGE
from campaigns.providers.types import JSON
from campaigns.providers.wording import gettext_noop as _

log = logging.getLogger(__name__)

ACCOUNT: Final = "/restapi/v1.0/account/~"
EXTENSION: Final = f"{ACCOUNT}/extension/~"
A2P: Final = f"{ACCOUNT}/a2p-sms"
LIGHT: Final = "light"
MEDIUM: Final = "medium"
_RETRYABLE_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request, before it is signed."""

    path: str
    """Below the server's address; or a whole address that `ApiClient.trusts`."""
    method: str = "GET"
    params: Params | None = field(default=None, repr=False)
    content: Any = field(default=None, repr=False)
    """Sent as JSON; None sends no body."""
    group: str = LIGHT
    accept: str = "application/json"
    ok_statuses: frozenset[int] = frozenset({200})
    idempotent: bool = True
    """Idempotent: a retry does no harm when the outcome of the first request is unknown."""
    answer_bytes: int = PAGE_BYTES
    sink: Sink | None = None
    """Takes the body of a good answer piece by piece, instead of the answer."""


class ApiClient:
    """The pooled connections and the sign-in of one account."""

    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        jwt: str,
        gate: Gate,
        token_store: TokenStore,
        transport: Transport,
        user_agent: str,
        retry_policy: RetryPolicy | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url = url.rstrip("/")
        self._gate = gate
        self._transport = transport
        self._user_agent = user_agent
        self._retry_policy = retry_policy or RetryPolicy()
        self.now = now
        self._sign_in = SignIn(
            url=self._url,
            client_id=client_id,
            client_secret=client_secret,
            jwt=jwt,
            user_agent=user_agent,
            transport=transport,
            gate=gate,
            store=token_store,
            retry_policy=self._retry_policy,
            now=now,
        )

    def close(self) -> None:
        self._transport.close()

    def get(self, path: str, params: Params | None = None) -> tuple[Answer, JSON]:
        """The JSON object at a path. Raises ProviderError."""
        return self.send_json(ApiRequest(path=path, params=params))

    def send_json(self, request: ApiRequest) -> tuple[Answer, JSON]:
        answer = self.send(request)
        data = parse.as_object(answer.body)
        if data is None:
            raise senseless(answer, _("it is no JSON object"))
        return answer, data

    def send(self, request: ApiRequest) -> Answer:
        """Send with a few retries, and with one new token if it is refused. Raises ProviderError."""
        signed_in_again = False
        attempt = 0
        while True:
            token = self._sign_in.token()
            self._gate.wait(request.group)
            try:
                return self._exchange(request, token)
            except ProviderError as error:
                if error.http_status == 401 and not signed_in_again:
                    signed_in_again = True
                    continue
                if error.http_status == 401:
                    raise still_refused(error) from None
                attempt += 1
                if not is_retryable(error, request) or attempt >= self._retry_policy.count:
                    raise
            self._retry_policy.pause(attempt)

    def pages(
        self, path: str, params: Params, *, whole: bool = False, per_page: int = PER_PAGE
    ) -> Iterator[list[JSON]]:
        """The records of all pages of a list with page tokens; see `follow`."""

        def page(token: str) -> tuple[Answer, JSON]:
            paging = [("perPage", str(per_page)), *([("pageToken", token)] if token else [])]
            return self.get(path, params + paging)

        return follow(path, page, whole=whole)

    def trusts(self, uri: str) -> bool:
        """Whether an address that came in an answer may see our token: RingCentral's own, and no other."""
        if not uri.isascii():  # `urlsplit` takes long to normalise a host of thousands of accents
            return False
        base, given = urlsplit(self._url), urlsplit(uri)
        if given.username or given.password or not given.path.startswith("/restapi/"):
            return False
        api = f"{base.scheme}://{base.netloc}"
        # Binary content has a host of its own: media.ringcentral.com beside platform.ringcentral.com.
        name, dot, rest = base.netloc.partition(".")
        media = f"https://media.{rest}" if name == "platform" and dot else api
        return f"{given.scheme}://{given.netloc}" in (api, media)

    def _exchange(self, request: ApiRequest, token: Secret) -> Answer:
        prepared = self._prepare(request, token)
        answer = None
        try:
            if request.idempotent:
                answer = self._transport.read(prepared, answer_bytes=request.answer_bytes, sink=request.sink)
            else:  # a pooled connection may be dead, which shows only after the request was written
                answer = self._transport.send_once(prepared, answer_bytes=request.answer_bytes)
        except NoAnswerError as silence:
            raise unanswered(silence) from None
        finally:
            self._gate.learn(request.group, *((answer.status, answer.headers) if answer else (0, {})))
        if answer.status == 401:
            self._sign_in.drop(token)
        if answer.status not in request.ok_statuses:
            raise refusal(answer)
        if answer.broken:
            error = unanswered(NoAnswerError(Cause.BROKEN, written=True))
            if request.sink is not None:  # it holds a beginning already, which a second try would follow
                error.http_status = answer.status
            raise error
        if answer.cut:
            raise senseless(answer, _("it is far too long"))
        return answer

    def _prepare(self, request: ApiRequest, token: Secret) -> requests.PreparedRequest:
        headers = {**self.headers(token), "Accept": request.accept, "Accept-Encoding": "gzip"}
        body = None
        if request.content is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(request.content)
        url = f"{self._url}{request.path}" if request.path.startswith("/") else request.path
        return prepare(request.method, url, headers=headers, params=request.params, body=body)

    def headers(self, token: Secret) -> dict[str, str]:
        return {
            "Authorization": Secret(f"Bearer {token}"),
            "Accept": "application/json",
            "User-Agent": self._user_agent,
        }


def follow(
    path: str, page: Callable[[str], tuple[Answer, JSON]], *, whole: bool = False
) -> Iterator[list[JSON]]:
    """The records of all pages. `page` gets one by its token, the first by an empty one.

    A token that comes again would go round for ever: stop, or raise ProviderError if `whole`.
    """
    token = ""
    seen: set[str] = set()
    while True:
        answer, data = page(token)
        yield records(answer, data)
        token = parse.next_token(data)
        if not token:
            return
        if token in seen:
            log.warning(
                "page token repeated, list may be incomplete: %s, request %s", path, request_id(answer)
            )
            if whole:
                raise senseless(answer, _("its list has no end"))
            return
        seen.add(token)


def is_retryable(error: ProviderError, request: ApiRequest) -> bool:
    if not request.idempotent and error.outcome is Outcome.UNKNOWN:
        return False
    no_answer = error.http_status is None and error.kind == "unreachable"
    return no_answer or error.http_status in _RETRYABLE_STATUSES


def records(answer: Answer, data: JSON) -> list[JSON]:
    page = parse.records(data)
    if page is None:
        raise senseless(answer, _("it holds no list"))
    return page


def segment(identity: str) -> str:
    """One segment of a path. An empty or dotted one would address something else."""
    if not identity or identity in (".", ".."):
        raise ProviderError(
            _("There is no such id."), permanent=True, outcome=Outcome.NOT_SENT, kind="not_found", code=""
        )
    return quote(identity, safe="")


def window(date_from: datetime, date_to: datetime | None) -> Params:
    params = [("dateFrom", moment(date_from))]
    if date_to is not None:
        # Milliseconds on the wire: round the end up, so that the window never gets shorter.
        params.append(("dateTo", moment(date_to + timedelta(microseconds=999))))
    return params


def moment(when: datetime) -> str:
    if when.tzinfo is None:
        raise ValueError("a time without a zone says nothing about when")
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def repeated(name: str, values: str | Sequence[str]) -> Params:
    """A filter with several values repeats its key: joined with commas they would silently match nothing."""
    several = [values] if isinstance(values, str) else values
    return [(name, value) for value in several if value]
