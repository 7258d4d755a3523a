"""RingCentral High Volume SMS: submits batches, reads batches, messages and statuses. See `base.Provider`.

All calls are account-wide and in the rate group Light. A list without `dateFrom` covers only the last day, so
every list is requested with explicit dates.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import ClassVar

import orjson

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.http import MEBIBYTE, Answer, NoAnswerError, Secret, prepare
from campaigns.providers.ringcentral import limits, parse
from campaigns.providers.ringcentral.api import (
    A2P,
    EXTENSION,
    LIGHT,
    ApiClient,
    records,
    repeated,
    segment,
    window,
)
from campaigns.providers.ringcentral.callbacks import RingCentralWebhooks
from campaigns.providers.ringcentral.errors import refusal, senseless, unanswered, with_doubt
from campaigns.providers.ringcentral.mailbox import RingCentralMailbox
from campaigns.providers.ringcentral.opt_outs import RingCentralOptOuts
from campaigns.providers.types import (
    JSON,
    BatchState,
    OutgoingText,
    Registration,
    RemoteMessage,
    SenderNumber,
    StatusTotals,
)
from campaigns.providers.wording import Sentence
from campaigns.providers.wording import gettext_noop as _

log = logging.getLogger(__name__)


class RingCentral(ApiClient):
    """One per process and account: it pools connections and caches the account's id."""

    name: ClassVar[str] = "RingCentral"
    key: ClassVar[str] = "ringcentral"
    has_registration: ClassVar[bool] = True
    max_batch: ClassVar[int] = limits.MAX_BATCH
    reaches: ClassVar[frozenset[str] | None] = frozenset(("US", "CA", "PR", "VI", "GU", "MP", "AS"))
    """High Volume SMS: the United States with their territories, and Canada; no other country of +1."""

    _account = ""

    @cached_property
    def opt_outs(self) -> RingCentralOptOuts:
        return RingCentralOptOuts(self)

    @cached_property
    def mailbox(self) -> RingCentralMailbox:
        return RingCentralMailbox(self)

    @cached_property
    def webhooks(self) -> RingCentralWebhooks:
        return RingCentralWebhooks(self)

    def account(self) -> str:
        """RingCentral's own id of the account; fetched once. Raises ProviderError."""
        if not self._account:
            answer, data = self.get(EXTENSION)
            account = data.get("account")
            self._account = parse.identity(account.get("id")) if isinstance(account, dict) else ""
            if not self._account:
                in_uri = re.search(r"/account/([0-9]{1,20})/", str(data.get("uri")))
                if in_uri is None:
                    raise senseless(answer, _("it does not name the account"))
                self._account = in_uri[1]
        return self._account

    def numbers(self) -> list[SenderNumber]:
        known: dict[str, SenderNumber] = {}
        for page in range(1, limits.MAX_PAGES + 1):
            answer, data = self.get(
                f"{EXTENSION}/phone-number", [("page", str(page)), ("perPage", str(limits.PER_PAGE))]
            )
            numbers = records(answer, data)
            for number in map(parse.sender_number, numbers):
                if number is not None:
                    known.setdefault(number.phone, number)
            if not numbers or page >= parse.page_total(data):
                break
        return list(known.values())

    def registration(self, number_id: str) -> Registration:
        path = f"{EXTENSION}/phone-number/{segment(number_id)}/sms-configuration"
        answer, data = self.get(path)
        if not parse.identity(data.get("phoneNumberId")) and not data.get("phoneNumber"):
            raise senseless(answer, _("it is about no number"))
        return parse.registration(data)

    def submit(
        self,
        sender: str,
        texts: Sequence[OutgoingText],
        *,
        before_first_byte: Callable[[], None],
        meanwhile: Callable[[], None] | None = None,
    ) -> BatchState:
        body = batch_body(sender, texts)
        try:
            token = self._sign_in.token()
            self._gate.wait(LIGHT)
        except ProviderError as error:
            error.outcome = Outcome.NOT_SENT
            raise
        request = prepare(
            "POST",
            f"{self._url}{A2P}/batches",
            headers={
                **self.headers(token),
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
                "Connection": "close",
            },
            body=body,
        )
        answer = None
        try:
            answer = self._transport.send_once(
                request,
                before_first_byte=before_first_byte,
                meanwhile=meanwhile,
                answer_bytes=max(MEBIBYTE, limits.REJECTED_BYTES * len(texts)),
            )
        except NoAnswerError as silence:
            raise with_doubt(unanswered(silence)) from None
        finally:
            self._learn_after_submit(answer, token)
        return accepted_batch(answer)

    def batch(self, batch_id: str) -> BatchState:
        answer, data = self.get(f"{A2P}/batches/{segment(batch_id)}")
        state = parse.batch_state(data, answer)
        if not state.provider_id:
            raise senseless(answer, _("it holds no batch"))
        return state

    def batches(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        sender: str = "",
        whole: bool = False,
    ) -> Iterator[BatchState]:
        params = window(date_from, date_to) + repeated("from", sender)
        for page in self.pages(f"{A2P}/batches", params, whole=whole):
            yield from map(parse.batch_state, page)

    def messages(
        self,
        *,
        date_from: datetime,
        date_to: datetime | None = None,
        batch_id: str = "",
        with_text: bool = False,
        whole: bool = False,
    ) -> Iterator[list[RemoteMessage]]:
        params = window(date_from, date_to) + repeated("batchId", batch_id)
        params += [("view", "Detailed")] if with_text else []
        for page in self.pages(f"{A2P}/messages", params, whole=whole):
            yield [parse.remote_message(record) for record in page]

    def statuses(self, *, date_from: datetime, batch_id: str) -> StatusTotals:
        answer, data = self.get(f"{A2P}/statuses", window(date_from, None) + repeated("batchId", batch_id))
        totals = parse.status_totals(data)
        if totals is None:
            raise senseless(answer, _("it holds no totals"))
        return totals

    def _learn_after_submit(self, answer: Answer | None, token: Secret) -> None:
        """Never raises: the caller would lose the submission's answer or its error."""
        try:
            self._gate.learn(LIGHT, *((answer.status, answer.headers) if answer else (0, {})))
            if answer is not None and answer.status == 401:
                self._sign_in.drop(token)
        except Exception as error:
            log.error("rate limits or token not noted after a hand-over: %s", type(error).__name__)


def batch_body(sender: str, texts: Sequence[OutgoingText]) -> bytes:
    """A text that all share is sent once, at the top. Raises ProviderError: nothing was sent."""
    problem = None
    if not texts:
        problem = Sentence(_("A batch needs at least one text."))
    elif len(texts) > limits.MAX_BATCH:
        problem = Sentence(_("A batch holds at most {most:,} texts."), {"most": limits.MAX_BATCH})
    if problem:
        raise ProviderError(problem, permanent=True, outcome=Outcome.NOT_SENT, kind="request")
    common = texts[0].text
    if all(text.text == common for text in texts):
        batch: JSON = {"from": sender, "text": common, "messages": [{"to": [text.to]} for text in texts]}
    else:
        batch = {"from": sender, "messages": [{"to": [text.to], "text": text.text} for text in texts]}
    body = orjson.dumps(batch)
    if len(body) > limits.MAX_BATCH_BYTES:
        raise ProviderError(
            _("The batch is larger than the 50 MB that RingCentral takes at once."),
            permanent=True,
            outcome=Outcome.NOT_SENT,
            kind="too_large",
        )
    return body


def accepted_batch(answer: Answer) -> BatchState:
    """The batch in the answer to a submission. Raises ProviderError with its outcome."""
    if not 200 <= answer.status < 300:
        raise with_doubt(refusal(answer))
    data = None if answer.broken else parse.as_object(answer.body)
    state = parse.batch_state(data, answer) if data is not None else None
    if state is None or not state.provider_id:
        raise with_doubt(senseless(answer, _("it names no batch")))
    return state
