"""Makes messages of each type, with their attachments."""

from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.mailbox.media import fax_page, recording
from campaigns.simulator.mailbox.message import FAX, SMS, VOICEMAIL, Attachment, Mail


def text_attachment(text: str) -> Attachment:
    return Attachment(id=0, type="Text", content_type="text/plain", content=text.encode())


def _attachments_of(kind: str, text: str) -> list[Attachment]:
    """The attachments of a message. A voicemail's text is its transcript."""
    if kind == VOICEMAIL:
        audio = Attachment(
            id=0, type="AudioRecording", content_type="audio/x-wav", content=recording(3), seconds=3
        )
        transcript = Attachment(
            id=0, type="AudioTranscription", content_type="text/plain", content=text.encode(), seconds=3
        )
        return [audio, transcript] if text else [audio]
    if kind == FAX:
        content = fax_page(text.replace("\\", "").replace("(", "").replace(")", ""))
        return [
            Attachment(id=0, type="RenderedDocument", content_type="application/pdf", content=content),
        ]
    return [text_attachment(text)] if text else []


def _fields_of(kind: str, text: str) -> dict[str, Any]:
    if kind == VOICEMAIL:
        return {"vmTranscriptionStatus": "Completed" if text else "NotAvailable"}
    if kind == FAX:
        return {"faxPageCount": 1, "faxResolution": "High"}
    return {}


def make_mail(kind: str, *, inbound: bool, number: str, others: list[str], text: str, created: int) -> Mail:
    """A message as it came in or went out at `created`; unread if it came in."""
    return Mail(
        id=0,
        type=kind,
        inbound=inbound,
        number=number,
        others=others,
        created=created,
        modified=created,
        text=text if kind == SMS else "",
        read=not inbound,
        leaves=0 if inbound else created + SECOND,
        more=_fields_of(kind, text),
        attachments=_attachments_of(kind, text),
    )
