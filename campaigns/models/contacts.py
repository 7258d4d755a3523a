"""Lists of recipients, and every row that was ever uploaded."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models


class KeptLists(models.Manager["ContactList"]):
    """Without the removed ones: they are on no page and in no choice."""

    def get_queryset(self) -> models.QuerySet[ContactList]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class ContactList(models.Model):
    """A list of recipients as marketing staff know it. Its columns are those of the file it came from."""

    name = models.CharField(max_length=120)
    columns = models.JSONField(default=list)
    """Column headers as in the file, in its order; the cells of every row follow it."""
    field_names = models.JSONField(default=list)
    """The same columns as a text names them: `First name` is `first_name`."""
    phone_column = models.PositiveSmallIntegerField(default=0)
    contact_count = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)
    """Its people are erased, its rows are empty; what is left says that there was a list."""

    objects = KeptLists()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """One upload. Its rows are staged in chunks and count for nothing until `state` says done."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READING = "reading", "Being read"
        DONE = "done", "Done"
        FAILED = "failed", "Refused"

    contact_list = models.ForeignKey(ContactList, models.CASCADE, related_name="imports")
    filename = models.CharField(max_length=255)
    stored_filename = models.CharField(max_length=64, blank=True)
    """Name of the uploaded file in UPLOAD_DIR while it is needed; empty if its rows are decided again."""
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    problem_code = models.CharField(max_length=40, blank=True)
    """A FileCode: why the file was refused."""
    problem_params = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    """What was noticed while reading, such as its encoding: pairs of a NoteCode and its parameters."""
    requested_phone_column = models.CharField(max_length=255, blank=True)
    row_count = models.PositiveIntegerField(default=0)
    usable_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    invalid_count = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    """When it was read; while its rows are decided again: since when they are not."""

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="import_adds_up",
                condition=models.Q(
                    row_count=models.F("usable_count")
                    + models.F("duplicate_count")
                    + models.F("invalid_count")
                ),
            )
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def since(self) -> datetime:
        """Since when it waits for the worker."""
        return self.finished_at or self.created_at


class ImportRow(models.Model):
    """One row of a file, kept for ever: what it said and what became of it."""

    class Outcome(models.TextChoices):
        USABLE = "usable", "Usable"
        DUPLICATE = "duplicate", "Duplicate"
        INVALID = "invalid", "Not usable"

    source = models.ForeignKey(Import, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    """As the spreadsheet shows it: the header is row 1."""
    outcome = models.CharField(max_length=9, choices=Outcome)
    problem = models.CharField(max_length=40, blank=True)
    """Code of a PhoneProblem or RowProblem; empty for a usable row."""
    phone = models.CharField(max_length=16, blank=True)
    """E.164; empty if the row has no usable number."""
    cells = models.TextField()
    """JSON array of texts, one for each column of the list."""

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="one_row_per_number"),
            models.CheckConstraint(
                name="usable_row_has_phone",
                condition=~models.Q(outcome="usable") | ~models.Q(phone=""),
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"


class Contact(models.Model):
    """A person of a list: one number, once, with the row that speaks for it."""

    contact_list = models.ForeignKey(ContactList, models.CASCADE, related_name="contacts", db_index=False)
    phone = models.CharField(max_length=16)
    row = models.ForeignKey(ImportRow, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact_list", "phone"], name="one_contact_per_phone"),
        ]

    def __str__(self) -> str:
        return f"…{self.phone[-4:]}"
