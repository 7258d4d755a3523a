"""Import a file of recipients into rows and contacts, in chunks; safe to repeat after a crash."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from campaigns.contacts import reach, uploads
from campaigns.contacts.errors import NoText
from campaigns.contacts.phone import normalise_many
from campaigns.contacts.spreadsheet import FileCode, FileProblem, RowProblem, Sheet, open_sheet
from campaigns.contacts.stored_rows import StoredRows
from campaigns.models import Contact, ContactList, History, Import, ImportRow
from campaigns.runtime.bulk_sql import claim, insert, relaxed_durability, update

CHUNK = 5000
"""Rows staged in one transaction: about a twentieth of a second of writing."""
CONTACTS = 50_000
"""Rows turned into contacts in one transaction."""


def receive(
    content: IO[bytes],
    filename: str,
    *,
    list_name: str,
    phone_column: str = "",
    user: User | None,
    read_here: bool = False,
) -> Import:
    """Store a file and create its list. Raises FileProblem; then nothing is stored."""
    upload = uploads.store(content)
    try:
        return receive_stored(
            upload,
            filename,
            list_name=list_name,
            phone_column=phone_column,
            user=user,
            read_here=read_here,
        )
    except BaseException:
        uploads.delete(upload.name)
        raise


def receive_stored(
    upload: uploads.Upload,
    filename: str,
    *,
    list_name: str,
    phone_column: str = "",
    user: User | None,
    read_here: bool = False,
) -> Import:
    """Create the list of a stored file, which then belongs to the list; `run` imports it.

    `read_here`: the caller runs it at once, and a worker only if the caller dies.
    Raises FileProblem for a file without text, headings or a phone column; then no list is created.
    """
    sheet = open_sheet(upload.path, filename, keep_conversion=True)
    place = find_phone_column(sheet, phone_column)
    with transaction.atomic():
        contact_list = ContactList.objects.create(
            name=list_name.strip()[:120] or Path(filename).stem[:120] or "Recipients",
            columns=list(sheet.columns),
            field_names=list(sheet.field_names),
            phone_column=place,
            created_by=user,
        )
        record = Import.objects.create(
            contact_list=contact_list,
            filename=filename[:255],
            stored_filename=upload.name,
            sha256=upload.sha256,
            notes=list(sheet.notes),
            requested_phone_column=phone_column[:255],
            created_by=user,
            claimed_at=timezone.now() if read_here else None,
        )
        History.objects.record(History.Kind.FILE_UPLOADED, actor=user, list=contact_list.pk, file=record.pk)
    return record


def find_phone_column(sheet: Sheet, wanted: str) -> int:
    """Index of the phone column. Raises FileProblem with the columns to choose from."""
    try:
        return sheet.find_column(wanted) if wanted else sheet.require_phone_column(settings.DEFAULT_REGION)
    except FileProblem as problem:
        problem.columns = sheet.columns
        raise


def run(import_id: int) -> None:
    """Import the file; without a file, decide the stored rows again by the current phone column.

    Safe to repeat. Of two runs at once, the earlier one stops at its next chunk.
    """
    claimed_at = timezone.now()
    if not claim(
        Import.objects.filter(pk=import_id, state__in=(Import.State.WAITING, Import.State.READING)),
        state=Import.State.READING,
        claimed_at=claimed_at,
    ):
        return
    record = Import.objects.select_related("contact_list").get(pk=import_id)
    record.claimed_at = claimed_at  # another reader may have taken it over since
    if not discard_staged(record):
        return
    if not record.stored_filename:
        stage(record, StoredRows(record.pk))
        return
    try:
        path = settings.UPLOAD_DIR / record.stored_filename
        sheet = open_sheet(path, record.filename, keep_conversion=True)
        finished = stage(record, sheet)
    except FileProblem as problem:
        mark_failed(record, problem)
    except FileNotFoundError:
        mark_failed(record, FileProblem(FileCode.FILE_GONE))
    else:
        if finished:
            uploads.delete(record.stored_filename)


def discard_staged(record: Import) -> bool:
    """Delete what a killed reader staged. False if another reader took over."""
    if not record.stored_filename:
        return delete_contacts(record)
    with transaction.atomic():
        current = renew_claim(record)
        if current:
            delete_rows(record)
    return current


def delete_contacts(record: Import) -> bool:
    """Delete in chunks, since a list may be long. The rows stay because their file is deleted."""
    if not renew_claim(record, row_count=0, usable_count=0, duplicate_count=0, invalid_count=0):
        return False
    contacts = Contact.objects.filter(contact_list=record.contact_list_id)
    while contacts.exists():
        with transaction.atomic():
            if not renew_claim(record):
                return False
            contacts.filter(pk__in=contacts.values("pk")[:CONTACTS])._raw_delete(contacts.db)
    return True


def mark_failed(record: Import, problem: FileProblem) -> None:
    """Record why the file cannot be read, unless another reader took over."""
    with transaction.atomic():
        why = {"problem_code": problem.code, "problem_params": problem.params}
        if not renew_claim(record, state=Import.State.FAILED, finished_at=timezone.now(), **why):
            return
        delete_rows(record)
    uploads.delete(record.stored_filename)


def discard(record: Import) -> None:
    """Delete an upload and its list. Only while nothing uses the list."""
    uploads.delete(record.stored_filename)
    delete_rows(record)
    record.contact_list.delete()


@transaction.atomic
def delete_rows(record: Import) -> None:
    Contact.objects.filter(contact_list=record.contact_list).delete()
    rows = ImportRow.objects.filter(source=record)
    rows._raw_delete(rows.db)
    Import.objects.filter(pk=record.pk).update(
        row_count=0, usable_count=0, duplicate_count=0, invalid_count=0
    )


def stage(record: Import, sheet: Sheet | StoredRows) -> bool:
    """Write all rows, then the contacts, then mark the list ready. False if another reader took over."""
    seen: set[int] = set()
    rows = sheet.rows()
    place = record.contact_list.phone_column
    with relaxed_durability():
        while chunk := list(islice(rows, CHUNK)):
            staged = decide(record.pk, chunk, place, seen, sheet.row_problems)
            if not write_chunk(record, staged, sheet.ids):
                return False
        if not make_contacts(record):
            return False
    return mark_done(record)


Staged = tuple[int, int, str, str, str, str]


def decide(
    import_id: int,
    chunk: Sequence[tuple[int, list[str]]],
    place: int,
    seen: set[int],
    row_problems: dict[int, RowProblem],
) -> list[Staged]:
    """Decide the outcome of each row of a chunk.

    `seen` holds the numbers of all earlier rows, as integers: a fraction of the memory of strings.
    `row_problems` is by row number; used entries are popped.
    """
    phones, problems = normalise_many([cells[place] for _, cells in chunk], settings.DEFAULT_REGION)
    staged: list[Staged] = []
    for index, ((number, cells), phone) in enumerate(zip(chunk, phones, strict=True)):
        outcome, problem = "usable", ""
        if row_problems and number in row_problems:
            outcome, problem, phone = "invalid", str(row_problems.pop(number)), ""
        elif not phone:
            outcome, problem = "invalid", str(problems[index])
        elif (key := int(phone)) in seen:
            outcome, problem = "duplicate", NoText.REPEATED.value
        else:
            seen.add(key)
        staged.append((import_id, number, outcome, problem, phone, orjson.dumps(cells).decode()))
    return staged


@transaction.atomic
def write_chunk(record: Import, staged: list[Staged], ids: dict[int, int] | None = None) -> bool:
    """Insert the staged rows, or update stored rows, whose `ids` are given by row number."""
    counts = Counter(row[2] for row in staged)
    current = renew_claim(
        record,
        row_count=F("row_count") + len(staged),
        usable_count=F("usable_count") + counts["usable"],
        duplicate_count=F("duplicate_count") + counts["duplicate"],
        invalid_count=F("invalid_count") + counts["invalid"],
    )
    if current and ids:
        decided = [(ids.pop(row[1]), *row[2:5]) for row in staged]
        update(ImportRow, ("outcome", "problem", "phone"), decided)
    elif current:
        insert(ImportRow, ("source", "number", "outcome", "problem", "phone", "cells"), staged)
    return current


def renew_claim(record: Import, **changes: Any) -> bool:
    """Heartbeat in the transaction of the work itself. False if another reader took over."""
    now = timezone.now()
    claimed = Import.objects.filter(pk=record.pk, state=Import.State.READING, claimed_at=record.claimed_at)
    if not claim(claimed, claimed_at=now, **changes):
        return False
    record.claimed_at = now
    return True


def make_contacts(record: Import) -> bool:
    """Create contacts from the usable rows, inside the database."""
    rows = ImportRow.objects.filter(source=record).order_by("-number")
    last = rows.values_list("number", flat=True).first() or 0
    for start in range(0, last + 1, CONTACTS):
        with transaction.atomic(), connection.cursor() as cursor:
            if not renew_claim(record):
                return False
            cursor.execute(
                "INSERT INTO campaigns_contact (contact_list_id, phone, row_id) "
                "SELECT %s, phone, id FROM campaigns_importrow "
                "WHERE source_id = %s AND outcome = 'usable' AND number >= %s AND number < %s "
                "ORDER BY number",
                [record.contact_list_id, record.pk, start, start + CONTACTS],
            )
    return True


def mark_done(record: Import) -> bool:
    """Mark the import done and publish the list's contact count."""
    with transaction.atomic():
        if not renew_claim(record, state=Import.State.DONE, finished_at=timezone.now()):
            return False
        fresh = Import.objects.get(pk=record.pk)
        ContactList.objects.filter(pk=record.contact_list_id).update(contact_count=fresh.usable_count)
        if record.stored_filename:  # who asked to decide the rows again is in the history already
            History.objects.record(
                History.Kind.FILE_READ,
                actor=record.created_by,
                list=record.contact_list_id,
                file=record.pk,
                rows=fresh.row_count,
            )
    return True


@dataclass(frozen=True, slots=True)
class ProblemCount:
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class BadRow:
    number: int
    outcome: str
    code: str
    phone_as_typed: str
    cells: list[str]


def problems(record: Import) -> list[ProblemCount]:
    """Why rows could not be used, the most frequent first."""
    if not record.invalid_count + record.duplicate_count:
        return []
    rows = ImportRow.objects.filter(source=record).exclude(outcome=ImportRow.Outcome.USABLE)
    counted = rows.values_list("problem").annotate(count=Count("id")).order_by("-count")
    return [ProblemCount(code, count) for code, count in counted]


def bad_rows(
    record: Import, code: str = "", after: int = 0, limit: int = 50, beyond: reach.Beyond | None = None
) -> list[BadRow]:
    """Rows that get no text, by row number; `after` is the last one seen.

    They could not be used, or have a number that is `beyond` the account that sends.
    """
    unused = ~Q(outcome=ImportRow.Outcome.USABLE)
    far = Q(outcome=ImportRow.Outcome.USABLE) & (beyond or reach.Beyond()).rows
    wanted = far if code == NoText.UNREACHED else unused & Q(problem=code) if code else unused | far
    rows = ImportRow.objects.filter(wanted, source=record, number__gt=after)
    place = record.contact_list.phone_column
    return [bad_row(row, place) for row in rows.order_by("number")[:limit]]


def bad_row(row: ImportRow, place: int) -> BadRow:
    cells = orjson.loads(row.cells)
    code = NoText.UNREACHED if row.outcome == ImportRow.Outcome.USABLE else row.problem
    return BadRow(row.number, row.outcome, code, cells[place], cells)


def all_bad_rows(record: Import, beyond: reach.Beyond | None = None) -> Iterator[BadRow]:
    after = 0
    while page := bad_rows(record, after=after, limit=1000, beyond=beyond):
        yield from page
        after = page[-1].number


@dataclass(frozen=True, slots=True)
class ContactView:
    id: int
    row_number: int
    phone: str
    cells: list[str]


def contacts_page(contact_list: ContactList, after: int = 0, limit: int = 50) -> list[ContactView]:
    """Contacts in the order of their rows; `after` is the id of the last one seen."""
    contacts = Contact.objects.filter(contact_list=contact_list, pk__gt=after).select_related("row")
    return [
        ContactView(contact.pk, contact.row.number, contact.phone, orjson.loads(contact.row.cells))
        for contact in contacts.order_by("pk")[:limit]
    ]
