"""Tables in HTML."""

from dataclasses import dataclass
from html import escape

from campaigns.simulator.carrier.timestamps import iso_time

Row = list[str | int]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str = ""
    """`n` for numbers, which are aligned to the right; `wide` for text that may wrap."""


def plain_columns(*names: str) -> list[Column]:
    return [Column(name) for name in names]


def number_columns(*names: str) -> list[Column]:
    return [Column(name, "n") for name in names]


def format_moment(microseconds: int) -> str:
    return iso_time(microseconds)[:19].replace("T", " ")


def table(title: str, columns: list[Column], rows: list[Row], empty: str) -> str:
    """A heading and a table that scrolls on a narrow screen, also by keyboard."""
    if not rows:
        return f"<h2>{title}</h2><p>{empty}</p>"
    head = "".join(f'<th scope="col" class="{column.kind}">{column.name}</th>' for column in columns)
    lines = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in rows)
    return (
        f'<h2>{title}</h2><div class="table" tabindex="0" role="region" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(column: Column, value: str | int) -> str:
    text = f"{value:,}" if isinstance(value, int) else escape(value)
    return f'<td class="{column.kind}">{text}</td>'
