"""Unicode normalisation of text that strangers write.

`unicodedata.normalize` sorts each run of combining marks, and the time grows with the square of the run: one
heading of 100,000 marks stops the process for minutes. Only this module calls it for whole texts.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

MAX_MARKS = 30
"""Combining marks in a row that Unicode's Stream-Safe Text Format (UAX #15) allows."""
JOINER = "\u034f"
"""The combining grapheme joiner. The format puts it into longer runs; marks are not sorted across it."""


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in this form, in time that grows with its length alone."""
    if text.isascii():
        return text
    return unicodedata.normalize(form, stream_safe(text))


def stream_safe(text: str) -> str:
    """The text with JOINER after each 30 marks in a row; a text without such a run stays as it is."""
    pieces: list[str] = []
    run = 0
    for sign in text:
        if sign.isascii():
            run = 0
        else:
            before, after, only_marks = _marks(sign)
            if run + before > MAX_MARKS:
                pieces.append(JOINER)
                run = 0
            run = run + after if only_marks else after
        pieces.append(sign)
    return "".join(pieces)


@lru_cache(maxsize=4096)
def _marks(sign: str) -> tuple[int, int, bool]:
    """How many marks the decomposed sign begins and ends with, and whether it holds nothing else."""
    marks = [unicodedata.combining(part) != 0 for part in unicodedata.normalize("NFKD", sign)]
    if all(marks):
        return len(marks), len(marks), True
    return marks.index(False), marks[::-1].index(False), False
