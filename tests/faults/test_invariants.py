"""The oracle is not blind: each kind of wrong that it is there for is seen, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.models import Attempt, Batch, Campaign, CampaignRow, Counters, Message
from tests.faults import invariants
from tests.simulator.client import Client
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

PEOPLE = [*scenario.people(5), (scenario.ending("9700"), "Bob")]
TEXTS = {number: f"Hi {name}" for number, name in PEOPLE}
Lines = list[dict[str, Any]]


@pytest.fixture
def sent(carrier: RunningSimulator) -> Campaign:
    campaign = scenario.launched(PEOPLE, size=2)
    scenario.submit_all(campaign)
    return campaign


def test_nothing_is_wrong_with_what_went_well(carrier: RunningSimulator, sent: Campaign) -> None:
    assert invariants.violations(carrier.ledger(), sent, texts=TEXTS) == []
    scenario.poll()
    assert invariants.violations(carrier.ledger(), sent, texts=TEXTS) == []


def test_what_others_send_to_the_same_people_is_not_held_against_it(
    carrier: RunningSimulator, sent: Campaign
) -> None:
    other = scenario.launched(PEOPLE, text="Something else")
    scenario.submit_all(other)
    decoy = Client(carrier.url).send_batch(PEOPLE[0][0], text=TEXTS[PEOPLE[0][0]])["id"]
    for campaign in (sent, other):
        assert invariants.violations(carrier.ledger(), campaign, foreign={decoy}) == []
    assert invariants.violations(carrier.ledger(), other) == []
    (wrong,) = invariants.violations(carrier.ledger(), sent)
    assert "twice in the ledger" in wrong


def again(lines: Lines) -> None:
    lines.append(lines[0] | {"batch_id": "nobody knows it"})


def forgotten(lines: Lines) -> None:
    del lines[-1]


def other_words(lines: Lines) -> None:
    lines[1]["text"] += "!"


def other_number(lines: Lines) -> None:
    lines[1]["from"] = scenario.TOLL_FREE


def other_id(lines: Lines) -> None:
    lines[0]["batch_id"] = "nobody knows it"


def stranger(lines: Lines) -> None:
    lines.append(lines[0] | {"to": scenario.phone(999)})


def refused_and_taken(lines: Lines) -> None:
    lines.append(lines[-1] | {"to": scenario.ending("9700"), "text": "Hi Bob"})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (again, "twice in the ledger"),
        (forgotten, "the ledger has nothing"),
        (other_words, "and not 'Hi Person 1'"),
        (other_number, "from +18885550100"),
        (other_id, "the ledger has ['nobody knows it']"),
        (stranger, "nobody of this campaign"),
        (refused_and_taken, "said to be rejected: the ledger has batch"),
    ],
)
def test_a_ledger_that_says_otherwise_is_seen(
    carrier: RunningSimulator, sent: Campaign, spoil: Callable[[Lines], None], says: str
) -> None:
    lines = carrier.ledger()
    spoil(lines)
    wrong = invariants.violations(lines, sent, texts=TEXTS)
    assert [says in sentence for sentence in wrong] == [True], wrong


def lost_row() -> None:
    CampaignRow.objects.filter(outcome="message").first().delete()  # type: ignore[union-attr]


SPOILED = [
    (lambda: Counters.objects.update(with_carrier=4, delivered=1), "counted one by one"),
    (lambda: Message.objects.filter(to=PEOPLE[0][0]).update(text="Hi"), "the frozen text is 'Hi'"),
    (lambda: Message.objects.filter(to=PEOPLE[0][0]).delete(), "though it should get"),
    (lost_row, "were frozen"),
    (lambda: Batch.objects.filter(number=1).update(state="queued"), "said to be queued: the ledger has"),
    (lambda: Batch.objects.filter(number=1).update(state="in_doubt"), "nobody may be in doubt any more"),
    (lambda: Batch.objects.filter(number=1).update(state="empty"), "no state that a page shows"),
    (lambda: Attempt.objects.filter(batch__number=1).delete(), "its live attempts are []"),
    (lambda: Attempt.objects.filter(batch__number=1).update(state="sending"), "is still sending"),
    (lambda: Attempt.objects.filter(batch__number=1).update(provider_id="x"), "its attempt ['x']"),
    (lambda: Campaign.objects.update(state="sending"), "the campaign is still sending"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILED, ids=[says for _, says in SPOILED])
def test_a_claim_that_is_not_true_is_seen(
    carrier: RunningSimulator, sent: Campaign, spoil: Callable[[], object], says: str
) -> None:
    spoil()
    wrong = invariants.violations(carrier.ledger(), sent, texts=TEXTS)
    assert any(says in sentence for sentence in wrong), wrong


def test_on_the_way_what_is_open_is_no_fault_and_a_second_text_is(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(PEOPLE, size=2)
    carrier.faults({"method": "POST", "path": "/a2p-sms/batches", "nth": 2, "fault": "drop_after"})
    scenario.submit_all(campaign)
    lines = carrier.ledger()
    assert invariants.violations(lines, campaign, texts=TEXTS, at_rest=False) == []
    assert len(invariants.violations(lines, campaign, texts=TEXTS)) >= 2
    lines.append(lines[-1])
    (wrong,) = invariants.violations(lines, campaign, at_rest=False)
    assert "in_doubt: twice" in wrong


def test_who_waits_in_a_campaign_that_is_done_is_forgotten(carrier: RunningSimulator, sent: Campaign) -> None:
    late = Campaign.objects.get()
    Batch.objects.filter(number=3).update(state="queued", provider_id="")
    Attempt.objects.filter(batch__number=3).update(state="absent", provider_id="")
    wrong = invariants.violations([line for line in carrier.ledger() if line["to"] != PEOPLE[4][0]], late)
    assert any("wait for ever" in sentence for sentence in wrong), wrong
