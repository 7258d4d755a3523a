"""Files for attachments: a recording, a picture and a fax page."""

import io
import math
import struct
import wave
import zlib
from functools import cache


@cache
def recording(seconds: int) -> bytes:
    """A quiet tone as a WAV file."""
    rate = 8000
    tone = bytes(int(128 + 24 * math.sin(math.tau * 440 * x / rate)) for x in range(rate))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate)
        out.writeframes(tone * seconds)
    return file.getvalue()


@cache
def picture(side: int = 32) -> bytes:
    """A square that fades from red to blue, as a PNG file."""
    rows = b"".join(
        b"\0" + bytes(part for x in range(side) for part in (255 - x * 7, row * 4, x * 7))
        for row in range(side)
    )
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@cache
def fax_page(line: str) -> bytes:
    """One page with one line, as a PDF file."""
    content_stream = f"BT /F1 18 Tf 72 720 Td ({line}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content_stream), content_stream),
    )
    file, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size, start = len(objects) + 1, len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return file + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)
