"""What dispatch does with an attempt. Each is one function and one transaction; none spans a network call."""

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
from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.types import BatchState, OutgoingText, Rejected
from campaigns.providers.wording import Sentence, gettext_noop
from campaigns.runtime import process_identity
from campaigns.sending import counters, quarantine, restore_guard, transitions
from campaigns.sending.prepared import Prepared, fingerprint
from campaigns.sending.transitions import AttemptEvent

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=180)
"""Longer than any request may last. An attempt that is open after it has lost its owner."""
FIRST_POLL_DELAY = timedelta(seconds=2)
SIZE_DIFFERS = gettext_noop("The provider counts {counted} texts in it, we count {expected}.")


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
    attempt = transitions.begin(
        AttemptEvent.PREPARED,
        batch,
        campaign,
        size=len(texts),
        account=campaign.account,
        payload_hash=fingerprint(texts),
        owner=process_identity.current(),
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
    if code := why_not_now(campaign, prepared):
        raise SendAborted(code)
    try:
        with transaction.atomic():
            if not transitions.apply(AttemptEvent.MARKED, prepared.attempt_id, campaign):
                raise SendAborted("lost")
    except IntegrityError:
        # The index allows one unresolved attempt per sender, and another one was first.
        raise SendAborted("sender_busy") from None


def why_not_now(campaign: Campaign, prepared: Prepared) -> str:
    """A code if the batch must not leave; empty if it may."""
    if restore_guard.sending_lock():
        return "locked"
    if campaign.state != Campaign.State.SENDING:
        return "campaign"
    if campaign.undo_until is not None and campaign.undo_until > timezone.now():
        return "undo"
    # All numbers again: an opt-out may have been entered before the batch was prepared and committed after.
    simulated = registry.is_simulated(campaign.account)
    return "opt_out" if opted_out((text.to for text in prepared.texts), simulated=simulated) else ""


@transaction.atomic
def accept(
    prepared: Prepared, answer: BatchState, account: str, *, event: AttemptEvent = AttemptEvent.ACCEPTED
) -> bool:
    """The provider accepted the batch. Its `rejected` list is stored here: no other answer has it.

    False if the attempt was settled before its answer came.
    """
    campaign = Campaign.objects.locked(prepared.campaign_id)
    now = timezone.now()
    batch_fields = accepted_batch_fields(answer, account, now)
    fields = accepted_fields(answer)
    if not transitions.apply(event, prepared.attempt_id, campaign, fields, batch_fields=batch_fields):
        report_late_answer(prepared, answer)
        return False
    refused = reject_numbers(prepared, answer.rejected, now)
    counters.move(prepared.campaign_id, RowState.WITH_CARRIER, RowState.REJECTED, refused)
    opt_outs = [item.to for item in answer.rejected if catalogue.is_opt_out(item.code)]
    carrier.record_refusals(
        account, [carrier.from_receipt(prepared.sender, phone, now) for phone in opt_outs]
    )
    expected = len(prepared.texts) - refused
    if answer.batch_size != expected:
        counts = Sentence(SIZE_DIFFERS, {"counted": answer.batch_size, "expected": expected})
        error = {"kind": "size_differs", "code": "", "said": [counts.as_json()]}
        Attempt.objects.filter(pk=prepared.attempt_id).update(problem_code="size_differs", error=error)
        History.objects.record(
            History.Kind.BATCH_SIZE_DIFFERS,
            campaign=prepared.campaign_id,
            batch=prepared.batch_id,
            attempt=prepared.attempt_id,
            theirs=answer.batch_size,
            ours=expected,
        )
    return True


def accepted_batch_fields(answer: BatchState, account: str, now: datetime) -> dict[str, object]:
    return {
        "account": account,
        "provider_id": answer.provider_id,
        "provider_status": answer.status_text[:20],
        "provider_size": answer.batch_size,
        "processed_count": answer.processed_count,
        "accepted_at": now,
        "provider_created_at": answer.created_at or now,
        "next_poll_at": now + FIRST_POLL_DELAY,
    }


def accepted_fields(answer: BatchState) -> dict[str, object]:
    return {
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
def mark_not_taken(prepared: Prepared, error: ProviderError | None, *, code: str = "") -> None:
    """Proved that the provider took nothing: the batch follows its campaign's state."""
    campaign = Campaign.objects.locked(prepared.campaign_id)
    refused = error is not None and error.outcome is Outcome.REFUSED
    event = AttemptEvent.REFUSED if refused else AttemptEvent.NOT_SENT
    transitions.apply(event, prepared.attempt_id, campaign, failure_fields(error, code))


@transaction.atomic
def mark_ambiguous(prepared: Prepared, error: ProviderError) -> None:
    """The answer was lost, so the provider may have the batch. It is never sent again without proof."""
    campaign = Campaign.objects.locked(prepared.campaign_id)
    fields = failure_fields(error)
    if transitions.apply(AttemptEvent.ANSWER_LOST, prepared.attempt_id, campaign, fields):
        show_doubt(campaign.pk, prepared.batch_id)


def show_doubt(campaign_id: int, batch_id: int) -> None:
    number = Batch.objects.values_list("number", flat=True).get(pk=batch_id)
    # A held campaign keeps the reason of its hold; its numbers show the doubt.
    sending = Campaign.objects.sending(campaign_id)
    sending.update(
        wait_reason=Campaign.WaitReason.ANSWER_LOST,
        wait_data={"batch": number, "at": timezone.now().isoformat()},
    )


def failure_fields(error: ProviderError | None, code: str = "") -> dict[str, object]:
    if error is None:
        return {"problem_code": code}
    return {
        "problem_code": (error.code or error.kind)[:40],
        "error": error.as_json(),
        "http_status": error.http_status,
        "request_id": error.request_id[:64],
    }


def clear_doubt_notice(campaign_id: int) -> None:
    """Remove the notice of a lost answer once no batch is in doubt."""
    in_doubt = Batch.objects.filter(campaign_id=campaign_id, state=Batch.State.IN_DOUBT)
    if not in_doubt.exists():
        Campaign.objects.filter(pk=campaign_id, wait_reason=Campaign.WaitReason.ANSWER_LOST).update(
            wait_reason="", wait_data={}, next_retry_at=None
        )
