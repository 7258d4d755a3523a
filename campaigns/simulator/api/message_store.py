"""Endpoints that read the mailbox."""

from campaigns.simulator.api.bulk import MAX_IN_PATH, apply_to_each, check_count, multi_status, split_ids
from campaigns.simulator.api.errors import unknown_resource
from campaigns.simulator.api.message_filters import MailFilter, StateFilter
from campaigns.simulator.api.paging import NumberedPage
from campaigns.simulator.api.parsing import base_url, parse_id
from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.numbers import EXTENSION_PATH
from campaigns.simulator.carrier.timestamps import iso_time_ms
from campaigns.simulator.http_types import Request, Response, json_response
from campaigns.simulator.mailbox.message import Mail
from campaigns.simulator.records.mail import mail_record


def store_uri(request: Request) -> str:
    return f"{base_url(request)}{EXTENSION_PATH}/message-store"


def get_mail(platform: Platform, text: str) -> Mail:
    mail = platform.mailbox.get(parse_id(text, "messageId"), platform.clock.now())
    if mail is None:
        raise unknown_resource("messageId")
    return mail


def list_mails(platform: Platform, request: Request, _: tuple[str, ...]) -> Response:
    """Newest first, with totals. By default living messages of the last 24 hours."""
    now = platform.clock.now()
    wanted, states = MailFilter.parse(request, now), StateFilter.parse(request)
    page = NumberedPage.from_query(request)
    visible = platform.listed_until(request.lag)
    mails = [
        mail
        for mail in platform.mailbox.newest_first(now)
        if mail.created <= visible and wanted.matches(mail) and states.matches(mail, now)
    ]
    query = [
        (name, value)
        for name, values in request.query.items()
        if name not in ("availability", "dateFrom", "page", "perPage")
        for value in values
    ]
    query += [("availability", one) for one in states.availabilities]
    query.append(("dateFrom", iso_time_ms(wanted.since)))
    base = base_url(request)
    return json_response(
        page.response(
            store_uri(request),
            query,
            wanted.newest_of_conversations(mails),
            lambda mail: mail_record(mail, now, base),
        )
    )


def get_mails(platform: Platform, request: Request, params: tuple[str, ...]) -> Response:
    ids, now, base = split_ids(params[0]), platform.clock.now(), base_url(request)
    check_count(ids, MAX_IN_PATH)
    if len(ids) == 1:
        return json_response(mail_record(get_mail(platform, ids[0]), now, base, alone=True))
    results = apply_to_each(
        [(one, None) for one in ids],
        lambda one, _: mail_record(get_mail(platform, one), now, base, alone=True),
    )
    return multi_status(request, results, store_uri(request))
