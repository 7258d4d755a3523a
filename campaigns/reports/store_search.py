"""Searches the mirror of the provider's store: pages by the last row seen, at one price whatever the depth.

Each page first reads keys from the one index that fits the search best, and from nothing else; then it
fetches those rows and drops what the rest of the search does not want. Where no index covers all of a search
that is a thousand keys at most: the page then says how far it has looked, and the next one goes on there.
Nothing is ever counted.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    F,
    Func,
    Model,
    QuerySet,
    Value,
)

from campaigns.models import AccountState, Batch, Message, StoreBatch, StoreMessage
from campaigns.receipts import store

STEPS = (100, 300, 600)
"""How many keys a page looks at, one step after the other until it is full, where no index covers all of a
search."""

Row = TypeVar("Row", bound=Model)
Key = tuple[datetime, int]
Standing = StoreMessage.Undelivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: at the newest, or on either side of a row."""

    before: int | None = None
    """Older than this row."""
    after: int | None = None
    """Newer than this row; `before` wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Rows, newest first. `older` and `newer` are rows to go on from; None: nothing there."""

    rows: Sequence[Row]
    older: int | None
    newer: int | None
    looked_to: datetime | None = None
    """The search went no further than this, and did not fill the page; None: it did all it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSearch:
    """What to look for; each that is left out asks nothing."""

    number: str = ""  # E.164, ours or theirs
    state: str = ""  # with_carrier, sent, delivered, not_delivered or other
    direction: str = ""  # in or out
    start: datetime | None = None
    end: datetime | None = None  # not included
    batch: StoreBatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSearch:
    sender: str = ""  # E.164
    status: str = ""  # the provider's word
    start: datetime | None = None
    end: datetime | None = None  # not included


STANDINGS = {state: standing for standing, state in store.STATES.items()} | {"other": Standing.OTHER.value}


def messages(whose: AccountState, wanted: MessageSearch, place: Place, limit: int = 50) -> Page[StoreMessage]:
    """One page of messages."""
    every = StoreMessage.objects.filter(account=whose)
    roads, covered = _roads(every, wanted)
    rest = StoreMessage.objects.all() if covered else _all_of(StoreMessage.objects.all(), wanted)
    return _page(roads, rest.select_related("batch"), wanted, place, limit, covered=covered)


def batches(whose: AccountState, wanted: BatchSearch, place: Place, limit: int = 50) -> Page[StoreBatch]:
    """One page of batches."""
    found = StoreBatch.objects.filter(account=whose)
    covered = not (wanted.sender and wanted.status)
    rest = StoreBatch.objects.all()
    if wanted.sender:
        found = found.filter(sender=wanted.sender)
    if wanted.status and covered:
        found = found.filter(status=wanted.status)
    elif wanted.status:
        rest = rest.filter(status=wanted.status)
    return _page([found], rest, wanted, place, limit, covered=covered)


def _roads(every: QuerySet[StoreMessage], wanted: MessageSearch) -> tuple[list[QuerySet[StoreMessage]], bool]:
    """The parts of the table to walk, each sorted in an index; and whether they hold nothing else."""
    standing = STANDINGS.get(wanted.state)
    # Every message of a batch is from its sender: to ask for that number too says nothing more.
    if wanted.number and not (wanted.batch and wanted.batch.sender == wanted.number):
        theirs = every.filter(their_number=wanted.number)
        if wanted.batch:
            return [theirs], False
        ours = every.filter(our_number=wanted.number)
        if standing is not None:
            ours = ours.filter(undelivered=standing)
        elif wanted.direction == "in":
            ours = ours.filter(inbound=True)
        return [ours, theirs], not (wanted.state or wanted.direction)
    road = wanted.batch.messages.all() if wanted.batch else every
    if standing is not None:
        return [road.filter(undelivered=standing)], not wanted.direction
    if wanted.direction == "in" and not wanted.batch:
        return [road.filter(inbound=True)], not wanted.state
    return [road], not (wanted.state or wanted.direction)


def _all_of(rows: QuerySet[StoreMessage], wanted: MessageSearch) -> QuerySet[StoreMessage]:
    """What a road may not have asked for yet."""
    if wanted.state:
        rows = (
            rows.filter(undelivered=STANDINGS[wanted.state])
            if _is_open(wanted)
            else rows.filter(undelivered__isnull=True)
        )
    if wanted.direction:
        rows = rows.filter(inbound=wanted.direction == "in")
    return rows.filter(batch=wanted.batch) if wanted.batch else rows


def _is_open(wanted: MessageSearch) -> bool:
    return STANDINGS[wanted.state] is not None


def _page(
    roads: Sequence[QuerySet[Row]],
    rest: QuerySet[Row],
    wanted: MessageSearch | BatchSearch,
    place: Place,
    limit: int,
    *,
    covered: bool,
) -> Page[Row]:
    upwards = place.before is None and place.after is not None
    began_at = place.before if place.before is not None else place.after
    walk = _Walk(roads, wanted, _key_of(roads[0], began_at), upwards=upwards)
    rows: list[Row] = []
    for step in (limit + 1,) if covered else STEPS:
        keys = walk.keys(step)
        found = rest.filter(pk__in=[key for _, key in keys]).order_by(*walk.order)
        rows += found[: limit + 1 - len(rows)]
        if len(rows) > limit or walk.ended:
            break
    more = len(rows) > limit
    rows = rows[:limit]
    cut_short = not more and not walk.ended and walk.edge is not None
    onwards = rows[-1].pk if more else walk.edge[1] if walk.edge and cut_short else None
    # There may be something on the side that one came from, though nobody looked.
    backwards = None if began_at is None else rows[0].pk if rows else began_at
    if upwards:
        rows.reverse()
    return Page(
        rows=rows,
        older=backwards if upwards else onwards,
        newer=onwards if upwards else backwards,
        looked_to=walk.edge[0] if walk.edge and cut_short else None,
    )


def _key_of(every: QuerySet[Row], pk: int | None) -> Key | None:
    if pk is None:
        return None
    return every.model._default_manager.filter(pk=pk).values_list("created_at", "id").first()


class _Walk:
    """Along several roads at once, from an edge on, out of the indexes alone."""

    def __init__(
        self,
        roads: Sequence[QuerySet[Any]],
        wanted: MessageSearch | BatchSearch,
        edge: Key | None,
        *,
        upwards: bool,
    ) -> None:
        self.roads, self.upwards = roads, upwards
        self.order = ("created_at", "id") if upwards else ("-created_at", "-id")
        self.ended = False
        low = (wanted.start, 0) if wanted.start else None
        high = (wanted.end, 0) if wanted.end else None
        self.limit, start = (high, low) if upwards else (low, high)
        # One bound on each side: with two, SQLite may begin at the wrong one and pass by all between them.
        begin = max if upwards else min
        known = [key for key in (edge, start) if key is not None]
        self.edge: Key | None = begin(known) if known else None

    def keys(self, count: int) -> list[Key]:
        """The next ones; less than `count` means that the roads are at their end."""
        walks: Iterable[list[Key]] = (
            list(self._ahead(road).order_by(*self.order).values_list("created_at", "id")[:count])
            for road in self.roads
        )
        # A text from one number of ours to another is on both roads.
        merged = dict.fromkeys(heapq.merge(*walks, reverse=not self.upwards))
        found = list(islice(merged, count))
        self.ended = len(found) < count
        self.edge = found[-1] if found else self.edge
        return found

    def _ahead(self, road: QuerySet[Any]) -> QuerySet[Any]:
        if self.edge:
            road = road.filter(_beside(" > " if self.upwards else " < ", self.edge))
        if self.limit:
            road = road.filter(_beside(" < " if self.upwards else " >= ", self.limit))
        return road


def _beside(sign: str, key: Key) -> Func:
    """Which side of a key rows are on. One comparison of two row values: only so do both databases begin to
    walk at the very row."""
    at, pk = Value(key[0], DateTimeField()), Value(key[1], BigIntegerField())
    pairs = [
        Func(*pair, template="(%(expressions)s)", output_field=CharField())
        for pair in ((F("created_at"), F("id")), (at, pk))
    ]
    return Func(*pairs, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())


def our_messages(whose: AccountState, found: Sequence[StoreMessage]) -> dict[int, Message]:
    """Mirrored id → the message of a campaign that it is, for those of these rows that are ours."""
    batches = our_batches(whose, [item.batch for item in found if item.batch])
    ours = Message.objects.filter(
        to__in={item.their_number for item in found if item.batch_id in batches},
        campaign__in={batch.campaign_id for batch in batches.values()},
    ).select_related("campaign")
    by_place = {(message.batch_id, message.to): message for message in ours}
    return {
        item.pk: by_place[batches[item.batch_id].pk, item.their_number]
        for item in found
        if item.batch_id in batches and (batches[item.batch_id].pk, item.their_number) in by_place
    }


def our_batches(whose: AccountState, found: Sequence[StoreBatch]) -> dict[int, Batch]:
    """Mirrored id → our batch, for those that a campaign of ours handed over."""
    ids = {item.provider_id for item in found}
    ours = Batch.objects.filter(account=whose.account, provider_id__in=ids).select_related("campaign")
    by_provider = {batch.provider_id: batch for batch in ours}
    return {item.pk: by_provider[item.provider_id] for item in found if item.provider_id in by_provider}
