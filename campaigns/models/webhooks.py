"""What providers tell by themselves: where they may call, what they said, and who they say opted out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Webhook(models.Model):
    """The address at which a provider may call us, and its subscription. One row a provider."""

    provider = models.CharField(max_length=20, unique=True)
    secret = models.CharField(max_length=64)
    """The last part of the address: who does not know it finds nothing there."""
    token = models.CharField(max_length=64)
    """What the provider shows with every event. Told once, when the subscription is made."""
    address = models.CharField(max_length=400, blank=True)
    """Where the subscription delivers; empty while there is none."""
    subscription_id = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True)
    error = models.JSONField(default=dict)
    """`ProviderError.as_json`, or `disabled`: filters and their codes. Empty while all of it stands."""
    error_since = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    refused_count = models.PositiveBigIntegerField(default=0)
    """Calls that knew the address but not the token."""
    refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"webhook of {self.provider}"


class WebhookEvent(models.Model):
    """One event as it came in, before anything was made of it. Doubles are dropped by its id."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPLIED = "applied", "Taken in"
        KEPT = "kept", "Kept as it is"

    class Note(models.TextChoices):
        FAILED = "failed", "It could not be taken in; the log says why."
        UNKNOWN = "unknown", "Nothing here knows what to do with it."
        OTHER_ACCOUNT = "other_account", "It is about another account."
        NOT_OURS = "not_ours", "It is about no batch of ours."

    provider = models.CharField(max_length=20)
    uuid = models.CharField(max_length=128)
    """The provider's id of the event; without one, the hash of its body."""
    body = models.TextField()
    """The JSON as it came."""
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    """How often what it speaks of was looked for."""
    next_retry_at = models.DateTimeField(null=True)
    """None: nothing is done with it any more."""
    note = models.CharField(max_length=13, blank=True, choices=Note)
    """Why it was only kept."""

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["provider", "uuid"], name="webhook_event_once")]
        indexes = [
            models.Index(
                fields=["next_retry_at"],
                name="webhook_event_to_take",
                condition=Q(next_retry_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"event {self.pk} ({self.state})"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def here(self, *, simulated: bool) -> ConsentQuerySet:
        """What real providers said, or what the simulated carrier said."""
        return self.filter(simulated=simulated)

    def blocks(self) -> ConsentQuerySet:
        """Pairs that the provider itself blocks, whatever is decided here."""
        return self.filter(opted_out=True, blocked_by_provider=True)


class Consent(models.Model):
    """The newest that a provider said of one pair: one of our numbers, and a person."""

    account = models.CharField(max_length=120)
    sender = models.CharField(max_length=16)
    """E.164, or * for every number of the account."""
    phone = models.CharField(max_length=16)
    opted_out = models.BooleanField()
    changed_at = models.DateTimeField()
    """By the provider's clock; what is older than this changes nothing."""
    blocked_by_provider = models.BooleanField(default=True)
    """The provider itself blocks this pair. False: only we take the reply for an opt-out."""
    simulated = models.BooleanField(default=False)
    """The simulated carrier said so."""

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            # Number first: whether a person opted out of any of our numbers is one look.
            models.UniqueConstraint(
                fields=["phone", "account", "sender", "simulated"], name="one_consent_per_pair"
            )
        ]

    def __str__(self) -> str:
        return f"…{self.phone[-4:]}"
