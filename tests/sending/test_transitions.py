"""Every event meets an attempt in every state: a listed one does this, any other changes nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, History
from campaigns.reconciling import orphans
from campaigns.sending import attempts, transitions
from campaigns.sending.transitions import AttemptEvent
from tests.sending.situations import (
    EVENTS,
    PEOPLE,
    WHERE_ITS_BATCH_IS,
    as_prepared,
    everything,
    listed,
    prepare,
    situation,
    without_dates,
)
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

LIVE = ("sending", "ambiguous", "reconciling", "review")
TAKEN = ("accepted", "with_carrier")
LISTED: dict[str, dict[str, tuple[str, str]]] = {
    "marked": {"prepared": ("sending", "submitting")},
    "not_sent": dict.fromkeys(("prepared", *LIVE), ("not_sent", "queued")),
    "refused": {"prepared": ("not_sent", "queued")} | dict.fromkeys(LIVE, ("rejected", "queued")),
    "accepted": dict.fromkeys((*LIVE, "absent"), TAKEN),
    "answer_in_journal": dict.fromkeys(LIVE, TAKEN),
    "answer_lost": {"sending": ("ambiguous", "in_doubt")},
    "owner_died": {"prepared": ("not_sent", "queued"), "sending": ("ambiguous", "in_doubt")},
    "lookup_begun": {"ambiguous": ("reconciling", "in_doubt")},
    "found": dict.fromkeys(("ambiguous", "reconciling", "review", "absent"), TAKEN),
    "absent": dict.fromkeys(("ambiguous", "reconciling"), ("absent", "queued")),
    "unproved": dict.fromkeys(("ambiguous", "reconciling"), ("review", "needs_review")),
    "person_sends": {"review": ("absent", "queued")},
    "person_marks_sent": {"review": ("marked_sent", "marked_sent")},
}
"""By event and state before: the attempt's state after it, and where its people are then."""
WRITTEN: dict[tuple[str, str], list[str]] = {
    ("answer_in_journal", "accepted"): ["adopted_from_journal"],
    ("answer_lost", "ambiguous"): ["answer_lost"],
    ("owner_died", "ambiguous"): ["answer_lost"],
    ("found", "accepted"): ["adopted"],
    ("absent", "absent"): ["absent"],
    ("unproved", "review"): ["needs_review"],
    ("person_sends", "absent"): ["review_send"],
    ("person_marks_sent", "marked_sent"): ["review_marked_sent"],
}
"""What the history says, by event and state after it; nothing of what happens with every batch."""
ENDS = {"not_sent", "refused", "accepted", "answer_in_journal", "answer_lost", "owner_died"}
"""Events that end the request."""
LOOKED_FOR_AFTER = {"ambiguous": 2.0, "review": 300.0, "absent": 300.0}  # seconds
RETURNS = {"not_sent": "sending", "refused": "sending", "absent": "reconciling", "person_sends": "review"}
"""Events after which people wait again, and a state in which they come."""
ANSWERS = ("accepted", "answer_in_journal")


def pairs(*, listed: bool) -> list[tuple[str, str]]:
    every = [(str(event), state) for event in EVENTS for state in WHERE_ITS_BATCH_IS]
    return [(event, state) for event, state in every if (state in LISTED[event]) == listed]


def check_listed(event: str, state: str) -> None:
    attempt = situation(state)
    sending_at, ended_at, look_at = attempt.sending_at, attempt.ended_at, attempt.next_lookup_at
    after, where = LISTED[event][state]
    start = timezone.now()
    EVENTS[event](attempt)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.batch.state) == (after, where)
    assert scenario.counts(attempt.batch.campaign) == {where: PEOPLE}
    assert list(History.objects.values_list("kind", flat=True)) == WRITTEN.get((event, after), [])
    assert (attempt.ended_at != ended_at) == (event in ENDS)
    assert (sending_at is None and attempt.sending_at is not None) == (event == "marked")
    if seconds := LOOKED_FOR_AFTER.get(after):
        assert attempt.next_lookup_at is not None
        assert seconds <= (attempt.next_lookup_at - start).total_seconds() < seconds + 60
    else:
        assert attempt.next_lookup_at == (look_at if after == "reconciling" else None)


def check_unlisted(event: str, state: str) -> None:
    attempt = situation(state)
    before = without_dates(everything())
    EVENTS[event](attempt)
    after = without_dates(everything())
    if event in ANSWERS:
        alarms = [row["kind"] for row in after.pop("History")]
        assert alarms == ["possible_double"], "the provider has taken what nobody counts as taken"
        assert before.pop("History") == []
    assert after == before


@pytest.mark.parametrize(("event", "state"), pairs(listed=True))
def test_a_listed_event_does_exactly_this(event: str, state: str) -> None:
    check_listed(event, state)


@pytest.mark.parametrize(("event", "state"), pairs(listed=False))
def test_any_other_changes_nothing_at_all(event: str, state: str) -> None:
    check_unlisted(event, state)


def test_the_table_lists_these_and_no_others() -> None:
    rows = [(one.event, state) for one in transitions.TRANSITIONS for state in one.before]
    assert sorted(rows) == sorted(pairs(listed=True))
    beginnings = [one.event for one in transitions.BEGINNINGS]
    assert sorted([*EVENTS, *beginnings]) == sorted(AttemptEvent)


@pytest.mark.parametrize("state", Attempt.DEAD)
def test_after_a_dead_attempt_a_new_one_is_prepared(state: str) -> None:
    old = situation(state)
    before = everything()
    prepare(old)
    after = everything()
    assert [row["state"] for row in after.pop("Attempt")] == [state, "prepared"]
    assert before.pop("Attempt")[0] == Attempt.objects.filter(pk=old.pk).values().get()
    assert after == before


@pytest.mark.parametrize("state", [state for state in WHERE_ITS_BATCH_IS if state not in Attempt.DEAD])
def test_beside_a_live_attempt_none_is_prepared(state: str) -> None:
    attempt = situation(state, "queued")
    before = everything()
    with pytest.raises(IntegrityError), transaction.atomic():
        prepare(attempt)
    assert everything() == before


@pytest.mark.parametrize("event", RETURNS)
@pytest.mark.parametrize(
    ("campaign_state", "where"), [("sending", "queued"), ("held", "held"), ("delivering", "cancelled")]
)
def test_who_comes_back_is_where_the_campaign_is(event: str, campaign_state: str, where: str) -> None:
    attempt = situation(RETURNS[event])
    Campaign.objects.update(**factories.in_state(campaign_state))
    EVENTS[event](attempt)
    attempt.batch.refresh_from_db()
    assert attempt.batch.state == where
    assert scenario.counts(attempt.batch.campaign) == {where: PEOPLE}


@pytest.mark.parametrize("event", ["not_sent", "refused", "owner_died"])
@pytest.mark.parametrize(("campaign_state", "where"), [("held", "held"), ("delivering", "cancelled")])
def test_of_an_attempt_that_was_only_prepared_the_batch_stays_where_it_is(
    event: str, campaign_state: str, where: str
) -> None:
    """It was held or cancelled with the others already."""
    attempt = situation("prepared", where)
    Campaign.objects.update(**factories.in_state(campaign_state))
    EVENTS[event](attempt)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.batch.state) == ("not_sent", where)
    assert scenario.counts(attempt.batch.campaign) == {where: PEOPLE}


@pytest.mark.parametrize("state", ["ambiguous", "reconciling"])
def test_absent_in_a_campaign_that_always_asks_is_for_a_person(state: str) -> None:
    attempt = situation(state, on_not_found=Campaign.OnNotFound.REVIEW)
    EVENTS["absent"](attempt)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.batch.state) == ("review", "needs_review")
    assert scenario.counts(attempt.batch.campaign) == {"needs_review": PEOPLE}


@pytest.mark.parametrize("event", ["accepted", "found"])
@pytest.mark.parametrize("where", ["held", "queued"])
def test_an_absent_one_that_waits_is_taken_after_all(event: str, where: str) -> None:
    attempt = situation("absent", where)
    EVENTS[event](attempt)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.batch.state) == ("accepted", "with_carrier")
    assert scenario.counts(attempt.batch.campaign) == {"with_carrier": PEOPLE}


@pytest.mark.parametrize("event", ["accepted", "found"])
@pytest.mark.parametrize("what", ["cancelled", "prepared again"])
def test_an_absent_one_that_does_not_wait_any_more_stays_absent(event: str, what: str) -> None:
    attempt = situation("absent", "queued" if what == "prepared again" else what)
    if what == "prepared again":
        prepare(attempt)
    before = everything((Attempt, Batch))
    EVENTS[event](attempt)
    assert everything((Attempt, Batch)) == before


def test_an_answer_for_others_than_those_who_wait_changes_nothing() -> None:
    """Somebody of an absent batch opted out, so it is not the batch of the answer any more."""
    attempt = situation("absent")
    prepared = as_prepared(attempt)
    attempts.exclude(attempt.batch.campaign_id, {prepared.message_ids[0]: "opted_out"})
    before = everything((Attempt, Batch))
    attempts.accept(prepared, listed(), "an account")
    assert everything((Attempt, Batch)) == before


def test_only_its_owner_marks_an_attempt() -> None:
    attempt = situation("prepared")
    Attempt.objects.update(owner="another host:1:1")
    before = everything()
    EVENTS["marked"](attempt)
    assert everything() == before


@pytest.mark.parametrize("state", ["prepared", "sending"])
@pytest.mark.parametrize("now", ["accepted", "not_sent", "review"])
def test_an_attempt_that_was_settled_meanwhile_is_no_orphan(state: str, now: str) -> None:
    """It was read before its owner, whose answer came after all, settled it."""
    attempt = situation(state)
    long_ago = timezone.now() - attempts.LEASE - timedelta(seconds=1)
    attempt.owner, attempt.prepared_at, attempt.sending_at = "another host:1:1", long_ago, long_ago
    Attempt.objects.update(state=now, provider_id="1" if now == "accepted" else "", sending_at=long_ago)
    before = everything()
    assert not orphans.settle(attempt)
    assert everything() == before
