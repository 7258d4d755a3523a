"""Endpoints that change the mailbox: read and unread, delete, purge, restore."""

from collections.abc import Callable
from typing import Any

from campaigns.simulator.api.bulk import (
    MAX_IN_BODY,
    MAX_IN_PATH,
    apply_to_each,
    check_count,
    multi_status,
    parse_changes,
    split_ids,
)
from campaigns.simulator.api.errors import invalid_parameter, unknown_resource
from campaigns.simulator.api.message_filters import parse_deleted_types
from campaigns.simulator.api.message_store import get_mail, store_uri
from campaigns.simulator.api.parsing import base_url, parse_bool, parse_json, parse_texts, parse_time
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.message import ALIVE, DELETED, PURGED
from campaigns.simulator.records.mail import mail_record

_MAX_CONVERSATIONS = 50
_MAX_CONVERSATIONS_IN_BODY = 100


def update_mails(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    """PUT sets read or unread only."""

    def update(mail_id: str, change: dict[str, Any]) -> dict[str, Any]:
        if "readStatus" not in change:
            raise invalid_parameter("readStatus")
        return _change_mail(platform, request, mail_id, {"readStatus": change["readStatus"]})

    return _change_mails(request, params, update)


def patch_mails(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    """PATCH sets read or unread, and restores a deleted message."""

    def patch(mail_id: str, change: dict[str, Any]) -> dict[str, Any]:
        if not {"readStatus", "availability"} & set(change):
            raise invalid_parameter("readStatus")
        return _change_mail(platform, request, mail_id, change)

    return _change_mails(request, params, patch)


def _change_mails(
    request: Request, params: tuple[str, ...], action: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> Response:
    ids = split_ids(params[0])
    changes = parse_changes(request, ids)
    if len(ids) == 1 and ids != ["*"]:
        return json_response(action(*changes[0]))
    return multi_status(request, apply_to_each(changes, action), store_uri(request))


def _change_mail(
    platform: Platform, request: Request, mail_id: str, change: dict[str, Any]
) -> dict[str, Any]:
    """Everything is checked before anything is changed."""
    mail = get_mail(platform, mail_id)
    read, availability = change.get("readStatus"), change.get("availability")
    if read not in (None, "Read", "Unread"):
        raise invalid_parameter("readStatus")
    state = mail.availability(platform.clock.now())
    if availability is not None and (availability != ALIVE or state == PURGED):
        raise invalid_parameter("availability")
    if read is not None:
        platform.mailbox.mark([mail], read=read == "Read")
    if availability is not None and state == DELETED:
        platform.mailbox.undelete(mail)
    return mail_record(mail, platform.clock.now(), base_url(request))


def delete_mails(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    """Delete, then purge. As on the platform, a request without any id deletes the whole mailbox."""
    types, purge = parse_deleted_types(request), parse_bool(request, "purge")
    ids = split_ids(params[0])
    if ids == ["*"]:
        ids = _parse_ids_in_body(request, MAX_IN_BODY)
    else:
        check_count(ids, MAX_IN_PATH)
    if not ids:
        return _delete_all(platform, types, platform.clock.now(), purge=purge)

    def delete(mail_id: str, _: None) -> None:
        mail = get_mail(platform, mail_id)
        if mail.type not in types or mail.availability(platform.clock.now()) == PURGED:
            raise unknown_resource("messageId")
        platform.mailbox.remove([mail], purge=purge)

    if len(ids) == 1:
        delete(ids[0], None)
        return Response(204)
    results = apply_to_each([(one, None) for one in ids], delete)
    if all(one.status == 204 for one in results):
        return Response(204)
    return multi_status(request, results, store_uri(request))


def _parse_ids_in_body(request: Request, limit: int) -> list[str]:
    """No body is an empty list."""
    ids = parse_texts(parse_json(request.body) if request.body else [], "body")
    check_count(ids, limit)
    return ids


def _delete_all(platform: Platform, types: tuple[str, ...], until: int, *, purge: bool) -> Response:
    mails = platform.mailbox.newest_first(platform.clock.now())
    platform.mailbox.remove(
        [mail for mail in mails if mail.type in types and mail.created <= until], purge=purge
    )
    return Response(204)


def delete_conversations(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Without any id it deletes everything."""
    types, purge = parse_deleted_types(request), parse_bool(request, "purge")
    text = request.last("dateTo")
    now = platform.clock.now()
    until = now if text is None else parse_time(text, "dateTo")
    conversations = request.query.get("conversationId", [])
    check_count(conversations, _MAX_CONVERSATIONS)
    if conversations == ["*"]:
        conversations = _parse_ids_in_body(request, _MAX_CONVERSATIONS_IN_BODY)
    if not conversations:
        return _delete_all(platform, types, until, purge=purge)
    mails = [
        mail
        for mail in platform.mailbox.newest_first(now)
        if mail.conversation in conversations and mail.type in types and mail.created <= until
    ]
    platform.mailbox.remove(mails, purge=purge)
    return Response(204)
