"""Times for people."""

from datetime import datetime

from django.utils import timezone


def local(at: datetime) -> datetime:
    """In the time zone of the site.

    Carriers have sent times at the edge of the calendar, which no zone can shift; these stay in UTC.
    """
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at
