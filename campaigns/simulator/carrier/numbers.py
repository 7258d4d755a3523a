"""The account's own numbers, and which recipients the carrier takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ACCOUNT_ID = "405151939033"
EXTENSION_ID = "62989398016"
EXTENSION_PATH = f"/v1.0/account/{ACCOUNT_ID}/extension/{EXTENSION_ID}"
OWNER_NAME = "Simulated Sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNumber:
    id: int
    phone: str
    label: str
    location: str
    features: tuple[str, ...]
    toll_free: bool = False
    per_minute: int = 0
    """Texts that a High Volume number may send a minute; 0 for a number that cannot send any."""


NUMBERS = (
    OwnNumber(
        id=121554771345,
        phone="+16505550100",
        label="Main line",
        location="San Mateo, CA",
        features=("CallerId", "A2PSmsSender"),
        per_minute=60,
    ),
    OwnNumber(
        id=121554771346,
        phone="+18885550100",
        label="Toll-free",
        location="",
        features=("CallerId", "A2PSmsSender"),
        toll_free=True,
        per_minute=180,
    ),
    OwnNumber(
        id=121554771347,
        phone="+16505550199",
        label="Front desk",
        location="San Mateo, CA",
        features=("CallerId", "SmsSender", "MmsSender"),
    ),
)
P2P_NUMBER = next(number.phone for number in NUMBERS if "SmsSender" in number.features)
"""The number of the mailbox: it sends and gets ordinary texts, and no batches."""
BY_PHONE = {number.phone: number for number in NUMBERS}
BY_ID = {str(number.id): number for number in NUMBERS}

# Countries and islands that share +1 with the United States and Canada but are neither.
_ISLANDS = "242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876"
_RECIPIENT = re.compile(rf"\+1(?!{_ISLANDS})[2-9][0-9]{{2}}[2-9][0-9]{{6}}")
takes_recipient = _RECIPIENT.fullmatch
"""Whether a number is E.164 and of the United States or Canada, all that High Volume SMS reaches."""


def number_record(number: OwnNumber, base: str, *, with_features: bool) -> dict[str, Any]:
    """A record of the number lists. Only the extension's list shows what a number can do."""
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


CONFIRMED = "Confirmed"
CAMPAIGN_STATUSES = (
    *("Created", "Submitted", CONFIRMED, "SubmitFailed", "UpdateRequested", "DeleteRequested"),
    *("CampaignSuspended", "CampaignExpired", "Draft", "PreVetFailed", "Unconfirmed"),
)


def sms_configuration(number: OwnNumber, status: str) -> dict[str, Any]:
    """Campaign registration. A toll-free number is in no campaign, so both objects are missing there."""
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
