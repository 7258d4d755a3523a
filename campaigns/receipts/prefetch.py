"""Asks for what comes next while what came before is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from django.db import connection, connections

Item = TypeVar("Item")

DEPTH = 5
"""Items made ahead. A batch that is polled is five writes: so the next one's messages are asked for while
those of this one are stored."""


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order, a few of them made in a thread while the one before is in use.

    What an item's making raises is raised here, when its turn comes. Inside a transaction nothing is made
    ahead: the thread has a database connection of its own, to which nothing uncommitted shows.
    """
    if connection.in_atomic_block:
        yield from items
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as helper:
        coming: deque[Future[list[Item]]] = deque(helper.submit(_next, items) for _ in range(DEPTH))
        try:
            while made := coming.popleft().result():
                coming.append(helper.submit(_next, items))
                yield made[0]
        finally:
            # Waits for the one that is being made: two threads must not be in it.
            for unwanted in coming:
                unwanted.cancel()
            helper.submit(connections.close_all)


def _next(items: Iterator[Item]) -> list[Item]:
    """The next one, in a list; an empty list at the end."""
    return list(islice(items, 1))
