"""What a database knows about itself, so that a copy restored from a backup is recognised."""

import uuid

from django.db import models


class Installation(models.Model):
    """One row: which database this is. A copy that was restored from a backup has the same name."""

    name = models.UUIDField(primary_key=True)
    alive_at = models.DateTimeField(null=True)
    """The last sign of life. It stands still while a restored copy is locked."""

    def __str__(self) -> str:
        return str(self.name)


class Recovery(models.Model):
    """A comparison with the provider's records. The journal names the last that must be here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    """Random, so that no recovery of another copy is taken for it."""
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)
