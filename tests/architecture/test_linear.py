"""No text costs more than its length: one web process serves everybody, and one worker sends everything.

This walks all the code, so that a new pattern cannot be forgotten. It measures time, as few tests do: the
thread's own, as a ratio between a text and a quarter of it, and only where it is far above the noise.
"""

import ast
import importlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.architecture.attacks import GENERAL, attacks_on
from tests.architecture.growth import steep, undisturbed
from tests.architecture.patterns import called, calls, handed_on, read, sources, tree_of
from tests.architecture.tree import files, name

Built = Callable[[], Iterable[re.Pattern[str]]]


def _of_routes() -> Iterator[re.Pattern[str]]:
    routes = importlib.import_module("campaigns.simulator.api.routes")
    return (route.pattern for route in routes.ROUTES)


def _of_countries() -> Iterator[re.Pattern[str]]:
    numbering = importlib.import_module("campaigns.contacts.phone_patterns")
    return (
        numbering.national_pattern(code, length) for code in (1, 39, 44, 49, 62, 81) for length in (9, 10, 11)
    )


def _of_trunk_prefixes() -> Iterator[re.Pattern[str]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    numbering = importlib.import_module("campaigns.contacts.phone_patterns")
    return filter(None, map(numbering.trunk_prefix, COUNTRY_CODE_TO_REGION_CODE))


def _of_north_america() -> Iterator[re.Pattern[str]]:
    countries = importlib.import_module("campaigns.contacts.countries")
    return (
        pattern for _, *patterns in countries._north_america() for pattern in patterns if pattern is not None
    )


def _of_delimiters() -> Iterator[re.Pattern[str]]:
    return (re.compile(re.escape(sign) + ' ++"') for sign in ",;\t|\\.\"'(é")


MADE_AT_RUN_TIME: dict[str, tuple[Built, frozenset[str]]] = {
    "campaigns/simulator/api/gateway.py route": (_of_routes, frozenset({"fullmatch"})),
    "campaigns/contacts/phone_patterns.py national_pattern": (_of_countries, frozenset({"fullmatch"})),
    "campaigns/contacts/phone_patterns.py trunk_prefix": (_of_trunk_prefixes, frozenset({"match"})),
    "campaigns/contacts/countries.py _north_america": (_of_north_america, frozenset({"match", "fullmatch"})),
    "campaigns/contacts/delimited.py _blank_after": (_of_delimiters, frozenset({"search"})),
}
"""Patterns whose source only the running function knows: where, some of them, and how they are used."""

FORMS_ITSELF = "campaigns/contacts/unicode_forms.py"
NORMALISE = {
    *("unicodedata.normalize", "unicodedata.is_normalized", "django.utils.text.slugify"),
    *("urllib.parse.urlsplit", "urllib.parse.urlparse", "urllib.parse.urljoin"),
    *("django.utils.text.Truncator", "django.utils.text.get_valid_filename"),
}
"""What brings a whole text to a normal form; three of them do so with the host of an address."""
NORMALISING_FILTERS = re.compile(r"\|\s*(truncate\w+|slugify|urlize\w*)")
"""Django's own filters for templates that normalise the whole text first."""
WHY_IT_MAY = {
    "campaigns/opt_outs/tokens.py words": "one sign",
    "campaigns/contacts/phone.py _plain_sign": "one sign",
    "campaigns/composing/segments.py _plain_form": "one sign, by its pattern",
    "campaigns/providers/addresses.py checked_url": "an address of the settings",
    "campaigns/providers/addresses.py scheme_and_host": "an address of the settings",
    "campaigns/providers/ringcentral/events.py topic_of": "at most 2,048 characters",
    "campaigns/providers/ringcentral/api.py trusts": "ASCII only, and an address of the settings",
    "dashboard/views/sign_in.py get_redirect_url": "the host is this site's, which Django has checked",
    "dashboard/views/campaign_people.py csv_answer": "a name of at most 120 characters",
    "dashboard/views/import_detail.py import_bad_rows": "a name of at most 120 characters",
}
WHY_DIFFLIB_MAY = {
    "campaigns/composing/field_spelling.py _similar": "names of at most 60 signs, a bounded number of times",
}


def run_of(pattern: re.Pattern[str] | re.Pattern[bytes], mode: str) -> Callable[[str], object]:
    method = getattr(pattern, mode)
    if mode in ("sub", "subn"):
        method = partial(method, "" if isinstance(pattern.pattern, str) else b"")
    if mode == "finditer":
        return lambda text: deque(pattern.finditer(_fit(pattern, text)), maxlen=0)  # type: ignore[arg-type]
    return lambda text: method(_fit(pattern, text))


def _fit(pattern: re.Pattern[str] | re.Pattern[bytes], text: str) -> str | bytes:
    return text if isinstance(pattern.pattern, str) else text.encode()


def too_slow(source: str | bytes, flags: int, modes: Iterable[str]) -> list[str]:
    """The first attack, for each way of using the pattern, whose cost grows faster than the text."""
    compiled = re.compile(source, flags)
    attacks = [*attacks_on(source, flags), *GENERAL]
    with undisturbed():
        found = (
            next(filter(None, (steep(run_of(compiled, mode), attack) for attack in attacks)), "")
            for mode in sorted(modes)
        )
        return [attack for attack in found if attack]


def with_patterns() -> list[Path]:
    return [path for path in sources() if "re." in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", with_patterns(), ids=name)
def test_every_pattern_takes_time_by_the_length_of_the_text(path: Path) -> None:
    found: dict[str, list[str]] = {}
    for pattern in read(path).patterns:
        if slow := too_slow(pattern.source, pattern.flags, pattern.modes):
            found[pattern.place] = slow
    assert found == {}


def test_every_pattern_that_is_made_at_run_time_is_named_here() -> None:
    assert sorted({one for path in sources() for one in read(path).unknown}) == sorted(MADE_AT_RUN_TIME)


@pytest.mark.parametrize("place", MADE_AT_RUN_TIME)
def test_patterns_made_at_run_time_are_linear(place: str) -> None:
    made, modes = MADE_AT_RUN_TIME[place]
    patterns = {(pattern.pattern, pattern.flags & ~re.UNICODE) for pattern in made()}
    assert patterns
    assert {source: slow for source, flags in patterns if (slow := too_slow(source, flags, modes))} == {}


def places(wanted: Callable[[str], bool]) -> set[str]:
    return {
        f"{name(path)} {call.function}"
        for path in sources()
        if name(path) != FORMS_ITSELF
        for call in calls(tree_of(path))
        if wanted(called(tree_of(path), call.node))
    }


def test_only_one_module_normalises_whole_texts() -> None:
    """Anywhere else a long run of combining marks would stop the process."""
    assert places(NORMALISE.__contains__) - _with_settings_only() == set(WHY_IT_MAY)


def test_no_template_normalises_whole_texts() -> None:
    """`shortened` is there in place of `truncatechars`."""
    pages = files(".html", under="templates")
    found = {name(page): NORMALISING_FILTERS.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert {page: filters for page, filters in found.items() if filters} == {}


def _with_settings_only() -> set[str]:
    """The checks of the settings at the start, and the simulated carrier, which reads its own addresses."""
    trusted = ("campaigns/checks.py", "campaigns/simulator/", "campaigns/management/")
    return {place for place in places(NORMALISE.__contains__) if place.startswith(trusted)}


def test_texts_are_compared_in_one_place() -> None:
    assert places(lambda what: what.startswith("difflib.")) == set(WHY_DIFFLIB_MAY)


# --- The reading and the measure themselves

PLANTED_CALLS = """
import re as r, unicodedata
from re import compile as made, sub
from unicodedata import normalize as n
from django.core import validators

A = made("a+")
def f(x, y):
    n("NFC", x)
    unicodedata.normalize("NFC", x)
    sub("a", "", x)
    r.search(y, x)
    validators.RegexValidator("a")
    g = lambda z: r.split(z, x)
    return map(r.compile, x)
"""


def test_the_reading_knows_calls_by_whatever_name() -> None:
    tree = ast.parse(PLANTED_CALLS)
    assert [called(tree, call.node) for call in calls(tree)] == [
        *("re.compile", "unicodedata.normalize", "unicodedata.normalize", "re.sub", "re.search"),
        *("django.core.validators.RegexValidator", "re.split", "map"),
    ]
    assert [call.function for call in calls(tree)][:2] == ["", "f"]
    search = next(call for call in calls(tree) if called(tree, call.node) == "re.search")
    assert {"x", "y"} <= search.local
    assert handed_on(tree) == ["re.compile"]


PLANTED_SLOW = {
    "a default filter": (
        r"""\s*([^\W\d]\w*)\s*\|\s*(?:default|d|fallback)\s*[:(]?\s*("[^"\\\n]*"|'[^'\\\n]*')\s*\)?\s*""",
        "fullmatch",
        0,
    ),
    "scientific notation": (r"[+-]?\d+(?:[.,]\d*)?\s*[eE]\s*[+-]?\s*\d{1,3}", "fullmatch", re.ASCII),
    "secrets": (
        r"(?i)(authorization|bearer|basic|token|assertion|secret|password|jwt)"
        r"(['\"]?\s*[:= ]\s*['\"]?)([\w.~+/=-]{8,})",
        "sub",
        0,
    ),
    "a quote after blanks": (' +"', "search", 0),
    "a delimiter, blanks and a quote": ('  +"', "search", 0),
    "a repeat in a repeat": (r"(a+)+$", "match", 0),
    "overlapping repeats in a repeat": (r"(\s*,\s*)*x", "match", 0),
    "blanks at both ends": (r"^\s+|\s+$", "sub", 0),
    "a bracket that is never closed": (r"\{[^}]*\}", "findall", 0),
    "digits anywhere": (r"\d+[.,]\d+", "search", 0),
    "a choice that overlaps": (r"(?:a|a)*b", "fullmatch", 0),
    "an address": (r"[\w.]+@[\w.]+\.\w+", "search", 0),
    "bytes": (r" +x", "findall", 0),
}
PLANTED_FAST = {
    "blanks and a sign": (r"\s*+[:=]\s*+\w+", "match", 0),
    "words": (r"\w+", "findall", 0),
    "a bounded repeat": (r"\{[^}]{1,60}\}", "findall", 0),
    "a line": (r"^.*$", "findall", re.MULTILINE),
    "blanks at the beginning": (r"^\s+", "sub", 0),
    "a name": (r"[A-Za-z][A-Za-z0-9_.]*", "fullmatch", 0),
    "digits, possessive, from their first": (r"(?<!\d)\d++[.,]", "search", 0),
}


@pytest.mark.parametrize("case", PLANTED_SLOW)
def test_the_measure_finds_what_is_slow(case: str) -> None:
    source, mode, flags = PLANTED_SLOW[case]
    assert len(too_slow(source.encode() if case == "bytes" else source, flags, [mode])) == 1


@pytest.mark.parametrize("case", PLANTED_FAST)
def test_the_measure_lets_pass_what_is_fast(case: str) -> None:
    source, mode, flags = PLANTED_FAST[case]
    assert too_slow(source, flags, [mode]) == []
