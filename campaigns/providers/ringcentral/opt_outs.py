"""RingCentral's opt-outs: the consents of v2, and the deprecated list of v1 where an app may not use them.

The consents need the app permission SMS, which an app for High Volume SMS alone does not have; for it the
list of v1 holds the same blocks. `from` is our number and `to` the person's, though the STOP went the other
way.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from campaigns.providers.base import ProviderError
from campaigns.providers.http import Answer
from campaigns.providers.ringcentral import limits, parse, words
from campaigns.providers.ringcentral.api import A2P, ApiClient, ApiRequest, follow
from campaigns.providers.types import JSON, OptOutRecord, OptOutSource

_SEARCH: Final = "/restapi/v2/accounts/~/sms/consents/search"


class RingCentralOptOuts:
    """See `base.OptOutStore`. All of it is account-wide and in the rate group Light."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._v1_only = False

    def current(self) -> Iterator[list[OptOutRecord]]:
        # Only opted-out people are asked for. In the list of v1, records hold no more than two numbers.
        blocked = partial(opt_out_records, otherwise=True)
        if not self._v1_only:
            pages = follow(_SEARCH, self._page)
            try:
                first = next(pages, [])
            except ProviderError as error:
                if error.http_status not in (403, 404):
                    raise
                self._v1_only = True  # this app or account has no consents
            else:
                yield blocked(first)
                yield from map(blocked, pages)
                return
        yield from map(blocked, self._api.pages(f"{A2P}/opt-outs", [("status", "optout")]))

    def _page(self, token: str) -> tuple[Answer, JSON]:
        wanted: JSON = {"perPage": limits.PER_PAGE, "optStatus": "OptOut"}
        content = wanted | ({"pageToken": token} if token else {})
        return self._api.send_json(ApiRequest(method="POST", path=_SEARCH, content=content))


def opt_out_records(items: Iterable[JSON], otherwise: bool | None = None) -> list[OptOutRecord]:
    return [record for data in items if (record := opt_out_record(data, otherwise)) is not None]


def opt_out_record(data: JSON, otherwise: bool | None = None) -> OptOutRecord | None:
    """A record of either version, of a list or an event; None if it names no person.

    `otherwise`: what a record without a status means.
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
