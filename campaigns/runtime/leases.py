"""What only one process may do at a time, held in the database with an end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Lease
from campaigns.runtime import process_identity
from campaigns.runtime.bulk_sql import claim

MAX_DURATION = timedelta(minutes=11)
"""Nobody takes one for so long: one that ends later was taken before the clock was set back."""


def acquire(name: str, *, seconds: float) -> bool:
    """True if it is ours until the time is over: it was free, ran out, was ours, or its owner is dead."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    lease = Lease.objects.filter(name=name).first()
    if lease is None:
        try:
            with transaction.atomic():
                Lease.objects.create(name=name, owner=process_identity.current(), until=until)
        except IntegrityError:
            return False
        return True
    free = (
        Q(owner="") | Q(until__lt=now) | Q(until__gt=now + MAX_DURATION) | Q(owner=process_identity.current())
    )
    if lease.owner and process_identity.is_dead(lease.owner):
        free |= Q(owner=lease.owner)
    return claim(Lease.objects.filter(free, pk=lease.pk), owner=process_identity.current(), until=until)


def try_debounce(name: str, *, seconds: float) -> bool:
    """True at most once in so many seconds, whoever asks."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    lease, created = Lease.objects.get_or_create(name=name, defaults={"until": until})
    return created or claim(Lease.objects.filter(pk=lease.pk, until__lt=now), until=until)


def expires_at(name: str) -> datetime | None:
    """When it runs out or ran out; None: nobody has ever taken it."""
    return Lease.objects.filter(name=name).values_list("until", flat=True).first()


def release_orphans(prefix: str) -> list[str]:
    """Names of held leases whose owner has died; they are free from now on."""
    found = Lease.objects.filter(name__startswith=prefix).exclude(owner="")
    names = []
    for lease in found:
        if process_identity.is_dead(lease.owner) and claim(
            Lease.objects.filter(pk=lease.pk, owner=lease.owner), owner=""
        ):
            names.append(lease.name)
    return names


def reschedule(name: str, *, seconds: float) -> None:
    """`due` is true again after so many seconds: what it was asked for is done."""
    Lease.objects.filter(name=name).update(until=timezone.now() + timedelta(seconds=seconds))


def release(name: str) -> None:
    Lease.objects.filter(name=name, owner=process_identity.current()).update(owner="")


@contextmanager
def hold(name: str, *, seconds: float) -> Iterator[bool]:
    """Hold it for the body; yields whether it was to be had."""
    mine = acquire(name, seconds=seconds)
    try:
        yield mine
    finally:
        if mine:
            release(name)
