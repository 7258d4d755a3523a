"""Replies that may be opt-outs, for the pages on which a person decides them."""

from typing import Any

from django.http import HttpRequest

from campaigns.accounts import registry
from campaigns.models import OptOut
from campaigns.opt_outs import manual

SHOWN = 10
"""Replies on a page; more appear as these are decided."""


def undecided_replies(request: HttpRequest) -> dict[str, Any]:
    """Context of `parts/_undecided.html`; empty lists for those who may not see opt-outs."""
    if not request.user.has_perm("campaigns.view_optout"):
        return {"undecided": [], "undecided_count": 0}
    count = OptOut.objects.undecided(simulated=registry.rehearses()).count()
    return {"undecided": manual.undecided(SHOWN) if count else [], "undecided_count": count}
