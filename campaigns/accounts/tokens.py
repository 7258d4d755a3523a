"""Access tokens in the database: one for all workers, as a second sign-in would end the first session."""

import hashlib
from contextlib import AbstractContextManager
from datetime import datetime

from campaigns.models import AccessToken
from campaigns.runtime import leases

SIGN_IN_SECONDS = 60.0
"""How long a worker may take to sign in before another one tries; one that died is known at once."""


class DatabaseTokens:
    def __init__(self, account: str) -> None:
        self.account = account

    def load(self) -> tuple[str, datetime] | None:
        row = AccessToken.objects.filter(account=self.account).first()
        return (row.token, row.expires_at) if row else None

    def save(self, token: str, use_until: datetime) -> None:
        AccessToken.objects.update_or_create(
            account=self.account, defaults={"token": token, "expires_at": use_until}
        )

    def drop(self, token: str) -> None:
        AccessToken.objects.filter(account=self.account, token=token).delete()

    def minting(self) -> AbstractContextManager[bool]:
        # The account's name is longer than a lease's may be.
        name = hashlib.sha256(self.account.encode()).hexdigest()[:32]
        return leases.hold(f"sign-in {name}", seconds=SIGN_IN_SECONDS)
