"""Times as the people of this site read them."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def local(at: datetime) -> datetime:
    """In the zone of the site. A time at the edge of the calendar, where no zone can shift it, stays in UTC:
    carriers have told some, and they stand in the tables."""
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at
