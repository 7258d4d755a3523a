"""The log of accepted texts, which tests compare with what a client believes to have sent."""

import orjson

from campaigns.simulator.carrier.append_file import AppendFile
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.timestamps import iso_time

_UNIQUE_BYTES = 80
"""The request id lies within the first so many bytes of a line, so they identify the batch."""


def accepted_lines(batch: Batch) -> bytes:
    """One line for each accepted text, in the order of sending."""
    accepted_at = iso_time(batch.created)
    return b"".join(
        orjson.dumps(
            {
                "provider": "ringcentral",
                "request_id": batch.request_id,
                "batch_id": batch.id,
                "message_id": str(message_id),
                "from": batch.sender,
                "to": to,
                "text": text,
                "accepted_at": accepted_at,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for message_id, to, text in zip(
            range(batch.first_id, batch.first_id + batch.size), batch.to, batch.texts, strict=True
        )
    )


def append_missing(log: AppendFile, newest: Batch) -> None:
    """Complete the log after a kill that came between the state file and this one.

    Batches are accepted one at a time, so only lines of the newest can be missing, all or some of them.
    """
    lines = accepted_lines(newest)
    tail = log.tail(len(lines))
    position = tail.find(lines[:_UNIQUE_BYTES])
    if position >= 0:
        written = len(tail) - position
    else:
        written = next((n for n in range(_UNIQUE_BYTES - 1, 0, -1) if tail.endswith(lines[:n])), 0)
    if written < len(lines):
        log.append(lines[written:])
