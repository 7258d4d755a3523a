"""What staff read about an opt-out."""

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.labels.wording import Sentence
from campaigns.models import OptOut

SOURCES: Final[dict[str, Sentence]] = {
    OptOut.Source.STAFF: gettext_lazy("Entered by hand"),
    OptOut.Source.REPLY: gettext_lazy("By a reply"),
    OptOut.Source.CARRIER: gettext_lazy("Told by the carrier"),
}


def describe_note(opt_out: OptOut) -> str:
    """What staff noted, else when the person or the provider last said so. Empty if neither is known."""
    if opt_out.note or opt_out.stated_at is None:
        return opt_out.note
    return _("Last said at {time:%Y-%m-%d %H:%M %Z}").format(time=timezone.localtime(opt_out.stated_at))
