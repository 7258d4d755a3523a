"""Rules for the HTML of every page, checked as the browser gets it.

`faults(html)` returns sentences; an empty list is a page in order. A fragment (an answer to HTMX) has no head
and no heading of its own, and is held to the rest.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tests.architecture.tree import files

UNRESOLVED = "«unresolved»"
"""What a template variable that does not exist prints in tests."""

VOID = {"br", "hr", "img", "input", "link", "meta", "col", "source", "wbr", "area"}
OPTIONAL_END = {"li", "p", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead"}
BLOCKS = {"div", "p", "ul", "ol", "dl", "table", "form", "section", "h1", "h2", "h3", "h4", "pre", "fieldset"}
NOT_INSIDE = {
    "a": {"a", "button"},
    "button": {"a", "button"},
    "form": {"form"},
    "label": {"label"},
    "select": {"a", "button"},
} | {block: {"p", "span", "button", "h1", "h2", "h3"} for block in BLOCKS}
IDS_NAMED_BY = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list")
TYPED_FIELDS = {"input", "select", "textarea"}
UNLABELLED_TYPES = {"hidden", "submit", "button", "reset"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    line: int
    parents: list[str]
    text: str = ""
    inside: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"<{self.tag}> on line {self.line}"

    def labelled(self) -> bool:
        return bool(self.attributes.get("aria-label") or self.attributes.get("aria-labelledby"))

    def named(self) -> bool:
        return bool(self.text.strip()) or self.labelled()


class Reader(HTMLParser):
    """Reads a page into elements, and complains of tags that do not nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        line = self.getpos()[0]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> on line {line} has an attribute twice")
        parents = [element.tag for element in self.open]
        element = Element(tag, {name: value or "" for name, value in attrs}, line, parents)
        for parent in self.open:
            parent.inside.append(tag)
        if forbidden := NOT_INSIDE.get(tag, set()) & set(parents):
            self.faults.append(f"{element} stands inside <{sorted(forbidden)[0]}>")
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            self.faults.append(f"</{tag}> on line {self.getpos()[0]} ends what cannot be ended")
            return
        while self.open and self.open[-1].tag != tag and self.open[-1].tag in OPTIONAL_END:
            self.open.pop()
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            unended = self.open[-1] if self.open else "nothing"
            self.faults.append(f"</{tag}> on line {self.getpos()[0]} while {unended} is open")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def close(self) -> None:
        super().close()
        self.faults += [
            f"{element} is never ended" for element in self.open if element.tag not in OPTIONAL_END
        ]


def faults(html: str, *, fragment: bool = False) -> list[str]:
    """Everything that is wrong with a page, as sentences."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    problems = list(reader.faults)
    if not fragment:
        problems += _head(reader.elements, html) + _styles(reader.elements)
    for check in (_ids, _own_code, _forms, _fields, _names, _links, _tables):
        problems += check(reader.elements)
    if leftovers := re.findall(r"\{\{.*?\}\}|\{%.*?%\}", re.sub(r"(?s)<(textarea|code)\b.*?</\1>", "", html)):
        problems.append(f"template syntax in the page: {leftovers[0]}")
    if match := re.search(f".{{0,60}}{UNRESOLVED}", html, re.DOTALL):
        problems.append(f"a template variable does not exist: {match[0]!r}")
    return problems


def _head(elements: list[Element], html: str) -> list[str]:
    problems = []
    if not html.lstrip().lower().startswith("<!doctype html>"):
        problems.append("no doctype")
    if not any(e.tag == "html" and e.attributes.get("lang") for e in elements):
        problems.append("no language")
    titles = [_flat(e.text) for e in elements if e.tag == "title" and "svg" not in e.parents]
    headings = [_flat(e.text) for e in elements if e.tag == "h1"]
    if len(headings) != 1 or len(titles) != 1:
        return [*problems, f"{len(headings)} h1 and {len(titles)} titles"]
    if not headings[0] or not titles[0].startswith(headings[0]):
        problems.append(f"the title {titles[0]!r} does not start with the heading {headings[0]!r}")
    if sum(e.tag == "main" for e in elements) != 1:
        problems.append("not exactly one main")
    return problems


@cache
def sheets_of_classes() -> dict[str, set[str]]:
    sheets: dict[str, set[str]] = {}
    for path in files(".css", under="static"):
        for selector in re.findall(r"([^{}]+)\{", re.sub(r"(?s)/\*.*?\*/", "", path.read_text())):
            for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector):
                sheets.setdefault(name, set()).add(path.stem)
    return sheets


def _styles(elements: list[Element]) -> list[str]:
    hrefs = [e.attributes.get("href", "") for e in elements if e.tag == "link"]
    loaded = {match[1] for href in hrefs if (match := re.search(r"([^/]+?)(\.[0-9a-f]+)?\.css$", href))}
    used = {name for e in elements for name in e.attributes.get("class", "").split()}
    return [
        f"the class {name!r} is in {', '.join(sorted(sheets))}.css, which is not loaded"
        for name in sorted(used)
        if (sheets := sheets_of_classes().get(name)) and not sheets & loaded
    ]


def _flat(text: str) -> str:
    return " ".join(text.split())


def _ids(elements: list[Element]) -> list[str]:
    ids = Counter(e.attributes["id"] for e in elements if "id" in e.attributes)
    problems = [f"the id {name!r} is there {count} times" for name, count in ids.items() if count > 1]
    if "" in ids:
        problems.append("an empty id")
    for element in elements:
        for attribute in IDS_NAMED_BY:
            missing = set(element.attributes.get(attribute, "").split()) - set(ids)
            problems += [f"{element} names the id {name!r}, which is not there" for name in sorted(missing)]
    return problems


def _own_code(elements: list[Element]) -> list[str]:
    problems = []
    for element in elements:
        if element.tag == "style" or "style" in element.attributes:
            problems.append(f"{element} carries its own style")
        if element.tag == "script" and not element.attributes.get("src"):
            problems.append(f"{element} carries its own script")
        if handlers := [name for name in element.attributes if name.startswith(("on", "hx-on"))]:
            problems.append(f"{element} has {handlers[0]}")
    return problems


def _forms(elements: list[Element]) -> list[str]:
    problems = []
    for form in (e for e in elements if e.tag == "form"):
        if not form.attributes.get("action"):
            problems.append(f"{form} has no action")
        method = form.attributes.get("method", "get").lower()
        if method not in {"get", "post"}:
            problems.append(f"{form} has the method {method!r}")
        if method == "post" and not _holds_token(form, elements):
            problems.append(f"{form} posts without a CSRF token")
        if not {"button", "input"} & set(form.inside):
            problems.append(f"{form} cannot be sent without scripts")
    return problems


def _holds_token(form: Element, elements: list[Element]) -> bool:
    start = elements.index(form)
    mine = elements[start + 1 : start + 1 + len(form.inside)]
    return any(e.attributes.get("name") == "csrfmiddlewaretoken" for e in mine)


def _fields(elements: list[Element]) -> list[str]:
    labelled = {e.attributes.get("for") for e in elements if e.tag == "label" and e.text.strip()}
    problems = []
    for element in (e for e in elements if e.tag in TYPED_FIELDS):
        a = element.attributes
        if element.tag == "input" and a.get("type") in UNLABELLED_TYPES:
            continue
        named = a.get("id") in labelled or "label" in element.parents
        if not named and not element.labelled():
            problems.append(f"{element} (name {a.get('name')!r}) has no label")
    return problems


def _names(elements: list[Element]) -> list[str]:
    problems = [f"{e} has no alt" for e in elements if e.tag == "img" and "alt" not in e.attributes]
    problems += [f"{e} has no words" for e in elements if e.tag in {"a", "button"} and not e.named()]
    problems += [f"{e} has no name" for e in elements if e.tag in {"progress", "meter"} and not e.labelled()]
    headings = [e for e in elements if e.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
    for before, after in itertools.pairwise(headings):
        if int(after.tag[1]) > int(before.tag[1]) + 1:
            problems.append(f"{after} follows {before}: a level is missing")
    return problems


def _links(elements: list[Element]) -> list[str]:
    problems = []
    for link in (e for e in elements if e.tag == "a"):
        href = link.attributes.get("href", "")
        if not href or href == "#" or href.lower().startswith("javascript:"):
            problems.append(f"{link} leads nowhere")
    for element in elements:
        for name in ("src", "href", "action"):
            if urlsplit(element.attributes.get(name, "")).netloc and element.tag != "a":
                problems.append(f"{element} loads from elsewhere")
    return problems


def _tables(elements: list[Element]) -> list[str]:
    return [
        f"{table} has no header cells"
        for table in elements
        if table.tag == "table" and "th" not in table.inside
    ]
