"""The alerts of a page: which ones it shows, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from django.urls import reverse
from django.utils.html import format_html

from campaigns.composing.preflight import Preview
from campaigns.models import Campaign, ContactList, Event
from campaigns.reports.delivery import Report
from campaigns.reports.progress import Progress
from campaigns.sending import lifecycle, quarantine
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
    title: str
    paragraphs: Sequence[str] = ()
    items: Sequence[str] = ()
    action: Action | None = None
    role: Literal["", "status", "alert"] = ""


VIEWER = Notice(
    kind="info",
    icon="info-circle",
    title="You can look at everything",
    paragraphs=(
        "To upload lists and write campaigns you need the role composer. "
        "Ask the person who looks after Carillon.",
    ),
    role="status",
)
OTHER_ROLE = Notice(
    kind="warning",
    icon="exclamation-triangle",
    title="",
    paragraphs=(
        "You are signed in, but your role does not reach that page. "
        "Ask an administrator, or sign in as somebody else.",
    ),
    role="status",
)
IMPORT_LATE = Notice(
    kind="warning",
    icon="exclamation-triangle",
    title="Nobody has begun to read it yet",
    paragraphs=(
        "The background worker seems to be busy, or not to run. "
        "The file is safe and is read as soon as it is there.",
    ),
    role="status",
)
NOBODY_USABLE = Notice(
    kind="danger",
    icon="x-octagon",
    title="Nobody in this file can be texted",
    paragraphs=("Every row has a problem; they are named below. Correct the file and upload it again.",),
    role="alert",
)


def campaign_notices(now: Progress, stopped: Event | None, provider: str) -> Iterator[Notice]:
    """The alerts of a launched campaign. The question after a canary is asked by its page."""
    campaign = now.campaign
    if not now.moving:
        yield _finished(now, stopped)
    if stopped:
        yield _stopped(now, stopped, provider)
    if now.tally.needs_review:
        yield Notice(
            kind="warning",
            icon="exclamation-circle",
            title=f"{plural(now.tally.needs_review, 'text needs,texts need')} a decision",
            paragraphs=[
                f"Nobody can prove whether {provider} took them, so nobody in it is texted again by itself."
            ],
            action=Action("See what is known, and decide", reverse("review"), "decide"),
        )
    if now.tally.in_doubt:
        yield _in_doubt(now, provider)
    if campaign.trouble and campaign.trouble_code not in (lifecycle.CANARY, "in_doubt"):
        yield _trouble(campaign)


def _finished(now: Progress, stopped: Event | None) -> Notice:
    title = format_html("Finished {}", when(now.campaign.finished_at))
    url = reverse("report", args=[now.campaign.pk])
    if stopped and not now.texts:
        return Notice(
            kind="info",
            icon="flag",
            title=title,
            paragraphs=["Nobody got a text."],
            action=Action("Read the report", url, "read-report"),
        )
    delivered = now.tally.delivered
    share = percent(delivered, now.texts)
    return Notice(
        kind="success",
        icon="flag",
        title=title,
        paragraphs=[f"{number(delivered)} of {plural(now.texts, 'text,texts')} delivered ({share})."],
        action=Action("Read the delivery report", url, "read-report"),
    )


def _stopped(now: Progress, stopped: Event, provider: str) -> Notice:
    if stopped.verb == "undone":
        title = format_html("Taken back by {} {}, nothing was sent", stopped.actor, when(stopped.at))
    else:
        title = format_html("Cancelled by {} {}", stopped.actor or "the command line", when(stopped.at))
    text = "Nothing of it is sent."
    if now.campaign.state != Campaign.State.PREPARING:
        text = f"{plural(now.tally.cancelled, 'text was,texts were')} not sent."
    if now.handed_over:
        handed_over = plural(now.handed_over, "text was,texts were")
        text += f" {handed_over} with {provider} already and could not be recalled."
    return Notice(kind="info", icon="slash-circle", title=title, paragraphs=[text])


def _in_doubt(now: Progress, provider: str) -> Notice:
    text = f"{provider}'s answer was lost. Nobody is texted again until its own records are read."
    if now.campaign.trouble_code == "in_doubt":
        text = now.campaign.trouble
    people = reverse("campaign_people", args=[now.campaign.pk])
    return Notice(
        kind="warning",
        icon="question-circle",
        title=f"{plural(now.tally.in_doubt, 'text is,texts are')} in doubt",
        paragraphs=[text, "Please do not send it again by hand: it may have arrived."],
        action=Action("See who is in doubt", f"{people}?state=in_doubt", "see-doubt"),
    )


def _trouble(campaign: Campaign) -> Notice:
    held = campaign.state == Campaign.State.HELD
    paused = campaign.trouble_code == lifecycle.PAUSED
    text = campaign.trouble
    if paused:
        title = "Paused"
        if campaign.state == Campaign.State.PREPARING:
            title += ": the texts are written to the end and then held"
        text += " Nothing more is handed over until somebody presses Go on. Receipts keep coming in."
    elif held:
        title = "Nothing more is sent until somebody decides"
    elif campaign.state == Campaign.State.SENDING and campaign.trouble_code == quarantine.QUARANTINED:
        title = "Some texts are held back; the others leave"
    else:
        title = "Nothing is handed over at the moment"
    paragraphs = [text]
    if campaign.next_retry_at and not held:
        paragraphs.append(format_html("The next try is {}, by itself.", when(campaign.next_retry_at)))
    return Notice(
        kind="danger" if held and not paused else "warning",
        icon="pause-circle" if held else "exclamation-triangle",
        title=title,
        paragraphs=paragraphs,
    )


def draft_notices(preview: Preview) -> Iterator[Notice]:
    """The alerts under the text of a draft."""
    if preview.problems:
        yield Notice(
            kind="danger",
            icon="x-octagon",
            title="This text cannot be sent yet",
            items=[placeholders(problem.sentence) for problem in preview.problems],
            role="status",
        )


def preview_note(preview: Preview, contact_list: ContactList | None) -> str:
    """What the phone shows where there is no text to show."""
    if preview.problems:
        return "The text has a mistake. It is shown again when that is mended."
    if contact_list is None:
        return "Choose a list first."
    if contact_list.contact_count == 0:
        return "Nobody in this list can get a text."
    return "Start writing. What you write appears here as a real person of the list will read it."


def report_notices(campaign: Campaign) -> Iterator[Notice]:
    """The alerts above a delivery report."""
    if campaign.state != Campaign.State.FINISHED:
        yield Notice(
            kind="info",
            icon="hourglass-split",
            title="This is not final",
            paragraphs=["Texts or receipts are still on their way."],
            action=Action("Watch the progress", reverse("campaign", args=[campaign.pk])),
            role="status",
        )


def difference_notices(report: Report, provider: str) -> Iterator[Notice]:
    """The alert under the provider's count when ours is another one."""
    if report.agree:
        return
    if report.campaign.state == Campaign.State.FINISHED:
        title = "The two counts differ"
        text = f"{provider} still corrects receipts for some days; the next reading may settle it."
    else:
        title = "The two counts differ at the moment"
        text = "They are read one after the other, so this is normal while texts move."
    yield Notice(
        kind="warning",
        icon="exclamation-triangle",
        title=title,
        items=report.differences,
        paragraphs=[text],
    )
