"""Each cell of the table of transitions is held by a test: spoiled alone, it turns one red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from campaigns.models import Attempt, Batch, Campaign, History, RowState
from campaigns.runtime.bulk_sql import relaxed_durability
from campaigns.sending import transitions
from campaigns.sending.transitions import BEGINNINGS, TRANSITIONS, AttemptEvent, Transition
from tests.sending.situations import ACCOUNT, EVENTS, everything, situation, without_dates
from tests.sending.test_transitions import check_listed, check_unlisted
from tests.support import scenario

State = Attempt.State
Spoil = Callable[[Transition], Transition | None]


def other_after(row: Transition) -> Transition:
    return replace(row, after=State.ABSENT if row.after == State.MARKED_SENT else State.MARKED_SENT)


def other_people(row: Transition) -> Transition:
    cancelled = transitions.in_state(RowState.CANCELLED)
    return replace(row, people=cancelled if row.people is transitions.stays else transitions.stays)


SPOILED: dict[str, Spoil] = {
    "gone": lambda row: None,
    "after": other_after,
    "people": other_people,
    "stamps": lambda row: replace(row, stamps="" if row.stamps else "ended_at"),
    "history": lambda row: replace(row, history=None if row.history else History.Kind.LAUNCHED),
}


def held(check: Callable[[str, str], None], event: str, state: str) -> bool:
    """Whether the check fails. Leaves nothing behind."""
    try:
        with transaction.atomic():
            check(event, state)
            transaction.set_rollback(True)
    except (AssertionError, DatabaseError):
        return True
    return False


def with_row(monkeypatch: pytest.MonkeyPatch, number: int, row: Transition | None) -> None:
    table = [*TRANSITIONS[:number], *([row] if row else []), *TRANSITIONS[number + 1 :]]
    monkeypatch.setattr(transitions, "TRANSITIONS", table)


@pytest.mark.django_db
@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("number", range(len(TRANSITIONS)))
def test_a_spoiled_cell_is_seen(monkeypatch: pytest.MonkeyPatch, number: int, what: str) -> None:
    row = TRANSITIONS[number]
    assert not held(check_listed, row.event, row.before[0])
    with_row(monkeypatch, number, SPOILED[what](row))
    assert held(check_listed, row.event, row.before[0])


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(len(TRANSITIONS)))
def test_an_event_that_comes_in_one_state_too_many_is_seen(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    row = TRANSITIONS[number]
    with_row(monkeypatch, number, replace(row, before=(*row.before, State.REJECTED)))
    assert held(check_unlisted, row.event, State.REJECTED)


def locked(attempt: Attempt) -> Campaign:
    return Campaign.objects.locked(attempt.batch.campaign_id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.event}-{row.before[0]}")
def test_a_transition_outlives_a_power_cut(row: Transition) -> None:
    attempt = situation(row.before[0])
    before = without_dates(everything())
    with pytest.raises(transaction.TransactionManagementError, match="power cut"), relaxed_durability():
        EVENTS[row.event](attempt)
    assert without_dates(everything()) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", BEGINNINGS, ids=lambda row: row.event)
def test_preparing_alone_need_not_outlive_it(row: Transition) -> None:
    batch = situation("not_sent").batch
    relaxed = row.event == AttemptEvent.PREPARED
    with relaxed_durability(), transaction.atomic():
        campaign = Campaign.objects.locked(batch.campaign_id)
        if relaxed:
            transitions.begin(row.event, batch, campaign, size=2, account=ACCOUNT)
        else:
            with pytest.raises(transaction.TransactionManagementError, match="power cut"):
                transitions.begin(row.event, batch, campaign, size=2, account=ACCOUNT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lock", ["none", "another transaction", "no transaction"])
def test_nothing_moves_without_the_campaign_s_lock(lock: str) -> None:
    attempt = situation("sending")
    before = everything()

    def refused(campaign: Campaign) -> None:
        with pytest.raises(transaction.TransactionManagementError, match="not locked"):
            transitions.apply(AttemptEvent.ANSWER_LOST, attempt.pk, campaign)

    campaign = attempt.batch.campaign
    if lock != "none":
        with transaction.atomic():
            campaign = locked(attempt)
    if lock == "no transaction":
        refused(campaign)
    else:
        with transaction.atomic():
            refused(campaign)
    assert everything() == before


BEGUN: dict[str, tuple[str, str, list[str]]] = {
    "prepared": ("prepared", "queued", []),
    "restored_found": ("review", "needs_review", []),
    "restored_lost": ("ambiguous", "in_doubt", ["answer_lost"]),
    "restored_unclear": ("review", "needs_review", ["answer_lost"]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("row", BEGINNINGS, ids=lambda row: row.event)
def test_a_new_attempt_begins_as_listed(row: Transition) -> None:
    batch = situation("not_sent").batch
    state, where, written = BEGUN[row.event]
    fields: dict[str, Any] = {"account": ACCOUNT, "sending_at": batch.campaign.launched_at}
    if row.stamps != "prepared_at":
        fields["prepared_at"] = batch.campaign.launched_at
    with transaction.atomic():
        made = transitions.begin(row.event, batch, locked(batch.attempts.get()), size=2, **fields)
    made.refresh_from_db()
    assert (made.state, Batch.objects.get().state) == (state, where)
    assert scenario.counts(batch.campaign) == {where: 2}
    assert list(History.objects.values_list("kind", flat=True)) == written
    assert (made.ended_at is None) == (state == "prepared")


@pytest.mark.django_db
def test_what_was_settled_between_the_look_and_the_write_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock rules it out; the write compares nevertheless."""
    attempt = situation("sending")
    decide = transitions.decide

    def settled_meanwhile(event: AttemptEvent, facts: transitions.Facts) -> Transition | None:
        Attempt.objects.filter(pk=attempt.pk).update(state=State.REJECTED)
        return decide(event, facts)

    monkeypatch.setattr(transitions, "decide", settled_meanwhile)
    before = everything((Batch, History))
    assert transitions.apply(AttemptEvent.ANSWER_LOST, attempt.pk, locked(attempt)) is None
    assert everything((Batch, History)) == before
    assert Attempt.objects.get().state == State.REJECTED
