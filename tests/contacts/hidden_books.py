"""Workbooks that hide rows and columns, written part by part as programs write them."""

import struct
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINKS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
TYPES = f'<Types xmlns="{PACKAGE}/content-types"/>'


def linked(*links: tuple[str, str, str]) -> str:
    """The part that says where links lead to: id, type and target of each."""
    made = "".join(f'<Relationship Id="{i}" Type="{kind}" Target="{target}"/>' for i, kind, target in links)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{made}</Relationships>'


def workbook(
    folder: Path,
    sheet: str,
    *,
    part: str = "xl/worksheets/sheet1.xml",
    target: str = "worksheets/sheet1.xml",
    namespace: str = MAIN,
    links: str = LINKS,
    name: str = "People",
    prefix: str = "",
) -> Path:
    """`sheet` is what stands inside the worksheet's root."""
    path = folder / "people.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", linked(("r", f"{links}/officeDocument", "xl/workbook.xml")))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{namespace}" xmlns:r="{links}"><sheets>'
            f'<sheet name="Old" sheetId="1" state="hidden" r:id="r1"/>'
            f'<sheet name="{name}" sheetId="2" r:id="r2"/></sheets></workbook>',
        )
        sheets = (
            ("r1", f"{links}/worksheet", "worksheets/old.xml"),
            ("r2", f"{links}/worksheet", target),
        )
        archive.writestr("xl/_rels/workbook.xml.rels", linked(*sheets))
        old = "".join(f'<row r="{number}" hidden="1"/>' for number in range(1, 9))
        archive.writestr(
            "xl/worksheets/old.xml",
            f'<worksheet xmlns="{namespace}"><sheetData>{old}</sheetData></worksheet>',
        )
        declared = f"xmlns:{prefix}".strip(":")
        root = f"{prefix}worksheet"
        archive.writestr(part, f'<{root} {declared}="{namespace}">{sheet}</{root}>')
    return path


def ods_row(values: tuple[str, ...], attributes: str = "") -> str:
    made = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        for value in values
    )
    return f"<table:table-row {attributes}>{made}</table:table-row>"


def open_document(folder: Path, table: str, styles: str = "") -> Path:
    path = folder / "people.ods"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{OASIS}:office:1.0" xmlns:table="{OASIS}:table:1.0" '
            f'xmlns:text="{OASIS}:text:1.0" xmlns:style="{OASIS}:style:1.0">'
            f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
            f'<table:table table:name="Hollow"><table:table-row table:visibility="collapse"/></table:table>'
            f'<table:table table:name="People">{table}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


def record(kind: int, data: bytes = b"") -> bytes:
    def varying(number: int) -> bytes:
        made = bytearray()
        while True:
            number, low = number >> 7, number & 0x7F
            made.append(low | (0x80 if number else 0))
            if not number:
                return bytes(made)

    return varying(kind) + varying(len(data)) + data


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_row(number: int, values: tuple[str, ...], *, hidden: bool = False) -> bytes:
    head = struct.pack("<IIHBBBI", number - 1, 0, 300, 0, 0x10 if hidden else 0, 0, 0)
    made = [record(6, struct.pack("<II", place, 0) + wide(value)) for place, value in enumerate(values)]
    return record(0, head) + b"".join(made)


def binary_workbook(folder: Path, rows: bytes, columns: bytes = b"") -> Path:
    path = folder / "people.xlsb"
    sheet = (
        record(129)
        + record(148, struct.pack("<IIII", 0, 9, 0, 2))
        + (record(390) + columns + record(391) if columns else b"")
        + record(145)
        + rows
        + record(146)
        + record(130)
    )
    bundle = record(156, struct.pack("<II", 0, 1) + wide("r1") + wide("People"))
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("xl/workbook.bin", record(131) + record(143) + bundle + record(144) + record(132))
        link = ("r1", f"{LINKS}/worksheet", "worksheets/sheet1.bin")
        archive.writestr("xl/_rels/workbook.bin.rels", linked(link))
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path
