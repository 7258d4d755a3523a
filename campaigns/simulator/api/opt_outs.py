"""The deprecated opt-out endpoints of v1."""

from typing import Any

from campaigns.simulator.api.csv_response import csv_response
from campaigns.simulator.api.errors import invalid_parameter
from campaigns.simulator.api.paging import Page
from campaigns.simulator.api.parsing import parse_json_object, parse_phone_number, parse_texts
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import BY_PHONE, takes_recipient
from campaigns.simulator.carrier.opt_outs import API, EVERY_NUMBER, Change, ChangeRequest
from campaigns.simulator.http_types import Request, Response, json_response


def list_opt_outs(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """The newest entry of each pair, newest first; CSV if the client accepts it."""
    status = request.last("status") or "optout"
    if status not in ("optout", "optin", "all"):
        raise invalid_parameter("status")
    sender, recipient = request.last("from"), request.last("to")
    if sender not in (None, EVERY_NUMBER):
        sender = parse_phone_number(sender, "from")
    if recipient is not None:
        recipient = parse_phone_number(recipient, "to")
    changes = [
        change
        for change in platform.store.opt_outs.latest()
        if status in ("all", change.status.lower())
        and sender in (None, EVERY_NUMBER, change.sender)
        and recipient in (None, change.recipient)
    ]
    if "text/csv" in request.headers.get("accept", ""):
        rows = [list(opt_out_record(change).values()) for change in changes]
        return csv_response(["FROM", "TO", "STATUS", "SOURCE"], rows)
    page = Page.from_query(request)
    return json_response(page.response(changes, lambda change: change.number, opt_out_record))


def opt_out_record(change: Change) -> dict[str, Any]:
    """The source Api of v2 is named Account in v1."""
    source = "Account" if change.source == API else change.source
    return {
        "from": change.sender,
        "to": change.recipient,
        "status": change.status,
        "source": source,
    }


def assign_opt_outs(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Opts many people out of one number, or back in."""
    body = parse_json_object(request.body)
    sender = body.get("from")
    if sender not in BY_PHONE:
        raise invalid_parameter("from")
    lists = {name: parse_texts(body.get(name, []), name) for name in ("optOuts", "optIns")}
    if not any(lists.values()):
        raise invalid_parameter("optOuts")
    result: dict[str, Any] = {}
    requests: list[ChangeRequest] = []
    for name, doing in (("optOuts", "creating"), ("optIns", "removing")):
        valid = [number for number in lists[name] if takes_recipient(number)]
        message = f"Unexpected issue on {doing} an opt-out from bulk-assign request"
        invalid = [{"to": number, "errorMessage": message} for number in lists[name] if number not in valid]
        result[name] = {"successful": valid, "failed": invalid}
        requests += [ChangeRequest(sender, number, name == "optOuts") for number in valid]
    platform.store.change_opt_outs(requests)
    return json_response(result)
