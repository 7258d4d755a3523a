"""A task that exports the mailbox. Its status depends on the time alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from campaigns.simulator.carrier.clock import SECOND

_STEPS = ((0.0, "Accepted"), (1.0, "InProgress"), (4.0, "Completed"))
"""Seconds after the request, at the real speed, and the status from then on."""


@dataclass(frozen=True, slots=True)
class ReportTask:
    id: str
    created: int
    speed: float
    since: int
    until: int
    types: list[str]

    @property
    def finished(self) -> int:
        return self.reached(len(_STEPS) - 1)

    def reached(self, step: int) -> int:
        return self.created + int(_STEPS[step][0] * SECOND / self.speed)

    def status(self, now: int) -> str:
        return next(
            name
            for step, (_, name) in reversed(list(enumerate(_STEPS)))
            if self.reached(step) <= now or not step
        )

    def to_log(self) -> dict[str, Any]:
        return asdict(self) | {"kind": "report"}

    @classmethod
    def from_log(cls, record: dict[str, Any]) -> ReportTask:
        return cls(**{name: value for name, value in record.items() if name != "kind"})
