"""Fault scripts: what goes wrong between a client and the carrier, and when."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = ("drop_before", "drop_after", "reset", "delay", "status", "html", "truncate", "drip", "lag")
WEBHOOK_KINDS = ("hook_drop", "hook_duplicate", "hook_reorder", "hook_delay")
WEBHOOK_METHOD = "WEBHOOK"
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


class FaultScriptError(ValueError):
    """An invalid fault script; the text says which entry is wrong and why."""


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

    @classmethod
    def parse(cls, number: int, entry: Any) -> Fault:
        """FaultScriptError unless entry `number` of a script, counted from 1, is valid."""
        if not isinstance(entry, dict) or entry.get("fault") not in (*KINDS, *WEBHOOK_KINDS):
            kinds = ", ".join(KINDS + WEBHOOK_KINDS)
            message = f"Fault {number} must be an object whose fault is one of {kinds}."
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
        return cls(**entry)

    @property
    def after(self) -> bool:
        return self.when == "after" or self.fault in _AFTER

    def matches(self, method: str, path: str) -> bool:
        if (self.fault in WEBHOOK_KINDS) != (method == WEBHOOK_METHOD):
            return False
        return self.method.upper() in ("", method) and self.path in path

    def due(self, chance: float) -> bool:
        """Whether it strikes now. An `nth` strikes once unless `times` says more, all else every time."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.nth is not None:
            return self.nth <= self.seen < self.nth + (self.times or 1)
        return self.probability is None or chance < self.probability


def parse_script(script: Any) -> list[Fault]:
    """The faults of a script as loaded from JSON; FaultScriptError if it is not valid."""
    if not isinstance(script, list):
        raise FaultScriptError("A fault script is a list of objects.")
    return [Fault.parse(number, entry) for number, entry in enumerate(script, 1)]


class Faults:
    """The first match wins. Chances depend on the seed and the entry's place only, so runs are repeatable."""

    def __init__(self, script: Any, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.replace(script)

    def replace(self, script: Any) -> None:
        entries = parse_script(script)
        with self._lock:
            self._entries = entries
            self._chances = [random.Random(f"{self._seed}:{n}") for n in range(len(entries))]  # noqa: S311

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def pick(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request. Every matching entry counts it, whichever one strikes."""
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
