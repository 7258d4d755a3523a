"""The history: who did what, and what happened to a campaign. Rows are added and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from campaigns.models.campaign import Campaign
    from campaigns.models.delivery import Attempt, Batch


class HistoryManager(models.Manager["History"]):
    def record(
        self,
        kind: History.Kind,
        *,
        actor: User | None = None,
        campaign: Campaign | int | None = None,
        batch: Batch | int | None = None,
        attempt: Attempt | int | None = None,
        **data: object,
    ) -> History:
        """The only writer. `data`: ids, codes and counts; never a number, name or text of a recipient."""
        return self.create(
            kind=kind,
            actor=actor.get_username() if actor else "",
            actor_id=actor.pk if actor else None,
            campaign_id=id_of(campaign),
            batch_id=id_of(batch),
            attempt_id=id_of(attempt),
            data=data,
        )


def id_of(row: models.Model | int | None) -> int | None:
    return row if row is None or isinstance(row, int) else row.pk


class History(models.Model):
    """One thing that a person did, or that happened.

    Ids are plain numbers and no foreign keys, so that what they name can be erased and this stays.
    """

    class Kind(models.TextChoices):
        # A campaign
        LAUNCHED = "launched"
        FROZEN = "frozen"
        HELD = "held"
        PAUSED = "paused"
        RESUMED = "resumed"
        CANARY_PASSED = "canary_passed"
        TRIED_AGAIN = "tried_again"
        CANCELLED = "cancelled"
        UNDONE = "undone"
        SENT_AGAIN = "sent_again"
        MADE_AGAIN_FROM = "made_again_from"
        ALL_SUBMITTED = "all_submitted"
        FINISHED = "finished"
        # A batch
        BATCH_SPLIT = "batch_split"
        BATCH_QUARANTINED = "batch_quarantined"
        BATCH_RELEASED = "batch_released"
        BATCH_SIZE_DIFFERS = "batch_size_differs"
        # An attempt
        ANSWER_LOST = "answer_lost"
        ADOPTED = "adopted"
        ADOPTED_FROM_JOURNAL = "adopted_from_journal"
        ABSENT = "absent"
        NEEDS_REVIEW = "needs_review"
        POSSIBLE_DOUBLE = "possible_double"
        REVIEW_SEND = "review_send"
        REVIEW_MARKED_SENT = "review_marked_sent"
        REVIEW_POSTPONED = "review_postponed"
        # Lists and people
        FILE_UPLOADED = "file_uploaded"
        FILE_READ = "file_read"
        PHONE_COLUMN_CHANGED = "phone_column_changed"
        LIST_REMOVED = "list_removed"
        OPT_OUT_ADDED = "opt_out_added"
        OPT_OUT_ASKED = "opt_out_asked"
        OPT_OUT_DENIED = "opt_out_denied"
        OPT_OUT_ENDED = "opt_out_ended"
        # The provider and the site
        SUBSCRIPTION_CREATED = "subscription_created"
        DISCREPANCY_FOUND = "discrepancy_found"
        DISCREPANCY_KNOWN = "discrepancy_known"
        AUDIT_DONE = "audit_done"
        AUDIT_FAILED = "audit_failed"
        RECOVERED = "recovered"
        PASSWORD_CHANGED = "password_changed"  # noqa: S105
        SIGN_IN_UNLOCKED = "sign_in_unlocked"
        DEMO_LOADED = "demo_loaded"

    at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=24, choices=Kind)
    actor = models.CharField(max_length=150, blank=True)
    """The user's name at that time; empty: the program itself."""
    actor_id = models.BigIntegerField(null=True)
    campaign_id = models.BigIntegerField(null=True, db_index=True)
    batch_id = models.BigIntegerField(null=True)
    attempt_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    objects = HistoryManager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "history"
        indexes = [
            models.Index(fields=["batch_id"], name="history_batch", condition=Q(batch_id__isnull=False)),
            models.Index(
                fields=["attempt_id"], name="history_attempt", condition=Q(attempt_id__isnull=False)
            ),
            # The last audit, and whether the demo was loaded.
            models.Index(fields=["kind", "id"], name="history_kind"),
        ]

    def __str__(self) -> str:
        return self.kind


class Discrepancy(models.Model):
    """Something of which the provider's records and our ledger say different things."""

    class Kind(models.TextChoices):
        UNKNOWN_BATCH = "unknown_batch", "A batch that we did not send"
        UNKNOWN_TEXT = "unknown_text", "A text that we did not send"
        MISSING_TEXT = "missing_text", "A text that the provider does not show"
        SUMS = "sums", "Totals that differ"

    kind = models.CharField(max_length=13, choices=Kind)
    account = models.CharField(max_length=120)
    about = models.CharField(max_length=64)
    """What it is about, once: the provider's id of a batch or a text, or our own batch."""
    campaign = models.ForeignKey(
        "campaigns.Campaign", models.CASCADE, null=True, related_name="discrepancies"
    )
    """None: nothing of ours."""
    sender = models.CharField(max_length=16, blank=True)
    data = models.JSONField(default=dict)
    """What the two say: numbers and codes, as `labels/discrepancies.py` reads them."""
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)
    """When they agreed again, or a person said that it is known."""
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "about"], name="discrepancy_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="discrepancy_open", condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"
