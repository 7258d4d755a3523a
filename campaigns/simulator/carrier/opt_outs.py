"""Who may not be texted: one book under the older opt-outs and the newer consents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
START_WORDS = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})
EVERY_NUMBER = "*"
"""In place of a sender: all numbers of the account."""
RECIPIENT, API = "Recipient", "Api"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the book, in the words of the newer endpoints."""

    number: int
    """Position in the book, from 1; page tokens count by it."""
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


def spoken_change(text: str) -> bool | None:
    """True for a stop word, False for a start word. The whole text must be the word, in any case."""
    word = text.strip().upper()
    if word in STOP_WORDS:
        return True
    return False if word in START_WORDS else None


class OptOuts:
    """Kept as a history, so that the past never changes: a text is judged by the moment at which it left."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._by_pair: dict[tuple[str, str], list[Change]] = {}

    def note(self, at: int, sender: str, recipient: str, *, stopped: bool, source: str) -> None:
        change = Change(len(self.changes) + 1, at, sender, recipient, stopped, source)
        self._by_pair.setdefault((sender, recipient), []).append(change)
        self.changes.append(change)

    def _history(self, sender: str, recipient: str) -> Iterator[Change]:
        """What bears on a pair: entries about it, and entries about every number of the account."""
        for key in ((sender, recipient), (EVERY_NUMBER, recipient)):
            yield from self._by_pair.get(key, ())

    def heard_from(self, sender: str, recipient: str) -> bool:
        """Whether the pair has any history at all."""
        pairs = self._by_pair
        return bool(pairs) and ((sender, recipient) in pairs or (EVERY_NUMBER, recipient) in pairs)

    def blocked(self, sender: str, recipient: str, moment: int) -> bool:
        """Whether the newest word on the pair at a moment was to stop."""
        if not self.heard_from(sender, recipient):
            return False
        past = [change for change in self._history(sender, recipient) if change.at <= moment]
        return max(past, key=lambda change: change.number).stopped if past else False

    def latest(self) -> list[Change]:
        """The newest entry of each pair, newest first."""
        newest = [history[-1] for history in list(self._by_pair.values())]
        return sorted(newest, key=lambda change: change.number, reverse=True)

    def current(self, moment: int) -> list[tuple[str, str]]:
        """Pairs of our number (or `*`) and recipient that are blocked at `moment`."""
        return [pair for pair in list(self._by_pair) if self.blocked(*pair, moment)]


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that does not come with an incoming High Volume text: somebody asked for it over the API."""

    sender: str
    recipient: str
    stopped: bool
    source: str = API

    def to_log(self) -> list[Any]:
        return [self.sender, self.recipient, self.stopped, self.source]
