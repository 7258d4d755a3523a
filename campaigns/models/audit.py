"""Who did what. Append only."""

from __future__ import annotations

from django.conf import settings
from django.db import models


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
