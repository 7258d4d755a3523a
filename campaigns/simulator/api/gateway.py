"""Matches a request to a route, and checks it before the endpoint: size, token, rate, account."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from campaigns.simulator.api.errors import ApiError, api_error, unknown_path, unknown_resource, v2_envelope
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import ACCOUNT_ID, EXTENSION_ID
from campaigns.simulator.http_types import Request, Response

Endpoint = Callable[[Platform, Request, tuple[str, ...]], Response]
"""The tuple has the variable parts of the path, without account and extension."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    endpoint: Endpoint
    name: str
    group: str = ""
    """The rate group; empty for what is not limited."""
    bearer: bool = True
    token_in_query: bool = False
    """For links that a browser opens."""


def route(
    method: str,
    pattern: str,
    endpoint: Endpoint,
    group: str = "",
    *,
    bearer: bool = True,
    token_in_query: bool = False,
) -> Route:
    name = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", pattern)
    return Route(method, re.compile(pattern), endpoint, name, group, bearer, token_in_query)


def respond(platform: Platform, request: Request, routes: tuple[Route, ...]) -> tuple[str, Response]:
    """The name of the route, and the response."""
    for candidate in routes:
        match = candidate.pattern.fullmatch(request.path)
        if match and candidate.method == request.method:
            return candidate.name, _call_endpoint(platform, request, candidate, match.groupdict())
    return "unknown", unknown_path().response


def _call_endpoint(
    platform: Platform, request: Request, matched: Route, variables: dict[str, str]
) -> Response:
    """The order of the checks is that of RingCentral's gateway."""
    limits: dict[str, str] = {}
    try:
        if request.too_large:
            raise api_error(413, "CMN-101", "Request entity too large", parameter="body")
        if matched.bearer:
            platform.sessions.authenticate(_authorization(request, matched))
        if matched.group:
            limits = platform.rate_limits.take(matched.group)
        _check_owner(variables)
        response = matched.endpoint(platform, request, tuple(variables.values()))
    except ApiError as error:
        v2 = request.path.startswith("/restapi/v2/")
        response = v2_envelope(error.response) if v2 else error.response
    except OSError:
        # The disk is full or gone: nothing was accepted, and the client must not think otherwise.
        response = api_error(500, "CMN-203", "Internal Server Error").response
    response.headers = limits | response.headers
    return response


def _authorization(request: Request, matched: Route) -> str | None:
    token = request.last("access_token") if matched.token_in_query else None
    return request.headers.get("authorization") or (f"Bearer {token}" if token else None)


def _check_owner(variables: dict[str, str]) -> None:
    """Removes account and extension. `~` stands for the user's own; there are no others here."""
    for name, own in (("account", ACCOUNT_ID), ("extension", EXTENSION_ID)):
        if variables.pop(name, "~") not in ("~", own):
            parameter = f"{name}Id"
            raise unknown_resource(parameter)
