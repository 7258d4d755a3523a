import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from campaigns.composing.checks import FindingCode, LeftOut, SenderProblem
from campaigns.composing.template_check import TemplateCode
from campaigns.contacts.countries import SpecialKind
from campaigns.contacts.errors import FileCode, FileKind, NoText, RowProblem, SignKind
from campaigns.contacts.notes import NoteCode
from campaigns.contacts.phone import PhoneProblem
from campaigns.contacts.reimport import Refusal
from campaigns.labels import (
    countries,
    files,
    findings,
    opt_outs,
    reasons,
    registrations,
    states,
    texts,
    timeline,
)
from campaigns.labels.registrations import describe_registration
from campaigns.models import Batch, Campaign, OptOut, RowState
from campaigns.opt_outs.lookup import Exclusion
from campaigns.providers.types import Registration, RegistrationStatus
from campaigns.reports.timeline import StepCode
from tests.architecture import tree


@pytest.mark.parametrize(
    ("status", "word", "toll_free", "words"),
    [
        (RegistrationStatus.CONFIRMED, "Confirmed", False, "registered and confirmed"),
        (RegistrationStatus.PENDING, "Submitted", False, "not confirmed yet"),
        (RegistrationStatus.RETURNED, "PreVetFailed", False, "sent back"),
        (RegistrationStatus.ENDED, "CampaignSuspended", False, "no longer in force"),
        (RegistrationStatus.UNKNOWN, "Sleeping", False, "does not know"),
        (RegistrationStatus.UNKNOWN, "", False, "no registered campaign"),
        (RegistrationStatus.UNKNOWN, "", True, "verified instead"),
    ],
)
def test_a_registration_in_words(status: RegistrationStatus, word: str, toll_free: bool, words: str) -> None:
    registration = Registration(status=status, status_word=word)
    assert words in describe_registration(registration, toll_free=toll_free)


LABELS: list[tuple[type[Enum], Mapping[Any, object]]] = [
    (FileCode, files.FILE_PROBLEMS),
    (FileKind, files.FILE_KINDS),
    (SignKind, files.SIGN_KINDS),
    (NoteCode, files.NOTES),
    (Refusal, files.REIMPORT_REFUSALS),
    (SpecialKind, countries.SPECIAL_KINDS),
    (TemplateCode, texts.TEMPLATE_PROBLEMS),
    (FindingCode, findings.TITLES),
    (FindingCode, findings.DETAILS),
    (SenderProblem, findings.SENDER_PROBLEMS),
    (LeftOut, findings.LEFT_OUT),
    (PhoneProblem, reasons.PHONE_PROBLEMS),
    (RowProblem, reasons.ROW_PROBLEMS),
    (NoText, reasons.NO_TEXT),
    (Exclusion, reasons.EXCLUSIONS),
    (RowState, states.ROW_STATES),
    (Batch.State, states.BATCH_STATES),
    (RegistrationStatus, registrations.REGISTRATION),
    (OptOut.Source, opt_outs.SOURCES),
    (StepCode, timeline.TITLES),
    (StepCode, timeline.DETAILS),
]


@pytest.mark.parametrize(("codes", "labels"), LABELS)
def test_each_code_has_a_label_and_each_label_a_code(codes: type[Enum], labels: Mapping[Any, object]) -> None:
    assert set(labels) == {code.value for code in codes}


def test_the_states_of_a_campaign_have_labels() -> None:
    assert set(states.CAMPAIGN_STATES) == {*Campaign.State.values, "cancelled"}


INTERNAL = {"Level", "Bare", "Subject", "Meaning"}
"""Codes that no page shows."""


def test_every_set_of_codes_has_its_labels() -> None:
    made = set()
    for package in ("contacts", "composing", "opt_outs", "reports"):
        for path in tree.files(".py", under=f"campaigns/{package}"):
            made |= set(re.findall(r"^class (\w+)\(\w*Enum\)", path.read_text(), re.MULTILINE))
    assert made - INTERNAL - {codes.__name__ for codes, _ in LABELS} == set()
