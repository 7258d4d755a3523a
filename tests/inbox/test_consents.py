"""Opting out and in, as the carrier tells it: the newest word on a pair counts, in any order."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from campaigns import tasks
from campaigns.inbox import consents, optouts
from campaigns.models import CarrierConsent, Event, OptOut
from campaigns.providers.base import RemoteMessage
from campaigns.providers.optouts import OptOutChange, OptOutRecord
from campaigns.sending import accounts
from tests import factories
from tests.simulator.running import RunningSimulator

pytestmark = pytest.mark.django_db

LOCAL, TOLL_FREE = "+16505550100", "+18885550100"
ANN, BEN = "+14155550101", "+14155550102"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(
    opted_out: bool, minutes: int = 0, *, sender: str = LOCAL, to: str = ANN, source: str = ""
) -> OptOutRecord:
    return OptOutRecord(
        sender=sender,
        recipient=to,
        opted_out=opted_out,
        source=source,
        changed_at=NOON + timedelta(minutes=minutes),
    )


def take(*records: OptOutRecord) -> int:
    return consents.take("a", records, at=NOON)


def blocked() -> list[str]:
    return sorted(OptOut.objects.filter(ended_at__isnull=True).values_list("phone", flat=True))


OUT, BACK, OUT_AGAIN = record(True, 0), record(False, 5), record(True, 9)


@pytest.mark.parametrize("told", [*itertools.permutations([OUT, BACK, OUT, BACK])])
def test_out_and_back_in_any_order_and_twice(told: tuple[OptOutRecord, ...]) -> None:
    take(*told)
    assert blocked() == []


@pytest.mark.parametrize("told", [*itertools.permutations([OUT, BACK, OUT_AGAIN])])
def test_out_again_in_any_order(told: tuple[OptOutRecord, ...]) -> None:
    take(*told)
    take(*told)
    assert blocked() == [ANN]
    assert OptOut.objects.filter(ended_at__isnull=True).count() == 1


def test_at_the_same_moment_the_opt_out_counts() -> None:
    for order in ([True, False], [False, True]):
        CarrierConsent.objects.all().delete()
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
    optouts.add(ANN, note="called us", user=sender)
    take(record(True), record(False, 5))
    assert blocked() == [ANN]
    assert OptOut.objects.get().source == OptOut.Source.STAFF


def test_staff_may_let_somebody_back_in_and_old_news_change_nothing(sender: User) -> None:
    take(OUT)
    optouts.end(OptOut.objects.get(), user=sender)
    assert take(OUT) == 0
    assert blocked() == []


def test_who_says_stop_again_after_staff_let_them_back_in_is_out(sender: User) -> None:
    take(OUT)
    optouts.end(OptOut.objects.get(), user=sender)
    take(OUT_AGAIN)
    assert blocked() == [ANN]


def test_an_opt_out_weighs_more_than_a_number_that_could_not_be_reached() -> None:
    factories.opt_out(ANN, kind=OptOut.Kind.SUPPRESSED, source=OptOut.Source.CARRIER)
    take(OUT)
    assert OptOut.objects.get(ended_at__isnull=True).kind == OptOut.Kind.OPT_OUT


@pytest.mark.parametrize(
    ("source", "kept"), [("Recipient", "reply"), ("Carrier", "carrier"), ("", "carrier")]
)
def test_who_said_so_is_written_down(source: str, kept: str) -> None:
    take(record(True, source=source))
    made = OptOut.objects.get()
    assert (made.source, made.created_by) == (kept, None)
    assert "2026-11-21" in made.note
    event = Event.objects.get(verb="opt_out_added")
    assert ANN not in event.detail
    assert ANN[-4:] in event.detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("STOP", True),
        (" stop\n", True),
        ("Unsubscribe", True),
        ("quit", True),
        ("CANCEL", True),
        ("end", True),
        ("START", False),
        ("unstop", False),
        ("Resume", False),
        ("please stop", None),  # the word must be the whole text
        ("stop!", None),
        ("STOPALL", None),  # not among RingCentral's words
        ("", None),
        ("yes", None),
    ],
)
def test_keywords(text: str, said: bool | None) -> None:
    assert consents.keyword(text) is said


@pytest.mark.parametrize(("direction", "blocks"), [("Inbound", True), ("Outbound", False)])
def test_only_what_comes_in_is_a_word(direction: str, blocks: bool) -> None:
    """A text of ours that says "stop" opts nobody out."""
    message = RemoteMessage(
        provider_id="1", batch_id="", sender=ANN, to=LOCAL, direction=direction, status="Delivered",
        error_code="", segments=1, cost=None, text="STOP", created_at=NOON, modified_at=NOON,
    )  # fmt: skip
    told = consents.told_by(message)
    assert (told is not None) == blocks
    if told:
        take(told)
        assert blocked() == [ANN]


def blocked_at_the_carrier(*pairs: tuple[str, str]) -> None:
    store = accounts.provider().opt_outs
    assert store is not None
    wishes = [OptOutChange(sender=ours, recipient=theirs, opted_out=True) for ours, theirs in pairs]
    assert store.write(wishes) == []


def test_whom_the_carrier_blocks_is_read_at_night(carrier: RunningSimulator) -> None:
    """Whoever asked for it: another program, or somebody at the carrier."""
    blocked_at_the_carrier((LOCAL, ANN), (LOCAL, BEN))
    assert consents.read_all() == 2
    assert blocked() == [ANN, BEN]
    assert consents.read_all() == 0


@pytest.mark.parametrize("told", [{}, {"lastModifiedTime": "2026-11-01T12:00:00Z"}], ids=["no time", "time"])
def test_what_is_told_each_night_undoes_nothing_of_ours(
    carrier: RunningSimulator, sender: User, told: dict[str, str]
) -> None:
    """A record without a time counts as of now, and would be newer each night."""
    listed = {"records": [{"from": LOCAL, "to": ANN, "optStatus": "OptOut"} | told], "paging": {}}
    always = {"fault": "status", "status": 200, "body": json.dumps(listed), "times": 100}
    carrier.faults({"path": "/sms/consents/search"} | always)
    assert consents.read_all() == 1
    assert blocked() == [ANN]
    assert optouts.end(OptOut.objects.get(), user=sender)
    assert consents.read_all() == 0
    assert blocked() == []


def test_a_list_that_cannot_be_read_changes_nothing(carrier: RunningSimulator) -> None:
    blocked_at_the_carrier((LOCAL, ANN))
    carrier.faults({"path": "/", "fault": "status", "status": 400, "times": 100})
    tasks.read_opt_outs.func()
    assert blocked() == []
    carrier.faults()
    tasks.read_opt_outs.func()
    assert blocked() == [ANN]
