"""Remove contact lists and erase their people."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import Contact, ContactList, History, Import, ImportRow
from campaigns.runtime.bulk_sql import claim

CHUNK = 20_000
"""Rows erased in one transaction: well under a second of writing."""
BUSY = (Import.State.WAITING, Import.State.READING)


def removable(contact_list: ContactList) -> bool:
    """Whether no campaign uses the list, not even a draft, and its import has ended."""
    return not (
        contact_list.campaigns.exists()
        or Import.objects.filter(contact_list=contact_list, state__in=BUSY).exists()
    )


def remove(contact_list: ContactList, *, user: User | None) -> bool:
    """Hide a list from all pages and erase its people. Idempotent; True only for the call that removed it.

    The rows stay as empty shells: to delete them the database would search for campaigns that use each one.
    """
    with transaction.atomic():
        unused = ContactList.objects.filter(pk=contact_list.pk, campaigns__isnull=True)
        if not removable(contact_list) or not claim(unused, deleted_at=timezone.now(), contact_count=0):
            return False
        Contact.objects.filter(contact_list=contact_list).delete()
        History.objects.record(History.Kind.LIST_REMOVED, actor=user, list=contact_list.pk)
    for record in Import.objects.filter(contact_list=contact_list):
        _erase(record)
    return True


def _erase(record: Import) -> None:
    rows = ImportRow.objects.filter(source=record)
    last = rows.order_by("-number").values_list("number", flat=True).first() or 0
    for start in range(0, last + 1, CHUNK):
        with transaction.atomic():
            rows.filter(number__gte=start, number__lt=start + CHUNK).update(
                phone="", cells="[]", outcome=ImportRow.Outcome.INVALID, problem="erased"
            )
