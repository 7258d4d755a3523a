"""What staff read of an attempt: each code has its sentence, and the sentence all that it needs."""

import pytest

from campaigns.labels.attempts import describe_attempt_error, describe_note
from campaigns.models import Attempt
from campaigns.providers.base import ProviderError

Note = Attempt.Note
AT = "2026-11-30T17:05:00+00:00"
SAID = ProviderError("It cannot be reached.", kind="unreachable").as_json()

SENTENCES: list[tuple[str, dict[str, object], str]] = [
    ("", {}, ""),
    (Note.MISSED, {}, "The provider's records show no such batch."),
    (Note.FOUND, {"lookups": 2}, "Found in the provider's records at look 2."),
    (Note.ABSENT, {"lookups": 3, "minutes": 5}, "looked at 3 times over 5 minutes and more."),
    (Note.UNREADABLE, SAID, "could not be read. It cannot be reached."),
    (Note.OTHER_ACCOUNT, {}, "open another account than the one that took it"),
    (Note.UNCLEAR, {}, "a batch for some of the same people, but it is not the same."),
    (Note.UNFINISHED, {}, "still working on a batch that may be this one."),
    (Note.LAGGING, {}, "they lag behind."),
    (Note.NEVER_ARRIVED, {"actor": "sofia", "at": AT}, "sofia decided on Nov 30 at 11:05 CST that it"),
    (Note.MARKED_SENT, {"actor": "sofia", "at": AT}, "Marked as sent by sofia on Nov 30 at 11:05 CST."),
    (Note.RESTORED_FOUND, {}, "after a restore from a backup."),
    (Note.RESTORED_LOST, {}, "the answer is not known."),
    (Note.RESTORED_CHANGED, {}, "so a search cannot find it."),
]


@pytest.mark.wording
@pytest.mark.parametrize(
    ("note", "data", "sentence"),
    SENTENCES,
)
def test_every_note_is_a_sentence(note: str, data: dict[str, object], sentence: str) -> None:
    told = describe_note(Attempt(note=note, note_data=data))
    assert sentence in told
    assert "{" not in told


def test_no_note_is_forgotten() -> None:
    assert {note for note, *_ in SENTENCES} == {"", *Note}


def test_an_attempt_without_an_error_says_nothing() -> None:
    assert describe_attempt_error(Attempt()) == ""
    assert describe_attempt_error(Attempt(error=SAID)) == "It cannot be reached."
