"""What became of an attempt: what the provider said, and what its records showed."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.labels.holds import local
from campaigns.labels.provider_words import describe_stored, retell
from campaigns.models import Attempt

Note = Attempt.Note

NOTES: Final[dict[Note, str | Promise]] = {
    Note.MISSED: _("The provider's records show no such batch."),
    Note.FOUND: _("Found in the provider's records at look {lookups}."),
    Note.ABSENT: _(
        "The provider's records show no such batch, looked at {lookups} times over {minutes} minutes "
        "and more."
    ),
    Note.UNREADABLE: _("The provider's records could not be read. {said}"),
    Note.OTHER_ACCOUNT: _(
        "The credentials open another account than the one that took it, whose records cannot be read."
    ),
    Note.UNCLEAR: _("The provider has a batch for some of the same people, but it is not the same."),
    Note.UNFINISHED: _("The provider is still working on a batch that may be this one."),
    Note.LAGGING: _(
        "The provider's records do not show a batch that it had confirmed before: they lag behind."
    ),
    Note.NEVER_ARRIVED: _("{actor} decided on {day} at {time} that it never arrived."),
    Note.MARKED_SENT: _("Marked as sent by {actor} on {day} at {time}."),
    Note.RESTORED_FOUND: _("Found in the provider's records after a restore from a backup."),
    Note.RESTORED_LOST: _("Handed over before the restore from a backup; the answer is not known."),
    Note.RESTORED_CHANGED: _(
        "Handed over before the restore from a backup; the answer is not known. It held other people or "
        "texts than it does now, so a search cannot find it."
    ),
}


def describe_note(attempt: Attempt) -> str:
    """What the last lookup found, or who decided; empty before that."""
    if not attempt.note:
        return ""
    params = dict(attempt.note_data)
    if "at" in params:
        moment = local(params["at"])
        params |= {"day": f"{moment:%b} {moment.day}", "time": f"{moment:%H:%M %Z}"}
    if "said" in params:
        params["said"] = retell(params["said"])
    return str(NOTES[Note(attempt.note)]).format(**params)


def describe_attempt_error(attempt: Attempt) -> str:
    """What went wrong with the request; empty if nothing did, or if the program ended."""
    return describe_stored(attempt.error)
