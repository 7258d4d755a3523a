"""Recovery after a restore from a backup: the provider's records show who has a text already.

Each batch of the provider that is not linked to an attempt is compared by its people and texts. If they wait
here, the batch is adopted as if its answer had come; if this database has no such campaign, its people are
listed. Submissions that are in the journal but not in the records are reconciled as usual.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.models import Attempt, Batch, Campaign, History, Installation, Message, Recovery, RowState
from campaigns.providers.base import Provider
from campaigns.providers.types import BatchState, OutgoingText, Rejected
from campaigns.reconciling import orphans, search
from campaigns.reconciling.matching import Candidate
from campaigns.sending import attempts, counters, journal, launch, lifecycle, restore_guard, transitions
from campaigns.sending.prepared import fingerprint
from campaigns.sending.transitions import AttemptEvent

CHUNK = 500
WAITING_STATES = (Batch.State.QUEUED, Batch.State.HELD)
UNSETTLED_STATES = (Batch.State.SUBMITTING, Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW)
OWNER = "recover"


class RecordsIncomplete(Exception):  # noqa: N818 - not an error: read the records again later
    """The provider's records are not complete, so they prove nothing. `str()` is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A batch of the provider whose people wait in a campaign."""

    candidate: Candidate
    account: str
    campaign: int
    messages: tuple[int, ...]
    answered: journal.Answered | None


@dataclass(slots=True)
class Plan:
    since: datetime
    adoptable: list[Adoptable] = field(default_factory=list)
    unknown: list[Candidate] = field(default_factory=list)
    """Batches with the texts that no campaign waits to send."""
    similar: set[int] = field(default_factory=set)
    """Campaigns that wait to send another text to the same people."""
    lost: list[journal.Sent] = field(default_factory=list)
    """Submissions in the journal that this database does not have."""


# --- Reading ------------------------------------------------------------------------------------------------


def plan() -> Plan:
    """Writes nothing. Raises ProviderError, RecordsIncomplete or OSError."""
    name = restore_guard.installation_name()
    lost = lost_submissions(name)
    made = Plan(search_start(lost), lost=lost)
    answers = answers_by_batch(name, lost)
    if {account for account, _ in answers} - {account.fetch_id() for account in registry.accounts()}:
        raise RecordsIncomplete(
            "Texts were sent through an account that the settings do not open now. Put its credentials back."
        )
    for account in registry.accounts():
        compare_account(made, account, answers)
    return made


def compare_account(made: Plan, owner: Account, answers: Mapping[tuple[str, str], journal.Answered]) -> None:
    carrier, account = owner.provider, owner.fetch_id()
    linked = set(
        Attempt.objects.filter(account=account).exclude(provider_id="").values_list("provider_id", flat=True)
    )
    listed = list(carrier.batches(date_from=made.since, date_to=timezone.now() + search.WINDOW, whole=True))
    confirmed = {provider_id for of_account, provider_id in answers if of_account == account}
    if confirmed - {batch.provider_id for batch in listed}:
        raise RecordsIncomplete(
            "The carrier's records lag behind: they do not show what it had confirmed. Try again later."
        )
    for batch in reversed(listed):
        if batch.provider_id not in linked:
            candidate = read_contents(carrier, batch, made.since)
            classify(made, candidate, account, answers.get((account, batch.provider_id)))


def lost_submissions(name: str) -> list[journal.Sent]:
    known = set(Attempt.objects.filter(sending_at__isnull=False).values_list("pk", flat=True).iterator())
    return [one for one in journal.current().sent(name) if one.attempt not in known]


def search_start(lost: Sequence[journal.Sent]) -> datetime:
    """A day before the last sign of life, or before the first lost submission if that is earlier."""
    signs = [
        Installation.objects.aggregate(at=Max("alive_at"))["at"],
        Attempt.objects.aggregate(at=Max("prepared_at"))["at"],
    ]
    last = max(filter(None, signs), default=timezone.now())
    return min([last, *(one.at for one in lost)]) - search.WINDOW


def answers_by_batch(name: str, lost: Sequence[journal.Sent]) -> dict[tuple[str, str], journal.Answered]:
    """By account and the provider's id of the batch."""
    answers = (journal.current().answer(name, one.attempt) for one in lost)
    return {(one.account, one.answer.provider_id): one for one in answers if one}


def read_contents(carrier: Provider, batch: BatchState, since: datetime) -> Candidate:
    pages = carrier.messages(
        date_from=since,
        date_to=timezone.now() + search.WINDOW,
        batch_id=batch.provider_id,
        with_text=True,
        whole=True,
    )
    candidate = Candidate(batch, [(item.to, item.text) for page in pages for item in page])
    if not candidate.complete:
        raise RecordsIncomplete(
            "The carrier does not list all texts of a batch yet. Try again in a few minutes."
        )
    return candidate


def classify(made: Plan, candidate: Candidate, account: str, answered: journal.Answered | None) -> None:
    texts, rows, similar = dict(candidate.messages), [], set()
    adopted = {key for batch in made.adoptable for key in batch.messages}
    for key, to, text, campaign, batch_state in unaccounted_messages(candidate, account):
        if text == texts[to] and key not in adopted:
            rows.append((key, to, campaign, batch_state))
        elif text != texts[to]:
            similar.add(campaign)
    if not rows:
        made.unknown.append(candidate)
        made.similar |= similar
        return
    campaign = Counter(row[2] for row in rows).most_common(1)[0][0]
    in_campaign = [row for row in rows if row[2] == campaign]
    rest = [pair for pair in candidate.messages if pair[0] not in {row[1] for row in in_campaign}]
    if rest:
        made.unknown.append(replace(candidate, messages=rest))
    if all(row[3] in WAITING_STATES for row in in_campaign):  # otherwise reconciling finds it
        messages = tuple(row[0] for row in in_campaign)
        made.adoptable.append(Adoptable(candidate, account, campaign, messages, answered))


def unaccounted_messages(candidate: Candidate, account: str) -> Iterator[tuple[int, str, str, int, str]]:
    numbers = [to for to, _ in candidate.messages]
    for start in range(0, len(numbers), CHUNK):
        yield from Message.objects.filter(
            to__in=numbers[start : start + CHUNK],
            state=Message.State.WAITING,
            campaign__account=account,
            batch__sender=candidate.batch.sender,
            batch__state__in=(*WAITING_STATES, *UNSETTLED_STATES),
        ).values_list("pk", "to", "text", "campaign_id", "batch__state")


# --- Writing ------------------------------------------------------------------------------------------------


def prepare() -> None:
    """Call before making the plan to apply: settles orphans and completes launches."""
    orphans.settle_orphans()
    for key in Campaign.objects.filter(state=Campaign.State.PREPARING).values_list("pk", flat=True):
        launch.freeze(key)


def apply(made: Plan) -> None:
    """Adopt batches, move the mark, unlock sending. After an OSError of the journal it stays locked."""
    name = restore_guard.installation_name()
    mark = journal.current().index(name).highest
    with transaction.atomic():
        reserve_attempt_ids(mark)
        for batch in made.adoptable:
            adopt(batch)
        adopted = {payload(batch) for batch in made.adoptable}
        for one in made.lost:
            if one.payload not in adopted:
                put_in_doubt(one)
        for key in made.similar:
            lifecycle.hold(key, Campaign.HoldReason.RESTORED)
        Campaign.objects.filter(state=Campaign.State.SENDING).update(next_retry_at=None)
        people = sum(len(batch.messages) for batch in made.adoptable)
        strangers = sum(len(candidate.messages) for candidate in made.unknown)
        History.objects.record(History.Kind.RECOVERED, known=people, unknown=strangers)
        witness = Recovery.objects.create().pk.hex
    journal.current().append(journal.mark_line(name, mark, mark, witness))


def reserve_attempt_ids(mark: int) -> None:
    """New attempts get ids after `mark`, which the journal has not used."""
    table = Attempt._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), GREATEST(%s, MAX(id))) FROM {table}",  # noqa: S608
                [mark],
            )
            return
        cursor.execute("UPDATE sqlite_sequence SET seq = MAX(seq, %s) WHERE name = %s", [mark, table])
        if not cursor.rowcount:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, mark])


def adopt(adoptable: Adoptable) -> None:
    campaign, account = Campaign.objects.locked(adoptable.campaign), adoptable.account
    batch, rejected = same_batch(adoptable) or (move_to_new_batch(adoptable), ())
    waiting = attempts.waiting_texts(batch.pk)
    remote = adoptable.candidate.batch
    at = remote.created_at or timezone.now()
    attempt = insert_attempt(AttemptEvent.RESTORED_FOUND, batch, campaign, account, waiting, at)
    prepared = attempts.as_prepared(attempt, campaign.pk, waiting)
    attempts.accept(prepared, replace(remote, rejected=rejected), account, event=AttemptEvent.FOUND)


def same_batch(adoptable: Adoptable) -> tuple[Batch, tuple[Rejected, ...]] | None:
    """The batch with the same people, and its rejected numbers. None if they are in other batches now."""
    keys = set(Message.objects.filter(pk__in=adoptable.messages).values_list("batch_id", flat=True))
    if len(keys) != 1:
        return None
    batch = Batch.objects.get(pk=keys.pop())
    waiting = attempts.waiting_texts(batch.pk)
    answered = adoptable.answered
    if answered and answered.payload == fingerprint_of(waiting):
        return batch, answered.answer.rejected
    return (batch, ()) if len(waiting) == len(adoptable.messages) else None


def payload(adoptable: Adoptable) -> str:
    """Its fingerprint in the journal, whatever batches its people are in now."""
    if adoptable.answered:
        return adoptable.answered.payload
    messages = Message.objects.filter(pk__in=adoptable.messages).order_by("id")
    return fingerprint_of(list(messages.values_list("id", "to", "text")))


def fingerprint_of(waiting: Sequence[tuple[int, str, str]]) -> str:
    return fingerprint([OutgoingText(to, text) for _, to, text in waiting])


def move_to_new_batch(adoptable: Adoptable) -> Batch:
    """A new batch for these people. The others stay in theirs and wait."""
    last = Batch.objects.filter(campaign_id=adoptable.campaign).aggregate(last=Max("number"))["last"] or 0
    new = Batch.objects.create(
        campaign_id=adoptable.campaign,
        number=last + 1,
        size=len(adoptable.messages),
        sender=adoptable.candidate.batch.sender,
        state=Batch.State.QUEUED,
    )
    for start in range(0, len(adoptable.messages), CHUNK):
        moving = Message.objects.filter(pk__in=adoptable.messages[start : start + CHUNK])
        for key, state in set(moving.exclude(batch=new).values_list("batch_id", "batch__state")):
            moved = moving.filter(batch_id=key).update(batch=new)
            counters.move(adoptable.campaign, RowState(state), RowState.QUEUED, moved)
            Batch.objects.filter(pk=key).update(size=F("size") - moved)
    return new


def insert_attempt(
    event: AttemptEvent,
    batch: Batch,
    campaign: Campaign,
    account: str,
    waiting: Sequence[tuple[int, str, str]],
    at: datetime,
    **fields: object,
) -> Attempt:
    return transitions.begin(
        event,
        batch,
        campaign,
        size=len(waiting),
        **{
            "account": account,
            "payload_hash": fingerprint_of(waiting),
            "owner": OWNER,
            "prepared_at": at,
            "sending_at": at,
            "note": Attempt.Note.RESTORED_FOUND,
        }
        | fields,
    )


def put_in_doubt(lost: journal.Sent) -> None:
    batches = Batch.objects.filter(pk=lost.batch, campaign_id=lost.campaign, state__in=WAITING_STATES)
    if not batches.exists():
        return
    campaign = Campaign.objects.locked(lost.campaign)
    batch = batches.get()
    waiting = attempts.waiting_texts(batch.pk)
    if not waiting:
        return
    is_same, account = fingerprint_of(waiting) == lost.payload, campaign.account
    unresolved = Attempt.objects.filter(
        account=account, sender=batch.sender, state__in=Attempt.UNRESOLVED
    ).exists()
    is_searched = is_same and not unresolved
    insert_attempt(
        AttemptEvent.RESTORED_LOST if is_searched else AttemptEvent.RESTORED_UNCLEAR,
        batch,
        campaign,
        account,
        waiting,
        lost.at,
        next_lookup_at=timezone.now() + transitions.FIRST_LOOKUP_DELAY,
        note=Attempt.Note.RESTORED_LOST if is_same else Attempt.Note.RESTORED_CHANGED,
        problem_code="restored",
    )
