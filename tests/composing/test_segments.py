"""Segments against smsutil, an independent implementation, and against counts made by hand."""

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.composing.segments import (
    GSM_BASIC,
    GSM_EXTENSION,
    Segments,
    count_many,
    count_segments,
    measure,
    plain,
    unusual,
)

SMILE = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "room"),
    [
        ("", "GSM-7", 0, 0, 160),
        ("a", "GSM-7", 1, 1, 159),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("\n" * 160, "GSM-7", 160, 1, 0),
        ("€" * 80, "GSM-7", 160, 1, 0),  # the euro sign takes two
        ("€" * 81, "GSM-7", 162, 2, 306 - 163),
        ("a" * 152 + "€" + "a" * 7, "GSM-7", 161, 2, 306 - 162),  # the euro moves to the second part whole
        ("[VIP] " + "a" * 153, "GSM-7", 161, 2, 145),
        ("ñéüØ£¥§¿Δ@", "GSM-7", 10, 1, 150),
        ("á", "UCS-2", 1, 1, 69),  # a Spanish letter that GSM-7 lacks
        ("ç", "UCS-2", 1, 1, 69),  # only the capital is in GSM-7
        ("`", "UCS-2", 1, 1, 69),
        ("a\tb", "UCS-2", 3, 1, 67),
        ("\x1b", "UCS-2", 1, 1, 69),  # the escape code is no character
        ("’" * 70, "UCS-2", 70, 1, 0),
        ("’" * 71, "UCS-2", 71, 2, 63),
        (SMILE * 35, "UCS-2", 70, 1, 0),
        (SMILE * 36, "UCS-2", 72, 2, 134 - 73),  # 66 + 6: no surrogate pair is parted
        ("’" * 66 + SMILE + "’" * 3, "UCS-2", 71, 2, 134 - 72),
        ("Hola María, " + "a" * 140, "UCS-2", 152, 3, 201 - 152),
    ],
)
def test_known_texts(text: str, encoding: str, units: int, segments: int, room: int) -> None:
    measured = measure(text)
    expected = (encoding, units, segments, room)
    assert (measured.encoding, measured.units, measured.segments, measured.room) == expected
    assert count_segments(text) == segments


def test_the_alphabet_is_the_standards() -> None:
    assert len(GSM_BASIC) == len(set(GSM_BASIC)) == 127, "128 codes, one of which is the escape"
    assert len(set(GSM_EXTENSION)) == 10
    assert not set(GSM_BASIC) & set(GSM_EXTENSION)


def by_smsutil(text: str) -> Segments:
    parts = smsutil.split(text).parts
    gsm = smsutil.is_valid_gsm(text)
    octets = 1 if gsm else 2
    single, several = (160, 153) if gsm else (70, 67)
    room = (single if len(parts) == 1 else several) - parts[-1].bytes // octets
    units = sum(part.bytes for part in parts) // octets
    return Segments("GSM-7" if gsm else "UCS-2", units, len(parts), room)


letters = st.one_of(
    st.sampled_from("abc 1.,!\nñ€^{}[]~|\\\f"),
    st.sampled_from("abcdefgh€"),
    st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"),
)
pieces = st.lists(
    st.tuples(st.text(letters, min_size=1, max_size=4), st.integers(1, 90)), min_size=1, max_size=6
)


@settings(max_examples=400, deadline=None)
@given(pieces.map(lambda parts: "".join(text * times for text, times in parts)))
def test_same_as_smsutil(text: str) -> None:
    assert measure(text) == by_smsutil(text)
    assert count_segments(text) == measure(text).segments


@pytest.mark.parametrize("double", ["€", SMILE])
@pytest.mark.parametrize("length", [*range(60, 75), *range(130, 142), *range(148, 166), *range(300, 312)])
def test_same_as_smsutil_with_a_double_character_at_every_edge(double: str, length: int) -> None:
    for place in range(max(0, length - 10), length):
        text = "a" * place + double + "a" * (length - place)
        assert measure(text) == by_smsutil(text)


def test_many() -> None:
    assert count_many(["", "a", "a" * 161, "’" * 71]) == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("Hi Ann, 20% off [today] for 5€", ()),
        ("It’s “new” – it’s here", ("’", "“", "”", "–")),
        (f"José {SMILE} María", (SMILE, "í")),
        ("a\u00a0b", ("\u00a0",)),
    ],
)
def test_names_the_signs_that_make_a_text_dear(text: str, signs: tuple[str, ...]) -> None:
    assert unusual(text) == signs
    assert (measure(text).encoding == "UCS-2") == bool(signs)


@pytest.mark.parametrize(
    ("text", "cheaper"),
    [
        ("It’s “new” – really…", 'It\'s "new" - really...'),
        ("a\u00a0b\u202fc\td", "a b c d"),
        ("María Núñez, Zoë, François", "Maria Nuñez, Zoe, Francois"),
        ("José Müller Ångström", "José Müller Ångström"),  # all in GSM-7: nothing to change
        ("Łódź – Đorđe – Œuvre – ẞ", "Lodz - Dorde - OEuvre - SS"),
        ("½ × 2 ™", "1/2 x 2 (TM)"),
        ("zero\u200bwidth", "zerowidth"),
        (f"Hi {SMILE} Привет 山", f"Hi {SMILE} Привет 山"),  # no plain form: left alone
        ("ﬁne", "fine"),
    ],
)
def test_plain_spelling(text: str, cheaper: str) -> None:
    assert plain(text) == cheaper


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_plain_only_touches_what_is_unusual(text: str) -> None:
    changed = plain(text)
    assert plain(changed) == changed
    assert set(unusual(changed)) <= set(unusual(text))
    if not unusual(text):
        assert changed == text
