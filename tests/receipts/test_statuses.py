"""Statuses of messages move forward only, whatever comes late, twice or in another order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from campaigns.models import Batch, Campaign, Counters, Message
from campaigns.providers.types import (
    BatchState,
    BatchStatus,
    Direction,
    MessageStatus,
    RemoteMessage,
    StatusTotal,
    StatusTotals,
)
from campaigns.receipts import statuses
from tests.support import factories

pytestmark = pytest.mark.django_db

PEOPLE = 6
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORDS = ["Queued", "Sent", "Delivered", "SendingFailed", "DeliveryFailed", "Read", ""]


def accepted(people: int = PEOPLE) -> Batch:
    """An accepted batch with this many messages."""
    contacts = factories.contact_list(people=people)
    campaign = factories.campaign(contacts, state=Campaign.State.DELIVERING)
    batch = Batch.objects.create(
        campaign=campaign, number=1, size=people, sender=campaign.sender, state=Batch.State.ACCEPTED,
        account="a", provider_id="1", provider_size=people, accepted_at=timezone.now(),
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(campaign=campaign, batch=batch, import_row=row, to=row.phone, text="Hi", segments=1)
        for row in contacts.imports.get().rows.order_by("id")
    )
    Counters.objects.filter(campaign=campaign).update(rows=people, with_carrier=people)
    return batch


@pytest.fixture
def batch() -> Batch:
    return accepted()


def remote(person: int, status: str, **fields: Any) -> RemoteMessage:
    known: dict[str, Any] = {
        "provider_id": f"m{person}", "batch_id": "1", "sender": "+16505550100", "to": factories.phone(person),
        "direction": Direction.OUTBOUND, "status": MessageStatus(status), "error_code": "",
        "segments": 1, "cost": Decimal("0.007"), "text": "", "created_at": NOW, "modified_at": NOW,
    }  # fmt: skip
    return RemoteMessage(**(known | fields))


def message(person: int) -> Message:
    return Message.objects.get(to=factories.phone(person))


def assert_counters(batch: Batch) -> None:
    reported = Counters.objects.get(campaign=batch.campaign)
    words = {
        "with_carrier": "waiting",
        "sent": "sent",
        "delivered": "delivered",
        "not_delivered": "not_delivered",
    }
    for state, word in words.items():
        assert getattr(reported, state) == Message.objects.filter(state=word).count(), state
    assert reported.balanced


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["Queued"], "waiting"),
        (["Queued", "Sent", "Delivered"], "delivered"),
        (["Sent", "DeliveryFailed"], "not_delivered"),
        (["SendingFailed"], "not_delivered"),
        (["Delivered", "Sent"], "delivered"),  # a late page
        (["Delivered", "Queued"], "delivered"),
        (["Sent", "Sent", "Sent"], "sent"),
        (["Delivered", "DeliveryFailed"], "delivered"),  # the first final word stands
        (["DeliveryFailed", "Delivered"], "not_delivered"),
        (["Sent", "Teleported", "Delivered"], "delivered"),  # a word that nobody knows
        (["Teleported"], "waiting"),
        ([""], "waiting"),
    ],
)
def test_states_move_forward_only(batch: Batch, words: list[str], state: str) -> None:
    for word in words:
        statuses.apply_messages(batch, [remote(0, word)])
    assert message(0).state == state
    assert_counters(batch)


def test_everything_that_is_told_is_kept(batch: Batch) -> None:
    later = NOW + timedelta(minutes=5)
    reported = {"error_code": "SMS-UP-430", "segments": 3, "cost": Decimal("0.021"), "modified_at": later}
    failed = remote(1, "DeliveryFailed", **reported)
    assert statuses.apply_messages(batch, [remote(0, "Queued"), failed]) == 2
    stored = message(1)
    assert (stored.provider_id, stored.error_code, stored.billed_segments) == ("m1", "SMS-UP-430", 3)
    assert (stored.cost, stored.changed_at) == (Decimal("0.021"), later)
    assert message(0).provider_id == "m0"


def test_the_same_page_twice_changes_nothing(batch: Batch) -> None:
    page = [remote(person, word) for person, word in enumerate(WORDS[:5])]
    assert statuses.apply_messages(batch, page) == 5
    before = list(Message.objects.order_by("id").values())
    assert statuses.apply_messages(batch, page) == 0
    assert list(Message.objects.order_by("id").values()) == before
    assert_counters(batch)


def test_a_late_page_takes_nothing_away(batch: Batch) -> None:
    """A page without the cost arrives after the page with it."""
    statuses.apply_messages(batch, [remote(0, "Sent", modified_at=NOW + timedelta(seconds=9))])
    statuses.apply_messages(batch, [remote(0, "Sent", cost=None, segments=None, modified_at=NOW)])
    stored = message(0)
    assert (stored.cost, stored.billed_segments) == (Decimal("0.007"), 1)
    assert stored.changed_at == NOW + timedelta(seconds=9)


def test_what_is_missing_in_a_later_page_is_kept(batch: Batch) -> None:
    statuses.apply_messages(batch, [remote(0, "Sent")])
    later = NOW + timedelta(seconds=9)
    statuses.apply_messages(batch, [remote(0, "Delivered", cost=None, segments=None, modified_at=later)])
    stored = message(0)
    assert (stored.state, stored.cost, stored.billed_segments) == ("delivered", Decimal("0.007"), 1)


def test_a_message_is_adopted_once(batch: Batch) -> None:
    """The carrier has two messages to one person: the second does not replace the first."""
    statuses.apply_messages(batch, [remote(0, "Sent")])
    statuses.apply_messages(batch, [remote(0, "Delivered", provider_id="another")])
    assert (message(0).state, message(0).provider_id) == ("sent", "m0")


@pytest.mark.parametrize(
    "stranger", [{"to": "+12125559999"}, {"to": ""}, {"direction": Direction.INBOUND}], ids=str
)
def test_what_is_not_ours_changes_nothing(batch: Batch, stranger: dict[str, str]) -> None:
    assert statuses.apply_messages(batch, [remote(0, "Delivered", **stranger)]) == 0
    assert statuses.apply_messages(batch, []) == 0
    assert_counters(batch)


@pytest.mark.parametrize("settled", ["rejected", "excluded"])
def test_who_was_rejected_or_left_out_stays_so(batch: Batch, settled: str) -> None:
    Message.objects.filter(to=factories.phone(0)).update(state=settled)
    Counters.objects.update(with_carrier=PEOPLE - 1, **{settled: 1})
    assert statuses.apply_messages(batch, [remote(0, "Delivered")]) == 0
    assert message(0).state == settled


def test_messages_of_another_campaign_are_left_alone(batch: Batch) -> None:
    other = factories.campaign(batch.campaign.contact_list, state=Campaign.State.DELIVERING)
    second = Batch.objects.create(campaign=other, number=1, size=1, sender=other.sender, state="with_carrier")
    row = message(0).import_row
    same_person = Message.objects.create(
        campaign=other, batch=second, import_row=row, to=row.phone, text="x", segments=1
    )
    statuses.apply_messages(batch, [remote(0, "Delivered")])
    same_person.refresh_from_db()
    assert same_person.state == "waiting"


def test_a_page_of_two_thousand() -> None:
    batch = accepted(30)
    page = [remote(person, "Delivered") for person in range(30)]
    strangers = [remote(0, "Sent", to=f"+1212555{number:04}") for number in range(1970)]
    assert statuses.apply_messages(batch, strangers + page) == 30
    assert_counters(batch)


history = st.lists(
    st.lists(st.tuples(st.integers(0, PEOPLE), st.sampled_from(WORDS)), max_size=8), min_size=1, max_size=12
)


@settings_of(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=history)
def test_after_any_history_the_counters_are_a_recount(
    batch: Batch, pages: list[list[tuple[int, str]]]
) -> None:
    """Pages also name other people. Each state is the furthest reported, the first among equals."""
    Message.objects.update(state="waiting", provider_id="", error_code="", cost=None, changed_at=None)
    Counters.objects.update(with_carrier=PEOPLE, sent=0, delivered=0, not_delivered=0)
    expected = dict.fromkeys(range(PEOPLE), "waiting")
    rank = {"waiting": 0, "sent": 1, "delivered": 2, "not_delivered": 2}
    for page in pages:
        statuses.apply_messages(batch, [remote(person, word) for person, word in page])
        for person, word in dict(page).items():
            new = statuses.MEANING.get(MessageStatus(word))
            if person in expected and new is not None and rank[new] > rank[expected[person]]:
                expected[person] = new
    assert {person: message(person).state for person in range(PEOPLE)} == expected
    assert_counters(batch)


# --- Batches and totals -----------------------------------------------------------------------------------


def described(**fields: Any) -> BatchState:
    known: dict[str, Any] = {
        "provider_id": "1", "sender": "+16505550100", "batch_size": PEOPLE, "processed_count": 3,
        "status": BatchStatus.PROCESSING, "created_at": NOW, "modified_at": NOW, "cost": Decimal("0.021"),
    }  # fmt: skip
    return BatchState(**(known | fields))


def test_a_batch_is_described_as_the_carrier_does(batch: Batch) -> None:
    statuses.apply_batch(batch, described(), NOW)
    batch.refresh_from_db()
    assert (batch.provider_status, batch.processed_count, batch.cost) == ("Processing", 3, Decimal("0.021"))
    assert (batch.polled_at, batch.completed_at) == (NOW, None)


def test_a_counter_never_goes_back_and_what_is_known_is_kept(batch: Batch) -> None:
    statuses.apply_batch(batch, described(status=BatchStatus.COMPLETED, processed_count=6), NOW)
    late = described(processed_count=2, cost=None, batch_size=0)
    statuses.apply_batch(batch, late, NOW + timedelta(minutes=1))
    batch.refresh_from_db()
    assert (batch.processed_count, batch.provider_size, batch.cost) == (6, PEOPLE, Decimal("0.021"))
    assert batch.completed_at == NOW


def test_an_older_answer_takes_nothing_from_what_another_process_learned(batch: Batch) -> None:
    poller = Batch.objects.get(pk=batch.pk)  # as it was before the call that it waits for
    statuses.apply_batch(batch, described(status=BatchStatus.COMPLETED, processed_count=6), NOW)
    statuses.apply_batch(poller, described(processed_count=4), NOW + timedelta(seconds=1))
    batch.refresh_from_db()
    assert (batch.provider_status, batch.processed_count, batch.completed_at) == ("Completed", 6, NOW)
    assert (poller.provider_status, poller.completed_at) == ("Completed", NOW)


def test_a_long_status_word_is_no_trouble(batch: Batch) -> None:
    statuses.apply_batch(
        batch, described(status=BatchStatus.UNKNOWN, unknown_status="WaitingForNobodyKnowsWhat"), NOW
    )
    batch.refresh_from_db()
    assert batch.provider_status.startswith("Waiting")


def totals(queued: int = 0, sent: int = 0, delivered: int = 0, failed: int = 0) -> StatusTotals:
    return StatusTotals(
        queued=StatusTotal(queued), sent=StatusTotal(sent, Decimal("0.1")), delivered=StatusTotal(delivered),
        sending_failed=StatusTotal(), delivery_failed=StatusTotal(failed, error_codes={"SMS-UP-430": failed}),
    )  # fmt: skip


def test_totals_are_kept_with_money_as_text(batch: Batch) -> None:
    statuses.apply_totals(batch, totals(sent=2, failed=1))
    batch.refresh_from_db()
    assert batch.totals["sent"] == {"count": 2, "cost": "0.1", "error_codes": {}}
    assert batch.totals["delivery_failed"]["error_codes"] == {"SMS-UP-430": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (totals(queued=2), totals(queued=1, sent=1)),
        (totals(sent=2), totals(sent=1, delivered=1)),
        (totals(sent=1, delivered=1), totals(delivered=2)),
        (totals(sent=1), totals(failed=1)),
    ],
)
def test_every_step_of_a_message_is_noticed(before: StatusTotals, after: StatusTotals) -> None:
    assert statuses.progress_mark(after) > statuses.progress_mark(before)


@pytest.mark.parametrize(
    ("totals", "size", "final"),
    [
        (totals(delivered=6), 6, True),
        (totals(delivered=5, failed=1), 6, True),
        (totals(delivered=5, sent=1), 6, False),
        (totals(delivered=5), 6, False),  # the carrier's count lags behind
        (totals(), 0, False),
        (totals(), 6, False),
    ],
)
def test_when_nothing_more_can_change(totals: StatusTotals, size: int, final: bool) -> None:
    assert statuses.all_final(totals, size) is final


LONG_AGO = NOW - timedelta(hours=10)


@pytest.mark.parametrize(
    ("known", "final", "seconds"),
    [
        ({}, True, None),
        ({"accepted_at": NOW - timedelta(seconds=5)}, False, 4),
        ({}, False, 8),
        ({"completed_at": NOW - timedelta(seconds=2)}, False, 4),
        ({"completed_at": NOW - timedelta(minutes=4)}, False, 60),
        ({"completed_at": LONG_AGO}, False, 1800),
        ({"completed_at": LONG_AGO, "accepted_at": NOW - timedelta(hours=73)}, False, None),
        ({"accepted_at": NOW - timedelta(hours=100)}, False, 8),  # still being sent
    ],
)
def test_when_to_look_again(known: dict[str, datetime], final: bool, seconds: float | None) -> None:
    batch = Batch(**({"accepted_at": NOW - timedelta(minutes=5)} | known))
    when = statuses.next_poll(batch, final=final, now=NOW)
    assert when == (None if seconds is None else NOW + timedelta(seconds=seconds))
