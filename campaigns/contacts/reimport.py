"""Read the phone numbers of an imported list from another column, from its stored rows."""

from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns.models import ContactList, History, Import
from campaigns.runtime.bulk_sql import claim


class Refusal(StrEnum):
    """Why the column cannot change."""

    USED = "used"
    BUSY = "busy"
    COPY = "copy"
    SAME = "same"
    NO_COLUMN = "no_column"
    GONE = "gone"


def refusal(contact_list: ContactList) -> Refusal | None:
    """Why the phone column cannot change now; None if it can."""
    if contact_list.campaigns.exists():
        return Refusal.USED
    sources = list(Import.objects.filter(contact_list=contact_list))
    if len(sources) != 1 or not sources[0].sha256:
        return Refusal.COPY
    return None if sources[0].state == Import.State.DONE else Refusal.BUSY


def change_phone_column(contact_list: ContactList, place: int, *, user: User | None) -> Refusal | None:
    """Set the phone column to `place` and requeue the import; returns the refusal, or None when done.

    The list is locked, and a campaign that takes it waits for the lock. So either the campaign is seen here,
    or it gets a list that is not ready and cannot be launched before the import is done.
    """
    with transaction.atomic():
        current = ContactList.objects.select_for_update().filter(pk=contact_list.pk).first()
        if current is None:
            return Refusal.GONE
        if why := refusal(current):
            return why
        if not 0 <= place < len(current.columns):
            return Refusal.NO_COLUMN
        if place == current.phone_column:
            return Refusal.SAME
        if not requeue(current, place):
            return Refusal.BUSY
        ContactList.objects.filter(pk=current.pk).update(phone_column=place, contact_count=0)
        History.objects.record(
            History.Kind.PHONE_COLUMN_CHANGED,
            actor=user,
            list=current.pk,
            before=current.phone_column + 1,
            after=place + 1,
        )
    return None


def requeue(contact_list: ContactList, place: int) -> bool:
    """Put the import back to WAITING. `stored_filename` is empty because its file is deleted."""
    return claim(
        Import.objects.filter(contact_list=contact_list, state=Import.State.DONE),
        state=Import.State.WAITING,
        stored_filename="",
        requested_phone_column=contact_list.columns[place][:255],
        claimed_at=None,
        finished_at=timezone.now(),
        row_count=0,
        usable_count=0,
        duplicate_count=0,
        invalid_count=0,
    )
