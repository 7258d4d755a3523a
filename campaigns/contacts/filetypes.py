"""What a file is by its first bytes, whatever its name says."""

import re
from zipfile import BadZipFile, ZipFile

from campaigns.contacts.errors import FileCode, FileKind, FileProblem

_SIGNATURES: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x89PNG", FileKind.PNG),
    (b"\xff\xd8\xff", FileKind.JPEG),
    (b"GIF8", FileKind.GIF),
    (b"II*\x00", FileKind.TIFF),
    (b"MM\x00*", FileKind.TIFF),
    (b"%PDF", FileKind.PDF),
    (b"{\\rtf", FileKind.RTF),
    (b"MZ", FileKind.PROGRAM),
    (b"\x7fELF", FileKind.PROGRAM),
    (b"\xfe\xed\xfa", FileKind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", FileKind.PROGRAM),
    (b"\x1f\x8b", FileKind.GZIP),
    (b"BZh", FileKind.BZIP2),
    (b"\xfd7zXZ", FileKind.XZ),
    (b"7z\xbc\xaf", FileKind.SEVEN_ZIP),
    (b"Rar!", FileKind.RAR),
    (b"ID3", FileKind.SOUND),
    (b"OggS", FileKind.SOUND),
    (b"SQLite format 3", FileKind.DATABASE),
    (b"PAR1", FileKind.PARQUET),
)
_RIFF = {b"WEBP": FileKind.WEBP, b"WAVE": FileKind.SOUND, b"AVI ": FileKind.FILM}
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|table|svg|\?xml)\b", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MP4_BRAND = slice(4, 8)


def refuse_foreign(head: bytes) -> None:
    """Raises FileProblem if these first bytes belong to something that can never be a spreadsheet."""
    if head.startswith(_OLE):
        raise FileProblem(FileCode.OLD_EXCEL)
    kind = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
    if kind is FileKind.PROGRAM and head.startswith(b"MZ") and b"\x00" not in head:
        kind = None  # a list may well begin with the letters MZ
    if head.startswith(b"RIFF"):
        kind = _RIFF.get(head[8:12])
    if head[_MP4_BRAND] == b"ftyp":
        kind = FileKind.PHONE_FILM
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        kind = FileKind.MARKUP
    if kind:
        raise FileProblem(FileCode.NOT_A_SPREADSHEET, kind=kind)


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
    kind = FileKind.ZIP
    if "word/document.xml" in names or "mimetype" in names:
        kind = FileKind.DOCUMENT
    if "ppt/presentation.xml" in names:
        kind = FileKind.PRESENTATION
    if "Index/Document.iwa" in names:
        kind = FileKind.IWORK
    if "META-INF/MANIFEST.MF" in names:
        kind = FileKind.PROGRAM
    raise FileProblem(FileCode.NOT_A_SPREADSHEET, kind=kind)


def _mimetype(archive: ZipFile) -> bytes:
    try:
        with archive.open("mimetype") as file:
            return file.read(100)
    except (BadZipFile, RuntimeError, NotImplementedError):
        return b""
