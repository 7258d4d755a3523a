"""The checks before a launch that do not render the texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from campaigns.composing.personalise import Personaliser
from campaigns.contacts import countries
from campaigns.models import Campaign, Import


class FindingCode(StrEnum):
    NO_LIST = "no_list"
    LIST_NOT_READY = "list_not_ready"
    NO_NUMBERS = "no_numbers"
    NO_SENDER = "no_sender"
    SENDER = "sender"
    NO_TEXT = "no_text"
    TEXT = "text"
    NOBODY = "nobody"
    EVERYBODY = "everybody"
    SOME_LEFT_OUT = "some_left_out"
    UNREACHED = "unreached"
    SPECIAL = "special"
    UNDECIDED = "undecided"
    TOO_LONG = "too_long"
    SOME_TOO_LONG = "some_too_long"
    EMPTY_TEXTS = "empty_texts"
    EMPTY_FIELDS = "empty_fields"
    CHANGED = "changed"


class Subject(StrEnum):
    """What a check is about, in the order in which people ask."""

    PEOPLE = "people"
    SENDER = "sender"
    TIME = "time"
    TEXT = "text"
    COST = "cost"


class SenderProblem(StrEnum):
    """Why a number cannot send."""

    NOT_LISTED = "not_listed"
    NOT_ENABLED = "not_enabled"


class LeftOut(StrEnum):
    """Why a row gets no text."""

    OPTED_OUT = "opted_out"
    MAY_HAVE_OPTED_OUT = "may_have_opted_out"
    SUPPRESSED = "suppressed"
    REPEATED = "repeated"
    NO_NUMBER = "no_number"
    UNREACHED = "unreached"
    TOO_LONG = "too_long"


_ABOUT_PEOPLE = frozenset(
    {
        FindingCode.NO_LIST,
        FindingCode.LIST_NOT_READY,
        FindingCode.NO_NUMBERS,
        FindingCode.NOBODY,
        FindingCode.EVERYBODY,
        FindingCode.SOME_LEFT_OUT,
        FindingCode.UNREACHED,
        FindingCode.SPECIAL,
        FindingCode.UNDECIDED,
    }
)
_ABOUT_SENDER = frozenset({FindingCode.NO_SENDER, FindingCode.SENDER})

Level = Literal["good", "look", "stop"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check list."""

    level: Level
    code: FindingCode
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        if self.code in _ABOUT_PEOPLE:
            return Subject.PEOPLE
        return Subject.SENDER if self.code in _ABOUT_SENDER else Subject.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Price, rate and reach of one sender number."""

    label: str
    price: Decimal | None  # US dollars a segment
    rate: float  # texts a minute
    problem: SenderProblem | None = None
    provider: str = ""
    """The name of the provider."""
    reach: countries.Reach = None
    """The countries that its account can text."""
    simulated: bool = False
    """Its account is one of the simulated carrier."""


def check_draft(campaign: Campaign, terms: Terms, personaliser: Personaliser) -> list[Finding]:
    """Checks of the draft itself, without its rows."""
    findings = []
    if campaign.contact_list is None:
        findings.append(Finding("stop", FindingCode.NO_LIST))
    elif not Import.objects.filter(contact_list=campaign.contact_list, state=Import.State.DONE).exists():
        findings.append(Finding("stop", FindingCode.LIST_NOT_READY))
    elif not campaign.contact_list.contact_count:
        findings.append(Finding("stop", FindingCode.NO_NUMBERS, {"list": campaign.contact_list.name}))
    if not campaign.sender:
        findings.append(Finding("stop", FindingCode.NO_SENDER))
    elif terms.problem:
        why = {"sender": terms.label, "problem": terms.problem, "provider": terms.provider}
        findings.append(Finding("stop", FindingCode.SENDER, why))
    if not campaign.text.strip():
        findings.append(Finding("stop", FindingCode.NO_TEXT))
    for problem in personaliser.problems:
        level: Level = "look" if problem.warning else "stop"
        findings.append(Finding(level, FindingCode.TEXT, {"problem": problem}))
    return findings


def check_audience(campaign: Campaign, rows: int, texts: int, reasons: dict[LeftOut, int]) -> list[Finding]:
    if campaign.contact_list is None or not campaign.contact_list.contact_count:
        return []
    about: dict[str, Any] = {"list": campaign.contact_list.name, "count": texts}
    if texts <= 0:
        return [Finding("stop", FindingCode.NOBODY, about)]
    left_out = {reason: count for reason, count in reasons.items() if count}
    if not left_out:
        return [Finding("good", FindingCode.EVERYBODY, about)]
    about |= {"left_out": rows - texts, "rows": rows, "reasons": left_out}
    return [Finding("good", FindingCode.SOME_LEFT_OUT, about)]


def check_undecided(count: int) -> list[Finding]:
    return [Finding("look", FindingCode.UNDECIDED, {"count": count})] if count else []
