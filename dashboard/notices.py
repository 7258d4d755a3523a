"""The alerts of a page: which ones it shows, and what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.composing.preflight import Preview
from campaigns.labels.holds import describe_quarantine, describe_wait, why_it_waits
from campaigns.labels.progress import describe_difference
from campaigns.labels.texts import describe_problem
from campaigns.models import Campaign, ContactList, History
from campaigns.reports.delivery import Report
from campaigns.reports.progress import Progress
from dashboard.templatetags.carillon import number, percent, plural, when
from dashboard.templatetags.compose import placeholders


@dataclass(frozen=True, slots=True)
class Action:
    """A link at the end of the text. The id keeps the focus while the page is refreshed."""

    label: str
    url: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert. The icon is a name in `static/icons.svg`; the role has it read out when it appears."""

    kind: Literal["success", "info", "warning", "danger"]
    icon: str
    title: str | Promise
    paragraphs: Sequence[str | Promise] = ()
    items: Sequence[str] = ()
    action: Action | None = None
    role: Literal["", "status", "alert"] = ""


VIEWER = Notice(
    kind="info",
    icon="info-circle",
    title=gettext_lazy("You can look at everything"),
    paragraphs=(
        gettext_lazy(
            "To upload lists and write campaigns you need the role composer. "
            "Ask the person who looks after Carillon."
        ),
    ),
    role="status",
)
OTHER_ROLE = Notice(
    kind="warning",
    icon="exclamation-triangle",
    title="",
    paragraphs=(
        gettext_lazy(
            "You are signed in, but your role does not reach that page. "
            "Ask an administrator, or sign in as somebody else."
        ),
    ),
    role="status",
)
IMPORT_LATE = Notice(
    kind="warning",
    icon="exclamation-triangle",
    title=gettext_lazy("Nobody has begun to read it yet"),
    paragraphs=(
        gettext_lazy(
            "The background worker seems to be busy, or not to run. "
            "The file is safe and is read as soon as it is there."
        ),
    ),
    role="status",
)
NOBODY_USABLE = Notice(
    kind="danger",
    icon="x-octagon",
    title=gettext_lazy("Nobody in this file can be texted"),
    paragraphs=(
        gettext_lazy("Every row has a problem; they are named below. Correct the file and upload it again."),
    ),
    role="alert",
)


def campaign_notices(now: Progress, stopped: History | None, provider: str) -> Iterator[Notice]:
    """The alerts of a launched campaign. The question after a canary is asked by its page."""
    campaign = now.campaign
    if not now.moving:
        yield _finished(now, stopped)
    if stopped:
        yield _stopped(now, stopped, provider)
    if now.counters.needs_review:
        yield Notice(
            kind="warning",
            icon="exclamation-circle",
            title=ngettext(
                "{count} text needs a decision", "{count} texts need a decision", now.counters.needs_review
            ).format(count=number(now.counters.needs_review)),
            paragraphs=[
                _(
                    "Nobody can prove whether {provider} took them, "
                    "so nobody in it is texted again by itself."
                ).format(provider=provider)
            ],
            action=Action(_("See what is known, and decide"), reverse("review"), "decide"),
        )
    if now.counters.in_doubt:
        yield _in_doubt(now, provider)
    if _stands_still(campaign):
        yield _standstill(campaign)
    if now.quarantined:
        yield _quarantined(campaign)


def _finished(now: Progress, stopped: History | None) -> Notice:
    title = format_html(_("Finished {}"), when(now.campaign.finished_at))
    url = reverse("report", args=[now.campaign.pk])
    if stopped and not now.texts:
        return Notice(
            kind="info",
            icon="flag",
            title=title,
            paragraphs=[_("Nobody got a text.")],
            action=Action(_("Read the report"), url, "read-report"),
        )
    delivered = now.counters.delivered
    share = percent(delivered, now.texts)
    return Notice(
        kind="success",
        icon="flag",
        title=title,
        paragraphs=[
            ngettext(
                "{delivered} of {count} text delivered ({share}).",
                "{delivered} of {count} texts delivered ({share}).",
                now.texts,
            ).format(delivered=number(delivered), count=number(now.texts), share=share)
        ],
        action=Action(_("Read the delivery report"), url, "read-report"),
    )


def _stopped(now: Progress, stopped: History, provider: str) -> Notice:
    if stopped.kind == History.Kind.UNDONE:
        title = format_html(_("Taken back by {} {}, nothing was sent"), stopped.actor, when(stopped.at))
    else:
        title = format_html(_("Cancelled by {} {}"), stopped.actor or _("the command line"), when(stopped.at))
    text = _("Nothing of it is sent.")
    if now.campaign.state != Campaign.State.PREPARING:
        text = ngettext(
            "{count} text was not sent.", "{count} texts were not sent.", now.counters.cancelled
        ).format(count=number(now.counters.cancelled))
    if now.handed_over:
        handed_over = plural(now.handed_over, "text was,texts were")
        text += _(" {handed_over} with {provider} already and could not be recalled.").format(
            handed_over=handed_over, provider=provider
        )
    return Notice(kind="info", icon="slash-circle", title=title, paragraphs=[text])


def _in_doubt(now: Progress, provider: str) -> Notice:
    text = _("{provider}'s answer was lost. Nobody is texted again until its own records are read.").format(
        provider=provider
    )
    if now.campaign.wait_reason == Campaign.WaitReason.ANSWER_LOST:
        text = describe_wait(now.campaign)
    people = reverse("campaign_people", args=[now.campaign.pk])
    return Notice(
        kind="warning",
        icon="question-circle",
        title=ngettext(
            "{count} text is in doubt", "{count} texts are in doubt", now.counters.in_doubt
        ).format(count=number(now.counters.in_doubt)),
        paragraphs=[text, _("Please do not send it again by hand: it may have arrived.")],
        action=Action(_("See who is in doubt"), f"{people}?state=in_doubt", "see-doubt"),
    )


def _stands_still(campaign: Campaign) -> bool:
    """Whether it needs a notice of its own: a canary is asked about, and a doubt has a notice already."""
    held = campaign.hold_reason not in ("", Campaign.HoldReason.CANARY)
    return held or campaign.is_paused or campaign.wait_reason not in ("", Campaign.WaitReason.ANSWER_LOST)


def _standstill(campaign: Campaign) -> Notice:
    held, paused = campaign.state == Campaign.State.HELD, campaign.is_paused
    text = why_it_waits(campaign)
    if paused:
        title = _("Paused")
        if campaign.state == Campaign.State.PREPARING:
            title += _(": the texts are written to the end and then held")
        text += _(" Nothing more is handed over until somebody presses Go on. Receipts keep coming in.")
    elif held:
        title = _("Nothing more is sent until somebody decides")
    else:
        title = _("Nothing is handed over at the moment")
    paragraphs = [text]
    if campaign.next_retry_at and not held:
        paragraphs.append(format_html(_("The next try is {}, by itself."), when(campaign.next_retry_at)))
    return Notice(
        kind="danger" if held and not paused else "warning",
        icon="pause-circle" if held else "exclamation-triangle",
        title=title,
        paragraphs=paragraphs,
    )


def _quarantined(campaign: Campaign) -> Notice:
    return Notice(
        kind="warning",
        icon="exclamation-triangle",
        title=_("Some texts are held back; the others leave"),
        paragraphs=[describe_quarantine(campaign)],
    )


def draft_notices(preview: Preview) -> Iterator[Notice]:
    """The alerts under the text of a draft."""
    if preview.problems:
        yield Notice(
            kind="danger",
            icon="x-octagon",
            title=_("This text cannot be sent yet"),
            items=[placeholders(describe_problem(problem)) for problem in preview.problems],
            role="status",
        )


def preview_note(preview: Preview, contact_list: ContactList | None) -> str:
    """What the phone shows where there is no text to show."""
    if preview.problems:
        return _("The text has a mistake. It is shown again when that is mended.")
    if contact_list is None:
        return _("Choose a list first.")
    if contact_list.contact_count == 0:
        return _("Nobody in this list can get a text.")
    return _("Start writing. What you write appears here as a real person of the list will read it.")


def report_notices(campaign: Campaign) -> Iterator[Notice]:
    """The alerts above a delivery report."""
    if campaign.state != Campaign.State.FINISHED:
        yield Notice(
            kind="info",
            icon="hourglass-split",
            title=_("This is not final"),
            paragraphs=[_("Texts or receipts are still on their way.")],
            action=Action(_("Watch the progress"), reverse("campaign", args=[campaign.pk])),
            role="status",
        )


def difference_notices(report: Report, provider: str) -> Iterator[Notice]:
    """The alert under the provider's count when ours is another one."""
    if report.agree:
        return
    if report.campaign.state == Campaign.State.FINISHED:
        title = _("The two counts differ")
        text = _("{provider} still corrects receipts for some days; the next reading may settle it.").format(
            provider=provider
        )
    else:
        title = _("The two counts differ at the moment")
        text = _("They are read one after the other, so this is normal while texts move.")
    yield Notice(
        kind="warning",
        icon="exclamation-triangle",
        title=title,
        items=[describe_difference(one, provider) for one in report.differences],
        paragraphs=[text],
    )
