"""The delivery report: the carrier's totals beside our rows."""

from decimal import Decimal

import pytest

from campaigns.labels.progress import describe_difference
from campaigns.labels.reasons import describe_reason
from campaigns.models import Batch, Campaign, Counters, Message, Price
from campaigns.opt_outs import manual
from campaigns.reports import delivery
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db

MIXED = [
    *scenario.people(4),
    scenario.people(1)[0],
    ("nonsense", "Bad"),
    ("", "Nobody"),
    (scenario.ending("9700"), "Refused"),
    (scenario.ending("9830"), "UP-430"),
    (scenario.ending("9830", 1), "UP-430"),
    (scenario.ending("9703"), "RC-403"),
    (scenario.ending("9705"), "no code"),
    (scenario.ending("9701"), "no receipt"),
]


@pytest.fixture
def campaign(carrier: RunningSimulator) -> Campaign:
    Price.objects.create(kind=Price.Kind.LOCAL, per_segment=Decimal("0.01"))
    contacts = scenario.imported(scenario.file_of(MIXED))
    manual.add(scenario.phone(3), note="", user=None)
    campaign = scenario.launched(contacts, size=4)
    scenario.submit_all(campaign)
    for _ in range(2):
        scenario.poll()
    campaign.refresh_from_db()
    return campaign


def test_the_carrier_s_totals_and_our_rows_agree(campaign: Campaign) -> None:
    report = delivery.report(campaign)
    assert report.agree
    assert {name: line.count for name, line in report.provider_totals.items()} == {
        "queued": 0, "sent": 1, "delivered": 3, "sendingFailed": 2, "deliveryFailed": 2,
    }  # fmt: skip
    assert report.texts == 8
    assert report.delivered_percent == pytest.approx(37.5)
    assert sum(report.local_counts.values()) == 13
    assert report.read_at is not None


def test_money_is_what_the_carrier_billed(campaign: Campaign) -> None:
    report = delivery.report(campaign)
    billed = sum(message.cost or 0 for message in Message.objects.all())
    assert report.cost == billed == Decimal("0.042")
    assert report.segments == campaign.segments == 9
    assert report.expected_cost == Decimal("0.09")


def test_errors_are_counted_and_explained(campaign: Campaign) -> None:
    report = delivery.report(campaign)
    assert (report.errors[0].code, report.errors[0].count) == ("SMS-UP-430", 2)
    assert {line.code for line in report.errors} == {"SMS-UP-430", "SMS-RC-403"}
    assert [(line.code, line.count) for line in report.rejected] == [("SMS-RC-410", 1)]
    for line in (*report.errors, *report.rejected):
        assert line.explanation.sentence


def test_rows_that_got_no_text_are_counted_with_why(campaign: Campaign) -> None:
    report = {line.code: (line.outcome, line.count) for line in delivery.report(campaign).reasons}
    assert report == {
        "repeated": ("duplicate", 1), "letters": ("invalid", 1), "empty": ("invalid", 1),
        "opted_out": ("excluded", 1),
    }  # fmt: skip
    assert all(describe_reason(line.code) for line in delivery.report(campaign).reasons)


def test_a_difference_is_said_and_not_hidden(campaign: Campaign) -> None:
    Counters.objects.update(delivered=2, sent=2)
    report = delivery.report(campaign)
    assert not report.agree
    words = [describe_difference(one, "RingCentral") for one in report.differences]
    assert words == [
        "Sent without a receipt: RingCentral counts 1, our messages say 2.",
        "Delivered: RingCentral counts 3, our messages say 2.",
    ]


def test_before_the_first_look_nothing_is_claimed(carrier: RunningSimulator) -> None:
    campaign = scenario.launched(scenario.people(3))
    scenario.submit_all(campaign)
    report = delivery.report(campaign)
    assert (report.cost, report.expected_cost, report.delivered_percent) == (None, None, None)
    assert report.read_at is None
    assert not [*report.errors, *report.rejected, *report.reasons]
    assert report.agree, "the carrier was not asked yet: that is no difference"


def test_a_report_does_not_grow_with_its_messages(
    campaign: Campaign, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        delivery.report(campaign)


def test_campaigns_newest_first_page_by_page(carrier: RunningSimulator, campaign: Campaign) -> None:
    scenario.drafted(scenario.people(1))
    others = [scenario.launched(scenario.people(1)) for _ in range(3)]
    lines = delivery.campaign_reports(limit=2)
    assert [line.campaign.pk for line in lines] == [others[2].pk, others[1].pk]
    assert [line.billed for line in lines] == [None, None]
    rest = delivery.campaign_reports(before_id=others[1].pk)
    assert [line.campaign.pk for line in rest] == [others[0].pk, campaign.pk]
    assert rest[1].billed == Decimal("0.042")
    assert rest[1].counters.rows == 13


def test_the_list_of_reports_has_no_query_a_campaign(
    carrier: RunningSimulator, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    contacts = scenario.imported(scenario.file_of(scenario.people(1)))
    for _ in range(4):
        scenario.submit_all(scenario.launched(contacts))
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert len(delivery.campaign_reports()) == 4


def test_batches_that_were_never_read_count_for_nothing() -> None:
    assert all(line.count == 0 for line in delivery.provider_totals([Batch()]).values())
