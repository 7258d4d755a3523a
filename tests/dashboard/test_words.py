from __future__ import annotations

import pytest

from campaigns.providers.types import Registration
from dashboard.words import describe_registration


@pytest.mark.parametrize(
    ("status", "toll_free", "words"),
    [
        ("Confirmed", False, "registered and confirmed"),
        ("Submitted", False, "not confirmed yet"),
        ("PreVetFailed", False, "sent back"),
        ("CampaignSuspended", False, "no longer in force"),
        ("Sleeping", False, "does not know"),
        ("", False, "no registered campaign"),
        ("", True, "verified instead"),
    ],
)
def test_a_registration_in_words(status: str, toll_free: bool, words: str) -> None:
    assert words in describe_registration(Registration(status=status), toll_free=toll_free)
