"""What staff read about why a row got no text, or was not delivered."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from campaigns.contacts.errors import MAX_CELL_CHARACTERS, NoText, RowProblem
from campaigns.contacts.phone import MAX_CHARACTERS, PhoneProblem
from campaigns.labels.provider_words import translate
from campaigns.labels.wording import Sentence, fill
from campaigns.opt_outs.lookup import Exclusion
from campaigns.providers import catalogue

PHONE_PROBLEMS: Final[dict[PhoneProblem, Sentence]] = {
    PhoneProblem.EMPTY: _("There is no phone number in this row."),
    PhoneProblem.TOO_MUCH_TEXT: _(
        "This has more than {max_phone} characters, so it is not a phone number. Give one number in each row."
    ),
    PhoneProblem.SHORTENED: _(
        "The spreadsheet has shortened this number. Format the column as text, put the full numbers back, "
        "and save again."
    ),
    PhoneProblem.LETTERS: _("A phone number can hold only digits, spaces and + - ( ) . signs."),
    PhoneProblem.EXTENSION: _("Texts cannot reach an extension. Give a number without one."),
    PhoneProblem.SEVERAL: _("This cell holds more than one number. Give one number in each row."),
    PhoneProblem.NO_PLUS: _(
        "This looks like a number of another country without its + sign. Put + and the country code in front."
    ),
    PhoneProblem.MEXICAN_ONE: _(
        "Numbers of Mexico no longer have a 1 after +52. Leave out the 1: +52 and ten digits."
    ),
    PhoneProblem.COUNTRY: _("No country has the code that follows the + sign. Check the first digits."),
    PhoneProblem.TOO_SHORT: _("This number has too few digits."),
    PhoneProblem.TOO_LONG: _("This number has too many digits."),
    PhoneProblem.NOT_A_NUMBER: _("This is not a phone number."),
    PhoneProblem.INVALID: _("No phone number like this exists. Check the area code and the digits."),
}
ROW_PROBLEMS: Final[dict[RowProblem, Sentence]] = {
    RowProblem.TOO_MANY_CELLS: _(
        "This row has more cells than the file has columns. "
        "A cell that holds the separator must stand in quotation marks."
    ),
    RowProblem.CELL_TOO_LONG: _("A cell in this row has more than {max_cell:,} characters."),
    RowProblem.ZERO_BYTE: _("A cell in this row holds a zero byte, so the row may be damaged."),
}
NO_TEXT: Final[dict[NoText, Sentence]] = {
    NoText.REPEATED: _("The same number stands in an earlier row; it gets one text."),
    NoText.UNREACHED: _("The account that sends cannot text the country of this number."),
    NoText.EMPTY_TEXT: _("The text would be empty for this row."),
    NoText.TEXT_TOO_LONG: _("The text for this row is longer than 1,000 characters."),
}
EXCLUSIONS: Final[dict[Exclusion, Sentence]] = {
    Exclusion.OPTED_OUT: _("This person asked not to be texted."),
    Exclusion.MAY_HAVE_OPTED_OUT: _(
        "This person may have asked not to be texted. Nobody had read their reply yet."
    ),
    Exclusion.SUPPRESSED: _("This number could not be reached before, so it is not tried again."),
}
REASON_LOST: Final = "rejected"
"""The code of a text that the provider refused in an answer that was lost."""
_TABLES: Final[tuple[Mapping[Any, Sentence], ...]] = (PHONE_PROBLEMS, ROW_PROBLEMS, NO_TEXT, EXCLUSIONS)
REASONS: Final[dict[str, Sentence]] = {
    **{str(code): sentence for table in _TABLES for code, sentence in table.items()},
    REASON_LOST: _("The provider refused this number; its reason was in an answer that was lost."),
}


def describe_reason(code: str) -> str:
    """Empty for no code. A provider's error code is explained."""
    if not code:
        return ""
    if code in REASONS:
        return fill(REASONS[code], max_phone=MAX_CHARACTERS, max_cell=MAX_CELL_CHARACTERS)
    return translate(catalogue.explain(code).sentence)
