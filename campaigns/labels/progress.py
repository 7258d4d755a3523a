"""What staff read of a campaign's progress: what can still be stopped, what cannot, and what comes next."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.accounts import registry
from campaigns.labels.wording import Sentence, fill
from campaigns.models import Batch, Campaign, Counters, RowState
from campaigns.reports.delivery import Difference
from campaigns.reports.progress import Progress, first_texts_alone
from campaigns.reports.row_states import TAKEN, UNDECIDED

DIFFERENCES: Final[dict[RowState, Sentence]] = {
    RowState.WITH_CARRIER: gettext_lazy(
        "With the carrier: {provider} counts {theirs:,}, our messages say {ours:,}."
    ),
    RowState.SENT: gettext_lazy(
        "Sent without a receipt: {provider} counts {theirs:,}, our messages say {ours:,}."
    ),
    RowState.DELIVERED: gettext_lazy("Delivered: {provider} counts {theirs:,}, our messages say {ours:,}."),
    RowState.NOT_DELIVERED: gettext_lazy(
        "Not delivered: {provider} counts {theirs:,}, our messages say {ours:,}."
    ),
}
BATCH_NOTES: Final[dict[Batch.State, Sentence]] = {
    Batch.State.IN_DOUBT: gettext_lazy(
        "The answer was lost. Nobody in it is texted again until the provider's records are read."
    ),
    Batch.State.NEEDS_REVIEW: gettext_lazy("Nobody can prove whether it was taken. A person has to decide."),
}


def describe_difference(difference: Difference, provider: str) -> str:
    sentence = DIFFERENCES[difference.state]
    return fill(sentence, provider=provider, theirs=difference.theirs, ours=difference.ours)


def describe_batch(state: Batch.State) -> str:
    """Empty for a state that needs no words."""
    return str(BATCH_NOTES.get(state, ""))


def summarize(campaign: Campaign, counts: Counters) -> str:
    """Where the texts are that are not settled."""
    parts = []
    if taken := counts.count(*TAKEN):
        sentence = (
            ngettext(
                "{count:,} is with {provider} and cannot be recalled",
                "{count:,} are with {provider} and cannot be recalled",
                taken,
            )
            if taken == counts.with_carrier
            else _("{count:,} went to {provider} and cannot be recalled")
        )
        parts.append(sentence.format(count=taken, provider=registry.name_for(campaign)))
    if held := counts.held:
        parts.append(ngettext("{count:,} is held here", "{count:,} are held here", held).format(count=held))
    if queued := counts.queued:
        sentence = ngettext("{count:,} is waiting here", "{count:,} are waiting here", queued)
        parts.append(sentence.format(count=queued))
    return "; ".join(parts) + "." if parts else ""


def describe_progress(progress: Progress) -> str:
    campaign, counts = progress.campaign, progress.counters
    if campaign.state == Campaign.State.PREPARING:
        if campaign.asked == Campaign.Asked.CANCEL:
            return _("Nothing is sent. The rows are written down to the last, so that each is accounted for.")
        return _("The texts are being written. Nothing has been sent yet.")
    parts = []
    if campaign.state in (Campaign.State.SENDING, Campaign.State.HELD):
        parts.append(summarize(campaign, counts))
    if campaign.state == Campaign.State.SENDING and first_texts_alone(campaign, counts):
        alone = _("The first {count:,} leave alone; then it waits for you.")
        parts.append(alone.format(count=campaign.canary))
    if lost := counts.in_doubt:
        sentence = ngettext(
            "{count:,} is in doubt: the answer was lost.",
            "{count:,} are in doubt: the answer was lost.",
            lost,
        )
        parts.append(sentence.format(count=lost))
    if cancelled := counts.cancelled:
        sentence = ngettext(
            "{count:,} was cancelled and is not sent.",
            "{count:,} were cancelled and are not sent.",
            cancelled,
        )
        parts.append(sentence.format(count=cancelled))
    parts.append(_what_is_expected(campaign, counts))
    return " ".join(filter(None, parts))


def _what_is_expected(campaign: Campaign, counts: Counters) -> str:
    """What still comes for a campaign that has nothing left to send; empty for other campaigns."""
    name = registry.name_for(campaign)
    if campaign.state == Campaign.State.FINISHED:
        return _("Finished: nothing more is expected.")
    if campaign.state != Campaign.State.DELIVERING:
        return ""
    if counts.with_carrier:
        sentence = (
            _("What had left is with {provider}, which is sending it. It cannot be recalled any more.")
            if counts.count(RowState.CANCELLED, *UNDECIDED)
            else _("Everything is with {provider}, which is sending it. It cannot be recalled any more.")
        )
        return sentence.format(provider=name)
    if counts.count(*UNDECIDED):
        return _("What is in doubt is still looked for.")
    if counts.cancelled:
        return _("Receipts of what had left are coming in; some carriers never send one.")
    sentence = _("{provider} has sent everything. Receipts are coming in; some carriers never send one.")
    return sentence.format(provider=name)
