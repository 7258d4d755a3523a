"""Why a row did not get its text, in words: one place for every code that a row can carry."""

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
    """For people; a provider's code is explained by what it means. Empty for no code."""
    if not code:
        return ""
    return SENTENCES.get(code) or row_sentence(code) or catalogue.explain(code).sentence
