"""Events, and the filters with which a subscription selects them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BATCHES, MESSAGES, OPT_OUTS, CONSENTS = "batches", "messages", "opt-outs", "consents"
INSTANT, MAILBOX = "instant", "mailbox"


@dataclass(frozen=True, slots=True)
class Event:
    at: int
    kind: str
    attributes: dict[str, str]
    """What filters compare."""
    body: Callable[[str], dict[str, Any]]
    """Makes the body, given the base address of the links in it."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    text: str
    """With `~` expanded, as every event names it."""
    kind: str
    wanted: dict[str, str] = field(default_factory=dict)

    def matches(self, event: Event) -> bool:
        return self.kind == event.kind and all(
            event.attributes.get(name) == value for name, value in self.wanted.items()
        )


@dataclass(frozen=True, slots=True)
class DisabledFilter:
    """A filter that is refused without failing the whole call."""

    text: str
    reason: str
    message: str
