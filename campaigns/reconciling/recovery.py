"""After a restore from a backup: who has a text already is read from the provider's records, never guessed.

A batch of the provider that no attempt of ours is linked to is looked up by its people and their very texts.
If they wait here, the batch is adopted as if its answer had come; if the campaign is not in this database,
its people are listed. What the journal says was handed over, and the records do not show, is searched for as
ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Batch, Campaign, Event, Message, RowState
from campaigns.providers.base import Provider
from campaigns.providers.types import BatchState, OutgoingText, Rejected
from campaigns.reconciling import orphans, search
from campaigns.reconciling.matching import Candidate
from campaigns.sending import attempts, counters, journal, launch, lifecycle, restore_guard
from campaigns.sending.prepared import fingerprint

CHUNK = 500
WAITING_HERE = (Batch.State.QUEUED, Batch.State.HELD)
SEARCHED_HERE = (Batch.State.SUBMITTING, Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW)
OWNER = "recover"


class RecordsIncomplete(Exception):  # noqa: N818 - not an error: the records are to be read again later
    """The provider's records are not complete, so nothing may be concluded from them. For people."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch of the provider whose people wait in a campaign of ours."""

    candidate: Candidate
    campaign: int
    messages: tuple[int, ...]
    told: journal.Answered | None


@dataclass(slots=True)
class Plan:
    since: datetime
    taken: list[Taken] = field(default_factory=list)
    unknown: list[Candidate] = field(default_factory=list)
    """With the texts that no campaign of ours waits to send."""
    similar: set[int] = field(default_factory=set)
    """Campaigns that wait to send another text to people of those."""
    lost: list[journal.Sent] = field(default_factory=list)
    """Handed over as the journal says, and not known to this database."""


# --- Reading ------------------------------------------------------------------------------------------------


def plan() -> Plan:
    """What there is to do. Writes nothing. Raises ProviderError, RecordsIncomplete or OSError."""
    carrier, account, name = registry.provider(), registry.account(), restore_guard.installation_name()
    lost = _lost(name)
    made = Plan(_since(lost), lost=lost)
    linked = set(
        Attempt.objects.filter(account=account).exclude(provider_id="").values_list("provider_id", flat=True)
    )
    answers = _answers(name, lost)
    listed = list(carrier.batches(date_from=made.since, date_to=timezone.now() + search.WINDOW, whole=True))
    if answers.keys() - {batch.provider_id for batch in listed}:
        raise RecordsIncomplete(
            "The carrier's records lag behind: they do not show what it had confirmed. Try again later."
        )
    for batch in reversed(listed):
        if batch.provider_id not in linked:
            _match(made, _read(carrier, batch, made.since), answers.get(batch.provider_id))
    return made


def _lost(name: str) -> list[journal.Sent]:
    known = set(Attempt.objects.filter(sending_at__isnull=False).values_list("pk", flat=True).iterator())
    return [one for one in journal.current().sent(name) if one.attempt not in known]


def _since(lost: Sequence[journal.Sent]) -> datetime:
    """The database's last sign of life, or the first hand-over that it does not know, and a day before."""
    signs = [
        Event.objects.aggregate(at=Max("at"))["at"],
        Attempt.objects.aggregate(at=Max("prepared_at"))["at"],
    ]
    last = max(filter(None, signs), default=timezone.now())
    return min([last, *(one.at for one in lost)]) - search.WINDOW


def _answers(name: str, lost: Sequence[journal.Sent]) -> dict[str, journal.Answered]:
    """What the journal knows of answers to them, by the provider's id."""
    told = (journal.current().answer(name, one.attempt) for one in lost)
    return {found.answer.provider_id: found for found in told if found}


def _read(carrier: Provider, batch: BatchState, since: datetime) -> Candidate:
    pages = carrier.messages(
        date_from=since,
        date_to=timezone.now() + search.WINDOW,
        batch_id=batch.provider_id,
        with_text=True,
        whole=True,
    )
    found = Candidate(batch, [(item.to, item.text) for page in pages for item in page])
    if not found.complete:
        raise RecordsIncomplete(
            "The carrier does not list all texts of a batch yet. Try again in a few minutes."
        )
    return found


def _match(made: Plan, candidate: Candidate, told: journal.Answered | None) -> None:
    texts, rows, similar = dict(candidate.messages), [], set()
    already = {key for taken in made.taken for key in taken.messages}
    for key, to, text, campaign, batch_state in _waiting(candidate):
        if text == texts[to] and key not in already:
            rows.append((key, to, campaign, batch_state))
        elif text != texts[to]:
            similar.add(campaign)
    if not rows:
        made.unknown.append(candidate)
        made.similar |= similar
        return
    campaign = Counter(row[2] for row in rows).most_common(1)[0][0]
    ours = [row for row in rows if row[2] == campaign]
    rest = [pair for pair in candidate.messages if pair[0] not in {row[1] for row in ours}]
    if rest:
        made.unknown.append(replace(candidate, messages=rest))
    if all(row[3] in WAITING_HERE for row in ours):  # else the search that is under way finds it
        made.taken.append(Taken(candidate, campaign, tuple(row[0] for row in ours), told))


def _waiting(candidate: Candidate) -> Iterator[tuple[int, str, str, int, str]]:
    """Messages from that number to its people that nobody is known to have."""
    numbers = [to for to, _ in candidate.messages]
    for start in range(0, len(numbers), CHUNK):
        yield from Message.objects.filter(
            to__in=numbers[start : start + CHUNK],
            state=Message.State.WAITING,
            batch__sender=candidate.batch.sender,
            batch__state__in=(*WAITING_HERE, *SEARCHED_HERE),
        ).values_list("pk", "to", "text", "campaign_id", "batch__state")


# --- Writing ------------------------------------------------------------------------------------------------


def prepare() -> None:
    """Before the plan that is carried out: whole audiences, and nothing in hand of a process that is gone."""
    orphans.settle_orphans()
    for key in Campaign.objects.filter(state=Campaign.State.PREPARING).values_list("pk", flat=True):
        launch.freeze(key)


def apply(made: Plan) -> None:
    """Adopt, move the mark, unlock. Raises OSError if the journal cannot be written: it stays locked then."""
    name, account = restore_guard.installation_name(), registry.account()
    mark = journal.current().index(name).highest
    with transaction.atomic():
        _count_on_from(mark)
        for taken in made.taken:
            _adopt(taken, account)
        found = {_payload(taken) for taken in made.taken}
        for one in made.lost:
            if one.payload not in found:
                _search_for(one, account)
        for key in made.similar:
            lifecycle.hold(key, SIMILAR, code=restore_guard.RECOVERED)
        Campaign.objects.filter(state=Campaign.State.SENDING).update(next_try_at=None)
        people = sum(len(taken.messages) for taken in made.taken)
        strangers = sum(len(found.messages) for found in made.unknown)
        detail = f"{people} texts had left, {strangers} are of campaigns that this database does not know"
        event = Event.objects.create(verb=restore_guard.RECOVERED, detail=detail)
    journal.current().append(journal.mark_line(name, mark, mark, event.pk))


SIMILAR = (
    "After the restore from a backup the carrier's records show another text to some of the same people that "
    "nobody here knows of. Compare before it goes on: they may have this campaign's text in other words."
)


def _count_on_from(mark: int) -> None:
    """No attempt gets an id that the journal has seen."""
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


def _adopt(taken: Taken, account: str) -> None:
    Campaign.objects.locked(taken.campaign)
    batch, rejected = _whole(taken) or (_carved(taken), ())
    waiting = attempts.waiting_texts(batch.pk)
    found = taken.candidate.batch
    at = found.created_at or timezone.now()
    attempt = _attempt(batch, account, waiting, Attempt.State.REVIEW, at)
    counters.move(taken.campaign, RowState(batch.state), RowState.NEEDS_REVIEW, len(waiting))
    answer = replace(found, rejected=rejected)
    attempts.accept(attempts.as_prepared(attempt, taken.campaign, waiting), answer, account)
    Event.objects.create(campaign_id=taken.campaign, verb="adopted", detail=f"batch {batch.number}")


def _whole(taken: Taken) -> tuple[Batch, tuple[Rejected, ...]] | None:
    """The one batch of ours that it is, and who was rejected of it; None if it was cut in another way."""
    keys = set(Message.objects.filter(pk__in=taken.messages).values_list("batch_id", flat=True))
    if len(keys) != 1:
        return None
    batch = Batch.objects.get(pk=keys.pop())
    waiting = attempts.waiting_texts(batch.pk)
    if taken.told and taken.told.payload == _sha(waiting):
        return batch, taken.told.answer.rejected
    return (batch, ()) if len(waiting) == len(taken.messages) else None


def _payload(taken: Taken) -> str:
    """What the journal calls it by, however its people are cut into batches now."""
    if taken.told:
        return taken.told.payload
    messages = Message.objects.filter(pk__in=taken.messages).order_by("id")
    return _sha(list(messages.values_list("id", "to", "text")))


def _sha(waiting: Sequence[tuple[int, str, str]]) -> str:
    return fingerprint([OutgoingText(to, text) for _, to, text in waiting])


def _carved(taken: Taken) -> Batch:
    """A batch of its own for these people; the others of theirs wait on."""
    last = Batch.objects.filter(campaign_id=taken.campaign).aggregate(last=Max("number"))["last"] or 0
    new = Batch.objects.create(
        campaign_id=taken.campaign,
        number=last + 1,
        size=len(taken.messages),
        sender=taken.candidate.batch.sender,
        state=Batch.State.QUEUED,
    )
    for start in range(0, len(taken.messages), CHUNK):
        moving = Message.objects.filter(pk__in=taken.messages[start : start + CHUNK])
        for key, state in set(moving.exclude(batch=new).values_list("batch_id", "batch__state")):
            moved = moving.filter(batch_id=key).update(batch=new)
            counters.move(taken.campaign, RowState(state), RowState.QUEUED, moved)
            Batch.objects.filter(pk=key).update(size=F("size") - moved)
    return new


def _attempt(
    batch: Batch, account: str, waiting: Sequence[tuple[int, str, str]], state: str, at: datetime
) -> Attempt:
    return Attempt.objects.create(
        batch=batch,
        account=account,
        sender=batch.sender,
        size=len(waiting),
        payload_sha256=_sha(waiting),
        state=state,
        owner=OWNER,
        prepared_at=at,
        sending_at=at,
        ended_at=timezone.now(),
        note="Found in the provider's records after a restore from a backup.",
    )


def _search_for(one: journal.Sent, account: str) -> None:
    """The records do not show it, perhaps not yet: it is in doubt, as it was or would have been."""
    batch = Batch.objects.filter(pk=one.batch, campaign_id=one.campaign, state__in=WAITING_HERE).first()
    waiting = attempts.waiting_texts(batch.pk) if batch else []
    if batch is None or not waiting:
        return
    same = _sha(waiting) == one.payload
    unresolved = Attempt.objects.filter(
        account=account, sender=batch.sender, state__in=Attempt.UNRESOLVED
    ).exists()
    doubt = DOUBT if same and not unresolved else REVIEW
    attempt = _attempt(batch, account, waiting, doubt[0], one.at)
    note = "Handed over before the restore from a backup; the answer is not known."
    note += "" if same else " It held other people or texts than it does now, so a search cannot find it."
    Attempt.objects.filter(pk=attempt.pk).update(
        next_look_at=timezone.now() + timedelta(seconds=2), note=note, problem_code="restored"
    )
    counters.move(one.campaign, RowState(batch.state), doubt[1], len(waiting))
    Batch.objects.filter(pk=batch.pk).update(state=doubt[1].value)
    Event.objects.create(campaign_id=one.campaign, verb="answer_lost", detail=f"batch {batch.number}")


REVIEW = (Attempt.State.REVIEW, RowState.NEEDS_REVIEW)
DOUBT = (Attempt.State.AMBIGUOUS, RowState.IN_DOUBT)
