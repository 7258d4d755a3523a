"""Where providers call us: `/webhooks/<provider>/<secret>/`. Not a page, and nobody signs in here.

The address is half of the secret, the token that the provider shows with each call is the other half. All
answers are short and bare: RingCentral refuses a handshake whose answer is over 1,024 bytes, head included.
"""

import logging
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from campaigns.providers import catalogue
from campaigns.receipts import webhook_intake

log = logging.getLogger(__name__)

SHOWN: Final = "verification-token"
"""May be missing from the first call; if it is there, it must be right."""
PIECE: Final = 64 * 1024


@csrf_exempt
@login_not_required
@require_POST
@xframe_options_exempt
def webhook(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    door = webhook_intake.resolve_endpoint(provider, secret)
    if door is None:
        return _answer(404)
    body = _read(request)
    if body is None:
        return _answer(413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    callbacks = catalogue.callbacks(provider)
    hello = callbacks.handshake(headers, body)
    ours = callbacks.is_genuine(headers, door.token)
    if not ours and (hello is None or SHOWN in headers):
        webhook_intake.count_refused(door)
        return _answer(401)
    if hello is not None:
        return _answer(200, hello)
    try:
        webhook_intake.receive(provider, body)
    except webhook_intake.NotAnEventError:
        return _answer(400)
    except OperationalError:
        # Not stored, so not taken: the provider calls again.
        log.warning("an event could not be stored in time")
        return _answer(503)
    return _answer(200)


def _answer(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    bare = {"Content-Type": "application/json"}
    answer = HttpResponse(status=status, headers=bare | (headers or {}))
    # Django would write a line for each refusal: whoever can call could fill the disk.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    # As the decorator of django-csp does, whose types know only views without arguments.
    answer._csp_exempt = True  # type: ignore[attr-defined]
    return answer


def _read(request: HttpRequest) -> bytes | None:
    """The body; None if it is too long. Then it is read to its end, so that the answer arrives."""
    # Django sees no body where the length is not told beforehand; a server that knows its end says so.
    stream = request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else request
    pieces, size = [], 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size <= webhook_intake.MAX_BYTES:
            pieces.append(piece)
    return b"".join(pieces) if size <= webhook_intake.MAX_BYTES else None
