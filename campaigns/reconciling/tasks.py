"""The task that searches for a lost answer."""

from django.db import transaction
from django_tasks import task

from campaigns.reconciling import search
from campaigns.runtime import leases
from campaigns.runtime.wakeups import debounced, lease_name
from campaigns.sending.tasks import enqueue_campaigns

SEARCH_LOST_AFTER = 20.0  # seconds


def search_name(attempt_id: int) -> str:
    return f"look {attempt_id}"


@task()
def reconcile_attempt(attempt_id: int) -> None:
    with debounced(search_name(attempt_id), 0):
        search.lookup(attempt_id)
    enqueue_campaigns()  # the number may be free again


def search_here() -> None:
    """Search for all that is due, in this process."""
    for attempt_id in search.due_attempts():
        search.lookup(attempt_id)


def enqueue_searches() -> None:
    for attempt_id in search.due_attempts():
        with transaction.atomic():
            if leases.try_debounce(lease_name(search_name(attempt_id)), seconds=SEARCH_LOST_AFTER):
                reconcile_attempt.enqueue(attempt_id)
