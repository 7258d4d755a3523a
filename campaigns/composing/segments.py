"""How many segments a carrier bills for a text.

3GPP TS 23.038 and 23.040: a text of characters of the GSM 7-bit alphabet takes one segment of 160 septets or
several of 153; characters of its extension table take two. Any other character turns the whole text into
UCS-2: one segment of 70 UTF-16 units or several of 67.

Rule of splitting: segments are filled from the first to the last, each as far as it goes, and neither the two
septets of an extension character nor the two units of a surrogate pair are ever parted, so a segment may stay
one unit short. Pictures made of several code points (families, flags) may be parted; phones join them again.
No national language shift tables are assumed, as no provider that we use announces them.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038 section 6.2.1 without the escape code, which is no character."""
GSM_EXTENSION = "\f^{}\\[~]|€"
"""TS 23.038 section 6.2.1.1: each is sent as an escape code and one more septet."""

GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67

_ONE_SEPTET_ASCII = "".join(sign for sign in GSM_BASIC if sign.isascii()).encode()
_EXTENSION = re.compile(f"[{re.escape(GSM_EXTENSION)}]")
_UNUSUAL = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Segments:
    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    """Septets of GSM-7 or UTF-16 units of UCS-2, without what a split leaves unused."""
    segments: int
    room: int
    """Units left in the last segment."""


def measure(text: str) -> Segments:
    """The segments of a text; none for an empty one."""
    if _UNUSUAL.search(text):
        return _measured("UCS-2", text, _ASTRAL, UCS2_SINGLE, UCS2_PART)
    return _measured("GSM-7", text, _EXTENSION, GSM_SINGLE, GSM_PART)


def count_segments(text: str) -> int:
    """As `measure(text).segments`, faster."""
    if text.isascii() and not text.encode().translate(None, _ONE_SEPTET_ASCII):
        units = len(text)
        return -(-units // GSM_PART) if units > GSM_SINGLE else 1 if units else 0
    return measure(text).segments


def count_many(texts: Iterable[str]) -> list[int]:
    return [count_segments(text) for text in texts]


def unusual(text: str) -> tuple[str, ...]:
    """The characters that turn this text into UCS-2, each once, in the order in which they appear."""
    return tuple(dict.fromkeys(_UNUSUAL.findall(text)))


def plain(text: str) -> str:
    """The text in signs of the GSM 7-bit alphabet as far as it has them. Only for a person who asks for it.

    Typographic signs get their typewriter forms, letters lose the accents that the alphabet lacks; what has
    no plain form (pictures, other scripts) stays.
    """
    return _UNUSUAL.sub(_plain_form, text)


_PLAIN_FORMS = {
    **dict.fromkeys("‘’‚‛′ʼ`´ʹ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‹", "<"),
    **dict.fromkeys("›", ">"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("•·∙", "-"),
    **dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", ""),
    "…": "...",
    "\t": " ",
    "\u2028": "\n",
    "\u2029": "\n",
    "×": "x",
    "÷": "/",
    "⁄": "/",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "ç": "c",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "œ": "oe",
    "Œ": "OE",
    "ı": "i",
    "ẞ": "SS",
}


def _plain_form(match: re.Match[str]) -> str:
    sign = match[0]
    if sign in _PLAIN_FORMS:
        return _PLAIN_FORMS[sign]
    if unicodedata.category(sign) == "Zs":
        return " "
    folded = unicodedata.normalize("NFKD", sign)
    letters = "".join(_PLAIN_FORMS.get(part, part) for part in folded if not unicodedata.combining(part))
    return letters if letters and not _UNUSUAL.search(letters) else sign


def _measured(
    encoding: Literal["GSM-7", "UCS-2"], text: str, doubles: re.Pattern[str], single: int, part: int
) -> Segments:
    double = [match.start() for match in doubles.finditer(text)]
    units = len(text) + len(double)
    if units <= single:
        return Segments(encoding, units, 1 if units else 0, single - units)
    filled = units + _wasted(double, part)
    segments = -(-filled // part)
    return Segments(encoding, units, segments, segments * part - filled)


def _wasted(double: list[int], part: int) -> int:
    """Units left unused at the ends of full segments because the next character takes two."""
    wasted = 0
    for before, start in enumerate(double):
        if (start + before + wasted + 1) % part == 0:
            wasted += 1
    return wasted
