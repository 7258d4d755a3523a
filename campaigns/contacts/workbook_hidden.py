"""Which rows and columns of a workbook's sheet are hidden or filtered out; calamine does not report them.

Runs in the child process of `workbook_subprocess`, in one linear pass over the sheet's part. The XML parser
refuses document types, so that no entity exists. The sizes of all parts were checked before, and nesting
costs only the memory that the process is limited to. A part that cannot be found or read raises `Unreadable`:
nobody may be texted because we could not tell that their row is hidden.

Hidden is what the spreadsheet does not show: hidden by hand, by a filter or in a closed group (files write
all three alike), of height 0 or of width 0. A row that the file holds is governed by its own attributes
alone: `zeroHeight` hides only the rows that the file leaves out, and those have no cells.
"""

import posixpath
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import unquote
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

MAX_COLUMNS = 16_384
_PIECE = 1 << 20
_MAX_NAMES = 10_000
"""Elements of different names to remember: no sheet has more, and none may fill the memory with them."""
_TRUE = frozenset({"1", "true", "on"})
_BROKEN = (
    *(BadZipFile, zlib.error, expat.ExpatError, struct.error),
    *(EOFError, OSError, LookupError, ValueError, RuntimeError),
)

Attributes = dict[str, str]
Handlers = Mapping[str, Callable[[Attributes], None]]
"""What to do with an element, by its name without a prefix."""


class Unreadable(Exception):  # noqa: N818 — a problem of the file is no error of ours
    """The workbook does not say which rows are hidden, because a part of it is missing or broken."""


@dataclass(slots=True)
class Hidden:
    """One byte for each row and each column, 1 if it is hidden; no more, whatever the file says."""

    rows: bytearray
    columns: bytearray = field(default_factory=lambda: bytearray(MAX_COLUMNS))


def find(source: str, sheet: str, max_rows: int) -> Hidden:
    """What is hidden in the sheet of this name, in its first `max_rows` rows. Raises Unreadable."""
    hidden = Hidden(bytearray(max_rows))
    try:
        with ZipFile(source) as archive:
            parts = _Parts(archive)
            if "content.xml" in parts.names:
                table = _OpenTable(hidden, sheet)
                parts.parse("content.xml", table.starts, table.ends)
                return hidden
            book = parts.main_part()
            if book.endswith(".bin"):
                _read_binary_sheet(hidden, parts.read(_binary_part(parts, book, sheet)))
            else:
                parts.parse(_sheet_part(parts, book, sheet), _OfficeSheet(hidden).starts)
    except _BROKEN as error:
        raise Unreadable(str(error)) from error
    return hidden


class _ByFullName(dict[str, Callable[[Attributes], None] | None]):
    """Handlers by names as they stand in the file: with the prefix that its writer chose, if any."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__()
        self._handlers = handlers

    def __missing__(self, name: str) -> Callable[[Attributes], None] | None:
        handler = self._handlers.get(name.rpartition(":")[2])
        if len(self) < _MAX_NAMES:
            self[name] = handler
        return handler


def _caller(handlers: Handlers) -> Callable[[str, Attributes], None]:
    known = _ByFullName(handlers)

    def call(name: str, attributes: Attributes) -> None:
        if handler := known[name]:
            handler(attributes)

    return call


class _Parts:
    """The parts of a workbook by their names, in lower case and with plain slashes."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self.names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}

    def read(self, part: str) -> bytes:
        return self._archive.read(self.names[part])

    def parse(self, part: str, starts: Handlers, ends: Handlers | None = None) -> None:
        """One pass over a part, with what to do where an element begins, and where it ends."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = _caller(starts)
        if ends:
            at_end = _caller(ends)
            parser.EndElementHandler = lambda name: at_end(name, {})
        parser.StartDoctypeDeclHandler = _refuse_doctype
        with self._archive.open(self.names[part]) as file:
            while piece := file.read(_PIECE):
                parser.Parse(piece)
            parser.Parse(b"", True)

    def main_part(self) -> str:
        """The workbook itself."""
        linked = [
            target for kind, target in self._links("_rels/.rels", "").values() if kind == "officedocument"
        ]
        usual = ("xl/workbook.xml", "xl/workbook.bin")
        return next(part for part in (*linked, *usual) if part in self.names)

    def links_of(self, part: str) -> dict[str, str]:
        """Where the links of a part lead to, by their ids."""
        folder, name = posixpath.split(part)
        links = self._links(posixpath.join(folder, "_rels", f"{name}.rels"), folder)
        return {key: target for key, (_, target) in links.items()}

    def _links(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        links: dict[str, tuple[str, str]] = {}

        def link(attributes: Attributes) -> None:
            kind = attributes.get("Type", "").lower().rpartition("/")[2]
            links[attributes.get("Id", "")] = kind, self._resolve(folder, attributes.get("Target", ""))

        if part in self.names:
            self.parse(part, {"Relationship": link})
        return links

    def _resolve(self, folder: str, target: str) -> str:
        """The part that a link means, from the root or from the folder; empty if there is none."""
        target = target.replace("\\", "/").lower()
        ways = [
            posixpath.normpath(posixpath.join("/", folder, spelling)).lstrip("/")
            for spelling in (target, unquote(target))
        ]
        return next((way for way in ways if way in self.names), "")


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("a document type")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else otherwise


def _says(attributes: Attributes, name: str) -> bool:
    return attributes.get(name, "").strip().lower() in _TRUE


def _is_zero(text: str | None) -> bool:
    """A height or width of nothing, with or without a unit, such as 0, 0.00 or 0cm."""
    digits = (text or "").strip().rstrip(ascii_lowercase + "%")
    return "0" in digits and not digits.strip("+-0.")


def _mark(flags: bytearray, first: int, past: int) -> None:
    past = min(past, len(flags))
    if 0 <= first < past:
        flags[first:past] = b"\1" * (past - first)


def _sheet_part(parts: _Parts, book: str, sheet: str) -> str:
    """The part with the cells of a sheet. Raises KeyError."""
    ids: dict[str, str] = {}

    def note(attributes: Attributes) -> None:
        link = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
        ids.setdefault(attributes.get("name", ""), link)

    parts.parse(book, {"sheet": note})
    return parts.links_of(book)[ids[sheet]]


class _OfficeSheet:
    """Notes the hidden rows and columns of a sheet of .xlsx or .xlsm."""

    def __init__(self, hidden: Hidden) -> None:
        self.starts: Handlers = {
            "sheetFormatPr": self._defaults,
            "col": self._columns,
            "sheetData": self._uncovered_columns,
            "row": self._row,
            "c": self._cell,
        }
        self._hidden = hidden
        self._row_number = 0
        self._row_is_hidden = False
        self._flat = False
        """Rows without a height of their own have none."""
        self._narrow = False
        """Columns that the file does not describe have no width."""
        self._described = bytearray(MAX_COLUMNS)

    def _defaults(self, attributes: Attributes) -> None:
        self._flat = _is_zero(attributes.get("defaultRowHeight")) and _says(attributes, "customHeight")
        self._narrow = _is_zero(attributes.get("defaultColWidth"))

    def _columns(self, attributes: Attributes) -> None:
        first, last = _number(attributes.get("min"), 1), _number(attributes.get("max"), MAX_COLUMNS)
        _mark(self._described, first - 1, last)
        if _says(attributes, "hidden") or _is_zero(attributes.get("width")):
            _mark(self._hidden.columns, first - 1, last)

    def _uncovered_columns(self, _: Attributes) -> None:
        if self._narrow:
            for place, described in enumerate(self._described):
                self._hidden.columns[place] |= not described

    def _row(self, attributes: Attributes) -> None:
        self._row_number = _number(attributes.get("r"), self._row_number + 1)
        height = attributes.get("ht")
        if len(attributes) > 1 or self._flat:
            # Excel shows no row whose own height is announced and missing.
            missing = height is None and (self._flat or _says(attributes, "customHeight"))
            self._row_is_hidden = missing or _is_zero(height) or _says(attributes, "hidden")
        else:
            self._row_is_hidden = _says(attributes, "hidden")

    def _cell(self, attributes: Attributes) -> None:
        """The first cell of a hidden row. Where it names its row, that counts, as for the reader of cells."""
        if self._row_is_hidden:
            self._row_is_hidden = False
            own = attributes.get("r", "").lstrip(ascii_uppercase)
            number = _number(own, self._row_number)
            _mark(self._hidden.rows, number - 1, number)


class _OpenTable:
    """Notes the hidden rows and columns of a table of .ods."""

    def __init__(self, hidden: Hidden, sheet: str) -> None:
        self.starts: Handlers = {
            "style": self._style,
            "table-row-properties": self._size,
            "table-column-properties": self._size,
            "table": self._begin,
            "table-column": self._columns,
            "table-row": self._rows,
            "table-row-group": self._group,
            "table-column-group": self._group,
        }
        self.ends: Handlers = {
            "table": self._finish,
            "table-row-group": self._end_of_group,
            "table-column-group": self._end_of_group,
        }
        self._hidden = hidden
        self._sheet: str | None = sheet
        self._inside = False
        self._row = self._column = 0
        self._style_name = ""
        self._sizeless: set[str] = set()
        """Names of styles without any height or width."""
        self._closed: list[bool] = []
        """For each group that the parser is in, whether it is folded up."""

    def _style(self, attributes: Attributes) -> None:
        self._style_name = attributes.get("style:name", "")

    def _size(self, attributes: Attributes) -> None:
        if _is_zero(attributes.get("style:row-height")) or _is_zero(attributes.get("style:column-width")):
            self._sizeless.add(self._style_name)

    def _begin(self, attributes: Attributes) -> None:
        if attributes.get("table:name") == self._sheet:
            self._inside = True

    def _finish(self, _: Attributes) -> None:
        if self._inside:
            self._inside, self._sheet = False, None

    def _columns(self, attributes: Attributes) -> None:
        if self._inside:
            first, repeated = self._column, _number(attributes.get("table:number-columns-repeated"), 1)
            self._column += repeated
            if self._hides(attributes):
                _mark(self._hidden.columns, first, self._column)

    def _rows(self, attributes: Attributes) -> None:
        if self._inside:
            first, repeated = self._row, _number(attributes.get("table:number-rows-repeated"), 1)
            self._row += repeated
            if self._hides(attributes):
                _mark(self._hidden.rows, first, self._row)

    def _hides(self, attributes: Attributes) -> bool:
        return (
            attributes.get("table:visibility") in ("collapse", "filter")
            or attributes.get("table:style-name") in self._sizeless
            or any(self._closed)
        )

    def _group(self, attributes: Attributes) -> None:
        self._closed.append(attributes.get("table:display") == "false")

    def _end_of_group(self, _: Attributes) -> None:
        self._closed.pop()


_ROW, _COLUMNS, _BOOK_SHEET = 0, 60, 156
"""Records of .xlsb: BrtRowHdr, BrtColInfo, BrtBundleSh."""


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The records that tell of rows, columns and sheets. Raises ValueError where one is cut off."""
    place = 0
    while place < len(data):
        kind, place = _varying(data, place, 2)
        length, place = _varying(data, place, 4)
        if place + length > len(data):
            raise ValueError("a record is cut off")
        if kind in (_ROW, _COLUMNS, _BOOK_SHEET):
            yield kind, data[place : place + length]
        place += length


def _varying(data: bytes, place: int, most: int) -> tuple[int, int]:
    """A number of up to `most` bytes with seven bits in each, and the place after it. Raises IndexError."""
    number = 0
    for shift in range(most):
        byte = data[place + shift]
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number, place + shift + 1
    return number, place + most


def _binary_part(parts: _Parts, book: str, sheet: str) -> str:
    """The part with the cells of a sheet. Raises KeyError."""
    for kind, record in _records(parts.read(book)):
        if kind == _BOOK_SHEET:
            link, rest = _text(record[8:])
            if _text(rest)[0] == sheet:
                return parts.links_of(book)[link]
    raise KeyError(sheet)


def _text(data: bytes) -> tuple[str, bytes]:
    """A text with its length in front, and what follows it."""
    (length,) = struct.unpack_from("<I", data)
    return data[4 : 4 + 2 * length].decode("utf-16-le"), data[4 + 2 * length :]


def _read_binary_sheet(hidden: Hidden, data: bytes) -> None:
    """Notes the hidden rows and columns of a sheet of .xlsb."""
    for kind, record in _records(data):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", record)
            if record[11] & 0x10:  # its height is zero
                _mark(hidden.rows, row, row + 1)
        elif kind == _COLUMNS:
            first, last, width = struct.unpack_from("<III", record)
            if record[16] & 0x01 or not width:
                _mark(hidden.columns, first, last + 1)
