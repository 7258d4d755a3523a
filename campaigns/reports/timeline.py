"""The timeline of one message, from the row of a file to its receipt, as far as it was recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.models import Attempt, Message, ProviderMessage
from campaigns.providers.types import MessageStatus
from campaigns.receipts.store import status_of
from campaigns.reconciling import decisions


class StepCode(StrEnum):
    READ = "read"
    LAUNCHED = "launched"
    HANDED = "handed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    ANSWER_LOST = "answer_lost"
    PROVED_ABSENT = "proved_absent"
    UNPROVED = "unproved"
    MARKED_SENT = "marked_sent"
    DECIDED_ABSENT = "decided_absent"
    DECIDED_SENT = "decided_sent"
    RECEIVED = "received"
    IN_STORE = "in_store"
    REPORTED = "reported"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`at` is None where the time is not known."""

    at: datetime | None
    code: StepCode
    params: Mapping[str, Any] = field(default_factory=dict)


def timeline(stored: ProviderMessage, message: Message | None, provider: str) -> list[Step]:
    """The steps in order. `message`: the same text in its campaign; None: another program sent it."""
    steps = [*campaign_steps(message, provider)] if message else []
    if stored.inbound:
        received = Step(at=stored.created_at, code=StepCode.RECEIVED, params={"provider": provider})
        return [*steps, received]
    batch = stored.batch.provider_id if stored.batch else ""
    ids = {"provider": provider, "message": stored.provider_id, "batch": batch}
    steps.append(Step(at=stored.created_at, code=StepCode.IN_STORE, params=ids))
    status = status_of(stored.undelivered)
    if stored.provider_status and status is not MessageStatus.QUEUED:
        report = {"status": status, "word": stored.provider_status, "error_code": stored.error_code}
        steps.append(Step(at=stored.modified_at, code=StepCode.REPORTED, params=report))
    return steps


def timeline_of_unlisted(message: Message, provider: str) -> list[Step]:
    steps = [*campaign_steps(message, provider)]
    if message.state != Message.State.WAITING:
        settled = {"state": Message.State(message.state), "error_code": message.error_code}
        steps.append(Step(at=message.changed_at, code=StepCode.SETTLED, params=settled))
    return steps


def campaign_steps(message: Message, provider: str) -> Iterator[Step]:
    campaign = message.campaign
    source = message.import_row.source
    yield Step(
        at=source.finished_at,
        code=StepCode.READ,
        params={
            "row": message.import_row.number,
            "file": source.filename,
            "list": str(campaign.contact_list),
        },
    )
    yield Step(
        at=campaign.launched_at,
        code=StepCode.LAUNCHED,
        params={
            "by": str(campaign.launched_by or ""),
            "batch": message.batch.number,
            "campaign": campaign.name,
        },
    )
    for attempt in message.batch.attempts.all():
        if not excluded_before(attempt, message):
            yield from attempt_steps(attempt, provider)


def excluded_before(attempt: Attempt, message: Message) -> bool:
    since = message.changed_at if message.state == Message.State.EXCLUDED else None
    return since is not None and attempt.prepared_at >= since


ENDS = {
    Attempt.State.ACCEPTED: StepCode.ACCEPTED,
    Attempt.State.REJECTED: StepCode.REFUSED,
    Attempt.State.NOT_SENT: StepCode.NOT_SENT,
    Attempt.State.AMBIGUOUS: StepCode.ANSWER_LOST,
    Attempt.State.RECONCILING: StepCode.ANSWER_LOST,
    Attempt.State.ABSENT: StepCode.ANSWER_LOST,
    Attempt.State.REVIEW: StepCode.ANSWER_LOST,
    Attempt.State.MARKED_SENT: StepCode.ANSWER_LOST,
}
SETTLED = {
    Attempt.State.ABSENT: StepCode.PROVED_ABSENT,
    Attempt.State.REVIEW: StepCode.UNPROVED,
    Attempt.State.MARKED_SENT: StepCode.MARKED_SENT,
}
"""What followed a lost answer."""
DECIDED = {
    Attempt.State.ABSENT: StepCode.DECIDED_ABSENT,
    Attempt.State.MARKED_SENT: StepCode.DECIDED_SENT,
}
"""The same, decided by a person without proof."""


def attempt_steps(attempt: Attempt, provider: str) -> Iterator[Step]:
    if attempt.sending_at:
        handed = {"provider": provider, "attempt": attempt.pk, "count": attempt.size}
        yield Step(at=attempt.sending_at, code=StepCode.HANDED, params=handed)
    state = Attempt.State(attempt.state)
    if state in ENDS:
        params = {
            "provider": provider,
            "attempt": attempt,
            "settled": state in SETTLED,
            "status": attempt.http_status,
            "request": attempt.request_id,
        }
        yield Step(at=attempt.ended_at, code=ENDS[state], params=params)
    if state in SETTLED:
        yield settled_step(attempt, state)


def settled_step(attempt: Attempt, state: Attempt.State) -> Step:
    decided = decisions.decision(attempt) if state in DECIDED else None
    if decided is None:
        return Step(at=attempt.last_lookup_at, code=SETTLED[state], params={"attempt": attempt})
    return Step(at=decided.at, code=DECIDED[state], params={"actor": str(decided.actor or "")})
