"""Who must not be texted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q


class OptOutQuerySet(models.QuerySet["OptOut"]):
    def known(self, *, simulated: bool) -> OptOutQuerySet:
        """What the simulated carrier said never counts for a real account. The other way round it does: who
        asked not to be texted is left out of rehearsals too. `simulated`: for a simulated account."""
        return self.all() if simulated else self.filter(simulated=False)

    def in_force(self, *, simulated: bool) -> OptOutQuerySet:
        """Those that count now."""
        return self.known(simulated=simulated).filter(ended_at__isnull=True)

    def here(self, *, simulated: bool) -> OptOutQuerySet:
        """Those in force that were told in this world, the real one or the rehearsal: only these may be
        changed by what a provider says."""
        return self.filter(ended_at__isnull=True, simulated=simulated)

    def undecided(self, *, simulated: bool) -> OptOutQuerySet:
        """People who may have asked not to be texted, until somebody says what they meant. Whoever is opted
        out anyway is not asked about."""
        firm = OptOut.objects.filter(
            Q(simulated=False) | Q(simulated=OuterRef("simulated")),
            phone=OuterRef("phone"),
            kind=OptOut.Kind.OPT_OUT,
            ended_at__isnull=True,
        )
        return self.in_force(simulated=simulated).filter(~Exists(firm), kind=OptOut.Kind.PENDING)


class OptOut(models.Model):
    """A number that gets nothing from us, until the row is ended. Ended rows stay as history."""

    class Source(models.TextChoices):
        STAFF = "staff", "Entered by hand"
        REPLY = "reply", "By a reply"
        CARRIER = "carrier", "Told by the carrier"

    class Kind(models.TextChoices):
        OPT_OUT = "opt_out", "Asked not to be texted"
        SUPPRESSED = "suppressed", "Number cannot be reached"
        PENDING = "pending", "May have asked not to be texted"

    phone = models.CharField(max_length=16)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OPT_OUT)
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF)
    account = models.CharField(max_length=120, blank=True)
    """The provider's account that told it; empty for what staff entered, which counts for every account."""
    simulated = models.BooleanField(default=False)
    """The simulated carrier told it: it counts for its accounts alone."""
    words = models.CharField(max_length=1000, blank=True)
    """What the person wrote, the beginnings of it."""
    stated_at = models.DateTimeField(null=True)
    """When the person or the provider last said so, by the provider's clock; None for what staff entered."""
    replies = models.JSONField(default=list)
    """The provider's ids of the replies that were read for it, so that none of them counts twice."""
    asked_sender = models.CharField(max_length=16, blank=True)
    """Which of our numbers a reply asked that only may mean it: no START to another one takes it back. * for
    several; empty where the pairs of `Consent` tell."""
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = OptOutQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                # Of each source: what staff entered and what the person said stand beside each other, so
                # that ending the one does not take back the other.
                fields=["phone", "simulated", "source"],
                condition=Q(ended_at__isnull=True),
                name="one_opt_out_in_force",
            )
        ]
        indexes = [
            models.Index(
                fields=["stated_at", "id"],
                name="opt_out_pending",
                condition=Q(ended_at__isnull=True, kind="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"…{self.phone[-4:]}"
