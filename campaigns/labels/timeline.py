"""What staff read in the timeline of one text."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.labels.attempts import describe_attempt_error, describe_note
from campaigns.labels.reasons import describe_reason
from campaigns.labels.states import describe_state
from campaigns.labels.wording import Sentence, fill
from campaigns.providers.types import MessageStatus
from campaigns.reports.timeline import Step, StepCode

TITLES: Final[dict[StepCode, Sentence]] = {
    StepCode.READ: _("Row {row:,} of {file}"),
    StepCode.LAUNCHED: _("Launched"),
    StepCode.HANDED: _("Handed to {provider}"),
    StepCode.ACCEPTED: _("{provider} took the batch"),
    StepCode.REFUSED: _("{provider} refused the batch as a whole"),
    StepCode.NOT_SENT: _("Nothing of it had left"),
    StepCode.ANSWER_LOST: _("The answer was lost"),
    StepCode.PROVED_ABSENT: _("Proved that the batch had never arrived"),
    StepCode.UNPROVED: _("Nobody could prove whether it had arrived"),
    StepCode.MARKED_SENT: _("Marked as sent"),
    StepCode.DECIDED_ABSENT: _("{actor} decided that it had never arrived"),
    StepCode.DECIDED_SENT: _("{actor} marked it as sent"),
    StepCode.RECEIVED: _("Received"),
    StepCode.IN_STORE: _("In {provider}'s store"),
    StepCode.REPORTED: "{reported}",
    StepCode.SETTLED: "{state}",
}
DETAILS: Final[dict[StepCode, Sentence]] = {
    StepCode.READ: _("Read into the list “{list}”."),
    StepCode.LAUNCHED: _("The text was written down for good, into batch {batch:,} of “{campaign}”."),
    StepCode.HANDED: ngettext_lazy(
        "Attempt {attempt:,}, with {count:,} text.", "Attempt {attempt:,}, with {count:,} texts.", "count"
    ),
    StepCode.ACCEPTED: "{facts}",
    StepCode.REFUSED: "{facts}",
    StepCode.NOT_SENT: "{facts}",
    StepCode.ANSWER_LOST: "{facts}",
    StepCode.PROVED_ABSENT: "{note}",
    StepCode.UNPROVED: "{note}",
    StepCode.MARKED_SENT: "{note}",
    StepCode.DECIDED_ABSENT: "",
    StepCode.DECIDED_SENT: "",
    StepCode.RECEIVED: _("{provider} took it in."),
    StepCode.IN_STORE: _("As message {message}."),
    StepCode.REPORTED: "{reason}",
    StepCode.SETTLED: "{reason}",
}
REPORTED: Final[dict[MessageStatus, Sentence]] = {
    MessageStatus.SENT: _("Sent to the carrier"),
    MessageStatus.DELIVERED: _("Delivered"),
    MessageStatus.SENDING_FAILED: _("Not delivered"),
    MessageStatus.DELIVERY_FAILED: _("Not delivered"),
}


@dataclass(frozen=True, slots=True)
class StepWords:
    title: str
    detail: str


def describe_step(step: Step) -> StepWords:
    title, detail = TITLES[step.code], DETAILS[step.code]
    params = dict(step.params)
    match step.code:
        case StepCode.LAUNCHED if params["by"]:
            title = _("Launched by {by}")
        case StepCode.IN_STORE if params["batch"]:
            detail = _("As message {message}, in batch {batch}.")
        case StepCode.ACCEPTED | StepCode.REFUSED | StepCode.NOT_SENT | StepCode.ANSWER_LOST:
            params["facts"] = _facts(params)
        case StepCode.PROVED_ABSENT | StepCode.UNPROVED | StepCode.MARKED_SENT:
            params["note"] = describe_note(params["attempt"])
        case StepCode.DECIDED_ABSENT | StepCode.DECIDED_SENT:
            params["actor"] = params["actor"] or gettext("Somebody")
        case StepCode.REPORTED:
            params["reported"] = _reported(params["status"], params["word"])
            params["reason"] = describe_reason(params["error_code"])
        case StepCode.SETTLED:
            params["state"] = describe_state(params["state"])
            params["reason"] = describe_reason(params["error_code"])
    return StepWords(fill(title, **params), fill(detail, **params))


def _reported(status: MessageStatus | None, word: str) -> str:
    """Our title, with the provider's word where it differs."""
    title = str(REPORTED.get(status, _("Another state"))) if status else gettext("Another state")
    return title if title == word else f"{title} ({word})"


def _facts(params: dict[str, Any]) -> str:
    answered = f"HTTP {params['status']}" if params["status"] else ""
    request = gettext("request {id}").format(id=params["request"]) if params["request"] else ""
    facts = ", ".join(filter(None, (answered, request)))
    attempt = params["attempt"]
    note = "" if params["settled"] else describe_note(attempt)
    return " ".join(filter(None, (describe_attempt_error(attempt), note, facts and f"{facts}.")))
