"""Which endpoint answers which path, and what every call passes on its way there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from campaigns.simulator.api import (
    account,
    attachments,
    batches,
    consents,
    message_store,
    message_sync,
    messages,
    number_parser,
    reports,
    subscriptions,
    text_messages,
)
from campaigns.simulator.api.answers import (
    Answer,
    RefusalError,
    Request,
    not_found,
    only_errors,
    refusal,
    unknown_path,
)
from campaigns.simulator.api.oauth import check_client, issue, read_form
from campaigns.simulator.api.platform import Call, Carrier
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID
from campaigns.simulator.control import endpoints as control
from campaigns.simulator.control import page

Handler = Callable[[Carrier, Request, tuple[str, ...]], Answer]

_ACCOUNT = "/restapi/v1.0/account/(?P<account>[^/]+)"
_EXTENSION = f"{_ACCOUNT}/extension/(?P<extension>[^/]+)"
_STORE = f"{_EXTENSION}/message-store"
_REPORTS = f"{_ACCOUNT}/message-store-report"
_A2P = f"{_ACCOUNT}/a2p-sms"
_SUBSCRIPTIONS = "/restapi/v1.0/subscription"
_SUBSCRIPTION = f"{_SUBSCRIPTIONS}/(?P<subscription>[^/]+)"
_CONSENTS = "/restapi/v2/accounts/(?P<account>[^/]+)/sms/consents"


def _token(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    check_client(request.headers.get("authorization"))
    answer = issue(carrier.sessions, read_form(request))
    carrier.keep_sessions()
    return answer


def _revoke(carrier: Carrier, request: Request, _: tuple[str, ...]) -> Answer:
    check_client(request.headers.get("authorization"))
    token = request.one("token") or read_form(request).get("token", "")
    carrier.sessions.revoke(token)
    carrier.keep_sessions()
    return Answer(200)


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    name: str
    group: str = ""
    """The rate group; empty for what is not limited."""
    bearer: bool = True
    media: bool = False
    """Whether the access token may also stand in the query, for links that a browser opens."""


def _route(method: str, pattern: str, handler: Handler, group: str = "", *, bearer: bool = True) -> Route:
    name = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", pattern)
    return Route(method, re.compile(pattern), handler, name, group, bearer)


def _media(method: str, pattern: str, handler: Handler) -> Route:
    return replace(_route(method, pattern, handler, "medium"), media=True)


ROUTES = (
    _route("POST", "/restapi/oauth/token", _token, "auth", bearer=False),
    _route("POST", "/restapi/oauth/revoke", _revoke, "auth", bearer=False),
    _route("GET", "/restapi", account.service, bearer=False),
    _route("GET", "/restapi/v1.0", account.service, bearer=False),
    _route("GET", _EXTENSION, account.extension, "light"),
    _route("GET", f"{_EXTENSION}/phone-number", account.extension_numbers, "light"),
    _route(
        "GET",
        f"{_EXTENSION}/phone-number/(?P<number>[^/]+)/sms-configuration",
        account.number_configuration,
        "light",
    ),
    _route("GET", _ACCOUNT, account.account, "light"),
    _route("GET", f"{_ACCOUNT}/phone-number", account.account_numbers, "heavy"),
    _route("GET", f"{_ACCOUNT}/phone-number/(?P<number>[^/]+)", account.account_number, "light"),
    _route("POST", f"{_A2P}/batches", batches.create_batch, "light"),
    # The path of 2020, which the platform still takes.
    _route("POST", f"{_A2P}/batch", batches.create_batch, "light"),
    _route("GET", f"{_A2P}/batches", batches.list_batches, "light"),
    _route("GET", f"{_A2P}/batches/(?P<batch>[^/]+)", batches.get_batch, "light"),
    _route("GET", f"{_A2P}/messages", messages.list_messages, "light"),
    _route("GET", f"{_A2P}/messages/(?P<message>[^/]+)", messages.get_message, "light"),
    _route("GET", f"{_A2P}/statuses", messages.count_statuses, "light"),
    _route("GET", f"{_A2P}/opt-outs", consents.list_opt_outs, "light"),
    _route("POST", f"{_A2P}/opt-outs/bulk-assign", consents.assign_opt_outs, "light"),
    _route("POST", f"{_EXTENSION}/sms", text_messages.send_sms, "medium"),
    _route("POST", f"{_EXTENSION}/mms", text_messages.send_mms, "medium"),
    _route("GET", _STORE, message_store.list_mails, "light"),
    _route("DELETE", _STORE, message_store.delete_conversations, "medium"),
    _route("GET", f"{_STORE}/(?P<message>[^/]+)", message_store.get_mails, "light"),
    _route("PUT", f"{_STORE}/(?P<message>[^/]+)", message_store.update_mails, "medium"),
    _route("PATCH", f"{_STORE}/(?P<message>[^/]+)", message_store.patch_mails, "medium"),
    _route("DELETE", f"{_STORE}/(?P<message>[^/]+)", message_store.delete_mails, "medium"),
    _media("GET", f"{_STORE}/(?P<message>[^/]+)/content/(?P<attachment>[^/]+)", attachments.get_content),
    _route("GET", f"{_EXTENSION}/message-sync", message_sync.sync_mails, "light"),
    _route("POST", _REPORTS, reports.create_report, "heavy"),
    _route("GET", f"{_REPORTS}/(?P<task>[^/]+)", reports.get_report, "heavy"),
    _route("GET", f"{_REPORTS}/(?P<task>[^/]+)/archive", reports.list_archives, "heavy"),
    _media("GET", f"{_REPORTS}/(?P<task>[^/]+)/archive/(?P<archive>[^/]+)", reports.get_archive),
    _route("POST", "/restapi/v1.0/number-parser/parse", number_parser.parse_numbers_v1, "light"),
    _route("POST", "/restapi/v2/number-parser/parse", number_parser.parse_numbers, "light"),
    _route("GET", _SUBSCRIPTIONS, subscriptions.list_subscriptions, "light"),
    _route("POST", _SUBSCRIPTIONS, subscriptions.create_subscription, "medium"),
    _route("GET", _SUBSCRIPTION, subscriptions.get_subscription, "light"),
    _route("PUT", _SUBSCRIPTION, subscriptions.update_subscription, "medium"),
    _route("DELETE", _SUBSCRIPTION, subscriptions.delete_subscription, "medium"),
    _route("POST", f"{_SUBSCRIPTION}/renew", subscriptions.renew_subscription, "light"),
    _route("GET", _CONSENTS, consents.list_consents, "light"),
    _route("PATCH", _CONSENTS, consents.change_consents, "light"),
    _route("POST", f"{_CONSENTS}/search", consents.search_consents, "light"),
    _route("GET", f"{_CONSENTS}/history", consents.show_history, "light"),
    _route("GET", f"{_CONSENTS}/export", consents.export_consents, "light"),
)
_OWN_ROUTES = (
    _route("GET", "/", page.show, bearer=False),
    *(_route(method, path, handler, bearer=False) for method, path, handler in control.ENDPOINTS),
)


def answer_request(carrier: Carrier, request: Request) -> Answer:
    """Everything between a request that was read and the answer to it. Calls of the API are remembered."""
    carrier.replies.arrive(carrier.clock.now())
    ours = request.path == "/" or request.path.startswith("/simulator/")
    name, answer = _answer(carrier, request, _OWN_ROUTES if ours else ROUTES)
    if not ours:
        call = Call(carrier.clock.now(), request.method, request.path, answer.status, request.request_id)
        carrier.calls.add(call, name)
    return answer


def _answer(carrier: Carrier, request: Request, routes: tuple[Route, ...]) -> tuple[str, Answer]:
    for route in routes:
        found = route.pattern.fullmatch(request.path)
        if found and route.method == request.method:
            return route.name, _run(carrier, request, route, found)
    return "unknown", unknown_path().answer


def _run(carrier: Carrier, request: Request, route: Route, found: re.Match[str]) -> Answer:
    """Too large, then signed in, then within its rate, then the endpoint itself: in the gateway's order."""
    limits: dict[str, str] = {}
    try:
        if request.too_large:
            raise refusal(413, "CMN-101", "Request entity too large", parameter="body")
        if route.bearer:
            carrier.sessions.check(_authorization(request, route))
        if route.group:
            limits = carrier.limits.take(route.group)
        parts = found.groupdict()
        _check_owner(parts)
        answer = route.handler(carrier, request, tuple(parts.values()))
    except RefusalError as error:
        answer = only_errors(error.answer) if request.path.startswith("/restapi/v2/") else error.answer
    except OSError:
        # The disk is full or gone: nothing was taken, and the client must not think otherwise.
        answer = refusal(500, "CMN-203", "Internal Server Error").answer
    answer.headers = limits | answer.headers
    return answer


def _authorization(request: Request, route: Route) -> str | None:
    token = request.one("access_token") if route.media else None
    return request.headers.get("authorization") or (f"Bearer {token}" if token else None)


def _check_owner(parts: dict[str, str]) -> None:
    """`~` is the signed-in user's own account and extension; there are no others here."""
    for name, own in (("account", ACCOUNT_ID), ("extension", EXTENSION_ID)):
        if parts.pop(name, "~") not in ("~", own):
            parameter = f"{name}Id"
            raise not_found(parameter)
