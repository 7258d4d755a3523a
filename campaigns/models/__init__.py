"""All tables. No I/O and no rules beyond what the database itself enforces."""

from campaigns.models.account import AccessToken, AccountState, Lease, Price, RateWindow, SenderNumber
from campaigns.models.campaign import Campaign, CampaignRow, RowState, Tally
from campaigns.models.contacts import Contact, ContactList, Import, ImportRow
from campaigns.models.delivery import Attempt, Batch, Message
from campaigns.models.history import Disagreement, Event, Installation
from campaigns.models.inbox import OptOut
from campaigns.models.store import StoreBatch, StoreMessage, StoreState, StoreWindow
from campaigns.models.webhooks import CarrierConsent, Webhook, WebhookEvent

__all__ = [
    "AccessToken",
    "AccountState",
    "Attempt",
    "Batch",
    "Campaign",
    "CampaignRow",
    "CarrierConsent",
    "Contact",
    "ContactList",
    "Disagreement",
    "Event",
    "Import",
    "ImportRow",
    "Installation",
    "Lease",
    "Message",
    "OptOut",
    "Price",
    "RateWindow",
    "RowState",
    "SenderNumber",
    "StoreBatch",
    "StoreMessage",
    "StoreState",
    "StoreWindow",
    "Tally",
    "Webhook",
    "WebhookEvent",
]
