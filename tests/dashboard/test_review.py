"""What is known of texts that nobody can prove anything about, and what a person may decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Attempt, Batch, Campaign, Event, Lease, Tally
from campaigns.sending import control, leases, owner, reconcile
from tests.dashboard import campaign_factories
from tests.dashboard.page_client import PageClient

LOST = "RingCentral did not answer in time."
NOTE = "The provider's records show no such batch, looked at 4 times over 10 minutes and more."


def undecided(state: str = Attempt.State.REVIEW, **fields: object) -> Attempt:
    """Three people whose texts were handed over 30 minutes ago; the answer was lost."""
    campaign = campaign_factories.launched()
    now = timezone.now()
    review = state == Attempt.State.REVIEW
    place = "needs_review" if review else "in_doubt"
    batch = Batch.objects.get(campaign=campaign)
    Batch.objects.filter(pk=batch.pk).update(state=place)
    Tally.objects.filter(campaign=campaign).update(queued=0, **{place: 3})
    known = {
        "looks": 4,
        "note": NOTE,
        "problem": LOST,
        "looked_at": now - timedelta(minutes=1),
        "next_look_at": now + timedelta(minutes=4),
    } | fields
    return Attempt.objects.create(
        batch=batch,
        account="1",
        sender=campaign.sender,
        size=3,
        payload_sha256="0" * 64,
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
    undecided(problem="")
    assert "The program ended before it came." in as_viewer.page("/review/")


def test_a_search_that_is_over_says_so(as_viewer: PageClient) -> None:
    undecided(next_look_at=None)
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
    attempt = undecided(Attempt.State.RECONCILING, note="The provider's records show no such batch.")
    page = told(as_sender.page("/review/"))
    assert "Being checked" in page
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
    ("decision", "attempt_state", "batch_state", "column", "verb", "said", "again"),
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
        ("leave", "review", *["needs_review"] * 2, "review_left", "goes on", "had left them"),
    ],
)
def test_a_decision_is_done_once_and_written_down(
    as_sender: PageClient,
    decision: str,
    attempt_state: str,
    batch_state: str,
    column: str,
    verb: str,
    said: str,
    again: str,
) -> None:
    attempt = undecided()
    assert said in as_sender.send(path(attempt, decision)).content.decode()
    assert again in as_sender.send(path(attempt, decision)).content.decode()
    attempt.refresh_from_db()
    assert (attempt.state, Batch.objects.get().state) == (attempt_state, batch_state)
    tally = Tally.objects.get()
    assert (tally.as_dict()[column], tally.rows) == (3, 3)
    event = Event.objects.get(verb=verb)
    assert event.actor is not None
    assert event.actor.username == "sofia"


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
    Tally.objects.update(needs_review=0, with_carrier=3)
    for decision in ("send", "mark", "leave"):
        page = as_sender.send(path(attempt, decision)).content.decode()
        assert "RingCentral has these 3 texts" in page
        assert as_sender.get(path(attempt, decision))["Location"] == "/review/"
    assert Tally.objects.get().with_carrier == 3


@pytest.mark.parametrize("decision", ["send", "mark"])
def test_nothing_is_decided_while_the_records_are_being_read(as_sender: PageClient, decision: str) -> None:
    """A look that is under way may find it in a moment, when it would be sent again already."""
    attempt = undecided()
    leases.take(reconcile.lease_name(attempt.pk), seconds=600)
    Lease.objects.update(owner=f"another-host:1:{owner.me().rpartition(':')[2]}")
    assert "being read for them at this moment" in as_sender.send(path(attempt, decision)).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.REVIEW


def test_in_a_held_campaign_they_wait_until_it_goes_on(as_sender: PageClient) -> None:
    attempt = undecided()
    control.hold(attempt.batch.campaign_id, "RingCentral refused it.", code="CMN-401")
    assert "when the campaign goes on" in told(as_sender.page(path(attempt, "send")))
    assert "when the campaign goes on: it is held" in as_sender.send(path(attempt, "send")).content.decode()
    assert Tally.objects.get().held == 3


def test_in_a_cancelled_campaign_they_are_settled_as_not_sent(as_sender: PageClient) -> None:
    attempt = undecided()
    as_sender.send(f"/campaigns/{attempt.batch.campaign_id}/cancel/")
    assert Campaign.objects.get().state == "delivering", "a decision is still due"
    page = as_sender.page("/review/")
    assert "Settle as not sent" in page
    assert "Send these" not in page
    assert "so they are not sent" in told(as_sender.page(path(attempt, "send")))
    assert "settled as not sent" in as_sender.send(path(attempt, "send")).content.decode()
    assert Tally.objects.get().cancelled == 3
    assert control.finish_if_final(attempt.batch.campaign_id)


def test_only_a_sender_decides(as_composer: PageClient, as_nobody: PageClient, stranger: PageClient) -> None:
    attempt = undecided()
    assert as_nobody.get("/review/").status_code == 403
    assert stranger.get("/review/")["Location"].startswith("/sign-in/")
    for decision in ("send", "mark", "leave"):
        assert as_composer.get(path(attempt, decision)).status_code == 403
        assert as_composer.post(path(attempt, decision)).status_code == 403
        assert stranger.post(path(attempt, decision))["Location"].startswith("/sign-in/")
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.REVIEW


def test_what_does_not_exist(as_sender: PageClient) -> None:
    attempt = undecided()
    assert as_sender.post(path(attempt, "forget")).status_code == 404
    assert as_sender.post("/review/999/send/").status_code == 404
    assert as_sender.post("/review/").status_code == 405
    assert as_sender.put(path(attempt, "send")).status_code == 405
