"""The task that reads the provider's list of blocked people."""

import logging

from django_tasks import task

from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError

log = logging.getLogger(__name__)


@task()
def read_opt_outs() -> None:
    """Once a night. Replies are read as they come."""
    try:
        ingest.read_blocked()
    except ProviderError as error:
        log.warning("opt-outs not read", extra={"kind": error.kind, "code": error.code})
