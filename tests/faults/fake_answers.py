"""What a carrier may do with a request, and how the client of a real one tells of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.retry import silence_after


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Point(StrEnum):
    """Where in a hand-over a process may die, or others may act."""

    CONNECTED = "connected"
    """Prepared; the mark is not made."""
    MARKED = "marked"
    """Marked as being sent; no byte has left."""
    WRITTEN = "written"
    """The request has left; its answer is awaited."""
    ANSWERED = "answered"
    """The answer is here and written down nowhere."""
    NOTED = "noted"
    """The answer is in the journal and not in the database."""


class Answer(StrEnum):
    ACCEPTED = "accepted"
    UNREACHABLE = "unreachable"
    LOST_REQUEST = "lost request"
    LOST_ANSWER = "lost answer"
    FAILED = "500, not taken"
    FAILED_AFTER = "500, taken"
    SENSELESS = "2xx without an id, taken"
    OTHER_ID = "2xx with the id of the batch before, not taken"
    PARALLEL = "429 CMN-304, taken"
    TOO_FAST = "429 with Retry-After"
    TOO_FAST_BARE = "429 without"
    EXPIRED = "401"
    BAD_REQUEST = "400"
    TOO_LARGE = "413"


TAKING = {Answer.ACCEPTED, Answer.LOST_ANSWER, Answer.FAILED_AFTER, Answer.SENSELESS, Answer.PARALLEL}

_NOT_SENT, _REFUSED, _UNKNOWN = Outcome.NOT_SENT, Outcome.REFUSED, Outcome.UNKNOWN
# HTTP status, headers, outcome, kind, permanent: as the client of RingCentral tells them.
ERRORS: dict[Answer, tuple[int, dict[str, str], Outcome, str, bool]] = {
    Answer.UNREACHABLE: (0, {}, _NOT_SENT, "unreachable", False),
    Answer.LOST_REQUEST: (0, {}, _UNKNOWN, "unreachable", False),
    Answer.LOST_ANSWER: (0, {}, _UNKNOWN, "unreachable", False),
    Answer.FAILED: (500, {}, _UNKNOWN, "server", False),
    Answer.FAILED_AFTER: (500, {}, _UNKNOWN, "server", False),
    Answer.SENSELESS: (200, {}, _UNKNOWN, "answer", False),
    Answer.PARALLEL: (429, {"retry-after": "30"}, _UNKNOWN, "rate", False),
    Answer.TOO_FAST: (429, {"retry-after": "90"}, _REFUSED, "rate", False),
    Answer.TOO_FAST_BARE: (429, {}, _REFUSED, "rate", False),
    Answer.EXPIRED: (401, {}, _REFUSED, "credentials", False),
    Answer.BAD_REQUEST: (400, {}, _REFUSED, "request", True),
    Answer.TOO_LARGE: (413, {}, _REFUSED, "too_large", True),
}


@dataclass(frozen=True, slots=True)
class Script:
    """What becomes of one request."""

    answer: Answer = Answer.ACCEPTED
    rejects: int = 0
    """The recipients that it refuses, as bits: 1 the first, 2 the second, 4 the third."""
    late: float = 0.0
    """Seconds after the request until it is taken; its answer is lost then."""
    lag: float = 0.0
    """Seconds from there until its lists show the batch."""
    contents_lag: float = 0.0
    """Seconds from there until they show all of its texts."""


def failure(kind: Answer) -> ProviderError:
    status, headers, outcome, what, permanent = ERRORS[kind]
    return ProviderError(
        f"The carrier: {kind}.",
        outcome=outcome,
        http_status=status or None,
        kind=what,
        permanent=permanent,
        retry_after=silence_after(status, headers),
    )


def plain(script: Script) -> Script:
    """The same without what only a campaign can bear that asks a person."""
    return replace(script, late=min(script.late, 240), lag=min(script.lag, 240))
