"""Batches, texts and totals of High Volume SMS as JSON."""

from typing import Any

from campaigns.simulator.carrier.blocks import Batch, Block, Inbound
from campaigns.simulator.carrier.outcomes import (
    DELIVERED,
    DELIVERY_FAILED,
    QUEUED,
    SENDING_FAILED,
    SENT,
    price_of,
)
from campaigns.simulator.carrier.progress import Progress
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.status_totals import StatusTotals
from campaigns.simulator.carrier.timestamps import iso_time

_TOTAL_KEYS = {
    QUEUED: "queued",
    SENT: "sent",
    DELIVERED: "delivered",
    SENDING_FAILED: "sendingFailed",
    DELIVERY_FAILED: "deliveryFailed",
}


def batch_record(progress: Progress, batch: Batch) -> dict[str, Any]:
    """`rejected` is always empty here: only the answer to the POST lists rejected numbers."""
    done = progress.processed(batch)
    completed = done == batch.size
    record: dict[str, Any] = {
        "id": batch.id,
        "from": batch.sender,
        "batchSize": batch.size,
        "processedCount": done,
        "status": "Completed" if completed else "Processing",
        "creationTime": iso_time(batch.created),
        "lastModifiedTime": iso_time(batch.pace.left_at(done - 1) if done else batch.created),
        "rejected": [],
    }
    if completed:
        record["cost"] = progress.cost(batch)
    return record


def text_record(progress: Progress, block: Block, index: int, *, with_text: bool) -> dict[str, Any]:
    """One text of a batch, or an inbound text, which is a block of its own."""
    if isinstance(block, Inbound):
        return inbound_record(block, with_text=with_text)
    return outbound_record(progress, block, index, with_text=with_text)


def outbound_record(progress: Progress, batch: Batch, index: int, *, with_text: bool) -> dict[str, Any]:
    text = progress.status(batch, index)
    record: dict[str, Any] = {
        "id": str(batch.first_id + index),
        "batchId": batch.id,
        "from": batch.sender,
        "to": [batch.to[index]],
        "creationTime": iso_time(batch.created),
        "lastModifiedTime": iso_time(text.since),
        "messageStatus": text.status,
        "direction": "Outbound",
    }
    if text.billed:
        record["segmentCount"] = batch.segments()[index]
        record["cost"] = price_of(record["segmentCount"])
    if with_text:
        record["text"] = batch.texts[index]
    if text.code:
        record["errorCode"] = text.code
    return record


def inbound_record(message: Inbound, *, with_text: bool) -> dict[str, Any]:
    """An inbound text has no batch. The platform calls it Delivered and bills it."""
    segments = count_segments(message.text)
    record: dict[str, Any] = {
        "id": str(message.first_id),
        "from": message.sender,
        "to": [message.receiver],
        "creationTime": iso_time(message.created),
        "lastModifiedTime": iso_time(message.created),
        "messageStatus": DELIVERED,
        "segmentCount": segments,
        "cost": price_of(segments),
        "direction": "Inbound",
    }
    if with_text:
        record["text"] = message.text
    return record


def totals_record(totals: StatusTotals) -> dict[str, Any]:
    """Exactly five keys. Only the two failed statuses have codes."""
    record: dict[str, Any] = {}
    for status, key in _TOTAL_KEYS.items():
        record[key] = {"count": totals.counts[status], "cost": price_of(totals.segments[status])}
        if status in totals.codes:
            record[key]["errorCodeCounts"] = dict(totals.codes[status])
    return record
