"""The words of a text, and phrases among them."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from campaigns.opt_outs import vocabulary
from campaigns.opt_outs.vocabulary import Words

MAX_READ: Final = 1_000
"""Characters; a longer text is cut there."""


def words(text: str) -> Words:
    plain: list[str] = []
    for sign in text[:MAX_READ].translate(vocabulary.DRAWN):
        plain.extend(letter_or_gap(part) for part in unicodedata.normalize("NFKD", sign))
    tokens = tuple("".join(plain).casefold().split())
    is_spelled_out = len(tokens) > 2 and all(len(word) == 1 for word in tokens)
    return ("".join(tokens),) if is_spelled_out else tokens


def letter_or_gap(sign: str) -> str:
    if sign.isalnum():
        return sign
    # Marks, zero-width signs and apostrophes stand inside words; all other signs separate them.
    inside_word = unicodedata.category(sign) in ("Mn", "Me", "Cf", "Sk") or sign in "'’‘ʼ`"
    return "" if inside_word else " "


def phrase_length(tokens: Words, place: int, phrases: Iterable[Words]) -> int:
    """Words of the longest of the phrases that begins at this place; 0 if none does."""
    return max(
        (len(phrase) for phrase in phrases if tokens[place : place + len(phrase)] == phrase), default=0
    )


def contains(tokens: Words, phrases: frozenset[Words]) -> bool:
    longest = max(map(len, phrases))
    return any(
        tokens[place : place + length] in phrases
        for place in range(len(tokens))
        for length in range(1, longest + 1)
    )
