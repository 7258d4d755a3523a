"""A file becomes a list."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from campaigns.contacts import importer, uploads
from campaigns.contacts.errors import WHICH_COLUMN
from campaigns.contacts.phone_columns import PhoneColumns
from campaigns.contacts.spreadsheet import FileProblem, open_sheet
from campaigns.contacts.uploads import Upload
from campaigns.labels.files import describe_refusal
from campaigns.models import Import
from dashboard.column_choices import column_cards
from dashboard.decorators import signed_in
from dashboard.forms.contacts import UploadForm

KEPT = "kept_file"
"""In the session: name and file name of an upload that waits until its phone column is known."""


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.add_contactlist", raise_exception=True)
def list_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES, kept=_kept_name(request))
    if not form.is_valid():
        return _page(request, form, _seen_before(request, form))
    try:
        record = _receive(request, form)
    except FileProblem as problem:
        asked = describe_refusal(problem) if _about_column(problem) else ""
        return _page(request, _with_problem(request, problem), problem.phones, asked)
    _forget(request)
    return redirect("import_detail", record.pk)


def _receive(request: HttpRequest, form: UploadForm) -> Import:
    """The list of the file just chosen, else of the one that was kept."""
    chosen = form.cleaned_data["file"]
    if chosen is not None:
        upload, filename = uploads.store(chosen), chosen.name
    else:
        # A copy, because whoever presses the button twice makes two lists.
        upload, filename = uploads.copy(_kept_upload(request)), _kept_name(request)
    try:
        return importer.receive_stored(
            upload,
            filename,
            list_name=form.list_name(filename),
            phone_column=form.cleaned_data.get("phone_column", ""),
            user=signed_in(request),
        )
    except BaseException as problem:
        if chosen is not None and isinstance(problem, FileProblem) and _about_column(problem):
            _forget(request)
            request.session[KEPT] = {"name": upload.name, "sha256": upload.sha256, "filename": filename}
        else:
            uploads.delete(upload.name)
        raise


def _kept_upload(request: HttpRequest) -> Upload:
    waiting = request.session[KEPT]
    return Upload(waiting["name"], waiting["sha256"])


def _kept_name(request: HttpRequest) -> str:
    """What the kept file is called by its owner; empty if there is none."""
    waiting = request.session.get(KEPT)
    return str(waiting["filename"]) if waiting and uploads.find(waiting["name"]) else ""


def _forget(request: HttpRequest) -> None:
    waiting = request.session.pop(KEPT, None)
    if waiting:
        uploads.delete(waiting["name"])


def _page(
    request: HttpRequest, form: UploadForm, phones: PhoneColumns | None = None, question: str = ""
) -> HttpResponse:
    """`phones`: what stands in the columns between which a person has to choose."""
    context: dict[str, Any] = {"form": form, "region": settings.DEFAULT_REGION, "question": question}
    if "phone_column" in form.fields:
        profiles, likely = (phones.profiles, phones.candidates) if phones else ((), ())
        context["cards"] = column_cards(form["phone_column"], profiles, likely)
    return render(request, "list_new.html", context)


def _seen_before(request: HttpRequest, form: UploadForm) -> PhoneColumns | None:
    """What stands in the columns of the kept file, for a form that comes back without an answer."""
    waiting = request.session.get(KEPT, {})
    path = uploads.find(waiting.get("name", "")) if "phone_column" in form.fields else None
    if path is None:
        return None
    try:
        sheet = open_sheet(path, waiting["filename"], keep_conversion=True)
        return sheet.phones(settings.DEFAULT_REGION)
    except FileProblem:
        return None


def _about_column(problem: FileProblem) -> bool:
    return problem.code in WHICH_COLUMN


def _with_problem(request: HttpRequest, problem: FileProblem) -> UploadForm:
    """The form with what was typed, and the sentence beside the field that it is about."""
    about_column = _about_column(problem)
    data = request.POST.copy()
    data["columns"] = json.dumps(list(problem.columns) if about_column else [])
    form = UploadForm(data, request.FILES, kept=_kept_name(request))
    form.errors.pop("phone_column", None)  # it was not asked before
    form.add_error("phone_column" if about_column else "file", describe_refusal(problem))
    return form
