"""RingCentral's opt-outs: the consents of v2, and the deprecated list of v1 where an app may not use them.

The consents need the app permission SMS, which an app for High Volume SMS alone does not have; for it the
list of v1 holds the same blocks.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Final, TypeVar

from campaigns.providers.base import ProviderError
from campaigns.providers.http import MEBIBYTE, Answer
from campaigns.providers.ringcentral import limits, parse
from campaigns.providers.ringcentral.api import A2P, ApiClient, ApiRequest, Params, follow, repeated
from campaigns.providers.ringcentral.errors import senseless
from campaigns.providers.ringcentral.opt_outs_parse import (
    change_body,
    failed_change,
    from_csv,
    not_assigned,
    opt_out_records,
    opt_status,
)
from campaigns.providers.types import (
    JSON,
    OptOutChange,
    OptOutRecord,
    OptOutRefusal,
)

T = TypeVar("T")

_CONSENTS: Final = "/restapi/v2/accounts/~/sms/consents"
_IN_MEMORY_BYTES: Final = 4 * MEBIBYTE
_V1_STATUS: Final = {True: "optout", False: "optin", None: "all"}


class RingCentralOptOuts:
    """See `base.OptOutStore`. All of it is account-wide and in the rate group Light."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._v1_only = False

    def current(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        opted_out: bool | None = True,
    ) -> Iterator[list[OptOutRecord]]:
        if not self._v1_only:
            pages = self.search(senders=senders, recipients=recipients, opted_out=opted_out)
            first = self._unless_forbidden(partial(next, pages, []))
            if first is not None:
                yield first
                yield from pages
                return
        for page in self.list_v1(opted_out=opted_out):
            yield [
                record
                for record in page
                if (not senders or record.sender in senders)
                and (not recipients or record.recipient in recipients)
            ]

    def write(self, changes: Iterable[OptOutChange]) -> list[OptOutRefusal]:
        refused: list[OptOutRefusal] = []
        for some in in_parts(changes, limits.MAX_OPT_OUT_CHANGES):
            new = None if self._v1_only else self._unless_forbidden(partial(self.patch, some))
            refused += self.assign_v1(some) if new is None else new
        return refused

    def _unless_forbidden(self, call: Callable[[], T]) -> T | None:
        """None if this app or account has no consents; remembered."""
        try:
            return call()
        except ProviderError as error:
            if error.http_status not in (403, 404):
                raise
        self._v1_only = True
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
        for some_senders in parts_or_all(senders):
            for some_recipients in parts_or_all(recipients):
                wanted: JSON = {"perPage": limits.PER_PAGE}
                wanted |= {"from": some_senders} if some_senders else {}
                wanted |= {"to": some_recipients} if some_recipients else {}
                wanted |= {} if opted_out is None else {"optStatus": opt_status(opted_out)}
                yield from self._search_pages(wanted)

    def _search_pages(self, wanted: JSON) -> Iterator[list[OptOutRecord]]:
        path = f"{_CONSENTS}/search"

        asked = {opt_status(True): True, opt_status(False): False}.get(str(wanted.get("optStatus")))

        def page(token: str) -> tuple[Answer, JSON]:
            content = wanted | ({"pageToken": token} if token else {})
            return self._api.send_json(ApiRequest(method="POST", path=path, content=content))

        for page_records in follow(path, page):
            yield opt_out_records(page_records, otherwise=asked)

    def listed(
        self,
        *,
        senders: Sequence[str] = (),
        recipients: Sequence[str] = (),
        statuses: Sequence[str] = ("OptOut",),
    ) -> Iterator[list[OptOutRecord]]:
        """The deprecated way to search, which takes as many numbers as a query may be long."""
        params = repeated("from", senders) + repeated("to", recipients) + repeated("optStatus", statuses)
        yield from map(opt_out_records, self._api.pages(_CONSENTS, params))

    def patch(self, changes: Sequence[OptOutChange]) -> list[OptOutRefusal]:
        """At most 1,000 changes. Raises ValueError for none and for more."""
        if not 1 <= len(changes) <= limits.MAX_OPT_OUT_CHANGES:
            message = f"between 1 and {limits.MAX_OPT_OUT_CHANGES} changes at a time"
            raise ValueError(message)
        content = {"records": [change_body(change) for change in changes]}
        _, data = self._api.send_json(ApiRequest(method="PATCH", path=_CONSENTS, content=content))
        return [failed_change(item) for item in parse.objects(data.get("failedRecords"))]

    def history(self, recipients: Sequence[str] = ()) -> Iterator[list[OptOutRecord]]:
        for some in parts_or_all(recipients):
            pages = self._api.pages(f"{_CONSENTS}/history", repeated("to", some))
            yield from map(opt_out_records, pages)

    def export(self) -> Iterator[OptOutRecord]:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            answer = self._api.send(
                ApiRequest(
                    path=f"{_CONSENTS}/export",
                    accept="text/csv",
                    answer_bytes=limits.EXPORT_BYTES,
                    sink=file.write,
                )
            )
            file.seek(0)
            with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
                try:
                    yield from from_csv(text, answer)
                except csv.Error:
                    raise senseless(answer, "it is no table") from None

    # --- opt-outs, v1

    def list_v1(
        self, *, sender: str = "", recipient: str = "", opted_out: bool | None = True
    ) -> Iterator[list[OptOutRecord]]:
        params: Params = repeated("from", sender) + repeated("to", recipient)
        params.append(("status", _V1_STATUS[opted_out]))
        # Its records hold no more than two numbers, as documented: to be on the list is the status.
        for page in self._api.pages(f"{A2P}/opt-outs", params):
            yield opt_out_records(page, otherwise=opted_out is not False)

    def assign_v1(self, changes: Sequence[OptOutChange]) -> list[OptOutRefusal]:
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
            answer, data = self._api.send_json(
                ApiRequest(method="POST", path=f"{A2P}/opt-outs/bulk-assign", content=content)
            )
            refused += not_assigned(answer, data, last)
        return refused


def parts_or_all(numbers: Sequence[str]) -> Iterator[list[str]]:
    # No numbers: one empty part, which filters nothing.
    return in_parts(numbers, limits.MAX_OPT_OUT_NUMBERS) if numbers else iter([[]])


def in_parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
