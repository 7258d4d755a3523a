"""What pages say about an opt-out."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.labels.opt_outs import SOURCES, describe_note
from campaigns.models import OptOut
from dashboard.templatetags.compose import placeholders

register = template.Library()
register.filter("describe_note", describe_note)


@register.filter
def how_known(opt_out: OptOut) -> SafeString:
    """How we know of it: `Replied “STOP”`, `Entered by hand by carlo`, `Told by the carrier (rehearsal)`."""
    by = str(opt_out.created_by) if opt_out.created_by else ""
    if opt_out.source == OptOut.Source.REPLY:
        said = (
            _("Replied “{words}”").format(words=opt_out.words)
            if opt_out.words
            else str(SOURCES[opt_out.source])
        )
        said += _(", read by {by}").format(by=by) if by else ""
    else:
        said = str(SOURCES[opt_out.source]) + (_(" by {by}").format(by=by) if by else "")
    return placeholders(_("{said} (rehearsal)").format(said=said) if opt_out.simulated else said)
