"""The opt-outs behind both the older opt-out endpoints and the newer consent endpoints."""

from dataclasses import dataclass
from typing import Any

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
START_WORDS = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})
EVERY_NUMBER = "*"
"""In place of a sender: all numbers of the account."""
RECIPIENT, API = "Recipient", "Api"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history, in the terms of the consent endpoints."""

    number: int
    """Position in the history, from 1; page tokens count by it."""
    at: int
    sender: str
    recipient: str
    stopped: bool
    source: str

    @property
    def status(self) -> str:
        return "OptOut" if self.stopped else "OptIn"

    @property
    def coverage(self) -> str:
        return "Account" if self.sender == EVERY_NUMBER else "PhoneNumber"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """An opt-out or opt-in that does not come with an inbound High Volume text."""

    sender: str
    recipient: str
    stopped: bool
    source: str = API

    def to_log(self) -> list[Any]:
        return [self.sender, self.recipient, self.stopped, self.source]


def parse_keyword(text: str) -> bool | None:
    """True for a stop word, False for a start word. The whole text must be the word, in any case."""
    word = text.strip().upper()
    if word in STOP_WORDS:
        return True
    return False if word in START_WORDS else None


class OptOuts:
    """A history, so that the past never changes: a text is judged by the moment at which it left."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._by_pair: dict[tuple[str, str], list[Change]] = {}

    def record(self, at: int, sender: str, recipient: str, *, stopped: bool, source: str) -> None:
        change = Change(len(self.changes) + 1, at, sender, recipient, stopped, source)
        self._by_pair.setdefault((sender, recipient), []).append(change)
        self.changes.append(change)

    def has_history(self, sender: str, recipient: str) -> bool:
        pairs = self._by_pair
        return bool(pairs) and ((sender, recipient) in pairs or (EVERY_NUMBER, recipient) in pairs)

    def is_blocked(self, sender: str, recipient: str, moment: int) -> bool:
        """The newest entry decides, whether it is about the pair or about every number of the account."""
        if not self.has_history(sender, recipient):
            return False
        past = [
            change
            for key in ((sender, recipient), (EVERY_NUMBER, recipient))
            for change in self._by_pair.get(key, ())
            if change.at <= moment
        ]
        return max(past, key=lambda change: change.number).stopped if past else False

    def latest(self) -> list[Change]:
        """The newest entry of each pair, newest first."""
        newest = [history[-1] for history in list(self._by_pair.values())]
        return sorted(newest, key=lambda change: change.number, reverse=True)

    def blocked_pairs(self, moment: int) -> list[tuple[str, str]]:
        """Sender (or `*`) and recipient."""
        return [pair for pair in list(self._by_pair) if self.is_blocked(*pair, moment)]
