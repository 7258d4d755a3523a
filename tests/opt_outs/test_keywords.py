"""Replies that ask for no more texts, and replies that only resemble them."""

import time

import pytest

from campaigns.opt_outs.keywords import Meaning, blocked_by_provider, meaning
from tests.opt_outs.replies import ACTS, ACTS_TOO, MAY_MEAN, OTHER


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
