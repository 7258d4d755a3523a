"""What staff read about the registration of a number with the carriers."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from campaigns.providers.types import Registration, RegistrationStatus

PENDING: Final = _("The number's campaign is not confirmed yet. Texts from this number fail until it is.")
RETURNED: Final = _(
    "The registration of the number's campaign was sent back. Ask an administrator to correct it. "
    "Texts from this number fail until it is confirmed."
)
ENDED: Final = _(
    "The number's campaign is no longer in force. Texts from this number fail. Ask an administrator to "
    "register it again."
)
REGISTRATION: Final = {
    RegistrationStatus.CONFIRMED: _("The number's campaign is registered and confirmed."),
    RegistrationStatus.PENDING: PENDING,
    RegistrationStatus.RETURNED: RETURNED,
    RegistrationStatus.ENDED: ENDED,
    RegistrationStatus.UNKNOWN: _(
        "The provider describes the number's campaign in a word that Carillon does not know. Texts may fail."
    ),
}
NOT_REGISTERED: Final = _(
    "The number is in no registered campaign, so carriers refuse its texts. Ask an administrator to "
    "register one."
)
TOLL_FREE: Final = _("A toll-free number needs no registered campaign. It has to be verified instead.")


def describe_registration(registration: Registration, *, toll_free: bool) -> str:
    """One or two sentences."""
    if not registration.status_word:
        return str(TOLL_FREE if toll_free else NOT_REGISTERED)
    return str(REGISTRATION[registration.status])
