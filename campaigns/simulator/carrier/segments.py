"""How many segments a text takes on the air. The carrier counts for itself: it may disagree with a client."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"
_is_basic = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
_is_gsm = re.compile(f"[{re.escape(_BASIC + _EXTENDED)}]*").fullmatch


def count_segments(text: str) -> int:
    """GSM-7: 160, or 153 each when joined. UCS-2: 70, or 67 each. A pair is never cut in two."""
    if _is_basic(text):
        return _count(len(text), 160, 153)
    if _is_gsm(text):
        return _fill([2 if letter in _EXTENDED else 1 for letter in text], 160, 153)
    if max(text) <= "\uffff":
        return _count(len(text), 70, 67)
    return _fill([2 if letter > "\uffff" else 1 for letter in text], 70, 67)


def utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _count(units: int, single: int, joined: int) -> int:
    return 1 if units <= single else -(-units // joined)


def _fill(sizes: Iterable[int], single: int, joined: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= single:
        return 1
    segments, room = 1, joined
    for size in sizes:
        if size > room:
            segments, room = segments + 1, joined
        room -= size
    return segments
