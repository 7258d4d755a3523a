"""Texts that nobody can prove anything about: what is known of them, and the decision of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.accounts import registry
from campaigns.labels.attempts import describe_note
from campaigns.labels.history import describe
from campaigns.models import Attempt, Campaign, Discrepancy, History, Message
from campaigns.receipts import audit, discrepancies
from campaigns.reconciling import decisions, search
from campaigns.reconciling.decisions import Decision, DecisionResult
from campaigns.sending import lifecycle
from dashboard.decorators import post_action, signed_in
from dashboard.templatetags.carillon import phone, plural

SEND = "campaigns.send_campaign"
SHOWN = 50
"""Of each kind on the page. A lost answer and a search in vain are rare; texts of another program are not."""


@dataclass(frozen=True, slots=True)
class Case:
    """An attempt that needs a decision, and what is known of it."""

    attempt: Attempt
    left: History | None
    """Somebody looked at it and left it as it is."""
    sample: Message | None
    """One of its texts."""

    @property
    def campaign(self) -> Campaign:
        return self.attempt.batch.campaign

    @property
    def searched_from(self) -> datetime:
        return (self.attempt.sending_at or self.attempt.prepared_at) - search.WINDOW

    @property
    def cancelled(self) -> bool:
        """Nothing of its campaign is sent any more, whatever is decided here."""
        return self.campaign.state not in lifecycle.STOPPABLE


@require_safe
@permission_required("campaigns.view_campaign", raise_exception=True)
def review(request: HttpRequest) -> HttpResponse:
    waiting, unexplained = decisions.awaiting_decision(), discrepancies.unsettled()
    last_audit = audit.last_run()
    context = {
        "cases": [_case(attempt) for attempt in waiting[:SHOWN]],
        "more": max(0, waiting.count() - SHOWN),
        "searching": decisions.searching()[:SHOWN],
        "unexplained": unexplained[:SHOWN],
        "more_unexplained": max(0, unexplained.count() - SHOWN),
        "other_programs": discrepancies.other_programs(),
        "audit": last_audit,
        "audit_sentence": describe(last_audit) if last_audit else "",
        "audit_failed": audit.FAILED,
        "may_send": request.user.has_perm(SEND),
        "provider_name": registry.names(),
    }
    return render(request, "review.html", context)


def _case(attempt: Attempt) -> Case:
    waiting = Message.objects.waiting_in(attempt.batch_id)
    sample = waiting.select_related("import_row").order_by("pk").first()
    return Case(attempt, decisions.last_postponed(attempt), sample)


@permission_required(SEND, raise_exception=True)
@post_action("review")
def review_known(request: HttpRequest, discrepancy_id: int) -> HttpResponse:
    """Somebody knows where it comes from."""
    discrepancy = get_object_or_404(Discrepancy, pk=discrepancy_id)
    if discrepancies.acknowledge(discrepancy, user=signed_in(request)):
        messages.success(
            request, _("Written down with your name: you know about it. It is not shown any more.")
        )
    else:
        messages.info(request, _("That was settled before: somebody knew about it, or both agree again."))
    return redirect("review")


@permission_required(SEND, raise_exception=True)
@post_action("review")
def review_known_all(request: HttpRequest, discrepancy_id: int) -> HttpResponse:
    """Somebody knows the program that sends from this number: it and all before it, at once."""
    newest = get_object_or_404(Discrepancy, pk=discrepancy_id)
    if count := discrepancies.acknowledge_all(newest, user=signed_in(request)):
        messages.success(
            request,
            _(
                "Written down with your name: you know about {count:,} from {phone}. "
                "They are not shown any more."
            ).format(count=count, phone=phone(newest.sender)),
        )
    else:
        messages.info(request, _("They were settled before: somebody knew about them."))
    return redirect("review")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(SEND, raise_exception=True)
def review_decide(request: HttpRequest, attempt_id: int, decision: str) -> HttpResponse:
    """One question before it is done: what is known, and what the decision means for the recipients."""
    if decision not in set(Decision):
        raise Http404
    attempt = get_object_or_404(Attempt.objects.select_related("batch__campaign"), pk=attempt_id)
    chosen = Decision(decision)
    if request.method == "POST":
        outcome = decisions.decide(attempt, chosen, user=signed_in(request))
        _say(request, attempt, chosen, outcome)
        return redirect("review")
    if attempt.state != Attempt.State.REVIEW:
        _say(request, attempt, chosen, decisions.why_not(attempt))
        return redirect("review")
    case = _case(attempt)
    context = {
        "title": _question(chosen, case),
        "case": case,
        "decision": decision,
        "provider_name": registry.name_of(attempt.account),
    }
    return render(request, "review_decide.html", context)


def _question(decision: Decision, case: Case) -> str:
    texts = plural(case.attempt.size, "text,texts")
    if decision == Decision.MARK:
        return _("Mark {texts} as sent?").format(texts=texts)
    if decision == Decision.LEAVE:
        return _("Leave {texts} undecided?").format(texts=texts)
    return (
        _("Settle {texts} as not sent?").format(texts=texts)
        if case.cancelled
        else _("Send {texts} now?").format(texts=texts)
    )


def _say(request: HttpRequest, attempt: Attempt, decision: Decision, outcome: DecisionResult) -> None:
    name, campaign = registry.name_of(attempt.account), attempt.batch.campaign
    campaign.refresh_from_db(fields=["state"])
    attempt.refresh_from_db(fields=["note", "note_data"])
    texts = plural(attempt.size, "text,texts")
    if outcome is DecisionResult.DONE:
        messages.success(request, _done(decision, texts, campaign))
    elif outcome is DecisionResult.ADOPTED:
        messages.info(
            request,
            _(
                "Nothing to decide any more: {name} has these {texts}. Its records showed them meanwhile."
            ).format(name=name, texts=texts),
        )
    elif outcome is DecisionResult.BUSY:
        messages.warning(
            request,
            _(
                "Nothing was changed: {name}'s records are being read for them at this moment. "
                "Look again in a few seconds."
            ).format(name=name),
        )
    elif outcome is DecisionResult.SEARCHING:
        messages.info(request, _("Nothing to decide yet: they are still searched for."))
    elif decision is Decision.LEAVE:
        messages.info(request, _("You had left them as they are before. They are still searched for."))
    else:
        messages.info(
            request,
            _("That was decided before: the first press counts. {note}").format(note=describe_note(attempt)),
        )


def _done(decision: Decision, texts: str, campaign: Campaign) -> str:
    if decision is Decision.MARK:
        return _("{texts} of “{name}” are marked as sent by you.").format(texts=texts, name=campaign.name)
    if decision is Decision.LEAVE:
        return _("{texts} of “{name}” are left as they are. The search goes on.").format(
            texts=texts, name=campaign.name
        )
    if campaign.state == Campaign.State.SENDING:
        return _("{texts} of “{name}” wait for their turn and are sent now.").format(
            texts=texts, name=campaign.name
        )
    if campaign.state == Campaign.State.HELD:
        return _("{texts} of “{name}” are sent when the campaign goes on: it is held.").format(
            texts=texts, name=campaign.name
        )
    return _("{texts} of “{name}” are settled as not sent, because the campaign was cancelled.").format(
        texts=texts, name=campaign.name
    )
