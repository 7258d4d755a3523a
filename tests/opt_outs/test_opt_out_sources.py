"""Opt-outs from every source, over the wire, until the next campaign excludes the people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.accounts import registry
from campaigns.composing.checks import Terms
from campaigns.composing.preflight import preflight
from campaigns.models import Campaign, History, OptOut
from campaigns.opt_outs import carrier as carrier_words
from campaigns.opt_outs import ingest, manual
from campaigns.providers.types import BatchState, BatchStatus, OutgoingText, Rejected
from campaigns.receipts import store_sync
from campaigns.sending import attempts, dispatch
from campaigns.sending.prepared import Prepared
from tests.simulator.running import RunningSimulator
from tests.support import factories, scenario

pytestmark = pytest.mark.django_db

ENDINGS = ("9713", "9813", "9913")
"""Of numbers whose text comes back as opted out: at RingCentral, behind it, and at the carrier."""
ANSWERS = ("9721", "9722", "9723", "9724")
"""Of numbers that answer STOP, or something that may mean it."""
SAID = ("STOP", "REVOKE", "OPT OUT", "OPTOUT", "STOPALL", "STOP ALL", "Arrêt!", "stop. thank you")
ASKED = ("stop please", "wrong number", "remove me from this list")


def sent(rows: Iterable[tuple[str, str]]) -> Campaign:
    campaign = scenario.launched(rows)
    scenario.submit_all(campaign)
    scenario.poll()
    scenario.poll()
    return campaign


def who_gets_the_next(people: Iterable[tuple[str, str]]) -> set[str]:
    """The numbers that are not opted out."""
    campaign = scenario.launched(people, text="Once more")
    return set(campaign.messages.values_list("to", flat=True))


def terms() -> Terms:
    return Terms(label=scenario.LOCAL, price=None, rate=60, simulated=registry.rehearses())


def test_whoever_writes_a_keyword_gets_nothing_more(carrier: RunningSimulator) -> None:
    words = [*SAID, "Thanks, see you there"]
    people = scenario.people(len(words))
    sent(people)
    for (phone, _), text in zip(people, words, strict=True):
        carrier.inbound(phone, scenario.LOCAL, text)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert who_gets_the_next(people) == {people[-1][0]}
    assert sorted(OptOut.objects.values_list("words", flat=True)) == sorted(SAID)


def test_whoever_may_mean_it_is_held_until_somebody_decides(
    carrier: RunningSimulator, composer: User
) -> None:
    people = scenario.people(len(ASKED) + 1)
    sent(people)
    for (phone, _), text in zip(people, ASKED, strict=False):
        carrier.inbound(phone, scenario.LOCAL, text)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    campaign = scenario.launched(people, text="Once more")
    assert scenario.counts(campaign) == {"queued": 1, "excluded": len(ASKED)}
    assert set(campaign.rows.filter(outcome="excluded").values_list("reason", flat=True)) == {
        "may_have_opted_out"
    }
    first, second, _ = manual.undecided(10)
    assert manual.confirm(first, user=composer)
    assert manual.end(second, user=composer)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert who_gets_the_next(people) == {people[1][0], people[-1][0]}


def test_a_receipt_that_says_opted_out_is_an_opt_out_at_once(carrier: RunningSimulator) -> None:
    people = [(scenario.ending(last), last) for last in ENDINGS] + scenario.people(1)
    campaign = sent(people)
    assert scenario.counts(campaign) == {"not_delivered": 3, "delivered": 1}
    assert who_gets_the_next(people) == {people[-1][0]}
    rows = OptOut.objects.in_force(simulated=registry.rehearses())
    assert {row.source for row in rows} == {OptOut.Source.CARRIER}
    assert History.objects.filter(kind="opt_out_added").count() == 3
    scenario.poll()
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert History.objects.filter(kind="opt_out_added").count() == 3, "the same receipt again is no news"


def test_what_staff_undid_stands_until_another_receipt_says_so(
    carrier: RunningSimulator, composer: User
) -> None:
    people = [(scenario.ending("9813"), "Ann")]
    sent(people)
    manual.end(OptOut.objects.in_force(simulated=registry.rehearses()).get(), user=composer)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert who_gets_the_next(people) == {people[0][0]}


def test_a_receipt_of_another_program_counts_too(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    whom = scenario.ending("9913")
    texts = [OutgoingText(whom, "From elsewhere"), OutgoingText(scenario.phone(1), "From elsewhere")]
    registry.default().provider.submit(scenario.TOLL_FREE, texts, before_first_byte=lambda: None)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    assert [row.phone for row in OptOut.objects.in_force(simulated=registry.rehearses())] == [whom]


def test_a_rehearsal_leaves_everybody_textable_for_a_real_account(
    carrier: RunningSimulator, settings: LazySettings
) -> None:
    """People opt out in every way during a rehearsal; then the real account is opened."""
    people = [(scenario.ending(last), last) for last in (*ENDINGS, *ANSWERS)]
    people += scenario.people(len(SAID) + len(ASKED))
    sent(people)
    for (phone, _), text in zip(people[len(ENDINGS) + len(ANSWERS) :], (*SAID, *ASKED), strict=True):
        carrier.inbound(phone, scenario.LOCAL, text)
    store_sync.sync(registry.default(), ingest.ingest_replies)
    ingest.read_blocked(registry.default())
    campaign = scenario.drafted(people)
    rehearsed = preflight(campaign, terms())
    assert (rehearsed.texts, rehearsed.excluded) == (0, len(people))
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    for_real = preflight(campaign, terms())
    assert (for_real.texts, for_real.excluded) == (len(people), 0)


def test_what_staff_enter_while_they_rehearse_counts_for_a_real_account(
    carrier: RunningSimulator, settings: LazySettings, composer: User
) -> None:
    people = scenario.people(2)
    manual.add(people[0][0], note="called us", user=composer)
    campaign = scenario.drafted(people)
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    assert preflight(campaign, terms()).excluded == 1


def test_known_receipts_cost_one_question_however_many_they_are(db: None) -> None:
    """Every poll of a batch brings its receipts again."""
    account = factories.account().account
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    receipts = [
        carrier_words.from_receipt(scenario.LOCAL, scenario.phone(number), at) for number in range(300)
    ]
    assert carrier_words.record_refusals(account, receipts) == 300
    with CaptureQueriesContext(connection) as again:
        assert carrier_words.record_refusals(account, receipts) == 0
    assert len(again) == 1
    earlier = [replace(one, changed_at=at - timedelta(hours=1)) for one in receipts[:2]]
    later = [replace(one, changed_at=at + timedelta(hours=1)) for one in receipts[:2]]
    undated = [replace(one, changed_at=None) for one in receipts[:2]]
    assert [carrier_words.record_refusals(account, some) for some in (earlier, undated, later)] == [0, 0, 2]


def test_a_refused_number_in_the_answer_itself_counts_as_well(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    prepared = dispatch.choose_next(campaign.pk, registry.default())
    assert isinstance(prepared, Prepared)
    attempts.mark_sending(prepared)
    refusal = Rejected(index=1, to=scenario.phone(0), code="SMS-RC-413", description="")
    answer = BatchState(
        provider_id="b-1", sender=scenario.LOCAL, batch_size=1, processed_count=0,
        status=BatchStatus.PROCESSING, created_at=None, modified_at=None, cost=None, rejected=(refusal,),
    )  # fmt: skip
    attempts.accept(prepared, answer, registry.default().fetch_id())
    assert [row.phone for row in OptOut.objects.in_force(simulated=registry.rehearses())] == [
        scenario.phone(0)
    ]
