"""What happened to one message, from the row of a file to its receipt, as far as anybody wrote it down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Attempt, Message, StoreMessage
from campaigns.reconciling import decisions
from campaigns.reports.explanations import sentence

LOST = "The answer was lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`at` is None where the time is not known."""

    at: datetime | None
    title: str
    detail: str = ""


def timeline(found: StoreMessage, ours: Message | None, provider: str) -> list[Step]:
    """In order. Of a message that is not ours only what the provider says."""
    steps = [*campaign_steps(ours, provider)] if ours else []
    if found.inbound:
        return [*steps, Step(at=found.created_at, title="Received", detail=f"{provider} took it in.")]
    steps.append(Step(at=found.created_at, title=f"In {provider}'s store", detail=_numbered(found)))
    if found.status and found.status != "Queued":
        steps.append(Step(at=found.modified_at, title=_said(found), detail=sentence(found.error_code)))
    return steps


def timeline_of_unlisted(ours: Message, provider: str) -> list[Step]:
    """The same of one of ours that the mirror of the provider's store does not hold."""
    steps = [*campaign_steps(ours, provider)]
    if ours.state != Message.State.WAITING:
        title = Message.State(ours.state).label
        steps.append(Step(at=ours.changed_at, title=title, detail=sentence(ours.error_code)))
    return steps


def _numbered(found: StoreMessage) -> str:
    batch = f", in batch {found.batch.provider_id}" if found.batch else ""
    return f"As message {found.provider_id}{batch}."


_TITLES = {
    StoreMessage.Undelivered.SENT.value: "Sent to the carrier",
    StoreMessage.Undelivered.FAILED.value: "Not delivered",
    None: "Delivered",
}


def _said(found: StoreMessage) -> str:
    """A title in our words, with the provider's own where they say more."""
    title = _TITLES.get(found.undelivered, "Another state")
    return title if title == found.status else f"{title} ({found.status})"


def campaign_steps(ours: Message, provider: str) -> Iterator[Step]:
    """Up to where the provider had it, or had it not."""
    campaign = ours.campaign
    source = ours.source_row.source
    yield Step(
        at=source.finished_at,
        title=f"Row {ours.source_row.number:,} of {source.filename}",
        detail=f"Read into the list “{campaign.contact_list}”.",
    )
    who = f" by {campaign.launched_by}" if campaign.launched_by else ""
    yield Step(
        at=campaign.launched_at,
        title=f"Launched{who}",
        detail=f"The text was written down for good, into batch {ours.batch.number:,} of “{campaign.name}”.",
    )
    for attempt in ours.batch.attempts.all():
        if not _left_out_before(attempt, ours):
            yield from _attempt(attempt, provider)


def _left_out_before(attempt: Attempt, ours: Message) -> bool:
    """Somebody who opted out after the launch is in no attempt that was prepared since."""
    since = ours.changed_at if ours.state == Message.State.EXCLUDED else None
    return since is not None and attempt.prepared_at >= since


_ENDS = {
    Attempt.State.ACCEPTED: "{provider} took the batch",
    Attempt.State.REJECTED: "{provider} refused the batch as a whole",
    Attempt.State.NOT_SENT: "Nothing of it had left",
    Attempt.State.AMBIGUOUS: LOST,
    Attempt.State.RECONCILING: LOST,
    Attempt.State.ABSENT: LOST,
    Attempt.State.REVIEW: LOST,
    Attempt.State.MARKED_SENT: LOST,
}
_SETTLED = {
    Attempt.State.ABSENT: "Proved that the batch had never arrived",
    Attempt.State.REVIEW: "Nobody could prove whether it had arrived",
    Attempt.State.MARKED_SENT: "Marked as sent",
}
"""What came after a lost answer."""
_DECIDED = {
    Attempt.State.ABSENT: "{actor} decided that it had never arrived",
    Attempt.State.MARKED_SENT: "{actor} marked it as sent",
}
"""The same where a person said so and nobody could prove it."""


def _attempt(attempt: Attempt, provider: str) -> Iterator[Step]:
    if attempt.sending_at:
        yield Step(
            at=attempt.sending_at,
            title=f"Handed to {provider}",
            detail=f"Attempt {attempt.pk:,}, with {attempt.size:,} texts.",
        )
    state = Attempt.State(attempt.state)
    if state in _ENDS:
        answered = f"HTTP {attempt.http_status}" if attempt.http_status else ""
        request = f"request {attempt.request_id}" if attempt.request_id else ""
        facts = ", ".join(filter(None, (answered, request)))
        note = "" if state in _SETTLED else attempt.note
        said = filter(None, (attempt.problem, note, facts and f"{facts}."))
        yield Step(at=attempt.ended_at, title=_ENDS[state].format(provider=provider), detail=" ".join(said))
    if state in _SETTLED:
        yield _settled(attempt, state)


def _settled(attempt: Attempt, state: Attempt.State) -> Step:
    decided = decisions.decision(attempt) if state in _DECIDED else None
    if decided is None:
        return Step(at=attempt.looked_at, title=_SETTLED[state], detail=attempt.note)
    return Step(at=decided.at, title=_DECIDED[state].format(actor=decided.actor or "Somebody"))
