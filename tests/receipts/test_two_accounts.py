"""What repeats, repeats for each account; and what a simulated one says counts for it alone."""

import pytest
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, OptOut, Webhook
from campaigns.opt_outs import ingest
from campaigns.receipts import polling, store, store_sync, tasks
from campaigns.worker import schedule
from tests.support import scenario
from tests.support.two_accounts import FIRST, SECOND, TwoAccounts, _second_process, two_accounts

__all__ = ["_second_process", "two_accounts"]

pytestmark = pytest.mark.django_db

PEOPLE = scenario.people(2)
DOWN = {"fault": "status", "status": 503}


def sent_from(sender: str) -> Campaign:
    campaign = scenario.launched(PEOPLE, sender=sender)
    scenario.submit_all(campaign)
    return campaign


def test_an_account_that_is_down_keeps_no_other_from_being_polled(two_accounts: TwoAccounts) -> None:
    one, other = sent_from(FIRST), sent_from(SECOND)
    two_accounts.first.faults(DOWN)
    scenario.poll()
    assert scenario.counts(one) == {"with_carrier": 2}
    assert scenario.counts(other) == {"delivered": 2}
    two_accounts.first.faults()
    scenario.poll()
    assert scenario.counts(one) == {"delivered": 2}


def test_each_account_has_tasks_and_leases_of_its_own(two_accounts: TwoAccounts) -> None:
    sent_from(FIRST)
    sent_from(SECOND)
    Batch.objects.update(next_poll_at=timezone.now())
    due = [(entry.name, entry.account) for entry in schedule.look().due]
    tags = [account.tag for account in registry.accounts()]
    for name in (tasks.POLL, tasks.STORE):
        assert [tag for kind, tag in due if kind == name] == tags
    schedule.tick()
    tasks.poll.call(tags[1])
    polled = Batch.objects.filter(polled_at__isnull=False)
    assert [batch.sender for batch in polled] == [SECOND], "a task is for one account"


def test_a_task_whose_credentials_are_gone_does_nothing(two_accounts: TwoAccounts) -> None:
    sent_from(SECOND)
    tag = registry.for_sender(SECOND).tag
    Batch.objects.update(next_poll_at=timezone.now())
    two_accounts.second_credentials("")
    asked = len(two_accounts.second.requests())
    for task in (tasks.poll, tasks.read_store, tasks.process_events, tasks.ensure_subscription):
        task.call(tag)
    tasks.run_audit.call(tag, timezone.now().timestamp())
    assert len(two_accounts.second.requests()) == asked
    assert not Webhook.objects.exists()
    assert polling.poll() == 0
    assert tasks.POLL not in scenario.due(), "nobody is woken for an account that is not open"


def test_the_store_of_each_account_is_read_and_shown(two_accounts: TwoAccounts) -> None:
    sent_from(FIRST)
    sent_from(SECOND)
    first, second = registry.accounts()
    store_sync.sync(first, ingest.ingest_replies)
    assert store_sync.freshness().read_at is None, "one of the two was never read"
    store_sync.sync(second, ingest.ingest_replies)
    assert store_sync.freshness().read_at is not None
    assert [owner.account for owner in store.owners()] == [first.known_id(), second.known_id()]


@pytest.mark.parametrize(
    ("second_is_real", "left_out_of_second"), [(False, True), (True, False)], ids=["simulated", "real"]
)
def test_a_stop_to_a_simulated_account_counts_for_simulated_ones_alone(
    two_accounts: TwoAccounts, *, second_is_real: bool, left_out_of_second: bool
) -> None:
    if second_is_real:
        two_accounts.second_credentials("the first", client_id="a real app")
        two_accounts.read_numbers()
    assert registry.for_sender(SECOND).simulated is not second_is_real
    sent_from(FIRST)
    two_accounts.first.inbound(PEOPLE[0][0], FIRST, "STOP")
    for account in registry.accounts():
        store_sync.sync(account, ingest.ingest_replies)
    assert OptOut.objects.get().simulated
    assert scenario.counts(scenario.launched(PEOPLE, sender=FIRST)) == {"excluded": 1, "queued": 1}
    campaign = scenario.launched(PEOPLE, sender=SECOND)
    assert ("excluded" in scenario.counts(campaign)) is left_out_of_second


def test_a_stop_to_a_real_account_counts_for_a_simulated_one_too(two_accounts: TwoAccounts) -> None:
    two_accounts.second_credentials("the first", client_id="a real app")
    two_accounts.read_numbers()
    sent_from(SECOND)
    two_accounts.second.inbound(PEOPLE[0][0], SECOND, "STOP")
    for account in registry.accounts():
        store_sync.sync(account, ingest.ingest_replies)
    assert not OptOut.objects.get().simulated
    for sender in (FIRST, SECOND):
        campaign = scenario.launched(PEOPLE, sender=sender)
        assert scenario.counts(campaign) == {"excluded": 1, "queued": 1}
