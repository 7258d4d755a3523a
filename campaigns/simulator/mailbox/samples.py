"""The content of a fresh mailbox: a few days of a small office."""

from typing import Any

from campaigns.simulator.carrier.clock import SECOND
from campaigns.simulator.carrier.numbers import P2P_NUMBER
from campaigns.simulator.mailbox.factory import make_mail
from campaigns.simulator.mailbox.mailbox import Mailbox
from campaigns.simulator.mailbox.media import picture
from campaigns.simulator.mailbox.message import DELETED, FAX, SMS, VOICEMAIL, Attachment

_HOUR = 3600
_ANN, _BEN, _CAT, _DAN = "+14155550142", "+14155550143", "+14155550144", "+14155550145"
_OFFICE = "+18445550146"

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
"""Type, seconds ago, inbound, the other side, text, other fields. Oldest first."""


def add_samples(mailbox: Mailbox, now: int) -> None:
    for kind, ago, inbound, others, text, extra in _SAMPLES:
        created = now - ago * SECOND
        mail = make_mail(kind, inbound=inbound, number=P2P_NUMBER, others=others, text=text, created=created)
        for name, value in extra.items():
            if name == "photo":
                mail.attachments.append(_PHOTO)
            else:
                setattr(mail, name, value)
        if mail.state == DELETED:
            mail.removed = mail.modified = now - 60 * _HOUR * SECOND
        mailbox.add(mail)
