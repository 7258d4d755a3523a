"""The tasks that read uploads, and that clean up after them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_tasks import task

from campaigns.contacts import importer, uploads, workbook
from campaigns.models import Import
from campaigns.runtime.bulk_sql import claim
from campaigns.runtime.wakeups import URGENT, WAKE_LOST_AFTER

READ_LOST_AFTER = timedelta(seconds=workbook.TIMEOUT_SECONDS) + WAKE_LOST_AFTER
"""An import whose reader was silent for so long is lost. Converting a workbook takes a while."""


@task(priority=URGENT)
def run_import(import_id: int) -> None:
    importer.run(import_id)


@task()
def delete_expired_uploads() -> None:
    uploads.delete_expired()


def due_imports(now: datetime) -> QuerySet[Import]:
    lost = Q(state=Import.State.WAITING, claimed_at__lt=now - WAKE_LOST_AFTER)
    lost |= Q(state=Import.State.READING, claimed_at__lt=now - READ_LOST_AFTER)
    return Import.objects.filter(Q(state=Import.State.WAITING, claimed_at=None) | lost)


def enqueue_imports() -> None:
    now = timezone.now()
    for record in due_imports(now):
        unclaimed = Import.objects.filter(pk=record.pk, state=record.state, claimed_at=record.claimed_at)
        with transaction.atomic():
            if claim(unclaimed, claimed_at=now):
                run_import.enqueue(record.pk)
