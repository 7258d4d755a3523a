"""Messages of the mailbox as JSON."""

from typing import Any

from campaigns.simulator.carrier.numbers import BY_PHONE, EXTENSION_ID, EXTENSION_PATH, OWNER_NAME
from campaigns.simulator.carrier.segments import count_segments
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.mailbox.message import PURGED, SMS, VOICEMAIL, Attachment, Mail


def mail_record(mail: Mail, now: int, base: str, *, alone: bool = False) -> dict[str, Any]:
    """`base` ends with /restapi. A voicemail read `alone` also shows its other recipients."""
    store = f"{base}{EXTENSION_PATH}/message-store"
    state = mail.availability(now)
    attachments = [] if state == PURGED else mail.attachments
    record: dict[str, Any] = {
        "uri": f"{store}/{mail.id}",
        "id": mail.id,
        "extensionId": EXTENSION_ID,
        **parties(mail, now),
        "type": mail.type,
        "creationTime": iso_time_ms(mail.created),
        "lastModifiedTime": iso_time_ms(mail.changed(now)),
        "readStatus": "Read" if mail.read else "Unread",
        "priority": "Normal",
        "attachments": [attachment_record(one, f"{store}/{mail.id}/content") for one in attachments],
        "direction": "Inbound" if mail.inbound else "Outbound",
        "availability": state,
        "messageStatus": mail.status(now),
        **mail.more,
    }
    if mail.type == SMS:
        record |= sms_fields(mail, now, base)
    if alone and mail.type == VOICEMAIL:
        record["vmSideRecipients"] = [{"extensionId": EXTENSION_ID, "name": OWNER_NAME}]
    return record


def parties(mail: Mail, now: int) -> dict[str, Any]:
    own: dict[str, Any] = {"phoneNumber": mail.number, "name": OWNER_NAME}
    if location := BY_PHONE[mail.number].location:
        own["location"] = location
    if mail.inbound:
        sender = {"phoneNumber": mail.others[0]} | ({"name": mail.name} if mail.name else {})
        return {"from": sender, "to": [own]}
    status = mail.status(now)
    return {
        "from": own,
        "to": [{"phoneNumber": other, "messageStatus": status} for other in mail.others],
    }


def sms_fields(mail: Mail, now: int, base: str) -> dict[str, Any]:
    conversation = mail.conversation
    fields: dict[str, Any] = {
        "subject": mail.text,
        "conversationId": int(conversation),
        "conversation": {"id": conversation, "uri": f"{base}/v1.0/conversation/{conversation}"},
    }
    if not mail.inbound:
        fields |= {"smsSendingAttemptsCount": 1, "segmentCount": count_segments(mail.text)}
        if mail.status(now) == "SendingFailed":
            fields["deliveryErrorCode"] = mail.failure
    return fields


def attachment_record(one: Attachment, base: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": one.id,
        "uri": f"{base}/{one.id}",
        "type": one.type,
        "contentType": one.content_type,
        "size": len(one.content),
    }
    if one.name:
        record["fileName"] = one.name
    if one.seconds:
        record["vmDuration"] = one.seconds
    return record
