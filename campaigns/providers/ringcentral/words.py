"""RingCentral's words and ours, in both directions: the one place that knows both."""

import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeVar

from campaigns.providers.mailbox_types import Availability, MessageKind
from campaigns.providers.types import (
    BatchStatus,
    Code,
    Direction,
    Feature,
    MessageStatus,
    OptOutSource,
    RegistrationStatus,
    SubscriptionStatus,
)

log = logging.getLogger(__name__)

C = TypeVar("C", bound=Code)

MESSAGE_STATUSES: Final = {
    "Queued": MessageStatus.QUEUED,
    "Sent": MessageStatus.SENT,
    "Delivered": MessageStatus.DELIVERED,
    "SendingFailed": MessageStatus.SENDING_FAILED,
    "DeliveryFailed": MessageStatus.DELIVERY_FAILED,
    "Received": MessageStatus.RECEIVED,
}
BATCH_STATUSES: Final = {
    "Queued": BatchStatus.QUEUED,
    "Processing": BatchStatus.PROCESSING,
    "Sent": BatchStatus.SENT,
    "Completed": BatchStatus.COMPLETED,
}
DIRECTIONS: Final = {
    "Inbound": Direction.INBOUND,
    "Outbound": Direction.OUTBOUND,
    # As in the samples of 2020.
    "in": Direction.INBOUND,
    "out": Direction.OUTBOUND,
}
REGISTRATION_STATUSES: Final = {
    "Confirmed": RegistrationStatus.CONFIRMED,
    "Created": RegistrationStatus.PENDING,
    "Draft": RegistrationStatus.PENDING,
    "Submitted": RegistrationStatus.PENDING,
    "Unconfirmed": RegistrationStatus.PENDING,
    "PreVetFailed": RegistrationStatus.RETURNED,
    "SubmitFailed": RegistrationStatus.RETURNED,
    "UpdateRequested": RegistrationStatus.RETURNED,
    "CampaignExpired": RegistrationStatus.ENDED,
    "CampaignSuspended": RegistrationStatus.ENDED,
    "DeleteRequested": RegistrationStatus.ENDED,
}
SUBSCRIPTION_STATUSES: Final = {
    "Active": SubscriptionStatus.ACTIVE,
    "Blacklisted": SubscriptionStatus.BLACKLISTED,
}
OPT_OUT_SOURCES: Final = {
    "Recipient": OptOutSource.RECIPIENT,
    "Api": OptOutSource.API,
    "Account": OptOutSource.API,  # in the list of v1
    "Upstream": OptOutSource.UPSTREAM,
    "Carrier": OptOutSource.CARRIER,
}
FEATURES: Final = {
    "A2PSmsSender": Feature.CAMPAIGNS,
    "SmsSender": Feature.TEXTS,
    "InternationalSmsSender": Feature.TEXTS_ABROAD,
    "MmsSender": Feature.PICTURES,
    "InternationalMmsSender": Feature.PICTURES_ABROAD,
    "CallerId": Feature.CALLS,
    "FaxSender": Feature.FAXES,
}
MESSAGE_KINDS: Final = {
    "SMS": MessageKind.TEXT,
    "Fax": MessageKind.FAX,
    "VoiceMail": MessageKind.VOICEMAIL,
    "Pager": MessageKind.PAGER,
}
AVAILABILITIES: Final = {
    "Alive": Availability.ALIVE,
    "Deleted": Availability.DELETED,
    "Purged": Availability.PURGED,
}


def code(table: Mapping[str, C], word: str, unknown: C) -> C:
    """Our code for a word of RingCentral. A word that is not in the table is logged once."""
    meaning = table.get(word)
    if meaning is not None:
        return meaning
    if word:
        note_unknown(type(unknown).__name__, word[:20])
    return unknown


@lru_cache(maxsize=256)
def note_unknown(kind: str, word: str) -> None:
    log.warning("a word of RingCentral that is not known", extra={"kind": kind, "word": word})


def words_of(table: Mapping[str, C], codes: Iterable[C]) -> list[str]:
    """RingCentral's words for codes: the first one of each code."""
    return [next(word for word, meaning in table.items() if meaning is wanted) for wanted in codes]
