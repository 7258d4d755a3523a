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
_WEAK: Final = frozenset({"quit", "end", "cancel", "revoke", "remove"})
"""Keywords that mean something else in most texts: "reply CANCEL to cancel your booking"."""
_DONE: Final = frozenset(
    {"stop2quit", "stoptoquit", "stop2end", "stop2stop", "stop2unsubscribe", "stop2opt", "stop2optout"}
)
_ASKED: Final = terms(
    "reply text txt respond answer sms rply textback type reponds repondez repondre textez texte responda",
    "responde responder antworte antworten",
)
_SENT: Final = terms(
    "send sending envoyez envoyer envie envia envoie sende senden texting replying",
)
"""Verbs that ask for other things too, and so only count before a word that means nothing else."""
_NOT: Final = terms("dont not never no cannot cant nicht pas")
_BETWEEN: Final = terms(
    "with w back the word us only just now a an la le mot mit por con keyword using this message via or",
    "yes sie",
)
_BETWEEN_TWO: Final = (("to", "this"), ("to", "us"), ("help", "or"), ("info", "or"), ("help", "and"))
_JOINTS: Final = frozenset({"to", "2", "equals", "pour", "para", "au", "zum", "um"})
_AFTER_WORD: Final = _JOINTS | terms("at any anytime now here and or if when 4 sms message msg jederzeit")
"""What may follow the word that is asked for; anything else makes another thing of it: "text STOP HUNGER"."""
_PURPOSES: Final = terms(
    "opt optout end quit cancel unsubscribe unsub stop exit remove removed no leave arreter desabonner",
    "unjoin discontinue decline abmelden cancelar desinscrire",
)
_OF_TEXTS: Final = terms(
    "text texts texting message messages messaging msg msgs sms alert alerts notification notifications",
    "subscription subscriptions receiving getting these this all promotions ads it updates list them me",
)
_REACH: Final = 5
_LINK: Final = re.compile(
    r"(?:unsubscribe|opt[ -]?out)[ :,]{1,3}(?:(?:at|here|via|on|visit|go to)[ :]{1,3})?"
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
    """As in "Reply STOP", "text us back with the word END", "send STOP"; not in "don't reply STOP"."""
    verb = tokens[place]
    if (verb not in _ASKED and verb not in _SENT) or not _NOT.isdisjoint(tokens[max(0, place - 2) : place]):
        return False
    at = place + 1
    while at <= place + _REACH:
        if tokens[at] in _STRONG or tokens[at : at + 2] == ("opt", "out"):
            return _is_the_way(tokens, at + (2 if tokens[at] == "opt" else 1), sure=True)
        if tokens[at] in _WEAK:
            return verb in _ASKED and _is_the_way(tokens, at + 1, sure=False)
        if tokens[at] in _BETWEEN:
            at += 1
        elif tokens[at : at + 2] in _BETWEEN_TWO:
            at += 2
        else:
            break
    return False


def _is_the_way(tokens: Words, after: int, *, sure: bool) -> bool:
    """Whether what follows the word lets it be one that opts out. `sure`: the word means little else."""
    following = tokens[after]
    if following == _END:
        return sure
    if following in ("to", "2", "equals", "for", "pour", "para"):
        code = sure and following == "to" and _is_number(tokens, after + 1)
        return code or _is_purpose(tokens, after + 1)
    return sure and following in _AFTER_WORD and tokens[after : after + 2] != ("if", "you")


def _is_purpose(tokens: Words, at: int) -> bool:
    """As in "to opt out", "to end", "to stop texts"; not in "to end hunger", "to cancel your booking"."""
    at += tokens[at : at + 1] in (("be",), ("te",), ("vous",), ("se",))
    if tokens[at : at + 1] and tokens[at] in _PURPOSES:
        after = tokens[at + 1 : at + 4]
        definite = tokens[at] in ("opt", "optout", "unsubscribe", "unsub", "no", "removed")
        return definite or after[:1] in ((), (_END,)) or not _OF_TEXTS.isdisjoint(after)
    return False


def _is_number(tokens: Words, at: int) -> bool:
    """A short code or a phone number, as in "text STOP to 36111"."""
    return any(word.isdigit() and len(word) > 3 for word in tokens[at : at + 2])


def _explained(tokens: Words, place: int) -> bool:
    """As in "STOP to end", "STOP=quit", "opt out: STOP", "STOP au 36111"."""
    word, after = tokens[place], tokens[place + 1 : place + 4]
    if word in _STRONG and word != "unsubscribe" and after:
        if after[0] in ("optout", "ends"):
            return True
        joint = place + 1 + (after[0] == "sms")
        if tokens[joint] in ("to", "2", "equals", "pour", "para"):
            return _is_purpose(tokens, joint + 1)
        if tokens[joint] == "au":
            return _is_number(tokens, joint + 1)
    begins = word in ("optout", "unsubscribe") or (
        place > 0 and tokens[place - 1 : place + 1] == ("opt", "out")
    )
    named = [
        at
        for at in range(place + 1, min(place + 4, len(tokens)))
        if tokens[at] not in (*_BETWEEN, _END, "by")
    ]
    return (
        begins
        and bool(named)
        and tokens[named[0]] in ("stop", "stopall", "arret")
        and (_is_the_way(tokens, named[0] + 1, sure=True))
    )
