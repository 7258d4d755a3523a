"""The provider store is synced by itself: texts of other programs, replies, through outages."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from campaigns.accounts import registry
from campaigns.models import Lease, Message, ProviderBatch, ProviderMessage, SyncState, SyncWindow
from campaigns.opt_outs import ingest
from campaigns.providers.types import OutgoingText
from campaigns.receipts import store_sync, tasks
from campaigns.worker import schedule
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _known(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()


def another_program_sends(to: Sequence[str], text: str = "From elsewhere") -> str:
    """Submits a batch that no campaign has. Returns its id."""
    texts = [OutgoingText(phone, text) for phone in to]
    return (
        registry.default()
        .provider.submit(scenario.TOLL_FREE, texts, before_first_byte=lambda: None)
        .provider_id
    )


def phones(count: int) -> list[str]:
    return [f"+1{312 + number // 7000}555{1000 + number % 7000:04}" for number in range(count)]


def read_all() -> int:
    """Syncs every five minutes until no window is left. Returns how often."""
    for turn in range(50):
        with time_machine.travel(timezone.now() + timedelta(minutes=5 * turn)):
            store_sync.sync(registry.default(), ingest.ingest_replies)
        if not SyncWindow.objects.exists():
            return turn + 1
    pytest.fail("It never came to an end.")


def test_sees_foreign_batches_and_what_people_write(carrier: RunningSimulator) -> None:
    sent = another_program_sends([*phones(2), scenario.ending("9911")])
    carrier.inbound("+13125550123", scenario.LOCAL, "Is it open on Sunday?")
    assert store_sync.sync(registry.default(), ingest.ingest_replies) >= 2
    made = ProviderBatch.objects.get()
    assert (made.provider_id, made.sender, made.size, made.status) == (
        sent,
        scenario.TOLL_FREE,
        3,
        "Completed",
    )
    assert {state: part["count"] for state, part in made.totals.items()} == {
        "delivered": 2,
        "not_delivered": 1,
    }
    assert set(made.messages.values_list("text", flat=True)) == {"From elsewhere"}
    came_in = ProviderMessage.objects.get(inbound=True)
    assert (came_in.other_number, came_in.own_number) == ("+13125550123", scenario.LOCAL)
    assert (came_in.text, came_in.batch) == ("Is it open on Sunday?", None)


def test_fresh_and_far_back() -> None:
    assert store_sync.freshness().read_at is None
    read_all()
    fresh = store_sync.freshness()
    assert fresh.read_at is not None
    assert timezone.now() - fresh.read_at < timedelta(minutes=1)
    assert not fresh.catching_up
    assert fresh.synced_back_to is not None
    assert fresh.read_at - fresh.synced_back_to == store_sync.FIRST_REACH


def test_ours_move_their_campaign_too(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    read_all()
    assert scenario.counts(campaign) == {"delivered": 3}
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}
    assert set(ProviderMessage.objects.values_list("text", flat=True)) == {""}, (
        "the text stands with the campaign"
    )
    scenario.assert_adds_up(campaign)


def test_few_pages_a_turn_and_nothing_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_sync, "MAX_PAGES", 1)
    monkeypatch.setattr(store_sync, "PAGES_FOR_OLDER", 1)
    people = phones(6000)
    for start in range(0, 6000, 1500):
        another_program_sends(people[start : start + 1500])
    store_sync.sync(registry.default(), ingest.ingest_replies)
    seen = ProviderMessage.objects.count()
    assert 1000 <= seen < 6000
    assert store_sync.freshness().read_at is None, "the newest are not all there yet"
    assert read_all() > 1
    assert ProviderMessage.objects.count() == 6000
    assert ProviderMessage.objects.values("other_number").distinct().count() == 6000


def test_a_batch_longer_than_a_turn_is_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its texts have one creation time, so a window cannot shrink among them."""
    monkeypatch.setattr(store_sync, "MAX_PAGES", 1)
    monkeypatch.setattr(store_sync, "PAGES_FOR_OLDER", 1)
    another_program_sends(phones(3500))
    another_program_sends(["+13135551000"])
    read_all()
    assert ProviderMessage.objects.count() == 3501


def test_an_outage_loses_nothing(carrier: RunningSimulator) -> None:
    read_all()
    another_program_sends(phones(3))
    carrier.faults({"path": "/a2p-sms/messages", "fault": "status", "status": 503})
    before = store_sync.freshness().read_at
    for _ in range(3):
        assert store_sync.sync(registry.default(), ingest.ingest_replies) == 0
    assert SyncWindow.objects.count() == 1, "it grows, and gets no company"
    assert store_sync.freshness().read_at == before
    carrier.faults()
    read_all()
    assert ProviderMessage.objects.count() == 3


@pytest.fixture
def waiting(carrier: RunningSimulator) -> RunningSimulator:
    """A text was sent and read; its receipt comes three hours later."""
    carrier.options(speed=1)
    another_program_sends([scenario.ending("9702")])
    carrier.advance(10)
    read_all()
    assert ProviderMessage.objects.get().provider_status == "Sent"
    return carrier


def test_what_is_new_is_read_twice(waiting: RunningSimulator) -> None:
    waiting.advance(4 * 3600)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert ProviderMessage.objects.get().provider_status == "Delivered", "it was created a moment ago"


def test_the_last_hours_are_read_again_for_receipts(waiting: RunningSimulator) -> None:
    with time_machine.travel(timezone.now() + store_sync.RECENT_EVERY / 3):
        store_sync.sync(registry.default(), ingest.ingest_replies)
    waiting.advance(4 * 3600)
    with time_machine.travel(timezone.now() + store_sync.RECENT_EVERY / 2):
        store_sync.sync(registry.default(), ingest.ingest_replies)
    assert ProviderMessage.objects.get().provider_status == "Sent", "too old to be among the new ones"
    with time_machine.travel(timezone.now() + store_sync.RECENT_EVERY):
        store_sync.sync(registry.default(), ingest.ingest_replies)
    assert ProviderMessage.objects.get().provider_status == "Delivered"
    assert not SyncWindow.objects.exists()


def test_the_last_days_are_read_again_now_and_then(waiting: RunningSimulator) -> None:
    waiting.advance(4 * 3600)
    with time_machine.travel(timezone.now() + store_sync.FAR_EVERY):
        store_sync.sync(registry.default(), ingest.ingest_replies)
    assert ProviderMessage.objects.get().provider_status == "Delivered"


def test_nothing_is_read_again_while_something_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_sync, "MAX_PAGES", 1)
    monkeypatch.setattr(store_sync, "PAGES_FOR_OLDER", 1)
    for number in range(3):
        another_program_sends(phones(1500)[number * 500 : number * 500 + 500])
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert store_sync.request_refresh()
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert not SyncWindow.objects.filter(again=True).exists()


def test_refresh_reads_the_last_hours_again() -> None:
    read_all()
    assert store_sync.request_refresh()
    assert not store_sync.request_refresh(), "once is enough"
    assert tasks.STORE in scenario.due()
    store_sync.sync(registry.default(), ingest.ingest_replies)
    state = SyncState.objects.get()
    assert state.refresh_requested_at is None
    assert state.recent_reread_at == state.windows_opened_to
    assert tasks.STORE not in scenario.due()


def test_due_once_a_minute() -> None:
    assert tasks.STORE in scenario.due()
    read_all()
    assert tasks.STORE not in scenario.due()
    with time_machine.travel(timezone.now() + store_sync.SYNC_EVERY):
        assert tasks.STORE in scenario.due()


def test_one_process_at_a_time() -> None:
    name = f"store {registry.default().known_id()}"
    Lease.objects.create(name=name, owner="elsewhere:1:1", until=timezone.now() + timedelta(minutes=1))
    assert store_sync.sync(registry.default(), ingest.ingest_replies) == 0
    assert not SyncState.objects.exists()


def test_before_the_account_is_known(settings: object) -> None:
    settings.RINGCENTRAL_JWT = "another"  # type: ignore[attr-defined]
    assert tasks.STORE not in scenario.due()
    assert store_sync.sync(registry.default(), ingest.ingest_replies) == 0
    assert not store_sync.request_refresh()
    assert store_sync.freshness().read_at is None


def test_the_tick_wakes_it_and_not_twice() -> None:
    def woken() -> int:
        return DBTaskResult.objects.filter(task_path="campaigns.receipts.tasks.read_store").count()

    schedule.tick()
    schedule.tick()
    assert woken() == 1
    tasks.read_store.call(registry.default().tag)
    assert SyncState.objects.get().read_at is not None
