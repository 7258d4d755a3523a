"""The archives of an export: archive 0 has the records as JSON, archive 1 the attachments if any."""

import io
import zipfile

import orjson

from campaigns.simulator.api.report_tasks import ReportTask
from campaigns.simulator.mailbox.mailbox import Mailbox
from campaigns.simulator.mailbox.message import PURGED, TYPES
from campaigns.simulator.records.mail import mail_record


def contents(mailbox: Mailbox, task: ReportTask, now: int, base: str) -> list[dict[str, bytes]]:
    """For each archive its files by name."""
    mails = [
        mail
        for mail in mailbox.newest_first(now)
        if task.since <= mail.created <= task.until and mail.type in (task.types or TYPES)
    ]
    records = orjson.dumps([mail_record(mail, now, base) for mail in mails])
    attachments = {
        f"{mail.id}/{one.id}{f'-{one.name}' if one.name else ''}": one.content
        for mail in mails
        if mail.availability(now) != PURGED
        for one in mail.attachments
    }
    return [{"messages.json": records}, attachments] if attachments else [{"messages.json": records}]


def zip_bytes(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(zipfile.ZipInfo(name), content)
    return archive.getvalue()
