"""Whether a text tells its readers how to stop the texts: by a word that really opts out, or a link.

"Reply STOP to opt out" does; "stop by our store" does not. The word alone proves nothing, so it must be asked
for ("reply …", "text …"), be followed by what it does ("STOP to end"), or follow it ("opt out: STOP").
"""

import re
from typing import Final

from campaigns.opt_outs.tokens import words
from campaigns.opt_outs.vocabulary import Words, terms

END: Final = "|"
"""The token at the end of a sentence."""
STRONG: Final = frozenset({"stop", "stopall", "unsubscribe", "unsub", "optout", "arret"})
WEAK: Final = frozenset({"quit", "end", "cancel", "revoke", "remove"})
"""Keywords that mean something else in most texts: "reply CANCEL to cancel your booking"."""
COMPLETE: Final = frozenset(
    {"stop2quit", "stoptoquit", "stop2end", "stop2stop", "stop2unsubscribe", "stop2opt", "stop2optout"}
)
REPLY_VERBS: Final = terms(
    "reply text txt respond answer sms rply textback type reponds repondez repondre textez texte responda",
    "responde responder antworte antworten",
)
SEND_VERBS: Final = terms(
    "send sending envoyez envoyer envie envia envoie sende senden texting replying",
)
"""Verbs with other uses; they count only before a keyword with no other meaning."""
NEGATIONS: Final = terms("dont not never no cannot cant nicht pas")
BETWEEN: Final = terms(
    "with w back the word us only just now a an la le mot mit por con keyword using this message via or",
    "yes sie",
)
BETWEEN_PAIRS: Final = (("to", "this"), ("to", "us"), ("help", "or"), ("info", "or"), ("help", "and"))
LINKS: Final = frozenset({"to", "2", "equals", "pour", "para", "au", "zum", "um"})
AFTER_KEYWORD: Final = LINKS | terms("at any anytime now here and or if when 4 sms message msg jederzeit")
"""What may follow the keyword. Anything else changes its meaning: "text STOP HUNGER"."""
PURPOSES: Final = terms(
    "opt optout end quit cancel unsubscribe unsub stop exit remove removed no leave arreter desabonner",
    "unjoin discontinue decline abmelden cancelar desinscrire",
)
ABOUT_TEXTS: Final = terms(
    "text texts texting message messages messaging msg msgs sms alert alerts notification notifications",
    "subscription subscriptions receiving getting these this all promotions ads it updates list them me",
)
MAX_DISTANCE: Final = 5
LINK_PATTERN: Final = re.compile(
    r"(?:unsubscribe|opt[ -]?out)[ :,]{1,3}(?:(?:at|here|via|on|visit|go to)[ :]{1,3})?"
    r"(?:https?://|www\.|[a-z0-9-]{1,63}\.[a-z]{2,10}/)",
    re.IGNORECASE,
)


def tells_how_to_stop(text: str) -> bool:
    tokens = sentences(text)
    return (
        not COMPLETE.isdisjoint(tokens)
        or any(is_requested(tokens, place) or is_explained(tokens, place) for place in range(len(tokens)))
        or LINK_PATTERN.search(text) is not None
    )


def sentences(text: str) -> Words:
    marked = text.replace("=", " equals ")
    for sign in ".!":
        marked = marked.replace(sign, "?")
    tokens: list[str] = []
    for sentence in marked.split("?"):
        tokens += [*words(sentence), END]
    return tuple(tokens)


def is_requested(tokens: Words, place: int) -> bool:
    """As in "Reply STOP", "text us back with the word END", "send STOP"; not in "don't reply STOP"."""
    verb = tokens[place]
    if (verb not in REPLY_VERBS and verb not in SEND_VERBS) or not NEGATIONS.isdisjoint(
        tokens[max(0, place - 2) : place]
    ):
        return False
    at = place + 1
    while at <= place + MAX_DISTANCE:
        if tokens[at] in STRONG or tokens[at : at + 2] == ("opt", "out"):
            return opts_out(tokens, at + (2 if tokens[at] == "opt" else 1), sure=True)
        if tokens[at] in WEAK:
            return verb in REPLY_VERBS and opts_out(tokens, at + 1, sure=False)
        if tokens[at] in BETWEEN:
            at += 1
        elif tokens[at : at + 2] in BETWEEN_PAIRS:
            at += 2
        else:
            break
    return False


def opts_out(tokens: Words, after: int, *, sure: bool) -> bool:
    """Whether the keyword opts out, by what follows it. `sure`: the keyword has hardly another meaning."""
    following = tokens[after]
    if following == END:
        return sure
    if following in ("to", "2", "equals", "for", "pour", "para"):
        code = sure and following == "to" and is_number(tokens, after + 1)
        return code or is_purpose(tokens, after + 1)
    return sure and following in AFTER_KEYWORD and tokens[after : after + 2] != ("if", "you")


def is_purpose(tokens: Words, at: int) -> bool:
    """As in "to opt out", "to end", "to stop texts"; not in "to end hunger", "to cancel your booking"."""
    at += tokens[at : at + 1] in (("be",), ("te",), ("vous",), ("se",))
    if tokens[at : at + 1] and tokens[at] in PURPOSES:
        after = tokens[at + 1 : at + 4]
        definite = tokens[at] in ("opt", "optout", "unsubscribe", "unsub", "no", "removed")
        return definite or after[:1] in ((), (END,)) or not ABOUT_TEXTS.isdisjoint(after)
    return False


def is_number(tokens: Words, at: int) -> bool:
    """A short code or a phone number, as in "text STOP to 36111"."""
    return any(word.isdigit() and len(word) > 3 for word in tokens[at : at + 2])


def is_explained(tokens: Words, place: int) -> bool:
    """As in "STOP to end", "STOP=quit", "opt out: STOP", "STOP au 36111"."""
    word, after = tokens[place], tokens[place + 1 : place + 4]
    if word in STRONG and word != "unsubscribe" and after:
        if after[0] in ("optout", "ends"):
            return True
        joint = place + 1 + (after[0] == "sms")
        if tokens[joint] in ("to", "2", "equals", "pour", "para"):
            return is_purpose(tokens, joint + 1)
        if tokens[joint] == "au":
            return is_number(tokens, joint + 1)
    begins = word in ("optout", "unsubscribe") or (
        place > 0 and tokens[place - 1 : place + 1] == ("opt", "out")
    )
    named = [
        at for at in range(place + 1, min(place + 4, len(tokens))) if tokens[at] not in (*BETWEEN, END, "by")
    ]
    return (
        begins
        and bool(named)
        and tokens[named[0]] in ("stop", "stopall", "arret")
        and (opts_out(tokens, named[0] + 1, sure=True))
    )
