"""Sentences for the codes that say why a row got no text."""

from __future__ import annotations

from campaigns.contacts.importer import row_sentence
from campaigns.providers import catalogue

SENTENCES = {
    "opted_out": "This person asked not to be texted.",
    "may_have_opted_out": "This person may have asked not to be texted. Nobody had read their reply yet.",
    "suppressed": "This number could not be reached before, so it is not tried again.",
    "empty_text": "The text would be empty for this row.",
    "rejected": "The provider refused this number; its reason was in an answer that was lost.",
    "text_too_long": "The text for this row is longer than 1,000 characters.",
}


def sentence(code: str) -> str:
    """Empty for no code. A provider's error code is explained."""
    if not code:
        return ""
    return SENTENCES.get(code) or row_sentence(code) or catalogue.explain(code).sentence
