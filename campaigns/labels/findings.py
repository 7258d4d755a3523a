"""What staff read about the checks before a launch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from campaigns.composing.checks import Finding, FindingCode, LeftOut, SenderProblem
from campaigns.composing.personalise import MAX_TEXT_UNITS
from campaigns.labels.countries import list_countries, list_special
from campaigns.labels.texts import describe_problem
from campaigns.labels.wording import Sentence, fill

_PEOPLE_OF_LIST: Final = ngettext_lazy(
    "{count:,} person from “{list}”", "{count:,} people from “{list}”", "count"
)
_TOO_LONG: Final = ngettext_lazy(
    "{count:,} text is longer than {max_units:,} characters",
    "{count:,} texts are longer than {max_units:,} characters",
    "count",
)
TITLES: Final[dict[FindingCode, Sentence]] = {
    FindingCode.NO_LIST: _("No list chosen"),
    FindingCode.LIST_NOT_READY: _("The list is not ready"),
    FindingCode.NO_NUMBERS: _("Nobody in “{list}” can get a text"),
    FindingCode.NO_SENDER: _("No number chosen"),
    FindingCode.SENDER: _("{sender} cannot send this"),
    FindingCode.NO_TEXT: _("There is no text yet"),
    FindingCode.TEXT: _("Check the text"),
    FindingCode.NOBODY: _("Nobody in “{list}” can get this text"),
    FindingCode.EVERYBODY: _PEOPLE_OF_LIST,
    FindingCode.SOME_LEFT_OUT: _PEOPLE_OF_LIST,
    FindingCode.UNREACHED: ngettext_lazy(
        "{count:,} person is in a country that the account cannot text",
        "{count:,} people are in a country that the account cannot text",
        "count",
    ),
    FindingCode.SPECIAL: ngettext_lazy(
        "{count:,} number is hardly a person’s", "{count:,} numbers are hardly a person’s", "count"
    ),
    FindingCode.UNDECIDED: ngettext_lazy(
        "{count:,} person may have asked not to be texted",
        "{count:,} people may have asked not to be texted",
        "count",
    ),
    FindingCode.TOO_LONG: _TOO_LONG,
    FindingCode.SOME_TOO_LONG: _TOO_LONG,
    FindingCode.EMPTY_TEXTS: ngettext_lazy(
        "{count:,} person would get an empty text", "{count:,} people would get an empty text", "count"
    ),
    FindingCode.EMPTY_FIELDS: ngettext_lazy(
        "{count:,} person has nothing in {field}", "{count:,} people have nothing in {field}", "count"
    ),
    FindingCode.CHANGED: _("It was changed in another window a moment ago. Look at it once more, then send."),
}
DETAILS: Final[dict[FindingCode, Sentence]] = {
    FindingCode.NO_LIST: _("Choose who gets this text."),
    FindingCode.LIST_NOT_READY: _("Its file was not read to the end. Wait for it, or upload it again."),
    FindingCode.NO_NUMBERS: _("No row of its file has a phone number that can be used."),
    FindingCode.NO_SENDER: _("Choose the number that it comes from."),
    FindingCode.SENDER: "{problem}",
    FindingCode.NO_TEXT: _("Write what people should read."),
    FindingCode.TEXT: "{problem}",
    FindingCode.NOBODY: _(
        "Every row is left out: opted out, repeated, or without a number that can be texted."
    ),
    FindingCode.EVERYBODY: _("Every row of the file gets a text."),
    FindingCode.SOME_LEFT_OUT: _("{left_out:,} of the {rows:,} rows are left out: {reasons}."),
    FindingCode.UNREACHED: _("{countries}. They get nothing, and nothing is paid for them."),
    FindingCode.SPECIAL: _("Few such numbers take texts, and each text is paid for: {kinds}."),
    FindingCode.UNDECIDED: _("They get nothing until somebody reads their replies and decides."),
    FindingCode.TOO_LONG: _("Shorten the text, or the cells of row {rows}."),
    FindingCode.SOME_TOO_LONG: _(
        "Nobody can be sent so much, so these people are left out. "
        "Shorten the text, or the cells of row {rows}."
    ),
    FindingCode.EMPTY_TEXTS: _("Add some words. It concerns row {rows}."),
    FindingCode.EMPTY_FIELDS: _('Write {{{{ {field} or "…" }}}} to say something in its place.'),
    FindingCode.CHANGED: "",
}
SENDER_PROBLEMS: Final[dict[SenderProblem, Sentence]] = {
    SenderProblem.NOT_LISTED: _("{provider} does not list it among the numbers of this account."),
    SenderProblem.NOT_ENABLED: _(
        "It is not set up for high volume texts (A2PSmsSender). Ask {provider} to enable it, or choose "
        "another number."
    ),
}
LEFT_OUT: Final[dict[LeftOut, Sentence]] = {
    LeftOut.OPTED_OUT: _("{count:,} opted out"),
    LeftOut.MAY_HAVE_OPTED_OUT: _("{count:,} who may have opted out"),
    LeftOut.SUPPRESSED: _("{count:,} that could not be reached before"),
    LeftOut.REPEATED: _("{count:,} repeated"),
    LeftOut.NO_NUMBER: _("{count:,} without a usable number"),
    LeftOut.UNREACHED: _("{count:,} in a country that the account cannot text"),
    LeftOut.TOO_LONG: _("{count:,} with a text that is too long"),
}


@dataclass(frozen=True, slots=True)
class FindingWords:
    title: str
    detail: str


def describe_finding(finding: Finding) -> FindingWords:
    params = dict(finding.params) | {"max_units": MAX_TEXT_UNITS}
    match finding.code:
        case FindingCode.SENDER:
            params["problem"] = describe_sender_problem(params["problem"], params["provider"])
        case FindingCode.TEXT:
            params["problem"] = describe_problem(params["problem"])
        case FindingCode.SOME_LEFT_OUT:
            reasons = params["reasons"].items()
            params["reasons"] = ", ".join(fill(LEFT_OUT[why], count=count) for why, count in reasons)
        case FindingCode.UNREACHED:
            params["countries"] = list_countries(params["countries"])
        case FindingCode.SPECIAL:
            params["kinds"] = list_special(params["kinds"])
        case FindingCode.TOO_LONG | FindingCode.SOME_TOO_LONG | FindingCode.EMPTY_TEXTS:
            params["rows"] = _listed(params["rows"])
    return FindingWords(fill(TITLES[finding.code], **params), fill(DETAILS[finding.code], **params))


def describe_sender_problem(problem: SenderProblem | None, provider: str) -> str:
    """Why a number cannot send; empty if it can."""
    return fill(SENDER_PROBLEMS[problem], provider=provider) if problem else ""


def _listed(rows: Sequence[Any]) -> str:
    return ", ".join(map(str, rows))
