"""What became of an uploaded file: while it is read, and row by row afterwards."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from campaigns.accounts import registry
from campaigns.contacts import importer, reach
from campaigns.contacts.errors import NoText
from campaigns.labels.files import describe_failure, describe_notes
from campaigns.models import Import
from dashboard.column_choices import phone_column
from dashboard.csv_files import bad_rows_csv
from dashboard.notices import IMPORT_LATE, NOBODY_USABLE
from dashboard.paging import Pager
from dashboard.templatetags.carillon import number

PAGER = Pager("after", 50, key=attrgetter("number"))
LATE_SECONDS = 15
"""A file that nobody began to read by then tells of a worker that is not there."""
OTHERS = 6
"""Cells of a row that are shown beside its phone number."""
FINAL = (Import.State.DONE, Import.State.FAILED)


@require_safe
@permission_required("campaigns.view_contactlist", raise_exception=True)
def import_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    return render(request, "import_detail.html", _context(request, _record(import_id)))


@require_safe
@permission_required("campaigns.view_contactlist", raise_exception=True)
@never_cache
def import_progress(request: HttpRequest, import_id: int) -> HttpResponse:
    """The part of the page that moves. The last answer tells HTMX to stop asking."""
    record = _record(import_id)
    status = HTMX_STOP_POLLING if record.state in FINAL else 200
    return render(request, "import_detail.html#progress", _context(request, record), status=status)


@require_safe
@permission_required("campaigns.view_contactlist", raise_exception=True)
def import_bad_rows(request: HttpRequest, import_id: int) -> StreamingHttpResponse:
    """The rows that could not be used as a CSV, to correct and upload again."""
    record = _record(import_id)
    if record.state != Import.State.DONE:
        raise Http404
    response = StreamingHttpResponse(bad_rows_csv(record), content_type="text/csv; charset=utf-8")
    name = f"{slugify(record.contact_list.name) or 'list'}-not-used.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _record(import_id: int) -> Import:
    kept = Import.objects.filter(contact_list__deleted_at__isnull=True)
    return get_object_or_404(kept.select_related("contact_list", "created_by"), pk=import_id)


def _context(request: HttpRequest, record: Import) -> dict[str, Any]:
    age = (timezone.now() - record.since).total_seconds()
    done = record.state == Import.State.DONE
    far = reach.beyond(record.contact_list, registry.reaches()) if done else reach.Beyond()
    context = {
        "record": record,
        "failure": describe_failure(record),
        "notes": describe_notes(record.notes),
        "contact_list": record.contact_list,
        "moving": record.state not in FINAL,
        "late": record.state == Import.State.WAITING and age > LATE_SECONDS,
        "notices": [NOBODY_USABLE if done else IMPORT_LATE],
        "announcement": _announcement(record, record.usable_count - far.count),
        "delay": _delay(age),
        "far": far,
        "provider_name": registry.names(),
        "reached_count": record.usable_count - far.count,
        "not_usable_count": record.invalid_count + far.count,
        "bad_count": record.invalid_count + record.duplicate_count + far.count,
    }
    return context | (_account(request, record, far) if done else {})


def _announcement(record: Import, reached: int) -> str:
    if record.state not in FINAL:
        return ngettext("{count} row read", "{count} rows read", record.row_count).format(
            count=number(record.row_count)
        )
    if record.state == Import.State.FAILED:
        return _("The file cannot be used")
    return ngettext(
        "Done: {count} person can be texted", "Done: {count} people can be texted", reached
    ).format(count=number(reached))


def _delay(age: float) -> int:
    """Seconds until the page asks again: a file that takes long is looked at less often."""
    return 1 if age < 20 else 3 if age < 120 else 10


def _account(request: HttpRequest, record: Import, far: reach.Beyond) -> dict[str, Any]:
    """The rows that could not be used: how many for each reason, and a page of them."""
    problems = importer.problems(record)
    if far.count:
        problems.append(importer.ProblemCount(NoText.UNREACHED, far.count))
    code = request.GET.get("code", "")
    if code and code not in {problem.code for problem in problems}:
        raise Http404
    page = PAGER.page(
        request,
        lambda after, limit: importer.bad_rows(record, code, after or 0, limit, far),
        path=reverse("import_detail", args=[record.pk]),
        anchor="#not-used",
        code=code,
    )
    columns = record.contact_list.columns
    return phone_column(record.contact_list) | {
        "problems": problems,
        "code": code,
        "page": page,
        "rows": [(row, _others(columns, row.cells, record.contact_list.phone_column)) for row in page.rows],
    }


def _others(columns: list[str], cells: list[str], phone_column: int) -> list[tuple[str, str]]:
    """The cells beside the phone number, for people to know whom the row is about."""
    named = enumerate(zip(columns, cells, strict=False))
    return [(name, cell) for place, (name, cell) in named if place != phone_column and cell][:OTHERS]
