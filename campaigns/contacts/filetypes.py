"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import re
from zipfile import BadZipFile, ZipFile

from campaigns.contacts.errors import FileCode, FileProblem

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\xfe\xed\xfa", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"BZh", "a compressed file (bzip2)"),
    (b"\xfd7zXZ", "a compressed file (xz)"),
    (b"7z\xbc\xaf", "a compressed folder (7z)"),
    (b"Rar!", "a compressed folder (RAR)"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"SQLite format 3", "a database"),
    (b"PAR1", "a Parquet table"),
)
_RIFF = {b"WEBP": "a picture (WebP)", b"WAVE": "a sound file", b"AVI ": "a film"}
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|table|svg|\?xml)\b", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MP4_BRAND = slice(4, 8)


def refuse_foreign(head: bytes) -> None:
    """Raises FileProblem if these first bytes belong to something that can never be a spreadsheet."""
    if head.startswith(_OLE):
        raise FileProblem(FileCode.OLD_EXCEL)
    what = next((name for signature, name in _SIGNATURES if head.startswith(signature)), "")
    if what == "a program" and head.startswith(b"MZ") and b"\x00" not in head:
        what = ""  # a list may well begin with the letters MZ
    if head.startswith(b"RIFF"):
        what = _RIFF.get(head[8:12], "")
    if head[_MP4_BRAND] == b"ftyp":
        what = "a film or a picture of a phone"
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        what = "a web page or XML file"
    if what:
        raise FileProblem(FileCode.NOT_A_SPREADSHEET, what=what)


def is_zip(head: bytes) -> bool:
    return head.startswith(_ZIP)


def refuse_other_zips(archive: ZipFile) -> None:
    """Raises FileProblem unless the archive is a workbook that can be read (.xlsx, .xlsm, .xlsb or .ods)."""
    names = set(archive.namelist())
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return
    if "mimetype" in names and _mimetype(archive).startswith(
        b"application/vnd.oasis.opendocument.spreadsheet"
    ):
        return
    what = "a compressed folder (zip)"
    if "word/document.xml" in names or "mimetype" in names:
        what = "a document"
    if "ppt/presentation.xml" in names:
        what = "a presentation"
    if "Index/Document.iwa" in names:
        what = "an Apple Numbers or Pages file"
    if "META-INF/MANIFEST.MF" in names:
        what = "a program"
    raise FileProblem(FileCode.NOT_A_SPREADSHEET, what=what)


def _mimetype(archive: ZipFile) -> bytes:
    try:
        with archive.open("mimetype") as file:
            return file.read(100)
    except (BadZipFile, RuntimeError, NotImplementedError):
        return b""
