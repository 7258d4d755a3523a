"""What staff read for an entry of the history: one sentence for each kind, filled with the entry's data."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from campaigns.models import Campaign, Discrepancy, History, OptOut

Kind = History.Kind

SENTENCES: Final[dict[str, str | Promise]] = {
    Kind.LAUNCHED: _("Launched."),
    Kind.FROZEN: _("All rows are frozen and all texts written."),
    Kind.HELD: _("Held: %(reason)s."),
    Kind.PAUSED: _("Paused."),
    Kind.RESUMED: _("Resumed."),
    Kind.CANARY_PASSED: _("Let go on after its first texts."),
    Kind.TRIED_AGAIN: _("Tried again."),
    Kind.CANCELLED: ngettext_lazy(
        "Cancelled: %(texts)s text that waited is not sent.",
        "Cancelled: %(texts)s texts that waited are not sent.",
        "texts",
    ),
    Kind.UNDONE: _("Taken back before anything was sent; it goes on as draft %(draft)s."),
    Kind.SENT_AGAIN: ngettext_lazy(
        "Campaign %(child)s was made to send again to %(people)s person.",
        "Campaign %(child)s was made to send again to %(people)s people.",
        "people",
    ),
    Kind.MADE_AGAIN_FROM: _("Made to send campaign %(parent)s again."),
    Kind.ALL_SUBMITTED: _("Nothing waits any more."),
    Kind.FINISHED: _("Every row has its final state."),
    Kind.BATCH_SPLIT: _("Batch %(number)s was too large and was split."),
    Kind.BATCH_QUARANTINED: _("Batch %(number)s is held back: %(deaths)s processes died with it in hand."),
    Kind.BATCH_RELEASED: _("Batch %(number)s is tried again."),
    Kind.BATCH_SIZE_DIFFERS: ngettext_lazy(
        "The provider counts %(theirs)s text in a batch, we count %(ours)s.",
        "The provider counts %(theirs)s texts in a batch, we count %(ours)s.",
        "theirs",
    ),
    Kind.ANSWER_LOST: _("The answer to batch %(number)s was lost."),
    Kind.ADOPTED: _("Batch %(number)s was found in the provider's records."),
    Kind.ADOPTED_FROM_JOURNAL: _("The answer to batch %(number)s was found in the journal."),
    Kind.ABSENT: _("Batch %(number)s never arrived."),
    Kind.NEEDS_REVIEW: _("Nobody can prove whether batch %(number)s arrived."),
    Kind.POSSIBLE_DOUBLE: _(
        "Possible double: the provider also has the texts of batch %(number)s as %(provider_ids)s."
    ),
    Kind.REVIEW_SEND: _("Decided that batch %(number)s never arrived."),
    Kind.REVIEW_MARKED_SENT: _("Marked batch %(number)s as sent."),
    Kind.REVIEW_POSTPONED: _("Left batch %(number)s as it is."),
    Kind.FILE_UPLOADED: _("Uploaded file %(file)s for list %(list)s."),
    Kind.FILE_READ: ngettext_lazy(
        "File %(file)s of list %(list)s was read: %(rows)s row.",
        "File %(file)s of list %(list)s was read: %(rows)s rows.",
        "rows",
    ),
    Kind.PHONE_COLUMN_CHANGED: _(
        "The phone numbers of list %(list)s are in column %(after)s and no more in column %(before)s."
    ),
    Kind.LIST_REMOVED: _("List %(list)s was removed and its people erased."),
    Kind.OPT_OUT_ADDED: ngettext_lazy(
        "%(count)s number opted out (%(source)s).", "%(count)s numbers opted out (%(source)s).", "count"
    ),
    Kind.OPT_OUT_ASKED: _("A reply may mean an opt-out. Texts to its number wait for a decision."),
    Kind.OPT_OUT_DENIED: _("A reply was no opt-out."),
    Kind.OPT_OUT_ENDED: _("An opt-out ended."),
    Kind.SUBSCRIPTION_CREATED: _("The webhook was subscribed: %(before)s."),
    Kind.DISCREPANCY_FOUND: _("The provider's records and ours differ: %(about)s."),
    Kind.DISCREPANCY_KNOWN: ngettext_lazy(
        "%(count)s discrepancy is known.", "%(count)s discrepancies are known.", "count"
    ),
    Kind.AUDIT_DONE: _("%(batches)s batches and %(texts)s texts of 48 hours were compared."),
    Kind.AUDIT_FAILED: _("%(error)s"),
    Kind.RECOVERED: _(
        "Compared after a restore: %(known)s texts had left, %(unknown)s are of campaigns that this "
        "database does not know."
    ),
    Kind.PASSWORD_CHANGED: _("Changed the password."),
    Kind.SIGN_IN_UNLOCKED: ngettext_lazy(
        "Forgot the wrong passwords of %(user)s; %(locks)s lock ended.",
        "Forgot the wrong passwords of %(user)s; %(locks)s locks ended.",
        "locks",
    ),
    Kind.DEMO_LOADED: _("Loaded the demo data into list %(list)s."),
}


PROVIDER_ERRORS: Final[dict[str, str | Promise]] = {
    "unreachable": _("The provider cannot be reached."),
    "credentials": _("The provider does not accept the sign-in."),
    "permission": _("The provider does not allow it."),
    "rate": _("The provider asks us to slow down."),
    "request": _("The provider does not accept the request."),
    "too_large": _("The request is too large for the provider."),
    "not_found": _("The provider does not know what was asked for."),
    "answer": _("The provider's answer makes no sense."),
    "server": _("The provider has trouble at the moment."),
    "stopped": _("It was called off before it began."),
    "other": _("The provider refused the request."),
}
"""By the kind of a ProviderError."""
CODES: Final[dict[str, dict[str, str | Promise]]] = {
    "error": PROVIDER_ERRORS,
    "reason": dict(Campaign.HoldReason.choices),
    "source": dict(OptOut.Source.choices),
    "about": dict(Discrepancy.Kind.choices),
    "before": {
        "none": _("it is the first one"),
        "gone": _("the one before was gone or led to another address"),
        "given_up": _("the provider had given up the one before"),
    },
}
"""By the name of a value in an entry's data: what its codes mean."""


class Grouped(int):
    """A number that is written with separators of thousands."""

    def __str__(self) -> str:
        return f"{int(self):,}"


def describe(entry: History) -> str:
    return str(SENTENCES[entry.kind] % shown(entry.data))


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: written(CODES.get(name, {}).get(str(value), value)) for name, value in data.items()}


def written(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Grouped(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value or "–"
