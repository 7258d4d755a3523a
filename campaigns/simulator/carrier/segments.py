"""Segments of a text. The carrier has its own count, so that it may disagree with a client."""

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
    """GSM-7: 160, or 153 each when joined. UCS-2: 70, or 67 each. No character is cut in two."""
    if _is_basic(text):
        return _segments_of_equal_units(len(text), 160, 153)
    if _is_gsm(text):
        return _segments_of_units([2 if letter in _EXTENDED else 1 for letter in text], 160, 153)
    if max(text) <= "\uffff":
        return _segments_of_equal_units(len(text), 70, 67)
    return _segments_of_units([2 if letter > "\uffff" else 1 for letter in text], 70, 67)


def utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _segments_of_equal_units(units: int, single: int, joined: int) -> int:
    return 1 if units <= single else -(-units // joined)


def _segments_of_units(sizes: Iterable[int], single: int, joined: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= single:
        return 1
    segments, free = 1, joined
    for size in sizes:
        if size > free:
            segments, free = segments + 1, joined
        free -= size
    return segments
