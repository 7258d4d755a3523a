"""The checks before a launch that do not render the texts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from campaigns.composing.personalise import Personaliser
from campaigns.contacts import countries
from campaigns.models import Campaign, Import


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check list. Pages link it by its code."""

    level: Literal["good", "look", "stop"]
    code: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Price, rate and reach of one sender number."""

    label: str
    price: Decimal | None  # US dollars a segment
    rate: float  # texts a minute
    problem: str = ""
    """Why this number cannot send, for people; empty if it can."""
    reach: countries.Reach = None
    """The countries that its account can text."""


def check_draft(campaign: Campaign, terms: Terms, personaliser: Personaliser) -> list[Finding]:
    """Checks of the draft itself, without its rows."""
    findings = []
    if campaign.contact_list is None:
        findings.append(Finding("stop", "list", "No list chosen", "Choose who gets this text."))
    elif not Import.objects.filter(contact_list=campaign.contact_list, state=Import.State.DONE).exists():
        detail = "Its file was not read to the end. Wait for it, or upload it again."
        findings.append(Finding("stop", "list", "The list is not ready", detail))
    elif not campaign.contact_list.contact_count:
        title = f"Nobody in “{campaign.contact_list.name}” can get a text"
        findings.append(
            Finding("stop", "who", title, "No row of its file has a phone number that can be used.")
        )
    if not campaign.sender:
        findings.append(
            Finding("stop", "sender", "No number chosen", "Choose the number that it comes from.")
        )
    elif terms.problem:
        findings.append(Finding("stop", "sender", f"{terms.label} cannot send this", terms.problem))
    if not campaign.text.strip():
        findings.append(Finding("stop", "text", "There is no text yet", "Write what people should read."))
    for problem in personaliser.problems:
        level: Literal["look", "stop"] = "look" if problem.warning else "stop"
        findings.append(Finding(level, "text", "Check the text", problem.sentence))
    return findings


def check_audience(campaign: Campaign, rows: int, texts: int, reasons: dict[str, int]) -> list[Finding]:
    if campaign.contact_list is None or not campaign.contact_list.contact_count:
        return []
    name = campaign.contact_list.name
    if texts <= 0:
        detail = "Every row is left out: opted out, repeated, or without a number that can be texted."
        return [Finding("stop", "who", f"Nobody in “{name}” can get this text", detail)]
    left_out = ", ".join(f"{count:,} {words}" for words, count in reasons.items() if count)
    if not left_out:
        return [
            Finding(
                "good",
                "who",
                f"{many(texts, 'person', 'people')} from “{name}”",
                "Every row of the file gets a text.",
            )
        ]
    detail = f"{rows - texts:,} of the {rows:,} rows are left out: {left_out}."
    return [Finding("good", "who", f"{many(texts, 'person', 'people')} from “{name}”", detail)]


def check_undecided(count: int) -> list[Finding]:
    if not count:
        return []
    title = f"{many(count, 'person', 'people')} may have asked not to be texted"
    detail = "They get nothing until somebody reads their replies and decides."
    return [Finding("look", "undecided", title, detail)]


def many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
