from __future__ import annotations

import pytest

from campaigns.labels.registrations import describe_registration
from campaigns.providers.types import Registration, RegistrationStatus


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
