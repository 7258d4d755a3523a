"""The words for people: every state as a label, a sentence, an icon and a tone, said the same on every page.

`{provider}` stands for the provider's name. "Sent" is never dressed up as "delivered".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from campaigns.providers.types import BatchStatus, Registration, RegistrationStatus

Tone = Literal["success", "info", "secondary", "warning", "danger"]
Kind = Literal["row", "campaign", "batch", "remote"]


@dataclass(frozen=True, slots=True)
class Words:
    """How a state is said. The icon is a name in `static/icons.svg`."""

    label: str
    sentence: str
    icon: str
    tone: Tone


ROW: dict[str, Words] = {
    "duplicate": Words("Duplicate", "The same number stands further up in the file.", "copy", "secondary"),
    "invalid": Words(
        "Not usable", "We did not send: the row has no usable phone number.", "telephone-x", "warning"
    ),
    "excluded": Words(
        "Left out", "We did not send: this person opted out or was left out.", "dash-circle", "secondary"
    ),
    "held": Words("Held here", "Not handed over yet. It can still be stopped.", "pause-circle", "warning"),
    "queued": Words(
        "Waiting", "Waiting here for its turn. It can still be stopped.", "hourglass-split", "secondary"
    ),
    "submitting": Words("Being handed over", "On its way to {provider} now.", "arrow-up-circle", "info"),
    "in_doubt": Words(
        "In doubt",
        "The answer was lost. Nobody is texted again until {provider}'s own records are read.",
        "question-circle",
        "warning",
    ),
    "needs_review": Words(
        "Needs review",
        "Nobody can prove whether {provider} took it. A person has to decide.",
        "exclamation-circle",
        "warning",
    ),
    "marked_sent": Words(
        "Marked as sent",
        "A person decided that it went out. {provider} did not confirm it.",
        "person-check",
        "secondary",
    ),
    "rejected": Words("Rejected", "{provider} refused this number. It was not sent.", "x-octagon", "danger"),
    "with_carrier": Words(
        "With {provider}", "{provider} has it and will send it. It cannot be recalled.", "broadcast", "info"
    ),
    "sent": Words(
        "Sent, no receipt yet", "Handed to the carrier. No receipt yet.", "arrow-right-circle", "info"
    ),
    "delivered": Words("Delivered", "The carrier says that it reached the phone.", "check-circle", "success"),
    "not_delivered": Words("Not delivered", "The carrier could not deliver it.", "x-circle", "danger"),
    "cancelled": Words(
        "Cancelled", "Stopped before it was handed over. It was not sent.", "slash-circle", "secondary"
    ),
}

CAMPAIGN: dict[str, Words] = {
    "draft": Words("Draft", "Nothing is sent until somebody presses Send.", "pencil", "secondary"),
    "preparing": Words(
        "Preparing", "Texts are being written. Nothing has left yet.", "hourglass-split", "info"
    ),
    "sending": Words("Sending", "Texts are leaving through {provider}.", "broadcast", "info"),
    "held": Words("Held", "What is not with {provider} stays here.", "pause-circle", "warning"),
    "delivering": Words(
        "Waiting for receipts",
        "Everything is with {provider}. Receipts are coming in.",
        "hourglass-split",
        "info",
    ),
    "finished": Words("Finished", "Every row has its final state.", "flag", "success"),
    "cancelled": Words(
        "Cancelled", "What was not with {provider} yet was never sent.", "slash-circle", "secondary"
    ),
}

BATCH: dict[str, Words] = {
    **{
        state: ROW[state]
        for state in (
            "held",
            "queued",
            "submitting",
            "in_doubt",
            "needs_review",
            "marked_sent",
            "with_carrier",
            "cancelled",
        )
    },
    "empty": Words(
        "Nobody left in it",
        "Everybody in this batch was left out. Nothing was sent.",
        "dash-circle",
        "secondary",
    ),
}

REMOTE: dict[str, Words] = {
    BatchStatus.PROCESSING: Words("Processing", "{provider} is sending it now.", "broadcast", "info"),
    BatchStatus.COMPLETED: Words(
        "Completed", "{provider} has sent all of it. Receipts may still come.", "check-circle", "success"
    ),
    BatchStatus.SENT: Words(
        "Sent", "{provider} has sent all of it. Receipts may still come.", "arrow-right-circle", "info"
    ),
}

TABLES: dict[Kind, dict[str, Words]] = {"row": ROW, "campaign": CAMPAIGN, "batch": BATCH, "remote": REMOTE}


def words(state: str, kind: Kind = "row", provider: str = "the carrier") -> Words:
    """The words for a state, with the provider's name filled in. KeyError if nobody wrote them."""
    entry = TABLES[kind][state]
    return Words(
        entry.label.format(provider=provider),
        entry.sentence.format(provider=provider),
        entry.icon,
        entry.tone,
    )


_PENDING: Final = "The number's campaign is not confirmed yet. Texts from this number fail until it is."
_RETURNED: Final = (
    "The registration of the number's campaign was sent back. Ask an administrator to correct it. "
    "Texts from this number fail until it is confirmed."
)
_ENDED: Final = (
    "The number's campaign is no longer in force. Texts from this number fail. Ask an administrator to "
    "register it again."
)
REGISTRATION: Final = {
    RegistrationStatus.CONFIRMED: "The number's campaign is registered and confirmed.",
    RegistrationStatus.PENDING: _PENDING,
    RegistrationStatus.RETURNED: _RETURNED,
    RegistrationStatus.ENDED: _ENDED,
    RegistrationStatus.UNKNOWN: (
        "The provider describes the number's campaign in a word that Carillon does not know. Texts may fail."
    ),
}
_NONE: Final = (
    "The number is in no registered campaign, so carriers refuse its texts. Ask an administrator to "
    "register one."
)
_TOLL_FREE: Final = "A toll-free number needs no registered campaign. It has to be verified instead."


def describe_registration(registration: Registration, *, toll_free: bool) -> str:
    """One or two sentences for people."""
    if not registration.status_word:
        return _TOLL_FREE if toll_free else _NONE
    return REGISTRATION[registration.status]
