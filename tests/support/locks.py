"""Sees whether a campaign is locked before its ledger is written, on SQLite too, which has no such lock."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction

LOCK = " FOR NO KEY UPDATE"
LEDGER_WRITE = re.compile(
    r'(?:UPDATE|INSERT INTO|DELETE FROM) "(campaigns_(?:attempt|batch|counters|message|campaign))"'
)


class Watch:
    def __init__(self) -> None:
        self.depth = 0
        self.locked = False
        self.unlocked_writes: list[str] = []
        """Tables that a transaction wrote to before it had locked a campaign."""
        self.locks = 0

    def run(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.endswith(LOCK) and '"campaigns_campaign"' in sql:
            self.locked = self.depth > 0
            self.locks += 1
        elif self.depth and not self.locked and (found := LEDGER_WRITE.match(sql)):
            self.unlocked_writes.append(found[1])
        return execute(
            sql.removesuffix(LOCK) if connection.vendor == "sqlite" else sql, params, many, context
        )


@contextmanager
def watched() -> Iterator[Watch]:
    """What the code inside does in transactions of its own; a test's own one does not count."""
    watch = Watch()
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    def entered(block: Any) -> None:
        enter(block)
        watch.locked = watch.locked and watch.depth > 0
        watch.depth += 1

    def left(block: Any, *error: Any) -> None:
        watch.depth -= 1
        leave(block, *error)

    with ExitStack() as stack:
        for name in ("has_select_for_update", "has_select_for_no_key_update"):
            stack.enter_context(patch.object(connection.features, name, True))
        stack.enter_context(patch.object(transaction.Atomic, "__enter__", entered))
        stack.enter_context(patch.object(transaction.Atomic, "__exit__", left))
        stack.enter_context(connection.execute_wrapper(watch.run))
        yield watch
