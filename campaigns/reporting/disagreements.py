"""What the provider's records and our ledger tell differently: kept once, settled when they agree again."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Batch, Disagreement, Event
from campaigns.models.bulk import claim

log = logging.getLogger(__name__)

Kind = Disagreement.Kind


def unsettled() -> QuerySet[Disagreement]:
    """Those that nobody has explained yet, newest first."""
    return Disagreement.objects.filter(settled_at__isnull=True).select_related("campaign")


def about_batch(batch: Batch) -> str:
    """What a disagreement about one of our batches is called."""
    return f"batch {batch.pk}"


@transaction.atomic
def keep(
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
def know(found: Disagreement, *, user: User) -> bool:
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
