"""What a reply means for consent: it opts out, it opts in, it may ask for no more texts, or none of these.

Only a reply of keywords alone acts by itself. One that may mean stop in other words is decided by a person,
and its sender gets no text until then.
"""

from enum import StrEnum
from typing import Final

from campaigns.opt_outs import vocabulary
from campaigns.opt_outs.possible_stop import may_mean_stop
from campaigns.opt_outs.reply_text import without_quotes, without_signature
from campaigns.opt_outs.tokens import MAX_READ, phrase_length, words
from campaigns.opt_outs.vocabulary import Words

MAX_KEYWORDS: Final = 20
"""Words; a longer reply is a sentence, never a repeated keyword."""


class Meaning(StrEnum):
    STOP = "stop"
    START = "start"
    MAY_MEAN_STOP = "may_mean_stop"
    OTHER = "other"


def meaning(text: str) -> Meaning:
    if text.strip().upper() in vocabulary.START:
        return Meaning.START
    unquoted = without_quotes(text[:MAX_READ])
    if unquoted is None:
        return Meaning.OTHER
    own_text = without_signature(unquoted)
    if is_only_stop(words(own_text)):
        return Meaning.STOP
    return Meaning.MAY_MEAN_STOP if may_mean_stop(own_text) else Meaning.OTHER


def is_only_stop(tokens: Words) -> bool:
    """One keyword or several, and thanks around them, but no other word."""
    place, stops = 0, 0
    if len(tokens) > MAX_KEYWORDS:
        return False
    while place < len(tokens):
        if length := phrase_length(tokens, place, vocabulary.STOP):
            stops += 1
        else:
            length = phrase_length(tokens, place, vocabulary.THANKS)
        if not length:
            return False
        place += length
    return stops > 0


def blocked_by_provider(text: str) -> bool:
    # RingCentral compares the whole text with its own words.
    return text.strip().upper() in vocabulary.PROVIDER_STOP
