"""What a reply means for consent: it opts out, it opts in, it may ask to be left alone, or neither.

Only a reply that is nothing but a keyword acts by itself. A reply that may mean the same in other words is
for a person to decide, and its sender is not texted until then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

Words = tuple[str, ...]

MOST_READ: Final = 1_000
"""Characters of a reply that are looked at; a longer one is cut there."""
_MOST_WORDS: Final = 20
"""A reply of more words is a sentence, never a repeated keyword."""


class Meaning(StrEnum):
    STOP = "stop"
    START = "start"
    MAY_MEAN_STOP = "may_mean_stop"
    OTHER = "other"


def vocabulary(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


def _phrases(*lines: str) -> frozenset[Words]:
    return frozenset(tuple(phrase.split()) for line in lines for phrase in line.split(", "))


PROVIDER_STOP: Final = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
"""The words at which RingCentral itself blocks the person (its guide to opt-outs)."""
START: Final = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})
"""The words at which RingCentral lets texts through again (the same guide). Exactly these: whoever is opted
in by a word that the provider does not know would be texted and blocked again."""

_STOP: Final = _phrases(
    # 47 CFR 64.1200(a)(10), in force since 11 April 2025; "opt-out" becomes "opt out".
    "stop, quit, end, revoke, opt out, cancel, unsubscribe",
    # The keywords of Twilio, Telnyx, Braze and Amazon's SMS services beyond those.
    "stopall, stop all, optout, remove",
    # CWTA's rule for Canada, and the spellings that Twilio takes for it.
    "arret, arrete, arrett",
    # What people copy from "STOP2QUIT" and "Text STOP to end" (the list of Spoke Rewired).
    "unsub, stop2quit, stop 2 quit, stop to quit, stoptoquit, stop2end, stop 2 end, stop to end",
)
_THANKS: Final = _phrases(
    "thanks, thank you, thank u, thankyou, thx, tnx, ty, many thanks, thanks so much, thank you so much",
    "thank you very much, thanks a lot, cheers, merci, gracias, danke, obrigado, obrigada",
)
_SIGNATURES: Final = _phrases("sent from my, get outlook for, sent via, envoye de mon, enviado desde mi")

_MAYBE_ANYWHERE: Final = _phrases(
    "un subscribe, un subscribed, off list, no texts, no text, no texting, no txt, no sms, no messages",
    "do not disturb, dnd, dnc, tcpa, withdraw my, withdraw consent, discontinue, terminate, unenroll",
    "un enroll, deactivate, will sue, go to hell, stfu, gtfo, leave me, loose my number, what is this number",
    "do i know you, howd you get, how did u get, passed away, deceased, is dead, has died, he died, she died",
    "unsubscribe, unsubscribed, unsubscribing, unsuscribe, unsubcribe, unsub, optout, opt out, opt me out",
    "opted out, opting out, стоп, stopall, revoke, revoked, revoking, stopp, sotp, stpo, st0p",
    "remove me, remove my, remove this number, remove us, take me off, take us off, take my, get me off",
    "off your list, off this list, off the list, off of your list, lose my number, lose this number",
    "delete my, delete me, delete this number, erase me, erase my, forget me, forget my number",
    "dont text, do not text, dont txt, dont contact, do not contact, dont message, do not message, dont msg",
    "dont send, do not send, dont call, do not call, dont bother, do not bother, dont ever, never text",
    "never contact, never message, never send, no more texts, no more text, no more messages, no more msgs",
    "no more sms, no more calls, no longer want, no longer wish, no longer interested, not interested",
    "no interest, not want these, dont want these, dont want this, dont want your, do not want",
    "leave me alone, leave us alone, go away, get lost, fuck off, f off, fuck you, piss off, screw you",
    "shut up, quit texting, quit messaging, quit sending, quit contacting, cease, desist",
    "wrong number, wrong person, wrong phone, wrong guy, wrong lady, wrong contact, not my number",
    "who is this, whos this, who dis, who are you, who r u, who is it, how did you get, where did you get",
    "how do you have my, didnt sign up, did not sign up, never signed up, never subscribed, didnt subscribe",
    "did not subscribe, never gave, didnt give, no consent, not consent, unsolicited, unwanted, spam",
    "spammer, spamming, scam, scammer, junk, harass, harassment, harassing, report you, reporting you",
    "reported you, report this, block you, blocking you, blocked you, sue you, lawyer, attorney",
    # French, Spanish, Portuguese, German.
    "arret, arrete, arreter, arretez, desabonner, desabonnez, desabonnement, desinscrire, desinscrivez",
    "desinscription",
    "plus de messages, plus de textos, ne plus recevoir, mauvais numero, retirez moi, laissez moi",
    "basta, no mas, deje de, dejen de, deja de, numero equivocado, eliminame, borrame, borrenme, quitame",
    "quiteme, darme de baja, dar de baja, no me escriba, no me escriban, no me mande, no me manden",
    "no me envie, no me envien, no quiero recibir, parar de, remover meu, numero errado, sair da lista",
    "detener, no me interesa, no estoy interesado, no estoy interesada, pas interesse, pas interessee",
    "stoppen, kein interesse, keine werbung, abmelden, abbestellen, austragen, keine sms",
    "keine nachrichten, falsche nummer",
)
"""Words that may mean it wherever they stand: judgement, from what people wrote in public reports."""
_MAYBE_ALONE: Final = _phrases(
    "wrong, off, take off, no more, who, block, blocked, reported, withdraw, exit, leave, stopped, not me",
    "f u, fu, td, alto, para, pare, parar, baja, fin, cancelar, cancela, salir, sair, stopit, halt, enough",
    "nomas",
)
"""Words that may mean it only as the whole reply, thanks and courtesies aside."""
_WEAK: Final = frozenset({"end", "cancel", "quit", "remove"})
"""Keywords that mean something else in most sentences: "cancel my order", "at the end of May"."""
_COURTESIES: Final = vocabulary(
    "please pls plz me now it this all just ok okay hi hello hey yes no sir thanks thank you u thx ty",
    "kindly por favor svp bitte",
)
_ABOUT_TEXTS: Final = vocabulary(
    "text texts texting message messages messaging msg msgs sms list subscription subscriptions",
    "notification notifications alert alerts ads number",
)
_BEFORE_ANOTHER_STOP: Final = vocabulary(
    "bus non pit truck rest full next first last one dont never cant wont cannot couldnt wouldnt",
    "didnt",
)
_AFTER_ANOTHER_STOP: Final = vocabulary("by in over at off sign light watch")
_AT_ONCE: Final = frozenset({"once"})
_MOST_PARTS: Final = 4
_NEAR: Final = ("stop", "unsubscribe", "cancel", "revoke")
_NOT_NEAR: Final = vocabulary(
    "top shop step atop slop stow stoop stops strop stomp cancels canceled cancer invoke provoke",
    "evoke",
)
_REACTION: Final = vocabulary(
    "liked loved disliked laughed at emphasized emphasised questioned reacted to with removed a an",
    "like love heart laugh dislike exclamation question mark exclamation from gefallt mir",
)
_OPENING: Final = {"“": "”", '"': '"', "«": "»", "„": "“"}
_LONG_QUOTE: Final = 25
"""Characters. What is quoted beyond that is our own text, which tells how to stop."""
_STOP_SIGNS: Final = ("🛑", "✋", "🚫", "🖕")


def words(text: str) -> Words:
    """The words of a text in lower case: without accents, signs, emoji and characters that nobody sees."""
    plain: list[str] = []
    for sign in text[:MOST_READ]:
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
    if text.strip().upper() in START:
        return Meaning.START
    own = _unquoted(text[:MOST_READ])
    if own is None:
        return Meaning.OTHER
    tokens = _unsigned(words(own))
    if is_only_stop(tokens):
        return Meaning.STOP
    may_mean = _may_mean_stop(tokens) or any(sign in own for sign in _STOP_SIGNS)
    return Meaning.MAY_MEAN_STOP if may_mean else Meaning.OTHER


def is_only_stop(tokens: Words) -> bool:
    """One keyword or several, and thanks around them, but no other word."""
    place, stops = 0, 0
    if len(tokens) > _MOST_WORDS:
        return False
    while place < len(tokens):
        if length := _begins(tokens, place, _STOP):
            stops += 1
        else:
            length = _begins(tokens, place, _THANKS)
        if not length:
            return False
        place += length
    return stops > 0


def blocked_by_provider(text: str) -> bool:
    """Whether RingCentral acts on this reply by itself: it compares the whole text with its own words."""
    return text.strip().upper() in PROVIDER_STOP


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


def _unsigned(tokens: Words) -> Words:
    """Without the line that a phone puts under a text."""
    for place in range(1, len(tokens)):
        if _begins(tokens, place, _SIGNATURES):
            return tokens[:place]
    return tokens


def _unquoted(text: str) -> str | None:
    """The reply without long quotations. None for a reaction to a text, which quotes it whole."""
    kept: list[str] = []
    place = 0
    for start, sign in enumerate(text):
        if start < place or sign not in _OPENING:
            continue
        end = text.find(_OPENING[sign], start + 1)
        end = len(text) if end < 0 else end
        if end - start <= _LONG_QUOTE:
            continue
        if not kept and _REACTION.issuperset(words(text[:start])):
            return None
        kept.append(text[place:start])
        place = end + 1
    return " ".join([*kept, text[place:]])


def _may_mean_stop(tokens: Words) -> bool:
    if _holds(tokens, _MAYBE_ANYWHERE) or any(_asks_to_stop(tokens, place) for place in range(len(tokens))):
        return True
    rest = tuple(word for word in tokens if word not in _COURTESIES)
    if (
        not _MAYBE_ALONE.isdisjoint((tokens, rest))
        or (len(rest) == 1 and _is_misspelt(rest[0]))
        or _is_parted(rest)
    ):
        return True
    weak = _WEAK.intersection(tokens)
    return bool(weak) and (len(rest) == 1 or not _ABOUT_TEXTS.isdisjoint(tokens))


def _asks_to_stop(tokens: Words, place: int) -> bool:
    """Whether the word here is "stop", and not that of "stop by our store" or "bus stop"."""
    if tokens[place] != "stop":
        return False
    before, after = tokens[place - 1 : place], tokens[place + 1 : place + 2]
    if not _BEFORE_ANOTHER_STOP.isdisjoint(before):
        return False
    at_once = not _AT_ONCE.isdisjoint(tokens[place + 2 : place + 3])
    return at_once or _AFTER_ANOTHER_STOP.isdisjoint(after)


def _is_parted(tokens: Words) -> bool:
    """Whether one keyword was typed with blanks inside, as "sto p"."""
    return 1 < len(tokens) <= _MOST_PARTS and ("".join(tokens),) in _STOP


def _is_misspelt(word: str) -> bool:
    return word not in _NOT_NEAR and any(_one_slip(word, right) for right in _NEAR)


def _one_slip(word: str, right: str) -> bool:
    """Whether one letter is missing, too many or another one, or two neighbours changed places."""
    if abs(len(word) - len(right)) > 1 or word[:1] != right[:1]:
        return False
    start = next((place for place, (a, b) in enumerate(zip(word, right, strict=False)) if a != b), len(right))
    a, b = word[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
