"""RingCentral's message store of the signed-in user: texts, faxes, voicemail. See `base.Mailbox`.

Reading is in the rate group Light, changing and contents are in Medium. A list without dates covers only the
last day, and its pages are counted over a moving window, so both ends are always given.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from campaigns.providers.base import ANY_MESSAGE, MAX_ATTACHMENT_BYTES, Outcome, ProviderError
from campaigns.providers.http import Answer, Sink
from campaigns.providers.mailbox_types import (
    Attachment,
    MailboxChanges,
    MailboxFilter,
    MailboxMessage,
    MailboxPage,
    MessageResult,
)
from campaigns.providers.ringcentral import limits, parse, words
from campaigns.providers.ringcentral.api import (
    EXTENSION,
    MEDIUM,
    ApiClient,
    ApiRequest,
    Params,
    moment,
    records,
    repeated,
    segment,
    window,
)
from campaigns.providers.ringcentral.errors import parse_problem, refusal, senseless
from campaigns.providers.ringcentral.mailbox_parse import (
    MANY_AS_JSON,
    mailbox_message,
    mailbox_page,
    outcomes,
)
from campaigns.providers.types import JSON
from campaigns.providers.wording import gettext_noop as _

_STORE: Final = f"{EXTENSION}/message-store"
_SYNC: Final = f"{EXTENSION}/message-sync"
_ID: Final = re.compile(r"[0-9]{1,20}")
_CONVERSATION: Final = re.compile(r"-?[0-9]{1,20}")
_READ: Final = {True: "Read", False: "Unread"}
_TOKEN_TOO_OLD: Final = "MSG-333"  # noqa: S105 - a code, not a token
_NO_ADDRESS: Final = "AGW-404"


class RingCentralMailbox:
    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def pages(
        self, *, date_from: datetime, date_to: datetime | None = None, only: MailboxFilter = ANY_MESSAGE
    ) -> Iterator[MailboxPage]:
        params = window(date_from, date_to or self._api.now()) + filter_params(only)
        params += repeated("availability", words.words_of(words.AVAILABILITIES, only.availability))
        params += repeated("phoneNumber", only.phone)
        params += [] if only.read is None else [("readStatus", _READ[only.read])]
        for number in range(1, limits.MAX_PAGES + 1):
            paging = [("page", str(number)), ("perPage", str(limits.PER_PAGE))]
            answer, data = self._api.get(_STORE, params + paging)
            messages = records(answer, data)
            page = mailbox_page(messages, data)
            yield page
            if not messages or number >= page.pages:
                return

    def message(self, message_id: str) -> MailboxMessage:
        answer, data = self._api.get(f"{_STORE}/{segment(message_id)}")
        return message_of(answer, data)

    def several(self, message_ids: Sequence[str]) -> list[MessageResult]:
        return self._in_path("GET", message_ids, group="light")

    def mark(self, message_ids: Sequence[str], *, read: bool) -> list[MessageResult]:
        return self._change("PUT", message_ids, {"readStatus": _READ[read]})

    def restore(self, message_ids: Sequence[str]) -> list[MessageResult]:
        return self._change("PATCH", message_ids, {"availability": "Alive"})

    def delete(self, message_ids: Sequence[str], *, purge: bool = False) -> list[MessageResult]:
        # The ids stand in the path and never in the body, which a proxy may drop from a DELETE: RingCentral
        # takes a deletion without ids for the whole mailbox. A second DELETE purges what the first deleted.
        params = [("purge", "true" if purge else "false")]
        return self._in_path("DELETE", message_ids, params=params, idempotent=purge)

    def delete_conversations(
        self, conversation_ids: Sequence[str], *, date_to: datetime, purge: bool = False
    ) -> None:
        for some in chunks(unique_ids(conversation_ids, _CONVERSATION), limits.MAX_IDS_IN_PATH):
            params = repeated("conversationId", some)
            params += [("dateTo", moment(date_to)), ("purge", "true" if purge else "false")]
            answer = self._api.send(
                ApiRequest(
                    method="DELETE",
                    path=_STORE,
                    params=params,
                    group=MEDIUM,
                    ok_statuses=frozenset({204, 404}),
                    idempotent=purge,
                )
            )
            check_address(answer)

    def content(self, attachment: Attachment, sink: Sink, *, limit: int = MAX_ATTACHMENT_BYTES) -> None:
        if not attachment.uri:
            raise not_shown(_("The message has no such attachment."), "not_found")
        if not self._api.trusts(attachment.uri):
            raise not_shown(_("The attachment is not kept at RingCentral, so it is not fetched."), "answer")
        if (attachment.size or 0) > limit:
            raise not_shown(_("The attachment is too large to be shown here."), "too_large")
        request = ApiRequest(path=attachment.uri, group=MEDIUM, accept="*/*", answer_bytes=limit, sink=sink)
        self._api.send(request)

    def sync(
        self,
        *,
        date_from: datetime,
        token: str = "",
        only: MailboxFilter = ANY_MESSAGE,
        limit: int | None = None,
    ) -> MailboxChanges:
        if only.read is not None or only.phone or only.availability:
            raise ValueError("a synchronisation cannot be filtered by number, read or availability")
        if token:
            try:
                return self._synced([("syncType", "ISync"), ("syncToken", token)], whole=False)
            except ProviderError as error:
                if error.code != _TOKEN_TOO_OLD:
                    raise
        params = [("syncType", "FSync"), *window(date_from, None), *filter_params(only)]
        params += [("recordCount", str(limit))] if limit else []
        return self._synced(params, whole=True)

    def _synced(self, params: Params, *, whole: bool) -> MailboxChanges:
        answer, data = self._api.get(_SYNC, params)
        changed = records(answer, data)
        sync_info = data.get("syncInfo")
        info: JSON = sync_info if isinstance(sync_info, dict) else {}
        token = parse.text(info.get("syncToken"))
        if not token:
            raise senseless(answer, _("it holds no token for the next synchronisation"))
        return MailboxChanges(
            messages=tuple(map(mailbox_message, changed)),
            token=token,
            whole=whole,
            older_exist=info.get("olderRecordsExist") is True,
            synced_at=parse.moment(info.get("syncTime")),
        )

    def _in_path(
        self,
        method: str,
        message_ids: Sequence[str],
        *,
        group: str = MEDIUM,
        params: Params | None = None,
        idempotent: bool = True,
    ) -> list[MessageResult]:
        results: list[MessageResult] = []
        for some in chunks(unique_ids(message_ids, _ID), limits.MAX_IDS_IN_PATH):
            request = ApiRequest(
                method=method,
                path=f"{_STORE}/{','.join(some)}",
                params=params,
                group=group,
                accept=f"{MANY_AS_JSON}, application/json" if len(some) > 1 else "application/json",
                ok_statuses=frozenset({200, 204, 207, 404}),
                idempotent=idempotent,
            )
            results += message_results(self._api.send(request), some, method)
        return results

    def _change(self, method: str, message_ids: Sequence[str], change: JSON) -> list[MessageResult]:
        results: list[MessageResult] = []
        for some in chunks(unique_ids(message_ids, _ID), limits.MAX_IDS_IN_BODY):
            alone = len(some) == 1
            content: Any = change if alone else [{"resourceId": one, "body": change} for one in some]
            request = ApiRequest(
                method=method,
                path=f"{_STORE}/{some[0] if alone else '*'}",
                content=content,
                group=MEDIUM,
                accept="application/json" if alone else f"{MANY_AS_JSON}, application/json",
                ok_statuses=frozenset({200, 207, 404}),
            )
            results += message_results(self._api.send(request), some, method)
        return results


def message_results(answer: Answer, asked: list[str], method: str) -> list[MessageResult]:
    """What became of each message. A missing message counts as deleted."""
    check_address(answer)
    ok_statuses = frozenset({200, 204, 404}) if method == "DELETE" else frozenset({200, 204})
    if answer.status == 207:
        return outcomes(answer, asked, ok_statuses=ok_statuses)
    if len(asked) > 1 and answer.status != 204:
        raise refusal(answer)
    message = None
    if answer.status == 200:
        message = message_of(answer, parse.as_object(answer.body) or {})
    code = "" if answer.status in ok_statuses else refusal(answer).code
    return [
        MessageResult(
            provider_id=one,
            done=answer.status in ok_statuses,
            http_status=answer.status,
            code=code,
            message=message,
        )
        for one in asked
    ]


def check_address(answer: Answer) -> None:
    """Raises ProviderError if RingCentral has no such address; any other 404 is about a message."""
    if answer.status == 404 and parse_problem(answer.body).code == _NO_ADDRESS:
        raise refusal(answer)


def message_of(answer: Answer, data: JSON) -> MailboxMessage:
    message = mailbox_message(data)
    if not message.provider_id:
        raise senseless(answer, _("it holds no message"))
    return message


def unique_ids(ids: Sequence[str], shape: re.Pattern[str]) -> list[str]:
    """Each id once. Raises ValueError for none at all and for what is no id, such as an asterisk."""
    if isinstance(ids, str) or not ids:
        raise ValueError("no messages named: RingCentral would take that for all of them")
    if not all(shape.fullmatch(one) for one in ids):
        raise ValueError("an id of a message is a number")
    return list(dict.fromkeys(ids))


def chunks(ids: list[str], size: int) -> Iterator[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def filter_params(only: MailboxFilter) -> Params:
    params = repeated("messageType", words.words_of(words.MESSAGE_KINDS, only.kinds))
    params += repeated("direction", words.words_of(words.DIRECTIONS, only.directions))
    params += repeated("conversationId", only.conversation_id) + repeated("owner", only.owner)
    return params + ([("distinctConversations", "true")] if only.newest_of_conversation else [])


def not_shown(sentence: str, kind: str) -> ProviderError:
    return ProviderError(sentence, kind=kind, permanent=True, outcome=Outcome.NOT_SENT)
