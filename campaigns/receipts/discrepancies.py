"""What the provider's records and our ledger tell differently: kept once, settled when they agree again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from campaigns.models import Batch, Disagreement, Event
from campaigns.runtime.bulk_sql import claim

log = logging.getLogger(__name__)

Kind = Disagreement.Kind
COMPARE_FOR = timedelta(hours=1)
"""So long it is compared with our campaigns again and again, as its texts may be read later than itself."""


def unsettled() -> QuerySet[Disagreement]:
    """Those that nobody has explained yet, newest first."""
    return Disagreement.objects.filter(settled_at__isnull=True).select_related("campaign")


def of_other_programs() -> QuerySet[Disagreement]:
    """What must be another program's: in no batch, or in one that stayed unlike every campaign of ours."""
    kinds = (Kind.UNKNOWN_BATCH, Kind.UNKNOWN_TEXT)
    compared = unsettled().filter(kind__in=kinds, campaign=None, found_at__lt=timezone.now() - COMPARE_FOR)
    return compared.exclude(sender="")


def other_programs() -> list[Mapping[str, object]]:
    """The numbers from which several such left: how many, and the newest of them."""
    numbers = of_other_programs().values("account", "sender").annotate(count=Count("pk"), newest=Max("pk"))
    return list(numbers.filter(count__gt=1).order_by("-newest"))


def about_batch(batch: Batch) -> str:
    """What a disagreement about one of our batches is called."""
    return f"batch {batch.pk}"


@transaction.atomic
def record(
    kind: Kind, account: str, about: str, detail: str, *, campaign_id: int | None = None, sender: str = ""
) -> bool:
    """Write one down, once. True if it is news: seen for the first time, or again after it had gone.

    One that a person knows about stays settled.
    """
    found, created = Disagreement.objects.get_or_create(
        account=account,
        kind=kind,
        about=about[:64],
        defaults={"detail": detail, "campaign_id": campaign_id, "sender": sender[:16]},
    )
    if not created and (found.settled_by_id or (found.settled_at is None and found.detail == detail)):
        return False
    news = created or found.settled_at is not None
    if not created:
        found.detail, found.settled_at = detail, None
        found.campaign_id = campaign_id or found.campaign_id
        found.save(update_fields=["detail", "settled_at", "campaign"])
    if news:
        log.error("the provider's records and ours differ", extra={"kind": kind.value, "about": about})
        if found.campaign_id:
            Event.objects.create(campaign_id=found.campaign_id, verb=f"differs_{kind.value}", detail=detail)
    return news


def settle(kind: Kind, account: str, *about: str) -> int:
    """They agree again. Returns how many were open."""
    found = unsettled().filter(kind=kind, account=account, about__in=[name[:64] for name in about])
    return found.update(settled_at=timezone.now())


@transaction.atomic
def acknowledge(found: Disagreement, *, user: User) -> bool:
    """A person knows where it comes from. True for the one call that settled it."""
    same = Disagreement.objects.filter(pk=found.pk, settled_at__isnull=True)
    if not claim(same, settled_at=timezone.now(), settled_by=user):
        return False
    Event.objects.create(
        actor=user,
        verb="disagreement_known",
        campaign_id=found.campaign_id,
        detail=f"{found.get_kind_display()}: {found.about}",
    )
    return True


@transaction.atomic
def acknowledge_all(newest: Disagreement, *, user: User) -> int:
    """A person knows the other program of a number: settles what it sent, up to the newest that they saw.

    Returns how many this call settled.
    """
    seen = of_other_programs().filter(account=newest.account, sender=newest.sender, pk__lte=newest.pk)
    count = seen.update(settled_at=timezone.now(), settled_by=user)
    if count:
        detail = f"{count:,} of another program from {newest.sender}"
        Event.objects.create(actor=user, verb="disagreement_known", detail=detail)
    return count
