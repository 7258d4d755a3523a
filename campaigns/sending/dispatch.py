"""Submits batches to the provider, one at a time, at most once.

`ProviderError.outcome` alone decides what happens after a failure; a batch whose outcome is unknown is never
sent again from here. A step may be lost, repeated, or run twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.models import Attempt, Batch, Campaign
from campaigns.providers.base import ProviderError
from campaigns.providers.types import BatchState
from campaigns.runtime import shutdown
from campaigns.runtime.bulk_sql import relaxed_durability
from campaigns.sending import attempts, canary, failures, journal, lifecycle, quarantine, restore_guard
from campaigns.sending.pacing import seconds_until_capacity
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import Step, StepResult

log = logging.getLogger(__name__)

ABORTED_WAIT_SECONDS = {"sender_busy": 1.0, "database": 5.0, "journal": 5.0}
"""By code of SendAborted. Without an entry the next batch may leave at once."""
RECORD_RETRY_SECONDS = 1.0  # seconds
MAX_RECORD_TRIES = 60
"""Tries to record an answer while the database is down. After them the journal alone has the answer."""


def step(campaign_id: int) -> Step:
    return Pipeline(campaign_id).step(prepare_next=False)


class Pipeline:
    """Submits batch after batch, and prepares the next one while a request is in flight.

    For a process that does nothing else. Call `stop` at the end, which requeues a prepared batch.
    """

    def __init__(self, campaign_id: int) -> None:
        self.campaign_id = campaign_id
        self._ready: tuple[Prepared, Account] | None = None

    def step(self, *, prepare_next: bool = True) -> Step:
        if self._ready is None:
            chosen = choose(self.campaign_id)
            if isinstance(chosen, Step):
                return chosen
            self._ready = chosen
        (prepared, account), self._ready = self._ready, None

        def meanwhile() -> None:
            following = prepare_after(prepared, account)
            self._ready = (following, account) if following else None

        step = send(prepared, account, meanwhile if prepare_next else None)
        if step.result != StepResult.SUBMITTED:
            self.stop()
        return step

    def stop(self) -> None:
        if self._ready is not None:
            attempts.mark_not_taken(self._ready[0], None, code="not_needed")
            self._ready = None


def choose(campaign_id: int) -> tuple[Prepared, Account] | Step:
    """The next batch, and the account that the campaign was launched with: it is sent through no other."""
    try:
        account = registry.reach(Campaign.objects.values_list("account", flat=True).get(pk=campaign_id))
    except ProviderError as error:
        return failures.handle_unreached(campaign_id, error)
    chosen = choose_next(campaign_id, account)
    if isinstance(chosen, Prepared) and account is not None:
        return chosen, account
    return chosen if isinstance(chosen, Step) else Step(StepResult.BLOCKED)


def prepare_after(in_flight: Prepared, account: Account) -> Prepared | None:
    """The next batch, if it may leave too. A failure here must not affect the request in flight."""
    try:
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(in_flight.campaign_id)
            retry_at = campaign.next_retry_at
            if campaign.state != Campaign.State.SENDING or (retry_at and retry_at > timezone.now()):
                return None
            queued = Batch.objects.filter(campaign=campaign, state=Batch.State.QUEUED)
            batch = queued.order_by("number").first()
            if batch is None or canary.guards(campaign, batch.number):
                return None
            if seconds_until_capacity(account, campaign.sender, batch.size, in_flight=len(in_flight.texts)):
                return None
            return attempts.prepare(campaign, batch)
    except DatabaseError as error:
        log.warning("not prepared ahead", extra={"campaign": in_flight.campaign_id, "why": str(error)})
        return None


def choose_next(campaign_id: int, account: Account | None) -> Prepared | Step:
    try:
        # Relaxed: if a power cut rolls a PREPARED attempt back, nothing of it had left.
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(campaign_id)
            return prepare_next_batch(campaign, account)
    except IntegrityError:
        # Another worker prepared the same batch; the index of live attempts let one of the two through.
        return Step(StepResult.WAIT, 1.0)


def prepare_next_batch(campaign: Campaign, account: Account | None) -> Prepared | Step:
    if campaign.state == Campaign.State.HELD:
        return Step(StepResult.BLOCKED)
    if campaign.state != Campaign.State.SENDING:
        return Step(StepResult.DONE)
    now = timezone.now()
    due = max(filter(None, (campaign.send_at, campaign.undo_until, campaign.next_retry_at)), default=now)
    if due > now:
        return Step(StepResult.WAIT, (due - now).total_seconds())
    batch = Batch.objects.filter(campaign=campaign, state=Batch.State.QUEUED).order_by("number").first()
    if batch is None:
        return finish_submitting(campaign)
    if reason := restore_guard.sending_lock():
        log.error("nothing is sent", extra={"why": reason})
        return Step(StepResult.BLOCKED)
    if account is None:
        return failures.hold_without_account(campaign.pk)
    busy = find_busy(campaign)
    if busy is not None:
        return wait_for_sender(busy, campaign)
    if canary.guards(campaign, batch.number):
        return wait_for_canary(campaign)
    wait = seconds_until_capacity(account, campaign.sender, batch.size)
    if wait:
        return Step(StepResult.WAIT, wait)
    prepared = attempts.prepare(campaign, batch)
    return prepared or Step(StepResult.WAIT, 0.0)


def find_busy(campaign: Campaign) -> Attempt | None:
    same = Attempt.objects.filter(account=campaign.account, sender=campaign.sender)
    return same.filter(state__in=Attempt.OPEN).first()


def wait_for_canary(campaign: Campaign) -> Step:
    if not quarantine.hold_if_only_quarantined_left(campaign.pk):
        canary.hold_when_taken(campaign)
    return Step(StepResult.BLOCKED)


def wait_for_sender(busy: Attempt, campaign: Campaign) -> Step:
    """The number has a request in flight, or one whose answer was lost. Nothing else leaves from it."""
    if busy.state in (Attempt.State.PREPARED, Attempt.State.SENDING):
        return Step(StepResult.WAIT, 1.0)
    other = busy.batch.campaign
    if other.pk != campaign.pk:
        Campaign.objects.sending(campaign.pk).update(
            wait_reason=Campaign.WaitReason.SENDER_IN_DOUBT,
            wait_data={"campaign": other.pk, "name": other.name},
        )
    return Step(StepResult.BLOCKED)


def finish_submitting(campaign: Campaign) -> Step:
    open_states = (Batch.State.SUBMITTING, Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW)
    unsettled = Batch.objects.filter(campaign=campaign, state__in=open_states).values_list("state", flat=True)
    if Batch.State.SUBMITTING in unsettled:
        return Step(StepResult.WAIT, 1.0)
    if unsettled or quarantine.hold_if_only_quarantined_left(campaign.pk):
        return Step(StepResult.BLOCKED)
    lifecycle.mark_all_submitted(campaign)
    return Step(StepResult.DONE)


def send(prepared: Prepared, account: Account, meanwhile: Callable[[], None] | None = None) -> Step:
    try:
        answer = account.provider.submit(
            prepared.sender,
            prepared.texts,
            before_first_byte=lambda: commit_sending(prepared),
            meanwhile=meanwhile,
        )
    except attempts.SendAborted as aborted:
        code = str(aborted)
        if code == "journal":
            sending = Campaign.objects.sending(prepared.campaign_id)
            sending.update(wait_reason=Campaign.WaitReason.JOURNAL, wait_data={})
        attempts.mark_not_taken(prepared, None, code=code)
        return Step(StepResult.WAIT, ABORTED_WAIT_SECONDS.get(code, 0.0))
    except ProviderError as error:
        return failures.handle(prepared, error, account)
    write_answer_to_journal(prepared, answer, account.known_id())
    try:
        record_answer(prepared, answer, account.known_id())
    except IntegrityError:
        # Another attempt has the batch that the answer names, so it cannot be the answer to this one.
        repeated = ProviderError(
            "The provider answered with the id of another batch.", code="repeated_id", kind="answer"
        )
        return failures.handle(prepared, repeated, account)
    except DataError:
        odd = ProviderError("The provider's answer cannot be stored.", code="odd_answer", kind="answer")
        return failures.handle(prepared, odd, account)
    failures.end_waits(prepared.campaign_id, account)
    log.info("batch accepted", extra={"batch": prepared.batch_id, "texts": len(prepared.texts)})
    return Step(StepResult.SUBMITTED)


def commit_sending(prepared: Prepared) -> None:
    try:
        attempts.mark_sending(prepared)
    except DatabaseError as error:
        # Nothing leaves without the commit. Even if the database did commit, no byte has left.
        log.warning("no mark, so nothing was sent", extra={"batch": prepared.batch_id, "why": str(error)})
        raise attempts.SendAborted("database") from None
    try:
        journal.record_sending(prepared)
    except OSError:
        log.exception("not in the journal, so nothing was sent", extra={"batch": prepared.batch_id})
        raise attempts.SendAborted("journal") from None


def write_answer_to_journal(prepared: Prepared, answer: BatchState, account: str) -> None:
    """So that the answer outlives a crash. Without the line, reconciling has to find the batch."""
    try:
        journal.record_answer(prepared, answer, account)
    except OSError:
        log.exception("answer not in the journal", extra={"batch": prepared.batch_id})


def record_answer(prepared: Prepared, answer: BatchState, account: str) -> None:
    """Retry while the database is down. In the end `settle_orphans` finds the answer in the journal."""
    for left in reversed(range(MAX_RECORD_TRIES)):
        try:
            attempts.accept(prepared, answer, account)
            return
        except (OperationalError, InterfaceError) as error:
            log.warning("accepted, not recorded yet", extra={"batch": prepared.batch_id, "why": str(error)})
            if not left or shutdown.wait(RECORD_RETRY_SECONDS):
                raise
            if not connection.in_atomic_block:  # inside a transaction (of a test) it must stay open
                close_old_connections()
    return
