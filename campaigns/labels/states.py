"""What staff read for the states of a row, a campaign and a batch.

`{provider}` stands for the provider's name. "Sent" never means "delivered".
"""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.providers.types import BatchStatus


@dataclass(frozen=True, slots=True)
class Label:
    name: str | Promise
    sentence: str | Promise


ROW_STATES: Final[dict[str, Label]] = {
    "duplicate": Label(_("Duplicate"), _("The same number stands further up in the file.")),
    "invalid": Label(_("Not usable"), _("We did not send: the row has no usable phone number.")),
    "excluded": Label(_("Left out"), _("We did not send: this person opted out or was left out.")),
    "held": Label(_("Held here"), _("Not handed over yet. It can still be stopped.")),
    "queued": Label(_("Waiting"), _("Waiting here for its turn. It can still be stopped.")),
    "submitting": Label(_("Being handed over"), _("On its way to {provider} now.")),
    "in_doubt": Label(
        _("In doubt"),
        _("The answer was lost. Nobody is texted again until {provider}'s own records are read."),
    ),
    "needs_review": Label(
        _("Needs review"), _("Nobody can prove whether {provider} took it. A person has to decide.")
    ),
    "marked_sent": Label(
        _("Marked as sent"), _("A person decided that it went out. {provider} did not confirm it.")
    ),
    "rejected": Label(_("Rejected"), _("{provider} refused this number. It was not sent.")),
    "with_carrier": Label(
        _("With {provider}"), _("{provider} has it and will send it. It cannot be recalled.")
    ),
    "sent": Label(_("Sent, no receipt yet"), _("Handed to the carrier. No receipt yet.")),
    "delivered": Label(_("Delivered"), _("The carrier says that it reached the phone.")),
    "not_delivered": Label(_("Not delivered"), _("The carrier could not deliver it.")),
    "cancelled": Label(_("Cancelled"), _("Stopped before it was handed over. It was not sent.")),
}

CAMPAIGN_STATES: Final[dict[str, Label]] = {
    "draft": Label(_("Draft"), _("Nothing is sent until somebody presses Send.")),
    "preparing": Label(_("Preparing"), _("Texts are being written. Nothing has left yet.")),
    "sending": Label(_("Sending"), _("Texts are leaving through {provider}.")),
    "held": Label(_("Held"), _("What is not with {provider} stays here.")),
    "delivering": Label(
        _("Waiting for receipts"), _("Everything is with {provider}. Receipts are coming in.")
    ),
    "finished": Label(_("Finished"), _("Every row has its final state.")),
    "cancelled": Label(_("Cancelled"), _("What was not with {provider} yet was never sent.")),
}

BATCH_STATES: Final[dict[str, Label]] = {
    **{
        state: ROW_STATES[state]
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
    "empty": Label(_("Nobody left in it"), _("Everybody in this batch was left out. Nothing was sent.")),
}

PROVIDER_STATES: Final[dict[str, Label]] = {
    BatchStatus.PROCESSING: Label(_("Processing"), _("{provider} is sending it now.")),
    BatchStatus.COMPLETED: Label(
        _("Completed"), _("{provider} has sent all of it. Receipts may still come.")
    ),
    BatchStatus.SENT: Label(_("Sent"), _("{provider} has sent all of it. Receipts may still come.")),
}


def describe_state(state: str) -> str:
    """The name of a row's state where no provider is named."""
    return str(ROW_STATES[state].name).format(provider=gettext("the carrier"))
