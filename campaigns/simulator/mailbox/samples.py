"""What a fresh mailbox holds: a few days of a small office."""

from __future__ import annotations

import io
import math
import struct
import wave
import zlib
from functools import cache
from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.numbers import P2P_NUMBER
from campaigns.simulator.mailbox.mailbox import DELETED, FAX, SMS, VOICEMAIL, Attachment, Mail, Mailbox

_HOUR = 3600
_ANN, _BEN, _CAT, _DAN = "+14155550142", "+14155550143", "+14155550144", "+14155550145"
_OFFICE = "+18445550146"


@cache
def recording(seconds: int) -> bytes:
    """A quiet tone as a WAV file."""
    rate = 8000
    tone = bytes(int(128 + 24 * math.sin(math.tau * 440 * place / rate)) for place in range(rate))
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
        b"\0" + bytes(part for place in range(side) for part in (255 - place * 7, row * 4, place * 7))
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
def page_of_fax(line: str) -> bytes:
    """One page with one line, as a PDF file."""
    shown = f"BT /F1 18 Tf 72 720 Td ({line}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
    )
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return file + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)


def text_attachment(text: str) -> Attachment:
    return Attachment(id=0, type="Text", content_type="text/plain", content=text.encode())


def attachments_of(kind: str, text: str) -> list[Attachment]:
    """What a message of a kind carries. A voicemail's text is what the machine understood."""
    if kind == VOICEMAIL:
        sound = Attachment(
            id=0, type="AudioRecording", content_type="audio/x-wav", content=recording(3), seconds=3
        )
        heard = Attachment(
            id=0, type="AudioTranscription", content_type="text/plain", content=text.encode(), seconds=3
        )
        return [sound, heard] if text else [sound]
    if kind == FAX:
        content = page_of_fax(text.replace("\\", "").replace("(", "").replace(")", ""))
        return [
            Attachment(id=0, type="RenderedDocument", content_type="application/pdf", content=content),
        ]
    return [text_attachment(text)] if text else []


def fields_of(kind: str, text: str) -> dict[str, Any]:
    if kind == VOICEMAIL:
        return {"vmTranscriptionStatus": "Completed" if text else "NotAvailable"}
    if kind == FAX:
        return {"faxPageCount": 1, "faxResolution": "High"}
    return {}


def make_mail(kind: str, *, inbound: bool, ours: str, others: list[str], text: str, created: int) -> Mail:
    """A message as it came in or went out at `created`; unread if it came in."""
    return Mail(
        id=0,
        type=kind,
        inbound=inbound,
        ours=ours,
        others=others,
        created=created,
        modified=created,
        text=text if kind == SMS else "",
        read=not inbound,
        leaves=0 if inbound else created + SECOND,
        more=fields_of(kind, text),
        attachments=attachments_of(kind, text),
    )


_PHOTO = Attachment(
    id=0, type="MmsAttachment", content_type="image/png", content=picture(), name="window.png"
)

_SAMPLES: tuple[tuple[str, int, bool, list[str], str, dict[str, Any]], ...] = (
    (SMS, 190 * _HOUR, True, [_DAN], "Wrong number, sorry", {"read": True, "state": DELETED}),
    (FAX, 75 * _HOUR, False, [_OFFICE], "Order 1042", {}),
    (SMS, 74 * _HOUR, True, [_CAT], "Thanks, see you on Monday!", {"read": True, "name": "Cat Lee"}),
    (VOICEMAIL, 50 * _HOUR, True, [_OFFICE], "", {"read": True, "name": "Head office"}),
    (SMS, 30 * _HOUR, False, [_DAN], "Your order is ready to collect.", {"failure": "SMS-UP-410"}),
    (SMS, 9 * _HOUR, False, [_ANN, _BEN], "We open an hour later tomorrow.", {}),
    (FAX, 7 * _HOUR, True, [_OFFICE], "Price list", {"name": "Head office"}),
    (VOICEMAIL, 5 * _HOUR, True, [_BEN], "Please call me back about my order.", {"name": "Ben Ortiz"}),
    (SMS, 3 * _HOUR, True, [_CAT], "Is this the right part?", {"name": "Cat Lee", "photo": True}),
    (SMS, 1200, True, [_ANN], "Hi, are you open on Saturday?", {"name": "Ann Fox"}),
    (SMS, 1080, False, [_ANN], "Yes, from 9 to 1.", {}),
)
"""Type, seconds ago, whether it came in, the other side, text, and what else is known. Oldest first."""


def fill(mailbox: Mailbox, now: int) -> None:
    for kind, ago, inbound, others, text, known in _SAMPLES:
        created = now - ago * SECOND
        mail = make_mail(kind, inbound=inbound, ours=P2P_NUMBER, others=others, text=text, created=created)
        for name, value in known.items():
            if name == "photo":
                mail.attachments.append(_PHOTO)
            else:
                setattr(mail, name, value)
        if mail.state == DELETED:
            mail.removed = mail.modified = now - 60 * _HOUR * SECOND
        mailbox.add(mail)
