"""The words of opting out and in, each list with where it comes from.

Words stand in lower case and without accents and signs, as `tokens.words` returns them.
"""

from typing import Final

Words = tuple[str, ...]


def terms(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


def phrases(*lines: str) -> frozenset[Words]:
    return frozenset(tuple(phrase.split()) for line in lines for phrase in line.split(", "))


PROVIDER_STOP: Final = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
"""The words at which RingCentral itself blocks the person (its guide to opt-outs)."""
START: Final = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})
"""The words at which RingCentral lets texts through again (the same guide). Exactly these: whoever is opted
in by a word that the provider does not know would be texted and blocked again."""

STOP: Final = phrases(
    # 47 CFR 64.1200(a)(10), in force since 11 April 2025; "opt-out" becomes "opt out".
    "stop, quit, end, revoke, opt out, cancel, unsubscribe",
    # The keywords of Twilio, Telnyx, Braze and Amazon's SMS services beyond those.
    "stopall, stop all, optout, remove",
    # CWTA's rule for Canada, and the spellings that Twilio takes for it.
    "arret, arrete, arrett",
    # What people copy from "STOP2QUIT" and "Text STOP to end" (the list of Spoke Rewired).
    "unsub, stop2quit, stop 2 quit, stop to quit, stoptoquit, stop2end, stop 2 end, stop to end",
)
THANKS: Final = phrases(
    "thanks, thank you, thank u, thankyou, thx, tnx, ty, many thanks, thanks so much, thank you so much",
    "thank you very much, thanks a lot, cheers, merci, gracias, danke, obrigado, obrigada",
)
SIGNATURES: Final = phrases("sent from my, get outlook for, sent via, envoye de mon, enviado desde mi")

MAYBE_ANYWHERE: Final = phrases(
    "want to receive these, dont want to receive, not want to receive, rmv me, remove name, delete number",
    "delete from, delete this, take this number, take off my, opt us out, opt outt, 0pt out",
    "unscribe, unsuscribed",
    "never opted in, not opt in, didnt opt in, never asked for this, not give you permission, not intrested",
    "quit bugging, quit already, blocking this, are blocked, fuck u, the fuck up, lemme alone, i want out",
    "fcc complaint, wrong num, wrong numb, wrong nbr, no longer at, this is no longer, my husband died",
    "my wife died, my mother died, my father died, my mom died, my dad died, hes dead, shes dead, who r you",
    "whose number, who gave you, stahp, 5top, cancel these, enough already, ѕтор, отписаться, отпишите",
    "no quiero mensajes, ya no quiero, se equivoco, equivocado, borrar, borreme, no molestar, dejame en paz",
    "plus de sms, faux numero, hor auf, lass mich, nao quero, remover",
    "停止, 退订, 退訂, 取消, توقف, הסר",
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
MAYBE_ALONE: Final = phrases(
    "wrong, off, take off, no more, who, block, blocked, reported, withdraw, exit, leave, stopped, not me",
    "f u, fu, out, removed, ya no, eliminar, quitar, deten, dstop, td, alto, para, pare, parar",
    "baja, fin, cancelar, cancela, salir, sair, stopit, halt, enough",
    "nomas",
)
"""Words that may mean it only as the whole reply, thanks and courtesies aside."""
WEAK: Final = frozenset({"end", "cancel", "quit", "remove"})
"""Keywords that mean something else in most sentences: "cancel my order", "at the end of May"."""
COURTESIES: Final = terms(
    "please pls plz me now it this all just ok okay hi hello hey yes no sir thanks thank you u thx ty",
    "kindly por favor svp bitte",
)
ABOUT_TEXTS: Final = terms(
    "text texts texting message messages messaging msg msgs sms list subscription subscriptions",
    "notification notifications alert alerts ads number",
)
BEFORE_ANOTHER_STOP: Final = terms(
    "bus non pit truck rest full next first last one dont never cant wont cannot couldnt wouldnt",
    "didnt",
)
AFTER_ANOTHER_STOP: Final = terms("by in over at off sign light watch")
AT_ONCE: Final = frozenset({"once"})
MAX_PARTS: Final = 4
NEAR: Final = ("stop", "unsubscribe", "cancel", "revoke")
NOT_NEAR: Final = terms(
    "top shop step atop slop stow stoop stops strop stomp cancels canceled cancer invoke provoke",
    "evoke",
)
REACTION: Final = terms(
    "liked loved disliked laughed at emphasized emphasised questioned reacted to with removed a an",
    "like love heart laugh dislike exclamation question mark exclamation from gefallt mir",
)
OPENING: Final = {"“": "”", '"': '"', "«": "»", "„": "“"}
LONG_QUOTE: Final = 25
"""Characters. What is quoted beyond that is our own text, which tells how to stop."""
STOP_SIGNS: Final = ("🛑", "✋", "🚫", "🖕", "⛔")

OUR_OWN: Final = phrases(
    "reply stop, text stop, txt stop, send stop, stop to opt, stop to end, stop to quit, stop to cancel",
    "stop to unsubscribe, stop 2, stop2end, stop2quit",
)
"""What only our own texts say: whoever quotes it says something about them."""
MAX_IN_SIGNATURE: Final = 5
"""Words of a signature that stands in the same line, such as "Sent from my Galaxy S21"."""
MAX_IN_OUTCRY: Final = 4
"""Words of a reply in which a stretched or glued "stop" counts."""
WITH_STOP: Final = terms(
    "stops stopped stopping stopper stopover stoplight stopwatch stopgap stoppage nonstop unstoppable",
    "unstop doorstop backstop shortstop pitstop onestop stopsign busstop stopby stopin",
)
NO: Final = terms("no not dont never stop quit nomore")
BETWEEN_NO_AND_TEXTS: Final = terms("ever any want wish need to more longer please me us these your of")
TEXTS: Final = terms(
    "text texts texting txt txts txting sms message messages messaging msg msgs contact call send sending",
    "ads promos promotions",
)
PARTING: Final = ".!?,;:…"
DRAWN: Final = dict.fromkeys(map(ord, "™®©℠"), " ") | {
    first + place: chr(ord("a") + place) for first in (0x1F150, 0x1F170) for place in range(26)
}
"""Signs that Unicode takes apart into letters and nobody reads as such, and white letters on black, which it
does not."""
