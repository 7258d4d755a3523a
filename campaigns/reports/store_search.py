"""Searches the provider store with keyset pages, so a page costs the same at any depth.

A page reads keys from the one index that fits the search best, then fetches those rows and filters by the
other criteria. Where no index covers the whole search it reads a thousand keys at most; the page then says
how far it has searched, and the next one continues there. Nothing is counted.
"""

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

from campaigns.models import AccountState, Batch, Message, ProviderBatch, ProviderMessage
from campaigns.providers.types import MessageStatus
from campaigns.receipts import store

STEPS = (100, 300, 600)
"""Keys that a page reads, step by step until it is full, where no index covers the whole search."""

Row = TypeVar("Row", bound=Model)
Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: at the newest row, or next to a row."""

    before: int | None = None
    """Rows older than this one."""
    after: int | None = None
    """Rows newer than this one; `before` wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Rows, newest first. `older` and `newer`: ids for the next `Place`; None: no more rows."""

    rows: Sequence[Row]
    older: int | None
    newer: int | None
    looked_to: datetime | None = None
    """How far a page that is not full was searched; None: to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSearch:
    """The criteria; an empty one is not applied."""

    number: str = ""  # E.164, of either side
    state: str = ""  # with_carrier, sent, delivered, not_delivered or other
    direction: str = ""  # in or out
    start: datetime | None = None
    end: datetime | None = None  # not included
    batch: ProviderBatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSearch:
    sender: str = ""  # E.164
    status: str = ""  # the provider's word
    start: datetime | None = None
    end: datetime | None = None  # not included


def messages(
    owners: Sequence[AccountState], wanted: MessageSearch, place: Place, limit: int = 50
) -> Page[ProviderMessage]:
    """Of these accounts. An index is in the order of time only within one account, so each has its scans."""
    scans: list[QuerySet[ProviderMessage]] = []
    covered = True
    for owner in owners:
        more, covered = indexed_scans(ProviderMessage.objects.filter(account=owner), wanted)
        scans += more
    rows = (
        ProviderMessage.objects.all() if covered else with_all_criteria(ProviderMessage.objects.all(), wanted)
    )
    return page_of(scans, rows.select_related("batch__account"), wanted, place, limit, covered=covered)


def batches(
    owners: Sequence[AccountState], wanted: BatchSearch, place: Place, limit: int = 50
) -> Page[ProviderBatch]:
    scans = [ProviderBatch.objects.filter(account=owner) for owner in owners]
    covered = not (wanted.sender and wanted.status)
    rows = ProviderBatch.objects.select_related("account")
    if wanted.sender:
        scans = [scan.filter(sender=wanted.sender) for scan in scans]
    if wanted.status and covered:
        scans = [scan.filter(status=wanted.status) for scan in scans]
    elif wanted.status:
        rows = rows.filter(status=wanted.status)
    return page_of(scans, rows, wanted, place, limit, covered=covered)


def indexed_scans(
    every: QuerySet[ProviderMessage], wanted: MessageSearch
) -> tuple[list[QuerySet[ProviderMessage]], bool]:
    """The parts of the table to scan, each in the order of an index; and whether these meet all criteria."""
    undelivered = store.statuses_in(wanted.state) if wanted.state else []
    is_indexed = undelivered and MessageStatus.DELIVERED not in undelivered
    # Every message of a batch has its sender, so the sender's number excludes nothing.
    if wanted.number and not (wanted.batch and wanted.batch.sender == wanted.number):
        theirs = every.filter(other_number=wanted.number)
        if wanted.batch:
            return [theirs], False
        own = every.filter(own_number=wanted.number)
        if is_indexed:
            return [*of_each(own, undelivered), theirs], False
        if wanted.direction == "in":
            own = own.filter(inbound=True)
        return [own, theirs], not (wanted.state or wanted.direction)
    scan = wanted.batch.messages.all() if wanted.batch else every
    if is_indexed:
        return of_each(scan, undelivered), not wanted.direction
    if wanted.direction == "in" and not wanted.batch:
        return [scan.filter(inbound=True)], not wanted.state
    return [scan], not (wanted.state or wanted.direction)


def of_each(
    scan: QuerySet[ProviderMessage], statuses: Iterable[MessageStatus]
) -> list[QuerySet[ProviderMessage]]:
    """One scan for each status: an index is in the order of time only within one of them."""
    return [scan.filter(undelivered=status) for status in statuses]


def with_all_criteria(rows: QuerySet[ProviderMessage], wanted: MessageSearch) -> QuerySet[ProviderMessage]:
    if wanted.state:
        statuses = store.statuses_in(wanted.state)
        is_delivered = MessageStatus.DELIVERED in statuses
        rows = rows.filter(undelivered=None) if is_delivered else rows.filter(undelivered__in=statuses)
    if wanted.direction:
        rows = rows.filter(inbound=wanted.direction == "in")
    return rows.filter(batch=wanted.batch) if wanted.batch else rows


def page_of(
    scans: Sequence[QuerySet[Row]],
    rows: QuerySet[Row],
    wanted: MessageSearch | BatchSearch,
    place: Place,
    limit: int,
    *,
    covered: bool,
) -> Page[Row]:
    upwards = place.before is None and place.after is not None
    start = place.before if place.before is not None else place.after
    scan = Scan(scans, wanted, key_of(scans[0], start), upwards=upwards)
    page: list[Row] = []
    for step in (limit + 1,) if covered else STEPS:
        keys = scan.keys(step)
        matches = rows.filter(pk__in=[key for _, key in keys]).order_by(*scan.order)
        page += matches[: limit + 1 - len(page)]
        if len(page) > limit or scan.ended:
            break
    more = len(page) > limit
    page = page[:limit]
    cut_short = not more and not scan.ended and scan.edge is not None
    onwards = page[-1].pk if more else scan.edge[1] if scan.edge and cut_short else None
    # There may be rows on the side that the reader came from; no query checks it.
    backwards = None if start is None else page[0].pk if page else start
    if upwards:
        page.reverse()
    return Page(
        rows=page,
        older=backwards if upwards else onwards,
        newer=onwards if upwards else backwards,
        looked_to=scan.edge[0] if scan.edge and cut_short else None,
    )


def key_of(every: QuerySet[Row], pk: int | None) -> Key | None:
    if pk is None:
        return None
    return every.model._default_manager.filter(pk=pk).values_list("created_at", "id").first()


class Scan:
    """Merges the keys of several querysets, in order, reading indexes only. `edge`: the last key read."""

    def __init__(
        self,
        querysets: Sequence[QuerySet[Any]],
        wanted: MessageSearch | BatchSearch,
        edge: Key | None,
        *,
        upwards: bool,
    ) -> None:
        self.querysets, self.upwards = querysets, upwards
        self.order = ("created_at", "id") if upwards else ("-created_at", "-id")
        self.ended = False
        low = (wanted.start, 0) if wanted.start else None
        high = (wanted.end, 0) if wanted.end else None
        self.limit, start = (high, low) if upwards else (low, high)
        # Only one bound on each side: with two, SQLite may start at the wrong one and read all rows between.
        begin = max if upwards else min
        known = [key for key in (edge, start) if key is not None]
        self.edge: Key | None = begin(known) if known else None

    def keys(self, count: int) -> list[Key]:
        """The next keys. Fewer than `count`: there are no more."""
        chunks: Iterable[list[Key]] = (
            list(self.remaining(queryset).order_by(*self.order).values_list("created_at", "id")[:count])
            for queryset in self.querysets
        )
        # A text from one of our numbers to another is in both querysets.
        merged = dict.fromkeys(heapq.merge(*chunks, reverse=not self.upwards))
        keys = list(islice(merged, count))
        self.ended = len(keys) < count
        self.edge = keys[-1] if keys else self.edge
        return keys

    def remaining(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.edge:
            queryset = queryset.filter(compared(" > " if self.upwards else " < ", self.edge))
        if self.limit:
            queryset = queryset.filter(compared(" < " if self.upwards else " >= ", self.limit))
        return queryset


def compared(sign: str, key: Key) -> Func:
    """Compares (created_at, id) with a key as row values, so that both databases seek to it in the index."""
    at, pk = Value(key[0], DateTimeField()), Value(key[1], BigIntegerField())
    pairs = [
        Func(*pair, template="(%(expressions)s)", output_field=CharField())
        for pair in ((F("created_at"), F("id")), (at, pk))
    ]
    return Func(*pairs, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())


def campaign_messages(stored: Sequence[ProviderMessage]) -> dict[int, Message]:
    """Id of a stored message → the same text in a campaign, for those that a campaign sent."""
    batches = campaign_batches([item.batch for item in stored if item.batch])
    messages = Message.objects.filter(
        to__in={item.other_number for item in stored if item.batch_id in batches},
        campaign__in={batch.campaign_id for batch in batches.values()},
    )
    # Not sorted: to avoid a sort, SQLite would read the whole campaign.
    messages = messages.select_related("campaign").order_by()
    by_place = {(message.batch_id, message.to): message for message in messages}
    return {
        item.pk: by_place[batches[item.batch_id].pk, item.other_number]
        for item in stored
        if item.batch_id in batches and (batches[item.batch_id].pk, item.other_number) in by_place
    }


def campaign_batches(stored: Sequence[ProviderBatch]) -> dict[int, Batch]:
    """Id of a stored batch → the batch of a campaign, for those that a campaign submitted."""
    places = {item.pk: (item.account.account, item.provider_id) for item in stored}
    accounts, ids = {account for account, _ in places.values()}, {number for _, number in places.values()}
    batches = Batch.objects.filter(account__in=accounts, provider_id__in=ids).select_related("campaign")
    by_place = {(batch.account, batch.provider_id): batch for batch in batches}
    return {pk: by_place[place] for pk, place in places.items() if place in by_place}
