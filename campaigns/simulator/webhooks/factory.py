"""Makes events, with RingCentral's bodies, from changes of texts, opt-outs and the mailbox."""

from collections.abc import Callable, Iterator
from typing import Any

from campaigns.simulator.carrier.blocks import Batch, Inbound
from campaigns.simulator.carrier.numbers import EXTENSION_ID
from campaigns.simulator.carrier.opt_outs import Change
from campaigns.simulator.carrier.progress import Progress
from campaigns.simulator.carrier.timestamps import iso_time, iso_time_ms
from campaigns.simulator.mailbox.mailbox import Entry
from campaigns.simulator.mailbox.message import SMS
from campaigns.simulator.records.high_volume import batch_record, inbound_record, outbound_record
from campaigns.simulator.records.mail import mail_record
from campaigns.simulator.webhooks.events import (
    BATCHES,
    CONSENTS,
    INSTANT,
    MAILBOX,
    MESSAGES,
    OPT_OUTS,
    Event,
)


def _without_links(body: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    return lambda _: body


def inbound_event(message: Inbound) -> Event:
    body = inbound_record(message, with_text=True)
    attributes = {"direction": "Inbound", "from": message.sender, "to": message.receiver}
    return Event(message.created, MESSAGES, attributes, _without_links(body))


def outbound_event(progress: Progress, batch: Batch, index: int) -> Event:
    attributes = {
        "direction": "Outbound",
        "from": batch.sender,
        "to": batch.to[index],
        "batchId": batch.id,
    }
    return Event(
        progress.now,
        MESSAGES,
        attributes,
        lambda _: outbound_record(progress, batch, index, with_text=True),
    )


def completed_event(progress: Progress, batch: Batch) -> Event:
    body = batch_record(progress, batch)
    del body["rejected"]
    return Event(progress.now, BATCHES, {"id": batch.id, "from": batch.sender}, _without_links(body))


def opt_out_events(change: Change) -> Iterator[Event]:
    """In both, `from` is the account's number, even if the recipient sent the keyword."""
    older = {"from": change.sender, "to": change.recipient, "active": change.stopped}
    newer = {
        "from": change.sender,
        "to": change.recipient,
        "optStatus": change.status,
        "source": change.source,
        "lastModifiedTime": iso_time(change.at),
    }
    yield Event(change.at, OPT_OUTS, {"from": change.sender}, _without_links(older))
    yield Event(change.at, CONSENTS, {}, _without_links({"records": [newer]}))


def mailbox_events(entry: Entry) -> Iterator[Event]:
    mail, at = entry.mail, entry.at
    attributes = {"type": mail.type, "direction": "Inbound" if mail.inbound else "Outbound"}
    counts = {"newCount": 1, "newMessageIds": [mail.id]} if entry.new else {"updatedCount": 1}
    body = {
        "extensionId": EXTENSION_ID,
        "lastUpdated": iso_time_ms(at),
        "changes": [{"type": mail.type, **counts}],
    }
    yield Event(at, MAILBOX, attributes, _without_links(body))
    if entry.new and mail.inbound and mail.type == SMS:

        def instant(base: str) -> dict[str, Any]:
            return mail_record(mail, at, base) | {
                "id": str(mail.id),
                "conversationId": mail.conversation,
                "eventType": "Create",
                "ownerId": EXTENSION_ID,
            }

        yield Event(at, INSTANT, attributes, instant)
