"""Endpoints that show the carrier's state to tests."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson

from campaigns.simulator.api.parsing import base_url
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.accepted_log import accepted_lines
from campaigns.simulator.carrier.timestamps import iso_time
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.records.high_volume import outbound_record
from campaigns.simulator.records.mail import mail_record

_JSON_LINES = "application/x-ndjson"


def show_accepted_log(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    """The content of the ledger file, whether or not there is one."""
    lines = b"".join(accepted_lines(batch) for batch in list(platform.store.batches))
    return Response(200, lines, _JSON_LINES)


def show_messages(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    """Every outbound text with its present status, one JSON object a line."""
    progress = platform.progress()

    def records() -> Iterator[dict[str, Any]]:
        for batch in list(platform.store.batches):
            for index in range(batch.size):
                yield outbound_record(progress, batch, index, with_text=True)

    lines = (orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records())
    return Response(200, b"".join(lines), _JSON_LINES)


def show_requests(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    counts = [
        {"method": method, "endpoint": endpoint, "status": status, "count": count}
        for (method, endpoint, status), count in sorted(platform.calls.counts.items())
    ]
    calls = [asdict(call) | {"at": iso_time(call.at)} for call in list(platform.calls.recent)]
    return json_response({"counts": counts, "calls": calls})


def show_mailbox(platform: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Every message, whatever its state, as in the API."""
    now, base = platform.clock.now(), base_url(request)
    return json_response([mail_record(mail, now, base) for mail in platform.mailbox.newest_first(now)])


def show_faults(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    return json_response(platform.faults.describe())


def show_opt_outs(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    pairs = platform.store.opt_outs.blocked_pairs(platform.clock.now())
    return json_response([{"from": sender, "to": recipient} for sender, recipient in pairs])


def show_webhooks(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    """Every attempt to deliver an event: the status of the response, or why there was none."""
    return json_response(list(platform.webhooks.log.attempts))
