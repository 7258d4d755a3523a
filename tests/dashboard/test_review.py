"""What is known of texts that nobody can prove anything about, and what a person may decide."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Counters, Discrepancy, History, Lease
from campaigns.providers.base import ProviderError
from campaigns.receipts import audit, discrepancies
from campaigns.reconciling import search
from campaigns.runtime import leases, process_identity
from campaigns.sending import lifecycle
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient

OTHER = "+16505550199"
LOST = "RingCentral did not answer in time."
NOTE = "The provider's records show no such batch, looked at 4 times over 10 minutes and more."

DATA: dict[str, dict[str, object]] = {
    Discrepancy.Kind.UNKNOWN_BATCH: {"texts": 3, "batch": 1, "state": "accepted"},
    Discrepancy.Kind.UNKNOWN_TEXT: {},
    Discrepancy.Kind.MISSING_TEXT: {"batch": 1, "texts": 3, "missing": 1, "rows": [3]},
    Discrepancy.Kind.SUMS: {"batch": 1, "counts": [{"state": "delivered", "theirs": 2, "counted": 1}]},
}


def undecided(state: str = Attempt.State.REVIEW, **fields: object) -> Attempt:
    """Three people whose texts were handed over 30 minutes ago; the answer was lost."""
    campaign = campaign_factories.launched()
    now = timezone.now()
    review = state == Attempt.State.REVIEW
    place = "needs_review" if review else "in_doubt"
    batch = Batch.objects.get(campaign=campaign)
    Batch.objects.filter(pk=batch.pk).update(state=place)
    Counters.objects.filter(campaign=campaign).update(queued=0, **{place: 3})
    known = {
        "lookup_count": 4,
        "note": Attempt.Note.ABSENT,
        "note_data": {"lookups": 4, "minutes": 10},
        "error": ProviderError(LOST, kind="unreachable").as_json(),
        "last_lookup_at": now - timedelta(minutes=1),
        "next_lookup_at": now + timedelta(minutes=4),
    } | fields
    return Attempt.objects.create(
        batch=batch,
        account="1",
        sender=campaign.sender,
        size=3,
        payload_hash="0" * 64,
        owner="elsewhere:1:1",
        state=state,
        prepared_at=now - timedelta(minutes=30),
        sending_at=now - timedelta(minutes=30),
        ended_at=now - timedelta(minutes=29),
        **known,
    )


def path(attempt: Attempt, decision: str) -> str:
    return f"/review/{attempt.pk}/{decision}/"


def told(page: str) -> str:
    return " ".join(page.split())


def test_says_what_happened_and_what_was_looked_at(as_viewer: PageClient) -> None:
    attempt = undecided()
    page = told(as_viewer.page("/review/"))
    sent = timezone.localtime(attempt.sending_at)
    lost_at = f"on {sent:%b} {sent.day} at {sent:%H:%M:%S %Z}"
    assert "We handed these 3 texts to RingCentral" in page
    assert lost_at in page
    assert LOST in page
    assert "4 times" in page
    assert NOTE.replace("'", "&#x27;") in page
    assert f"/campaigns/{attempt.batch.campaign_id}/people/?state=needs_review" in page
    assert "Ask someone with the sender role" in page
    assert path(attempt, "send") not in page


def test_a_process_that_died_is_said_so(as_viewer: PageClient) -> None:
    undecided(error={})
    assert "The program ended before it came." in as_viewer.page("/review/")


def test_a_search_that_is_over_says_so(as_viewer: PageClient) -> None:
    undecided(next_lookup_at=None)
    assert "It is not looked for any more." in as_viewer.page("/review/")


def test_nothing_to_decide(as_viewer: PageClient) -> None:
    page = as_viewer.page("/review/")
    assert "Nothing needs a decision" in page
    assert "nav-count" not in page


def test_the_navigation_counts_what_waits(as_viewer: PageClient) -> None:
    undecided()
    page = as_viewer.page("/")
    assert '<span class="nav-count">1</span>' in page
    assert 'href="/review/"' in page


def test_what_is_still_searched_is_listed_and_not_decided(as_sender: PageClient) -> None:
    attempt = undecided(Attempt.State.RECONCILING, note=Attempt.Note.MISSED)
    page = told(as_sender.page("/review/"))
    assert "In doubt" in page
    assert "records show no such batch." in page
    assert "Nothing needs a decision" in page
    for decision in ("send", "mark", "leave"):
        assert path(attempt, decision) not in page
        assert "Nothing to decide yet" in as_sender.send(path(attempt, decision)).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.RECONCILING


@pytest.mark.parametrize(
    ("decision", "question", "warning"),
    [
        ("send", "Send 3 texts now?", "these people get the same text twice"),
        ("mark", "Mark 3 texts as sent?", "these people get no text"),
        ("leave", "Leave 3 texts undecided?", "nobody is texted"),
    ],
)
def test_asks_before_it_is_done(as_sender: PageClient, decision: str, question: str, warning: str) -> None:
    attempt = undecided()
    assert path(attempt, decision) in as_sender.page("/review/")
    page = told(as_sender.page(path(attempt, decision)))
    assert question in page
    assert warning in page
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.REVIEW, "looking changes nothing"


@pytest.mark.parametrize(
    ("decision", "attempt_state", "batch_state", "column", "kind", "said", "again"),
    [
        ("send", "absent", "queued", "queued", "review_send", "sent now", "decided before"),
        (
            "mark",
            "marked_sent",
            "marked_sent",
            "marked_sent",
            "review_marked_sent",
            "by you",
            "decided before",
        ),
        ("leave", "review", *["needs_review"] * 2, "review_postponed", "goes on", "had left them"),
    ],
)
def test_a_decision_is_done_once_and_written_down(
    as_sender: PageClient,
    decision: str,
    attempt_state: str,
    batch_state: str,
    column: str,
    kind: str,
    said: str,
    again: str,
) -> None:
    attempt = undecided()
    assert said in as_sender.send(path(attempt, decision)).content.decode()
    assert again in as_sender.send(path(attempt, decision)).content.decode()
    attempt.refresh_from_db()
    assert (attempt.state, Batch.objects.get().state) == (attempt_state, batch_state)
    counters = Counters.objects.get()
    assert (counters.as_dict()[column], counters.rows) == (3, 3)
    event = History.objects.get(kind=kind)
    assert event.actor == "sofia"


def test_who_marked_them_stands_with_the_people_and_in_the_file(as_sender: PageClient) -> None:
    attempt = undecided()
    as_sender.send(path(attempt, "mark"))
    people = f"/campaigns/{attempt.batch.campaign_id}/people"
    for query in ("?state=marked_sent", ""):
        assert "Marked as sent by sofia on" in as_sender.page(f"{people}/{query}")
    csv = b"".join(as_sender.get(f"{people}.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert csv.count("Marked as sent by sofia on") == 3


def test_who_left_them_is_shown(as_sender: PageClient) -> None:
    attempt = undecided()
    as_sender.send(path(attempt, "leave"))
    assert "Left as it is by sofia" in told(as_sender.page("/review/"))


def test_a_batch_that_was_found_meanwhile_wins(as_sender: PageClient) -> None:
    attempt = undecided()
    Attempt.objects.update(state=Attempt.State.ACCEPTED, provider_id="b-1")
    Batch.objects.update(state="with_carrier", provider_id="b-1")
    Counters.objects.update(needs_review=0, with_carrier=3)
    for decision in ("send", "mark", "leave"):
        page = as_sender.send(path(attempt, decision)).content.decode()
        assert "RingCentral has these 3 texts" in page
        assert as_sender.get(path(attempt, decision))["Location"] == "/review/"
    assert Counters.objects.get().with_carrier == 3


@pytest.mark.parametrize("decision", ["send", "mark"])
def test_nothing_is_decided_while_the_records_are_being_read(as_sender: PageClient, decision: str) -> None:
    """A look that is under way may find it in a moment, when it would be sent again already."""
    attempt = undecided()
    leases.acquire(search.lease_name(attempt.pk), seconds=600)
    Lease.objects.update(owner=f"another-host:1:{process_identity.current().rpartition(':')[2]}")
    assert "being read for them at this moment" in as_sender.send(path(attempt, decision)).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.REVIEW


def test_in_a_held_campaign_they_wait_until_it_goes_on(as_sender: PageClient) -> None:
    attempt = undecided()
    lifecycle.hold(
        attempt.batch.campaign_id,
        Campaign.HoldReason.PROVIDER_ERROR,
        said=[{"text": "RingCentral refused it.", "params": {}}],
    )
    assert "when the campaign goes on" in told(as_sender.page(path(attempt, "send")))
    assert "when the campaign goes on: it is held" in as_sender.send(path(attempt, "send")).content.decode()
    assert Counters.objects.get().held == 3


def test_in_a_cancelled_campaign_they_are_settled_as_not_sent(as_sender: PageClient) -> None:
    attempt = undecided()
    as_sender.send(f"/campaigns/{attempt.batch.campaign_id}/cancel/")
    assert Campaign.objects.get().state == "delivering", "a decision is still due"
    page = as_sender.page("/review/")
    assert "Settle as not sent" in page
    assert "Send these" not in page
    assert "so they are not sent" in told(as_sender.page(path(attempt, "send")))
    assert "settled as not sent" in as_sender.send(path(attempt, "send")).content.decode()
    assert Counters.objects.get().cancelled == 3
    assert lifecycle.finish_if_final(attempt.batch.campaign_id)


def test_there_is_no_fourth_decision(as_sender: PageClient) -> None:
    assert as_sender.post(path(undecided(), "forget")).status_code == 404


def unexplained(kind: str = Discrepancy.Kind.UNKNOWN_BATCH, about: str = "b-9") -> Discrepancy:
    """Something that the audit found about a launched campaign."""
    campaign = campaign_factories.launched()
    assert discrepancies.record(
        Discrepancy.Kind(kind),
        "1",
        about,
        DATA[kind],
        campaign_id=campaign.pk,
        sender=campaign.sender,
    )
    return Discrepancy.objects.get()


def test_shows_a_text_and_who_was_to_get_it(as_viewer: PageClient) -> None:
    undecided()
    page = told(as_viewer.page("/review/"))
    assert "Hi Person 0, 20% off today." in page
    assert "as (201) 555-0100 was to get it, row 2 of the file" in page


@pytest.mark.parametrize(
    ("kind", "title", "detail", "what_to_do"),
    [
        (
            "unknown_batch",
            "A batch that we did not send",
            "a batch of 3 texts",
            "say under Review that you know about it",
        ),
        (
            "unknown_text",
            "A text that we did not send",
            "in no batch at all",
            "say under Review that you know about it",
        ),
        (
            "missing_text",
            "A text that the provider does not show",
            "row 3 of the file",
            "Do not send to these people again",
        ),
        ("sums", "Totals that differ", "counts 2 delivered", "read again by themselves"),
    ],
)
def test_what_nobody_has_explained(
    as_viewer: PageClient, kind: str, title: str, detail: str, what_to_do: str
) -> None:
    found = unexplained(kind)
    page = told(as_viewer.page("/review/"))
    for said in (title, detail, what_to_do, "(650) 555-0100", "Spring sale"):
        assert said in page
    assert ("/batches/b-9/" in page) == (kind == "unknown_batch")
    assert '<span class="nav-count">1</span>' in page
    assert f"/review/known/{found.pk}/" not in page, "a viewer may not settle it"
    for path in ("/", f"/campaigns/{found.campaign_id}/", f"/campaigns/{found.campaign_id}/report/"):
        elsewhere = told(as_viewer.page(path))
        assert "records and ours differ" in elsewhere
        assert what_to_do in elsewhere


def test_a_person_knows_about_it(as_sender: PageClient) -> None:
    found = unexplained()
    way = f"/review/known/{found.pk}/"
    assert way in as_sender.page("/review/")
    assert "you know about it" in as_sender.send(way).content.decode()
    page = as_sender.page("/review/")
    assert "Nothing is unexplained" in page or "Once a night" in page
    assert "nav-count" not in page
    assert "settled before" in as_sender.send(way).content.decode()
    event = History.objects.get(kind="discrepancy_known")
    assert (event.actor, event.campaign_id) == ("sofia", found.campaign_id)
    assert "records and ours differ" not in as_sender.page("/")


def another_program(count: int, *, sender: str = OTHER, hours_ago: float = 2, **fields: Any) -> list[int]:
    """So many batches that are like no campaign of ours."""
    kind = Discrepancy.Kind.UNKNOWN_BATCH
    for number in range(count):
        about = f"{sender}-{hours_ago}-{number}"
        assert discrepancies.record(kind, "1", about, {"texts": 3}, sender=sender, **fields)
    made = Discrepancy.objects.filter(about__startswith=f"{sender}-{hours_ago}-")
    made.update(found_at=timezone.now() - timedelta(hours=hours_ago))
    return sorted(made.values_list("pk", flat=True))


def test_what_is_not_shown_is_counted(as_viewer: PageClient) -> None:
    another_program(52)
    page = told(as_viewer.page("/review/"))
    assert "2 more are not shown: the newest come first." in page
    assert '<span class="nav-count">52</span>' in page
    Discrepancy.objects.filter(pk__lte=Discrepancy.objects.order_by("pk")[1].pk).delete()
    assert "not shown" not in as_viewer.page("/review/")


def test_another_program_is_settled_at_once(as_sender: PageClient) -> None:
    """What may be a double of ours stays, and so does what nobody has seen on the page."""
    double = unexplained()
    Discrepancy.objects.update(sender=OTHER, found_at=timezone.now() - timedelta(hours=3))
    *_, newest = another_program(53)
    kept = [double.pk, *another_program(1, sender="+18885550100"), *another_program(1, hours_ago=0)]
    page = told(as_sender.page("/review/"))
    way = f"/review/known/{newest}/all/"
    assert "I know about all 53" in page
    assert page.count("/all/") == 1
    kept += another_program(1, hours_ago=1.5)  # found after the page was opened
    after = as_sender.send(way).content.decode()
    assert "you know about 53 from (650) 555-0199." in after
    assert "/all/" not in after
    assert sorted(discrepancies.unsettled().values_list("pk", flat=True)) == sorted(kept)
    assert "They were settled before" in as_sender.send(way).content.decode()
    event = History.objects.get(kind="discrepancy_known")
    assert (event.actor, event.data["count"]) == ("sofia", 53)
    assert {str(one.settled_by) for one in Discrepancy.objects.exclude(pk__in=kept)} == {"sofia"}


def test_who_may_settle_another_program(as_sender: PageClient, as_composer: PageClient) -> None:
    *_, newest = another_program(2)
    way = f"/review/known/{newest}/all/"
    assert way not in as_composer.page("/review/")
    assert as_sender.get(way)["Location"] == "/review/"


def test_the_audit_says_how_it_ended(as_viewer: PageClient) -> None:
    assert "Once a night" in as_viewer.page("/review/")
    History.objects.record(audit.DONE, batches=3, texts=5)
    assert "Nothing is unexplained. 3 batches" in told(as_viewer.page("/review/"))
    History.objects.record(audit.FAILED, error="unreachable", code="")
    page = told(as_viewer.page("/review/"))
    assert "The last comparison could not be made" in page
    assert "The provider cannot be reached. It is tried again within the hour." in page
    assert "Nothing is unexplained" not in page
