"""The account, its numbers, and the recipients that the carrier accepts."""

import re
from dataclasses import dataclass

ACCOUNT_ID = "405151939033"
EXTENSION_ID = "62989398016"
EXTENSION_PATH = f"/v1.0/account/{ACCOUNT_ID}/extension/{EXTENSION_ID}"
OWNER_NAME = "Simulated Sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNumber:
    id: int
    phone: str
    label: str
    location: str
    features: tuple[str, ...]
    toll_free: bool = False
    per_minute: int = 0
    """Texts that a High Volume number may send a minute; 0 for a number that cannot send any."""


NUMBERS = (
    AccountNumber(
        id=121554771345,
        phone="+16505550100",
        label="Main line",
        location="San Mateo, CA",
        features=("CallerId", "A2PSmsSender"),
        per_minute=60,
    ),
    AccountNumber(
        id=121554771346,
        phone="+18885550100",
        label="Toll-free",
        location="",
        features=("CallerId", "A2PSmsSender"),
        toll_free=True,
        per_minute=180,
    ),
    AccountNumber(
        id=121554771347,
        phone="+16505550199",
        label="Front desk",
        location="San Mateo, CA",
        features=("CallerId", "SmsSender", "MmsSender"),
    ),
)
P2P_NUMBER = next(number.phone for number in NUMBERS if "SmsSender" in number.features)
"""The number of the mailbox. It sends ordinary texts, and no batches."""
BY_PHONE = {number.phone: number for number in NUMBERS}
BY_ID = {str(number.id): number for number in NUMBERS}

# Countries and islands that share +1 with the United States and Canada but are neither.
_ISLANDS = "242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876"
_RECIPIENT = re.compile(rf"\+1(?!{_ISLANDS})[2-9][0-9]{{2}}[2-9][0-9]{{6}}")
takes_recipient = _RECIPIENT.fullmatch
"""High Volume SMS reaches the United States and Canada only; numbers are E.164."""


CONFIRMED = "Confirmed"
CAMPAIGN_STATUSES = (
    *("Created", "Submitted", CONFIRMED, "SubmitFailed", "UpdateRequested", "DeleteRequested"),
    *("CampaignSuspended", "CampaignExpired", "Draft", "PreVetFailed", "Unconfirmed"),
)
