"""How a state looks on pages: its label, its sentence, an icon and a tone, the same everywhere."""

from dataclasses import dataclass
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from campaigns.labels import states
from campaigns.providers.types import BatchStatus

Tone = Literal["success", "info", "secondary", "warning", "danger"]
Kind = Literal["row", "campaign", "batch", "remote"]


@dataclass(frozen=True, slots=True)
class StateBadge:
    """The icon is a name in `static/icons.svg`."""

    label: str
    sentence: str
    icon: str
    tone: Tone


ROW: Final[dict[str, tuple[str, Tone]]] = {
    "duplicate": ("copy", "secondary"),
    "invalid": ("telephone-x", "warning"),
    "excluded": ("dash-circle", "secondary"),
    "held": ("pause-circle", "warning"),
    "queued": ("hourglass-split", "secondary"),
    "submitting": ("arrow-up-circle", "info"),
    "in_doubt": ("question-circle", "warning"),
    "needs_review": ("exclamation-circle", "warning"),
    "marked_sent": ("person-check", "secondary"),
    "rejected": ("x-octagon", "danger"),
    "with_carrier": ("broadcast", "info"),
    "sent": ("arrow-right-circle", "info"),
    "delivered": ("check-circle", "success"),
    "not_delivered": ("x-circle", "danger"),
    "cancelled": ("slash-circle", "secondary"),
}

CAMPAIGN: Final[dict[str, tuple[str, Tone]]] = {
    "draft": ("pencil", "secondary"),
    "preparing": ("hourglass-split", "info"),
    "sending": ("broadcast", "info"),
    "held": ("pause-circle", "warning"),
    "delivering": ("hourglass-split", "info"),
    "finished": ("flag", "success"),
    "cancelled": ("slash-circle", "secondary"),
}

BATCH: Final[dict[str, tuple[str, Tone]]] = {
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
    "empty": ("dash-circle", "secondary"),
}

REMOTE: Final[dict[str, tuple[str, Tone]]] = {
    BatchStatus.PROCESSING: ("broadcast", "info"),
    BatchStatus.COMPLETED: ("check-circle", "success"),
    BatchStatus.SENT: ("arrow-right-circle", "info"),
}

ICONS: Final[dict[Kind, dict[str, tuple[str, Tone]]]] = {
    "row": ROW,
    "campaign": CAMPAIGN,
    "batch": BATCH,
    "remote": REMOTE,
}
LABELS: Final[dict[Kind, dict[str, states.Label]]] = {
    "row": states.ROW_STATES,
    "campaign": states.CAMPAIGN_STATES,
    "batch": states.BATCH_STATES,
    "remote": states.PROVIDER_STATES,
}


CARRIER = gettext_lazy("the carrier")
"""Stands for the provider where none is named."""


def state_badge(state: str, kind: Kind = "row", provider: str | Promise = CARRIER) -> StateBadge:
    """Raises KeyError for a state without a label."""
    label, (icon, tone) = LABELS[kind][state], ICONS[kind][state]
    return StateBadge(
        str(label.name).format(provider=provider), str(label.sentence).format(provider=provider), icon, tone
    )
