"""Sending again: a linked draft for exactly those who can be tried again, and for nobody else."""

import pytest

from campaigns.models import (
    Campaign,
    CampaignRow,
    Contact,
    ContactList,
    Counters,
    History,
    Import,
    ImportRow,
    Message,
    RowState,
)
from campaigns.opt_outs import manual
from campaigns.sending import counters, launch, resend
from tests.dashboard import campaign_factories
from tests.support import factories

pytestmark = pytest.mark.django_db

CODES = {
    2: "SMS-CAR-500",  # later
    3: "SMS-CAR-412",  # soft
    4: "SMS-CAR-430",  # after an edit
    5: "SMS-UP-414",  # after a repair
    6: "SMS-UP-410",  # never
    7: "SMS-RC-500",  # a person decides
    8: "SMS-CAR-104",  # may have arrived
    9: "SMS-CAR-999",  # nobody knows it
    10: "",
}
"""By row of the file."""
AGAIN = [2, 3, 4, 5]


def failed(
    state: str = Campaign.State.FINISHED, columns: tuple[str, ...] = ("Phone", "First name")
) -> Campaign:
    """Rows 2 to 10 failed with every kind of code; 11 was delivered, 12 has no receipt."""
    contacts = factories.contact_list(people=11, columns=columns)
    campaign = campaign_factories.launched(contacts, batch_size=20)
    for message in Message.objects.filter(campaign=campaign).select_related("import_row"):
        row = message.import_row.number
        outcome = {11: "delivered", 12: "sent"}.get(row, "not_delivered")
        Message.objects.filter(pk=message.pk).update(state=outcome, error_code=CODES.get(row, ""))
        counters.move(campaign.pk, RowState.QUEUED, RowState(outcome), 1)
    Campaign.objects.filter(pk=campaign.pk).update(**factories.in_state(state))
    campaign.refresh_from_db()
    return campaign


def rows(plan: resend.Plan) -> list[int]:
    numbers = ImportRow.objects.in_bulk([person.row_id for person in plan.people])
    return sorted(row.number for row in numbers.values())


def rows_of(campaign: Campaign) -> list[int]:
    return list(
        Contact.objects.filter(contact_list=campaign.contact_list)
        .values_list("row__number", flat=True)
        .order_by("pk")
    )


def test_only_those_who_can_be_tried_again() -> None:
    plan = resend.plan(failed())
    assert rows(plan) == AGAIN
    assert {reason.explanation.code: (reason.count, reason.first) for reason in plan.reasons} == {
        "SMS-CAR-500": (1, ""),
        "SMS-CAR-412": (1, ""),
        "SMS-CAR-430": (1, "Edit the text first."),
        "SMS-UP-414": (1, "Choose another number first, or have this one repaired."),
    }


@pytest.mark.parametrize("state", ["waiting", "excluded", "rejected", "sent", "delivered"])
def test_nobody_whose_text_did_not_fail(state: str) -> None:
    """Whatever the code says: in doubt, in review, left out, without a receipt, delivered."""
    campaign = failed()
    Message.objects.filter(campaign=campaign).update(state=state)
    assert resend.plan(campaign).people == []
    assert resend.create_draft(campaign, user=None) is None


def test_draft_with_the_same_people_columns_and_cells() -> None:
    campaign = failed(columns=("Phone", "First name", "City"))
    child = resend.create_draft(campaign, user=None)
    assert child is not None
    assert (child.parent, child.state, child.name) == (campaign, "draft", "Spring sale, again to 4 people")
    assert (child.text, child.sender, child.batch_size) == (
        campaign.text,
        campaign.sender,
        campaign.batch_size,
    )
    old, new = campaign.contact_list, child.contact_list
    assert old is not None
    assert new is not None
    assert (new.columns, new.field_names, new.contact_count) == (old.columns, old.field_names, 4)
    source = Import.objects.get(contact_list=new)
    assert (source.state, source.row_count, source.usable_count) == ("done", 4, 4)
    assert rows_of(child) == AGAIN
    for number in AGAIN:
        was = ImportRow.objects.get(source__contact_list=old, number=number)
        now = ImportRow.objects.get(source=source, number=number)
        assert (now.phone, now.cells) == (was.phone, was.cells)
    assert History.objects.filter(campaign_id=campaign.pk, kind="sent_again").count() == 1


def test_is_sent_as_any_other_and_opt_outs_count_again() -> None:
    child = resend.create_draft(failed(), user=None)
    assert child is not None
    manual.add(factories.phone(0), note="", user=None)
    assert launch.launch(child, user=None)
    assert launch.freeze(child.pk)
    assert (
        Counters.objects.get(campaign=child).as_dict() | {"queued": 3, "excluded": 1}
        == Counters.objects.get(campaign=child).as_dict()
    )
    assert CampaignRow.objects.get(campaign=child, outcome="excluded").import_row.number == 2


def test_opted_out_since(db: None) -> None:
    campaign = failed()
    manual.add(factories.phone(1), note="", user=None)
    plan = resend.plan(campaign)
    assert rows(plan) == [2, 4, 5]
    assert plan.opted_out == 1


def test_second_press_makes_nothing() -> None:
    campaign = failed()
    assert resend.create_draft(campaign, user=None)
    lists = ContactList.objects.count()
    assert resend.create_draft(campaign, user=None) is None
    assert resend.plan(campaign).in_others == 4
    assert (campaign.children.count(), ContactList.objects.count()) == (1, lists)


def test_those_who_failed_later_get_a_draft_of_their_own() -> None:
    campaign = failed()
    first = resend.create_draft(campaign, user=None)
    Message.objects.filter(campaign=campaign, import_row__number=12).update(
        state="not_delivered", error_code="SMS-CAR-500"
    )
    second = resend.create_draft(campaign, user=None)
    assert first is not None
    assert second is not None
    assert (rows_of(first), rows_of(second)) == (AGAIN, [12])


def test_a_deleted_draft_frees_its_people() -> None:
    campaign = failed()
    child = resend.create_draft(campaign, user=None)
    assert child is not None
    child.delete()
    assert rows(resend.plan(campaign)) == AGAIN


def test_cancelled_before_it_left_frees_its_people() -> None:
    campaign = failed()
    child = resend.create_draft(campaign, user=None)
    assert child is not None
    assert launch.launch(child, user=None)
    assert launch.freeze(child.pk)
    assert resend.plan(campaign).people == []
    child.batches.update(state="cancelled")
    assert rows(resend.plan(campaign)) == AGAIN
    Message.objects.filter(campaign=child, import_row__number=3).update(state="not_delivered")
    assert rows(resend.plan(campaign)) == [2, 4, 5], "it is the child's turn to be sent again"


def test_a_phone_that_is_never_reached_is_given_up() -> None:
    campaign = failed()
    assert resend.MAX_SOFT_TRIES == 3
    for expected in (True, True, False):
        assert (3 in rows(resend.plan(campaign))) is expected
        child = resend.create_draft(campaign, user=None)
        assert child is not None
        assert launch.launch(child, user=None)
        assert launch.freeze(child.pk)
        for message in Message.objects.filter(campaign=child).select_related("import_row"):
            Message.objects.filter(pk=message.pk).update(
                state="not_delivered", error_code=CODES[message.import_row.number]
            )
        many = Message.objects.filter(campaign=child).count()
        counters.move(child.pk, RowState.QUEUED, RowState.NOT_DELIVERED, many)
        Campaign.objects.filter(pk=child.pk).update(state="finished")
        child.refresh_from_db()
        campaign = child


@pytest.mark.parametrize(
    ("state", "with_carrier", "ready"),
    [
        ("preparing", 0, False),
        ("sending", 0, False),
        ("held", 0, False),
        ("delivering", 1, False),
        ("delivering", 0, True),
        ("finished", 0, True),
    ],
)
def test_only_once_all_texts_have_left(state: str, with_carrier: int, ready: bool) -> None:
    campaign = failed(state)
    counters.move(campaign.pk, RowState.SENT, RowState.WITH_CARRIER, with_carrier)
    plan = resend.plan(campaign)
    assert plan.ready is ready
    assert bool(plan.people) is ready


def test_of_a_large_campaign_a_page_reads_counters_only(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = failed()
    assert resend.estimate(campaign).exact
    monkeypatch.setattr(resend, "MAX_EXACT_ROWS", 3)
    counted = {code: 1 for code in CODES.values() if code}
    campaign.batches.update(totals={"delivery_failed": {"count": 9, "cost": "0", "error_codes": counted}})
    plan = resend.estimate(campaign)
    assert (plan.exact, plan.count, plan.people) == (False, 4, ())
    assert resend.create_draft(campaign, user=None)
    plan = resend.estimate(campaign)
    assert (plan.count, plan.in_others) == (0, 4)


def test_another_draft_was_made_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two presses at once: whoever comes second looks again, and finds nobody."""
    campaign = failed()
    stale = [resend.plan(campaign)]
    assert resend.create_draft(campaign, user=None)
    fresh_plan = resend.plan
    monkeypatch.setattr(resend, "plan", lambda of: stale.pop() if stale else fresh_plan(of))
    assert resend.create_draft(campaign, user=None) is None
    assert stale == []
    assert campaign.children.count() == 1
