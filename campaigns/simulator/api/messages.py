"""Endpoints that list and count the texts of High Volume SMS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from campaigns.simulator.api.errors import invalid_parameter, unknown_resource
from campaigns.simulator.api.paging import Page, parse_window
from campaigns.simulator.api.parsing import parse_id, parse_phone_number
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.blocks import Batch, Block, Inbound
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.status_totals import RECEIVED, StatusTotals
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.records.high_volume import text_record, totals_record

_MAX_NUMBERS = 15


@dataclass(slots=True)
class MessageFilter:
    since: int
    until: int
    outbound: bool
    inbound: bool
    numbers: frozenset[str]
    batch: Batch | None = None
    nothing: bool = False
    """The query has an unknown batchId."""

    @classmethod
    def parse(cls, platform: Platform, request: Request) -> MessageFilter:
        directions = request.query.get("direction", ["Inbound", "Outbound"])
        if any(direction not in ("Inbound", "Outbound") for direction in directions):
            raise invalid_parameter("direction")
        numbers = request.query.get("phoneNumber", [])
        if len(numbers) > _MAX_NUMBERS:
            raise invalid_parameter("phoneNumber")
        batch_id = request.last("batchId")
        always = batch_id is None or platform.options.batch_id_window
        since, until = parse_window(request, platform.clock.now(), always=always)
        batch = platform.store.by_id.get(batch_id) if batch_id is not None else None
        return cls(
            since,
            min(until, platform.listed_until(request.lag)),
            "Outbound" in directions,
            "Inbound" in directions,
            frozenset(parse_phone_number(number, "phoneNumber") for number in numbers),
            batch,
            nothing=batch_id is not None and batch is None,
        )

    def blocks(self, store: Store) -> Iterator[Block]:
        """The blocks in the window, newest first."""
        if self.nothing:
            return
        if self.batch:
            if self.since <= self.batch.created <= self.until:
                yield self.batch
            return
        blocks = store.blocks
        for position in reversed(store.positions(self.since, self.until)):
            yield blocks[position]

    def indexes(self, block: Block) -> range | list[int]:
        """Positions of a block's matching texts, in order."""
        if isinstance(block, Inbound):
            return range(int(self.matches_inbound(block)))
        if not self.outbound or self.batch not in (None, block):
            return []
        if not self.numbers or block.sender in self.numbers:
            return range(block.size)
        return [index for index, to in enumerate(block.to) if to in self.numbers]

    def matches_inbound(self, message: Inbound) -> bool:
        if not self.inbound or self.batch is not None:
            return False
        return not self.numbers or bool(self.numbers & {message.sender, message.receiver})

    def newest(self, store: Store, below: int | None, limit: int) -> list[tuple[Block, int]]:
        """Up to `limit` matching texts with an id under `below`, newest first."""
        texts: list[tuple[Block, int]] = []
        for block in self.blocks(store):
            if below is not None and block.first_id >= below:
                continue
            indexes = self.indexes(block)
            if below is not None and below <= block.last_id:
                indexes = [index for index in indexes if block.first_id + index < below]
            missing = limit - len(texts)
            texts += [(block, index) for index in indexes[: -missing - 1 : -1]]
            if len(texts) >= limit:
                break
        return texts


def list_messages(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Newest first. Only the detailed view has the texts."""
    view = request.last("view") or "Simple"
    if view not in ("Simple", "Detailed"):
        raise invalid_parameter("view")
    wanted = MessageFilter.parse(platform, request)
    page = Page.from_query(request)
    texts = wanted.newest(platform.store, page.below, page.size + 1)
    progress = platform.progress()

    def message_id(text: tuple[Block, int]) -> int:
        block, index = text
        return block.first_id + index

    def describe(text: tuple[Block, int]) -> dict[str, Any]:
        return text_record(progress, *text, with_text=view == "Detailed")

    return json_response(page.response(texts, message_id, describe))


def get_message(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    message_id = parse_id(params[0], "messageId")
    block = platform.store.find_block(message_id)
    if block is None:
        raise unknown_resource("messageId")
    return json_response(text_record(platform.progress(), block, message_id - block.first_id, with_text=True))


def count_statuses(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    wanted = MessageFilter.parse(platform, request)
    progress = platform.progress()
    totals = StatusTotals()
    for block in wanted.blocks(platform.store):
        if isinstance(block, Batch):
            totals.include(progress.totals(block, wanted.indexes(block)))
        elif wanted.matches_inbound(block):
            totals.add(RECEIVED, count_segments(block.text))
    return json_response(totals_record(totals))
