"""Endpoints that take batches and report on them."""

from __future__ import annotations

from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    Request,
    bad_parameter,
    json_answer,
    not_found,
    read_json,
    refusal,
)
from campaigns.simulator.api.paging import Page, read_page, read_window
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.outcomes import INVALID, REJECTED_ENDING
from campaigns.simulator.carrier.segments import utf16_units

MAX_UNITS = 1000
_STATUSES = ("Queued", "Processing", "Sent", "Completed")


def create_batch(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """POST batches: everything is checked before anything is taken. 201 means accepted, not sent."""
    _check_json_header(request)
    body = read_json(request.body)
    sender = body.get("from")
    if not isinstance(sender, str) or not _can_send(sender):
        raise bad_parameter("from")
    default = body.get("text")
    if default is not None:
        _check_text(default)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_parameter("messages")
    to, texts, rejected = _sort_out(messages, default)
    batch = carrier.store.accept(sender, to, texts, request.request_id)
    carrier.replies.expect(batch)
    accepted = carrier.progress(batch.created).batch_record(batch)
    return json_answer(accepted | {"rejected": rejected}, status=201)


def _check_json_header(request: Request) -> None:
    content_type = request.headers.get("content-type")
    if not content_type:
        message = "Header Content-Type should be specified"
        raise refusal(400, "CMN-110", message, parameter="Content-Type")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise refusal(400, "CMN-407", "Parameter in header is invalid", parameter="Content-Type")


def _can_send(phone: str) -> bool:
    number = BY_PHONE.get(phone)
    return number is not None and "A2PSmsSender" in number.features


def _check_text(text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise bad_parameter("text")
    # Two units at most for a character, so a short text needs no closer look.
    if len(text) > MAX_UNITS // 2 and utf16_units(text) > MAX_UNITS:
        raise bad_parameter("text")
    return text


def _sort_out(messages: list[Any], default: str | None) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    """Recipients and texts to take, and the rejected ones, numbered from 1."""
    to: list[str] = []
    texts: list[str] = []
    rejected: list[dict[str, Any]] = []
    for index, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            raise bad_parameter("messages")
        numbers = message.get("to")
        if not isinstance(numbers, list) or len(numbers) != 1 or not isinstance(numbers[0], str):
            raise bad_parameter("to")
        text = message.get("text", default)
        if text is not default or text is None:
            text = _check_text(text)
        number = numbers[0]
        if takes_recipient(number) and number[-4:] != REJECTED_ENDING:
            to.append(number)
            texts.append(text)
        else:
            description = "The recipient number is invalid"
            rejected.append({"index": index, "to": numbers, "errorCode": INVALID, "description": description})
    return to, texts, rejected


def get_batch(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    batch = carrier.store.by_id.get(found[0])
    if batch is None:
        raise not_found("batchId")
    return json_answer(carrier.progress().batch_record(batch))


def list_batches(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """Newest first. A batch younger than the list lag is not shown yet."""
    now = carrier.clock.now()
    since, until = read_window(request, now)
    statuses = request.query.get("status", [])
    if any(status not in _STATUSES for status in statuses):
        raise bad_parameter("status")
    sender = request.one("from")
    until = min(until, carrier.listed_until(request.lag))
    page = read_page(request)
    progress = carrier.progress()

    def wanted(batch: Batch) -> bool:
        if not since <= batch.created <= until or sender not in (None, batch.sender):
            return False
        done = batch.pace.processed(progress.now, batch.size) == batch.size
        return not statuses or ("Completed" if done else "Processing") in statuses

    batches = carrier.store.batches
    start = len(batches) if page.below is None else min(page.below, len(batches))
    shown: list[Batch] = []
    for number in range(start - 1, -1, -1):
        batch = batches[number]
        if batch.created < since or len(shown) > page.size:
            break
        if wanted(batch):
            shown.append(batch)
    return json_answer(_listing(progress.batch_record, shown, page))


def _listing(describe: Any, shown: list[Batch], page: Page) -> dict[str, Any]:
    kept = shown[: page.size]
    ids = [batch.number for batch in kept]
    return {
        "records": [describe(batch) for batch in kept],
        "paging": page.describe(ids, more=len(shown) > page.size),
    }
