"""RingCentral's platform, assembled from its parts."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from campaigns.simulator.api.call_log import CallLog
from campaigns.simulator.api.rate_limits import RateLimits
from campaigns.simulator.api.report_tasks import ReportTask
from campaigns.simulator.api.sessions import Sessions
from campaigns.simulator.carrier.clock import SECOND, Clock
from campaigns.simulator.carrier.faults import Faults
from campaigns.simulator.carrier.files import Files
from campaigns.simulator.carrier.numbers import P2P_NUMBER
from campaigns.simulator.carrier.opt_outs import RECIPIENT, ChangeRequest, parse_keyword
from campaigns.simulator.carrier.progress import Progress
from campaigns.simulator.carrier.replies import Replies
from campaigns.simulator.carrier.store import Store
from campaigns.simulator.mailbox.factory import make_mail
from campaigns.simulator.mailbox.mailbox import LOG_KINDS, Mailbox
from campaigns.simulator.mailbox.message import SMS
from campaigns.simulator.mailbox.samples import add_samples
from campaigns.simulator.webhooks.dispatcher import Dispatcher
from campaigns.simulator.webhooks.event_source import EventSource
from campaigns.simulator.webhooks.subscriptions import Subscriptions

_SWITCHES = ("rate_limits", "batch_id_window", "refresh_tokens")
_SETTABLE = (*_SWITCHES, "speed", "list_lag")
"""The options that may change while the carrier runs."""


@dataclass(slots=True, kw_only=True)
class Options:
    """The options of the command line."""

    ledger: Path | None = None
    state: Path | None = None
    seed: int = 0
    speed: float = 1.0
    rate_limits: bool = True
    faults: Any = None
    fsync: bool = False
    refresh_tokens: bool = False
    list_lag: float = 0.0
    """Seconds until lists show a new batch; it can be read by its id at once."""
    batch_id_window: bool = True
    """Whether the default window of 24 hours applies even to a given batchId. The platform does not say."""
    webhooks_anywhere: bool = False
    """Whether webhooks may leave this machine."""

    def accepts(self, name: str, value: Any) -> bool:
        """Whether an option may take a value while the carrier runs."""
        if name in _SWITCHES:
            return isinstance(value, bool)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and ((name == "speed" and value > 0) or (name == "list_lag" and value >= 0))


class Platform:
    def __init__(self, options: Options) -> None:
        self.options = options
        self._initial_options = replace(options)
        self.clock = Clock()
        self.faults = Faults(options.faults or [], options.seed)
        self.rate_limits = RateLimits(self.clock, on=options.rate_limits)
        self.sessions = Sessions(self.clock, issue_refresh=options.refresh_tokens)
        self.calls = CallLog()
        files = Files.open(options.ledger, options.state, fsync=options.fsync)
        self.store = Store(self.clock, options.speed, files)
        self.replies = Replies(self.store)
        self.mailbox = Mailbox(self.store)
        self.reports: dict[str, ReportTask] = {}
        self.subscriptions = Subscriptions(self.store)
        source = EventSource(self.store, self.mailbox, options.seed)
        self.webhooks = Dispatcher(self.subscriptions, source, self.replies, self.store, self.faults)
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
                self.reports[record["id"]] = ReportTask.from_log(record)
            elif record["kind"] == "subscriptions":
                self.subscriptions.restore(record["all"])
        self.replies.restore()
        self._create_mailbox()
        self.webhooks.resume()

    def _create_mailbox(self) -> None:
        if self.mailbox.create():
            add_samples(self.mailbox, self.clock.now())

    def receive(self, sender: str, receiver: str, text: str) -> tuple[int, int]:
        """A text from a person; its id and its time. The mailbox has the texts to its own number."""
        if receiver != P2P_NUMBER:
            block = self.store.receive(sender, receiver, text)
            return block.first_id, block.created
        with self.store.lock:
            now = self.clock.now()
            mail = make_mail(SMS, inbound=True, number=receiver, others=[sender], text=text, created=now)
            self.mailbox.add(mail)
            stopped = parse_keyword(text)
            if stopped is not None:
                self.store.change_opt_outs([ChangeRequest(receiver, sender, stopped, RECIPIENT)])
        return mail.id, mail.created

    def listed_until(self, lag: float = 0.0) -> int:
        """The newest time of creation that lists show; `lag` is the delay of one call, in seconds."""
        return self.clock.now() - int(max(lag, self.options.list_lag) * SECOND)

    def progress(self, moment: int | None = None) -> Progress:
        """The default moment is now."""
        now = self.clock.now() if moment is None else moment
        return Progress(now, self.store.opt_outs, self.options.seed)

    def save_sessions(self) -> None:
        with self.store.lock:
            self.store.append_record(self.sessions.to_log())

    def set_option(self, name: str, value: Any) -> None:
        setattr(self.options, name, value)
        self.rate_limits.on = self.options.rate_limits
        self.sessions.issue_refresh = self.options.refresh_tokens
        self.store.speed = self.options.speed

    def reset(self) -> None:
        with self.webhooks.lock:
            self.subscriptions.clear()
            self.webhooks.clear()
            self.store.clear()
            self.clock.advanced = 0
            self.replies.clear()
            self.mailbox.clear()
            self._create_mailbox()
            self.reports.clear()
            self.sessions.clear()
            self.rate_limits.clear()
            self.calls.clear()
            self.faults.replace([])
            for name in _SETTABLE:
                self.set_option(name, getattr(self._initial_options, name))
