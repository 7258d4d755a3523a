"""What people write when they want no more texts, and what only looks like it."""

from __future__ import annotations

import time

import pytest

from campaigns.opt_outs.keywords import Meaning, blocked_by_provider, meaning

ACTS = [
    "STOP",
    "stop",
    "Stop",
    "sToP",
    "QUIT",
    "END",
    "REVOKE",
    "CANCEL",
    "UNSUBSCRIBE",
    "OPTOUT",
    "STOPALL",
    "ARRET",
    "UNSUB",
    "REMOVE",
    "STOP2QUIT",
]
ACTS_TOO = [
    "OPT OUT",
    "opt-out",
    "Opt-Out!",
    "STOP ALL",
    "stop all.",
    "Stop-all",
    "ARRÊT",
    "arrêt",
    "arre\u0302t",
    "Arrête",
    " stop ",
    "stop\n",
    "\tSTOP\r\n",
    "STOP.",
    "STOP!",
    "Stop!!!",
    "stop?",
    "“STOP”",
    "'stop'",
    '"Stop"',
    "«stop»",
    "*STOP*",
    "(stop)",
    "[STOP]",
    "STOP,",
    "-stop-",
    "STOP…",
    "STOP 🛑",
    "🛑STOP🛑",
    "STOP😡😡",
    "stop ✋🏽",
    "STOP\ufe0f",
    "S\u200bT\u200bO\u200bP",
    "\u200eSTOP\u200f",
    "\ufeffSTOP",
    "ST\u00adOP",
    "ＳＴＯＰ",
    "𝐒𝐓𝐎𝐏",
    "🅂🅃🄾🄿",
    "S T O P",
    "s.t.o.p.",
    "S-T-O-P",
    "STOP STOP",
    "stop stop stop",
    "Stop! Stop! STOP!",
    "STOP\nSTOP",
    "STOP unsubscribe",
    "stop, cancel, end",
    "Stop=Quit",
    "Stop. Thank you",
    "STOP thanks",
    "Thanks, stop",
    "thank you. STOP",
    "Unsubscribe, thanks!",
    "stop thx",
    "Stop ty",
    "merci, ARRET",
    "STOP gracias",
    "Stop. Thank you so much!",
    "STOP 2 QUIT",
    "stop to end",
    "STOP TO QUIT",
    "STOP\u00a0ALL",
    "STOP\n\nSent from my iPhone",
    "unsubscribe\nGet Outlook for Android",
    "End.",
    "Quit!",
    "‘cancel’",
]
MAY_MEAN = [
    "stop please",
    "please stop",
    "Please STOP",
    "pls stop",
    "STOP IT",
    "stop texting me",
    "Stop sending me these",
    "ok stop",
    "hi, stop",
    "I want you to stop",
    "STOP or I call my lawyer",
    "stop at once",
    "make it stop",
    "can you stop?",
    "no stop",
    "remove me",
    "Remove me from your list",
    "please remove my number",
    "take me off this list",
    "Take me off please",
    "get me off your list",
    "lose my number",
    "Delete my number",
    "don't text me",
    "Don’t text this number",
    "dont contact me",
    "Do not text",
    "do not contact me again",
    "do not message me",
    "never text me again",
    "no more texts",
    "no more messages please",
    "leave me alone",
    "wrong number",
    "Wrong person!",
    "You have the wrong number",
    "sorry wrong #, not my number",
    "who is this",
    "Who is this?",
    "whos this",
    "who's this?",
    "Who are you",
    "not interested",
    "Not interested thanks",
    "SPAM",
    "this is spam",
    "is this a scam",
    "unsubscribe me",
    "please unsubscribe",
    "I'd like to opt out",
    "opt me out",
    "please opt me out",
    "How do I unsubscribe?",
    "I have opted out twice",
    "I revoke my consent",
    "cancel please",
    "please cancel",
    "Cancel these texts",
    "quit texting me",
    "end texts",
    "remove this number",
    "sotp",
    "SOTP",
    "stpo",
    "Stopp",
    "stip",
    "st0p",
    "stopo",
    "sto",
    "unsubscibe",
    "unsuscribe",
    "cancle",
    "no más",
    "alto",
    "Basta!",
    "no mas mensajes",
    "parar",
    "número equivocado",
    "désabonnez-moi",
    "arrêtez",
    "Falsche Nummer",
    "abmelden",
    "fuck off",
    "go away",
    "I will report you",
    "I never signed up for this",
    "how did you get my number",
    "🛑",
    "TD",
    "F off",
    "СТОП",
    "STOP!!!1",
    "Stop, you already sold me one",
]
OTHER = [
    "",
    " ",
    "yes",
    "Yes please",
    "no",
    "No",
    "n",
    "x",
    "delete",
    "Delete that photo",
    "ok",
    "Thanks, see you there",
    "👍",
    "C",
    "I'll stop by tomorrow",
    "can I stop by our store",
    "We will stop by at nine",
    "Where is the bus stop?",
    "non-stop",
    "nonstop fun",
    "Don't stop!",
    "cant stop laughing",
    "stop in at 5?",
    "Can I cancel my order?",
    "please cancel my appointment on Monday",
    "At the end of May",
    "see you at the end of the day",
    "I quit my job",
    "remove the onions",
    "The end of story",
    "HELP",
    "info",
    "shop",
    "Top",
    "step",
    "Is this the shop?",
    "stops at 9?",
    "I stopped by",
    "This weekend",
    "friend",
    "canceled",
    "ends when?",
    "Liked “Sale today only, 20 % off! Reply STOP to opt out”",
    "Loved “Hi Ann, we open at nine. Reply STOP to opt out”",
    "Disliked “Hi Ann, we open at nine. Reply STOP to opt out”",
    "Laughed at “Hi Ann, we open at nine. Reply STOP to end”",
    '👍 to "Hi Ann, we open at nine. Reply STOP to opt out"',
    "Reacted 😂 to “Hi Ann, we open at nine. Reply STOP to end”",
    "Removed a like from “Hi Ann, we open at nine. Reply STOP to opt out”",
    "Emphasized “Hi Ann, we open at nine. Reply STO…",
    "“Hi Ann, we open at nine. Reply STOP to opt out” yes I am coming",
]


@pytest.mark.parametrize("text", ACTS + ACTS_TOO)
def test_nothing_but_a_keyword_opts_out_at_once(text: str) -> None:
    assert meaning(text) is Meaning.STOP


@pytest.mark.parametrize("text", MAY_MEAN)
def test_other_words_for_it_are_for_a_person_to_decide(text: str) -> None:
    assert meaning(text) is Meaning.MAY_MEAN_STOP


@pytest.mark.parametrize("text", OTHER)
def test_what_means_something_else_stops_nobody(text: str) -> None:
    assert meaning(text) is Meaning.OTHER


@pytest.mark.parametrize("text", ["START", "start", " Unstop ", "Subscribe\n", "RESUME", "continue"])
def test_the_words_that_let_texts_through_again(text: str) -> None:
    assert meaning(text) is Meaning.START


@pytest.mark.parametrize(
    "text", ["start!", "START please", "restart", "Continue?", "yes", "we resume on Monday"]
)
def test_whoever_the_provider_would_not_let_in_is_not_let_in_here(text: str) -> None:
    assert meaning(text) is Meaning.OTHER


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("STOP", True),
        (" quit\n", True),
        ("End", True),
        ("STOP!", False),
        ("REVOKE", False),
        ("STOPALL", False),
    ],
)
def test_at_which_replies_the_provider_blocks_by_itself(text: str, there: bool) -> None:
    assert blocked_by_provider(text) is there


@pytest.mark.parametrize(
    "piece", ["stop ", "“", "e\u0301", "\u0301", "🛑", " ", "\u200b", "who is ", "s ", "cancel "]
)
def test_a_reply_of_a_megabyte_costs_no_more_than_a_short_one(piece: str) -> None:
    begun = time.thread_time()
    meaning(piece * (1_000_000 // len(piece)))
    assert time.thread_time() - begun < 1
