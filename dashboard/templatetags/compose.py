"""What only the pages about a campaign's text and cost say."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from campaigns.labels.texts import describe_problem

register = template.Library()
register.filter("describe_problem", describe_problem)

CENT = Decimal("0.01")


@register.filter
def placeholders(value: str) -> SafeString:
    """Text that may hold `{{ first_name }}`, its braces as entities: a bare one in a page is a fault."""
    return mark_safe(escape(value).replace("{", "&#123;").replace("}", "&#125;"))  # noqa: S308 - escaped


@register.simple_tag
def merged_text(parts: Iterable[tuple[str, bool]]) -> SafeString:
    """A text as one person reads it; what comes from their row is marked."""
    return mark_safe(  # noqa: S308 - escaped
        "".join(
            f'<mark class="merge-field">{placeholders(piece)}</mark>' if personal else placeholders(piece)
            for piece, personal in parts
        )
    )


@register.simple_tag
def costly_characters(characters: Iterable[str]) -> SafeString:
    """The characters for which a segment holds fewer."""
    rows = ((character,) for character in characters)
    return format_html_join(", ", '<mark class="costly-character">{}</mark>', rows)


@register.filter
def exact_money(value: Decimal | None) -> str:
    """US dollars with every digit that is there, for tables whose rows must add up: `$3.388`, `$43.50`."""
    if value is None:
        return _("cost unknown")
    digits = max(2, -int(value.normalize().as_tuple().exponent))
    return f"${value:,.{digits}f}"


@register.filter
def cents(value: Decimal | None) -> Decimal | None:
    """A sum rounded for people, who find `$0.063` under `$3.40` odd. Under half a cent it stays."""
    if value is None or abs(value) < CENT / 2:
        return value
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
