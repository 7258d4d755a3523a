"""Why a text was not delivered: what any provider's table of codes says about one of its codes.

Its words are in the language of the source, and translated where they are shown.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from campaigns.providers.wording import Sentence


class ErrorClass(StrEnum):
    """Where the cause lies."""

    RECIPIENT = "recipient"
    OPT_OUT = "opt_out"
    CONTENT = "content"
    SENDER = "sender"
    QUOTA = "quota"
    CARRIER = "carrier"
    PROVIDER = "provider"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether the same person may get the text again."""

    NEVER = "never"
    LATER = "later"
    SOFT = "soft"
    """Later; after some failures in a row, no more."""
    AFTER_EDIT = "after_edit"
    AFTER_FIX = "after_fix"
    """When the sending number or the account is repaired."""
    MANUAL = "manual"
    """A person decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    code: str
    sentence: Sentence
    """What happened."""
    advice: str
    """What the sender can do; may be empty."""
    reporter: str
    """Who gave this reason; may be empty."""
    error_class: ErrorClass
    retry: Retry
    is_failure: bool
    """False if the text may well have arrived: count it as unknown, not as failed."""
    known: bool
    """False for a code that is not in the table."""


class Row(NamedTuple):
    error_class: ErrorClass
    retry: Retry
    sentence: str
    advice: str


class ErrorCodes(Protocol):
    """A provider's table."""

    def codes(self) -> frozenset[str]: ...

    def explain(self, code: str) -> Explanation:
        """Also for a code that is not in the table, and for none at all."""

    def is_opt_out(self, code: str) -> bool:
        """Whether a code says that the person has opted out."""
