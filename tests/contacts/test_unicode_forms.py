"""Unicode normalisation: as unicodedata does it, but for runs of marks that no language has."""

import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.contacts.unicode_forms import JOINER, MAX_MARKS, normalize, stream_safe

FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
GRAVE, BELOW = "\u0300", "\u0316"


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=200, deadline=None)
@given(
    text=st.text(
        alphabet=st.sampled_from("aeÅﬁ½각가\u1161\u0300\u0316\u0344\u0345नाम"), max_size=MAX_MARKS // 2
    )
)
def test_ordinary_text_gets_the_form_that_unicodedata_gives(
    form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str
) -> None:
    assert normalize(form, text) == unicodedata.normalize(form, text)


def test_a_run_of_marks_is_broken_after_thirty() -> None:
    assert stream_safe("e" + GRAVE * 30) == "e" + GRAVE * 30
    assert stream_safe("e" + GRAVE * 31) == "e" + GRAVE * 30 + JOINER + GRAVE
    assert stream_safe(("e" + GRAVE * 30) * 3) == ("e" + GRAVE * 30) * 3
    # One sign may stand for several marks, or end with one.
    assert stream_safe("e" + "\u0344" * 16) == "e" + "\u0344" * 15 + JOINER + "\u0344"
    assert stream_safe("è" + GRAVE * 30) == "è" + GRAVE * 29 + JOINER + GRAVE


@pytest.mark.parametrize("form", FORMS)
def test_no_form_has_a_longer_run(form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    text = "e" + (GRAVE + BELOW) * 1_000 + "\u0344" * 500
    decomposed = unicodedata.normalize("NFKD", normalize(form, text))
    runs = "".join("m" if unicodedata.combining(sign) else " " for sign in decomposed).split()
    assert max(map(len, runs)) <= MAX_MARKS
    assert decomposed.replace(JOINER, "").count(GRAVE) == 1_000
