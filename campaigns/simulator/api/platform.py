"""The whole fake carrier, put together from its parts."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from campaigns.simulator.api.oauth import Sessions
from campaigns.simulator.api.rate_limits import Limits
from campaigns.simulator.api.report_tasks import Report
from campaigns.simulator.carrier.clock import SECOND, Clock
from campaigns.simulator.carrier.faults import Faults
from campaigns.simulator.carrier.numbers import P2P_NUMBER
from campaigns.simulator.carrier.opt_outs import RECIPIENT, Wish, spoken_change
from campaigns.simulator.carrier.progress import Progress
from campaigns.simulator.carrier.replies import Replies
from campaigns.simulator.carrier.store import Store, open_files
from campaigns.simulator.mailbox.mailbox import LOG_KINDS, SMS, Mailbox
from campaigns.simulator.mailbox.samples import fill, make_mail
from campaigns.simulator.webhooks.dispatcher import Postman
from campaigns.simulator.webhooks.event_source import Watch
from campaigns.simulator.webhooks.subscriptions import Subscriptions

_REMEMBERED_CALLS = 100_000


@dataclass(slots=True, kw_only=True)
class Options:
    """What the command line sets."""

    ledger: Path | None = None
    state: Path | None = None
    seed: int = 0
    speed: float = 1.0
    rate_limits: bool = True
    faults: Any = None
    fsync: bool = False
    refresh_tokens: bool = False
    list_lag: float = 0.0
    """Seconds until a new batch shows in the lists; it can be read by its id at once."""
    batch_id_window: bool = True
    """Whether the default window of 24 hours applies even to a given batchId. The platform does not say."""
    webhooks_anywhere: bool = False
    """Whether webhooks may leave this machine."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the carrier, for tests that check what a client did and when."""

    at: int
    method: str
    path: str
    status: int
    request_id: str


class CallLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.counts: Counter[tuple[str, str, int]] = Counter()
            self.recent: deque[Call] = deque(maxlen=_REMEMBERED_CALLS)

    def add(self, call: Call, endpoint: str) -> None:
        with self._lock:
            self.counts[call.method, endpoint, call.status] += 1
            self.recent.append(call)


class Carrier:
    def __init__(self, options: Options) -> None:
        self.options = options
        self._started_with = replace(options)
        self.clock = Clock()
        self.faults = Faults(options.faults or [], options.seed)
        self.limits = Limits(self.clock, on=options.rate_limits)
        self.sessions = Sessions(self.clock, issue_refresh=options.refresh_tokens)
        self.calls = CallLog()
        files = open_files(options.ledger, options.state, fsync=options.fsync)
        self.store = Store(self.clock, options.speed, files)
        self.replies = Replies(self.store)
        self.mailbox = Mailbox(self.store)
        self.reports: dict[str, Report] = {}
        self.subscriptions = Subscriptions(self.store)
        self.postman = Postman(
            self.subscriptions,
            Watch(self.store, self.mailbox, self.progress),
            self.faults,
            self.clock,
            arrive=self.replies.arrive,
            speed=lambda: self.options.speed,
        )
        self._restore()

    def _restore(self) -> None:
        for record in self.store.load():
            if record["kind"] == "sessions":
                self.sessions.restore(record["open"])
            elif record["kind"] == "clock":
                self.clock.advanced = record["advanced"]
            elif record["kind"] in LOG_KINDS:
                self.mailbox.restore(record)
            elif record["kind"] == "report":
                self.reports[record["id"]] = Report.from_log(record)
            elif record["kind"] == "subscriptions":
                self.subscriptions.restore(record["all"])
        self.replies.restore()
        self._open_mailbox()
        self.postman.resume()

    def _open_mailbox(self) -> None:
        if self.mailbox.open():
            fill(self.mailbox, self.clock.now())

    def receive(self, sender: str, receiver: str, text: str) -> tuple[int, int]:
        """A text from a person, to where its number belongs; its id and its time."""
        if receiver != P2P_NUMBER:
            block = self.store.receive(sender, receiver, text)
            return block.first_id, block.created
        with self.store.lock:
            now = self.clock.now()
            mail = make_mail(SMS, inbound=True, ours=receiver, others=[sender], text=text, created=now)
            self.mailbox.add(mail)
            stopped = spoken_change(text)
            if stopped is not None:
                self.store.record_wishes([Wish(receiver, sender, stopped, RECIPIENT)])
        return mail.id, mail.created

    def listed_until(self, lag: float = 0.0) -> int:
        """The newest time of creation that lists show already; `lag` is what one call suffers, in seconds."""
        return self.clock.now() - int(max(lag, self.options.list_lag) * SECOND)

    def progress(self, moment: int | None = None) -> Progress:
        """A reading of the store, at this moment unless another is given."""
        now = self.clock.now() if moment is None else moment
        return Progress(now, self.store.opt_outs, self.options.seed)

    def keep_sessions(self) -> None:
        with self.store.lock:
            self.store.note(self.sessions.to_log())

    def can_set(self, name: str, value: Any) -> bool:
        """Whether an option may take a value while the carrier runs."""
        if name in ("rate_limits", "batch_id_window", "refresh_tokens"):
            return isinstance(value, bool)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and ((name == "speed" and value > 0) or (name == "list_lag" and value >= 0))

    def set(self, name: str, value: Any) -> None:
        setattr(self.options, name, value)
        self.limits.on = self.options.rate_limits
        self.sessions.issue_refresh = self.options.refresh_tokens
        self.store.speed = self.options.speed

    def reset(self) -> None:
        with self.postman.lock:
            self.subscriptions.clear()
            self.postman.clear()
            self.store.clear()
            self.clock.advanced = 0
            self.replies.clear()
            self.mailbox.clear()
            self._open_mailbox()
            self.reports.clear()
            self.sessions.clear()
            self.limits.clear()
            self.calls.clear()
            self.faults.replace([])
            for name in ("rate_limits", "batch_id_window", "refresh_tokens", "speed", "list_lag"):
                self.set(name, getattr(self._started_with, name))
