"""Who did what. Append only."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Event(models.Model):
    """One thing that a person did, or that happened to a campaign."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    """None: the program itself."""
    verb = models.CharField(max_length=40)
    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, null=True, related_name="events")
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.verb


class Disagreement(models.Model):
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
        "campaigns.Campaign", models.CASCADE, null=True, related_name="disagreements"
    )
    """None: nothing of ours."""
    sender = models.CharField(max_length=16, blank=True)
    detail = models.TextField(blank=True)
    """What the two say, for people."""
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)
    """When they agreed again, or a person said that it is known."""
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "about"], name="disagreement_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="disagreement_open", condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"


class Installation(models.Model):
    """One row: which database this is. A copy that was restored from a backup has the same name."""

    name = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.name)
