"""Chooses the API that answers a request. A second provider joins here, by the prefix of its paths."""

from campaigns.simulator.api.call_log import Call
from campaigns.simulator.api.gateway import respond
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.api.routes import ROUTES
from campaigns.simulator.control.routes import CONTROL_ROUTES
from campaigns.simulator.http_types import Request, Response


def is_control(path: str) -> bool:
    """The simulator's own paths: no faults, no sign-in, no limits, no entry in the log of calls."""
    return path == "/" or path.startswith("/simulator/")


def handle(platform: Platform, request: Request) -> Response:
    platform.replies.receive_due(platform.clock.now())
    if is_control(request.path):
        return respond(platform, request, CONTROL_ROUTES)[1]
    name, response = respond(platform, request, ROUTES)
    call = Call(platform.clock.now(), request.method, request.path, response.status, request.request_id)
    platform.calls.add(call, name)
    return response
