"""Parses the body of a new batch."""

from dataclasses import dataclass, field
from typing import Any

from campaigns.simulator.api.errors import api_error, invalid_parameter
from campaigns.simulator.api.parsing import parse_json_object
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.outcomes import INVALID, REJECTED_ENDING
from campaigns.simulator.carrier.segments import utf16_units
from campaigns.simulator.http_types import Request

MAX_UNITS = 1000


@dataclass(slots=True)
class ParsedBatch:
    sender: str
    to: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """As in the answer, with indexes from 1."""


def parse_batch(request: Request) -> ParsedBatch:
    check_content_type(request)
    body = parse_json_object(request.body)
    sender = body.get("from")
    number = BY_PHONE.get(sender) if isinstance(sender, str) else None
    if number is None or "A2PSmsSender" not in number.features:
        raise invalid_parameter("from")
    default = body.get("text")
    if default is not None:
        check_text(default)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid_parameter("messages")
    batch = ParsedBatch(number.phone)
    for index, message in enumerate(messages, 1):
        add_message(batch, index, message, default)
    return batch


def check_content_type(request: Request) -> None:
    if not request.headers.get("content-type"):
        message = "Header Content-Type should be specified"
        raise api_error(400, "CMN-110", message, parameter="Content-Type")
    if request.content_type != "application/json":
        raise api_error(400, "CMN-407", "Parameter in header is invalid", parameter="Content-Type")


def check_text(text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise invalid_parameter("text")
    # A character has at most two units, so a short text need not be encoded.
    if len(text) > MAX_UNITS // 2 and utf16_units(text) > MAX_UNITS:
        raise invalid_parameter("text")
    return text


def add_message(batch: ParsedBatch, index: int, message: Any, default: str | None) -> None:
    if not isinstance(message, dict):
        raise invalid_parameter("messages")
    numbers = message.get("to")
    if not isinstance(numbers, list) or len(numbers) != 1 or not isinstance(numbers[0], str):
        raise invalid_parameter("to")
    text = message.get("text", default)
    if text is not default or text is None:
        text = check_text(text)
    number = numbers[0]
    if takes_recipient(number) and number[-4:] != REJECTED_ENDING:
        batch.to.append(number)
        batch.texts.append(text)
    else:
        description = "The recipient number is invalid"
        batch.rejected.append(
            {"index": index, "to": numbers, "errorCode": INVALID, "description": description}
        )
