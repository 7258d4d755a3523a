"""Is one of these batches ours? Against the decoys that a real account holds."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.providers.types import BatchState, BatchStatus
from campaigns.reconciling.matching import Candidate, MatchResult, Verdict, match

ANN, BEN, CY, DEE = "+12125550001", "+12125550002", "+12125550003", "+12125550004"
TEXTS = {ANN: "Hi Ann", BEN: "Hi Ben", CY: "Hi Cy"}
TEN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def remote(
    name: str,
    messages: dict[str, str] | list[tuple[str, str]],
    *,
    size: int | None = None,
    status: str = "Completed",
    minute: int = 0,
) -> Candidate:
    """A batch as the records show it; complete unless `size` is more than what is listed."""
    listed = list(messages.items()) if isinstance(messages, dict) else messages
    return Candidate(
        BatchState(
            provider_id=name,
            sender="+16505550100",
            batch_size=len(listed) if size is None else size,
            processed_count=len(listed),
            status=BatchStatus(status),
            created_at=TEN + timedelta(minutes=minute),
            modified_at=None,
            cost=None,
        ),
        listed,
    )


def verdict_of(*candidates: Candidate) -> Verdict:
    return match(TEXTS, candidates)


OTHER_PEOPLE = {DEE: "Hi Ann", "+12125550005": "Hi Ben", "+12125550006": "Hi Cy"}
OTHER_TEXTS = dict.fromkeys(TEXTS, "Your order is ready")


@pytest.mark.parametrize(
    ("candidates", "result"),
    [
        ([], MatchResult.NO_MATCH),
        ([remote("a", TEXTS)], MatchResult.MATCHED),
        ([remote("a", list(reversed(TEXTS.items())))], MatchResult.MATCHED),
        # Accepted, not sent yet: all of it is listed, so there is nothing to wait for.
        ([remote("a", TEXTS, status="Processing")], MatchResult.MATCHED),
        ([remote("a", TEXTS, status="Sent")], MatchResult.MATCHED),
        # Same size, other people.
        ([remote("a", OTHER_PEOPLE)], MatchResult.NO_MATCH),
        # Same people, other texts: another campaign to the same list, or a carrier that respells.
        ([remote("a", OTHER_TEXTS)], MatchResult.UNCLEAR),
        ([remote("a", TEXTS | {BEN: "Hi Ben "})], MatchResult.UNCLEAR),
        ([remote("a", TEXTS | {CY: "Hi C"})], MatchResult.UNCLEAR),
        ([remote("a", TEXTS | {CY: ""})], MatchResult.UNCLEAR),
        # A larger batch that contains ours.
        ([remote("a", TEXTS | {DEE: "Hi Dee"})], MatchResult.UNCLEAR),
        # One person in common, with the very same text.
        ([remote("a", {ANN: "Hi Ann", DEE: "Hi Dee"})], MatchResult.UNCLEAR),
        # One person twice, which our batches never do.
        ([remote("a", [*TEXTS.items(), (ANN, "Hello again")])], MatchResult.UNCLEAR),
        # The lost answer had rejected some.
        ([remote("a", {ANN: "Hi Ann"})], MatchResult.MATCHED),
        # Not all of it is listed yet: what is missing may be anybody.
        ([remote("a", {}, size=3, status="Processing")], MatchResult.INCOMPLETE),
        ([remote("a", {ANN: "Hi Ann"}, size=3, status="Processing")], MatchResult.INCOMPLETE),
        ([remote("a", {DEE: "Hi Dee"}, size=3, status="Processing")], MatchResult.INCOMPLETE),
        # The batch is Completed, but the list of its messages lags behind.
        ([remote("a", {ANN: "Hi Ann"}, size=3)], MatchResult.INCOMPLETE),
        ([remote("a", {}, size=3)], MatchResult.INCOMPLETE),
        # Everybody in it was rejected, so it texted nobody.
        ([remote("a", {}, size=0)], MatchResult.NO_MATCH),
        # What contradicts is clear before all of it is listed.
        ([remote("a", {ANN: "Hello"}, size=3, status="Processing")], MatchResult.UNCLEAR),
        # Decoys do not hide ours.
        ([remote("a", OTHER_PEOPLE), remote("b", TEXTS)], MatchResult.MATCHED),
        ([remote("a", OTHER_TEXTS), remote("b", TEXTS)], MatchResult.MATCHED),
        ([remote("a", {}, size=3, status="Processing"), remote("b", TEXTS)], MatchResult.MATCHED),
        # Two that hold our texts.
        ([remote("a", TEXTS), remote("b", TEXTS)], MatchResult.MULTIPLE),
        ([remote("a", TEXTS), remote("b", {ANN: "Hi Ann"})], MatchResult.MULTIPLE),
        # While anything is incomplete nothing is decided.
        ([remote("a", OTHER_TEXTS), remote("b", {}, size=3)], MatchResult.INCOMPLETE),
        ([remote("a", OTHER_PEOPLE), remote("b", OTHER_PEOPLE)], MatchResult.NO_MATCH),
    ],
)
def test_finding(candidates: list[Candidate], result: MatchResult) -> None:
    assert verdict_of(*candidates).result is result
    assert verdict_of(*reversed(candidates)).result is result, "the order of the list does not matter"


def test_ours_names_the_batch_and_who_was_rejected() -> None:
    verdict = verdict_of(remote("a", OTHER_PEOPLE), remote("b", {ANN: "Hi Ann", CY: "Hi Cy"}))
    assert verdict.batch is not None
    assert verdict.batch.provider_id == "b"
    assert verdict.missing == {BEN}
    assert verdict.others == ()


def test_of_several_the_earliest_is_ours_and_the_others_are_named() -> None:
    verdict = verdict_of(remote("late", TEXTS, minute=9), remote("early", TEXTS, minute=1))
    assert verdict.batch is not None
    assert verdict.batch.provider_id == "early"
    assert verdict.others == ("late",)


@pytest.mark.parametrize(("result", "messages"), [("incomplete", {}), ("unclear", OTHER_TEXTS)])
def test_what_is_not_decided_names_the_batches(result: str, messages: dict[str, str]) -> None:
    verdict = verdict_of(remote("a", messages, size=3), remote("b", OTHER_PEOPLE))
    assert (verdict.result, verdict.batch, verdict.others) == (result, None, ("a",))
