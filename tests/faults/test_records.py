"""Found in the carrier's records, next to what looks like it: nothing foreign is adopted, nothing is lost."""

from collections.abc import Callable

import pytest

from campaigns.models import Attempt, Campaign, History, Message
from campaigns.reconciling import decisions
from campaigns.reconciling.decisions import Decision, DecisionResult
from tests.faults.fault_scenario import (
    BATCHES,
    PEOPLE,
    TEXTS,
    Worker,
    assert_delivered,
    assert_right,
    attempt_states,
    launched,
    positions,
    posts,
    struck,
    worker,
)
from tests.simulator.client import Client
from tests.support import factories, scenario

__all__ = ["worker"]
pytestmark = pytest.mark.django_db

either = pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])

SOME_REFUSED = [
    person
    for place in range(BATCHES)
    for person in ((scenario.phone(place), "Ann"), (scenario.ending("9700", place), "Bob"))
]
"""One number in each batch is rejected in the answer, and told of nowhere else."""


def states(campaign: Campaign) -> dict[str, str]:
    return dict(Message.objects.filter(campaign=campaign).values_list("to", "state"))


@positions
def test_f28_rejected_numbers_end_the_same_with_and_without_the_answer(worker: Worker, before: int) -> None:
    answered = launched(SOME_REFUSED)
    worker.turn()
    worker.rest(answered)
    lost = struck(worker, before, people=SOME_REFUSED, fault="drop_after")
    assert attempt_states(lost, before) == ["ambiguous"]
    worker.rest(lost)
    assert attempt_states(lost, before) == ["accepted"]
    for campaign in (answered, lost):
        assert_right(worker.carrier, campaign, SOME_REFUSED)
        assert scenario.counts(campaign) == {"delivered": 3, "rejected": 3}
    assert states(lost) == states(answered)
    assert set(Message.objects.filter(state="rejected").values_list("to", flat=True)) == {
        scenario.ending("9700", place) for place in range(BATCHES)
    }
    assert posts(worker.carrier) == 2 * BATCHES


def send_elsewhere(worker: Worker, texts: dict[str, str]) -> str:
    """Another program hands over a batch from the same number; our ledger knows nothing of it."""
    messages = [{"to": [number], "text": text} for number, text in texts.items()]
    client = Client(worker.carrier.url)
    found: str = client.post("/restapi/v1.0/account/~/a2p-sms/batches", {
        "from": scenario.LOCAL, "messages": messages,
    }).json["id"]  # fmt: skip
    return found


def of_batch(before: int) -> dict[str, str]:
    numbers = [number for number, _ in PEOPLE[before * 2 : before * 2 + 2]]
    return {number: TEXTS[number] for number in numbers}


def same_size_other_people(worker: Worker, before: int) -> str:
    texts = of_batch(before).values()
    return send_elsewhere(worker, {scenario.phone(500 + place): text for place, text in enumerate(texts)})


def same_people_other_text(worker: Worker, before: int) -> str:
    return send_elsewhere(worker, {number: f"{text}!" for number, text in of_batch(before).items()})


def some_of_the_people_and_others(worker: Worker, before: int) -> str:
    mixed = dict(list(of_batch(before).items())[:1]) | {scenario.phone(500): "Hi"}
    return send_elsewhere(worker, mixed)


def first_said(campaign: Campaign) -> list[str]:
    """Verbs of its history that tell of doubt."""
    verbs = ("possible_double", "adopted", "absent", "needs_review")
    return list(
        History.objects.filter(campaign_id=campaign.pk, kind__in=verbs).values_list("kind", flat=True)
    )


def of_carrier(worker: Worker, campaign: Campaign, before: int, decoys: set[str]) -> None:
    """The id that the attempt has is that of the one batch at the carrier that is ours."""
    numbers = set(of_batch(before))
    ours = {
        line["batch_id"]
        for line in worker.carrier.ledger()
        if line["to"] in numbers and line["batch_id"] not in decoys
    }
    adopted = Attempt.objects.filter(batch__campaign=campaign, batch__number=before + 1, state="accepted")
    assert set(adopted.values_list("provider_id", flat=True)) == ours


@either
@positions
def test_f30_batch_of_the_same_size_for_others(worker: Worker, before: int, taken: bool) -> None:
    decoy = same_size_other_people(worker, before)
    campaign = struck(worker, before, fault="drop_after" if taken else "drop_before")
    worker.rest(campaign)
    assert first_said(campaign) == ["adopted" if taken else "absent"]
    of_carrier(worker, campaign, before, {decoy})
    assert_right(worker.carrier, campaign, foreign={decoy})
    assert scenario.counts(campaign) == {"delivered": len(PEOPLE)}


DECOYS = [same_people_other_text, some_of_the_people_and_others]


@pytest.mark.parametrize("decoy", DECOYS, ids=lambda decoy: decoy.__name__)
def test_f30_our_own_batch_is_told_from_one_that_is_like_it(
    worker: Worker, decoy: Callable[[Worker, int], str]
) -> None:
    other = decoy(worker, 1)
    campaign = struck(worker, 1, fault="drop_after")
    worker.rest(campaign)
    assert first_said(campaign) == ["adopted"]
    of_carrier(worker, campaign, 1, {other})
    assert_right(worker.carrier, campaign, foreign={other})


@pytest.mark.parametrize("before", [0, 2], ids=["first", "last"])
@pytest.mark.parametrize("decoy", DECOYS, ids=lambda decoy: decoy.__name__)
def test_f30_what_is_only_like_ours_is_for_a_person(
    worker: Worker, decoy: Callable[[Worker, int], str], before: int
) -> None:
    """A carrier may respell a text, so this is no proof of absence either."""
    other = decoy(worker, before)
    campaign = struck(worker, before, fault="drop_before")
    worker.rest(campaign)
    assert attempt_states(campaign, before) == ["review"]
    assert scenario.counts(campaign) == {"needs_review": 2, "delivered": 4}
    assert_right(worker.carrier, campaign, foreign={other})
    attempt = Attempt.objects.get(state="review")
    assert decisions.decide(attempt, Decision.SEND, user=factories.user("sender")) is DecisionResult.DONE
    worker.rest(campaign)
    assert_right(worker.carrier, campaign, foreign={other})
    assert scenario.counts(campaign) == {"delivered": len(PEOPLE)}


@either
def test_f30_the_same_campaign_sent_before_is_not_mistaken_for_this_one(worker: Worker, taken: bool) -> None:
    """Same people, same texts, same number, an hour ago: but that batch is accounted for."""
    earlier = launched()
    worker.turn()
    worker.rest(earlier)
    assert_delivered(worker.carrier, earlier)
    ids = set(Attempt.objects.values_list("provider_id", flat=True))
    again = struck(worker, 1, fault="drop_after" if taken else "drop_before")
    worker.rest(again)
    assert attempt_states(again, 1) == (["accepted"] if taken else ["absent", "accepted"])
    assert first_said(again) == ["adopted" if taken else "absent"]
    of_carrier(worker, again, 1, ids)
    for campaign in (earlier, again):
        assert_right(worker.carrier, campaign)
    assert len(worker.carrier.ledger()) == 2 * len(PEOPLE)
