"""Who is in a campaign, and who must not be."""

import pytest

from campaigns.composing import audience
from campaigns.models import Import, ImportRow
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_rows_come_in_the_order_of_the_file() -> None:
    bad = [factories.bad_row(5, "nonsense", "letters"), factories.bad_row(6, "+12015550100", "repeated")]
    contacts = factories.contact_list(people=3, bad=bad)
    rows = audience.source_rows(contacts, limit=10)
    assert [(row.number, row.outcome, row.problem, row.usable) for row in rows] == [
        (2, "usable", "", True),
        (3, "usable", "", True),
        (4, "usable", "", True),
        (5, "invalid", "letters", False),
        (6, "duplicate", "repeated", False),
    ]
    assert rows[0].cells() == [factories.phone(0), "Person 0"]
    assert [row.number for row in audience.source_rows(contacts, limit=10, only_usable=True)] == [2, 3, 4]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_in_pieces_nobody_is_lost_or_doubled(chunk: int) -> None:
    contacts = factories.contact_list(people=7)
    factories.contact_list("Another", people=2)
    pieces = list(audience.all_source_rows(contacts, chunk=chunk))
    assert [row.number for piece in pieces for row in piece] == list(range(2, 9))
    assert all(len(piece) <= chunk for piece in pieces)


@pytest.mark.parametrize("state", [Import.State.WAITING, Import.State.READING, Import.State.FAILED])
def test_a_file_that_is_not_read_to_its_end_counts_for_nothing(state: str) -> None:
    contacts = factories.contact_list(people=3, state=state)
    assert ImportRow.objects.count() == 3
    assert audience.source_rows(contacts, limit=10) == []


def test_the_fields_of_a_campaign_are_those_of_its_list() -> None:
    campaign = factories.campaign(factories.contact_list(columns=("Phone", "First name", "Shop")))
    assert audience.field_names(campaign) == ["phone", "first_name", "shop"]
    campaign.contact_list = None
    assert audience.field_names(campaign) == []
