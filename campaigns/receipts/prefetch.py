"""Runs an iterator ahead in a thread, so that it waits for the provider while earlier items are written."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from django.db import connection, connections

Item = TypeVar("Item")

DEPTH = 5
"""Items fetched ahead. One polled batch is five writes, so this is about one batch."""


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order; an exception is raised where its item would be.

    Inside a transaction nothing is prefetched: the thread has its own database connection, which does not see
    uncommitted rows.
    """
    if connection.in_atomic_block:
        yield from items
        return

    def next_item() -> list[Item]:
        return list(islice(items, 1))

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as executor:
        pending: deque[Future[list[Item]]] = deque(executor.submit(next_item) for _ in range(DEPTH))
        try:
            while item := pending.popleft().result():
                pending.append(executor.submit(next_item))
                yield item[0]
        finally:
            # Only one thread may run the iterator, so the executor waits for the item in progress.
            for future in pending:
                future.cancel()
            executor.submit(connections.close_all)
