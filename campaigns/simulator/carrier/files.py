"""The two files of a carrier: its state, from which a restart rebuilds it, and the log of accepted texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from campaigns.simulator.carrier.accepted_log import accepted_lines, append_missing
from campaigns.simulator.carrier.append_file import AppendFile
from campaigns.simulator.carrier.blocks import Batch


@dataclass(slots=True)
class Files:
    """Either file may be absent."""

    accepted_log: AppendFile | None = None
    state: AppendFile | None = None

    @classmethod
    def open(cls, accepted_log: Path | None, state: Path | None, *, fsync: bool) -> Files:
        return cls(
            AppendFile(accepted_log, fsync=fsync) if accepted_log else None,
            AppendFile(state, fsync=fsync) if state else None,
        )

    def exist(self) -> bool:
        return self.accepted_log is not None or self.state is not None

    def write(self, record: dict[str, Any]) -> None:
        if self.state:
            self.state.append(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def write_batch(self, batch: Batch) -> None:
        """State first: after a kill the accepted log can be completed from it, never the reverse."""
        before = self.state.size() if self.state else 0
        self.write(batch.to_log())
        try:
            lines = accepted_lines(batch) if self.accepted_log else b""
            if self.accepted_log and lines:
                self.accepted_log.append(lines)
        except OSError:
            if self.state:
                self.state.truncate(before)
            raise

    def replay(self) -> Iterator[dict[str, Any]]:
        return self.state.replay() if self.state else iter(())

    def complete_accepted_log(self, newest: Batch) -> None:
        if self.state and self.accepted_log and self.accepted_log.existed:
            append_missing(self.accepted_log, newest)
