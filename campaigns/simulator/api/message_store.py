"""Endpoints of the mailbox: list, one, several, read and unread, delete, restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    bad_parameter,
    base_url,
    json_answer,
    not_found,
    read_any_json,
    read_time,
)
from campaigns.simulator.api.bulk import (
    MAX_IN_BODY,
    MAX_IN_PATH,
    Result,
    check_count,
    multi_status,
    read_changes,
)
from campaigns.simulator.api.message_filters import (
    read_mail_filter,
    read_state_filter,
    truth,
    types_to_delete,
)
from campaigns.simulator.api.paging import read_numbered_page
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.numbers import EXTENSION_PATH
from campaigns.simulator.mailbox.mailbox import ALIVE, DELETED, PURGED, Mail
from campaigns.simulator.records.mail import brief_time, mail_record

_MAX_CONVERSATIONS = 50
_MAX_CONVERSATIONS_IN_BODY = 100


def _store_uri(request: Request) -> str:
    return f"{base_url(request)}{EXTENSION_PATH}/message-store"


def list_mails(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """Newest first, with totals. The last 24 hours and living messages, unless told otherwise."""
    now = carrier.clock.now()
    wanted, states = read_mail_filter(request, now), read_state_filter(request)
    page = read_numbered_page(request)
    visible = carrier.listed_until(request.lag)
    found = [
        mail
        for mail in carrier.mailbox.newest_first(now)
        if mail.created <= visible and wanted.takes(mail) and states.takes(mail, now)
    ]
    query = [
        (name, value)
        for name, values in request.query.items()
        if name not in ("availability", "dateFrom", "page", "perPage")
        for value in values
    ]
    query += [("availability", one) for one in states.availabilities]
    query.append(("dateFrom", brief_time(wanted.since)))
    base = base_url(request)
    return json_answer(
        page.listing(
            _store_uri(request), query, wanted.thin_out(found), lambda mail: mail_record(mail, now, base)
        )
    )


def _find(carrier: Carrier, text: str) -> Mail:
    good = text.isascii() and text.isdigit() and len(text) < 20
    mail = carrier.mailbox.get(int(text), carrier.clock.now()) if good else None
    if mail is None:
        raise not_found("messageId")
    return mail


def _ids(path_part: str) -> list[str]:
    return [one for one in path_part.split(",") if one]


def _each(request: Request, items: list[tuple[str, Any]], act: Callable[[str, Any], Any]) -> list[Result]:
    """Do something for each message; one that fails does not keep the others from it."""
    results = []
    for mail_id, change in items:
        try:
            body = act(mail_id, change)
            results.append(Result(mail_id, 204 if body is None else 200, body))
        except RefusalError as error:
            results.append(Result.of_refusal(mail_id, error))
    return results


def get_mails(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    ids, now, base = _ids(found[0]), carrier.clock.now(), base_url(request)
    check_count(ids, MAX_IN_PATH)
    if len(ids) == 1:
        return json_answer(mail_record(_find(carrier, ids[0]), now, base, alone=True))
    items = [(one, None) for one in ids]
    results = _each(request, items, lambda one, _: mail_record(_find(carrier, one), now, base, alone=True))
    return multi_status(request, results, _store_uri(request))


def update_mails(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """PUT: read or unread, and nothing else."""

    def update(mail_id: str, change: dict[str, Any]) -> dict[str, Any]:
        if "readStatus" not in change:
            raise bad_parameter("readStatus")
        return _changed(carrier, request, mail_id, {"readStatus": change["readStatus"]})

    return _change_mails(request, found, update)


def patch_mails(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """PATCH: read or unread, and bring a deleted message back."""

    def patch(mail_id: str, change: dict[str, Any]) -> dict[str, Any]:
        if not {"readStatus", "availability"} & set(change):
            raise bad_parameter("readStatus")
        return _changed(carrier, request, mail_id, change)

    return _change_mails(request, found, patch)


def _change_mails(
    request: Request, found: tuple[str, ...], act: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> Answer:
    ids = _ids(found[0])
    changes = read_changes(request, ids)
    if len(ids) == 1 and ids != ["*"]:
        return json_answer(act(*changes[0]))
    return multi_status(request, _each(request, changes, act), _store_uri(request))


def _changed(carrier: Carrier, request: Request, mail_id: str, change: dict[str, Any]) -> dict[str, Any]:
    """Everything is checked before anything is changed."""
    mail = _find(carrier, mail_id)
    read, availability = change.get("readStatus"), change.get("availability")
    if read not in (None, "Read", "Unread"):
        raise bad_parameter("readStatus")
    now = carrier.clock.now()
    state = mail.availability(now)
    if availability is not None and (availability != ALIVE or state == PURGED):
        raise bad_parameter("availability")
    if read is not None:
        carrier.mailbox.mark([mail], read=read == "Read")
    if availability is not None and state == DELETED:
        carrier.mailbox.bring_back(mail)
    return mail_record(mail, carrier.clock.now(), base_url(request))


def delete_mails(carrier: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """Delete, then purge. Who names no message at all loses the whole mailbox, as on the platform."""
    types, purge = types_to_delete(request), truth(request, "purge")
    ids = _ids(found[0])
    if ids == ["*"]:
        ids = _ids_in_body(request, MAX_IN_BODY)
    else:
        check_count(ids, MAX_IN_PATH)
    if not ids:
        return _delete_all(carrier, types, carrier.clock.now(), purge=purge)

    def delete(mail_id: str, _: None) -> None:
        mail = _find(carrier, mail_id)
        if mail.type not in types or mail.availability(carrier.clock.now()) == PURGED:
            raise not_found("messageId")
        carrier.mailbox.remove([mail], purge=purge)

    if len(ids) == 1:
        delete(ids[0], None)
        return Answer(204)
    results = _each(request, [(one, None) for one in ids], delete)
    if all(one.status == 204 for one in results):
        return Answer(204)
    return multi_status(request, results, _store_uri(request))


def _ids_in_body(request: Request, most: int) -> list[str]:
    """No body and an empty list name nothing."""
    ids = read_any_json(request.body) if request.body else []
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise bad_parameter("body")
    check_count(ids, most)
    return ids


def _delete_all(carrier: Carrier, types: tuple[str, ...], until: int, *, purge: bool) -> Answer:
    now = carrier.clock.now()
    mails = carrier.mailbox.newest_first(now)
    carrier.mailbox.remove(
        [mail for mail in mails if mail.type in types and mail.created <= until], purge=purge
    )
    return Answer(204)


def delete_conversations(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    """Conversations by id; without any id, everything."""
    types, purge = types_to_delete(request), truth(request, "purge")
    text = request.one("dateTo")
    now = carrier.clock.now()
    until = now if text is None else read_time(text, "dateTo")
    wanted = request.query.get("conversationId", [])
    check_count(wanted, _MAX_CONVERSATIONS)
    if wanted == ["*"]:
        wanted = _ids_in_body(request, _MAX_CONVERSATIONS_IN_BODY)
    if not wanted:
        return _delete_all(carrier, types, until, purge=purge)
    mails = [
        mail
        for mail in carrier.mailbox.newest_first(now)
        if mail.conversation in wanted and mail.type in types and mail.created <= until
    ]
    carrier.mailbox.remove(mails, purge=purge)
    return Answer(204)
