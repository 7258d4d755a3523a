"""What the provider's records and ours say differently, on the pages that it concerns."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from campaigns.accounts import registry
from campaigns.labels.discrepancies import describe_discrepancy
from campaigns.models import Campaign, Discrepancy
from campaigns.receipts import discrepancies
from dashboard.templatetags.carillon import phone

register = template.Library()
register.filter(describe_discrepancy.__name__, describe_discrepancy)

SHOWN = 5
Kind = Discrepancy.Kind

_FOREIGN = gettext_lazy(
    "If another program of yours sends from this number, say under Review that you know about it. If none "
    "does, look at the texts and tell the person who looks after Carillon."
)
ADVICE: dict[str, Promise] = {
    Kind.UNKNOWN_BATCH: _FOREIGN,
    Kind.UNKNOWN_TEXT: _FOREIGN,
    Kind.MISSING_TEXT: (
        gettext_lazy(
            "Do not send to these people again before {provider}'s support has said what became of the texts."
        )
    ),
    Kind.SUMS: (
        gettext_lazy(
            "{provider} corrects receipts for some days, and they are read again by themselves. "
            "If it stays like this for three days, ask {provider}'s support about this batch."
        )
    ),
}


@register.filter
def advice(discrepancy: Discrepancy) -> str:
    """What to do about it."""
    return str(ADVICE[discrepancy.kind]).format(provider=registry.name_of(discrepancy.account))


@register.filter
def subject(discrepancy: Discrepancy, campaign: Campaign | None) -> SafeString:
    """The number and the campaign that it is about; not the campaign on its own page."""
    sender = (
        format_html('<span class="nowrap">{}</span>', phone(discrepancy.sender)) if discrepancy.sender else ""
    )
    name = format_html(", “{}”", discrepancy.campaign.name) if discrepancy.campaign and not campaign else ""
    return format_html("{}{}", sender, name)


@register.inclusion_tag("parts/_differences.html")
def differences(campaign: Campaign | None = None) -> dict[str, Any]:
    """What is unexplained about a campaign; without one, about anything at all."""
    found = discrepancies.unsettled()
    if campaign is not None:
        found = found.filter(campaign=campaign)
    shown = list(found[: SHOWN + 1])
    return {
        "found": shown[:SHOWN],
        "more": len(shown) > SHOWN,
        "campaign": campaign,
        "provider_name": registry.name_for(campaign) if campaign else registry.names(),
    }
