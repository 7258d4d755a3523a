"""Whether a text tells its readers how to stop the texts: by a word that really opts out, or a link.

"Reply STOP to opt out" does; "stop by our store" does not. The word alone proves nothing, so it must be asked
for ("reply …", "text …"), be followed by what it does ("STOP to end"), or follow it ("opt out: STOP").
"""

from __future__ import annotations

import re
from typing import Final

from campaigns.opt_outs.keywords import words
from campaigns.opt_outs.vocabulary import Words, terms

_END: Final = "|"
"""Stands in place of the end of a sentence."""
_STRONG: Final = frozenset({"stop", "stopall", "unsubscribe", "unsub", "optout", "arret"})
_WORDS: Final = _STRONG | {"quit", "end", "cancel", "revoke", "remove"}
_DONE: Final = frozenset(
    {"stop2quit", "stoptoquit", "stop2end", "stop2stop", "stop2unsubscribe", "stop2optout"}
)
_ASKED: Final = terms(
    "reply text txt respond answer sms rply textback reponds repondez repondre textez responda",
    "responde responder antworte antworten",
)
_SENT: Final = terms(
    "send sending envoyez envoyer envie envia envoie sende senden texting replying",
)
"""Verbs that ask for other things too, and so only count before a word that means nothing else."""
_BETWEEN: Final = terms(
    "with w back the word us only just now a an la le mot mit por con keyword using this message via or",
    "yes",
)
_BETWEEN_TWO: Final = (("to", "this"), ("to", "us"), ("help", "or"), ("info", "or"), ("help", "and"))
_OTHER_AFTER: Final = frozenset({"by", "in", "of", "over", "off"})
_JOINTS: Final = frozenset({"to", "2", "for", "equals", "pour", "para", "au", "zum"})
_PURPOSES: Final = terms(
    "opt optout end quit cancel unsubscribe unsub stop exit remove no arreter desabonner unjoin",
    "discontinue abmelden cancelar",
)
_MEANT: Final = frozenset({"texting", "messaging", "receiving", "getting"})
_REACH: Final = 5
_LINK: Final = re.compile(
    r"(?:unsubscribe|opt[ -]?out)[ :]{1,3}(?:(?:at|here|via|on|visit|go to)[ :]{1,3})?"
    r"(?:https?://|www\.|[a-z0-9-]{1,63}\.[a-z]{2,10}/)",
    re.IGNORECASE,
)


def tells_how_to_stop(text: str) -> bool:
    """`text`: a template or a text as it is sent."""
    tokens = _sentences(text)
    return (
        not _DONE.isdisjoint(tokens)
        or any(_asked_for(tokens, place) or _explained(tokens, place) for place in range(len(tokens)))
        or _LINK.search(text) is not None
    )


def _sentences(text: str) -> Words:
    """The words, with `_END` where a sentence ends."""
    marked = text.replace("=", " equals ")
    for sign in ".!":
        marked = marked.replace(sign, "?")
    found: list[str] = []
    for sentence in marked.split("?"):
        found += [*words(sentence), _END]
    return tuple(found)


def _asked_for(tokens: Words, place: int) -> bool:
    """As in "Reply STOP", "text us back with the word END", "send STOP"."""
    if tokens[place] not in _ASKED and tokens[place] not in _SENT:
        return False
    wanted = _WORDS if tokens[place] in _ASKED else _STRONG
    at = place + 1
    while at <= place + _REACH:
        if tokens[at] in wanted or tokens[at : at + 2] == ("opt", "out"):
            return not _goes_on_otherwise(tokens[at + 1])
        if tokens[at] in _BETWEEN:
            at += 1
        elif tokens[at : at + 2] in _BETWEEN_TWO:
            at += 2
        else:
            break
    return False


def _goes_on_otherwise(after: str) -> bool:
    """As in "Text us, stop by", "stop overpaying", "text end of summer"."""
    return after in _OTHER_AFTER or (after.endswith("ing") and after not in _MEANT)


def _explained(tokens: Words, place: int) -> bool:
    """As in "STOP to end", "STOP=quit", "opt out: STOP", "STOP au 36111"."""
    if tokens[place] in _WORDS and tokens[place + 1] in _JOINTS:
        after = tokens[place + 2 : place + 4]
        return not _PURPOSES.isdisjoint(after) or any(word.isdigit() and len(word) > 3 for word in after)
    begins = tokens[place] in ("optout", "unsubscribe") or tokens[place - 1 : place + 1] == ("opt", "out")
    after = tuple(word for word in tokens[place + 1 : place + 4] if word not in (*_BETWEEN, _END, "by"))
    return begins and bool(after) and after[0] in _WORDS - {"unsubscribe", "remove"}
