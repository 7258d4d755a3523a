"""The account's numbers as JSON."""

from typing import Any

from campaigns.simulator.carrier.numbers import CONFIRMED, AccountNumber


def number_record(number: AccountNumber, base: str, *, with_features: bool) -> dict[str, Any]:
    """Only the list of the extension has the features."""
    record: dict[str, Any] = {
        "uri": f"{base}/{number.id}",
        "id": number.id,
        "phoneNumber": number.phone,
        "paymentType": "TollFree" if number.toll_free else "Local",
        "type": "VoiceOnly" if number.toll_free else "VoiceFax",
        "usageType": "CompanyNumber" if number.toll_free else "DirectNumber",
        "status": "Normal",
        "label": number.label,
        "primary": False,
    }
    if number.location:
        record["location"] = number.location
    if with_features:
        record["country"] = {"id": "1", "isoCode": "US", "name": "United States"}
        record["features"] = list(number.features)
    return record


def sms_configuration(number: AccountNumber, status: str) -> dict[str, Any]:
    """A toll-free number is in no campaign, so it has neither object."""
    record: dict[str, Any] = {"phoneNumberId": str(number.id), "phoneNumber": number.phone}
    if not number.toll_free:
        record["smsCampaignInfo"] = {
            "id": "CSIMUL8",
            "status": status,
            "registrationTier": "StandardVolume",
            "useCases": ["Marketing"],
            "errors": [],
        }
        record["smsBrandInfo"] = {"id": "BSIMUL8", "status": CONFIRMED, "errors": []}
    return record
