"""The ledger: messages, the batches they were cut into, and every attempt to hand a batch over.

A message belongs to one batch for ever. A batch has at most one live attempt, and the database sees to it:
so nobody can be in two requests that may both have been accepted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from campaigns.models.campaign import Campaign
from campaigns.models.contacts import ImportRow


class Batch(models.Model):
    """Texts that go to the provider in one request, and what the provider says of it since."""

    class State(models.TextChoices):
        HELD = "held", "Held here"
        QUEUED = "queued", "Waiting"
        SUBMITTING = "submitting", "Being handed over"
        IN_DOUBT = "in_doubt", "In doubt"
        NEEDS_REVIEW = "needs_review", "Needs review"
        MARKED_SENT = "marked_sent", "Marked as sent"
        ACCEPTED = "with_carrier", "With the carrier"
        EMPTY = "empty", "Nobody left in it"
        CANCELLED = "cancelled", "Cancelled"

    class HoldReason(models.TextChoices):
        QUARANTINE = "quarantine", "One process after another died with it in hand"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    """1, 2, 3 … within the campaign."""
    size = models.PositiveIntegerField()
    """Messages that were put in when it was cut."""
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    """Follows its live attempt, in the same transaction; messages that are `waiting` are where this says."""
    hold_reason = models.CharField(max_length=10, choices=HoldReason, blank=True)
    """Why it is held on its own; empty: it follows its campaign."""
    account = models.CharField(max_length=120, blank=True)
    sender = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=64, blank=True)
    provider_status = models.CharField(max_length=20, blank=True)
    """A BatchStatus, or the provider's own word where we have no code."""
    provider_size = models.PositiveIntegerField(default=0)
    """`batchSize`: accepted texts, without the rejected ones."""
    processed_count = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=5, null=True)
    totals = models.JSONField(default=dict)
    """The provider's own aggregation (`statuses`) when last read: name → {count, cost, error_codes}."""
    accepted_at = models.DateTimeField(null=True)
    provider_created_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)
    """None: nothing more is expected."""
    settled_count = models.PositiveIntegerField(default=0)
    """Messages that the provider had sent or given up on when the store was last read."""
    read_at = models.DateTimeField(null=True)
    """When the batch's messages were last read from the store."""
    polls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="batch_number_once"),
            models.UniqueConstraint(
                fields=["account", "provider_id"], condition=~Q(provider_id=""), name="batch_provider_id_once"
            ),
            models.CheckConstraint(
                name="batch_held_with_reason", condition=Q(state="held") | Q(hold_reason="")
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_poll_at"], name="batch_to_poll", condition=Q(next_poll_at__isnull=False)
            ),
            models.Index(
                fields=["sender"],
                name="batch_unprocessed",
                condition=Q(state="with_carrier", completed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.number}"


class Attempt(models.Model):
    """One try to hand a batch over. PREPARED is safe to redo; SENDING means that bytes may have left."""

    class State(models.TextChoices):
        PREPARED = "prepared", "Prepared"
        SENDING = "sending", "Sending"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Refused as a whole"
        NOT_SENT = "not_sent", "Not sent"
        AMBIGUOUS = "ambiguous", "Answer lost"
        RECONCILING = "reconciling", "Being checked"
        ABSENT = "absent", "Never arrived"
        REVIEW = "review", "Needs review"
        MARKED_SENT = "marked_sent", "Marked as sent"

    class Note(models.TextChoices):
        MISSED = "missed", "The records show no such batch"
        FOUND = "found", "Found in the records"
        ABSENT = "absent", "The records showed no such batch often enough"
        UNREADABLE = "unreadable", "The records could not be read"
        OTHER_ACCOUNT = "other_account", "The credentials open another account"
        UNCLEAR = "unclear", "A batch for some of the same people that differs"
        UNFINISHED = "unfinished", "The provider still works on a batch that may be this one"
        LAGGING = "lagging", "The records do not show a batch that was confirmed before"
        NEVER_ARRIVED = "never_arrived", "A person decided that it never arrived"
        MARKED_SENT = "marked_sent", "A person marked it as sent"
        RESTORED_FOUND = "restored_found", "Found in the records after a restore"
        RESTORED_LOST = "restored_lost", "Submitted before a restore; the answer is not known"
        RESTORED_CHANGED = "restored_changed", "As RESTORED_LOST, and its people or texts have changed"

    DEAD = (State.REJECTED, State.NOT_SENT, State.ABSENT)
    """Proved that the provider took nothing: the batch may be tried again."""
    UNRESOLVED = (State.SENDING, State.AMBIGUOUS, State.RECONCILING)
    OPEN = (State.PREPARED, *UNRESOLVED)
    IN_DOUBT = (State.AMBIGUOUS, State.RECONCILING)
    SEARCHED = (*IN_DOUBT, State.REVIEW)

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="attempts")
    account = models.CharField(max_length=120)
    sender = models.CharField(max_length=16)
    slot = models.PositiveSmallIntegerField(default=0)
    """0 for providers that take batches: one unresolved request a sender."""
    size = models.PositiveIntegerField()
    payload_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.PREPARED)
    owner = models.CharField(max_length=120)
    """host, process id, and when that process started."""
    prepared_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    answer = models.TextField(blank=True)
    """The beginning of the provider's answer, as evidence."""
    rejected = models.JSONField(default=list)
    """The provider's `rejected` list: it is in this one answer and nowhere else."""
    problem_code = models.CharField(max_length=40, blank=True)
    error = models.JSONField(default=dict)
    """`ProviderError.as_json`; empty if nothing went wrong or the program ended."""
    lookup_count = models.PositiveIntegerField(default=0)
    """How often the provider's records were read for it."""
    clean_misses = models.PositiveIntegerField(default=0)
    """Clean looks in a row that found nothing."""
    first_miss_at = models.DateTimeField(null=True)
    last_lookup_at = models.DateTimeField(null=True)
    next_lookup_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=16, blank=True, choices=Note)
    """What the last lookup found, or what was decided."""
    note_data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch"],
                condition=~Q(state__in=["rejected", "not_sent", "absent"]),
                name="one_live_attempt_per_batch",
            ),
            models.UniqueConstraint(
                fields=["account", "sender", "slot"],
                condition=Q(state__in=["sending", "ambiguous", "reconciling"]),
                name="one_unresolved_attempt_per_sender",
            ),
            models.UniqueConstraint(
                fields=["account", "provider_id"],
                condition=~Q(provider_id=""),
                name="attempt_provider_id_once",
            ),
            models.CheckConstraint(
                name="accepted_attempt_has_provider_id",
                condition=~Q(state="accepted") | ~Q(provider_id=""),
            ),
            models.CheckConstraint(
                name="sending_is_dated",
                condition=Q(state__in=["prepared", "not_sent"]) | Q(sending_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["state"],
                name="attempt_open",
                condition=Q(state__in=["prepared", "sending", "ambiguous", "reconciling"]),
            )
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} ({self.state})"


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting_in(self, batch: Batch | int) -> MessageQuerySet:
        """The messages of a batch that are in its state, not in one of their own."""
        return self.filter(batch=batch, state=Message.State.WAITING)


class Message(models.Model):
    """One text to one person, frozen at launch."""

    class State(models.TextChoices):
        WAITING = "waiting", "Where its batch is"
        EXCLUDED = "excluded", "Left out"
        REJECTED = "rejected", "Rejected"
        SENT = "sent", "Sent, no receipt yet"
        DELIVERED = "delivered", "Delivered"
        NOT_DELIVERED = "not_delivered", "Not delivered"

    FINAL = (State.EXCLUDED, State.REJECTED, State.DELIVERED, State.NOT_DELIVERED)

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="messages", db_index=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="messages")
    import_row = models.ForeignKey(
        ImportRow, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    """Held by the campaign's row for it, so a second constraint (and its index) would only cost."""
    to = models.CharField(max_length=16)
    text = models.TextField()
    segments = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=13, choices=State, default=State.WAITING)
    """`waiting`: look at the batch. Anything else was learned about this one message."""
    provider_id = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    billed_segments = models.PositiveSmallIntegerField(null=True)
    cost = models.DecimalField(max_digits=9, decimal_places=5, null=True)
    """US dollars that the provider billed; None until it says."""
    changed_at = models.DateTimeField(null=True)
    """When the provider last changed it."""

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            # Number first: the same index answers "what did this number ever get?".
            models.UniqueConstraint(fields=["to", "campaign"], name="one_message_per_person"),
        ]
        indexes = [models.Index(fields=["campaign", "id"], name="message_in_campaign")]

    def __str__(self) -> str:
        return f"message {self.pk} to …{self.to[-4:]}"
