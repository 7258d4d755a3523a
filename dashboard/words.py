"""The words for people: every state as a label, a sentence, an icon and a tone, said the same on every page.

`{provider}` stands for the provider's name. "Sent" is never dressed up as "delivered".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from campaigns.providers.types import REGISTRATION_CONFIRMED, Registration

Tone = Literal["good", "moving", "quiet", "look", "wrong"]
Kind = Literal["row", "campaign", "batch", "remote"]


@dataclass(frozen=True, slots=True)
class Words:
    """How a state is said. The icon is a name in `static/icons.svg`."""

    label: str
    sentence: str
    icon: str
    tone: Tone


ROW: dict[str, Words] = {
    "duplicate": Words("Duplicate", "The same number stands further up in the file.", "copy", "quiet"),
    "invalid": Words(
        "Not usable", "We did not send: the row has no usable phone number.", "telephone-x", "look"
    ),
    "excluded": Words(
        "Left out", "We did not send: this person opted out or was left out.", "dash-circle", "quiet"
    ),
    "held": Words("Held here", "Not handed over yet. It can still be stopped.", "pause-circle", "look"),
    "queued": Words(
        "Waiting", "Waiting here for its turn. It can still be stopped.", "hourglass-split", "quiet"
    ),
    "submitting": Words("Being handed over", "On its way to {provider} now.", "arrow-up-circle", "moving"),
    "in_doubt": Words(
        "In doubt",
        "The answer was lost. Nobody is texted again until {provider}'s own records are read.",
        "question-circle",
        "look",
    ),
    "needs_review": Words(
        "Needs review",
        "Nobody can prove whether {provider} took it. A person has to decide.",
        "exclamation-circle",
        "look",
    ),
    "marked_sent": Words(
        "Marked as sent",
        "A person decided that it went out. {provider} did not confirm it.",
        "person-check",
        "quiet",
    ),
    "rejected": Words("Rejected", "{provider} refused this number. It was not sent.", "x-octagon", "wrong"),
    "with_carrier": Words(
        "With {provider}", "{provider} has it and will send it. It cannot be recalled.", "broadcast", "moving"
    ),
    "sent": Words(
        "Sent, no receipt yet", "Handed to the carrier. No receipt yet.", "arrow-right-circle", "moving"
    ),
    "delivered": Words("Delivered", "The carrier says that it reached the phone.", "check-circle", "good"),
    "not_delivered": Words("Not delivered", "The carrier could not deliver it.", "x-circle", "wrong"),
    "cancelled": Words(
        "Cancelled", "Stopped before it was handed over. It was not sent.", "slash-circle", "quiet"
    ),
}

CAMPAIGN: dict[str, Words] = {
    "draft": Words("Draft", "Nothing is sent until somebody presses Send.", "pencil", "quiet"),
    "preparing": Words(
        "Preparing", "Texts are being written. Nothing has left yet.", "hourglass-split", "moving"
    ),
    "sending": Words("Sending", "Texts are leaving through {provider}.", "broadcast", "moving"),
    "held": Words("Held", "What is not with {provider} stays here.", "pause-circle", "look"),
    "delivering": Words(
        "Waiting for receipts",
        "Everything is with {provider}. Receipts are coming in.",
        "hourglass-split",
        "moving",
    ),
    "finished": Words("Finished", "Every row has its final state.", "flag", "good"),
    "cancelled": Words(
        "Cancelled", "What was not with {provider} yet was never sent.", "slash-circle", "quiet"
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
        "Nobody left in it", "Everybody in this batch was left out. Nothing was sent.", "dash-circle", "quiet"
    ),
}

REMOTE: dict[str, Words] = {
    "Processing": Words("Processing", "{provider} is sending it now.", "broadcast", "moving"),
    "Completed": Words(
        "Completed", "{provider} has sent all of it. Receipts may still come.", "check-circle", "good"
    ),
    "Sent": Words(
        "Sent", "{provider} has sent all of it. Receipts may still come.", "arrow-right-circle", "moving"
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


_WAITING: Final = "The number's campaign is not confirmed yet. Texts from this number fail until it is."
_SENT_BACK: Final = (
    "The registration of the number's campaign was sent back. Ask an administrator to correct it. "
    "Texts from this number fail until it is confirmed."
)
_ENDED: Final = (
    "The number's campaign is no longer in force. Texts from this number fail. Ask an administrator to "
    "register it again."
)
REGISTRATION: Final = {
    REGISTRATION_CONFIRMED: "The number's campaign is registered and confirmed.",
    "Created": _WAITING,
    "Draft": _WAITING,
    "Submitted": _WAITING,
    "Unconfirmed": _WAITING,
    "PreVetFailed": _SENT_BACK,
    "SubmitFailed": _SENT_BACK,
    "UpdateRequested": _SENT_BACK,
    "CampaignExpired": _ENDED,
    "CampaignSuspended": _ENDED,
    "DeleteRequested": _ENDED,
}
_NONE: Final = (
    "The number is in no registered campaign, so carriers refuse its texts. Ask an administrator to "
    "register one."
)
_TOLL_FREE: Final = "A toll-free number needs no registered campaign. It has to be verified instead."


def describe_registration(registration: Registration, *, toll_free: bool) -> str:
    """One or two sentences for people."""
    if not registration.status:
        return _TOLL_FREE if toll_free else _NONE
    unknown = (
        "The provider describes the number's campaign in a word that Carillon does not know. Texts may fail."
    )
    return REGISTRATION.get(registration.status, unknown)
