"""Endpoints that show single texts, out and in, and count them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    Request,
    bad_parameter,
    json_answer,
    not_found,
    read_number,
)
from campaigns.simulator.api.paging import read_page, read_window
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.progress import Progress, inbound_record
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.tally import Tally

_MAX_NUMBERS = 15


@dataclass(slots=True)
class _Filter:
    since: int
    until: int
    outbound: bool
    inbound: bool
    numbers: frozenset[str]
    batch: Batch | None = None
    nothing: bool = False
    """An unknown batch was asked for."""

    def picks(self, batch: Batch) -> range | list[int]:
        """Positions of the batch's texts that are asked for, in order."""
        if not self.outbound or self.batch not in (None, batch):
            return []
        if not self.numbers or batch.sender in self.numbers:
            return range(batch.size)
        return [index for index, to in enumerate(batch.to) if to in self.numbers]

    def takes(self, message: Inbound) -> bool:
        if not self.inbound or self.batch is not None:
            return False
        return not self.numbers or bool(self.numbers & {message.sender, message.receiver})


def _read_filter(carrier: Carrier, request: Request) -> _Filter:
    directions = request.query.get("direction", ["Inbound", "Outbound"])
    if any(direction not in ("Inbound", "Outbound") for direction in directions):
        raise bad_parameter("direction")
    numbers = request.query.get("phoneNumber", [])
    if len(numbers) > _MAX_NUMBERS:
        raise bad_parameter("phoneNumber")
    batch_id = request.one("batchId")
    always = batch_id is None or carrier.options.batch_id_window
    since, until = read_window(request, carrier.clock.now(), always=always)
    batch = carrier.store.by_id.get(batch_id) if batch_id is not None else None
    return _Filter(
        since,
        min(until, carrier.listed_until(request.lag)),
        "Outbound" in directions,
        "Inbound" in directions,
        frozenset(read_number(number, "phoneNumber") for number in numbers),
        batch,
        nothing=batch_id is not None and batch is None,
    )


def _blocks(carrier: Carrier, wanted: _Filter) -> Iterator[Batch | Inbound]:
    """The blocks in the window, newest first."""
    if wanted.nothing:
        return
    if wanted.batch:
        if wanted.since <= wanted.batch.created <= wanted.until:
            yield wanted.batch
        return
    blocks = carrier.store.blocks
    for position in reversed(carrier.store.positions(wanted.since, wanted.until)):
        yield blocks[position]


def list_messages(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """Newest first; the text only in the detailed view."""
    view = request.one("view") or "Simple"
    if view not in ("Simple", "Detailed"):
        raise bad_parameter("view")
    wanted = _read_filter(carrier, request)
    page = read_page(request)
    found: list[tuple[Batch | Inbound, int]] = []
    for block in _blocks(carrier, wanted):
        if page.below is not None and block.first_id >= page.below:
            continue
        found += _newest(block, wanted, page.below, page.size + 1 - len(found))
        if len(found) > page.size:
            break
    progress = carrier.progress()
    kept = found[: page.size]
    return json_answer(
        {
            "records": [
                _record(progress, block, index, with_text=view == "Detailed") for block, index in kept
            ],
            "paging": page.describe(
                [block.first_id + index for block, index in kept], more=len(found) > page.size
            ),
        }
    )


def _newest(
    block: Batch | Inbound, wanted: _Filter, below: int | None, limit: int
) -> list[tuple[Batch | Inbound, int]]:
    """Up to `limit` texts of a block that are asked for and numbered under `below`, newest first."""
    if isinstance(block, Inbound):
        return [(block, 0)] if wanted.takes(block) else []
    picked = wanted.picks(block)
    if below is not None and below <= block.last_id:
        picked = [index for index in picked if block.first_id + index < below]
    return [(block, index) for index in picked[: -limit - 1 : -1]]


def _record(progress: Progress, block: Batch | Inbound, index: int, *, with_text: bool) -> dict[str, Any]:
    if isinstance(block, Inbound):
        return inbound_record(block, count_segments(block.text), with_text=with_text)
    return progress.message_record(block, index, with_text=with_text)


def get_message(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    number = found[0]
    message_id = int(number) if number.isascii() and number.isdigit() and len(number) < 20 else 0
    block = carrier.store.block_of(message_id)
    if block is None:
        raise not_found("messageId")
    return json_answer(_record(carrier.progress(), block, message_id - block.first_id, with_text=True))


def count_statuses(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    wanted = _read_filter(carrier, request)
    progress = carrier.progress()
    total = Tally()
    for block in _blocks(carrier, wanted):
        if isinstance(block, Batch):
            total.include(progress.tally(block, wanted.picks(block)))
        elif wanted.takes(block):
            total.add_inbound(count_segments(block.text))
    return json_answer(total.to_answer())
