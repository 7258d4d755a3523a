"""RingCentral's opt-outs: the consents of v2, and the deprecated list of v1 where an app may not use them.

The consents need the app permission SMS, which an app for High Volume SMS alone does not have; for it the
list of v1 holds the same blocks. In both `from` is our number and `to` the person's, though the STOP went
the other way.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any, Final, TypeVar

from campaigns.providers.base import ProviderError
from campaigns.providers.http import MEBIBYTE, Answer
from campaigns.providers.ringcentral import parse, words
from campaigns.providers.ringcentral.api import A2P, Ask, Calls, Params, follow, repeated
from campaigns.providers.ringcentral.errors import code_word, senseless
from campaigns.providers.types import (
    JSON,
    OptOutChange,
    OptOutCoverage,
    OptOutRecord,
    OptOutRefusal,
    OptOutSource,
)

T = TypeVar("T")

_CONSENTS: Final = "/restapi/v2/accounts/~/sms/consents"
_MOST_NUMBERS: Final = 20  # of one side in one search
_MOST_CHANGES: Final = 1000  # in one call
_PER_PAGE: Final = 1000
_EXPORT_BYTES: Final = 512 * MEBIBYTE
_IN_MEMORY_BYTES: Final = 4 * MEBIBYTE
_OLD_STATUS: Final = {True: "optout", False: "optin", None: "all"}


class RingCentralOptOuts:
    """See `base.OptOutStore`. All of it is account-wide and in the rate group Light."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._only_old = False

    def current(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        opted_out: bool | None = True,
    ) -> Iterator[list[OptOutRecord]]:
        if not self._only_old:
            pages = self.search(senders=senders, recipients=recipients, opted_out=opted_out)
            first = self._unless_forbidden(partial(next, pages, []))
            if first is not None:
                yield first
                yield from pages
                return
        for page in self.old_list(opted_out=opted_out):
            yield [
                record
                for record in page
                if (not senders or record.sender in senders)
                and (not recipients or record.recipient in recipients)
            ]

    def write(self, changes: Iterable[OptOutChange]) -> list[OptOutRefusal]:
        refused: list[OptOutRefusal] = []
        for some in _in_parts(changes, _MOST_CHANGES):
            new = None if self._only_old else self._unless_forbidden(partial(self.patch, some))
            refused += self.old_assign(some) if new is None else new
        return refused

    def _unless_forbidden(self, ask: Callable[[], T]) -> T | None:
        """None if this app or account has no consents; remembered."""
        try:
            return ask()
        except ProviderError as error:
            if error.http_status not in (403, 404):
                raise
        self._only_old = True
        return None

    # --- consents, v2

    def search(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        opted_out: bool | None = None,
    ) -> Iterator[list[OptOutRecord]]:
        """Any number of numbers, 20 of either side at a time."""
        for some_senders in _parts_or_all(senders):
            for some_recipients in _parts_or_all(recipients):
                wanted: JSON = {"perPage": _PER_PAGE}
                wanted |= {"from": some_senders} if some_senders else {}
                wanted |= {"to": some_recipients} if some_recipients else {}
                wanted |= {} if opted_out is None else {"optStatus": _status(opted_out)}
                yield from self._searched(wanted)

    def _searched(self, wanted: JSON) -> Iterator[list[OptOutRecord]]:
        path = f"{_CONSENTS}/search"

        asked = {_status(True): True, _status(False): False}.get(str(wanted.get("optStatus")))

        def page(token: str) -> tuple[Answer, JSON]:
            content = wanted | ({"pageToken": token} if token else {})
            return self._calls.ask_json(Ask(method="POST", path=path, content=content))

        for found in follow(path, page):
            yield _all(found, otherwise=asked)

    def listed(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        statuses: Sequence[str] = ("OptOut",),
    ) -> Iterator[list[OptOutRecord]]:
        """The deprecated way to search, which takes as many numbers as a query may be long."""
        params = repeated("from", senders) + repeated("to", recipients) + repeated("optStatus", statuses)
        yield from map(_all, self._calls.pages(_CONSENTS, params))

    def patch(self, changes: Sequence[OptOutChange]) -> list[OptOutRefusal]:
        """At most 1,000 changes. Raises ValueError for none and for more."""
        if not 1 <= len(changes) <= _MOST_CHANGES:
            message = f"between 1 and {_MOST_CHANGES} changes at a time"
            raise ValueError(message)
        content = {"records": [_wish(change) for change in changes]}
        _, data = self._calls.ask_json(Ask(method="PATCH", path=_CONSENTS, content=content))
        return [_refusal(item) for item in parse.objects(data.get("failedRecords"))]

    def history(self, recipients: Sequence[str] = ()) -> Iterator[list[OptOutRecord]]:
        for some in _parts_or_all(recipients):
            pages = self._calls.pages(f"{_CONSENTS}/history", repeated("to", some))
            yield from map(_all, pages)

    def export(self) -> Iterator[OptOutRecord]:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            answer = self._calls.ask(
                Ask(
                    path=f"{_CONSENTS}/export",
                    accept="text/csv",
                    answer_bytes=_EXPORT_BYTES,
                    sink=file.write,
                )
            )
            file.seek(0)
            with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
                try:
                    yield from _from_csv(text, answer)
                except csv.Error:
                    raise senseless(answer, "it is no table") from None

    # --- opt-outs, v1

    def old_list(
        self, *, sender: str = "", recipient: str = "", opted_out: bool | None = True
    ) -> Iterator[list[OptOutRecord]]:
        params: Params = repeated("from", sender) + repeated("to", recipient)
        params.append(("status", _OLD_STATUS[opted_out]))
        # Its records hold no more than two numbers, as documented: to be on the list is the status.
        for page in self._calls.pages(f"{A2P}/opt-outs", params):
            yield _all(page, otherwise=opted_out is not False)

    def old_assign(self, changes: Sequence[OptOutChange]) -> list[OptOutRefusal]:
        """One call for each sender. It knows no `EVERY_SENDER`: RingCentral then refuses the call."""
        refused: list[OptOutRefusal] = []
        ordered = sorted(changes, key=lambda change: change.sender)
        for sender, group in groupby(ordered, key=lambda change: change.sender):
            # The last word on a person counts, as it would one by one.
            last = {change.recipient: change for change in group}
            content = {
                "from": sender,
                "optOuts": [change.recipient for change in last.values() if change.opted_out],
                "optIns": [change.recipient for change in last.values() if not change.opted_out],
            }
            content = {name: value for name, value in content.items() if value}
            answer, data = self._calls.ask_json(
                Ask(method="POST", path=f"{A2P}/opt-outs/bulk-assign", content=content)
            )
            refused += _not_assigned(answer, data, last)
        return refused


def _not_assigned(answer: Answer, data: JSON, asked: dict[str, OptOutChange]) -> list[OptOutRefusal]:
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


def _all(found: list[JSON], otherwise: bool | None = None) -> list[OptOutRecord]:
    return [record for data in found if (record := opt_out_record(data, otherwise)) is not None]


def opt_out_record(data: JSON, otherwise: bool | None = None) -> OptOutRecord | None:
    """A record of either version, of a list, a history or an event; None if it names no person.

    `otherwise`: what a record means that has no status, because only such records were asked for.
    """
    recipient = parse.phone(data.get("to"))
    opted_out = _opted_out(data, otherwise)
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


def _opted_out(data: JSON, otherwise: bool | None) -> bool | None:
    active = data.get("active")  # in the events of v1
    if isinstance(active, bool):
        return active
    given = data.get("optStatus") or data.get("status")
    if given is None or given == "":
        return otherwise
    word = "".join(sign for sign in parse.text(given)[:20].lower() if sign.isalpha())
    return {"optout": True, "optedout": True, "optin": False, "optedin": False}.get(word)


def _status(opted_out: bool) -> str:
    return "OptOut" if opted_out else "OptIn"


def _wish(change: OptOutChange) -> JSON:
    return {
        "from": change.sender,
        "to": change.recipient,
        "optStatus": _status(change.opted_out),
        "source": "Api",
    }


def _refusal(item: JSON) -> OptOutRefusal:
    error = item.get("error")
    return OptOutRefusal(
        change=OptOutChange(
            sender=parse.text(item.get("from")),
            recipient=parse.text(item.get("to")),
            opted_out=item.get("optStatus") == "OptOut",
        ),
        code=code_word(error.get("errorCode")) if isinstance(error, dict) else "",
    )


def _from_csv(text: Iterable[str], answer: Answer) -> Iterator[OptOutRecord]:
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


def _parts_or_all(numbers: Sequence[str]) -> Iterator[list[str]]:
    """Parts of the numbers that one call takes; one empty part, which filters nothing, if there are none."""
    return _in_parts(numbers, _MOST_NUMBERS) if numbers else iter([[]])


def _in_parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
