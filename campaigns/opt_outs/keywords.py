"""What a reply means for consent: it opts out, it opts in, it may ask to be left alone, or neither.

Only a reply that is nothing but a keyword acts by itself. A reply that may mean the same in other words is
for a person to decide, and its sender is not texted until then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from campaigns.opt_outs import vocabulary
from campaigns.opt_outs.vocabulary import Words

MAX_READ: Final = 1_000
"""Characters of a reply that are looked at; a longer one is cut there."""
_MOST_WORDS: Final = 20
"""A reply of more words is a sentence, never a repeated keyword."""


class Meaning(StrEnum):
    STOP = "stop"
    START = "start"
    MAY_MEAN_STOP = "may_mean_stop"
    OTHER = "other"


def words(text: str) -> Words:
    """The words of a text in lower case: without accents, signs, emoji and characters that nobody sees."""
    plain: list[str] = []
    for sign in text[:MAX_READ].translate(vocabulary.DRAWN):
        plain.extend(_plain(part) for part in unicodedata.normalize("NFKD", sign))
    found = tuple("".join(plain).casefold().split())
    spelled = len(found) > 2 and all(len(word) == 1 for word in found)
    return ("".join(found),) if spelled else found


def _plain(sign: str) -> str:
    if sign.isalnum():
        return sign
    # Marks, zero-width signs and apostrophes stand inside words; all other signs part them.
    inside = unicodedata.category(sign) in ("Mn", "Me", "Cf", "Sk") or sign in "'’‘ʼ`"
    return "" if inside else " "


def meaning(text: str) -> Meaning:
    """What a reply says about being texted."""
    if text.strip().upper() in vocabulary.START:
        return Meaning.START
    own = _unquoted(text[:MAX_READ])
    if own is None:
        return Meaning.OTHER
    own = _unsigned(own)
    tokens = words(own)
    if is_only_stop(tokens):
        return Meaning.STOP
    signs = any(sign in own for sign in vocabulary.STOP_SIGNS)
    may_mean = signs or _may_mean_stop(tokens) or any(map(_asks_to_stop, _clauses(own)))
    return Meaning.MAY_MEAN_STOP if may_mean else Meaning.OTHER


def is_only_stop(tokens: Words) -> bool:
    """One keyword or several, and thanks around them, but no other word."""
    place, stops = 0, 0
    if len(tokens) > _MOST_WORDS:
        return False
    while place < len(tokens):
        if length := _begins(tokens, place, vocabulary.STOP):
            stops += 1
        else:
            length = _begins(tokens, place, vocabulary.THANKS)
        if not length:
            return False
        place += length
    return stops > 0


def blocked_by_provider(text: str) -> bool:
    """Whether RingCentral acts on this reply by itself: it compares the whole text with its own words."""
    return text.strip().upper() in vocabulary.PROVIDER_STOP


def _begins(tokens: Words, place: int, phrases: Iterable[Words]) -> int:
    """Words of the longest phrase that stands at this place; 0 if none does."""
    return max(
        (len(phrase) for phrase in phrases if tokens[place : place + len(phrase)] == phrase), default=0
    )


def _holds(tokens: Words, phrases: frozenset[Words]) -> bool:
    longest = max(map(len, phrases))
    return any(
        tokens[place : place + length] in phrases
        for place in range(len(tokens))
        for length in range(1, longest + 1)
    )


def _unsigned(text: str) -> str:
    """Without the line that a phone puts under a text, or behind it."""
    lines = text.strip().splitlines()
    for place, line in enumerate(lines[1:], 1):
        if _begins(words(line), 0, vocabulary.SIGNATURES):
            return "\n".join(lines[:place])
    tokens = words(text)
    for place in range(max(1, len(tokens) - vocabulary.MOST_IN_SIGNATURE), len(tokens)):
        if _begins(tokens, place, vocabulary.SIGNATURES):
            return " ".join(tokens[:place])
    return text


def _unquoted(text: str) -> str | None:
    """The reply without what it quotes of our texts. None for a reaction to one, which quotes it whole."""
    kept: list[str] = []
    place = 0
    for start, sign in enumerate(text):
        if start < place or sign not in vocabulary.OPENING:
            continue
        end = text.find(vocabulary.OPENING[sign], start + 1)
        closed = end >= 0
        end = end if closed else len(text)
        if end - start <= vocabulary.LONG_QUOTE:
            continue
        before = text[:start]
        if not kept and before.strip() and vocabulary.REACTION.issuperset(words(before)):
            return None
        if closed and _holds(words(text[start + 1 : end]), vocabulary.OUR_OWN):
            kept.append(text[place:start])
            place = end + 1
    return " ".join([*kept, text[place:]])


def _may_mean_stop(tokens: Words) -> bool:
    if _holds(tokens, vocabulary.MAYBE_ANYWHERE) or _refuses_texts(tokens) or _is_somebody_else(tokens):
        return True
    rest = tuple(word for word in tokens if word not in vocabulary.COURTESIES)
    if not vocabulary.MAYBE_ALONE.isdisjoint((tokens, rest)) or _is_parted(rest):
        return True
    if len(rest) == 1 and _is_misspelt(rest[0]):
        return True
    if len(tokens) <= vocabulary.MOST_IN_OUTCRY and any(map(_holds_stop, tokens)):
        return True
    weak = vocabulary.WEAK.intersection(tokens)
    return bool(weak) and (len(rest) == 1 or not vocabulary.ABOUT_TEXTS.isdisjoint(tokens))


def _refuses_texts(tokens: Words) -> bool:
    """As in "don't ever text me", "I want no more ads", "never sms this number"."""
    for place, word in enumerate(tokens):
        if word not in vocabulary.NO:
            continue
        after = place + 1
        while after < len(tokens) and tokens[after] in vocabulary.BETWEEN_NO_AND_TEXTS:
            after += 1
        if after < len(tokens) and tokens[after] in vocabulary.TEXTS:
            return True
    return False


def _is_somebody_else(tokens: Words) -> bool:
    """As in "This is not John", "no Maria here"."""
    return (len(tokens) == 4 and tokens[:3] == ("this", "is", "not")) or (
        len(tokens) == 3 and (tokens[:2] == ("this", "isnt") or (tokens[0], tokens[2]) == ("no", "here"))
    )


def _holds_stop(word: str) -> bool:
    """As in "stoppp", "STOOOP", "stopstop", "pleasestop"; "stopped" and "nonstop" are words of their own."""
    squeezed = "".join(sign for place, sign in enumerate(word) if sign != word[place - 1 : place])
    return (squeezed == "stop" or "stop" in word) and word != "stop" and word not in vocabulary.WITH_STOP


def _clauses(text: str) -> list[Words]:
    """What stands between two punctuation marks or line breaks, each as words."""
    for sign in vocabulary.PARTING:
        text = text.replace(sign, "\n")
    return [words(clause) for clause in text.split("\n")]


def _asks_to_stop(clause: Words) -> bool:
    return any(word == "stop" and not _is_another_stop(clause, place) for place, word in enumerate(clause))


def _is_another_stop(clause: Words, place: int) -> bool:
    """Whether it is that of "stop by our store" or "bus stop"."""
    if not vocabulary.BEFORE_ANOTHER_STOP.isdisjoint(clause[place - 1 : place] if place else ()):
        return True
    after, next_but_one = clause[place + 1 : place + 2], clause[place + 2 : place + 3]
    if not vocabulary.AT_ONCE.isdisjoint(next_but_one) or any(word.endswith("ing") for word in next_but_one):
        return False
    return not vocabulary.AFTER_ANOTHER_STOP.isdisjoint(after)


def _is_parted(tokens: Words) -> bool:
    """Whether one keyword was typed with blanks inside, as "sto p"."""
    return 1 < len(tokens) <= vocabulary.MOST_PARTS and ("".join(tokens),) in vocabulary.STOP


def _is_misspelt(word: str) -> bool:
    return word not in vocabulary.NOT_NEAR and any(_one_slip(word, right) for right in vocabulary.NEAR)


def _one_slip(word: str, right: str) -> bool:
    """Whether one letter is missing, too many or another one, or two neighbours changed places."""
    if abs(len(word) - len(right)) > 1 or word[:1] != right[:1]:
        return False
    start = next((place for place, (a, b) in enumerate(zip(word, right, strict=False)) if a != b), len(right))
    a, b = word[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
