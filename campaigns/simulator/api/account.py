"""Endpoints about the service, the account, its extension and its numbers."""

from __future__ import annotations

from campaigns.simulator.api.answers import Answer, Request, bad_parameter, base_url, json_answer, not_found
from campaigns.simulator.api.paging import read_numbered_page
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.numbers import (
    ACCOUNT_ID,
    BY_ID,
    EXTENSION_ID,
    EXTENSION_PATH,
    NUMBERS,
    OWNER_NAME,
    number_record,
    sms_configuration,
)

_NUMBER_STATUSES = ("Normal", "Pending", "PortedIn", "Temporary", "Unknown")


def service(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """Public: whether the service answers at all."""
    version = {
        "uri": f"{base_url(request)}/v1.0",
        "versionString": "1.0.60",
        "uriString": "v1.0",
        "releaseDate": "2025-01-01T00:00:00.000Z",
    }
    return json_answer(
        {
            "uri": base_url(request),
            "apiVersions": [version],
            "serverVersion": "25.1.1",
            "serverRevision": "simulator",
        }
    )


def extension(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """The usual test of a connection: who am I."""
    return json_answer(
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


def extension_numbers(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    base = f"{base_url(request)}{EXTENSION_PATH}/phone-number"
    return _numbers(request, base, with_features=True)


def account_numbers(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    """Heavy, and without features: the list that a client must not use to find its senders."""
    return _numbers(request, _account_numbers(request), with_features=False)


def _account_numbers(request: Request) -> str:
    return f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}/phone-number"


def _numbers(request: Request, base: str, *, with_features: bool) -> Answer:
    page = read_numbered_page(request)
    status, usages = request.one("status"), request.query.get("usageType", [])
    if status not in (None, *_NUMBER_STATUSES):
        raise bad_parameter("status")
    records = [number_record(number, base, with_features=with_features) for number in NUMBERS]
    if status is not None:
        records = [record for record in records if record["status"] == status]
    if usages:
        records = [record for record in records if record["usageType"] in usages]
    return json_answer(page.listing(base, [], records, lambda record: record))


def account_number(_: Carrier, request: Request, found: tuple[str, ...]) -> Answer:
    """One number, as the account's list has it."""
    number = BY_ID.get(found[0])
    if number is None:
        raise not_found("phoneNumberId")
    return json_answer(number_record(number, _account_numbers(request), with_features=False))


def account(_: Carrier, request: Request, __: tuple[str, ...]) -> Answer:
    return json_answer(
        {
            "uri": f"{base_url(request)}/v1.0/account/{ACCOUNT_ID}",
            "id": int(ACCOUNT_ID),
            "mainNumber": NUMBERS[0].phone,
            "status": "Confirmed",
        }
    )


def number_configuration(carrier: Carrier, _: Request, found: tuple[str, ...]) -> Answer:
    number = BY_ID.get(found[0])
    if number is None:
        raise not_found("phoneNumberId")
    return json_answer(sms_configuration(number, carrier.store.campaign_of(number.phone)))
