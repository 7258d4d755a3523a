"""Who must not be texted."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.accounts import registry
from campaigns.labels.reasons import describe_reason
from campaigns.models import Consent, OptOut
from campaigns.opt_outs import carrier, manual
from campaigns.opt_outs.lookup import opted_out
from campaigns.opt_outs.manual import AddResult
from dashboard.decorators import post_action, signed_in
from dashboard.forms.contacts import OptOutForm
from dashboard.paging import Pager
from dashboard.templatetags.carillon import number, phone
from dashboard.undecided_replies import undecided_replies

PAGER = Pager("before", 50)
MEANS = ("stop", "other")
NAMED = 20
"""Numbers that could not be read and are said one by one."""
NAMED_LENGTH = 60
"""Characters of such a number that are repeated."""
NOT_ADDED = gettext_lazy(
    "Nothing was added just now, most likely because you had been signed out meanwhile. "
    "Enter the numbers once more: campaigns still reach those that are not in the list."
)


@require_safe
@permission_required("campaigns.view_optout", raise_exception=True)
def opt_outs(request: HttpRequest) -> HttpResponse:
    return _page(request, OptOutForm())


@permission_required("campaigns.add_optout", raise_exception=True)
@post_action("opt_outs", message=NOT_ADDED)
def opt_out_add(request: HttpRequest) -> HttpResponse:
    form = OptOutForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    result = manual.add(form.cleaned_data["numbers"], note=form.cleaned_data["note"], user=signed_in(request))
    _say(request, result)
    if not result.bad:
        return redirect("opt_outs")
    # What could not be read stays in the box to be corrected; what could is already in force.
    rest = OptOutForm(
        {"numbers": "\n".join(typed for typed, _ in result.bad), "note": request.POST.get("note")}
    )
    for typed, problem in result.bad[:NAMED]:
        shown = typed if len(typed) <= NAMED_LENGTH else f"{typed[:NAMED_LENGTH]}…"
        rest.add_error("numbers", f"{shown}: {describe_reason(problem)}")
    if len(result.bad) > NAMED:
        rest.add_error("numbers", _("And {count} more like these.").format(count=len(result.bad) - NAMED))
    return _page(request, rest)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("campaigns.change_optout", raise_exception=True)
def opt_out_end(request: HttpRequest, opt_out_id: int) -> HttpResponse:
    opt_out = get_object_or_404(
        OptOut.objects.known(simulated=registry.rehearses()).select_related("created_by"), pk=opt_out_id
    )
    if opt_out.kind == OptOut.Kind.PENDING and opt_out.ended_at is None:
        return redirect(reverse("opt_outs") + "#undecided")
    blocked = _blocked(opt_out)
    if request.method != "POST" and opt_out.ended_at is None:
        ends_by_itself = opt_out.source in carrier.FROM_PERSON
        context = {"opt_out": opt_out, "blocked": blocked, "ends_by_itself": ends_by_itself}
        return render(request, "opt_out_end.html", context)
    if request.method == "POST" and manual.end(opt_out, user=signed_in(request)):
        if opted_out([opt_out.phone], simulated=registry.rehearses()):
            messages.warning(
                request,
                _(
                    "This opt-out of {phone} is undone. The number still gets no texts: "
                    "it has opted out in another way too, which the list shows."
                ).format(phone=phone(opt_out.phone)),
            )
        elif blocked:
            messages.warning(
                request,
                _("The opt-out of {phone} is undone here. {blocked}").format(
                    phone=phone(opt_out.phone), blocked=blocked
                ),
            )
        else:
            messages.success(
                request,
                _("{phone} may be texted again, from the next campaign on.").format(
                    phone=phone(opt_out.phone)
                ),
            )
    else:
        messages.info(
            request, _("The opt-out of {phone} had been undone before.").format(phone=phone(opt_out.phone))
        )
    return redirect("opt_outs")


@permission_required("campaigns.change_optout", raise_exception=True)
@post_action("opt_outs")
def opt_out_decide(request: HttpRequest, opt_out_id: int) -> HttpResponse:
    """What somebody meant by a reply that may be an opt-out: one press, on the overview or here."""
    opt_out = get_object_or_404(OptOut.objects.known(simulated=registry.rehearses()), pk=opt_out_id)
    means, back = request.POST.get("means"), request.POST.get("back")
    if means not in MEANS:
        messages.warning(request, _("Nothing was decided. Press one of the two buttons beside the reply."))
    elif opt_out.kind != OptOut.Kind.PENDING or opt_out.ended_at is not None:
        messages.info(
            request, _("The reply of {phone} had been decided before.").format(phone=phone(opt_out.phone))
        )
    elif _wrote_again(request, opt_out):
        messages.warning(
            request,
            _("{phone} wrote again meanwhile. Read it, then decide.").format(phone=phone(opt_out.phone)),
        )
    elif means == "stop" and manual.confirm(opt_out, user=signed_in(request)):
        messages.success(
            request, _("{phone} will not be texted any more.").format(phone=phone(opt_out.phone))
        )
    elif means == "other" and manual.end(opt_out, user=signed_in(request)):
        messages.success(
            request, _("{phone} may be texted, from the next campaign on.").format(phone=phone(opt_out.phone))
        )
    else:
        messages.info(
            request, _("The reply of {phone} had been decided before.").format(phone=phone(opt_out.phone))
        )
    return redirect("overview" if back == "overview" else "opt_outs")


def _wrote_again(request: HttpRequest, opt_out: OptOut) -> bool:
    """Whether the page on which somebody decided did not show all that there is to read."""
    seen = request.POST.get("seen", "")
    return bool(seen) and opt_out.stated_at is not None and seen != opt_out.stated_at.isoformat()


def _blocked(opt_out: OptOut) -> str:
    """What keeps texts from this person whatever is undone here: the provider's own list. Empty: nothing."""
    for account in registry.accounts():
        told = Consent.objects.here(simulated=account.simulated).filter(account=account.known_id())
        if senders := sorted(told.blocks().filter(phone=opt_out.phone).values_list("sender", flat=True)):
            return _blocked_by(account.name, senders)
    return ""


def _blocked_by(name: str, senders: Sequence[str]) -> str:
    where, to = _("your numbers"), _("the number that texts them")
    if all(sender.startswith("+") for sender in senders):  # others stand for all our numbers, or some
        where = " and ".join(phone(sender) for sender in senders)
        to = _("that number") if len(senders) == 1 else _("each of these numbers")
    return _(
        "{name} itself still blocks texts from {where} to this person: "
        "they are not delivered until the person texts START to {to}."
    ).format(name=name, where=where, to=to)


def _page(request: HttpRequest, form: OptOutForm) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    # After a mistake in the form, the address of this page is the one that takes the form.
    page = PAGER.page(
        request, lambda before, limit: manual.page(query, before, limit), path=reverse("opt_outs"), q=query
    )
    context = {
        "form": form,
        "query": query,
        "opt_outs": page.rows,
        "page": page,
        "provider_name": registry.names(),
    } | undecided_replies(request)
    return render(request, "opt_outs.html", context)


def _say(request: HttpRequest, result: AddResult) -> None:
    if len(result.added) == 1:
        messages.success(
            request, _("{phone} will not be texted any more.").format(phone=phone(result.added[0]))
        )
    elif result.added:
        messages.success(
            request,
            ngettext(
                "{count} number will not be texted any more.",
                "{count} numbers will not be texted any more.",
                len(result.added),
            ).format(count=number(len(result.added))),
        )
    if len(result.already) == 1:
        messages.info(request, _("{phone} had opted out before.").format(phone=phone(result.already[0])))
    elif result.already:
        messages.info(
            request,
            ngettext(
                "{count} number had opted out before.",
                "{count} numbers had opted out before.",
                len(result.already),
            ).format(count=number(len(result.already))),
        )
