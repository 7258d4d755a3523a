"""Our copy of the provider's own store: every batch and every message of the account, ours or not.

Which of our campaigns a batch or a message belongs to is not written here: a batch of ours carries the same
provider id, and a campaign has one message for a number.
"""

from django.db import models
from django.db.models import Q

from campaigns.models.account import AccountState


class ProviderBatch(models.Model):
    """A batch as the provider last described it."""

    account = models.ForeignKey(AccountState, models.PROTECT, related_name="+", db_index=False)
    provider_id = models.CharField(max_length=64)
    sender = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=20, blank=True)
    """A BatchStatus, or the provider's own word where we have no code. Empty: known by its messages only."""
    size = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=5, null=True)
    """US dollars; None until the provider says."""
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField(null=True)
    last_listed_at = models.DateTimeField()
    totals = models.JSONField(default=dict)
    """Messages by state, counted in the background for batches that no campaign of ours polls:
    state → {count, cost, error_codes}."""

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "store batches"
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_id"], name="store_batch_once"),
        ]
        indexes = [
            models.Index(fields=["account", "created_at", "id"], name="store_batch_by_time"),
            models.Index(fields=["account", "sender", "created_at", "id"], name="store_batch_by_sender"),
            models.Index(fields=["account", "status", "created_at", "id"], name="store_batch_by_status"),
        ]

    def __str__(self) -> str:
        return self.provider_id


class ProviderMessage(models.Model):
    """A message as the provider last described it. It only ever moves forward.

    Pages of it are sorted by (`created_at`, `id`), so each index ends with these. There are millions of rows
    and most of them are delivered: the indexes of states hold only the others, because an index that every
    message enters when it is delivered would halve the speed of taking statuses in. Delivered is None, not a
    value, because SQLite uses such an index only if it can prove from the query that the column is not null.
    """

    # Unchecked by the database: written in one place only, and the two checks cost more than the row.
    account = models.ForeignKey(
        AccountState, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    provider_id = models.CharField(max_length=32)
    batch = models.ForeignKey(
        ProviderBatch,
        models.PROTECT,
        null=True,
        related_name="messages",
        db_index=False,
        db_constraint=False,
    )
    """None for what came in."""
    inbound = models.BooleanField(default=False)
    own_number = models.CharField(max_length=32)
    other_number = models.CharField(max_length=32)
    undelivered = models.CharField(max_length=15, null=True)  # noqa: DJ001 - see the docstring of the class
    """The MessageStatus of any but a delivered message, which has None."""
    provider_status = models.CharField(max_length=20)
    """The provider's own word."""
    error_code = models.CharField(max_length=20, blank=True)
    segments = models.PositiveSmallIntegerField(null=True)
    cost = models.DecimalField(max_digits=9, decimal_places=5, null=True)
    """US dollars; None until the provider says."""
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    text = models.TextField(blank=True)
    """Of messages that are not ours; the text of ours stands with the campaign."""

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_id"], name="store_message_once"),
        ]
        indexes = [
            models.Index(fields=["account", "created_at", "id"], name="store_by_time"),
            models.Index(fields=["account", "other_number", "created_at", "id"], name="store_by_their"),
            models.Index(fields=["account", "own_number", "created_at", "id"], name="store_by_our"),
            models.Index(
                fields=["batch", "created_at", "id"],
                name="store_by_batch",
                condition=Q(batch__isnull=False),
            ),
            models.Index(
                fields=["account", "undelivered", "created_at", "id"],
                name="store_undelivered",
                condition=Q(undelivered__isnull=False),
            ),
            models.Index(
                fields=["account", "own_number", "undelivered", "created_at", "id"],
                name="store_undelivered_by_our",
                condition=Q(undelivered__isnull=False),
            ),
            models.Index(
                fields=["batch", "undelivered", "created_at", "id"],
                name="store_undelivered_by_batch",
                condition=Q(undelivered__isnull=False),
            ),
            models.Index(
                fields=["account", "created_at", "id"], name="store_inbound", condition=Q(inbound=True)
            ),
            models.Index(
                fields=["account", "own_number", "created_at", "id"],
                name="store_inbound_by_our",
                condition=Q(inbound=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} with …{self.other_number[-4:]}"


class SyncWindow(models.Model):
    """A span of creation times that is still to be read; it shrinks from its end while pages come in."""

    account = models.ForeignKey(AccountState, models.CASCADE, related_name="+", db_index=False)
    start = models.DateTimeField()
    end = models.DateTimeField()
    opened_at = models.DateTimeField()
    """When it was opened."""
    again = models.BooleanField(default=False)
    """It was read before, and is read once more for the receipts."""
    batches_read = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["account", "end"], name="store_window_newest")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


class SyncState(models.Model):
    """How far the copy of an account's store reaches; one row each."""

    account = models.OneToOneField(AccountState, models.CASCADE, related_name="+")
    synced_back_to = models.DateTimeField()
    windows_opened_to = models.DateTimeField()
    """Windows were opened for everything up to here."""
    read_at = models.DateTimeField(null=True)
    """The newest messages are right as of then; None: never read."""
    recent_reread_at = models.DateTimeField(null=True)
    """When the last hours were last opened once more for their receipts."""
    old_reread_at = models.DateTimeField(null=True)
    """The same of the last days."""
    refresh_requested_at = models.DateTimeField(null=True)
    """When a person pressed Refresh; None once that was answered."""

    def __str__(self) -> str:
        return f"store of {self.account_id}"
