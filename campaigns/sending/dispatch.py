"""Submits batches to the provider, one at a time, at most once.

`ProviderError.outcome` alone decides what happens after a failure; a batch whose outcome is unknown is never
sent again from here. A step may be lost, repeated, or run twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

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
from django.db.models import Q
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, Event, Message
from campaigns.providers.base import Outcome, Provider, ProviderError
from campaigns.providers.types import BatchState
from campaigns.runtime import shutdown
from campaigns.runtime.bulk_sql import claim, relaxed_durability
from campaigns.sending import attempts, canary, journal, lifecycle, quarantine, restore_guard
from campaigns.sending.pacing import seconds_until_capacity
from campaigns.sending.prepared import Prepared

log = logging.getLogger(__name__)

MAX_BACKOFF_SECONDS = 60.0  # seconds
MAX_SILENCE_SECONDS = 3600.0
"""Longest silence asked for by the provider that a campaign waits out. After a longer one it is held."""
CREDENTIAL_TRIES = 2
"""After one refusal the token is renewed; after a second one the campaign is held."""
ABORTED_WAIT_SECONDS = {"sender_busy": 1.0, "database": 5.0, "journal": 5.0}
"""By code of SendAborted. Without an entry the next batch may leave at once."""
RECORD_RETRY_SECONDS = 1.0  # seconds
MAX_RECORD_TRIES = 60
"""Tries to record an answer while the database is down. After them the journal alone has the answer."""


class StepResult(StrEnum):
    SUBMITTED = "submitted"
    WAIT = "wait"
    """Nothing may leave for `seconds`."""
    BLOCKED = "blocked"
    """Nothing will leave until an event: the campaign is held, or an answer is in doubt."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    result: StepResult
    seconds: float = 0.0


def step(campaign_id: int) -> Step:
    """Submit the next batch, if one may leave."""
    return Pipeline(campaign_id).step(prepare_next=False)


class Pipeline:
    """Submits batch after batch, and prepares the next one while a request is in flight.

    For a process that does nothing else. Call `stop` at the end, which requeues a prepared batch.
    """

    def __init__(self, campaign_id: int) -> None:
        self.campaign_id = campaign_id
        self._account = ""
        self._ready: Prepared | None = None

    def step(self, *, prepare_next: bool = True) -> Step:
        if self._ready is None:
            try:
                self._account = registry.account()
            except ProviderError as error:
                return handle_unreached(self.campaign_id, error)
            chosen = choose_next(self.campaign_id, self._account)
            if isinstance(chosen, Step):
                return chosen
            self._ready = chosen
        prepared, self._ready = self._ready, None

        def meanwhile() -> None:
            self._ready = prepare_after(prepared, self._account)

        step = send(prepared, registry.provider(), self._account, meanwhile if prepare_next else None)
        if step.result != StepResult.SUBMITTED:
            self.stop()
        return step

    def stop(self) -> None:
        if self._ready is not None:
            attempts.mark_not_taken(self._ready, None, state=Attempt.State.NOT_SENT, code="not_needed")
            self._ready = None


def prepare_after(in_flight: Prepared, account: str) -> Prepared | None:
    """The next batch, if it may leave too. A failure here must not affect the request in flight."""
    try:
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(in_flight.campaign_id)
            if campaign.state != Campaign.State.SENDING or campaign.next_try_at is not None:
                return None
            queued = Batch.objects.filter(campaign=campaign, state=Batch.State.QUEUED)
            batch = queued.order_by("number").first()
            if batch is None or canary.guards(campaign, batch.number):
                return None
            if seconds_until_capacity(campaign.sender, batch.size, in_flight=len(in_flight.texts)):
                return None
            return attempts.prepare(campaign, batch, account)
    except DatabaseError as error:
        log.warning("not prepared ahead", extra={"campaign": in_flight.campaign_id, "why": str(error)})
        return None


def handle_unreached(campaign_id: int, error: ProviderError) -> Step:
    """The provider has never been reached yet, so nothing was sent."""
    registry.note_failure(error)
    if not Campaign.objects.sending(campaign_id).exists():
        return Step(StepResult.DONE)
    return wait_or_hold(campaign_id, error)


def choose_next(campaign_id: int, account: str) -> Prepared | Step:
    try:
        # Relaxed: if a power cut rolls a PREPARED attempt back, nothing of it had left.
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(campaign_id)
            return prepare_next_batch(campaign, account)
    except IntegrityError:
        # Another worker prepared the same batch; the index of live attempts let one of the two through.
        return Step(StepResult.WAIT, 1.0)


def prepare_next_batch(campaign: Campaign, account: str) -> Prepared | Step:
    if campaign.state == Campaign.State.HELD:
        return Step(StepResult.BLOCKED)
    if campaign.state != Campaign.State.SENDING:
        return Step(StepResult.DONE)
    now = timezone.now()
    due = max(filter(None, (campaign.send_at, campaign.undo_until, campaign.next_try_at)), default=now)
    if due > now:
        return Step(StepResult.WAIT, (due - now).total_seconds())
    batch = Batch.objects.filter(campaign=campaign, state=Batch.State.QUEUED).order_by("number").first()
    if batch is None:
        return finish_submitting(campaign)
    if reason := restore_guard.blocking_reason():
        log.error("nothing is sent", extra={"why": reason})
        return Step(StepResult.BLOCKED)
    busy = Attempt.objects.filter(account=account, sender=campaign.sender, state__in=Attempt.OPEN).first()
    if busy is not None:
        return wait_for_sender(busy, campaign)
    if canary.guards(campaign, batch.number):
        return wait_for_canary(campaign)
    wait = seconds_until_capacity(campaign.sender, batch.size)
    if wait:
        return Step(StepResult.WAIT, wait)
    prepared = attempts.prepare(campaign, batch, account)
    return prepared or Step(StepResult.WAIT, 0.0)


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
        sentence = (
            f"It waits for “{other.name}”, which sends from the same number: the answer to one of its "
            "batches was lost."
        )
        Campaign.objects.filter(pk=campaign.pk).update(trouble=sentence, trouble_code="sender_in_doubt")
    return Step(StepResult.BLOCKED)


def finish_submitting(campaign: Campaign) -> Step:
    """No batch is queued any more."""
    open_states = (Batch.State.SUBMITTING, Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW)
    unsettled = Batch.objects.filter(campaign=campaign, state__in=open_states).values_list("state", flat=True)
    if Batch.State.SUBMITTING in unsettled:
        return Step(StepResult.WAIT, 1.0)
    if unsettled or quarantine.hold_if_only_quarantined_left(campaign.pk):
        return Step(StepResult.BLOCKED)
    lifecycle.mark_all_submitted(campaign)
    return Step(StepResult.DONE)


def send(
    prepared: Prepared,
    provider: Provider,
    account: str,
    meanwhile: Callable[[], None] | None = None,
) -> Step:
    try:
        answer = provider.submit(
            prepared.sender,
            prepared.texts,
            before_first_byte=lambda: commit_sending(prepared),
            meanwhile=meanwhile,
        )
    except attempts.SendAborted as aborted:
        code = str(aborted)
        if code == "journal":
            sending = Campaign.objects.sending(prepared.campaign_id)
            sending.update(trouble=restore_guard.UNWRITABLE, trouble_code=code)
        attempts.mark_not_taken(prepared, None, state=Attempt.State.NOT_SENT, code=code)
        return Step(StepResult.WAIT, ABORTED_WAIT_SECONDS.get(code, 0.0))
    except ProviderError as error:
        return handle_failure(prepared, error)
    write_answer_to_journal(prepared, answer, account)
    try:
        record_answer(prepared, answer, account)
    except IntegrityError:
        # Another attempt has the batch that the answer names, so it cannot be the answer to this one.
        repeated = ProviderError(
            "The provider answered with the id of another batch.", code="repeated_id", kind="answer"
        )
        return handle_failure(prepared, repeated)
    except DataError:
        odd = ProviderError("The provider's answer cannot be stored.", code="odd_answer", kind="answer")
        return handle_failure(prepared, odd)
    clear_trouble(prepared.campaign_id)
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
            return attempts.accept(prepared, answer, account)
        except (OperationalError, InterfaceError) as error:
            log.warning("accepted, not recorded yet", extra={"batch": prepared.batch_id, "why": str(error)})
            if not left or shutdown.wait(RECORD_RETRY_SECONDS):
                raise
            if not connection.in_atomic_block:  # inside a transaction (of a test) it must stay open
                close_old_connections()
    return None


def clear_trouble(campaign_id: int) -> None:
    nothing_to_clear = Q(failures=0, trouble="") | Q(trouble_code=quarantine.QUARANTINED)
    Campaign.objects.sending(campaign_id).exclude(nothing_to_clear).update(**lifecycle.NO_TROUBLE)
    registry.note_success()


def handle_failure(prepared: Prepared, error: ProviderError) -> Step:
    log.warning(
        "batch not accepted",
        extra={"batch": prepared.batch_id, "outcome": error.outcome.value, "kind": error.kind,
               "code": error.code, "request_id": error.request_id},
    )  # fmt: skip
    if error.outcome is Outcome.UNKNOWN:
        attempts.mark_ambiguous(prepared, error)
        registry.note_failure(error)
        return Step(StepResult.BLOCKED)
    state = Attempt.State.REJECTED if error.outcome is Outcome.REFUSED else Attempt.State.NOT_SENT
    attempts.mark_not_taken(prepared, error, state=state)
    registry.note_failure(error)
    if error.kind == "rate":
        return wait_out_silence(prepared.campaign_id, error)
    if error.kind == "too_large" and len(prepared.texts) > 1:
        split(prepared.batch_id)
        return Step(StepResult.WAIT, 0.0)
    return wait_or_hold(prepared.campaign_id, error)


def wait_out_silence(campaign_id: int, error: ProviderError) -> Step:
    """Wait as long as the provider asks. If that is too long, hold the campaign and say when it ends."""
    seconds = error.retry_after or 60.0
    if seconds <= MAX_SILENCE_SECONDS:
        return wait(campaign_id, error, seconds)
    end = timezone.localtime() + timedelta(seconds=seconds)
    sentence = (
        f"{registry.provider_name()} takes no request until {end:%b} {end.day} at {end:%H:%M %Z}, so the "
        "campaign is paused. Let it go on after that."
    )
    lifecycle.hold(campaign_id, sentence, code=error.code or error.kind)
    return Step(StepResult.BLOCKED)


def wait_or_hold(campaign_id: int, error: ProviderError) -> Step:
    campaign = Campaign.objects.get(pk=campaign_id)
    failures = campaign.failures + 1
    Campaign.objects.filter(pk=campaign_id).update(failures=failures)
    must_hold = error.permanent or error.kind in ("permission", "request", "not_found", "too_large")
    if error.kind == "credentials":
        must_hold = error.outcome is Outcome.NOT_SENT or token_was_renewed(campaign_id)
    if must_hold:
        lifecycle.hold(campaign_id, error.sentence, code=error.code or error.kind)
        return Step(StepResult.BLOCKED)
    if error.kind == "credentials":
        return Step(StepResult.WAIT, 0.0)
    return wait(campaign_id, error, min(MAX_BACKOFF_SECONDS, 2.0**failures))


def token_was_renewed(campaign_id: int) -> bool:
    """Whether the attempt before was refused for its token too, so that a renewed one does not help."""
    latest = Attempt.objects.filter(batch__campaign_id=campaign_id).order_by("-id")
    statuses = list(latest.values_list("http_status", flat=True)[:CREDENTIAL_TRIES])
    return statuses == [401] * CREDENTIAL_TRIES


def wait(campaign_id: int, error: ProviderError, seconds: float) -> Step:
    sending = Campaign.objects.sending(campaign_id)
    sending.update(
        next_try_at=timezone.now() + timedelta(seconds=seconds),
        trouble=error.sentence,
        trouble_code=(error.code or error.kind)[:40],
    )
    return Step(StepResult.WAIT, seconds)


@transaction.atomic
def split(batch_id: int) -> None:
    """The request was too large for the provider: the second half becomes a batch of its own."""
    batch = Batch.objects.get(pk=batch_id)
    # Under the lock nobody prepares a batch.
    Campaign.objects.locked(batch.campaign_id)
    if Attempt.objects.filter(batch=batch).exclude(state__in=Attempt.DEAD).exists():
        # Another worker is about to send all of its texts, so half of them would leave twice.
        return
    ids = list(Message.objects.filter(batch=batch).order_by("id").values_list("id", flat=True))
    half = ids[len(ids) // 2 :]
    if not half or not claim(
        Batch.objects.filter(pk=batch_id, state=Batch.State.QUEUED), size=len(ids) - len(half)
    ):
        return
    last = (
        Batch.objects.filter(campaign_id=batch.campaign_id)
        .order_by("-number")
        .values_list("number", flat=True)
    )
    second = Batch.objects.create(
        campaign_id=batch.campaign_id, number=(last.first() or 0) + 1, size=len(half), sender=batch.sender
    )
    Message.objects.filter(batch=batch, pk__gte=half[0]).update(batch=second)
    Event.objects.create(campaign_id=batch.campaign_id, verb="batch_split", detail=f"batch {batch.number}")
