"""What a step of dispatch came to."""

from dataclasses import dataclass
from enum import StrEnum


class StepResult(StrEnum):
    SUBMITTED = "submitted"
    WAIT = "wait"
    """Nothing may leave for `seconds`."""
    BLOCKED = "blocked"
    """Nothing will leave until an event: the campaign is held, or an answer is in doubt."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    result: StepResult
    seconds: float = 0.0
