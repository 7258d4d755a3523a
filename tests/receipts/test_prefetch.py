"""Prefetched items arrive complete and in order; an error is raised in its place."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from campaigns.models import Lease
from campaigns.receipts.prefetch import DEPTH, prefetch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_every_item_in_its_order(count: int) -> None:
    assert list(prefetch(iter(range(count)))) == list(range(count))


def test_a_few_are_made_while_the_one_before_is_in_use() -> None:
    made = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(3 * DEPTH):
            made.release()
            yield number

    coming = prefetch(items())
    assert next(coming) == 0
    for _ in range(DEPTH + 1):  # the first, and those that nobody asked for yet
        assert made.acquire(timeout=10)
    assert not made.acquire(timeout=0.05)
    assert list(coming) == list(range(1, 3 * DEPTH))


def test_who_stops_early_asks_for_nothing_more() -> None:
    made: list[int] = []
    asked, hold = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        for number in range(3 * DEPTH):
            if number == 1:
                asked.set()
                hold.wait(10)
            made.append(number)
            yield number

    coming = prefetch(items())
    assert next(coming) == 0
    assert asked.wait(10)
    threading.Timer(0.05, hold.set).start()
    coming.close()  # type: ignore[attr-defined]
    assert made == [0, 1]


def test_what_fails_is_raised_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        msg = "the provider is gone"
        raise ConnectionError(msg)

    got = []
    with pytest.raises(ConnectionError, match="gone"):  # noqa: PT012 - what came before it counts too
        for item in prefetch(items()):
            got.append(item)
    assert got == [1, 2]


def test_inside_a_transaction_its_own_rows_are_seen() -> None:
    def items() -> Iterator[int]:
        yield Lease.objects.count()

    with transaction.atomic():
        Lease.objects.create(name="mine", until="2026-01-01T00:00:00Z")
        assert list(prefetch(items())) == [1]
    assert not connection.in_atomic_block
