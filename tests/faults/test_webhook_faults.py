"""Events that come often, late, early, out of order, broken, forged or never.

They are hints. Whatever becomes of them, the states in the end are the carrier's, every number adds up, and
no text ever goes back.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Attempt, Campaign, OptOut, Webhook, WebhookEvent
from campaigns.receipts import tasks, webhook_intake
from campaigns.receipts.statuses import RANK
from campaigns.sending import dispatch
from campaigns.sending.prepared import Prepared
from campaigns.sending.steps import StepResult
from campaigns.simulator.webhooks.delivery import TIMEOUT_SECONDS
from tests.dashboard.page_client import PageClient
from tests.faults import invariants
from tests.faults.fault_scenario import MINUTE, Worker, at_rest, worker
from tests.faults.webhook_client import (
    WebhookClient,
    changed,
    expected_states,
    first,
    process_events,
    stored_states,
    webhooks,
)
from tests.simulator.hook import answer
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import Site, database, locked, rows
from tests.support.waiting import until

__all__ = ["database", "webhooks", "worker"]

pytestmark = pytest.mark.django_db

DAY = 24 * 60 * MINUTE
PEOPLE = [
    *scenario.people(4),
    (scenario.ending("9701"), "never a receipt"),
    (scenario.ending("9703"), "sending failed"),
    (scenario.ending("9830"), "delivery failed"),
    (scenario.ending("9913"), "delivery failed"),
]
FICKLE = [
    *scenario.people(2),
    (scenario.ending("9704"), "delivered and then not"),
    (scenario.ending("9706"), "not delivered and then after all"),
]
"""What the carrier says of the last two at the end contradicts what it said first."""
NO_NEWS = "RingCentral does not tell us what happens; it is asked instead."


def sent(people: list[tuple[str, str]] = PEOPLE, size: int = 3) -> Campaign:
    campaign = scenario.launched(people, size=size)
    scenario.submit_all(campaign)
    return campaign


def assert_right(carrier: RunningSimulator, campaign: Campaign, people: list[tuple[str, str]]) -> None:
    texts = {number: f"Hi {name}" for number, name in people}
    assert invariants.violations(carrier.ledger(), campaign, texts=texts) == []
    scenario.assert_adds_up(campaign)


def assert_as_the_carrier_says(carrier: RunningSimulator, campaign: Campaign) -> None:
    truth = expected_states(carrier.messages())
    assert stored_states() == truth
    assert scenario.counts(campaign) == Counter(truth.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_f32_events_five_times_in_any_order_and_a_day_late(
    worker: Worker, webhooks: WebhookClient, seed: int
) -> None:
    worker.carrier.faults(
        {"fault": "hook_duplicate", "path": "/a2p-sms", "probability": 0.5},
        {"fault": "hook_reorder", "path": "/a2p-sms", "probability": 0.5, "seconds": 0.02},
    )
    campaign = sent()
    heard = webhooks.received()
    calls = heard * 5
    random.Random(seed).shuffle(calls)
    worker.sleep(DAY)
    webhooks.deliver(calls)
    assert WebhookEvent.objects.count() == len({one.json["uuid"] for one in heard})
    process_events()
    assert not WebhookEvent.objects.exclude(state="applied").exists()
    assert_as_the_carrier_says(worker.carrier, campaign)
    for _ in range(4):
        worker.sleep(DAY)
        worker.turn()
    assert_as_the_carrier_says(worker.carrier, campaign)
    assert_right(worker.carrier, campaign, PEOPLE)


@pytest.mark.parametrize("order", ["as it was", "backwards", "shuffled"])
def test_f33_a_text_never_goes_back(
    worker: Worker, webhooks: WebhookClient, order: str, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = sent(FICKLE, size=2)
    worker.sleep(DAY)
    calls = webhooks.received()
    if order == "backwards":
        calls.reverse()
    elif order == "shuffled":
        random.Random(7).shuffle(calls)
    before = stored_states()
    for one in calls:
        webhooks.deliver([one])
        process_events()
        now = stored_states()
        assert [to for to in now if forward(before[to], now[to])] == list(now), (before, now, one.json)
        scenario.assert_adds_up(campaign)
        before = now
    # The first end that was told stays; that the carrier told another one is logged.
    ends = {"delivered", "not_delivered"}
    assert set(before.values()) <= ends
    assert "another end" in caplog.text
    worker.rest(campaign)
    assert stored_states() == before
    assert at_rest(campaign)
    assert_right(worker.carrier, campaign, FICKLE)


def forward(old: str, new: str) -> bool:
    return old == new or RANK[new] > RANK[old]


def test_f34_everything_is_told_before_the_answer_is_there(worker: Worker, webhooks: WebhookClient) -> None:
    """While our request is still under way its batch has no id here: its events wait for that."""
    campaign = scenario.launched(PEOPLE)
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)

    def meanwhile() -> None:
        webhooks.hook.wait_for(lambda: bool(worker.carrier.ledger()))
        webhooks.deliver(webhooks.received())
        process_events()
        assert Attempt.objects.get().state == Attempt.State.SENDING
        assert set(stored_states().values()) == {"waiting"}

    step = dispatch.send(prepared, registry.default(), meanwhile)
    assert step.result == StepResult.SUBMITTED
    early = WebhookEvent.objects.filter(state="waiting", tries=1)
    assert early.count() == WebhookEvent.objects.count() > len(PEOPLE)
    worker.sleep(webhook_pause())
    process_events()
    assert not WebhookEvent.objects.exclude(state="applied").exists(), "not one was dropped"
    assert_as_the_carrier_says(worker.carrier, campaign)
    worker.turn()
    scenario.assert_adds_up(campaign)


def webhook_pause() -> float:
    """Seconds until the last event that waits is looked at again."""
    last = WebhookEvent.objects.order_by("-next_retry_at").values_list("next_retry_at", flat=True)[0]
    assert last is not None
    return float((last - timezone.now()).total_seconds()) + 1


class Writes:
    """Counts the statements that change anything."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP")):
            self.seen.append(sql)
        return execute(sql, params, many, context)


def everything() -> Iterator[tuple[str, list[Any]]]:
    """Every row of every table, but for the counter of refused calls."""
    for model in apps.get_models():
        rows = model._default_manager.order_by("pk")
        if model is Webhook:
            names = [field.attname for field in model._meta.concrete_fields]
            names = [name for name in names if not name.startswith("refused_")]
            yield model._meta.label, list(rows.values_list(*names))
        else:
            yield model._meta.label, list(rows.values_list())


def test_f35_a_flood_of_forgeries_writes_nothing_but_a_counter(
    worker: Worker, webhooks: WebhookClient, viewer: User
) -> None:
    """How quick pages stay meanwhile is measured over the wire, in test_webhooks_wire.py."""
    campaign = sent()
    heard = webhooks.received()
    forged = changed(first(heard, "Delivered"), messageStatus="DeliveryFailed", errorCode="SMS-CAR-199")
    reader = PageClient(viewer)
    # The first is recorded at once, the others every few seconds.
    webhooks.call(forged, token="wrong")
    before, writes = dict(everything()), Writes()
    statuses: Counter[int] = Counter()
    with connection.execute_wrapper(writes):
        for number in range(50):
            statuses[webhooks.call(forged, token=f"{number}")] += 1
            statuses[webhooks.call(forged, token="")] += 1
            statuses[webhooks.call(forged, path=f"/webhooks/ringcentral/{number}/")] += 1
            statuses[webhooks.call(forged, path=f"/webhooks/restcomm/{webhooks.webhook.secret}/")] += 1
    assert statuses == {401: 100, 404: 100}
    # One each COUNT_EVERY (5 s) at the most, however many come: these take far less than a minute.
    assert len(writes.seen) <= 12, writes.seen[:3]
    assert all("refused_count" in statement for statement in writes.seen)
    assert dict(everything()) == before
    assert "Spring sale" in reader.page("/campaigns/")
    process_events()
    assert set(stored_states().values()) == {"waiting"}
    webhooks.deliver(heard)
    process_events()
    assert_as_the_carrier_says(worker.carrier, campaign)


def test_f35_a_forgery_that_knows_the_token_is_about_another_account(webhooks: WebhookClient) -> None:
    sent()
    event = first(webhooks.received(), "Delivered").body.replace(
        f"/account/{registry.default().fetch_id()}/".encode(), b"/account/99999/"
    )
    assert b"/99999/" in event
    assert webhooks.call(event) == 200
    process_events()
    assert set(stored_states().values()) == {"waiting"}


MIB = 1024 * 1024
RUBBISH = [
    (b"{", 400),
    (b"", 400),
    (b"[1, 2]", 400),
    (b'{"uuid": "1", "text": "\x00"}', 400),
    (b'{"uuid": "\xff"}', 400),
    (b"[" * 100_000, 400),
    (b'{"uuid": "1", "text": "' + b"x" * 5 * MIB + b'"}', 413),
]


def test_f36_what_is_no_event_is_refused_and_stops_nothing(worker: Worker, webhooks: WebhookClient) -> None:
    campaign = sent()
    heard = webhooks.received()
    for number, one in enumerate(heard):
        body, status = RUBBISH[number % len(RUBBISH)]
        assert webhooks.call(body) == status, body[:40]
        webhooks.deliver([one])
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert webhooks.call(b"{}", method=method) == 405
    assert WebhookEvent.objects.count() == len(heard) > len(RUBBISH)
    process_events()
    assert_as_the_carrier_says(worker.carrier, campaign)


def test_f36_a_status_that_nobody_knows_is_kept_and_changes_nothing(
    worker: Worker, webhooks: WebhookClient
) -> None:
    campaign = sent()
    heard = webhooks.received()
    strange = [
        changed(first(heard, "Delivered"), messageStatus="Teleported"),
        changed(first(heard, "Sent"), messageStatus="\x00" * 99),
        changed(first(heard, "Delivered"), messageStatus=None, errorCode="\x00"),
    ]
    assert [webhooks.call(body) for body in strange] == [200] * 3
    process_events()
    assert {event.body.encode() for event in WebhookEvent.objects.all()} == set(strange)
    assert set(stored_states().values()) == {"waiting"}
    assert scenario.counts(campaign) == {"with_carrier": len(PEOPLE)}
    webhooks.deliver(heard)
    process_events()
    assert_as_the_carrier_says(worker.carrier, campaign)


def test_f37_when_every_event_is_lost_the_records_are_read(worker: Worker, webhooks: WebhookClient) -> None:
    worker.carrier.faults({"fault": "hook_drop", "path": "/restapi", "times": 10_000})
    people = scenario.people(5)
    campaign = sent(people)
    worker.sleep(10)
    worker.turn()
    assert_as_the_carrier_says(worker.carrier, campaign)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    assert (webhooks.hook.events, WebhookEvent.objects.count()) == ([], 0)
    assert_right(worker.carrier, campaign, people)


def test_f37_when_every_event_is_lost_stop_still_stops(worker: Worker, webhooks: WebhookClient) -> None:
    """What people write is read with everything else; and that they may be texted again."""
    worker.carrier.faults({"fault": "hook_drop", "path": "/restapi", "times": 10_000})
    people = scenario.people(5)
    sent(people)
    (ann, _), (ben, _), *_ = people
    for number, text in ((ann, " stop "), (ben, "STOP"), (ben, "START")):
        worker.carrier.inbound(number, scenario.LOCAL, text)
        worker.sleep(MINUTE)
    assert tasks.STORE in scenario.due()
    tasks.read_store.func(registry.default().tag)
    assert list(OptOut.objects.filter(ended_at=None).values_list("phone", "source")) == [(ann, "reply")]
    again = sent(people)
    assert scenario.counts(again)["excluded"] == 1
    assert [line["to"] for line in worker.carrier.ledger()].count(ann) == 1
    assert (webhooks.hook.events, WebhookEvent.objects.count()) == ([], 0)


@pytest.mark.parametrize("how", ["blacklisted", "expired"])
def test_f37_a_subscription_that_ended_is_made_anew_by_itself(
    worker: Worker, webhooks: WebhookClient, viewer: User, how: str
) -> None:
    before = webhooks.webhook.subscription_id
    if how == "expired":
        worker.sleep(31 * DAY)
    else:
        webhooks.hook.status = 500
        for number in range(12):
            worker.carrier.inbound(scenario.phone(number), scenario.LOCAL, "Hello")
        client = registry.default().provider.webhooks
        assert client is not None
        until(lambda: not client.list()[0].active, "the carrier gives up")
        worker.sleep(11 * MINUTE)
    # Our address cannot be reached either: pages say that the carrier is asked instead.
    shake_hands, webhooks.hook.shake_hands = (
        webhooks.hook.shake_hands,
        lambda handler, _: answer(handler, 500),
    )
    worker.turn()
    reader = PageClient(viewer)
    assert NO_NEWS in reader.page("/")
    webhooks.hook.shake_hands, webhooks.hook.status = shake_hands, 200
    worker.sleep(2 * MINUTE)
    worker.turn()
    assert webhooks.webhook.subscription_id != before
    assert NO_NEWS not in reader.page("/")
    campaign = sent()
    webhooks.deliver(webhooks.received())
    process_events()
    assert_as_the_carrier_says(worker.carrier, campaign)


KEEP = (
    "registry.default().fetch_id(); from campaigns.receipts import subscriptions; "
    "subscriptions.ensure_subscription(registry.default())"
)


def test_f38_an_event_that_was_answered_is_stored_though_the_database_was_locked(
    simulator: RunningSimulator, tmp_path: Path, database: str
) -> None:
    """From the carrier over the wire; test_webhooks_wire.py has the time that it takes."""
    assert webhook_intake.STORE_SECONDS < TIMEOUT_SECONDS
    site = Site(tmp_path, database, simulator.url)

    def results() -> set[str]:
        return {delivery["result"] for delivery in deliveries(simulator)}

    try:
        site.serve(public=True)
        site.run(KEEP)
        with locked(database, "campaigns_webhookevent"):
            for number in range(5):
                simulator.inbound(scenario.phone(number), scenario.LOCAL, "Hello")
            until(results, "the first event was tried")
            assert "200" not in results()
        until(lambda: outstanding(simulator) == 0, "every event is answered or given up")
    finally:
        site.close()
    answered = {one["uuid"] for one in deliveries(simulator) if one["result"] == "200"}
    stored = {uuid for (uuid,) in rows(database, "SELECT uuid FROM campaigns_webhookevent")}
    assert answered
    assert answered <= stored


def deliveries(carrier: RunningSimulator) -> list[dict[str, str]]:
    """Every try to deliver an event, and what came of it."""
    found: list[dict[str, str]] = json.loads(carrier.control("GET", "webhooks"))
    return found


def outstanding(carrier: RunningSimulator) -> int:
    """Of five events, those that were neither taken nor tried three times."""
    tries: Counter[str] = Counter()
    for one in deliveries(carrier):
        tries[one["uuid"]] += 3 if one["result"] == "200" else 1
    return 5 - sum(count >= 3 for count in tries.values())
