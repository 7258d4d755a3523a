"""The delivery report of one campaign."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Batch, Campaign, CampaignRow, ImportRow, Message
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient
from tests.support import factories


def path(campaign: Campaign, page: str = "report/") -> str:
    return f"/campaigns/{campaign.pk}/{page}"


def totals(**counts: Any) -> dict[str, Any]:
    """What a batch keeps of the provider's aggregation: name=(count, cost, codes)."""
    return {
        name: {"count": count, "cost": cost, "error_codes": codes}
        for name, (count, cost, codes) in counts.items()
    }


def reported(state: str = "finished", **counts: int) -> Campaign:
    campaign = factories.campaign(state=state, segments=10, price="0.00850", finished_at=timezone.now())
    factories.counters(campaign, **(counts or {"delivered": 7, "not_delivered": 3, "duplicate": 1}))
    Batch.objects.create(
        campaign=campaign,
        number=1,
        size=10,
        sender=campaign.sender,
        state="with_carrier",
        provider_id="b-1",
        polled_at=timezone.now(),
        totals=totals(
            queued=(0, "0", {}),
            sent=(0, "0", {}),
            delivered=(7, "0.05950", {}),
            sending_failed=(1, "0", {"SMS-RC-413": 1}),
            delivery_failed=(2, "0.01700", {"SMS-UP-410": 2}),
        ),
    )
    return campaign


def test_provider_and_our_records_side_by_side(as_viewer: PageClient) -> None:
    page = " ".join(as_viewer.page(path(reported())).split())
    for name in ("queued", "sent", "delivered", "sendingFailed", "deliveryFailed"):
        assert f'<span class="cell-note">{name}</span>' in page
    assert "70%" in page
    assert "7 of the 10 that RingCentral has reported on" in page
    assert "Both agree" in page
    assert "adds up to the 11 rows of texas.csv" in page
    assert "$0.08" in page  # billed
    assert "$0.09 expected" in page
    assert "Less was billed than expected" in page


def test_codes_are_explained_with_what_to_do(as_viewer: PageClient) -> None:
    campaign = reported()
    page = as_viewer.page(path(campaign))
    failures = page.split("What went wrong, and what to do")[1]
    assert failures.index("SMS-UP-410") < failures.index("SMS-RC-413")
    assert f"{path(campaign, 'people/')}?state=not_delivered" in failures


def test_counts_that_differ_are_said(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(reported(delivered=6, sent=1, not_delivered=3)))
    assert "The two counts differ" in page
    assert "Delivered: RingCentral counts 7, our messages say 6." in page
    assert "Both agree" not in page


def test_running_campaign_is_not_final(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(reported("delivering", delivered=6, sent=1, not_delivered=3)))
    assert "This is not final" in page
    assert "normal while texts move" in page
    assert "billed than expected" not in page


def test_left_out_and_rejected_rows_have_their_reasons(as_viewer: PageClient) -> None:
    contacts = factories.contact_list(bad=[factories.bad_row(9, "12", "too_short")])
    campaign = campaign_factories.launched(contacts)
    message = Message.objects.filter(campaign=campaign).earliest("pk")
    Message.objects.filter(pk=message.pk).update(state=Message.State.REJECTED, error_code="SMS-RC-410")
    factories.counters(campaign, rejected=1, queued=2, invalid=1)
    page = as_viewer.page(path(campaign))
    assert "too few digits" in page
    assert "SMS-RC-410 · refused at once, never sent, not billed" in page
    assert CampaignRow.objects.filter(reason="too_short").exists()


def test_nothing_taken_yet(as_viewer: PageClient) -> None:
    page = as_viewer.page(path(campaign_factories.launched()))
    assert "RingCentral has taken no text." in page
    assert "not read yet" in page
    assert "0%" not in page


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"with_carrier": 3}, "RingCentral took 3 texts and has not reported on them yet."),
        ({"in_doubt": 3}, "Whether RingCentral took any text is not known yet."),
        ({"submitting": 3}, "Whether RingCentral took any text is not known yet."),
        ({"rejected": 3}, "RingCentral has taken no text."),
    ],
)
def test_no_totals_are_not_no_texts(as_viewer: PageClient, counts: dict[str, int], sentence: str) -> None:
    campaign = factories.campaign(state="delivering")
    factories.counters(campaign, **counts)
    assert sentence in " ".join(as_viewer.page(path(campaign)).split())


def test_file_has_every_row_with_its_own_columns_and_runs_no_formula(as_viewer: PageClient) -> None:
    contacts = factories.contact_list(bad=[factories.bad_row(9, "12", "too_short", "=SUM(A1)")])
    campaign = campaign_factories.launched(contacts)
    answer = as_viewer.get(path(campaign, "report.csv"))
    assert answer["Content-Disposition"] == f'attachment; filename="spring-sale-{campaign.pk}.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[0][:4] == ["Phone", "First name", "Row", "Number"]
    assert len(rows) == 1 + ImportRow.objects.count()
    assert rows[-1][1] == "'=SUM(A1)"


def test_draft_has_no_report(as_viewer: PageClient) -> None:
    draft = campaign_factories.draft()
    assert as_viewer.get(path(draft))["Location"] == f"/campaigns/{draft.pk}/review/"
    assert as_viewer.get(path(draft, "report.csv")).status_code == 404


def failed_with(*codes: str) -> Campaign:
    """A finished campaign of as many people as codes; each text failed with its code."""
    campaign = campaign_factories.launched(factories.contact_list(people=len(codes)))
    for message, code in zip(Message.objects.filter(campaign=campaign).order_by("pk"), codes, strict=True):
        Message.objects.filter(pk=message.pk).update(state="not_delivered", error_code=code)
    factories.counters(campaign, queued=0, not_delivered=len(codes))
    Campaign.objects.filter(pk=campaign.pk).update(state="finished", finished_at=timezone.now())
    return campaign


def flat(page: str) -> str:
    return " ".join(page.split())


def test_both_kinds_of_failure_are_counted_once(as_viewer: PageClient) -> None:
    page = flat(as_viewer.page(path(reported())))
    assert 'data-label="Our records" rowspan="2"' in page
    assert page.count("not delivered, both kinds") == 1
    assert "counted above" not in page


def test_everyone_in_one_equation(as_viewer: PageClient) -> None:
    campaign = reported()
    for page in ("report/", "people/", ""):
        text = as_viewer.page(path(campaign, page))
        sum_of_it = flat(text.split('class="equation"')[1].split("</ul>")[0])
        assert "11 rows of the file" in sum_of_it
        signs = [part.split("</span>")[0] for part in sum_of_it.split('equation-operator">')[1:]]
        assert signs == ["=", "+", "+"]
        for state, count in (("delivered", 7), ("not_delivered", 3), ("duplicate", 1)):
            assert f'/people/?state={state}">{count} ' in sum_of_it
            assert f"/people.csv?state={state}" in sum_of_it
        assert "equation-danger" not in text


def test_send_again_makes_a_draft_for_exactly_these(as_composer: PageClient) -> None:
    campaign = failed_with("SMS-CAR-500", "SMS-CAR-430", "SMS-UP-410")
    page = flat(as_composer.page(path(campaign)))
    assert "Send again to these 2" in page
    assert "Edit the text first." in page
    assert "It can be sent again later, as it is." in page
    draft = flat(as_composer.send(path(campaign, "again/")).content.decode())
    child = Campaign.objects.get(parent=campaign)
    assert "A draft for exactly these 2 people." in draft
    assert "Edit the text first. 1 person: The carrier&#x27;s spam filter stopped the text." in draft
    assert child.name == "Spring sale, again to 2 people"
    assert str(child.created_by) == "carlo"
    page = flat(as_composer.page(path(campaign)))
    assert f"/campaigns/{child.pk}/review/" in page
    assert "Everybody who can be tried again is in a campaign already." in page
    assert "Send again to" not in page


def test_a_second_press_leads_to_the_draft_of_the_first(as_composer: PageClient) -> None:
    campaign = failed_with("SMS-CAR-500")
    as_composer.send(path(campaign, "again/"))
    answer = as_composer.post(path(campaign, "again/"))
    child = Campaign.objects.get(parent=campaign)
    assert answer["Location"] == path(child, "edit/")
    assert "Nothing was made" in as_composer.page(answer["Location"])


def test_parent_and_child_lead_to_each_other(as_composer: PageClient) -> None:
    campaign = failed_with("SMS-CAR-500")
    as_composer.send(path(campaign, "again/"))
    child = Campaign.objects.get(parent=campaign)
    for page in ("edit/", "review/"):
        assert f'id="parent" href="{path(campaign)}"' in flat(as_composer.page(path(child, page)))
    Campaign.objects.filter(pk=child.pk).update(
        state="sending", account=campaign.account, launched_at=timezone.now()
    )
    for page in ("", "report/"):
        assert f'id="child-{child.pk}"' in as_composer.page(path(campaign, page))
        assert f'id="parent" href="{path(campaign)}"' in flat(as_composer.page(path(child, page)))


def test_nobody_can_be_tried_again(as_composer: PageClient) -> None:
    campaign = failed_with("SMS-UP-410", "SMS-CAR-104")
    assert "Nobody: the reasons above do not pass" in as_composer.page(path(campaign))
    answer = as_composer.post(path(campaign, "again/"))
    assert answer["Location"] == path(campaign)
    assert not Campaign.objects.filter(parent=campaign).exists()


def test_not_while_texts_are_leaving(as_composer: PageClient) -> None:
    campaign = failed_with("SMS-CAR-500")
    Campaign.objects.filter(pk=campaign.pk).update(state="sending")
    assert "Once every text has left" in as_composer.page(path(campaign))
    as_composer.post(path(campaign, "again/"))
    assert not Campaign.objects.filter(parent=campaign).exists()


def test_who_may_send_again(as_viewer: PageClient, as_composer: PageClient) -> None:
    campaign = failed_with("SMS-CAR-500")
    page = as_viewer.page(path(campaign))
    assert "Ask someone with the composer role" in page
    assert path(campaign, "again/") not in page
    assert as_composer.get(path(campaign, "again/"))["Location"] == path(campaign)
