"""What we know of a provider account: its numbers, prices, its one token, its rate limits."""

from django.core.validators import MinValueValidator
from django.db import models


class SenderNumber(models.Model):
    """A number of the account as the provider last described it."""

    account = models.CharField(max_length=120)
    provider = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=120, blank=True)
    toll_free = models.BooleanField(default=False)
    can_send_batches = models.BooleanField(default=False)
    features = models.JSONField(default=list)
    registration = models.JSONField(default=dict)
    """What the carriers know of its campaign, as the fields of `Registration`, once it was read."""
    registration_fetched_at = models.DateTimeField(null=True)
    rate = models.FloatField(null=True)
    """Texts a minute, measured from `processedCount`; None until measured."""
    processed_total = models.BigIntegerField(default=0)
    """Texts processed over all our batches, at `processed_at`: what the rate is measured against."""
    processed_at = models.DateTimeField(null=True)
    last_listed_at = models.DateTimeField()

    class Meta:
        ordering = ["-can_send_batches", "phone"]
        constraints = [models.UniqueConstraint(fields=["account", "phone"], name="one_number_per_account")]

    def __str__(self) -> str:
        return self.phone


class Price(models.Model):
    """What a segment costs, by kind of number. It cannot be asked for; staff enter it in the admin."""

    class Kind(models.TextChoices):
        LOCAL = "local", "Local number"
        TOLL_FREE = "toll_free", "Toll-free number"

    kind = models.CharField(max_length=10, choices=Kind, unique=True)
    per_segment = models.DecimalField(
        "US dollars a segment",
        max_digits=8,
        decimal_places=5,
        validators=[MinValueValidator(0, message="A price cannot be below 0. Delete it if it is unknown.")],
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(per_segment__gte=0), name="price_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: ${self.per_segment}"


class AccountState(models.Model):
    """One row an account: whether the provider can be reached, and when it was last asked."""

    account = models.CharField(max_length=120, unique=True)
    credentials_fingerprint = models.CharField(max_length=120, blank=True)
    """Which credentials open it, so that it is known while the provider cannot be reached."""
    provider = models.CharField(max_length=20)
    simulated = models.BooleanField(default=False)
    """It is the simulated carrier's: what it says counts for no real account."""
    error = models.JSONField(default=dict)
    """`ProviderError.as_json`; empty if the last call worked."""
    error_since = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True)
    numbers_fetched_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.account


class AccessToken(models.Model):
    """The one access token of an account, shared by all workers. In no admin page and no log."""

    account = models.CharField(max_length=160, unique=True)
    token = models.TextField()
    expires_at = models.DateTimeField()
    """From here on a new one is wanted: some time before it ends at the provider."""

    def __str__(self) -> str:
        return f"token of {self.account}"


class RateLimitState(models.Model):
    """The shared rate limit of one group of calls, as the answers' headers told it."""

    account = models.CharField(max_length=160)
    group = models.CharField(max_length=20)
    blocked_until = models.DateTimeField(null=True)
    """Not one call before this."""
    limit = models.PositiveIntegerField(null=True)
    """Calls in any `window_seconds`; None until an answer told it."""
    unlimited = models.BooleanField(default=False)
    """A good answer came that told of no limit."""
    window_seconds = models.PositiveIntegerField(default=60)
    in_flight = models.JSONField(default=list)
    """When each call that has no answer yet was let go, in seconds since 1970."""
    ended = models.JSONField(default=list)
    """When each call of the last window was answered."""
    turn = models.BigIntegerField(default=0)
    """Grows with every change: who read an older one has to look again."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "group"], name="one_window_per_group")]

    def __str__(self) -> str:
        return f"{self.group} of {self.account}"


class Lease(models.Model):
    """Who may do what only one process may do at a time, such as the tick."""

    name = models.CharField(max_length=60, unique=True)
    owner = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
