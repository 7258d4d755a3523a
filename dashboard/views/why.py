"""Why somebody got a text, or none: everything that is known of one phone number, with what proves it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns.models import OptOut
from campaigns.reports.number_history import number_history
from dashboard import store_paging
from dashboard.forms.store import NumberForm
from dashboard.number_history_csv import history_csv


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def why(request: HttpRequest) -> HttpResponse:
    asked = "number" in request.GET
    form = NumberForm(request.GET if asked else None)
    context: dict[str, Any] = {"form": form, "found": None, **store_paging.store_context()}
    if asked and form.is_valid():
        history = number_history(form.cleaned_data["number"])
        in_force = [opt_out for opt_out in history.opt_outs if opt_out.ended_at is None]
        context |= {
            "found": history,
            "in_force": in_force,
            "not_texted": _not_texted(in_force),
            "file": f"{reverse('why_csv')}?{urlencode({'number': history.phone})}",
        }
    return render(request, "why.html", context)


def _not_texted(in_force: Sequence[OptOut]) -> str:
    """Why a person gets no text now."""
    kinds = {opt_out.kind for opt_out in in_force}
    if OptOut.Kind.OPT_OUT in kinds:
        return _("This person opted out and is not texted")
    if OptOut.Kind.PENDING in kinds:
        return _("This person may have asked not to be texted, and is not texted until somebody decides it")
    return _("This number could not be reached before and is not texted")


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def why_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All of it as a file: each line one thing that happened."""
    form = NumberForm(request.GET)
    if not form.is_valid():
        raise Http404
    history = number_history(form.cleaned_data["number"])
    response = StreamingHttpResponse(history_csv(history), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="number-ending-{history.phone[-4:]}.csv"'
    return response
