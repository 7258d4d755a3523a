"""What the sender of a reply wrote: the reply without its signature and without quotes of our texts."""

from campaigns.opt_outs import vocabulary
from campaigns.opt_outs.tokens import contains, phrase_length, words


def without_signature(text: str) -> str:
    """Without the line that a phone puts under a text, or behind it."""
    lines = text.strip().splitlines()
    for place, line in enumerate(lines[1:], 1):
        if phrase_length(words(line), 0, vocabulary.SIGNATURES):
            return "\n".join(lines[:place])
    tokens = words(text)
    for place in range(max(1, len(tokens) - vocabulary.MAX_IN_SIGNATURE), len(tokens)):
        if phrase_length(tokens, place, vocabulary.SIGNATURES):
            return " ".join(tokens[:place])
    return text


def without_quotes(text: str) -> str | None:
    """Without long quotes of our texts. None for a reaction such as "Liked “…”", which quotes a whole one."""
    parts: list[str] = []
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
        if not parts and before.strip() and vocabulary.REACTION.issuperset(words(before)):
            return None
        if closed and contains(words(text[start + 1 : end]), vocabulary.OUR_OWN):
            parts.append(text[place:start])
            place = end + 1
    return " ".join([*parts, text[place:]])
