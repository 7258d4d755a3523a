"""What a campaign is doing, in sentences: what can still be stopped, what cannot, and what comes next."""

from __future__ import annotations

from campaigns.accounts import registry
from campaigns.models import Campaign, RowState, Tally
from campaigns.reports.row_states import LEFT_OUT, TAKEN, UNDECIDED
from campaigns.sending import canary


def first_texts_alone(campaign: Campaign, counts: Tally) -> bool:
    """Whether a canary leaves first, and the other texts wait until a person has seen its receipts."""
    return canary.guards(campaign, 2) and counts.rows - counts.count(*LEFT_OUT) > campaign.canary


def summary(counts: Tally) -> str:
    taken = counts.count(*TAKEN)
    parts = []
    if taken:
        are = f"{is_or_are(taken)} with" if taken == counts.with_carrier else "went to"
        parts.append(f"{taken:,} {are} {registry.default().name} and cannot be recalled")
    if counts.held:
        parts.append(f"{counts.held:,} {is_or_are(counts.held)} held here")
    if counts.queued:
        parts.append(f"{counts.queued:,} {is_or_are(counts.queued)} waiting here")
    return "; ".join(parts) + "." if parts else ""


def progress_sentence(campaign: Campaign, counts: Tally) -> str:
    name = registry.default().name
    if campaign.state == Campaign.State.PREPARING:
        if campaign.asked == Campaign.Asked.CANCEL:
            return "Nothing is sent. The rows are written down to the last, so that each is accounted for."
        return "The texts are being written. Nothing has been sent yet."
    parts = []
    if campaign.state in (Campaign.State.SENDING, Campaign.State.HELD):
        parts.append(summary(counts))
    if campaign.state == Campaign.State.SENDING and first_texts_alone(campaign, counts):
        parts.append(f"The first {campaign.canary:,} leave alone; then it waits for you.")
    if counts.in_doubt:
        parts.append(f"{counts.in_doubt:,} {is_or_are(counts.in_doubt)} in doubt: the answer was lost.")
    if counts.cancelled:
        were = "was cancelled and is" if counts.cancelled == 1 else "were cancelled and are"
        parts.append(f"{counts.cancelled:,} {were} not sent.")
    parts.append(what_is_expected(campaign, counts, name))
    return " ".join(filter(None, parts))


def what_is_expected(campaign: Campaign, counts: Tally, name: str) -> str:
    """What still comes for a campaign that has nothing left to send; empty for other campaigns."""
    if campaign.state == Campaign.State.FINISHED:
        return "Finished: nothing more is expected."
    if campaign.state != Campaign.State.DELIVERING:
        return ""
    if counts.with_carrier:
        everything = "What had left" if counts.count(RowState.CANCELLED, *UNDECIDED) else "Everything"
        return f"{everything} is with {name}, which is sending it. It cannot be recalled any more."
    if counts.count(*UNDECIDED):
        return "What is in doubt is still looked for."
    if counts.cancelled:
        return "Receipts of what had left are coming in; some carriers never send one."
    return f"{name} has sent everything. Receipts are coming in; some carriers never send one."


def is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"
