"""What the provider's records and our ledger say differently."""

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.accounts import registry
from campaigns.models import Batch, Discrepancy, Message

Kind = Discrepancy.Kind

CONSEQUENCES: Final[dict[str, Promise]] = {
    Batch.State.ACCEPTED: gettext_lazy("they may have got it twice"),
    Batch.State.NEEDS_REVIEW: gettext_lazy("it is probably that one, whose answer was lost"),
    Batch.State.MARKED_SENT: gettext_lazy("it is probably that one, whose answer was lost"),
}
"""What it means for the people, by the state of our batch with the same texts."""
NOT_SENT = gettext_lazy("so they got it, though it counts as not sent here")
COUNTED: Final[dict[str, Promise]] = {
    Message.State.WAITING: gettext_lazy("with the carrier"),
    Message.State.SENT: gettext_lazy("sent without a receipt"),
    Message.State.DELIVERED: gettext_lazy("delivered"),
    Message.State.NOT_DELIVERED: gettext_lazy("not delivered"),
}


def describe_discrepancy(one: Discrepancy) -> str:
    provider = registry.name_of(one.account)
    match one.kind:
        case Kind.UNKNOWN_BATCH:
            return f"{_unknown_batch(one.data, provider)} {_same_texts(one)}"
        case Kind.UNKNOWN_TEXT:
            return _unknown_text(one.data.get("batch"), provider)
        case Kind.MISSING_TEXT:
            return _missing_texts(one.data, provider)
    return _("Batch {number:,}: {counts}.").format(
        number=one.data["batch"],
        counts="; ".join(
            _("{provider} counts {theirs:,} {state}, our messages say {counted:,}").format(
                provider=provider,
                theirs=part["theirs"],
                counted=part["counted"],
                state=COUNTED[part["state"]],
            )
            for part in one.data["counts"]
        ),
    )


def _unknown_batch(data: dict[str, Any], provider: str) -> str:
    return ngettext(
        "{provider} took a batch of {count:,} text from this number that Carillon has not handed over.",
        "{provider} took a batch of {count:,} texts from this number that Carillon has not handed over.",
        data["texts"],
    ).format(provider=provider, count=data["texts"])


def _same_texts(one: Discrepancy) -> str:
    if one.campaign is None or "batch" not in one.data:
        return _("No campaign of the last days has the same people and texts.")
    return _("Its people and texts are those of batch {number:,} of “{campaign}”: {what}.").format(
        number=one.data["batch"],
        campaign=one.campaign.name,
        what=CONSEQUENCES.get(one.data["state"], NOT_SENT),
    )


def _unknown_text(batch: int | None, provider: str) -> str:
    if batch is None:
        return _(
            "{provider} took a text from this number, in no batch at all, that Carillon has not sent."
        ).format(provider=provider)
    return _(
        "{provider} took a text from this number, in batch {number:,}, that Carillon has not sent."
    ).format(provider=provider, number=batch)


def _missing_texts(data: dict[str, Any], provider: str) -> str:
    rows, more = ", ".join(f"{row:,}" for row in data["rows"]), data["missing"] - len(data["rows"])
    if more:
        rows = _("{rows} and {count:,} more").format(rows=rows, count=more)
    return ngettext(
        "{provider} took batch {number:,} and does not show {missing:,} of its {texts:,} texts: row {rows} "
        "of the file. Nobody can say whether they left.",
        "{provider} took batch {number:,} and does not show {missing:,} of its {texts:,} texts: rows {rows} "
        "of the file. Nobody can say whether they left.",
        data["missing"],
    ).format(provider=provider, number=data["batch"], missing=data["missing"], texts=data["texts"], rows=rows)
