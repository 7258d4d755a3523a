"""One batch at a time from our ledger to the provider.

At most once by construction: what happens after a failure is decided by `ProviderError.outcome` alone, and a
batch with an unknown outcome is never sent again from here. Safe to lose, to repeat and to run twice at once.
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
"""Seconds for which a campaign waits by itself because the provider asks for it; beyond, it is held."""
CREDENTIAL_TRIES = 2
"""The token is renewed once; a second refusal is for a person."""
ABORTED_WAIT_SECONDS = {"sender_busy": 1.0, "database": 5.0, "journal": 5.0}
"""Seconds to wait by why the last look said no; without an entry, the next batch may leave at once."""
RECORD_RETRY_SECONDS = 1.0  # seconds
MAX_RECORD_TRIES = 60
"""Tries to record an answer while the database takes nothing; then the journal has to do for now."""


class StepResult(StrEnum):
    SUBMITTED = "submitted"
    WAIT = "wait"
    """Nothing may leave now; come back after `seconds`."""
    BLOCKED = "blocked"
    """Nothing will leave until somebody or something decides: held, or an answer in doubt."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    result: StepResult
    seconds: float = 0.0


def step(campaign_id: int) -> Step:
    """Hand over the next batch, if one may leave."""
    pipeline = Pipeline(campaign_id)
    return pipeline.step(prepare_next=False)


class Pipeline:
    """Hands over one batch after another; the next is prepared while the answer to the last is awaited.

    For a process that does nothing else. Call `stop` at the end: a batch that was prepared and not sent waits
    again.
    """

    def __init__(self, campaign_id: int) -> None:
        self.campaign_id = campaign_id
        self._account = ""
        self._ready: Prepared | None = None

    def step(self, *, prepare_next: bool = True) -> Step:
        """Hand over the next batch, if one may leave."""
        if self._ready is None:
            try:
                self._account = registry.account()
            except ProviderError as error:
                return _not_reached(self.campaign_id, error)
            chosen = choose_next(self.campaign_id, self._account)
            if isinstance(chosen, Step):
                return chosen
            self._ready = chosen
        prepared, self._ready = self._ready, None

        def meanwhile() -> None:
            self._ready = _ahead(prepared, self._account)

        step = send(prepared, registry.provider(), self._account, meanwhile if prepare_next else None)
        if step.result != StepResult.SUBMITTED:
            self.stop()
        return step

    def stop(self) -> None:
        if self._ready is not None:
            attempts.mark_not_taken(self._ready, None, state=Attempt.State.NOT_SENT, code="not_needed")
            self._ready = None


def _ahead(in_flight: Prepared, account: str) -> Prepared | None:
    """The batch after the one in flight, if it may leave too. What fails here must not matter to that one."""
    try:
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(in_flight.campaign_id)
            if campaign.state != Campaign.State.SENDING or campaign.next_try_at is not None:
                return None
            queued = Batch.objects.filter(campaign=campaign, state=Batch.State.QUEUED)
            batch = queued.order_by("number").first()
            leaving = len(in_flight.texts)
            if batch is None or canary.guards(campaign, batch.number):
                return None
            if seconds_until_capacity(campaign.sender, batch.size, in_flight=leaving):
                return None
            return attempts.prepare(campaign, batch, account)
    except DatabaseError as error:
        log.warning("not prepared ahead", extra={"campaign": in_flight.campaign_id, "why": str(error)})
        return None


def _not_reached(campaign_id: int, error: ProviderError) -> Step:
    """The provider was never reached yet, so nothing can have been sent."""
    registry.note_failure(error)
    if not Campaign.objects.sending(campaign_id).exists():
        return Step(StepResult.DONE)
    return _wait_or_hold(campaign_id, error)


def choose_next(campaign_id: int, account: str) -> Prepared | Step:
    try:
        # Unhurried: a PREPARED mark that a power cut takes back was of something that never left.
        with relaxed_durability(), transaction.atomic():
            campaign = Campaign.objects.locked(campaign_id)
            return _next(campaign, account)
    except IntegrityError:
        # Another worker prepared the same batch at the same moment; the index let one of us through.
        return Step(StepResult.WAIT, 1.0)


def _next(campaign: Campaign, account: str) -> Prepared | Step:
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
        return _ended(campaign)
    if why := restore_guard.blocking_reason():
        log.error("nothing is sent", extra={"why": why})
        return Step(StepResult.BLOCKED)
    busy = Attempt.objects.filter(account=account, sender=campaign.sender, state__in=Attempt.OPEN).first()
    if busy is not None:
        return _behind(busy, campaign)
    if canary.guards(campaign, batch.number):
        return _behind_canary(campaign)
    wait = seconds_until_capacity(campaign.sender, batch.size)
    if wait:
        return Step(StepResult.WAIT, wait)
    prepared = attempts.prepare(campaign, batch, account)
    return prepared or Step(StepResult.WAIT, 0.0)


def _behind_canary(campaign: Campaign) -> Step:
    """The first texts have left; a person looks at their receipts before anything else does."""
    if not quarantine.hold_if_only_quarantined_left(campaign.pk):
        canary.hold_when_taken(campaign)
    return Step(StepResult.BLOCKED)


def _behind(busy: Attempt, campaign: Campaign) -> Step:
    """The number has a request under way, or one whose answer was lost: nothing else leaves from it."""
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


def _ended(campaign: Campaign) -> Step:
    """Every batch has left or is in doubt."""
    open_states = (Batch.State.SUBMITTING, Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW)
    still = Batch.objects.filter(campaign=campaign, state__in=open_states).values_list("state", flat=True)
    if Batch.State.SUBMITTING in still:
        return Step(StepResult.WAIT, 1.0)
    if still or quarantine.hold_if_only_quarantined_left(campaign.pk):
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
    except attempts.SendAborted as stopped:
        if str(stopped) == "journal":
            _say(prepared.campaign_id, restore_guard.UNWRITABLE, "journal")
        attempts.mark_not_taken(prepared, None, state=Attempt.State.NOT_SENT, code=str(stopped))
        return Step(StepResult.WAIT, ABORTED_WAIT_SECONDS.get(str(stopped), 0.0))
    except ProviderError as error:
        return handle_failure(prepared, error)
    _note(prepared, answer, account)
    try:
        _record(prepared, answer, account)
    except IntegrityError:
        # The answer names a batch that another attempt already has: it cannot be the answer to this one.
        strange = ProviderError(
            "The provider answered with the id of another batch.", code="repeated_id", kind="answer"
        )
        return handle_failure(prepared, strange)
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
        # Without the mark nothing leaves; even if it was written after all, no byte was.
        log.warning("no mark, so nothing was sent", extra={"batch": prepared.batch_id, "why": str(error)})
        raise attempts.SendAborted("database") from None
    try:
        journal.record_sending(prepared)
    except OSError:
        log.exception("not in the journal, so nothing was sent", extra={"batch": prepared.batch_id})
        raise attempts.SendAborted("journal") from None


def _note(prepared: Prepared, answer: BatchState, account: str) -> None:
    """The answer outlives a crash and a database that is down. Without it the records have to be searched."""
    try:
        journal.record_answer(prepared, answer, account)
    except OSError:
        log.exception("answer not in the journal", extra={"batch": prepared.batch_id})


def _record(prepared: Prepared, answer: BatchState, account: str) -> None:
    """Wait for a database that takes nothing. If it stays so, `settle_orphans` finds the answer later."""
    for left in reversed(range(MAX_RECORD_TRIES)):
        try:
            return attempts.accept(prepared, answer, account)
        except (OperationalError, InterfaceError) as error:
            log.warning("accepted, not recorded yet", extra={"batch": prepared.batch_id, "why": str(error)})
            if not left or shutdown.wait(RECORD_RETRY_SECONDS):
                raise
            if not connection.in_atomic_block:  # as a test's is, which must stay
                close_old_connections()
    return None


def clear_trouble(campaign_id: int) -> None:
    # Only of one that sends: it may have been paused meanwhile, and then it says so.
    sending = Campaign.objects.sending(campaign_id)
    well = Q(failures=0, trouble="") | Q(trouble_code=quarantine.QUARANTINED)
    sending.exclude(well).update(**lifecycle.NO_TROUBLE)
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
        return _be_silent(prepared.campaign_id, error)
    if error.kind == "too_large" and len(prepared.texts) > 1:
        split(prepared.batch_id)
        return Step(StepResult.WAIT, 0.0)
    return _wait_or_hold(prepared.campaign_id, error)


def _be_silent(campaign_id: int, error: ProviderError) -> Step:
    """Wait as long as the provider asks for; what is too long to watch is for a person, who sees its end."""
    seconds = error.retry_after or 60.0
    if seconds <= MAX_SILENCE_SECONDS:
        return _wait(campaign_id, error, seconds)
    end = timezone.localtime() + timedelta(seconds=seconds)
    sentence = (
        f"{registry.provider_name()} takes no request until {end:%b} {end.day} at {end:%H:%M %Z}, so the "
        "campaign is paused. Let it go on after that."
    )
    lifecycle.hold(campaign_id, sentence, code=error.code or error.kind)
    return Step(StepResult.BLOCKED)


def _wait_or_hold(campaign_id: int, error: ProviderError) -> Step:
    campaign = Campaign.objects.get(pk=campaign_id)
    failures = campaign.failures + 1
    Campaign.objects.filter(pk=campaign_id).update(failures=failures)
    for_a_person = error.permanent or error.kind in ("permission", "request", "not_found", "too_large")
    if error.kind == "credentials":
        for_a_person = error.outcome is Outcome.NOT_SENT or _refused_again(campaign_id)
    if for_a_person:
        lifecycle.hold(campaign_id, error.sentence, code=error.code or error.kind)
        return Step(StepResult.BLOCKED)
    if error.kind == "credentials":
        return Step(StepResult.WAIT, 0.0)
    return _wait(campaign_id, error, min(MAX_BACKOFF_SECONDS, 2.0**failures))


def _refused_again(campaign_id: int) -> bool:
    """Whether the token before this one was refused too. Other failures in between say nothing of a token."""
    tries = Attempt.objects.filter(batch__campaign_id=campaign_id).order_by("-id")
    statuses = list(tries.values_list("http_status", flat=True)[:CREDENTIAL_TRIES])
    return statuses == [401] * CREDENTIAL_TRIES


def _say(campaign_id: int, sentence: str, code: str) -> None:
    sending = Campaign.objects.sending(campaign_id)
    sending.update(trouble=sentence, trouble_code=code)


def _wait(campaign_id: int, error: ProviderError, seconds: float) -> Step:
    sending = Campaign.objects.sending(campaign_id)
    sending.update(
        next_try_at=timezone.now() + timedelta(seconds=seconds),
        trouble=error.sentence,
        trouble_code=(error.code or error.kind)[:40],
    )
    return Step(StepResult.WAIT, seconds)


@transaction.atomic
def split(batch_id: int) -> None:
    """The provider found the request too large: the second half becomes a batch of its own."""
    batch = Batch.objects.get(pk=batch_id)
    # Nobody prepares a batch meanwhile.
    Campaign.objects.locked(batch.campaign_id)
    if Attempt.objects.filter(batch=batch).exclude(state__in=Attempt.DEAD).exists():
        # Another worker has all of its texts in hand: half of them would leave twice.
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
