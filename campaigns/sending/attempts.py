"""The transitions of an attempt. Each is one function and one transaction; none spans a network call.

PREPARED → SENDING → ACCEPTED | REJECTED | NOT_SENT | AMBIGUOUS. Each is a compare-and-set on the attempt's
state, so a second worker, a delayed one or a repeated task changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, CampaignRow, History, Message, RowState
from campaigns.opt_outs import carrier
from campaigns.opt_outs.lookup import opted_out
from campaigns.providers import catalogue
from campaigns.providers.base import ProviderError
from campaigns.providers.types import BatchState, OutgoingText, Rejected
from campaigns.runtime import process_identity
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import counters, lifecycle, quarantine, restore_guard
from campaigns.sending.prepared import Prepared, fingerprint

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=180)
"""Longer than any request may last. An attempt that is open after it has lost its owner."""
FIRST_POLL_DELAY = timedelta(seconds=2)
REQUEUED_STATES = (RowState.QUEUED, RowState.HELD)
"""States of a batch that was proved absent and not submitted again."""
REVIEW_LOOKUP_INTERVAL = timedelta(minutes=5)
FIRST_LOOKUP_DELAY = timedelta(seconds=2)
"""From a lost answer to the first lookup, which may adopt the batch at once."""


class SendAborted(Exception):  # noqa: N818 - not an error: the last check before the first byte failed
    """Nothing was sent. `str()` is a code: why the batch may not leave any more."""


def prepare(campaign: Campaign, batch: Batch) -> Prepared | None:
    """Record what is about to be sent. None if the batch is empty, or is withheld.

    Call inside a transaction that holds the campaign's lock. Raises IntegrityError if another worker has
    prepared the batch.
    """
    if quarantine.withhold_if_poison(batch):
        return None
    waiting = waiting_texts(batch.pk)
    simulated = registry.is_simulated(campaign.account)
    left_out = opted_out((to for _, to, _ in waiting), simulated=simulated)
    if left_out:
        exclude(campaign.pk, {key: left_out[to] for key, to, _ in waiting if to in left_out})
        waiting = [row for row in waiting if row[1] not in left_out]
    if not waiting:
        Batch.objects.filter(pk=batch.pk, state=Batch.State.QUEUED).update(state=Batch.State.EMPTY)
        return None
    texts = tuple(OutgoingText(to, text) for _, to, text in waiting)
    attempt = Attempt.objects.create(
        batch=batch,
        account=campaign.account,
        sender=batch.sender,
        size=len(texts),
        payload_hash=fingerprint(texts),
        owner=process_identity.current(),
        prepared_at=timezone.now(),
    )
    return as_prepared(attempt, campaign.pk, waiting)


def waiting_texts(batch_id: int) -> list[tuple[int, str, str]]:
    """Id, number and text of each message that waits in the batch."""
    waiting = Message.objects.waiting_in(batch_id)
    return list(waiting.order_by("id").values_list("id", "to", "text"))


def as_prepared(attempt: Attempt, campaign_id: int, waiting: Sequence[tuple[int, str, str]]) -> Prepared:
    return Prepared(
        attempt.pk,
        attempt.batch_id,
        campaign_id,
        attempt.sender,
        tuple(key for key, _, _ in waiting),
        tuple(OutgoingText(to, text) for _, to, text in waiting),
        attempt.payload_hash,
        restore_guard.installation_name(),
    )


def exclude(campaign_id: int, reasons: Mapping[int, str]) -> None:
    """Take people who opted out after launch out of batches that have not left. `reasons`: by message id."""
    message_ids = list(reasons)
    for start in range(0, len(message_ids), 500):
        ids = message_ids[start : start + 500]
        messages = Message.objects.filter(pk__in=ids, state=Message.State.WAITING)
        excluded = list(messages.values_list("pk", "import_row_id", "batch_id"))
        messages.update(state=Message.State.EXCLUDED, changed_at=timezone.now())
        batch_of_row = {row: batch for _, row, batch in excluded}
        for reason in set(reasons.values()):
            source_rows = [row for pk, row, _ in excluded if reasons[pk] == reason]
            rows = CampaignRow.objects.filter(campaign_id=campaign_id, import_row__in=source_rows)
            rows.update(outcome=CampaignRow.Outcome.EXCLUDED, reason=reason)
        for batch_id, count in Counter(batch_of_row.values()).items():
            Batch.objects.filter(pk=batch_id).update(size=F("size") - count)
        counters.move(campaign_id, RowState.QUEUED, RowState.EXCLUDED, len(batch_of_row))


@transaction.atomic
def mark_sending(prepared: Prepared) -> None:
    """The commit before the first byte. Raises SendAborted if the batch must not leave now."""
    campaign = Campaign.objects.locked(prepared.campaign_id)
    if restore_guard.sending_lock():
        raise SendAborted("locked")
    if campaign.state != Campaign.State.SENDING:
        raise SendAborted("campaign")
    if campaign.undo_until is not None and campaign.undo_until > timezone.now():
        raise SendAborted("undo")
    # All numbers again: an opt-out may have been entered before the batch was prepared and committed after.
    simulated = registry.is_simulated(campaign.account)
    if opted_out((text.to for text in prepared.texts), simulated=simulated):
        raise SendAborted("opt_out")
    prepared_here = Attempt.objects.filter(
        pk=prepared.attempt_id, state=Attempt.State.PREPARED, owner=process_identity.current()
    )
    try:
        with transaction.atomic():
            if not claim(prepared_here, state=Attempt.State.SENDING, sending_at=timezone.now()):
                raise SendAborted("lost")
    except IntegrityError:
        # The index allows one unresolved attempt per sender, and another one was first.
        raise SendAborted("sender_busy") from None
    Batch.objects.filter(pk=prepared.batch_id).update(state=Batch.State.SUBMITTING)
    counters.move(prepared.campaign_id, RowState.QUEUED, RowState.SUBMITTING, len(prepared.texts))


STATE_WHILE_LIVE = {
    Attempt.State.SENDING: RowState.SUBMITTING,
    Attempt.State.AMBIGUOUS: RowState.IN_DOUBT,
    Attempt.State.RECONCILING: RowState.IN_DOUBT,
    Attempt.State.REVIEW: RowState.NEEDS_REVIEW,
}
"""Row state of an attempt's people. An answer is a proof even if its attempt was given up before it came."""


def end(prepared: Prepared, expected: str, **changes: object) -> bool:
    attempt = Attempt.objects.filter(pk=prepared.attempt_id, state=expected)
    return claim(attempt, ended_at=timezone.now(), **changes)


def end_live(prepared: Prepared, **changes: object) -> RowState | None:
    """End an attempt that may have left. Returns its row state before; None if it was settled already."""
    for state, row_state in STATE_WHILE_LIVE.items():
        if end(prepared, state, **changes):
            return row_state
    return None


def end_requeued(prepared: Prepared, **changes: object) -> RowState | None:
    """As `end_live`, for an absent attempt whose batch still waits: the answer is the better proof."""
    attempt = Attempt.objects.select_related("batch").get(pk=prepared.attempt_id)
    is_complete = len(waiting_texts(prepared.batch_id)) == len(prepared.message_ids)
    if not is_complete or not is_requeued(attempt):
        return None
    row_state = RowState(attempt.batch.state)
    return row_state if end(prepared, Attempt.State.ABSENT, **changes) else None


@transaction.atomic
def accept(prepared: Prepared, answer: BatchState, account: str) -> None:
    """The provider accepted the batch. Its `rejected` list is stored here: no other answer has it."""
    Campaign.objects.locked(prepared.campaign_id)
    now = timezone.now()
    fields = accepted_fields(answer)
    before = end_live(prepared, **fields) or end_requeued(prepared, next_lookup_at=None, **fields)
    if before is None:
        report_late_answer(prepared, answer)
        return
    refused = reject_numbers(prepared, answer.rejected, now)
    opt_outs = [item.to for item in answer.rejected if catalogue.is_opt_out(item.code)]
    carrier.record_refusals(
        account, [carrier.from_receipt(prepared.sender, phone, now) for phone in opt_outs]
    )
    Batch.objects.filter(pk=prepared.batch_id).update(
        state=Batch.State.ACCEPTED,
        hold_reason="",
        account=account,
        provider_id=answer.provider_id,
        provider_status=answer.status_text[:20],
        provider_size=answer.batch_size,
        processed_count=answer.processed_count,
        accepted_at=now,
        provider_created_at=answer.created_at or now,
        next_poll_at=now + FIRST_POLL_DELAY,
    )
    expected = len(prepared.texts) - refused
    counters.move(prepared.campaign_id, before, RowState.REJECTED, refused)
    counters.move(prepared.campaign_id, before, RowState.WITH_CARRIER, expected)
    if answer.batch_size != expected:
        note = f"The provider counts {answer.batch_size} texts in it, we count {expected}."
        Attempt.objects.filter(pk=prepared.attempt_id).update(problem_code="size_differs", problem=note)
        History.objects.record(
            History.Kind.BATCH_SIZE_DIFFERS,
            campaign=prepared.campaign_id,
            batch=prepared.batch_id,
            attempt=prepared.attempt_id,
            theirs=answer.batch_size,
            ours=expected,
        )


def accepted_fields(answer: BatchState) -> dict[str, object]:
    return {
        "state": Attempt.State.ACCEPTED,
        "provider_id": answer.provider_id,
        "http_status": answer.http_status,
        "request_id": answer.request_id,
        "answer": answer.raw.decode("utf-8", "replace"),
        "rejected": [
            {"index": item.index, "to": item.to, "errorCode": item.code, "description": item.description}
            for item in answer.rejected
        ],
    }


def report_late_answer(prepared: Prepared, answer: BatchState) -> None:
    """The attempt was settled before its answer came. Raise the alarm if it was settled differently."""
    if Attempt.objects.filter(pk=prepared.attempt_id, provider_id=answer.provider_id).exists():
        return
    log.error("possible double at the provider", extra={"attempt": prepared.attempt_id})
    number = Batch.objects.values_list("number", flat=True).get(pk=prepared.batch_id)
    History.objects.record(
        History.Kind.POSSIBLE_DOUBLE,
        campaign=prepared.campaign_id,
        batch=prepared.batch_id,
        attempt=prepared.attempt_id,
        number=number,
        provider_ids=[answer.provider_id],
    )


def reject_numbers(prepared: Prepared, rejected: Sequence[Rejected], now: datetime) -> int:
    """Mark the message of each refused number. Returns how many messages there are for them.

    The provider's index counts from 1. If it names another number than the item does, the number decides.
    """
    position_of = {text.to: position for position, text in enumerate(prepared.texts)}
    codes: dict[int, str] = {}
    for item in rejected:
        position = item.index - 1
        if not (0 <= position < len(prepared.texts)) or (item.to and prepared.texts[position].to != item.to):
            position = position_of.get(item.to, -1)
        if position >= 0:
            codes[prepared.message_ids[position]] = item.code
    for message_id, code in codes.items():
        Message.objects.filter(pk=message_id, state=Message.State.WAITING).update(
            state=Message.State.REJECTED, error_code=code[:20], changed_at=now
        )
    return len(codes)


@transaction.atomic
def mark_not_taken(prepared: Prepared, error: ProviderError | None, *, state: str, code: str = "") -> bool:
    """Proved that the provider took nothing (REJECTED, NOT_SENT): the batch follows its campaign's state."""
    campaign = Campaign.objects.locked(prepared.campaign_id)
    evidence = failure_fields(error, code)
    before = end_live(prepared, state=state, **evidence)
    if before is not None:
        target = lifecycle.state_after_return(campaign)
        counters.move(prepared.campaign_id, before, target, len(prepared.texts))
        Batch.objects.filter(pk=prepared.batch_id).update(state=target.value)
        return True
    return end(prepared, Attempt.State.PREPARED, state=Attempt.State.NOT_SENT, **evidence)


@transaction.atomic
def mark_ambiguous(prepared: Prepared, error: ProviderError) -> None:
    """The answer was lost, so the provider may have the batch. It is never sent again without proof."""
    Campaign.objects.locked(prepared.campaign_id)
    changes = {"state": Attempt.State.AMBIGUOUS, "next_lookup_at": timezone.now() + FIRST_LOOKUP_DELAY}
    if end(prepared, Attempt.State.SENDING, **changes, **failure_fields(error)):
        mark_batch_in_doubt(prepared.campaign_id, prepared.batch_id, len(prepared.texts))


def mark_batch_in_doubt(campaign_id: int, batch_id: int, size: int) -> None:
    Batch.objects.filter(pk=batch_id).update(state=Batch.State.IN_DOUBT)
    counters.move(campaign_id, RowState.SUBMITTING, RowState.IN_DOUBT, size)
    number = Batch.objects.values_list("number", flat=True).get(pk=batch_id)
    # A held campaign keeps the reason of its hold; its numbers show the doubt.
    sending = Campaign.objects.sending(campaign_id)
    sending.update(
        wait_reason=Campaign.WaitReason.ANSWER_LOST,
        wait_data={"batch": number, "at": timezone.now().isoformat()},
    )
    History.objects.record(History.Kind.ANSWER_LOST, campaign=campaign_id, batch=batch_id, number=number)


def failure_fields(error: ProviderError | None, code: str = "") -> dict[str, object]:
    if error is None:
        return {"problem_code": code}
    return {
        "problem_code": (error.code or error.kind)[:40],
        "problem": error.sentence,
        "http_status": error.http_status,
        "request_id": error.request_id[:64],
    }


def is_requeued(attempt: Attempt) -> bool:
    """Whether the attempt was declared absent and its batch waits, with no newer attempt."""
    waiting = Batch.objects.filter(pk=attempt.batch_id, state__in=REQUEUED_STATES)
    live = Attempt.objects.filter(batch_id=attempt.batch_id).exclude(state__in=Attempt.DEAD)
    return attempt.state == Attempt.State.ABSENT and waiting.exists() and not live.exists()


def next_lookup_at(batch_state: str) -> datetime | None:
    """When to look up an absent attempt again. None: its batch does not wait any more."""
    return timezone.now() + REVIEW_LOOKUP_INTERVAL if batch_state in REQUEUED_STATES else None


def clear_doubt_notice(campaign_id: int) -> None:
    """Remove the notice of a lost answer once no batch is in doubt."""
    in_doubt = Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.IN_DOUBT)
    if not in_doubt.exists():
        Campaign.objects.filter(pk=campaign_id, wait_reason=Campaign.WaitReason.ANSWER_LOST).update(
            wait_reason="", wait_data={}, next_retry_at=None
        )
