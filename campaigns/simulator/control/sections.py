"""The sections of the page."""

from collections import Counter

from campaigns.simulator.api.platform import Platform
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.numbers import NUMBERS
from campaigns.simulator.carrier.outcomes import DELIVERED, DELIVERY_FAILED, SENDING_FAILED
from campaigns.simulator.control.html import (
    Column,
    Row,
    format_moment,
    number_columns,
    plain_columns,
    table,
)
from campaigns.simulator.mailbox.message import ALIVE, DELETED, PURGED
from campaigns.simulator.records.high_volume import batch_record

_ROWS = 25


def count_texts(platform: Platform) -> tuple[int, int]:
    """Outbound and inbound."""
    blocks = list(platform.store.blocks)
    out = sum(block.size for block in blocks if isinstance(block, Batch))
    return out, sum(not isinstance(block, Batch) for block in blocks)


def counts_section(platform: Platform) -> str:
    out, received = count_texts(platform)
    counts = {
        "Batches": len(platform.store.batches),
        "Texts out": out,
        "Texts in": received,
        "Opt-outs": len(platform.store.opt_outs.blocked_pairs(platform.clock.now())),
        "Mailbox": len(platform.mailbox.newest_first(platform.clock.now())),
        "Subscriptions": len(platform.subscriptions.alive(platform.clock.now())),
    }
    cards = (f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in counts.items())
    return f"<dl>{''.join(cards)}</dl>"


def batches_section(platform: Platform) -> str:
    progress = platform.progress()
    rows: list[Row] = []
    for batch in reversed(platform.store.batches[-_ROWS:]):
        record = batch_record(progress, batch)
        counts = progress.totals(batch, range(batch.size)).counts
        cost = f"${record['cost']:,.3f}" if "cost" in record else ""
        failed = counts[SENDING_FAILED] + counts[DELIVERY_FAILED]
        figures = [batch.size, record["processedCount"], counts[DELIVERED], failed]
        rows.append([format_moment(batch.created), batch.sender, *figures, record["status"], cost, batch.id])
    figures_heads = number_columns("Texts", "Processed", "Delivered", "Failed")
    columns = [Column("Accepted"), Column("From"), *figures_heads]
    columns += [Column("Status"), Column("Cost", "n"), Column("Id")]
    return table("Newest batches", columns, rows, "None yet. Send a campaign and look again.")


def texts_section(platform: Platform) -> str:
    progress = platform.progress()
    rows: list[Row] = []
    for block in reversed(platform.store.blocks[-_ROWS:]):
        moment = format_moment(block.created)
        if not isinstance(block, Batch):
            rows.append([moment, "in", block.sender, block.receiver, "Received", block.text])
            continue
        for index in range(block.size - 1, max(-1, block.size - 1 - _ROWS), -1):
            status = progress.status(block, index)
            label, text = f"{status.status} {status.code}".strip(), block.texts[index]
            rows.append([moment, "out", block.sender, block.to[index], label, text])
    columns = plain_columns("Time", "Way", "From", "To", "Status")
    return table("Newest texts", [*columns, Column("Text", "wide")], rows[:_ROWS], "None yet.")


def inbound_form(_: Platform) -> str:
    options = "".join(f"<option>{number.phone}</option>" for number in NUMBERS)
    return (
        '<h2>Send a text in</h2><form method="post" action="/simulator/inbound">'
        '<label>From <input name="from" required pattern="\\+1[0-9]{10}" placeholder="+14155550123"></label>'
        f'<label>To <select name="to">{options}</select></label>'
        '<label class="wide">Text <input name="text" required maxlength="1000" placeholder="STOP"></label>'
        "<button>Send it in</button></form>"
    )


def mailbox_section(platform: Platform) -> str:
    """Messages of each type by state."""
    now = platform.clock.now()
    mails = platform.mailbox.newest_first(now)
    counts: Counter[tuple[str, str]] = Counter()
    for mail in mails:
        state = mail.availability(now) or ""
        counts[mail.type, state] += 1
        if state == ALIVE and not mail.read:
            counts[mail.type, "Unread"] += 1
    states = (ALIVE, "Unread", DELETED, PURGED)
    rows: list[Row] = [
        [kind, *(counts[kind, state] for state in states)] for kind in sorted({mail.type for mail in mails})
    ]
    columns = [Column("Type"), *number_columns(*states)]
    return table("Mailbox of ordinary messages", columns, rows, "Empty.")


def opt_outs_section(platform: Platform) -> str:
    rows: list[Row] = [
        [format_moment(change.at), change.sender, change.recipient, change.status, change.source]
        for change in platform.store.opt_outs.latest()[:_ROWS]
    ]
    columns = plain_columns("Since", "Our number", "Person", "Status", "Source")
    return table("Newest opt-outs", columns, rows, "None yet.")


def subscriptions_section(platform: Platform) -> str:
    results: dict[str, Counter[bool]] = {}
    for one in list(platform.webhooks.log.attempts):
        results.setdefault(one["subscriptionId"], Counter())[one["result"] == "200"] += 1
    rows: list[Row] = []
    for subscription in platform.subscriptions.alive(platform.clock.now()):
        counts = results.get(subscription.id, Counter())
        rows.append(
            [
                subscription.address,
                "Blacklisted" if subscription.blacklisted else "Active",
                format_moment(subscription.expires),
                counts[True],
                counts[False],
                "\n".join(one.text for one in subscription.filters),
            ]
        )
    heads = plain_columns("Address", "Status", "Until")
    figures = number_columns("Delivered", "Not delivered")
    return table("Webhook subscriptions", [*heads, *figures, Column("Filters", "wide")], rows, "None yet.")


def numbers_section(platform: Platform) -> str:
    rows: list[Row] = [
        [
            number.phone,
            number.label,
            ", ".join(number.features),
            "none needed" if number.toll_free else platform.store.campaign_status(number.phone),
            number.per_minute or "cannot send batches",
        ]
        for number in NUMBERS
    ]
    heads = plain_columns("Number", "Name", "Features", "Campaign")
    return table("Numbers", [*heads, Column("Texts a minute", "n")], rows, "")


SECTIONS = (
    counts_section,
    batches_section,
    texts_section,
    inbound_form,
    mailbox_section,
    opt_outs_section,
    subscriptions_section,
    numbers_section,
)
"""In the order of the page."""
