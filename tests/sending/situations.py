"""A campaign with one batch of two texts and an attempt in any state, and every event that may move it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, CampaignRow, Counters, History, ImportRow, Message
from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.types import BatchState, BatchStatus, OutgoingText
from campaigns.reconciling import decisions, orphans, search
from campaigns.runtime import process_identity
from campaigns.sending import attempts
from campaigns.sending.prepared import Prepared, fingerprint
from campaigns.sending.transitions import AttemptEvent
from tests.support import factories

E = AttemptEvent
ACCOUNT, PROVIDER_ID, DEAD_PROCESS = "an account", "4711", "another host:1:1"
PEOPLE = 2
WHERE_ITS_BATCH_IS: dict[str, str] = {
    "prepared": "queued",
    "sending": "submitting",
    "accepted": "with_carrier",
    "rejected": "queued",
    "not_sent": "queued",
    "ambiguous": "in_doubt",
    "reconciling": "in_doubt",
    "absent": "queued",
    "review": "needs_review",
    "marked_sent": "marked_sent",
}


def situation(state: str, batch_state: str = "", **campaign_fields: Any) -> Attempt:
    """An attempt in this state; its batch and the counters agree with it."""
    where = batch_state or WHERE_ITS_BATCH_IS[state]
    contacts = factories.contact_list(people=PEOPLE)
    fields = {"state": Campaign.State.SENDING, "account": ACCOUNT, "text": "Hi {{ first_name }}"}
    fields |= campaign_fields
    campaign = factories.campaign(contacts, **fields)
    batch = Batch.objects.create(
        campaign=campaign, number=1, size=PEOPLE, sender=campaign.sender, state=where
    )
    for row in ImportRow.objects.filter(source__contact_list=contacts).order_by("id"):
        CampaignRow.objects.create(campaign=campaign, import_row=row, outcome="message")
        Message.objects.create(
            campaign=campaign, batch=batch, import_row=row, to=row.phone, text=f"Hi {row.phone}", segments=1
        )
    factories.counters(campaign, **{where: PEOPLE})
    texts = attempts.waiting_texts(batch.pk)
    now = timezone.now()
    given_up = state in (*Attempt.DEAD, *Attempt.SEARCHED)
    return Attempt.objects.create(
        batch=batch,
        account=ACCOUNT,
        sender=batch.sender,
        size=PEOPLE,
        state=state,
        payload_hash=fingerprint([OutgoingText(to, text) for _, to, text in texts]),
        owner=process_identity.current(),
        prepared_at=now,
        sending_at=None if state in ("prepared", "not_sent") else now,
        ended_at=now if given_up else None,
        next_lookup_at=now if state in (*Attempt.SEARCHED, Attempt.State.ABSENT) else None,
        provider_id="1" if state == "accepted" else "",
    )


def as_prepared(attempt: Attempt) -> Prepared:
    waiting = attempts.waiting_texts(attempt.batch_id)
    return attempts.as_prepared(attempt, attempt.batch.campaign_id, waiting)


def listed() -> BatchState:
    """The provider's batch for these people."""
    return BatchState(
        provider_id=PROVIDER_ID,
        sender="+16505550100",
        batch_size=PEOPLE,
        processed_count=0,
        status=BatchStatus.PROCESSING,
        unknown_status="",
        created_at=timezone.now(),
        modified_at=None,
        cost=None,
    )


REFUSED = ProviderError("No.", outcome=Outcome.REFUSED, kind="request")
NOT_SENT = ProviderError("Not reached.", outcome=Outcome.NOT_SENT, kind="unreachable")
LOST = ProviderError("The answer was lost.", kind="timeout")


def is_marked(attempt: Attempt) -> None:
    with suppress(attempts.SendAborted):
        attempts.mark_sending(as_prepared(attempt))


def owner_dies(attempt: Attempt) -> None:
    long_ago = timezone.now() - attempts.LEASE - timedelta(seconds=1)
    dated = Attempt.objects.filter(pk=attempt.pk)
    dated.update(owner=DEAD_PROCESS, prepared_at=long_ago)
    dated.filter(sending_at__isnull=False).update(sending_at=long_ago)
    orphans.settle(dated.select_related("batch").get())


def somebody() -> User:
    return User.objects.filter(username="sofia").first() or factories.user("sender", name="sofia")


def prepare(attempt: Attempt) -> None:
    with transaction.atomic():
        campaign = Campaign.objects.locked(attempt.batch.campaign_id)
        attempts.prepare(campaign, Batch.objects.get(pk=attempt.batch_id))


Door = Callable[[Attempt], Any]


def accepted(attempt: Attempt, event: AttemptEvent = E.ACCEPTED) -> None:
    attempts.accept(as_prepared(attempt), listed(), ACCOUNT, event=event)


EVENTS: dict[str, Door] = {
    E.MARKED: is_marked,
    E.NOT_SENT: lambda attempt: attempts.mark_not_taken(as_prepared(attempt), NOT_SENT),
    E.REFUSED: lambda attempt: attempts.mark_not_taken(as_prepared(attempt), REFUSED),
    E.ACCEPTED: accepted,
    E.ANSWER_IN_JOURNAL: lambda attempt: accepted(attempt, E.ANSWER_IN_JOURNAL),
    E.ANSWER_LOST: lambda attempt: attempts.mark_ambiguous(as_prepared(attempt), LOST),
    E.OWNER_DIED: owner_dies,
    E.LOOKUP_BEGUN: search.begin_lookup,
    E.FOUND: lambda attempt: search.adopt(attempt, listed(), frozenset()),
    E.ABSENT: search.declare_absent,
    E.UNPROVED: lambda attempt: search.send_to_review(attempt, Attempt.Note.UNCLEAR),
    E.PERSON_SENDS: lambda attempt: decisions.requeue(attempt, somebody()),
    E.PERSON_MARKS_SENT: lambda attempt: decisions.mark_sent(attempt, somebody()),
}
"""By event: the door of the program through which it comes."""
TABLES: tuple[type[models.Model], ...] = (Attempt, Batch, Counters, Message, CampaignRow, Campaign, History)
DATED_BY_THE_TEST = {"owner", "prepared_at", "sending_at", "changed_at"}


def everything(tables: Iterable[type[models.Model]] = TABLES) -> dict[str, list[dict[str, Any]]]:
    """All that the ledger holds."""
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}  # type: ignore[attr-defined]


def without_dates(held: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{key: value for key, value in row.items() if key not in DATED_BY_THE_TEST} for row in rows]
        for table, rows in held.items()
    }
