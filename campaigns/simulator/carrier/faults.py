"""Faults on request: the network and the servers between a client and the carrier's books."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from campaigns.simulator.api.answers import Answer, refusal

KINDS = ("drop_before", "drop_after", "reset", "delay", "status", "html", "truncate", "drip", "lag")
HOOK_KINDS = ("hook_drop", "hook_duplicate", "hook_reorder", "hook_delay")
HOOK = "WEBHOOK"
"""In place of a method, for the events that go out; their path is the event filter."""
_AFTER = ("drop_after", "truncate", "drip")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "method": str,
    "path": str,
    "nth": int,
    "probability": (int, float),
    "seconds": (int, float),
    "status": int,
    "headers": dict,
    "body": str,
    "times": int,
    "when": str,
    "fault": str,
}
_USUAL_ERRORS = {
    401: ("OAU-213", "Token not found"),
    403: ("CMN-401", "In order to call this API endpoint, application needs to have [A2PSMS] permission"),
    404: ("CMN-102", "Resource for parameter [id] is not found."),
    429: ("CMN-301", "Request rate exceeded"),
    500: ("CMN-203", "Internal Server Error"),
    503: ("CMN-201", "Service temporarily unavailable"),
}
"""What a `status` fault says unless it brings its own body."""
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class FaultScriptError(ValueError):
    """A fault script that cannot be followed; the text says which entry and why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One entry of a fault script."""

    fault: str
    method: str = ""
    path: str = ""
    """Part of the path; empty for every path."""
    nth: int | None = None
    probability: float | None = None
    seconds: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int | None = None
    when: str = "before"
    """`before`: the carrier never sees the request (a delay holds it up). `after`: it was handled in full."""
    seen: int = 0
    fired: int = 0

    @property
    def after(self) -> bool:
        return self.when == "after" or self.fault in _AFTER

    def matches(self, method: str, path: str) -> bool:
        if (self.fault in HOOK_KINDS) != (method == HOOK):
            return False
        return self.method.upper() in ("", method) and self.path in path

    def due(self, chance: float) -> bool:
        """Whether it strikes now. An `nth` strikes once unless `times` says more, all else every time."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.nth is not None:
            return self.nth <= self.seen < self.nth + (self.times or 1)
        return self.probability is None or chance < self.probability

    def answer(self) -> Answer:
        if self.fault == "html":
            return Answer(self.status or 502, (self.body or _HTML).encode(), "text/html", self._headers())
        status = self.status or 503
        if not self.body and status in _USUAL_ERRORS:
            answer = refusal(status, *_USUAL_ERRORS[status]).answer
        else:
            answer = Answer(status, self.body.encode())
        answer.headers = self._headers()
        return answer

    def _headers(self) -> dict[str, str]:
        """In the spelling of our own headers, so that one given here takes the place of ours."""
        return {name.title(): value for name, value in self.headers.items()}


def read_faults(script: Any) -> list[Fault]:
    """Check a fault script as loaded from JSON; FaultScriptError if it is not one."""
    if not isinstance(script, list):
        raise FaultScriptError("A fault script is a list of objects.")
    return [_read(number, entry) for number, entry in enumerate(script, 1)]


def _read(number: int, entry: Any) -> Fault:
    if not isinstance(entry, dict) or entry.get("fault") not in (*KINDS, *HOOK_KINDS):
        message = f"Fault {number} must be an object whose fault is one of {', '.join(KINDS + HOOK_KINDS)}."
        raise FaultScriptError(message)
    if unknown := sorted(set(entry) - set(_TYPES)):
        message = f"Fault {number} has unknown keys: {', '.join(unknown)}."
        raise FaultScriptError(message)
    for name, value in entry.items():
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            message = f"Fault {number}: {name} has a value of the wrong kind."
            raise FaultScriptError(message)
    if not all(isinstance(value, str) for value in entry.get("headers", {}).values()):
        message = f"Fault {number}: the values of headers are texts."
        raise FaultScriptError(message)
    if entry.get("when", "before") not in ("before", "after"):
        message = f"Fault {number}: when is before or after."
        raise FaultScriptError(message)
    return Fault(**entry)


class Faults:
    """First match wins. Chances come from the seed and the entry's place alone, so a run can be repeated."""

    def __init__(self, script: Any, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.replace(script)

    def replace(self, script: Any) -> None:
        entries = read_faults(script)
        with self._lock:
            self._entries = entries
            self._chances = [random.Random(f"{self._seed}:{n}") for n in range(len(entries))]  # noqa: S311

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def pick(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request. Every entry that matches counts it, whichever one strikes."""
        with self._lock:
            matching = [n for n, entry in enumerate(self._entries) if entry.matches(method, path)]
            chosen = None
            for n in matching:
                entry = self._entries[n]
                entry.seen += 1
                if entry.due(self._chances[n].random()) and chosen is None:
                    chosen = entry
            if chosen:
                chosen.fired += 1
            return chosen
