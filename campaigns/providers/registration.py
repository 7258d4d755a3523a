"""Whether the carriers know a number's registered campaign (10DLC, kept by The Campaign Registry)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONFIRMED: Final = "Confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """As the provider describes it; every field is empty for a number in no campaign."""

    campaign_id: str = ""
    status: str = ""
    """CONFIRMED, or another word of the provider: with any other, texts from the number fail."""
    tier: str = ""
    """LowVolume: 6,000 texts a day across all numbers. StandardVolume: more."""
    use_cases: tuple[str, ...] = ()
    brand_status: str = ""
    problems: tuple[str, ...] = ()
    """Codes of what is wrong with the campaign or its brand."""

    @property
    def confirmed(self) -> bool:
        return self.status == CONFIRMED


_WAITING: Final = "The number's campaign is not confirmed yet. Texts from this number fail until it is."
_SENT_BACK: Final = (
    "The registration of the number's campaign was sent back. Ask an administrator to correct it. "
    "Texts from this number fail until it is confirmed."
)
_ENDED: Final = (
    "The number's campaign is no longer in force. Texts from this number fail. Ask an administrator to "
    "register it again."
)
_SENTENCES: Final = {
    CONFIRMED: "The number's campaign is registered and confirmed.",
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


def describe(registration: Registration, *, toll_free: bool) -> str:
    """One or two sentences for people."""
    if not registration.status:
        return _TOLL_FREE if toll_free else _NONE
    unknown = (
        "The provider describes the number's campaign in a word that Carillon does not know. Texts may fail."
    )
    return _SENTENCES.get(registration.status, unknown)
