"""The value that goes from the ledger to the provider and to the journal."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.providers.types import OutgoingText


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch with an attempt in state PREPARED."""

    attempt_id: int
    batch_id: int
    campaign_id: int
    sender: str
    message_ids: tuple[int, ...]
    texts: tuple[OutgoingText, ...]
    payload: str
    """SHA-256 of the texts, see `fingerprint`."""
    installation: str
    """The name of the database."""


def fingerprint(texts: Sequence[OutgoingText]) -> str:
    """SHA-256 over the numbers and texts, in order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text.to}\0{text.text}\0".encode())
    return digest.hexdigest()
