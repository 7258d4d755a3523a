"""Parses RingCentral's opt-outs, of either version and of the export.

`from` is our number and `to` the person's, though the STOP went the other way.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from campaigns.providers.http import Answer
from campaigns.providers.ringcentral import parse, words
from campaigns.providers.ringcentral.errors import code_word, senseless
from campaigns.providers.types import (
    JSON,
    OptOutChange,
    OptOutCoverage,
    OptOutRecord,
    OptOutRefusal,
    OptOutSource,
)


def not_assigned(answer: Answer, data: JSON, asked: dict[str, OptOutChange]) -> list[OptOutRefusal]:
    halves = [data.get(name) for name in ("optOuts", "optIns")]
    if not any(isinstance(half, dict) for half in halves):
        raise senseless(answer, "it does not say what was stored")
    failed = [
        item.get("to")
        for half in halves
        if isinstance(half, dict)
        for item in parse.objects(half.get("failed"))
    ]
    return [OptOutRefusal(change=asked[to], code="") for to in failed if to in asked]


def opt_out_records(items: Iterable[JSON], otherwise: bool | None = None) -> list[OptOutRecord]:
    return [record for data in items if (record := opt_out_record(data, otherwise)) is not None]


def opt_out_record(data: JSON, otherwise: bool | None = None) -> OptOutRecord | None:
    """A record of either version, of a list, a history or an event; None if it names no person.

    `otherwise`: what a record means that has no status, because only such records were asked for.
    """
    recipient = parse.phone(data.get("to"))
    opted_out = is_opted_out(data, otherwise)
    if not recipient or opted_out is None:
        return None
    return OptOutRecord(
        sender=parse.phone(data.get("from")),
        recipient=recipient,
        opted_out=opted_out,
        source=words.code(words.OPT_OUT_SOURCES, parse.text(data.get("source")), OptOutSource.UNKNOWN),
        coverage=words.code(words.COVERAGES, parse.text(data.get("coverage")), OptOutCoverage.UNKNOWN),
        changed_at=parse.moment(data.get("lastModifiedTime") or data.get("createdAt")),
    )


def is_opted_out(data: JSON, otherwise: bool | None) -> bool | None:
    active = data.get("active")  # in the events of v1
    if isinstance(active, bool):
        return active
    given = data.get("optStatus") or data.get("status")
    if given is None or given == "":
        return otherwise
    word = "".join(sign for sign in parse.text(given)[:20].lower() if sign.isalpha())
    return {"optout": True, "optedout": True, "optin": False, "optedin": False}.get(word)


def opt_status(opted_out: bool) -> str:
    return "OptOut" if opted_out else "OptIn"


def change_body(change: OptOutChange) -> JSON:
    return {
        "from": change.sender,
        "to": change.recipient,
        "optStatus": opt_status(change.opted_out),
        "source": "Api",
    }


def failed_change(item: JSON) -> OptOutRefusal:
    error = item.get("error")
    return OptOutRefusal(
        change=OptOutChange(
            sender=parse.text(item.get("from")),
            recipient=parse.text(item.get("to")),
            opted_out=item.get("optStatus") == "OptOut",
        ),
        code=code_word(error.get("errorCode")) if isinstance(error, dict) else "",
    )


def from_csv(text: Iterable[str], answer: Answer) -> Iterator[OptOutRecord]:
    """Rows under the columns of the specification, or under those of the guide, which disagree."""
    rows = csv.DictReader(text)
    names = rows.fieldnames or []
    if "External Party Number" in names:
        keys = ("Internal Party Number", "External Party Number", "Consent Status", "Source")
    elif {"FROM", "TO", "STATUS"} <= set(names):
        keys = ("FROM", "TO", "STATUS", "SOURCE")
    else:
        raise senseless(answer, "its columns are not known")
    for row in rows:
        data: dict[str, Any] = dict(
            zip(("from", "to", "optStatus", "source"), map(row.get, keys), strict=True)
        )
        data["coverage"] = row.get("Coverage")
        data["lastModifiedTime"] = row.get("Last Modified Time")
        record = opt_out_record(data)
        if record is not None:
            yield record
