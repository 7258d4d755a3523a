"""Several opt-outs of one person and of staff: none ends another by accident."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from campaigns.models import Consent, OptOut
from campaigns.opt_outs import carrier, ingest, manual
from campaigns.providers.types import OptOutRecord
from tests.opt_outs.test_ingest import ANN, LOCAL, NOON, blocked, reply, undecided
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("words", ["STOP", "remove me from this list"])
def test_what_a_person_says_outlives_what_staff_entered(sender: User, words: str) -> None:
    """Staff who end their own entry may not know that the person opted out too."""
    manual.add(ANN, note="called us", user=sender)
    ingest.ingest_replies("a", [reply(words)])
    assert undecided() == [], "nobody is asked about somebody who is out anyway"
    manual.end(OptOut.objects.get(source="staff"), user=sender)
    assert blocked() == [ANN]
    assert undecided() == ([] if words == "STOP" else [words])


def test_all_that_somebody_wrote_is_read_before_it_is_decided(sender: User) -> None:
    replies = [reply("who is this?", 0), reply("please remove me", 5)]
    for ordered in (replies, replies[::-1], replies * 2):
        OptOut.objects.all().delete()
        assert ingest.ingest_replies("a", ordered) == 2
        assert undecided() == ["who is this?” · “please remove me"]
    manual.end(OptOut.objects.get(), user=sender)
    assert ingest.ingest_replies("a", replies) == 0
    assert blocked() == []


def test_an_older_reply_that_is_read_after_a_decision_asks_again(sender: User) -> None:
    """The store is read newest first, some pages at a time."""
    ingest.ingest_replies("a", [reply("who is this?", 5)])
    manual.end(OptOut.objects.get(), user=sender)
    older = [reply("remove me from this list", 0)]
    assert ingest.ingest_replies("a", older) == 1
    assert undecided() == ["remove me from this list"]
    manual.end(OptOut.objects.get(ended_at__isnull=True), user=sender)
    assert ingest.ingest_replies("a", [*older, reply("who is this?", 5)]) == 0


def test_a_reply_that_says_less_in_the_same_words_counts_as_well(sender: User) -> None:
    ingest.ingest_replies("a", [reply("please remove me", 0), reply("remove me", 10), reply("START", 5)])
    assert undecided() == ["please remove me"], "the START came before the second one"
    manual.end(OptOut.objects.get(), user=sender)
    assert ingest.ingest_replies("a", [reply("remove me", 10)]) == 0


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize(("account", "own_number"), [("a", "+18885550100"), ("b", LOCAL)])
def test_a_start_to_another_number_takes_back_no_wish(
    sender: User, decided: bool, account: str, own_number: str
) -> None:
    """ "Continue" may answer a question from another number."""
    ingest.ingest_replies("a", [reply("take me off your list")])
    if decided:
        manual.confirm(OptOut.objects.get(), user=sender)
    ingest.ingest_replies(account, [replace(reply("continue", 5), to=own_number)])
    assert blocked() == [ANN]
    ingest.ingest_replies("a", [reply("START", 6)])
    assert blocked() == []


def test_a_start_takes_back_no_entry_of_staff(sender: User) -> None:
    ingest.ingest_replies("a", [reply("STOP")])
    manual.add(ANN, note="called us as well", user=sender)
    ingest.ingest_replies("a", [reply("START", 5)])
    assert blocked() == [ANN]


def test_a_late_start_does_not_pass_by_a_newer_wish() -> None:
    ingest.ingest_replies("a", [reply("STOP", 0), reply("take me off your list", 9), reply("START", 5)])
    assert blocked() == [ANN]
    ingest.ingest_replies("a", [reply("START", 12)])
    assert blocked() == []


def test_a_stop_in_other_words_does_not_hide_that_the_provider_blocks_too(sender: User) -> None:
    ingest.ingest_replies("a", [reply("STOP"), reply("Stop!!", 1)])
    assert Consent.objects.blocks().count() == 1
    manual.end(OptOut.objects.get(ended_at__isnull=True), user=sender)
    undated = OptOutRecord(sender=LOCAL, recipient=ANN, opted_out=True)
    assert carrier.only_new("a", [undated]) == [], "the nightly list is no news"


def test_a_hold_that_begins_at_the_same_moment_does_not_swallow_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On PostgreSQL another process may commit between the query and the insert."""
    add = carrier.add

    def behind_another(row: OptOut, account: str, phone: str, *words: Any) -> None:
        fields = {"kind": "pending", "source": "reply", "words": "who is this?", "stated_at": NOON}
        factories.opt_out(phone, simulated=True, **fields)
        add(row, account, phone, *words)

    monkeypatch.setattr(carrier, "add", behind_another)
    ingest.ingest_replies("a", [reply("STOP", 5)])
    assert (blocked(), undecided()) == ([ANN], [])
    assert OptOut.objects.get().kind == OptOut.Kind.OPT_OUT
