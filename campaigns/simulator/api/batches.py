"""Endpoints that accept batches and report on them."""

from typing import Any

from campaigns.simulator.api.batch_parsing import parse_batch
from campaigns.simulator.api.errors import invalid_parameter, unknown_resource
from campaigns.simulator.api.paging import Page, parse_window
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.records.high_volume import batch_record

_STATUSES = ("Queued", "Processing", "Sent", "Completed")


def create_batch(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Everything is checked before anything is accepted. 201 means accepted, not sent."""
    parsed = parse_batch(request)
    batch = platform.store.accept(parsed.sender, parsed.to, parsed.texts, request.request_id)
    platform.replies.schedule(batch)
    accepted = batch_record(platform.progress(batch.created), batch)
    return json_response(accepted | {"rejected": parsed.rejected}, status=201)


def get_batch(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    batch = platform.store.by_id.get(params[0])
    if batch is None:
        raise unknown_resource("batchId")
    return json_response(batch_record(platform.progress(), batch))


def list_batches(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Newest first. A batch younger than the list lag is not shown yet."""
    since, until = parse_window(request, platform.clock.now())
    statuses = request.query.get("status", [])
    if any(status not in _STATUSES for status in statuses):
        raise invalid_parameter("status")
    sender = request.last("from")
    until = min(until, platform.listed_until(request.lag))
    page = Page.from_query(request)
    progress = platform.progress()

    def matches(batch: Batch) -> bool:
        if not since <= batch.created <= until or sender not in (None, batch.sender):
            return False
        status = "Completed" if progress.is_completed(batch) else "Processing"
        return not statuses or status in statuses

    def describe(batch: Batch) -> dict[str, Any]:
        return batch_record(progress, batch)

    batches = platform.store.batches
    start = len(batches) if page.below is None else min(page.below, len(batches))
    matching: list[Batch] = []
    for number in range(start - 1, -1, -1):
        batch = batches[number]
        if batch.created < since or len(matching) > page.size:
            break
        if matches(batch):
            matching.append(batch)
    return json_response(page.response(matching, lambda batch: batch.number, describe))
