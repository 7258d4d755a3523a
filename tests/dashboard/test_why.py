"""Why somebody got a text: everything about one phone number."""

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.labels.timeline import describe_step
from campaigns.models import (
    Attempt,
    Batch,
    Campaign,
    Consent,
    History,
    Import,
    Message,
    OptOut,
    ProviderMessage,
)
from campaigns.opt_outs import manual
from campaigns.providers.base import ProviderError
from campaigns.reconciling import decisions
from campaigns.reports import number_history
from campaigns.sending import attempts, launch
from tests.dashboard import campaign_factories
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_message import attempt
from tests.support import factories

FIRST = "+12015550100"
"""The person of row 2 in every list of the factories."""
BIG = [f"campaigns_{name}" for name in ("message", "storemessage", "importrow", "campaignrow", "contact")]


def path(number: str = FIRST, page: str = "/why/") -> str:
    return f"{page}?number={number.replace('+', '%2B')}"


def flat(page: str) -> str:
    return " ".join(page.split())


def file_of(client: PageClient, number: str = FIRST) -> list[dict[str, str]]:
    answer = client.get(path(number, "/why.csv"))
    assert answer["Content-Disposition"] == f'attachment; filename="number-ending-{number[-4:]}.csv"'
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))


def handed_over(sender: User) -> Campaign:
    campaign = store.handed_over("b-1")
    Campaign.objects.filter(pk=campaign.pk).update(launched_by=sender)
    batch = Batch.objects.get(campaign=campaign)
    attempt(batch, Attempt.State.ABSENT, note="missed")
    attempt(batch, Attempt.State.ACCEPTED, provider_id="b-1", http_status=201, request_id="req-7")
    return campaign


def test_asks_for_a_number_and_stands_in_the_navigation(as_viewer: PageClient) -> None:
    page = as_viewer.page("/why/")
    assert "Why did I get this text?" in page
    assert 'href="/why/"' in as_viewer.page("/")


@pytest.mark.parametrize("typed", ["(201) 555-0100", "2015550100", "+1 201.555.0100", "1-201-555-0100"])
def test_any_spelling(as_viewer: PageClient, sender: User, typed: str) -> None:
    handed_over(sender)
    assert "Autumn sale" in as_viewer.page(path(typed))


def test_the_whole_story_of_one_text(as_viewer: PageClient, sender: User) -> None:
    campaign = handed_over(sender)
    page = flat(as_viewer.page(path()))
    for said in (
        "Why did (201) 555-0100 get a text?",
        f'href="/campaigns/{campaign.pk}/report/"',
        f'href="/lists/{campaign.contact_list_id}/"',
        "row 2 of texas.csv",
        "<dt>First name</dt> <dd> Person 0 </dd>",
        "Hi Person 0, 20% off today.",
        "sofia",
        "Handed to RingCentral",
        "Proved that the batch had never arrived",
        "HTTP 201, request req-7.",
        "b-1-1",
        "Delivered",
        "1 text left for (201) 555-0100",
    ):
        assert said in page
    assert "Person 1" not in page


def test_two_clicks_from_the_people_and_from_a_message(as_viewer: PageClient, sender: User) -> None:
    campaign = handed_over(sender)
    assert path() in as_viewer.page(f"/campaigns/{campaign.pk}/people/")
    message = ProviderMessage.objects.get(other_number=FIRST)
    assert path() in as_viewer.page(f"/messages/{message.pk}/")


def test_rows_that_got_nothing_and_why(as_viewer: PageClient) -> None:
    manual.add(FIRST, note="by phone", user=None)
    contacts = factories.contact_list(bad=[factories.bad_row(9, FIRST, "repeated")])
    campaign = campaign_factories.launched(contacts)
    unused = factories.contact_list("Never used")
    assert not Message.objects.filter(campaign=campaign, to=FIRST).exists()
    page = flat(as_viewer.page(path()))
    assert page.count("It got no text from this row.") == 3
    assert "This person asked not to be texted." in page
    assert "The same number stands in an earlier row; it gets one text." in page
    assert "row 9 of texas.csv" in page
    assert "In a list, in no campaign" in page
    assert unused.name in page
    assert "This person opted out and is not texted" in page
    assert "by phone" in page
    assert "0 texts left" in page
    rows = file_of(as_viewer)
    assert [(row["What"], row["Row"]) for row in rows if row["File"]].count(("Got no text", "9")) == 1


def decided(how: decisions.Decision, sender: User) -> str:
    """The history of a text whose batch was in review until somebody decided."""
    campaign = campaign_factories.launched()
    batch = Batch.objects.get(campaign=campaign)
    batch.account = "a"
    made = attempt(batch, "review", note="unclear", http_status=504)
    Batch.objects.filter(pk=batch.pk).update(state="needs_review")
    factories.counters(campaign, queued=0, needs_review=3)
    assert decisions.decide(made, how, user=sender) is decisions.DecisionResult.DONE
    [entry] = [one for one in number_history.number_history(FIRST).entries if one.campaign]
    assert entry.steps[-1].at == History.objects.latest("at").at
    return " · ".join(describe_step(step).title for step in entry.steps)


def test_what_a_person_decided_is_not_called_proved(sender: User) -> None:
    told = decided(decisions.Decision.SEND, sender)
    assert "Handed to RingCentral · The answer was lost · sofia decided that it had never arrived" in told
    assert "Proved" not in told


def test_what_a_person_marked_is_said_with_the_time_of_the_decision(sender: User) -> None:
    told = decided(decisions.Decision.MARK, sender)
    assert "The answer was lost · sofia marked it as sent" in told


def test_somebody_left_out_was_not_handed_over(as_viewer: PageClient) -> None:
    """The batch left without them; an attempt before that, of which nothing left, had them."""
    campaign = campaign_factories.launched()
    batch = Batch.objects.get(campaign=campaign)
    batch.account = "a"
    attempt(batch, "not_sent", error=ProviderError("It could not be reached.", kind="unreachable").as_json())
    attempts.exclude(campaign.pk, {Message.objects.get(campaign=campaign, to=FIRST).pk: "opted_out"})
    attempt(batch, "accepted", provider_id="b-1")
    page = flat(as_viewer.page(path()))
    assert page.count("Handed to RingCentral") == 1
    assert "Nothing of it had left" in page
    assert "RingCentral took the batch" not in page
    assert [row["What"] for row in file_of(as_viewer)][-1] == "Left out"


def test_left_out_after_launch_is_told_once(as_viewer: PageClient) -> None:
    campaign = campaign_factories.launched()
    message = Message.objects.get(campaign=campaign, to=FIRST)
    attempts.exclude(campaign.pk, {message.pk: "opted_out"})
    page = flat(as_viewer.page(path()))
    assert page.count('<section class="card" aria-labelledby="entry-') == 1
    assert "This person asked not to be texted." in page


def test_replies_other_programs_and_opt_outs(as_viewer: PageClient, sender: User) -> None:
    handed_over(sender)
    store.message("i-1", other_number=FIRST, inbound=True, text="Stop it {{ now }}")
    store.message("f-1", other_number=FIRST, text="From the other shop")
    now = timezone.now()
    OptOut.objects.create(
        phone=FIRST, source="reply", words="Stop it {{ now }}", ended_at=now, ended_by=sender
    )
    Consent.objects.create(
        account=store.account().account,
        sender="*",
        phone=FIRST,
        opted_out=True,
        changed_at=now,
        simulated=True,
    )
    page = flat(as_viewer.page(path()))
    assert "Stop it &#123;&#123; now &#125;&#125;" in page
    assert "From the other shop" in page.split("In no campaign")[1]
    assert "Replied “Stop it &#123;&#123; now &#125;&#125;”" in page
    assert "ended by sofia" in page
    assert "opted out of every number" in page
    assert "is not texted" not in page, "that opt-out has ended"


def test_nothing_is_known(as_viewer: PageClient) -> None:
    campaign_factories.launched()
    page = flat(as_viewer.page(path("+14155550123")))
    assert "Nothing is known of (415) 555-0123" in page
    assert "Download" not in page


@pytest.mark.parametrize("typed", ["", "12", "hello", "9" * 41])
def test_what_is_no_number(as_viewer: PageClient, typed: str) -> None:
    assert "This cannot be looked up yet" in as_viewer.page(path(typed))
    assert as_viewer.get(path(typed, "/why.csv")).status_code == 404


def test_file_of_everything_runs_no_formula(as_viewer: PageClient, sender: User) -> None:
    campaign = handed_over(sender)
    store.message("i-1", other_number=FIRST, inbound=True, text='=HYPERLINK("x")')
    Campaign.objects.filter(pk=campaign.pk).update(name="@sale")
    rows = file_of(as_viewer)
    assert {row["Campaign"] for row in rows if row["File"]} == {"'@sale"}
    steps = [row["What"] for row in rows if row["Campaign"]]
    assert steps[:2] == ["Row 2 of texas.csv", "Launched by sofia"]
    assert steps[-1] == "Delivered"
    assert {row["Provider ids"] for row in rows if row["Campaign"]} == {"b-1-1"}
    assert rows[0]["Cells"] == f"Phone: {FIRST}; First name: Person 0"
    [reply] = [row for row in rows if row["What"] == "Wrote to us"]
    assert reply["Text"] == '\'=HYPERLINK("x")'
    assert (reply["From"], reply["To"]) == (f"'{FIRST}", f"'{store.OURS}")


def test_by_index_alone(as_viewer: PageClient, sender: User) -> None:
    """No question reads a large table from end to end, and their number does not grow with the campaigns."""
    store.account()  # first, so that the numbers are its own
    handed_over(sender)
    Import.objects.update(duplicate_count=0, usable_count=3, row_count=3)
    with CaptureQueriesContext(connection) as few:
        number_history.number_history(FIRST)
    for query in few.captured_queries:
        assert_by_index(query["sql"])
    for _ in range(3):
        campaign = Campaign.objects.create(
            name="More", contact_list=factories.contact_list(), sender=store.OURS, text="Hi"
        )
        assert launch.launch(campaign, user=None)
        launch.freeze(campaign.pk)
    with CaptureQueriesContext(connection) as many:
        assert len(number_history.number_history(FIRST).entries) == 4
    assert len(many) == len(few)


def assert_by_index(sql: str) -> None:
    if not sql.startswith("SELECT"):
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            scans = [step for *_, step in cursor.fetchall() if step.startswith("SCAN")]
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            scans = [step for (step,) in cursor.fetchall() if "Seq Scan" in step]
            cursor.execute("SET LOCAL enable_seqscan = on")
    assert not [step for step in scans if set(BIG) & set(step.split())], (sql, scans)


def test_a_very_long_file_is_not_searched_for_repetitions(
    as_viewer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = factories.contact_list(bad=[factories.bad_row(9, FIRST, "repeated")])
    monkeypatch.setattr(number_history, "SEARCHED_ROWS", 3)
    page = flat(as_viewer.page(path()))
    assert "texas.csv has 4 rows, too many to look for further rows" in page
    assert f'href="/imports/{Import.objects.get(contact_list=contacts).pk}/"' in page


def test_a_number_with_a_very_long_history(as_viewer: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_history, "MAX_CAMPAIGNS", 1)
    store.message("f-1", other_number=FIRST)
    store.message("f-2", other_number=FIRST)
    assert "There is more: the newest are shown." in as_viewer.page(path())
