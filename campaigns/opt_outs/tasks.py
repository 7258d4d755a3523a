"""The task that reads the provider's list of blocked people."""

import logging
from datetime import datetime

from django_tasks import task

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.opt_outs import ingest
from campaigns.providers.base import ProviderError
from campaigns.runtime import leases
from campaigns.runtime.wakeups import NIGHTLY_RETRY_AFTER, lease_name, seconds_to_next_night

log = logging.getLogger(__name__)


OPT_OUTS = "opt-outs"


@task()
def read_opt_outs(tag: str) -> None:
    """Once a night. Replies are read as they come."""
    account = registry.by_tag(tag)
    if account is None:
        return
    try:
        ingest.read_blocked(account)
    except ProviderError as error:
        log.warning("opt-outs not read", extra={"kind": error.kind, "code": error.code})
        leases.reschedule(lease_name(OPT_OUTS, tag), seconds=NIGHTLY_RETRY_AFTER)
    else:
        leases.reschedule(lease_name(OPT_OUTS, tag), seconds=seconds_to_next_night())


def due(account: Account, _now: datetime) -> bool:
    """Whether the list may be read; the lease says when."""
    return bool(account.known_id())
