"""Why a provider does not tell us what happens."""

from django.utils.translation import gettext as _

from campaigns.labels.provider_words import describe_stored
from campaigns.models import Webhook
from campaigns.providers import catalogue


def describe_webhook_error(webhook: Webhook) -> str:
    """Empty while its subscription stands."""
    error, provider = webhook.error, catalogue.name_of(webhook.provider)
    if not error:
        return ""
    if "disabled" in error:
        return _(
            "{provider} does not tell us about everything; it is asked instead. Left out: {filters}"
        ).format(
            provider=provider,
            filters=", ".join(f"{one['filter']} ({one['code']})" for one in error["disabled"]),
        )
    lead = _("{provider} does not tell us what happens; it is asked instead.").format(provider=provider)
    return f"{lead} {describe_stored(error)}"
