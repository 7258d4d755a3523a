"""Check every row of a campaign before its launch, with the exact cost; preview a text while typing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from campaigns.composing.audience import SourceRow, all_source_rows, source_rows
from campaigns.composing.checks import (
    Finding,
    FindingCode,
    LeftOut,
    Terms,
    check_audience,
    check_draft,
    check_undecided,
)
from campaigns.composing.personalise import MAX_TEXT_UNITS, Personaliser, TemplateProblem, utf16_units
from campaigns.composing.reach_filter import ReachFilter
from campaigns.composing.segments import count_many, measure, unusual
from campaigns.contacts import countries
from campaigns.models import Campaign, ContactList, Import, ImportRow
from campaigns.opt_outs.lookup import Exclusion, opted_out

PREVIEW_ROWS = 2000
"""Rows rendered for a preview: about 20 ms. The check before the launch renders all of them."""
MAX_SHOWN_CHARACTERS = 2 * MAX_TEXT_UNITS
"""Characters of a text that are measured and shown: a longer one cannot be sent, however long it is."""
SHOWN_ROWS = 20
_OPEN, _CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class SegmentLine:
    segments: int
    people: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class EmptyField:
    """A field that is empty for some people and has nothing to stand in for it."""

    field: str
    people: int
    rows: tuple[int, ...]


@dataclass(slots=True)
class TextStats:
    """Statistics of the texts of rows."""

    people: int = 0
    segments: Counter[int] = field(default_factory=Counter)
    longest: tuple[int, SourceRow | None] = (0, None)
    most_expensive: tuple[int, SourceRow | None] = (0, None)
    first_empty: SourceRow | None = None
    empty: dict[str, list[int]] = field(default_factory=dict)
    empty_count: Counter[str] = field(default_factory=Counter)
    too_long: list[int] = field(default_factory=list)
    empty_texts: list[int] = field(default_factory=list)
    signs: Counter[str] = field(default_factory=Counter)

    def add(self, personaliser: Personaliser, rows: Sequence[SourceRow]) -> None:
        cells = [row.cells() for row in rows]
        texts = personaliser.render_many(cells)
        counts = count_many(text[:MAX_SHOWN_CHARACTERS] for text in texts)
        self.people += len(rows)
        self.segments.update(counts)
        for row, row_cells, text, count in zip(rows, cells, texts, counts, strict=True):
            length = len(text)
            if length > self.longest[0]:
                self.longest = (length, row)
            if count > self.most_expensive[0]:
                self.most_expensive = (count, row)
            if length > MAX_TEXT_UNITS // 2 and utf16_units(text) > MAX_TEXT_UNITS:
                self.too_long.append(row.number)
                self.segments[count] -= 1  # it is not sent
            if not text.strip():
                self.empty_texts.append(row.number)
            if not text.isascii():
                self.signs.update(unusual(text[:MAX_SHOWN_CHARACTERS]))
            for name in personaliser.empty_fields(row_cells) if personaliser.fields else ():
                self.empty_count[name] += 1
                if self.empty_count[name] <= SHOWN_ROWS:
                    self.empty.setdefault(name, []).append(row.number)
                self.first_empty = self.first_empty or row

    @property
    def left_out(self) -> int:
        """People whose text is too long to be sent, if others get theirs: one cell must not stop all."""
        return len(self.too_long) if len(self.too_long) < self.people else 0

    @property
    def total_segments(self) -> int:
        return sum(size * people for size, people in self.segments.items())

    def lines(self, price: Decimal | None) -> list[SegmentLine]:
        return [
            SegmentLine(size, people, None if price is None else price * size * people)
            for size, people in sorted(self.segments.items())
            if people
        ]

    def empty_fields(self) -> list[EmptyField]:
        return [EmptyField(name, count, tuple(self.empty[name])) for name, count in self.empty_count.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A text as one real recipient will read it, and its cost for the rows in the preview."""

    problems: list[TemplateProblem]
    warnings: list[TemplateProblem]
    position: int = 0
    count: int = 0
    row: int = 0
    """The number of the row whose text it is; 0 if there is none."""
    phone: str = ""
    text: str = ""
    parts: list[tuple[str, bool]] = field(default_factory=list)
    """Pieces of the text; True: it comes from the person's row."""
    encoding: str = ""
    units: int = 0
    segments: int = 0
    room: int = 0
    unusual: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    """Characters outside GSM-7 in any of those texts, the most frequent first: they raise the cost."""
    histogram: list[SegmentLine] = field(default_factory=list)
    total_segments: int = 0
    total_cost: Decimal | None = None
    empty_fields: list[EmptyField] = field(default_factory=list)
    too_long: int = 0
    too_long_rows: tuple[int, ...] = ()
    longest: tuple[int, int] = (0, 0)
    """Characters, and the row that has them."""
    exact: bool = True
    sampled: int = 0


def preview(
    contact_list: ContactList | None,
    text: str,
    *,
    position: int = 0,
    pick: Literal["", "longest", "dearest", "empty"] = "",
    price: Decimal | None = None,
    reach: countries.Reach = None,
) -> Preview:
    """One recipient's text and the cost over the first rows of the list; quick enough while typing."""
    names = contact_list.field_names if contact_list else ()
    personaliser = Personaliser(text, names)
    blocking = [problem for problem in personaliser.problems if not problem.warning]
    warnings = [problem for problem in personaliser.problems if problem.warning]
    if blocking or contact_list is None or not text.strip():
        return Preview(problems=blocking, warnings=warnings)
    sample = source_rows(contact_list, limit=personaliser.affordable(PREVIEW_ROWS), only_usable=True)
    rows = ReachFilter(reach).filter(sample)
    if not rows:
        return Preview(problems=blocking, warnings=warnings)
    exact = contact_list.contact_count <= len(sample)
    stats = TextStats()
    stats.add(personaliser, rows)
    row, place = pick_row(contact_list, rows, stats, position, pick)
    return replace(
        preview_row(personaliser, row),
        warnings=warnings,
        position=place,
        count=len(rows) if exact else contact_list.contact_count,
        signs=tuple(sign for sign, _ in stats.signs.most_common(8)),
        histogram=stats.lines(price),
        total_segments=stats.total_segments,
        total_cost=None if price is None else price * stats.total_segments,
        empty_fields=stats.empty_fields(),
        too_long=len(stats.too_long),
        too_long_rows=tuple(stats.too_long[:SHOWN_ROWS]),
        longest=(stats.longest[0], stats.longest[1].number if stats.longest[1] else 0),
        exact=exact,
        sampled=len(rows),
    )


def preview_row(personaliser: Personaliser, row: SourceRow) -> Preview:
    text = personaliser.render(row.cells())
    measured = measure(text)
    return Preview(
        problems=[],
        warnings=[],
        row=row.number,
        phone=row.phone,
        text=text,
        parts=personal_parts(personaliser, row),
        encoding=measured.encoding,
        units=measured.units,
        segments=measured.segments,
        room=measured.room,
        unusual=unusual(text),
    )


def pick_row(
    contact_list: ContactList, rows: list[SourceRow], stats: TextStats, position: int, pick: str
) -> tuple[SourceRow, int]:
    special = {
        "longest": stats.longest[1],
        "dearest": stats.most_expensive[1],
        "empty": stats.first_empty,
    }.get(pick)
    if special is not None:
        return special, rows.index(special)
    place = max(0, min(position, contact_list.contact_count - 1))
    if place < len(rows):
        return rows[place], place
    later = source_rows(contact_list, after=rows[-1].id, limit=place - len(rows) + 1, only_usable=True)
    return (later[-1], place) if later else (rows[-1], len(rows) - 1)


def personal_parts(personaliser: Personaliser, row: SourceRow) -> list[tuple[str, bool]]:
    cells = personaliser.bounded(row.cells())
    marked = [f"{_OPEN}{cell}{_CLOSE}" if cell.strip() else cell for cell in cells]
    pieces: list[tuple[str, bool]] = []
    left = MAX_SHOWN_CHARACTERS
    for number, piece in enumerate(personaliser.render(marked).split(_OPEN)):
        own, _, rest = piece.rpartition(_CLOSE) if number else ("", "", piece)
        for part, personal in ((own, True), (rest, False)):
            if part and left > 0:
                pieces.append((part if len(part) <= left else f"{part[:left]}…", personal))
                left -= len(part)
    return pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Who gets a text, who does not and why, what it costs, how long it takes: over all rows."""

    findings: list[Finding]
    rows: int
    texts: int
    duplicates: int
    invalid: int
    excluded: int
    segments: int
    histogram: list[SegmentLine]
    cost: Decimal | None
    rate: float
    minutes: float
    sender_label: str

    @property
    def ready(self) -> bool:
        return all(finding.level != "stop" for finding in self.findings)

    @property
    def excluded_opted_out(self) -> int:
        return self.excluded


def preflight(campaign: Campaign, terms: Terms) -> Preflight:
    """Check every row. Takes about a second for 100,000 rows."""
    contact_list, totals = campaign.contact_list, Counter[str]()
    stats, excluded, reachable = TextStats(), Counter[str](), ReachFilter(terms.reach)
    personaliser = Personaliser(campaign.text, contact_list.field_names if contact_list else ())
    if contact_list is not None:
        totals = import_totals(contact_list)
        for rows in all_source_rows(contact_list, only_usable=True):
            out = opted_out((row.phone for row in rows), simulated=terms.simulated)
            excluded.update(out.values())
            recipients = reachable.filter([row for row in rows if row.phone not in out])
            if recipients and not personaliser.blocked and campaign.text.strip():
                stats.add(personaliser, recipients)
    texts = totals["usable"] - excluded.total() - reachable.left_out - stats.left_out
    cost = None if terms.price is None or not stats.people else terms.price * stats.total_segments
    findings = check_draft(campaign, terms, personaliser)
    findings += check_audience(
        campaign, totals["rows"], texts, left_out_by_reason(totals, excluded, reachable, stats)
    )
    findings += reachable.warnings()
    findings += check_undecided(excluded[Exclusion.MAY_HAVE_OPTED_OUT])
    findings += check_texts(stats)
    return Preflight(
        findings=findings,
        rows=totals["rows"],
        texts=texts,
        duplicates=totals["duplicate"],
        invalid=totals["invalid"] + reachable.left_out + stats.left_out,
        excluded=excluded.total(),
        segments=stats.total_segments,
        histogram=stats.lines(terms.price),
        cost=cost,
        rate=terms.rate,
        minutes=texts / terms.rate if terms.rate else 0.0,
        sender_label=terms.label,
    )


def left_out_by_reason(
    totals: Counter[str], excluded: Counter[str], reachable: ReachFilter, stats: TextStats
) -> dict[LeftOut, int]:
    """Rows that get no text."""
    return {
        LeftOut.OPTED_OUT: excluded[Exclusion.OPTED_OUT],
        LeftOut.MAY_HAVE_OPTED_OUT: excluded[Exclusion.MAY_HAVE_OPTED_OUT],
        LeftOut.SUPPRESSED: excluded[Exclusion.SUPPRESSED],
        LeftOut.REPEATED: totals["duplicate"],
        LeftOut.NO_NUMBER: totals["invalid"],
        LeftOut.UNREACHED: reachable.left_out,
        LeftOut.TOO_LONG: stats.left_out,
    }


def import_totals(contact_list: ContactList) -> Counter[str]:
    """Counts of the imports, which are stored in the same transactions as the rows."""
    totals = Counter[str]()
    for done in Import.objects.filter(contact_list=contact_list, state=Import.State.DONE):
        totals.update(
            {
                "rows": done.row_count,
                ImportRow.Outcome.USABLE.value: done.usable_count,
                ImportRow.Outcome.DUPLICATE.value: done.duplicate_count,
                ImportRow.Outcome.INVALID.value: done.invalid_count,
            }
        )
    return totals


def check_texts(stats: TextStats) -> list[Finding]:
    findings = []
    if stats.too_long:
        about = {"count": len(stats.too_long), "rows": stats.too_long[:SHOWN_ROWS]}
        findings.append(
            Finding("look", FindingCode.SOME_TOO_LONG, about)
            if stats.left_out
            else Finding("stop", FindingCode.TOO_LONG, about)
        )
    if stats.empty_texts:
        about = {"count": len(stats.empty_texts), "rows": stats.empty_texts[:SHOWN_ROWS]}
        findings.append(Finding("stop", FindingCode.EMPTY_TEXTS, about))
    for empty in stats.empty_fields():
        gap = {"count": empty.people, "field": empty.field}
        findings.append(Finding("look", FindingCode.EMPTY_FIELDS, gap))
    return findings
