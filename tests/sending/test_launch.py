"""One press launches, and the audience never changes afterwards."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from campaigns.accounts import registry
from campaigns.composing.audience import field_names, source_rows
from campaigns.composing.personalise import Personaliser
from campaigns.labels.findings import describe_finding
from campaigns.models import (
    Batch,
    Campaign,
    CampaignRow,
    ContactList,
    Counters,
    History,
    Import,
    Message,
    Price,
    SenderNumber,
)
from campaigns.opt_outs import manual
from campaigns.sending import dispatch, launch
from campaigns.sending.steps import StepResult
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

FILE = """Phone,First name
(212) 555-1000,Ann
212-555-1001,
+1 212 555 1000,Ann again
not a number,Bob
,Nobody
2125551002,Cy
"""


def outcomes(campaign: Campaign) -> list[tuple[int, str, str]]:
    rows = CampaignRow.objects.filter(campaign=campaign).order_by("id")
    return list(rows.values_list("import_row__number", "outcome", "reason"))


def frozen(campaign: Campaign) -> list[tuple[str, str]]:
    return list(Message.objects.filter(campaign=campaign).order_by("id").values_list("to", "text"))


def test_every_row_of_the_file_is_frozen_with_what_becomes_of_it(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(FILE)
    manual.add("212 555 1002", note="", user=None)
    campaign = scenario.launched(contacts)
    assert outcomes(campaign) == [
        (2, "message", ""),
        (3, "message", ""),
        (4, "duplicate", "repeated"),
        (5, "invalid", "letters"),
        (6, "invalid", "empty"),
        (7, "excluded", "opted_out"),
    ]
    assert frozen(campaign) == [("+12125551000", "Hi Ann"), ("+12125551001", "Hi there")]
    assert scenario.counts(campaign) == {"queued": 2, "duplicate": 1, "invalid": 2, "excluded": 1}
    assert Counters.objects.get().rows == 6
    assert campaign.segments == 2
    scenario.assert_adds_up(campaign)


def test_whom_the_account_cannot_reach_is_frozen_without_a_text(carrier: RunningSimulator) -> None:
    contacts = scenario.imported(
        "Phone,First name\n+442079460000,Ann\n+18765550100,Bob\n2125551000,Cy\n+16045551000,Dee\n"
        "+525512345678,Ed\n"
    )
    manual.add("+525512345678", note="", user=None)
    campaign = scenario.launched(contacts)
    assert outcomes(campaign) == [
        (2, "invalid", "unreached"),
        (3, "invalid", "unreached"),
        (4, "message", ""),
        (5, "message", ""),
        (6, "excluded", "opted_out"),
    ]
    assert scenario.counts(campaign) == {"queued": 2, "invalid": 2, "excluded": 1}
    assert launch.run_preflight(campaign).texts == 2
    scenario.assert_adds_up(campaign)
    scenario.submit_all(campaign)
    assert {line["to"] for line in carrier.ledger()} == {"+12125551000", "+16045551000"}


def test_texts_stay_as_they_were_at_launch(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(2))
    before = frozen(campaign)
    Campaign.objects.update(text="Something else")
    assert launch.freeze(campaign.pk)
    scenario.submit_all(campaign)
    assert sorted((line["to"], line["text"]) for line in carrier.ledger()) == sorted(before)


def test_an_empty_text_and_one_too_long_leave_their_rows_out(carrier: RunningSimulator) -> None:
    rows = [
        (scenario.phone(0), ""),
        (scenario.phone(1), "x" * 1000),
        (scenario.phone(2), "x" * 1001),
        (scenario.phone(3), "\N{PARTY POPPER}" * 500),  # 1,000 UTF-16 units
        (scenario.phone(4), "\N{PARTY POPPER}" * 500 + "!"),
        (scenario.phone(5), "   "),
    ]
    campaign = scenario.launched(rows, text="{{ first_name }}")
    assert [row[1:] for row in outcomes(campaign)] == [
        ("invalid", "empty_text"),
        ("message", ""),
        ("invalid", "text_too_long"),
        ("message", ""),
        ("invalid", "text_too_long"),
        ("invalid", "empty_text"),
    ]
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize(
    ("people", "size", "sizes"),
    [
        (1, 1000, [1]),
        (999, 1000, [999]),
        (1000, 1000, [1000]),
        (1001, 1000, [1000, 1]),
        (7, 3, [3, 3, 1]),
        (6, 3, [3, 3]),
        (5, 1, [1] * 5),
    ],
)
@pytest.mark.parametrize("chunk", [5000, 4])
def test_batches_are_cut_exactly(
    carrier: RunningSimulator,
    monkeypatch: pytest.MonkeyPatch,
    people: int,
    size: int,
    sizes: list[int],
    chunk: int,
) -> None:
    """Whatever piece of the file one transaction takes, a batch is filled up before the next one opens."""
    if people > 900 and chunk == 4:
        chunk = 333
    monkeypatch.setattr(launch, "CHUNK", chunk)
    campaign = scenario.launched(scenario.people(people), size=size)
    batches = list(Batch.objects.filter(campaign=campaign).order_by("number"))
    assert [batch.size for batch in batches] == sizes
    assert [batch.number for batch in batches] == list(range(1, len(sizes) + 1))
    assert [Message.objects.filter(batch=batch).count() for batch in batches] == sizes
    assert [to for to, _ in frozen(campaign)] == [phone for phone, _ in scenario.people(people)]
    scenario.assert_adds_up(campaign)


@pytest.mark.parametrize("size", [0, 20_000])
def test_a_batch_is_never_larger_than_the_carrier_takes(carrier: RunningSimulator, size: int) -> None:
    campaign = scenario.launched(scenario.people(3), size=size)
    batch = Batch.objects.filter(campaign=campaign).first()
    assert batch is not None
    assert 1 <= batch.size <= registry.default().provider.max_batch


def test_freezing_goes_on_where_it_was_killed(
    carrier: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "CHUNK", 3)
    campaign = scenario.drafted(scenario.people(8), size=4)
    launch.launch(campaign, user=None)
    assert not launch.freeze(campaign.pk, stop_after=1)
    assert scenario.counts(campaign) == {"queued": 3}
    assert dispatch.step(campaign.pk).result == StepResult.DONE, "nothing leaves before the audience is whole"
    assert carrier.ledger() == []
    assert not launch.freeze(campaign.pk, stop_after=1)
    assert launch.freeze(campaign.pk)
    assert launch.freeze(campaign.pk), "and once more changes nothing"
    assert scenario.counts(campaign) == {"queued": 8}
    campaign.refresh_from_db()
    assert (campaign.state, campaign.segments) == (Campaign.State.SENDING, 8)
    assert History.objects.filter(kind="frozen").count() == 1
    scenario.assert_adds_up(campaign)


def test_a_chunk_is_written_by_one_of_two(carrier: RunningSimulator) -> None:
    """Both read the same rows; the second finds them taken over."""
    campaign = scenario.drafted(scenario.people(4), size=3)
    launch.launch(campaign, user=None)
    names = field_names(campaign)
    rows = source_rows(ContactList.objects.get(), limit=10)
    chunk = launch.decide(campaign, Personaliser(campaign.text, names), rows)
    launch.write_chunk(campaign, rows[-1].id, chunk)
    launch.write_chunk(campaign, rows[-1].id, chunk)
    assert scenario.counts(campaign) == {"queued": 4}
    assert Message.objects.count() == 4


def test_who_opted_out_between_launch_and_freezing_is_left_out(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(scenario.people(2))
    launch.launch(campaign, user=None)
    manual.add(scenario.phone(0), note="", user=None)
    launch.freeze(campaign.pk)
    assert scenario.counts(campaign) == {"queued": 1, "excluded": 1}


def test_the_second_press_changes_nothing(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(scenario.people(2))
    again = Campaign.objects.get(pk=campaign.pk)
    assert launch.launch(campaign, user=None)
    assert campaign.state == Campaign.State.PREPARING
    assert not launch.launch(again, user=None)
    assert not launch.launch(campaign, user=None)
    assert History.objects.filter(kind="launched").count() == 1
    launch.freeze(campaign.pk)
    assert not launch.launch(Campaign.objects.get(), user=None)
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    "edit",
    [{"text": "Buy now"}, {"sender": scenario.TOLL_FREE}, {"contact_list": None}],
    ids=["text", "sender", "list"],
)
def test_an_edit_between_the_check_and_the_press_stops_it(
    carrier: RunningSimulator, edit: dict[str, object]
) -> None:
    campaign = scenario.drafted(scenario.people(2))
    Campaign.objects.filter(pk=campaign.pk).update(**edit)
    with pytest.raises(launch.NotReady) as problem:
        launch.launch(campaign, user=None)
    assert [finding.code for finding in problem.value.findings] == ["changed"]
    campaign.refresh_from_db()
    assert campaign.is_draft
    assert not Counters.objects.exists()


def nothing_usable() -> ContactList:
    return scenario.imported("Phone,First name\nnot a number,Ann\n12,Bob\n")


@pytest.mark.parametrize(
    ("changes", "codes", "words"),
    [
        ({"text": ""}, ["no_text"], "There is no text yet"),
        ({"text": "  \n "}, ["no_text"], "There is no text yet"),
        ({"text": "Hi {{ frist_name }}"}, ["text"], "first_name"),
        ({"text": "Hi {{ first_name"}, ["text"], "Check the text"),
        ({"sender": ""}, ["no_sender"], "No number chosen"),
        ({"sender": scenario.PLAIN}, ["sender"], "A2PSmsSender"),
        ({"sender": "+12125550100"}, ["sender"], "does not list it"),
        ({"contact_list": None, "text": "Hi"}, ["no_list"], "No list chosen"),
    ],
)
def test_a_draft_with_a_problem_is_refused_in_words(
    carrier: RunningSimulator, changes: dict[str, object], codes: Sequence[str], words: str
) -> None:
    campaign = scenario.drafted(scenario.people(2))
    for name, value in changes.items():
        setattr(campaign, name, value)
    campaign.save()
    with pytest.raises(launch.NotReady) as problem:
        launch.launch(campaign, user=None)
    found = problem.value.findings
    assert [finding.code for finding in found] == codes
    described = describe_finding(found[0])
    assert words in f"{described.title} {described.detail}"
    campaign.refresh_from_db()
    assert campaign.is_draft


def test_a_list_without_anybody_is_refused(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(nothing_usable())
    with pytest.raises(launch.NotReady, match="no_numbers"):
        launch.launch(campaign, user=None)


def test_a_list_that_is_still_being_read_is_refused(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(scenario.people(2))
    Import.objects.update(state=Import.State.READING)
    with pytest.raises(launch.NotReady, match="list_not_ready"):
        launch.launch(campaign, user=None)


def test_the_price_is_kept_as_it_was_at_launch(carrier: RunningSimulator) -> None:
    Price.objects.create(kind=Price.Kind.TOLL_FREE, per_segment=Decimal("0.01"))
    campaign = scenario.launched(scenario.people(2), sender=scenario.TOLL_FREE)
    Price.objects.update(per_segment=Decimal(5))
    campaign.refresh_from_db()
    assert campaign.price == Decimal("0.01")
    local = scenario.launched(campaign.contact_list or [])
    assert local.price is None, "no price is set for local numbers, and none is guessed"


def test_a_number_that_went_away_cannot_launch(carrier: RunningSimulator) -> None:
    campaign = scenario.drafted(scenario.people(2))
    SenderNumber.objects.filter(phone=scenario.LOCAL).delete()
    with pytest.raises(launch.NotReady):
        launch.launch(campaign, user=None)
    registry.default().refresh_numbers()
    assert launch.launch(campaign, user=None)
