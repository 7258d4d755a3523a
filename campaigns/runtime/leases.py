"""Leases in the database: at most one process does a named piece of work, until the lease ends."""

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
"""Longer than any lease. One that ends later was acquired before the clock was set back."""


def acquire(name: str, *, seconds: float) -> bool:
    """True if this process now holds it: it was free, expired, its own already, or of a dead process."""
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


def known_holder(owner: str, until: datetime, *, left: timedelta) -> bool | None:
    """Whether this process holds a lease that was read so. None: only `acquire` can tell, or renew it.

    `left`: a lease of this process that ends sooner has to be renewed.
    """
    now = timezone.now()
    if not owner or until > now + MAX_DURATION:
        return None
    if owner == process_identity.current():
        return True if until > now + left else None
    return None if until < now or process_identity.is_dead(owner) else False


def try_debounce(name: str, *, seconds: float, first: float = 0.0) -> bool:
    """True for at most one caller within `seconds`. The first of all callers may have to wait for `first`."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    begins = {"until": now + timedelta(seconds=first) if first else until}
    lease, created = Lease.objects.get_or_create(name=name, defaults=begins)
    if created:
        return not first
    return claim(Lease.objects.filter(pk=lease.pk, until__lt=now), until=until)


def expires_at(name: str) -> datetime | None:
    """None if the lease was never acquired."""
    return Lease.objects.filter(name=name).values_list("until", flat=True).first()


def release_orphans(prefix: str) -> list[str]:
    """Release the leases of dead processes. Returns their names."""
    held = Lease.objects.filter(name__startswith=prefix).exclude(owner="")
    names = []
    for lease in held:
        if process_identity.is_dead(lease.owner) and claim(
            Lease.objects.filter(pk=lease.pk, owner=lease.owner), owner=""
        ):
            names.append(lease.name)
    return names


def reschedule(name: str, *, seconds: float) -> None:
    """Let `try_debounce` succeed again after `seconds`, because the work is done."""
    Lease.objects.filter(name=name).update(until=timezone.now() + timedelta(seconds=seconds))


def release(name: str) -> None:
    Lease.objects.filter(name=name, owner=process_identity.current()).update(owner="")


@contextmanager
def hold(name: str, *, seconds: float) -> Iterator[bool]:
    """Yields whether the lease was acquired, and releases it at the end of the body."""
    acquired = acquire(name, seconds=seconds)
    try:
        yield acquired
    finally:
        if acquired:
            release(name)
