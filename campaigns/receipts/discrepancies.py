"""Discrepancies between the provider's records and ours: recorded once, settled when both agree again."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from campaigns.models import Batch, Discrepancy, History
from campaigns.providers.types import JSON
from campaigns.runtime.bulk_sql import claim

log = logging.getLogger(__name__)

Kind = Discrepancy.Kind
COMPARE_FOR = timedelta(hours=1)
"""A new unknown batch is compared with our campaigns for this long: its texts may be read after the batch."""
MAX_ABOUT, MAX_SENDER = 64, 16


def unsettled() -> QuerySet[Discrepancy]:
    return Discrepancy.objects.filter(settled_at__isnull=True).select_related("campaign")


def of_other_programs() -> QuerySet[Discrepancy]:
    """What another program must have sent: texts in no batch, and batches that resemble no campaign."""
    kinds = (Kind.UNKNOWN_BATCH, Kind.UNKNOWN_TEXT)
    compared = unsettled().filter(kind__in=kinds, campaign=None, found_at__lt=timezone.now() - COMPARE_FOR)
    return compared.exclude(sender="")


def other_programs() -> list[Mapping[str, object]]:
    """Numbers with more than one such discrepancy: how many each has, and the newest one's key."""
    numbers = of_other_programs().values("account", "sender").annotate(count=Count("pk"), newest=Max("pk"))
    return list(numbers.filter(count__gt=1).order_by("-newest"))


def about_batch(batch: Batch) -> str:
    return f"batch {batch.pk}"


@transaction.atomic
def record(
    kind: Kind, account: str, about: str, data: JSON, *, campaign_id: int | None = None, sender: str = ""
) -> bool:
    """Record a discrepancy. True if it is new, or was settled by itself and is back.

    One that a person acknowledged stays settled.
    """
    row, created = Discrepancy.objects.get_or_create(
        account=account,
        kind=kind,
        about=about[:MAX_ABOUT],
        defaults={"data": data, "campaign_id": campaign_id, "sender": sender[:MAX_SENDER]},
    )
    if not created and (row.settled_by_id or (row.settled_at is None and row.data == data)):
        return False
    is_news = created or row.settled_at is not None
    if not created:
        row.data, row.settled_at = data, None
        row.campaign_id = campaign_id or row.campaign_id
        row.save(update_fields=["data", "settled_at", "campaign"])
    if is_news:
        log.error("the provider's records and ours differ", extra={"kind": kind.value, "about": about})
        if row.campaign_id:
            History.objects.record(
                History.Kind.DISCREPANCY_FOUND,
                campaign=row.campaign_id,
                discrepancy=row.pk,
                about=kind.value,
            )
    return is_news


def settle(kind: Kind, account: str, *about: str) -> int:
    """Both sides agree again. Returns how many discrepancies were open."""
    rows = unsettled().filter(kind=kind, account=account, about__in=[name[:MAX_ABOUT] for name in about])
    return rows.update(settled_at=timezone.now())


@transaction.atomic
def acknowledge(discrepancy: Discrepancy, *, user: User) -> bool:
    """A person knows the cause. True for the one call that settled it."""
    open_row = Discrepancy.objects.filter(pk=discrepancy.pk, settled_at__isnull=True)
    if not claim(open_row, settled_at=timezone.now(), settled_by=user):
        return False
    History.objects.record(
        History.Kind.DISCREPANCY_KNOWN,
        actor=user,
        campaign=discrepancy.campaign_id,
        discrepancy=discrepancy.pk,
        count=1,
    )
    return True


@transaction.atomic
def acknowledge_all(newest: Discrepancy, *, user: User) -> int:
    """A person knows the other program of a number. Settles its discrepancies up to the newest on the page.

    Returns how many this call settled.
    """
    rows = of_other_programs().filter(account=newest.account, sender=newest.sender, pk__lte=newest.pk)
    count = rows.update(settled_at=timezone.now(), settled_by=user)
    if count:
        History.objects.record(History.Kind.DISCREPANCY_KNOWN, actor=user, discrepancy=newest.pk, count=count)
    return count
