"""The whole of sending as a game: people, processes, time and a carrier do what they like, in any order.

Hypothesis chooses the moves; after each one `model_judge` looks whether the program still tells the truth.
Everything happens in this process: a kill is an exception that nothing catches, after which the process of
that name counts as dead and another one goes on.
"""

import itertools
import shutil
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from campaigns.accounts import registry
from campaigns.accounts.account import Account
from campaigns.accounts.rate_limit import DatabaseGate
from campaigns.models import Attempt, Campaign, Message, OptOut
from campaigns.opt_outs import manual
from campaigns.receipts import polling, webhook_events, webhook_intake
from campaigns.reconciling import decisions, orphans, search
from campaigns.sending import dispatch, journal, launch, lifecycle, quarantine, tasks
from campaigns.sending.steps import StepResult
from tests.faults.fake_answers import Answer, Clock, Point, Script, plain
from tests.faults.fake_carrier import ACCOUNT, OTHER_WORDS, FakeCarrier
from tests.faults.model_judge import Book, at_rest, judge, may_leave
from tests.faults.model_lists import list_of, name_of
from tests.support import factories

SENDERS = ("+16505550100", "+16505550101")
POOL = [factories.phone(number) for number in range(9)]
"""Everybody there is; campaigns share them."""
CAMPAIGNS = 3
DAY = 90_000  # seconds, and some more


class Killed(BaseException):
    """`kill -9`. No handler of the program can know it."""


class Processes:
    """Who runs, and who is dead. Stands in for `campaigns.runtime.process_identity`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._dead: set[str] = set()
        self.current = ""
        self.start()

    def start(self) -> None:
        self.current = f"{socket.gethostname()}:process {next(self._numbers)}:1"

    def die(self) -> None:
        """Nothing that still unwinds here is done in anybody's name."""
        self._dead.add(self.current)
        self.current = "nobody"
        raise Killed

    def identity(self) -> str:
        return self.current

    def is_dead(self, owner: str) -> bool:
        return owner in self._dead

    def another(self, act: Callable[[], None]) -> None:
        """Let another process act while this one stands still."""
        mine = self.current
        self.start()
        try:
            act()
        finally:
            self.current = mine


clock = Clock()
processes = Processes()
carrier: FakeCarrier
account: Account
"""Of the game that is played; the fixture of the test puts these in the program's way."""


def new_game() -> None:
    """Empty tables, a carrier that never saw us, and everybody alive."""
    global carrier, account
    with transaction.atomic(), connection.cursor() as cursor:
        for model in apps.get_app_config("campaigns").get_models():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
    shutil.rmtree(settings.JOURNAL_DIR, ignore_errors=True)
    journal.open_journal.cache_clear()
    clock.__init__()  # type: ignore[misc]
    processes.__init__()  # type: ignore[misc]
    carrier = FakeCarrier(clock, DatabaseGate(ACCOUNT, patience=0), SENDERS)
    account = Account(carrier, "the credentials of a game", simulated=True)


def before(point: Point, act: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and a point of the game comes first."""

    def watched(*arguments: Any, **options: Any) -> Any:
        carrier.reach(point)
        return act(*arguments, **options)

    return watched


SCRIPTS = st.builds(
    Script,
    answer=st.sampled_from([Answer.ACCEPTED] * 4 + list(Answer)),
    rejects=st.sampled_from([0, 0, 0, 1, 2, 5, 7]),
    late=st.sampled_from([0, 0, 0, 0, 240, 4000]),
    lag=st.sampled_from([0, 0, 0, 240, 3000, 200_000]),
    contents_lag=st.sampled_from([0, 0, 0, 90, 900]),
)
WAITS = st.sampled_from([1, 3, 16, 61, 61, 200, 601, 601, 3600, 90_000])
POINTS = st.sampled_from(list(Point))
BITS = st.sampled_from([0, 0, 1, 2, 4, 7])
RARELY = st.sampled_from([False] * 9 + [True])


class Game(RuleBasedStateMachine):
    campaigns: Bundle[int] = Bundle("campaigns")

    def __init__(self) -> None:
        super().__init__()
        new_game()
        self.user = User.objects.get(username="model")
        self.book = Book()
        self.launched = 0
        self.strict: set[int] = set()
        carrier.leaving = partial(may_leave, self.book)

    @initialize()
    def learn_numbers(self) -> None:
        account.refresh_numbers()

    # --- What people do ---

    @precondition(lambda self: self.launched < CAMPAIGNS)
    @rule(
        target=campaigns,
        first=st.integers(0, 8),
        count=st.integers(1, 6),
        size=st.integers(1, 3),
        sender=st.sampled_from((SENDERS[0], *SENDERS)),
        strict=st.booleans(),
        spoilt=st.booleans(),
    )
    def launch(self, first: int, count: int, size: int, sender: str, *, strict: bool, spoilt: bool) -> int:
        people = [POOL[(first + number) % len(POOL)] for number in range(count)]
        self.launched += 1
        name = f"Sale {self.launched}"
        campaign = Campaign.objects.create(
            name=name,
            contact_list=list_of(people, spoilt=spoilt),
            sender=sender,
            text=f"{name}, {{{{ first_name }}}}!",
            batch_size=size,
            on_not_found=Campaign.OnNotFound.REVIEW if strict else Campaign.OnNotFound.RETRY,
        )
        texted = [to for to in people if to not in self.book.opted_out]
        self.book.expected |= {(to, f"{name}, {name_of(to)}!"): campaign.pk for to in texted}
        assert launch.launch(campaign, user=self.user)
        assert launch.freeze(campaign.pk)
        if strict:
            self.strict.add(campaign.pk)
        return campaign.pk

    @rule(key=campaigns)
    def pause(self, key: int) -> None:
        if lifecycle.pause(Campaign.objects.get(pk=key), user=self.user):
            self.book.stopped.add(key)

    @rule(key=campaigns)
    def resume(self, key: int) -> None:
        if lifecycle.resume(Campaign.objects.get(pk=key), user=self.user):
            self.book.stopped.discard(key)

    @rule(key=campaigns, sure=RARELY)
    def cancel(self, key: int, *, sure: bool) -> None:
        if sure and lifecycle.cancel(Campaign.objects.get(pk=key), user=self.user) is not None:
            self.book.stopped.add(key)

    @rule(who=st.sampled_from(POOL), sure=RARELY)
    def opt_out(self, who: str, *, sure: bool) -> None:
        if not sure:
            return
        manual.add(who, note="", user=self.user)
        self.book.opted_out.add(who)

    @rule(who=st.sampled_from(POOL))
    def opt_in(self, who: str) -> None:
        self.book.opted_out.discard(who)
        for record in OptOut.objects.filter(phone=who, ended_at=None):
            assert manual.end(record, user=self.user)

    @precondition(lambda self: decisions.awaiting_decision().exists())
    @rule(which=st.integers(0, 2), decision=st.sampled_from(decisions.Decision))
    def decide(self, which: int, decision: decisions.Decision) -> None:
        waiting = list(decisions.awaiting_decision())
        attempt = waiting[which % len(waiting)]
        self.decide_about(attempt, decision)

    def decide_about(self, attempt: Attempt, decision: decisions.Decision) -> None:
        people = list(Message.objects.filter(batch=attempt.batch, state="waiting").values_list("to", "text"))
        if decisions.decide(attempt, decision, user=self.user) != decisions.DecisionResult.DONE:
            return
        if decision is decisions.Decision.SEND:
            # Each copy that the carrier has, or has on its way, is one that the person did not wait for.
            self.book.allowed.update(person for person in people if carrier.will_have(*person))

    # --- What processes do ---

    @rule(key=campaigns, script=SCRIPTS, prepare_next=st.booleans())
    def hand_over(self, key: int, script: Script, *, prepare_next: bool) -> None:
        self.until_due(key)
        carrier.scripts = [self.fitting(key, script)]
        self.step(key, prepare_next=prepare_next)

    def until_due(self, key: int) -> None:
        """A worker comes when it is time and not before."""
        due = Campaign.objects.values_list("next_retry_at", flat=True).get(pk=key)
        clock.move(max(0.0, (due - clock.now).total_seconds()) if due else 0.0)

    @rule(key=campaigns, script=SCRIPTS, point=POINTS, prepare_next=st.booleans())
    def die_handing_over(self, key: int, script: Script, point: Point, *, prepare_next: bool) -> None:
        self.until_due(key)
        carrier.scripts = [self.fitting(key, script)]
        carrier.at = {point: processes.die}
        self.step(key, prepare_next=prepare_next)

    @rule(
        key=campaigns,
        script=SCRIPTS,
        point=POINTS,
        what=st.sampled_from(["pause", "opt_out", "worker", *["late worker", "later worker"] * 3, "cancel"]),
    )
    def meddle(self, key: int, script: Script, point: Point, what: str) -> None:
        """Others act while a hand-over stands at some point."""
        self.until_due(key)
        carrier.scripts = [self.fitting(key, script)]
        carrier.at = {point: lambda: processes.another(lambda: self.act(what, key))}
        self.step(key, prepare_next=False)

    def act(self, what: str, key: int) -> None:
        if what == "opt_out":
            for to, _ in [person for person, campaign in self.book.expected.items() if campaign == key]:
                self.opt_out(to, sure=True)
        elif what == "pause":
            self.pause(key)
        elif what == "cancel":
            self.cancel(key, sure=True)
        else:
            seconds = {"worker": [0], "late worker": [200, 601], "later worker": [200, 601, 61, 61]}[what]
            for wait in seconds:
                clock.move(wait)
                self.tick()
                self.step(key, prepare_next=False)

    def step(self, key: int, *, prepare_next: bool) -> StepResult | None:
        """As a worker does it, or ahead, as `manage.py send` does. None: the process died of it."""
        pipeline = dispatch.Pipeline(key)
        step = None
        try:
            step = pipeline.step(prepare_next=prepare_next)
            tasks.may_continue(key, step)
            if prepare_next and step.result == StepResult.SUBMITTED:
                tasks.may_continue(key, pipeline.step(prepare_next=prepare_next))
            pipeline.stop()
        except Killed:
            processes.start()
        carrier.scripts, carrier.at = [], {}
        return step.result if step else None

    def alive(self, act: Callable[[], object]) -> None:
        """Do it; if the process dies of it, another one starts."""
        try:
            act()
        except Killed:
            processes.start()

    def fitting(self, key: int, script: Script) -> Script:
        """Beyond the settle time the promise holds for a campaign only that asks a person."""
        return script if key in self.strict else plain(script)

    @rule()
    def tick(self) -> None:
        """What the worker finds due."""

        def act() -> None:
            orphans.settle_orphans()
            for attempt_id in search.due_attempts():
                search.lookup(attempt_id)
            polling.poll()
            webhook_events.process_due(registry.default())
            for campaign_id in polling.campaigns_to_finish():
                lifecycle.finish_if_final(campaign_id)

        self.alive(act)

    @rule(after=st.integers(0, 5), dies=st.booleans())
    def tick_in_trouble(self, after: int, *, dies: bool) -> None:
        """The carrier's records fail, or the process dies, at the read of this number."""
        carrier.reads = [*[lambda: None] * after, processes.die if dies else carrier.fail]
        self.tick()
        carrier.reads = []

    # --- What time and the carrier do ---

    @rule(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        clock.move(seconds)
        carrier.arrive()

    @rule(fail=st.booleans())
    def lists_fail(self, *, fail: bool) -> None:
        carrier.lists_fail = fail

    @rule(failing=BITS, only=st.one_of(st.none(), st.integers(0, 5)))
    def carrier_sends(self, failing: int, only: int | None) -> None:
        carrier.send_on(failing=failing, only=only)

    @precondition(lambda self: bool(carrier.events))
    @rule(which=st.lists(st.integers(0, 30), min_size=1, max_size=6))
    def deliver_events(self, which: Sequence[int]) -> None:
        """Events come in any order, some twice, most never."""
        for number in which:
            webhook_intake.receive("ringcentral", carrier.events[number % len(carrier.events)].encode())
        self.alive(lambda: webhook_events.process_due(account))

    @rule(sender=st.sampled_from(SENDERS), people=st.lists(st.sampled_from(POOL), min_size=1, max_size=3))
    def another_program(self, sender: str, people: Sequence[str]) -> None:
        carrier.another_program_sends(sender, [(to, OTHER_WORDS) for to in dict.fromkeys(people)])

    # --- The judge ---

    @invariant()
    def true(self) -> None:
        judge(self.book, carrier)

    def teardown(self) -> None:
        """Everything works again and time goes by: nobody is left between."""
        carrier.lists_fail = False
        for seconds in (
            1,
            16,
            61,
            601,
            61,
            61,
            3600,
            90_000,
            61,
            301,
            601,
            61,
            90_000,
            90_000,
            90_000,
            90_000,
        ):
            self.wait(seconds)
            self.tick()
            carrier.send_on()
            moving = Campaign.objects.exclude(state=Campaign.State.FINISHED).values_list("id", "state")
            for key, state in list(moving):
                if state == Campaign.State.HELD:
                    self.resume(key)
                quarantine.release(key, user=self.user)
                while self.step(key, prepare_next=False) == StepResult.SUBMITTED:
                    pass
            if not moving:
                break
        at_rest(self.book, carrier)
