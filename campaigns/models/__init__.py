"""All tables. No I/O and no rules beyond what the database itself enforces."""

from campaigns.models.account import AccessToken, AccountState, Lease, Price, RateLimitState, SenderNumber
from campaigns.models.campaign import Campaign, CampaignRow, Counters, RowState
from campaigns.models.contacts import Contact, ContactList, Import, ImportRow
from campaigns.models.delivery import Attempt, Batch, Message
from campaigns.models.history import Discrepancy, History
from campaigns.models.inbox import OptOut
from campaigns.models.installation import Installation, Recovery
from campaigns.models.store import ProviderBatch, ProviderMessage, SyncState, SyncWindow
from campaigns.models.webhooks import Consent, Webhook, WebhookEvent

__all__ = [
    "AccessToken",
    "AccountState",
    "Attempt",
    "Batch",
    "Campaign",
    "CampaignRow",
    "Consent",
    "Contact",
    "ContactList",
    "Counters",
    "Discrepancy",
    "History",
    "Import",
    "ImportRow",
    "Installation",
    "Lease",
    "Message",
    "OptOut",
    "Price",
    "ProviderBatch",
    "ProviderMessage",
    "RateLimitState",
    "Recovery",
    "RowState",
    "SenderNumber",
    "SyncState",
    "SyncWindow",
    "Webhook",
    "WebhookEvent",
]
