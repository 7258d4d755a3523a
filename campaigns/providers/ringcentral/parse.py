"""Parses RingCentral's JSON, as strictly as the decisions need and no stricter.

Ids come as numbers or strings, times under two names, money as JSON numbers; optional fields go missing.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from campaigns.providers.http import Answer
from campaigns.providers.ringcentral import words
from campaigns.providers.ringcentral.errors import code_word, request_id
from campaigns.providers.types import (
    JSON,
    BatchState,
    BatchStatus,
    Direction,
    Feature,
    MessageStatus,
    Registration,
    RegistrationStatus,
    Rejected,
    RemoteMessage,
    SenderNumber,
    StatusTotal,
    StatusTotals,
)

EVIDENCE_BYTES: Final = 64 * 1024
BATCH_ID, MESSAGE_ID = 64, 32
"""Characters of an id at most; RingCentral's have 36 and about ten."""
_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_TOLL_FREE: Final = re.compile(r"\+1(800|833|844|855|866|877|888)[0-9]{7}")
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_MAX_DIGITS: Final = 30  # of an amount: beyond that it is not money
_MAX_PHONE_LENGTH: Final = 40  # signs of a phone number, however it is written
_NATIONAL: Final = 10  # digits of a number of the North American plan without its 1
_FORMATTING: Final = str.maketrans("", "", " \t\u00a0()-.\u2010\u2011\u2013/")
_MAX_AMOUNT_LENGTH: Final = 60  # of an amount as it is written


def as_object(body: bytes) -> JSON | None:
    """The JSON object in a body; None if there is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        # orjson refuses half of a surrogate pair, which a text cut in the middle of an emoji holds.
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return None
    return data if isinstance(data, dict) else None


def identity(value: object, *, max_length: int = 128) -> str:
    """An id as text; empty if the value cannot be one, or is longer than its column."""
    # Never cut: a part of an id could be the id of something else.
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value < 10**max_length else ""
    return value if isinstance(value, str) and len(value) <= max_length and _ID.fullmatch(value) else ""


def batch_state(data: JSON, answer: Answer | None = None) -> BatchState:
    """`provider_id` is empty if the answer names none; `batch_size` is 0 if it gives none.

    `answer` is stored as evidence where the batch is the whole answer.
    """
    rejected = data.get("rejected")
    status_word = text(data.get("status"))
    status = words.code(words.BATCH_STATUSES, status_word, BatchStatus.UNKNOWN)
    return BatchState(
        provider_id=identity(data.get("id"), max_length=BATCH_ID),
        sender=phone(data.get("from")),
        batch_size=count(data.get("batchSize")),
        processed_count=count(data.get("processedCount")),
        status=status,
        unknown_status="" if status else status_word,
        created_at=moment(data.get("creationTime") or data.get("createdAt")),
        modified_at=moment(data.get("lastModifiedTime") or data.get("lastUpdatedAt")),
        cost=money(data.get("cost")),
        rejected=tuple(rejected_recipient(item) for item in objects(rejected)),
        request_id=request_id(answer) if answer else "",
        http_status=answer.status if answer else None,
        raw=answer.body[:EVIDENCE_BYTES] if answer else b"",
    )


def rejected_recipient(item: JSON) -> Rejected:
    return Rejected(
        index=count(item.get("index")),
        to=only_phone(item.get("to")),
        code=text(item.get("errorCode")),
        description=text(item.get("description")),
    )


def remote_message(data: JSON) -> RemoteMessage:
    segments = data.get("segmentCount")
    status_word = text(data.get("messageStatus"))
    status = words.code(words.MESSAGE_STATUSES, status_word, MessageStatus.UNKNOWN)
    return RemoteMessage(
        provider_id=identity(data.get("id"), max_length=MESSAGE_ID),
        batch_id=identity(data.get("batchId"), max_length=BATCH_ID),
        sender=phone(data.get("from")),
        to=only_phone(data.get("to")),
        direction=words.code(words.DIRECTIONS, text(data.get("direction")), Direction.UNKNOWN),
        status=status,
        unknown_status="" if status else status_word,
        error_code=text(data.get("errorCode")),
        segments=segments if isinstance(segments, int) and not isinstance(segments, bool) else None,
        cost=money(data.get("cost")),
        text=text(data.get("text")),
        created_at=moment(data.get("creationTime") or data.get("createdAt")),
        modified_at=moment(data.get("lastModifiedTime") or data.get("lastUpdatedAt")),
    )


def records(data: JSON) -> list[JSON] | None:
    """None if the answer is no page at all, which is not the same as an empty page."""
    page = data.get("records")
    return list(objects(page)) if isinstance(page, list) else None


def next_token(data: JSON) -> str:
    paging = data.get("paging")
    token = paging.get("nextPageToken") if isinstance(paging, dict) else None
    return token if isinstance(token, str) else ""


def page_total(data: JSON) -> int:
    """How many pages a numbered list has; 0 if it does not say."""
    paging = data.get("paging")
    return count(paging.get("totalPages")) if isinstance(paging, dict) else 0


def sender_number(data: JSON) -> SenderNumber | None:
    """None for what is no phone number, such as an extension that is only diverted to."""
    own = phone(data.get("phoneNumber"))
    if not _E164.fullmatch(own):
        return None
    given = data.get("features")
    names = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    # Not logged if unknown: a number has some thirty features that do not matter here.
    features = tuple(words.FEATURES.get(name, name) for name in names)
    return SenderNumber(
        phone=own,
        label=text(data.get("label")) or text(data.get("location")),
        toll_free=data.get("paymentType") == "TollFree" or bool(_TOLL_FREE.fullmatch(own)),
        can_send_batches=Feature.CAMPAIGNS in features,
        features=features,
        provider_id=identity(data.get("id")),
    )


def registration(data: JSON) -> Registration:
    # Campaign and brand are missing for a number in no campaign.
    campaign, brand = (data.get(name) for name in ("smsCampaignInfo", "smsBrandInfo"))
    campaign, brand = (part if isinstance(part, dict) else {} for part in (campaign, brand))
    status_word = text(campaign.get("status"))
    problems = [*objects(campaign.get("errors")), *objects(brand.get("errors"))]
    return Registration(
        campaign_id=identity(campaign.get("id")),
        status=words.code(words.REGISTRATION_STATUSES, status_word, RegistrationStatus.UNKNOWN),
        status_word=status_word,
        low_volume=campaign.get("registrationTier") == "LowVolume",
        problems=tuple(code for code in (code_word(item.get("errorCode")) for item in problems) if code),
    )


def status_totals(data: JSON) -> StatusTotals | None:
    """None if the answer has none of the five statuses."""
    names = ("queued", "sent", "delivered", "sendingFailed", "deliveryFailed")
    if not any(isinstance(data.get(name), dict) for name in names):
        return None
    queued, sent, delivered, sending_failed, delivery_failed = (
        status_total(data.get(name)) for name in names
    )
    return StatusTotals(
        queued=queued,
        sent=sent,
        delivered=delivered,
        sending_failed=sending_failed,
        delivery_failed=delivery_failed,
    )


def status_total(data: object) -> StatusTotal:
    if not isinstance(data, dict):
        return StatusTotal()
    codes = data.get("errorCodeCounts")
    return StatusTotal(
        count=count(data.get("count")),
        cost=money(data.get("cost")) or Decimal(0),
        error_codes={text(code): count(number) for code, number in codes.items()}
        if isinstance(codes, dict)
        else {},
    )


def money(value: object) -> Decimal | None:
    # US dollars. orjson reads 0.007 as the nearest float, and str() of that float is 0.007 again.
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        return None
    written = str(value)
    if len(written) > _MAX_AMOUNT_LENGTH:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < _MAX_DIGITS else None


def moment(value: object) -> datetime | None:
    """When something happened: at the latest now, whatever the carrier's clock says.

    Otherwise a time ahead would outrank everything until then, such as a STOP.
    """
    time = deadline(value)
    return time and min(time, datetime.now(UTC))


def deadline(value: object) -> datetime | None:
    """A time that may lie ahead, such as the end of a subscription. None for what is no time, and outside
    EARLIEST to LATEST, which neither the tables nor the pages could hold."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is not UTC:  # the usual "Z"
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if EARLIEST <= time < LATEST else None


def text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value
    # Half a surrogate pair cannot be stored; it becomes the replacement sign.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def only_phone(value: object) -> str:
    # `to` is a list of one; a bare string is accepted too.
    if isinstance(value, list):
        value = value[0] if value else ""
    return phone(value)


def phone(value: object) -> str:
    """E.164 of a number that is certain in RingCentral's spellings; anything else as it came.

    Most answers have E.164. Its own client documents 15551234567, and the mailbox sometimes gives a number
    as it stands in a phone book. Ten digits are a number of the North American plan.
    """
    written = text(value)
    if _E164.fullmatch(written):
        return written
    digits = written[:_MAX_PHONE_LENGTH].translate(_FORMATTING)
    if digits[:1] == "+" or digits[:2] == "00":
        digits, international = digits[1:] if digits[0] == "+" else digits[2:], True
    else:
        international = len(digits) > _NATIONAL
    if not (digits.isascii() and digits.isdigit()) or len(written) > _MAX_PHONE_LENGTH:
        return written
    if not international and len(digits) != _NATIONAL:
        return written
    e164 = f"+{digits}" if international else f"+1{digits}"
    return e164 if _E164.fullmatch(e164) else written


def count(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def objects(value: Any) -> Iterator[JSON]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
