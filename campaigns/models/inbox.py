"""Who must not be texted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class OptOut(models.Model):
    """A number that gets nothing from us, until the row is ended. Ended rows stay as history."""

    class Source(models.TextChoices):
        STAFF = "staff", "Entered by hand"
        REPLY = "reply", "Replied STOP"
        CARRIER = "carrier", "Told by the carrier"

    class Kind(models.TextChoices):
        OPT_OUT = "opt_out", "Asked not to be texted"
        SUPPRESSED = "suppressed", "Number cannot be reached"

    phone = models.CharField(max_length=16)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OPT_OUT)
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF)
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["phone"], condition=Q(ended_at__isnull=True), name="one_opt_out_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"…{self.phone[-4:]}"
