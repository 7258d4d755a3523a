"""Opt-outs and opt-ins from the carrier: the newest on a pair counts, in any order."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.labels.opt_outs import describe_note
from campaigns.models import AccountState, Consent, History, OptOut
from campaigns.opt_outs import carrier, ingest, manual, tasks
from campaigns.providers.ringcentral import parse
from campaigns.providers.types import (
    Direction,
    MessageStatus,
    OptOutRecord,
    OptOutSource,
    RemoteMessage,
)
from campaigns.receipts import store
from tests.simulator.running import RunningSimulator
from tests.support import factories
from tests.support.carrier import block

pytestmark = pytest.mark.django_db

LOCAL, TOLL_FREE = "+16505550100", "+18885550100"
ANN, BEN = "+14155550101", "+14155550102"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(
    opted_out: bool,
    minutes: int = 0,
    *,
    sender: str = LOCAL,
    to: str = ANN,
    source: OptOutSource = OptOutSource.UNKNOWN,
) -> OptOutRecord:
    return OptOutRecord(
        sender=sender,
        recipient=to,
        opted_out=opted_out,
        source=source,
        changed_at=NOON + timedelta(minutes=minutes),
    )


def take(*records: OptOutRecord) -> int:
    return carrier.record("a", records, at=NOON)


def blocked() -> list[str]:
    return sorted(OptOut.objects.filter(ended_at__isnull=True).values_list("phone", flat=True))


OUT, BACK, OUT_AGAIN = record(True, 0), record(False, 5), record(True, 9)


@pytest.mark.parametrize("given", [*itertools.permutations([OUT, BACK, OUT, BACK])])
def test_out_and_back_in_any_order_and_twice(given: tuple[OptOutRecord, ...]) -> None:
    take(*given)
    assert blocked() == []


@pytest.mark.parametrize("given", [*itertools.permutations([OUT, BACK, OUT_AGAIN])])
def test_out_again_in_any_order(given: tuple[OptOutRecord, ...]) -> None:
    take(*given)
    take(*given)
    assert blocked() == [ANN]
    assert OptOut.objects.filter(ended_at__isnull=True).count() == 1


def test_at_the_same_moment_the_opt_out_counts() -> None:
    for order in ([True, False], [False, True]):
        Consent.objects.all().delete()
        OptOut.objects.all().delete()
        take(*(record(out) for out in order))
        assert blocked() == [ANN]


def test_who_blocked_one_number_gets_nothing_from_the_other() -> None:
    take(record(True), record(True, sender=TOLL_FREE), record(False, 5))
    assert blocked() == [ANN]
    take(record(False, 6, sender=TOLL_FREE))
    assert blocked() == []


def test_a_block_for_the_whole_account_is_one_more_pair() -> None:
    take(record(True, sender="*"), record(False, 5, sender=LOCAL))
    assert blocked() == [ANN]
    take(record(False, 6, sender="*"))
    assert blocked() == []


def test_an_opt_in_of_somebody_who_never_left() -> None:
    assert take(record(False, to=BEN)) == 1
    assert blocked() == []
    assert not OptOut.objects.exists()


def test_what_staff_entered_only_staff_end(sender: User) -> None:
    manual.add(ANN, note="called us", user=sender)
    take(record(True), record(False, 5))
    assert blocked() == [ANN]
    assert OptOut.objects.get(ended_at__isnull=True).source == OptOut.Source.STAFF


def test_staff_may_let_somebody_back_in_and_old_news_change_nothing(sender: User) -> None:
    take(OUT)
    manual.end(OptOut.objects.get(), user=sender)
    assert take(OUT) == 0
    assert blocked() == []


def test_who_says_stop_again_after_staff_let_them_back_in_is_out(sender: User) -> None:
    take(OUT)
    manual.end(OptOut.objects.get(), user=sender)
    take(OUT_AGAIN)
    assert blocked() == [ANN]


def test_an_opt_out_weighs_more_than_a_number_that_could_not_be_reached() -> None:
    factories.opt_out(ANN, kind=OptOut.Kind.SUPPRESSED, source=OptOut.Source.CARRIER, simulated=True)
    take(OUT)
    assert OptOut.objects.get(ended_at__isnull=True).kind == OptOut.Kind.OPT_OUT


@pytest.mark.parametrize(
    ("source", "stored_source"),
    [
        (OptOutSource.RECIPIENT, "reply"),
        (OptOutSource.CARRIER, "carrier"),
        (OptOutSource.UNKNOWN, "carrier"),
    ],
)
def test_who_said_so_is_written_down(source: OptOutSource, stored_source: str) -> None:
    take(record(True, source=source))
    made = OptOut.objects.get()
    assert (made.source, made.created_by) == (stored_source, None)
    assert "2026-11-21" in describe_note(made)
    event = History.objects.get(kind="opt_out_added")
    assert event.data == {"count": 1, "source": stored_source}, "and no number of hers"


def reply(
    text: str, minutes: int = 0, *, direction: Direction = Direction.INBOUND, sender: str = ANN
) -> RemoteMessage:
    at = NOON + timedelta(minutes=minutes)
    return RemoteMessage(
        provider_id=f"{minutes}-{sender}-{text}", batch_id="", sender=sender, to=LOCAL, direction=direction,
        status=MessageStatus.RECEIVED, error_code="", segments=1, cost=None, text=text,
        created_at=at, modified_at=at,
    )  # fmt: skip


def undecided() -> list[str]:
    return [row.words for row in OptOut.objects.undecided(simulated=registry.rehearses()).order_by("id")]


@pytest.mark.parametrize(
    ("text", "opts_out"),
    [("STOP", True), ("Revoke!", True), ("START", False), ("please stop", None), ("", None)],
)
def test_a_keyword(text: str, opts_out: bool | None) -> None:
    assert ingest.parse_keyword(text) is opts_out


@pytest.mark.parametrize(("direction", "blocks"), [(Direction.INBOUND, True), (Direction.OUTBOUND, False)])
def test_only_what_comes_in_is_a_word(direction: Direction, blocks: bool) -> None:
    """An outgoing text with "stop" opts nobody out."""
    assert ingest.ingest_replies("a", [reply("STOP", direction=direction)]) == blocks
    assert ingest.ingest_replies("a", [reply("please stop", direction=direction, sender=BEN)]) == blocks
    assert blocked() == ([ANN, BEN] if blocks else [])


@pytest.mark.parametrize(
    "number", ["+14155550101", "14155550101", "(415) 555-0101", "4155550101", "001 415 555 0101"]
)
def test_a_stop_from_a_number_in_any_spelling(number: str) -> None:
    ingest.ingest_replies("a", [reply("STOP", sender=number)])
    assert blocked() == [ANN]


@pytest.mark.parametrize("region", ["US", "GB"])
@pytest.mark.parametrize(
    ("number", "phone"),
    [("442079460018", "+442079460018"), ("14155550101", ANN), ("52 55 5555 0101", "+525555550101")],
)
def test_a_country_code_needs_no_plus_whatever_our_own_country_is(
    settings: LazySettings, region: str, number: str, phone: str
) -> None:
    settings.DEFAULT_REGION = region
    take(record(True, to=number))
    assert blocked() == [phone]


@pytest.mark.parametrize("number", ["Anonymous", "", "911", "+", "restricted 5", "12345", "+abc"])
def test_what_is_no_number_opts_nobody_out(number: str) -> None:
    assert ingest.ingest_replies("a", [reply("STOP", sender=number)]) == 0
    assert ingest.ingest_replies("a", [reply("stop it please", sender=number)]) == 0
    assert carrier.record("a", [record(True, to=number)], at=NOON) == 0
    assert not OptOut.objects.exists()


def test_two_spellings_of_our_own_number_are_one_pair() -> None:
    take(record(True, sender="16505550100"), record(False, 5, sender=LOCAL))
    assert blocked() == []


def test_a_word_that_the_provider_does_not_know_is_ours_alone() -> None:
    ingest.ingest_replies("a", [reply("REVOKE"), reply("STOP", sender=BEN)])
    assert blocked() == [ANN, BEN]
    assert [pair.phone for pair in Consent.objects.blocks()] == [BEN]


def test_what_may_mean_stop_holds_the_person_until_somebody_decides(composer: User) -> None:
    assert ingest.ingest_replies("a", [reply("stop please")]) == 1
    assert (blocked(), undecided()) == ([ANN], ["stop please"])
    held = OptOut.objects.get()
    assert (held.kind, held.source, held.account, held.stated_at) == ("pending", "reply", "a", NOON)
    assert manual.confirm(held, user=composer)
    assert not manual.confirm(held, user=composer)
    held.refresh_from_db()
    assert (blocked(), undecided(), held.kind, held.created_by) == ([ANN], [], "opt_out", composer)


def test_a_decision_stands_however_often_the_reply_is_read_again(composer: User) -> None:
    ingest.ingest_replies("a", [reply("who is this?")])
    manual.end(OptOut.objects.get(), user=composer)
    assert ingest.ingest_replies("a", [reply("who is this?")]) == 0
    assert blocked() == []
    assert ingest.ingest_replies("a", [reply("who is this?", 10)]) == 1, "they ask once more"
    assert blocked() == [ANN]


def test_a_reply_without_a_time_is_news_once(composer: User) -> None:
    undated = replace(reply("wrong number"), created_at=None, modified_at=None)
    assert ingest.ingest_replies("a", [undated]) == 1
    manual.end(OptOut.objects.get(), user=composer)
    assert ingest.ingest_replies("a", [undated]) == 0
    assert blocked() == []


ASKED, CLEAR, AGAIN = reply("please stop", 0), reply("STOP", 5), reply("START", 9)


@pytest.mark.parametrize("given", [*itertools.permutations([ASKED, CLEAR, AGAIN])])
def test_a_clear_word_settles_what_came_before_it_in_any_order(given: tuple[RemoteMessage, ...]) -> None:
    """The store is read newest first, and events come in any order."""
    ingest.ingest_replies("a", given)
    assert (blocked(), undecided()) == ([], [])


@pytest.mark.parametrize("given", [*itertools.permutations([reply("START", 0), reply("please stop", 5)])])
def test_an_older_start_does_not_let_somebody_back_in(given: tuple[RemoteMessage, ...]) -> None:
    ingest.ingest_replies("a", given)
    assert undecided() == ["please stop"]


def test_a_held_person_who_says_stop_is_out_for_good() -> None:
    ingest.ingest_replies("a", [reply("stop please"), reply("STOP", 5)])
    assert OptOut.objects.get(ended_at__isnull=True).kind == OptOut.Kind.OPT_OUT


def test_staff_who_enter_a_held_number_decide_it(composer: User) -> None:
    ingest.ingest_replies("a", [reply("stop please")])
    result = manual.add(ANN, note="", user=composer)
    assert (result.added, result.already) == ([ANN], [])
    assert OptOut.objects.get(ended_at__isnull=True).source == OptOut.Source.STAFF


def test_what_the_simulated_carrier_says_never_counts_for_a_real_account(settings: LazySettings) -> None:
    """Not even if both accounts have the same name."""
    ingest.ingest_replies("a", [reply("STOP"), reply("stop please", sender=BEN)])
    take(record(True, to="+14155550103", source=OptOutSource.CARRIER))
    assert len(OptOut.objects.in_force(simulated=registry.rehearses())) == 3
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    assert not OptOut.objects.in_force(simulated=registry.rehearses()).exists()
    assert take(record(True)) == 1, "the real carrier's first word is news"
    assert [row.simulated for row in OptOut.objects.in_force(simulated=registry.rehearses())] == [False]


def test_a_start_in_a_rehearsal_does_not_end_a_real_opt_out(settings: LazySettings) -> None:
    rehearsal = (True, "simulator")
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    ingest.ingest_replies("a", [reply("STOP")])
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = rehearsal
    ingest.ingest_replies("simulated", [reply("START", 5)])
    assert blocked() == [ANN]
    settings.REHEARSAL, settings.RINGCENTRAL_CLIENT_ID = False, "a real app"
    assert OptOut.objects.in_force(simulated=registry.rehearses()).count() == 1


def test_whom_the_carrier_blocks_is_read_at_night(carrier: RunningSimulator) -> None:
    """Also for opt-outs by another program, or by staff of the carrier."""
    block(registry.default().provider, (LOCAL, ANN), (LOCAL, BEN))
    assert ingest.read_blocked(registry.default()) == 2
    assert blocked() == [ANN, BEN]
    assert ingest.read_blocked(registry.default()) == 0


@pytest.mark.parametrize("given", [{}, {"lastModifiedTime": "2026-11-01T12:00:00Z"}], ids=["no time", "time"])
def test_what_is_told_each_night_undoes_nothing_of_ours(
    carrier: RunningSimulator, sender: User, given: dict[str, str]
) -> None:
    """A record without a time counts as of now, and would be newer each night."""
    listed = {"records": [{"from": LOCAL, "to": ANN, "optStatus": "OptOut"} | given], "paging": {}}
    always = {"fault": "status", "status": 200, "body": json.dumps(listed), "times": 100}
    carrier.faults({"path": "/sms/consents/search"} | always)
    assert ingest.read_blocked(registry.default()) == 1
    assert blocked() == [ANN]
    assert manual.end(OptOut.objects.get(), user=sender)
    assert ingest.read_blocked(registry.default()) == 0
    assert blocked() == []


def test_a_list_that_cannot_be_read_changes_nothing(carrier: RunningSimulator) -> None:
    block(registry.default().provider, (LOCAL, ANN))
    carrier.faults({"path": "/", "fault": "status", "status": 400, "times": 100})
    tasks.read_opt_outs.func(registry.default().tag)
    assert blocked() == []
    carrier.faults()
    tasks.read_opt_outs.func(registry.default().tag)
    assert blocked() == [ANN]


def dated_reply(text: str, provider_id: str, created_at: datetime | None) -> RemoteMessage:
    return RemoteMessage(
        provider_id=provider_id, batch_id="", sender=ANN, to=LOCAL, direction=Direction.INBOUND,
        status=MessageStatus.DELIVERED, error_code="", segments=1, cost=None, text=text,
        created_at=created_at, modified_at=created_at,
    )  # fmt: skip


def ingest_inbound(*messages: RemoteMessage) -> None:
    """Ingests messages as the sync does."""
    account, _ = AccountState.objects.get_or_create(account="a", defaults={"provider": "ringcentral"})
    store.record_page(account, messages)
    ingest.ingest_replies("a", messages)


@pytest.mark.parametrize("given", [None, "2099-12-31T23:59:59Z"], ids=["no time", "ahead of us"])
def test_an_old_start_undoes_no_later_stop(given: str | None) -> None:
    """Whatever its time, and however often it is read."""
    with time_machine.travel(NOON, tick=False) as clock:
        ingest_inbound(dated_reply("START", "1", parse.moment(given)))
        clock.move_to(NOON + timedelta(minutes=5))
        ingest_inbound(dated_reply("STOP", "2", timezone.now()))
        assert blocked() == [ANN]
        clock.move_to(NOON + timedelta(minutes=30))
        ingest_inbound(dated_reply("START", "1", parse.moment(given)))
        assert blocked() == [ANN]


def test_a_start_that_was_stored_with_a_time_ahead_silences_no_stop() -> None:
    Consent.objects.create(
        account="a", sender=LOCAL, phone=ANN, opted_out=False, changed_at=datetime(2099, 1, 1, tzinfo=UTC)
    )
    assert take(record(True)) == 1
    assert blocked() == [ANN]
    assert take(record(True)) == 0
    assert take(record(False, 5)) == 1


def test_a_number_that_could_not_be_reached_is_held_when_its_owner_asks() -> None:
    factories.opt_out(ANN, kind=OptOut.Kind.SUPPRESSED, source=OptOut.Source.CARRIER, simulated=True)
    assert ingest.ingest_replies("a", [reply("please stop")]) == 1
    assert OptOut.objects.get(ended_at__isnull=True).kind == OptOut.Kind.PENDING
