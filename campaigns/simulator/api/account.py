"""Endpoints about the service, the account, its extension and its numbers."""

from campaigns.simulator.api.errors import invalid_parameter, unknown_resource
from campaigns.simulator.api.number_records import number_record, sms_configuration
from campaigns.simulator.api.paging import NumberedPage
from campaigns.simulator.api.parsing import base_url
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import (
    ACCOUNT_ID,
    BY_ID,
    EXTENSION_ID,
    EXTENSION_PATH,
    NUMBERS,
    OWNER_NAME,
    AccountNumber,
)
from campaigns.simulator.http_types import Request, Response, json_response

_NUMBER_STATUSES = ("Normal", "Pending", "PortedIn", "Temporary", "Unknown")


def service(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Public."""
    version = {
        "uri": f"{base_url(request)}/v1.0",
        "versionString": "1.0.60",
        "uriString": "v1.0",
        "releaseDate": "2025-01-01T00:00:00.000Z",
    }
    return json_response(
        {
            "uri": base_url(request),
            "apiVersions": [version],
            "serverVersion": "25.1.1",
            "serverRevision": "simulator",
        }
    )


def extension(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Clients use it to test a connection."""
    return json_response(
        {
            "uri": f"{base_url(request)}{EXTENSION_PATH}",
            "id": int(EXTENSION_ID),
            "extensionNumber": "101",
            "account": {"id": ACCOUNT_ID, "uri": f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}"},
            "contact": {"firstName": "Simulated", "lastName": "Sender", "email": "sender@example.com"},
            "name": OWNER_NAME,
            "type": "User",
            "status": "Enabled",
        }
    )


def extension_numbers(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    base = f"{base_url(request)}{EXTENSION_PATH}/phone-number"
    return _numbers_response(request, base, with_features=True)


def account_numbers(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    """Heavy, and without features: no client can learn its senders from it."""
    return _numbers_response(request, _account_numbers_uri(request), with_features=False)


def _account_numbers_uri(request: Request) -> str:
    return f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}/phone-number"


def _numbers_response(request: Request, base: str, *, with_features: bool) -> Response:
    page = NumberedPage.from_query(request)
    status, usages = request.last("status"), request.query.get("usageType", [])
    if status not in (None, *_NUMBER_STATUSES):
        raise invalid_parameter("status")
    records = [number_record(number, base, with_features=with_features) for number in NUMBERS]
    if status is not None:
        records = [record for record in records if record["status"] == status]
    if usages:
        records = [record for record in records if record["usageType"] in usages]
    return json_response(page.response(base, [], records, lambda record: record))


def _get_number(number_id: str) -> AccountNumber:
    number = BY_ID.get(number_id)
    if number is None:
        raise unknown_resource("phoneNumberId")
    return number


def account_number(_: Platform, request: Request, params: tuple[str, ...]) -> Response:
    number = _get_number(params[0])
    return json_response(number_record(number, _account_numbers_uri(request), with_features=False))


def account(_: Platform, request: Request, __: tuple[str, ...]) -> Response:
    return json_response(
        {
            "uri": f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}",
            "id": int(ACCOUNT_ID),
            "mainNumber": NUMBERS[0].phone,
            "status": "Confirmed",
        }
    )


def number_configuration(platform: Platform, _: Request, params: tuple[str, ...]) -> Response:
    number = _get_number(params[0])
    return json_response(sms_configuration(number, platform.store.campaign_status(number.phone)))
