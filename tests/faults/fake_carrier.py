"""A carrier in memory: takes texts or does not, tells of it or does not, and writes down what it really took.

Keeps the contract of `campaigns.providers.base.Provider` towards the send path. Its ledger is only ever added
to, and is the judge. Time is a clock that the test moves.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from campaigns.providers.base import Gate, Outcome, ProviderError
from campaigns.providers.retry import silence_after
from campaigns.providers.types import (
    BatchState,
    BatchStatus,
    Direction,
    MessageStatus,
    OutgoingText,
    Registration,
    Rejected,
    RemoteMessage,
    SenderNumber,
    StatusTotal,
    StatusTotals,
)
from tests.faults.fake_answers import ERRORS, TAKING, Answer, Clock, Point, Script, failure

ACCOUNT = "37439510"
STALE, TOTAL = timedelta(seconds=5), timedelta(seconds=120)
"""What the real client allows between the mark and the first byte, and for the whole request."""
GROUP = "light"
OTHER_WORDS = "Other words"
FINAL = ("Delivered", "DeliveryFailed", "SendingFailed")


@dataclass(frozen=True, slots=True)
class Line:
    """A text that was taken."""

    batch_id: str
    to: str
    text: str


@dataclass(slots=True)
class Text:
    provider_id: str
    to: str
    text: str
    status: str = "Queued"
    changed_at: datetime | None = None


@dataclass(slots=True)
class Taken:
    """A batch in the carrier's store."""

    provider_id: str
    sender: str
    texts: list[Text]
    taken_at: datetime
    listed_at: datetime
    whole_at: datetime
    rejected: tuple[Rejected, ...] = ()

    @property
    def processed(self) -> int:
        return sum(text.status != "Queued" for text in self.texts)

    @property
    def status(self) -> str:
        return "Completed" if self.processed == len(self.texts) else "Processing"

    def shown(self, now: datetime) -> list[Text]:
        return self.texts if now >= self.whole_at else self.texts[: len(self.texts) // 2]


class FakeCarrier:
    name: ClassVar[str] = "RingCentral"
    key: ClassVar[str] = "ringcentral"
    has_registration: ClassVar[bool] = False
    max_batch: ClassVar[int] = 10_000
    reaches: ClassVar[frozenset[str] | None] = frozenset(("US", "CA"))
    opt_outs = None
    mailbox = None
    webhooks = None

    def __init__(self, clock: Clock, gate: Gate, senders: Sequence[str]) -> None:
        self.clock = clock
        self.gate = gate
        self.senders = senders
        self.ledger: list[Line] = []
        self.store: dict[str, Taken] = {}
        self.events: list[str] = []
        """Bodies of all webhook events that there were to tell."""
        self.linked: list[str] = []
        """Ids that the ledger of the program holds already."""
        self.scripts: list[Script] = []
        """Of the next requests; without one, a request is taken."""
        self.at: dict[Point, Callable[[], None]] = {}
        """Done once, when a hand-over comes there."""
        self.leaving: Callable[[str, Sequence[OutgoingText]], None] = lambda sender, texts: None
        """Called with every request that the last look let go, just before its first byte."""
        self.reads: list[Callable[[], None]] = []
        """Done at the next reads, one each; may raise."""
        self.lists_fail = False
        self.blocked_until = clock.now
        self.broken_silence = 0
        """Calls that came though silence had been asked for."""
        self._coming: list[tuple[datetime, Taken]] = []
        self._ids = 0

    # --- Handing over ---

    def account(self) -> str:
        return ACCOUNT

    def numbers(self) -> list[SenderNumber]:
        return [
            SenderNumber(phone=phone, label="", toll_free=False, can_send_batches=True)
            for phone in self.senders
        ]

    def registration(self, number_id: str) -> Registration:
        raise NotImplementedError

    def submit(
        self,
        sender: str,
        texts: Sequence[OutgoingText],
        *,
        before_first_byte: Callable[[], None],
        meanwhile: Callable[[], None] | None = None,
    ) -> BatchState:
        script = self.scripts.pop(0) if self.scripts else Script()
        self.gate.wait(GROUP)
        status, headers = 0, dict[str, str]()
        try:
            self.reach(Point.CONNECTED)
            if script.answer is Answer.UNREACHABLE:
                raise failure(script.answer)
            before_first_byte()
            self.leaving(sender, texts)
            marked_at = self.clock.now
            self.reach(Point.MARKED)
            if self.clock.now - marked_at > STALE:
                raise ProviderError("Held up.", outcome=Outcome.NOT_SENT, kind="stopped")
            self._called()
            taken = self._take(sender, texts, script)
            if meanwhile is not None:
                meanwhile()
            self.reach(Point.WRITTEN)
            if self.clock.now - marked_at > TOTAL or script.late:
                raise failure(Answer.LOST_ANSWER)
            status, headers = ERRORS[script.answer][:2] if script.answer in ERRORS else (200, {})
            self.reach(Point.ANSWERED)
            return self._answer(script.answer, taken)
        except ProviderError:
            self.gate.learn(GROUP, status, headers)
            if status == 429:
                self.blocked_until = self.clock.now + timedelta(seconds=silence_after(429, headers) or 0)
            raise

    def _answer(self, kind: Answer, taken: Taken) -> BatchState:
        if kind in ERRORS:
            raise failure(kind)
        self.gate.learn(GROUP, 200, {})
        if kind is Answer.OTHER_ID:
            if not self.linked:
                raise failure(Answer.FAILED)
            taken = self.store[self.linked[-1]]
        return self._state(taken)

    def _take(self, sender: str, texts: Sequence[OutgoingText], script: Script) -> Taken:
        """What is taken of a request, or would be."""
        self._ids += 1
        made, kept, rejected = f"b{self._ids}", list[Text](), list[Rejected]()
        for place, text in enumerate(texts):
            if script.rejects >> place & 1:
                rejected.append(Rejected(index=place + 1, to=text.to, code="bad_number", description=""))
            else:
                kept.append(Text(f"{made}m{place}", text.to, text.text))
        at = self.clock.now + timedelta(seconds=script.late)
        listed = at + timedelta(seconds=script.lag)
        whole = listed + timedelta(seconds=script.contents_lag)
        taken = Taken(made, sender, kept, at, listed, whole, tuple(rejected))
        if script.answer in TAKING:
            self._coming.append((at, taken))
            self.arrive()
        return taken

    def arrive(self) -> None:
        """Take what was on its way until now."""
        due = [taken for at, taken in self._coming if at <= self.clock.now]
        self._coming = [(at, taken) for at, taken in self._coming if at > self.clock.now]
        for taken in due:
            self.store[taken.provider_id] = taken
            self.ledger += [Line(taken.provider_id, text.to, text.text) for text in taken.texts]

    def will_have(self, to: str, text: str) -> bool:
        """Whether this text was taken, or is on its way and will be."""
        coming = [taken for _, taken in self._coming]
        texts = [(item.to, item.text) for taken in (*self.store.values(), *coming) for item in taken.texts]
        return (to, text) in texts

    def fail(self) -> None:
        raise ProviderError("The carrier's lists fail.", http_status=500, kind="server")

    def another_program_sends(self, sender: str, texts: Sequence[tuple[str, str]]) -> None:
        """A batch of the same number that is none of ours."""
        self._take(sender, [OutgoingText(*text) for text in texts], Script())

    def reach(self, point: Point) -> None:
        if act := self.at.pop(point, None):
            act()

    def _called(self) -> None:
        self.broken_silence += self.clock.now < self.blocked_until

    # --- Its records ---

    def _read(self) -> None:
        self.gate.wait(GROUP)
        self._called()
        try:
            if self.reads:
                self.reads.pop(0)()
            if self.lists_fail:
                self.fail()
        except ProviderError as error:
            self.gate.learn(GROUP, error.http_status or 0, {})
            raise
        self.gate.learn(GROUP, 200, {})
        self.arrive()

    def _state(self, taken: Taken) -> BatchState:
        return BatchState(
            provider_id=taken.provider_id,
            sender=taken.sender,
            batch_size=len(taken.texts),
            processed_count=taken.processed,
            status=BatchStatus(taken.status),
            created_at=taken.taken_at,
            modified_at=self.clock.now,
            cost=None,
            rejected=taken.rejected,
        )

    def _listed(self, batch_id: str = "") -> list[Taken]:
        found = [self.store[batch_id]] if batch_id in self.store else []
        if not batch_id:
            found = list(self.store.values())
        return [taken for taken in found if taken.listed_at <= self.clock.now]

    def batch(self, batch_id: str) -> BatchState:
        self._read()
        for taken in self._listed(batch_id):
            return self._state(taken)
        raise ProviderError("Not known.", http_status=404, kind="not_found", outcome=Outcome.REFUSED)

    def batches(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        sender: str = "",
        whole: bool = False,
    ) -> Iterator[BatchState]:
        self._read()
        last = date_to or self.clock.now
        for taken in reversed(self._listed()):
            if date_from <= taken.taken_at <= last and sender in ("", taken.sender):
                yield self._state(taken)

    def messages(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        batch_id: str = "",
        with_text: bool = False,
        whole: bool = False,
    ) -> Iterator[list[RemoteMessage]]:
        self._read()
        found = [
            self._message(taken, text, with_text=with_text)
            for taken in self._listed(batch_id)
            for text in taken.shown(self.clock.now)
        ]
        yield found[:2]
        yield found[2:]

    def _message(self, taken: Taken, text: Text, *, with_text: bool) -> RemoteMessage:
        return RemoteMessage(
            provider_id=text.provider_id,
            batch_id=taken.provider_id,
            sender=taken.sender,
            to=text.to,
            direction=Direction.OUTBOUND,
            status=MessageStatus(text.status),
            error_code="",
            segments=1,
            cost=Decimal("0.007"),
            text=text.text if with_text else "",
            created_at=taken.taken_at,
            modified_at=text.changed_at or taken.taken_at,
        )

    def statuses(self, *, date_from: datetime, batch_id: str) -> StatusTotals:
        self._read()
        counts = Counter(text.status for taken in self._listed(batch_id) for text in taken.texts)
        return StatusTotals(
            queued=StatusTotal(counts["Queued"]),
            sent=StatusTotal(counts["Sent"]),
            delivered=StatusTotal(counts["Delivered"]),
            sending_failed=StatusTotal(counts["SendingFailed"]),
            delivery_failed=StatusTotal(counts["DeliveryFailed"]),
        )

    # --- Sending what it took ---

    def send_on(self, *, failing: int = 0, only: int | None = None) -> None:
        """One step further for every text, or for those of one batch; `failing`, as bits: those that fail."""
        self.arrive()
        for number, taken in enumerate(self.store.values()):
            if only is not None and number != only % len(self.store):
                continue
            for place, text in enumerate(taken.texts):
                self._step(taken, text, fails=bool(failing >> place & 1))
            self._tell("batches", taken, self._batch_body(taken))

    def _step(self, taken: Taken, text: Text, *, fails: bool) -> None:
        if text.status in FINAL:
            return
        good, bad = ("Sent", "SendingFailed") if text.status == "Queued" else ("Delivered", "DeliveryFailed")
        text.status, text.changed_at = bad if fails else good, self.clock.now
        self._tell("messages", taken, self._message_body(taken, text))

    def _tell(self, path: str, taken: Taken, body: dict[str, Any]) -> None:
        event = {
            "uuid": f"event-{len(self.events)}",
            "event": f"/restapi/v1.0/account/{ACCOUNT}/a2p-sms/{path}",
            "timestamp": self.clock.now.isoformat(),
            "body": body | {"from": taken.sender, "creationTime": taken.taken_at.isoformat()},
        }
        self.events.append(json.dumps(event))

    def _batch_body(self, taken: Taken) -> dict[str, Any]:
        return {
            "id": taken.provider_id, "batchSize": len(taken.texts), "processedCount": taken.processed,
            "status": taken.status, "lastModifiedTime": self.clock.now.isoformat(),
        }  # fmt: skip

    def _message_body(self, taken: Taken, text: Text) -> dict[str, Any]:
        return {
            "id": text.provider_id, "to": [text.to], "text": text.text, "messageStatus": text.status,
            "segmentCount": 1, "direction": "Outbound", "batchId": taken.provider_id,
            "lastModifiedTime": self.clock.now.isoformat(),
        }  # fmt: skip
