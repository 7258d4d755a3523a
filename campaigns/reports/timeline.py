"""The timeline of one message, from the row of a file to its receipt, as far as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Attempt, Message, ProviderMessage
from campaigns.providers.types import MessageStatus
from campaigns.receipts.store import status_of
from campaigns.reconciling import decisions
from campaigns.reports.explanations import sentence

LOST = "The answer was lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`at` is None where the time is not known."""

    at: datetime | None
    title: str
    detail: str = ""


def timeline(stored: ProviderMessage, message: Message | None, provider: str) -> list[Step]:
    """The steps in order. `message`: the same text in its campaign; None: another program sent it."""
    steps = [*campaign_steps(message, provider)] if message else []
    if stored.inbound:
        return [*steps, Step(at=stored.created_at, title="Received", detail=f"{provider} took it in.")]
    batch = f", in batch {stored.batch.provider_id}" if stored.batch else ""
    ids = f"As message {stored.provider_id}{batch}."
    steps.append(Step(at=stored.created_at, title=f"In {provider}'s store", detail=ids))
    if stored.provider_status and status_of(stored.undelivered) is not MessageStatus.QUEUED:
        reason = sentence(stored.error_code)
        steps.append(Step(at=stored.modified_at, title=status_title(stored), detail=reason))
    return steps


def timeline_of_unlisted(message: Message, provider: str) -> list[Step]:
    steps = [*campaign_steps(message, provider)]
    if message.state != Message.State.WAITING:
        title = Message.State(message.state).label
        steps.append(Step(at=message.changed_at, title=title, detail=sentence(message.error_code)))
    return steps


TITLES = {
    MessageStatus.SENT: "Sent to the carrier",
    MessageStatus.DELIVERED: "Delivered",
    MessageStatus.SENDING_FAILED: "Not delivered",
    MessageStatus.DELIVERY_FAILED: "Not delivered",
}


def status_title(stored: ProviderMessage) -> str:
    """Our title, with the provider's status where it differs."""
    title = TITLES.get(status_of(stored.undelivered), "Another state")
    return title if title == stored.provider_status else f"{title} ({stored.provider_status})"


def campaign_steps(message: Message, provider: str) -> Iterator[Step]:
    campaign = message.campaign
    source = message.import_row.source
    yield Step(
        at=source.finished_at,
        title=f"Row {message.import_row.number:,} of {source.filename}",
        detail=f"Read into the list “{campaign.contact_list}”.",
    )
    who = f" by {campaign.launched_by}" if campaign.launched_by else ""
    yield Step(
        at=campaign.launched_at,
        title=f"Launched{who}",
        detail=(
            f"The text was written down for good, into batch {message.batch.number:,} of “{campaign.name}”."
        ),
    )
    for attempt in message.batch.attempts.all():
        if not excluded_before(attempt, message):
            yield from attempt_steps(attempt, provider)


def excluded_before(attempt: Attempt, message: Message) -> bool:
    since = message.changed_at if message.state == Message.State.EXCLUDED else None
    return since is not None and attempt.prepared_at >= since


ENDS = {
    Attempt.State.ACCEPTED: "{provider} took the batch",
    Attempt.State.REJECTED: "{provider} refused the batch as a whole",
    Attempt.State.NOT_SENT: "Nothing of it had left",
    Attempt.State.AMBIGUOUS: LOST,
    Attempt.State.RECONCILING: LOST,
    Attempt.State.ABSENT: LOST,
    Attempt.State.REVIEW: LOST,
    Attempt.State.MARKED_SENT: LOST,
}
SETTLED = {
    Attempt.State.ABSENT: "Proved that the batch had never arrived",
    Attempt.State.REVIEW: "Nobody could prove whether it had arrived",
    Attempt.State.MARKED_SENT: "Marked as sent",
}
"""What followed a lost answer."""
DECIDED = {
    Attempt.State.ABSENT: "{actor} decided that it had never arrived",
    Attempt.State.MARKED_SENT: "{actor} marked it as sent",
}
"""The same, decided by a person without proof."""


def attempt_steps(attempt: Attempt, provider: str) -> Iterator[Step]:
    if attempt.sending_at:
        yield Step(
            at=attempt.sending_at,
            title=f"Handed to {provider}",
            detail=f"Attempt {attempt.pk:,}, with {attempt.size:,} texts.",
        )
    state = Attempt.State(attempt.state)
    if state in ENDS:
        answered = f"HTTP {attempt.http_status}" if attempt.http_status else ""
        request = f"request {attempt.request_id}" if attempt.request_id else ""
        facts = ", ".join(filter(None, (answered, request)))
        note = "" if state in SETTLED else attempt.note
        parts = filter(None, (attempt.problem, note, facts and f"{facts}."))
        yield Step(at=attempt.ended_at, title=ENDS[state].format(provider=provider), detail=" ".join(parts))
    if state in SETTLED:
        yield settled_step(attempt, state)


def settled_step(attempt: Attempt, state: Attempt.State) -> Step:
    decided = decisions.decision(attempt) if state in DECIDED else None
    if decided is None:
        return Step(at=attempt.last_lookup_at, title=SETTLED[state], detail=attempt.note)
    return Step(at=decided.at, title=DECIDED[state].format(actor=decided.actor or "Somebody"))
