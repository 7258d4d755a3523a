"""What the templates say: numbers, money, phones and times for people, states in words, icons, navigation."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

import phonenumbers
from django import template
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.labels.attempts import describe_attempt_error, describe_note
from campaigns.labels.countries import list_countries
from campaigns.labels.holds import why_it_waits
from campaigns.labels.progress import describe_batch, describe_progress
from campaigns.labels.provider_words import describe_explanation
from campaigns.labels.reasons import describe_reason
from campaigns.labels.timeline import describe_step
from campaigns.reports.times import local
from dashboard.state_badges import CARRIER, Kind, state_badge

register = template.Library()
for describe in (
    *(describe_batch, describe_explanation, describe_progress, describe_reason, describe_step),
    *(describe_attempt_error, describe_note, list_countries, why_it_waits),
):
    register.filter(describe.__name__, describe)

CENT = Decimal("0.01")
LONGEST_PHONE = 40
"""Characters. What a carrier names instead of a number may be longer, and costs phonenumbers the square."""
MINUTE, HOUR, DAY = 60, 3600, 86400


# --- Numbers and money ------------------------------------------------------------------------------------


@register.filter
def number(value: int | None) -> str:
    """4938 → `4,938`. None, a count that nobody knows yet → a dash."""
    return "–" if value is None else f"{value:,}"


@register.filter
def plural(value: int, forms: str) -> str:
    """`{{ 4938|plural:"text,texts" }}` → `4,938 texts`."""
    one, many = forms.split(",")
    return f"{number(value)} {one if value == 1 else many}"


@register.filter
def money(value: Decimal | None) -> str:
    """US dollars: `$43.50`. A price below ten cents keeps its digits: `$0.0087`. None → `cost unknown`."""
    if value is None:
        return _("cost unknown")
    sign, amount = ("−" if value < 0 else ""), abs(value)
    if amount < Decimal("0.10") and amount != amount.quantize(CENT):
        return f"{sign}${amount.normalize():f}"
    return f"{sign}${amount.quantize(CENT, rounding=ROUND_HALF_UP):,}"


@register.filter
def percent(part: int, whole: int) -> str:
    """`2604|percent:5000` → `52%`. Rounded down, so that 100% is only said of all, and 0% only of none."""
    if whole == 0 or part == 0:
        return "0%"
    return f"{part * 100 // whole}%" if part * 100 >= whole else "under 1%"


@register.filter
def shortened(value: str, most: int) -> str:
    """The first signs of a text. Django's filter normalises all of it before: see intake/unicode_forms.py."""
    return value if len(value) <= most else f"{value[: most - 1]}…"


# --- Phones -----------------------------------------------------------------------------------------------


@register.filter
def phone(value: str) -> str:
    """E.164 for people: `(650) 555-0100` in the US and Canada, `+44 20 7946 0018` elsewhere."""
    if len(value) > LONGEST_PHONE:
        return value
    try:
        parsed = phonenumbers.parse(value if value.startswith("+") else f"+{value}")
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(parsed):  # a short code: 12345 is all of it
        return value
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(
        parsed, style.NATIONAL if parsed.country_code == 1 else style.INTERNATIONAL
    )


# --- Times ------------------------------------------------------------------------------------------------


@register.filter
def when(value: datetime | None, style: str = "") -> str:
    """`today 10:41 CDT`, `Nov 3, 10:41 CST`: a `<time>`, always with its zone. Style "time": `10:41 CDT`."""
    if value is None:
        return _("not yet")
    there, now = local(value), timezone.localtime()
    clock = f"{there:%H:%M %Z}"
    days = (there.date() - now.date()).days
    if style == "time":
        said = clock
    elif days in {-1, 0, 1}:
        said = f"{('today', 'tomorrow', 'yesterday')[days]} {clock}"
    elif there.year == now.year:
        said = f"{there:%b} {there.day}, {clock}"
    else:
        said = f"{there:%b} {there.day}, {there.year}, {clock}"
    return format_html('<time datetime="{}">{}</time>', there.isoformat(timespec="seconds"), said)


@register.filter
def ago(value: datetime | None) -> str:
    """`4 s ago`, `3 min ago`, `2 h ago`, `5 days ago`; `in 40 s` for what is to come. None → `never`."""
    if value is None:
        return "never"
    seconds = round((timezone.now() - value).total_seconds())
    if abs(seconds) < 2:
        return _("just now")
    said = _rough(abs(seconds))
    return _("{time} ago").format(time=said) if seconds > 0 else _("in {time}").format(time=said)


def _rough(seconds: int) -> str:
    for unit, name in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'s' if name == 'day' and count != 1 else ''}"
    return f"{seconds} s"


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Seconds or a timedelta: `about 32 min`, `about 5 h 33 min`, `under a minute`. None → `time unknown`."""
    if value is None:
        return _("time unknown")
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < MINUTE:
        return _("under a minute")
    if seconds < HOUR - MINUTE / 2:
        return _("about {minutes} min").format(minutes=round(seconds / MINUTE))
    hours, minutes = divmod(round(seconds / MINUTE), 60)
    if hours < 24:
        return (
            _("about {hours} h {minutes} min").format(hours=hours, minutes=minutes)
            if minutes
            else _("about {hours} h").format(hours=hours)
        )
    days, hours = divmod(round(seconds / HOUR), 24)
    whole = ngettext("about {count} day", "about {count} days", days).format(count=days)
    return _("{days} {hours} h").format(days=whole, hours=hours) if hours else whole


# --- Icons, states, charts --------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon from our sprite. Decoration only: the words stand beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
def badge(state: str, kind: Kind = "row", provider: str | Promise = CARRIER) -> SafeString:
    """A state as words, icon and colour: `{% badge row.state provider=provider_name %}`."""
    said = state_badge(state, kind, provider)
    return format_html('<span class="badge badge-{}">{}{}</span>', said.tone, icon(said.icon), said.label)


@register.filter
def state_label(state: str, provider: str | Promise = CARRIER) -> str:
    """The label of a row state, where a badge would be too much."""
    return state_badge(state, "row", provider).label


@register.filter
def state_sentence(state: str, provider: str | Promise = CARRIER) -> str:
    """What a row state means for the recipient, as a sentence."""
    return state_badge(state, "row", provider).sentence


@register.simple_tag
def stat(count: int, state: str, href: str, provider: str | Promise = CARRIER, note: str = "") -> SafeString:
    """A count that links to the people behind it. Nobody there: it steps back."""
    said = state_badge(state, "row", provider)
    return format_html(
        '<a class="stat stat-{}" href="{}"><span class="stat-value">{}</span>'
        '<span class="stat-label">{}{}</span>{}</a>',
        said.tone if count else "empty",
        href,
        number(count),
        icon(said.icon),
        said.label,
        format_html('<span class="stat-note">{}</span>', note) if note else "",
    )


SHARE_WIDTH, SHARE_LEAST = 1000, 4


@register.simple_tag
def share_bar(parts: Iterable[tuple[str, int]]) -> SafeString:
    """Counts by row state as one bar, in the order given; three people in a million still show.

    Drawn for the eye only: the same counts must stand beside it.
    """
    counted = [(state, count) for state, count in parts if count > 0]
    whole = sum(count for _, count in counted)
    rects, x = [], 0.0
    for state, count in counted:
        width = max(SHARE_WIDTH * count / whole, SHARE_LEAST)
        rects.append((state_badge(state).tone, state, f"{x:.2f}", f"{width:.2f}"))
        x += width
    return format_html(
        '<svg class="share-bar" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        f"{x:.2f}",
        format_html_join("", '<rect class="share-{} share-{}" x="{}" width="{}" height="10"></rect>', rects),
    )


# --- Polling ----------------------------------------------------------------------------------------------


@register.simple_tag
def poll(url_name: str, seconds: int, *args: object) -> SafeString:
    """The attributes of an element that fetches itself again: `<div {% poll "overview_moving" delay %}>`."""
    return format_html(
        'data-poll hx-get="{}" hx-trigger="every {}s, wake" hx-swap="morph:outerHTML" hx-sync="this:drop"',
        reverse(url_name, args=args),
        seconds,
    )


# --- The shell --------------------------------------------------------------------------------------------

NAV = (
    ("overview", gettext_lazy("Overview"), "grid-1x2", ()),
    ("campaigns", gettext_lazy("Campaigns"), "megaphone", ()),
    ("lists", gettext_lazy("Contacts"), "people", ("/imports/",)),
    ("opt_outs", gettext_lazy("Opt-outs"), "person-slash", ()),
)
NAV_REVIEW = (("review", gettext_lazy("Review"), "exclamation-circle", ()),)
"""Only there while something needs a decision."""
NAV_CLOSER = (
    ("reports", gettext_lazy("Delivery reports"), "clipboard-data", ()),
    ("batches", gettext_lazy("Batches"), "stack", ()),
    ("messages", gettext_lazy("Messages"), "chat-left-text", ()),
    ("numbers", gettext_lazy("Numbers"), "telephone", ()),
    ("why", gettext_lazy("Why this text?"), "question-circle", ()),
)
NAV_STAFF = (("admin:index", gettext_lazy("Admin"), "gear", ()),)
NavItem = tuple[str, str | Promise, str, tuple[str, ...]]


@register.inclusion_tag("parts/_nav.html", takes_context=True)
def nav(context: Context) -> dict[str, Any]:
    """Navigation by what people do. An item whose page does not exist is not shown."""
    request = context.get("request")
    path = request.path if request else ""
    user = context.get("user")
    staff = bool(getattr(user, "is_staff", False))
    closer = NAV_CLOSER + (NAV_STAFF if staff else ())
    items = _items(NAV, path)
    standing = context.get("standing")
    if undecided := standing.undecided if standing else 0:
        items += [{**item, "count": undecided} for item in _items(NAV_REVIEW, path)]
    return {"items": items, "closer": _items(closer, path)}


def _items(wanted: Iterable[NavItem], path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for name, label, icon_name, also in wanted:
        try:
            href = reverse(name)
        except NoReverseMatch:
            continue
        inside = (href, *also) if href != "/" else ()
        current = "page" if path == href else "true" if path.startswith(inside) else ""
        items.append({"href": href, "label": label, "icon": icon_name, "current": current})
    return items


@register.simple_tag(takes_context=True)
def again(context: Context, name: str) -> SafeString:
    """A block's text once more: the page writes its title once, and it becomes the heading too."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return cast("SafeString", block.render(context))
