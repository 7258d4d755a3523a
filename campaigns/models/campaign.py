"""A campaign: who, what, from which number, and the counters that must add up."""

from __future__ import annotations

import operator
from functools import reduce

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q

from campaigns.models.contacts import ContactList, ImportRow


class RowState(models.TextChoices):
    """Where one row of a campaign is. Every row is in exactly one; they sum to the rows of the file."""

    DUPLICATE = "duplicate", "Duplicate"
    INVALID = "invalid", "Not usable"
    EXCLUDED = "excluded", "Left out"
    HELD = "held", "Held here"
    QUEUED = "queued", "Waiting"
    SUBMITTING = "submitting", "Being handed over"
    IN_DOUBT = "in_doubt", "In doubt"
    NEEDS_REVIEW = "needs_review", "Needs review"
    MARKED_SENT = "marked_sent", "Marked as sent"
    REJECTED = "rejected", "Rejected"
    WITH_CARRIER = "with_carrier", "With the carrier"
    SENT = "sent", "Sent, no receipt yet"
    DELIVERED = "delivered", "Delivered"
    NOT_DELIVERED = "not_delivered", "Not delivered"
    CANCELLED = "cancelled", "Cancelled"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def locked(self, pk: int) -> Campaign:
        """Locked until the transaction ends. Always the first lock, so that transactions never deadlock."""
        campaign = self.select_for_update(no_key=True).get(pk=pk)
        campaign.locked_in = connection.atomic_blocks[0]
        return campaign

    def sending(self, pk: int) -> CampaignQuerySet:
        """The campaign if it is sending. A held one keeps its own reason for standing still."""
        return self.filter(pk=pk, state=Campaign.State.SENDING)


class Campaign(models.Model):
    """What one person wants to say to one list."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PREPARING = "preparing", "Preparing"
        SENDING = "sending", "Sending"
        HELD = "held", "Held"
        DELIVERING = "delivering", "Waiting for receipts"
        FINISHED = "finished", "Finished"

    class Asked(models.TextChoices):
        """What a person asked for while the rows are being frozen. It is done when all are."""

        PAUSE = "pause", "Pause"
        CANCEL = "cancel", "Cancel"

    class HoldReason(models.TextChoices):
        PAUSED = "paused", "A person paused it"
        CANARY = "canary", "A person has to see the receipts of its first texts"
        QUARANTINE = "quarantine", "Only quarantined batches are left"
        PROVIDER_ERROR = "provider_error", "The provider refuses to take it"
        SILENCE = "silence", "The provider asks for a long silence"
        RECEIPTS = "receipts", "Receipts show that going on does harm"
        RESTORED = "restored", "A restore from a backup has to be looked at"
        ACCOUNT_GONE = "account_gone", "The settings do not open its account"

    class WaitReason(models.TextChoices):
        ANSWER_LOST = "answer_lost", "The answer to one of its batches was lost"
        SENDER_IN_DOUBT = "sender_in_doubt", "An answer to another campaign was lost"
        PROVIDER_ERROR = "provider_error", "The provider did not take a batch"
        JOURNAL = "journal", "The journal cannot be written"

    class OnNotFound(models.TextChoices):
        RETRY = "retry", "Send it again after two clean looks and the settle time"
        REVIEW = "review", "Always ask a person"

    LAUNCHED = (State.PREPARING, State.SENDING, State.HELD, State.DELIVERING, State.FINISHED)
    MOVING = (State.PREPARING, State.SENDING, State.HELD, State.DELIVERING)

    name = models.CharField(max_length=120)
    contact_list = models.ForeignKey(ContactList, models.PROTECT, null=True, related_name="campaigns")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    """The campaign whose undelivered people it is for, of one that sends again."""
    account = models.CharField(max_length=120, blank=True)
    """The provider's account that it is sent through, frozen at launch. A draft's follows from its sender."""
    sender = models.CharField(max_length=16, blank=True)
    """E.164 of the number that the texts come from."""
    text = models.TextField(blank=True)
    batch_size = models.PositiveIntegerField(default=1000)
    on_not_found = models.CharField(max_length=6, choices=OnNotFound, default=OnNotFound.RETRY)
    """What happens to a batch that the provider's records do not show."""
    canary = models.PositiveIntegerField(default=0)
    """Texts that leave first, alone; then it waits until a person has seen their receipts. 0: none."""
    canary_confirmed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    asked = models.CharField(max_length=6, choices=Asked, blank=True)
    hold_reason = models.CharField(max_length=14, choices=HoldReason, blank=True)
    hold_data = models.JSONField(default=dict)
    """Parameters of the reason; of `asked` while it freezes."""
    wait_reason = models.CharField(max_length=15, choices=WaitReason, blank=True)
    """Why nothing moves at the moment; it goes on by itself."""
    wait_data = models.JSONField(default=dict)
    send_at = models.DateTimeField(null=True)
    """Nothing is handed over before this; None: at once."""
    undo_until = models.DateTimeField(null=True)
    """Nothing is handed over before this, so that the launch can be taken back; None: no such time."""
    next_retry_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    """Failed calls in a row; the wait before the next try grows with it."""
    frozen_up_to_row = models.BigIntegerField(default=0)
    """Id of the last ImportRow that was taken over while the audience is being frozen."""
    segments = models.PositiveIntegerField(default=0)
    """Sum over the frozen texts."""
    price = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    """US dollars a segment, as set when it was launched; None: unknown."""
    claimed_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    launched_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = CampaignQuerySet.as_manager()
    locked_in: object = None
    """The transaction that has locked this campaign."""

    class Meta:
        ordering = ["-id"]
        permissions = [("send_campaign", "Can send campaigns")]
        constraints = [
            models.CheckConstraint(
                name="launched_campaign_is_complete",
                condition=Q(state="draft")
                | (
                    Q(contact_list__isnull=False)
                    & ~Q(account="")
                    & ~Q(sender="")
                    & ~Q(text="")
                    & Q(launched_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="held_with_a_reason",
                condition=Q(state="held") & ~Q(hold_reason="") | ~Q(state="held") & Q(hold_reason=""),
            ),
            models.CheckConstraint(
                name="waits_only_while_sending", condition=Q(state="sending") | Q(wait_reason="")
            ),
            models.CheckConstraint(
                name="asked_only_while_preparing", condition=Q(state="preparing") | Q(asked="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_state(self) -> str:
        """As people see it: still sending while the provider has texts that have not left, and `cancelled` if
        a person stopped what had not been handed over. Reads `counters`."""
        if self.state == self.State.PREPARING:
            return "cancelled" if self.asked == self.Asked.CANCEL else self.state
        if self.state in (self.State.DELIVERING, self.State.FINISHED) and self.counters.cancelled:
            return "cancelled"
        if self.state == self.State.DELIVERING and self.counters.with_carrier:
            return self.State.SENDING
        return self.state

    @property
    def is_paused(self) -> bool:
        return self.hold_reason == self.HoldReason.PAUSED or self.asked == self.Asked.PAUSE

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    def require_lock(self) -> None:
        """Raises TransactionManagementError unless the transaction that runs has locked it."""
        if not connection.in_atomic_block or self.locked_in is not connection.atomic_blocks[0]:
            message = "the campaign is not locked in this transaction"
            raise transaction.TransactionManagementError(message)


class Counters(models.Model):
    """How many rows of a campaign are in each state.

    Moved in the transaction that moves the rows, so a page never counts. The database refuses counters
    that do not add up.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="counters")
    rows = models.PositiveIntegerField(default=0)
    """The frozen count: rows of the file, without header and blank lines."""
    duplicate = models.IntegerField(default=0)
    invalid = models.IntegerField(default=0)
    excluded = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    queued = models.IntegerField(default=0)
    submitting = models.IntegerField(default=0)
    in_doubt = models.IntegerField(default=0)
    needs_review = models.IntegerField(default=0)
    marked_sent = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    with_carrier = models.IntegerField(default=0)
    sent = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    not_delivered = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.CheckConstraint(
                name="counters_add_up",
                condition=Q(rows=reduce(operator.add, (F(state.value) for state in RowState))),
            ),
            models.CheckConstraint(
                name="counters_not_negative",
                condition=reduce(operator.and_, (Q(**{f"{state.value}__gte": 0}) for state in RowState)),
            ),
        ]

    def __str__(self) -> str:
        return f"counters of campaign {self.campaign_id}"

    def count(self, *states: RowState) -> int:
        return sum(getattr(self, state.value) for state in states)

    def as_dict(self) -> dict[str, int]:
        return {state.value: getattr(self, state.value) for state in RowState}

    @property
    def total(self) -> int:
        return self.count(*RowState)

    @property
    def balanced(self) -> bool:
        return self.total == self.rows


class CampaignRow(models.Model):
    """A row of the file as this campaign froze it at launch."""

    class Outcome(models.TextChoices):
        MESSAGE = "message", "Gets a text"
        DUPLICATE = "duplicate", "Duplicate"
        INVALID = "invalid", "Not usable"
        EXCLUDED = "excluded", "Left out"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rows", db_index=False)
    import_row = models.ForeignKey(ImportRow, models.PROTECT, related_name="+", db_index=False)
    outcome = models.CharField(max_length=9, choices=Outcome)
    reason = models.CharField(max_length=40, blank=True)
    """Code: a PhoneProblem, a RowProblem, `repeated`, `opted_out`."""

    class Meta:
        ordering = ["id"]
        constraints = [
            # Row first: the database looks here when a row of a file is to be deleted.
            models.UniqueConstraint(fields=["import_row", "campaign"], name="row_frozen_once"),
        ]
        indexes = [models.Index(fields=["campaign", "id"], name="row_in_campaign")]

    def __str__(self) -> str:
        return f"row {self.import_row_id} of campaign {self.campaign_id}"
