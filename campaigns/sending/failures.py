"""What follows from a failed submission: the attempt's outcome, then a wait or a hold of its campaign."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.accounts.account import Account
from campaigns.models import Attempt, Batch, Campaign, History, Message
from campaigns.providers.base import Outcome, ProviderError
from campaigns.runtime.bulk_sql import claim
from campaigns.sending import attempts, lifecycle
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import Step, StepResult

log = logging.getLogger(__name__)

MAX_BACKOFF_SECONDS = 60.0
MAX_SILENCE_SECONDS = 3600.0
"""Longest silence asked for by the provider that a campaign waits out. After a longer one it is held."""
CREDENTIAL_TRIES = 2
"""After one refusal the token is renewed; after a second one the campaign is held."""


def handle(prepared: Prepared, error: ProviderError, account: Account) -> Step:
    log.warning(
        "batch not accepted",
        extra={"batch": prepared.batch_id, "outcome": error.outcome.value, "kind": error.kind,
               "code": error.code, "request_id": error.request_id},
    )  # fmt: skip
    if error.outcome is Outcome.UNKNOWN:
        attempts.mark_ambiguous(prepared, error)
        account.record_failure(error)
        return Step(StepResult.BLOCKED)
    attempts.mark_not_taken(prepared, error)
    account.record_failure(error)
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
    end = timezone.now() + timedelta(seconds=seconds)
    lifecycle.hold(campaign_id, Campaign.HoldReason.SILENCE, code=error.code, until=end.isoformat())
    return Step(StepResult.BLOCKED)


def wait_or_hold(campaign_id: int, error: ProviderError) -> Step:
    campaign = Campaign.objects.get(pk=campaign_id)
    failures = campaign.failures + 1
    Campaign.objects.filter(pk=campaign_id).update(failures=failures)
    must_hold = error.permanent or error.kind in ("permission", "request", "not_found", "too_large")
    if error.kind == "credentials":
        must_hold = error.outcome is Outcome.NOT_SENT or token_was_renewed(campaign_id)
    if must_hold:
        lifecycle.hold(campaign_id, Campaign.HoldReason.PROVIDER_ERROR, **error.as_json())
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
        next_retry_at=timezone.now() + timedelta(seconds=seconds),
        wait_reason=Campaign.WaitReason.PROVIDER_ERROR,
        wait_data=error.as_json(),
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
    History.objects.record(
        History.Kind.BATCH_SPLIT, campaign=batch.campaign_id, batch=batch, number=batch.number
    )


def handle_unreached(campaign_id: int, error: ProviderError) -> Step:
    """Nobody can say whether the credentials open the campaign's account, so nothing was sent."""
    if not Campaign.objects.sending(campaign_id).exists():
        return Step(StepResult.DONE)
    return wait_or_hold(campaign_id, error)


def hold_without_account(campaign_id: int) -> Step:
    """The settings open other accounts only, and nothing is sent through another than the frozen one."""
    lifecycle.hold(campaign_id, Campaign.HoldReason.ACCOUNT_GONE)
    return Step(StepResult.BLOCKED)


def end_waits(campaign_id: int, account: Account) -> None:
    """A batch was accepted, so whatever the campaign waited for is over."""
    nothing_to_end = Q(failures=0, wait_reason="")
    Campaign.objects.sending(campaign_id).exclude(nothing_to_end).update(**lifecycle.NOTHING_IN_THE_WAY)
    account.record_success()
