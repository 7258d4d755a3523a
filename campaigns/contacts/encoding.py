"""Detect the encoding of a text file in one pass over its bytes, a chunk at a time.

The pass also refuses what no list of people holds (many zero bytes, endless lines) before a row is used.
"""

import codecs
import re
from pathlib import Path

from campaigns.contacts.errors import MAX_ROWS, FileCode, FileProblem

CHUNK = 1 << 20
"""Bytes read at once; no line may be longer."""
_STRAY_ZEROS = 2
"""Zero bytes that a list may hold, one more per `_ROWS_A_ZERO` rows; their rows are not used."""
_ROWS_A_ZERO = 20
_SAMPLE = 1 << 16
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = ("cp1252", "mac_roman")
"""What Excel calls CSV on Windows and on a Mac where most lists of US and Canadian people are made."""
_ODD_SHARE = 0.2
"""Above this share of improbable signs a text is not in that encoding."""
_SIGNS = frozenset("“”‘’„‚–—…•·«»¿¡€£¥©®™°´×½¼¾²³ªº‹›\xa0")
_INSIDE_WORDS = frozenset("’·\xad")
_LATIN_LETTERS = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸƒ]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")


class _UndecodableError(Exception):
    def __init__(self, offset: int, row: int) -> None:
        self.offset = offset
        self.row = row


def survey(path: Path) -> str:
    """The name of a Python codec that decodes the whole file, its byte order mark included.

    Reads the file once if it is in UTF-8 or UTF-16. Raises FileProblem.
    """
    with path.open("rb") as file:
        wide = _wide_encoding(file.read(_SAMPLE))
    try:
        return _read_through(path, wide or "utf-8-sig")
    except _UndecodableError as error:
        if wide:
            raise FileProblem(FileCode.ENCODING, row=error.row) from error
        offset, row = error.offset, error.row
    for encoding in _legacy_encodings(path, offset):
        try:
            return _read_through(path, encoding)
        except _UndecodableError as error:
            row = error.row
    raise FileProblem(FileCode.ENCODING, row=row)


def _wide_encoding(head: bytes) -> str:
    """UTF-16 or UTF-32, by its mark, or by zeros in every second byte as Latin letters have them; else ""."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    pairs = len(head) // 2
    first, second = head[: pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if second > pairs * 0.4 and first < pairs * 0.1:
        return "utf-16-le"
    if first > pairs * 0.4 and second < pairs * 0.1:
        return "utf-16-be"
    return ""


def _read_through(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = place = zeros = row_of_zero = 0
    quotes = False
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                # A text that claims to be UTF-16 and has no mark is refused as a whole, not at a byte.
                start = error.start if isinstance(error, UnicodeDecodeError) else 0
                good = chunk[:start].count(b"\n")
                raise _UndecodableError(place + start, lines + good + 1) from error
            if "\0" in text:
                zeros += text.count("\0")
                row_of_zero = row_of_zero or lines + text.count("\n", 0, text.index("\0")) + 1
            ends = text.count("\n") or text.count("\r")
            if not ends and len(chunk) == CHUNK:
                raise FileProblem(FileCode.LONG_LINE, row=lines + 1)
            lines += ends
            quotes = quotes or '"' in text
            if lines > MAX_ROWS + 1 and not quotes:
                raise FileProblem(FileCode.TOO_MANY_ROWS)
            if zeros > max(_STRAY_ZEROS, lines // _ROWS_A_ZERO):
                raise FileProblem(FileCode.NUL, row=row_of_zero)
            if not chunk:
                return encoding
            place += len(chunk)


def _legacy_encodings(path: Path, offset: int) -> list[str]:
    """Eight-bit and East Asian encodings to try, the likeliest first, judged by the text around an offset.

    chardet knows them all, but names are too little text for it: it takes "José" in Windows-1252 for
    Hungarian. The western ones are tried first and chosen where they give probable words.
    """
    with path.open("rb") as file:
        file.seek(max(0, offset - _SAMPLE // 2))
        sample = file.read(_SAMPLE)
    as_utf8 = _FOREIGN.findall(sample.decode("utf-8", "replace"))
    if as_utf8.count("\ufffd") * 2 < len(as_utf8):
        return []  # UTF-8 with some rows from elsewhere: no one encoding gives all names right
    oddness = {encoding: _odd_share(sample.decode(encoding, "replace")) for encoding in _WESTERN}
    western = sorted(_WESTERN, key=lambda encoding: oddness[encoding])
    if oddness[western[0]] <= _ODD_SHARE:
        return western
    return [
        encoding
        for encoding in _by_chardet(sample)
        if not _CONTROLS.search(sample.decode(encoding, "replace"))
    ]


def _by_chardet(sample: bytes) -> list[str]:
    import chardet

    foreign = b"\n".join(line for line in sample.splitlines() if not line.isascii())
    encoding = chardet.detect(foreign)["encoding"]
    try:
        return [codecs.lookup(encoding).name] if encoding else []
    except LookupError:
        return []


def _odd_share(text: str) -> float:
    """Share of the non-ASCII characters that western languages do not use in this way."""
    foreign = list(_FOREIGN.finditer(text))
    odd = sum(
        _is_odd(text[max(0, at.start() - 1) : at.start()], at[0], text[at.end() : at.end() + 1])
        for at in foreign
    )
    return odd / len(foreign) if foreign else 0.0


def _is_odd(before: str, sign: str, after: str) -> bool:
    if sign.isalpha() and sign not in _SIGNS:
        surrounded = not before.isascii() and not after.isascii() and before.isalpha() and after.isalpha()
        return not _LATIN_LETTERS.match(sign) or surrounded or (sign.isupper() and before.islower())
    if sign in _INSIDE_WORDS:
        return False
    return sign not in _SIGNS or (before.isalpha() and after.isalpha()) or (sign in "£¥" and after.isalpha())
