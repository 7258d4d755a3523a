"""The page that shows a person what the carrier holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape

from campaigns.simulator.api.answers import Answer, Request, iso
from campaigns.simulator.api.platform import Carrier
from campaigns.simulator.carrier.blocks import Batch
from campaigns.simulator.carrier.numbers import NUMBERS
from campaigns.simulator.carrier.outcomes import DELIVERED, DELIVERY_FAILED, SENDING_FAILED
from campaigns.simulator.control.endpoints import count_held
from campaigns.simulator.mailbox.mailbox import ALIVE, DELETED, PURGED

_ROWS = 25
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --ground: light-dark(#f6f7f9, #14171c); --card: light-dark(#fff, #1d2128);
  --line: light-dark(#dde1e7, #343a45); --faint: light-dark(#5a6472, #a3adba);
  --accent: light-dark(#1a5fb4, #7db2ff) }
body { margin: 0; background: var(--ground) }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { margin: 0 } h2 { margin: 2rem 0 .5rem; font-size: 1.15rem }
p { margin: .25rem 0; color: var(--faint) }
a { color: var(--accent) }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 }
dl div, .table, form { background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
dl div { padding: .6rem 1rem; min-width: 7rem }
dt { color: var(--faint) } dd { margin: 0; font-size: 1.4rem; font-weight: 600 }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem; white-space: nowrap }
th { color: var(--faint); font-weight: 500 }
tbody tr { border-top: 1px solid var(--line) }
.n { text-align: right; font-variant-numeric: tabular-nums }
.wide { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 14rem }
form { padding: 1rem; display: flex; flex-wrap: wrap; gap: .75rem; align-items: end }
label { display: grid; color: var(--faint) } label.wide { flex: 1 }
input, select, button { font: inherit; padding: .35rem .6rem }
"""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str = ""
    """`n` for figures, which stand to the right; `wide` for what may break over lines."""


def show(carrier: Carrier, _: Request, __: tuple[str, ...]) -> Answer:
    body = (
        "<h1>Simulated carrier</h1>"
        f"<p>No text leaves this machine. It is {_moment(carrier.clock.now())} UTC here. "
        f'Texts go out at {carrier.options.speed:,g} times the real speed. <a href="/">Look again</a></p>'
        f"{_counts(carrier)}{_batches(carrier)}{_texts(carrier)}{_inbound_form()}"
        f"{_mailbox(carrier)}{_opt_outs(carrier)}{_subscriptions(carrier)}{_numbers(carrier)}"
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Simulated carrier</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return Answer(200, html.encode(), "text/html;charset=utf-8")


def _moment(microseconds: int) -> str:
    return iso(microseconds)[:19].replace("T", " ")


def _counts(carrier: Carrier) -> str:
    out, received = count_held(carrier)
    counts = {
        "Batches": len(carrier.store.batches),
        "Texts out": out,
        "Texts in": received,
        "Opt-outs": len(carrier.store.opt_outs.current(carrier.clock.now())),
        "Mailbox": len(carrier.mailbox.newest_first(carrier.clock.now())),
        "Subscriptions": len(carrier.subscriptions.living(carrier.clock.now())),
    }
    cards = (f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in counts.items())
    return f"<dl>{''.join(cards)}</dl>"


def _table(title: str, columns: list[_Column], rows: list[list[str | int]], empty: str) -> str:
    """A heading and a table that scrolls on a narrow screen, also by keyboard."""
    if not rows:
        return f"<h2>{title}</h2><p>{empty}</p>"
    head = "".join(f'<th scope="col" class="{column.kind}">{column.name}</th>' for column in columns)
    lines = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in rows)
    return (
        f'<h2>{title}</h2><div class="table" tabindex="0" role="region" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(column: _Column, value: str | int) -> str:
    shown = f"{value:,}" if isinstance(value, int) else escape(value)
    return f'<td class="{column.kind}">{shown}</td>'


def _numbers(carrier: Carrier) -> str:
    rows: list[list[str | int]] = [
        [
            number.phone,
            number.label,
            ", ".join(number.features),
            "none needed" if number.toll_free else carrier.store.campaign_of(number.phone),
            number.per_minute or "cannot send batches",
        ]
        for number in NUMBERS
    ]
    heads = [_Column(name) for name in ("Number", "Name", "Features", "Campaign")]
    return _table("Numbers", [*heads, _Column("Texts a minute", "n")], rows, "")


def _mailbox(carrier: Carrier) -> str:
    """How many messages of each type, by what became of them."""
    now = carrier.clock.now()
    mails = carrier.mailbox.newest_first(now)
    counts: Counter[tuple[str, str]] = Counter()
    for mail in mails:
        state = mail.availability(now) or ""
        counts[mail.type, state] += 1
        if state == ALIVE and not mail.read:
            counts[mail.type, "Unread"] += 1
    states = (ALIVE, "Unread", DELETED, PURGED)
    rows: list[list[str | int]] = [
        [kind, *(counts[kind, state] for state in states)] for kind in sorted({mail.type for mail in mails})
    ]
    columns = [_Column("Type"), *(_Column(name, "n") for name in states)]
    return _table("Mailbox of ordinary messages", columns, rows, "Empty.")


def _opt_outs(carrier: Carrier) -> str:
    rows: list[list[str | int]] = [
        [_moment(change.at), change.sender, change.recipient, change.status, change.source]
        for change in carrier.store.opt_outs.latest()[:_ROWS]
    ]
    columns = [_Column(name) for name in ("Since", "Our number", "Person", "Status", "Source")]
    return _table("Newest opt-outs", columns, rows, "None yet.")


def _subscriptions(carrier: Carrier) -> str:
    results: dict[str, Counter[bool]] = {}
    for one in list(carrier.postman.deliveries):
        results.setdefault(one["subscriptionId"], Counter())[one["result"] == "200"] += 1
    rows: list[list[str | int]] = []
    for subscription in carrier.subscriptions.living(carrier.clock.now()):
        counts = results.get(subscription.id, Counter())
        rows.append(
            [
                subscription.address,
                "Blacklisted" if subscription.blacklisted else "Active",
                _moment(subscription.expires),
                counts[True],
                counts[False],
                "\n".join(one.text for one in subscription.filters),
            ]
        )
    heads = [_Column(name) for name in ("Address", "Status", "Until")]
    figures = [_Column(name, "n") for name in ("Delivered", "Not delivered")]
    return _table("Webhook subscriptions", [*heads, *figures, _Column("Filters", "wide")], rows, "None yet.")


def _batches(carrier: Carrier) -> str:
    progress = carrier.progress()
    rows: list[list[str | int]] = []
    for batch in reversed(carrier.store.batches[-_ROWS:]):
        record = progress.batch_record(batch)
        counts = progress.tally(batch, range(batch.size)).counts
        cost = f"${record['cost']:,.3f}" if "cost" in record else ""
        failed = counts[SENDING_FAILED] + counts[DELIVERY_FAILED]
        figures = [batch.size, record["processedCount"], counts[DELIVERED], failed]
        rows.append([_moment(batch.created), batch.sender, *figures, record["status"], cost, batch.id])
    figures_heads = [_Column(name, "n") for name in ("Texts", "Processed", "Delivered", "Failed")]
    columns = [_Column("Accepted"), _Column("From"), *figures_heads]
    columns += [_Column("Status"), _Column("Cost", "n"), _Column("Id")]
    return _table("Newest batches", columns, rows, "None yet. Send a campaign and look again.")


def _inbound_form() -> str:
    options = "".join(f"<option>{number.phone}</option>" for number in NUMBERS)
    return (
        '<h2>Send a text in</h2><form method="post" action="/simulator/inbound">'
        '<label>From <input name="from" required pattern="\\+1[0-9]{10}" placeholder="+14155550123"></label>'
        f'<label>To <select name="to">{options}</select></label>'
        '<label class="wide">Text <input name="text" required maxlength="1000" placeholder="STOP"></label>'
        "<button>Send it in</button></form>"
    )


def _texts(carrier: Carrier) -> str:
    progress = carrier.progress()
    rows: list[list[str | int]] = []
    for block in reversed(carrier.store.blocks[-_ROWS:]):
        moment = _moment(block.created)
        if not isinstance(block, Batch):
            rows.append([moment, "in", block.sender, block.receiver, "Received", block.text])
            continue
        for index in range(block.size - 1, max(-1, block.size - 1 - _ROWS), -1):
            standing = progress.text(block, index)
            status, text = f"{standing.status} {standing.code}".strip(), block.texts[index]
            rows.append([moment, "out", block.sender, block.to[index], status, text])
    columns = [_Column(name) for name in ("Time", "Way", "From", "To", "Status")]
    return _table("Newest texts", [*columns, _Column("Text", "wide")], rows[:_ROWS], "None yet.")
