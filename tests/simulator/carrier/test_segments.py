import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from campaigns.simulator.carrier.segments import count_segments, utf16_units

FACE = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("Hello", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("€" * 152, 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # the euro sign does not fit the first segment's last place
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        (FACE * 35, 1),
        (FACE * 36, 2),
        (FACE * 66, 2),
        (FACE * 67, 3),  # 33 faces a segment: none is cut in two
        ("caf\u00e9", 1),
        ("x" * 153 + "ж", 3),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@given(st.text(st.sampled_from("aZ 0@£\n€^{ж’é" + FACE), min_size=1, max_size=400))
def test_segments_agree_with_another_counter(text: str) -> None:
    assert count_segments(text) == len(smsutil.split(text).parts)


@pytest.mark.parametrize(("text", "units"), [("", 0), ("abc", 3), ("é", 1), (FACE, 2), ("ж" + FACE, 3)])
def test_utf16_units(text: str, units: int) -> None:
    assert utf16_units(text) == units
