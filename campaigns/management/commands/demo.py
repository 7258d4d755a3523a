"""`manage.py demo`: something to look at on a new site."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from campaigns.local import demo


class Command(BaseCommand):
    help = "Loads demo data, once: a list of fictional customers, prices, an opt-out and a campaign to send."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.REHEARSAL:
            message = "Demo data is for a rehearsal only: with these credentials its texts would be real."
            raise CommandError(message)
        user = User.objects.filter(is_superuser=True).order_by("id").first()
        if user is None:
            message = "Make a user first: manage.py createsuperuser."
            raise CommandError(message)
        if demo.load(user):
            self.stdout.write(
                f"Loaded demo data: the list “{demo.LIST_NAME}” and a campaign that is ready to review."
            )
