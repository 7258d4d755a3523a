"""Matches an attempt with the batches in the provider's records. Pure functions.

Both conclusions are strict: a batch matches only if nothing contradicts it, and there is no match only if no
batch can be the attempt's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.providers.types import BatchState


class MatchResult(StrEnum):
    MATCHED = "matched"
    """Exactly one batch has the attempt's texts and nothing else."""
    MULTIPLE = "multiple"
    """Several have: the provider may have accepted the request twice."""
    INCOMPLETE = "incomplete"
    """The list of a batch that may match is not complete yet."""
    UNCLEAR = "unclear"
    """A batch shares recipients with the attempt but has other texts: a person has to decide."""
    LAGGING = "lagging"
    """No match, but the records lack a confirmed batch, so they prove nothing."""
    NO_MATCH = "no_match"
    """No batch can be the attempt's."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A batch of the provider that is not linked to an attempt."""

    batch: BatchState
    messages: Sequence[tuple[str, str]]
    """Number (E.164) and text of each message."""

    @property
    def complete(self) -> bool:
        """Whether every message is listed. The list may lag behind even if the batch is completed."""
        return len(self.messages) >= self.batch.batch_size


@dataclass(frozen=True, slots=True)
class Verdict:
    result: MatchResult
    batch: BatchState | None = None
    missing: frozenset[str] = frozenset()
    """MATCHED, MULTIPLE: recipients that are not in the batch. The lost answer had rejected them."""
    others: tuple[str, ...] = ()
    """Provider ids. MULTIPLE: of the later batches. INCOMPLETE, UNCLEAR: of the batches in question."""


def match(texts: Mapping[str, str], candidates: Sequence[Candidate]) -> Verdict:
    """`texts`: those of the attempt, by number."""
    results = [(compare(texts, candidate), candidate) for candidate in candidates]
    matched = [candidate for result, candidate in results if result is MatchResult.MATCHED]
    if matched:
        first = min(matched, key=lambda one: (one.batch.created_at is None, one.batch.created_at))
        missing = frozenset(texts) - {to for to, _ in first.messages}
        others = tuple(one.batch.provider_id for one in matched if one is not first)
        return Verdict(MatchResult.MULTIPLE if others else MatchResult.MATCHED, first.batch, missing, others)
    for undecided in (MatchResult.INCOMPLETE, MatchResult.UNCLEAR):
        others = tuple(candidate.batch.provider_id for result, candidate in results if result is undecided)
        if others:
            return Verdict(undecided, others=others)
    return Verdict(MatchResult.NO_MATCH)


def compare(texts: Mapping[str, str], candidate: Candidate) -> MatchResult:
    shared = [(to, text) for to, text in candidate.messages if to in texts]
    if not shared:
        return MatchResult.NO_MATCH if candidate.complete else MatchResult.INCOMPLETE
    has_others = len(candidate.messages) > len(shared)
    if has_others or any(texts[to] != text for to, text in shared):
        # A carrier may trim or normalise a text, so this proves neither a match nor absence.
        return MatchResult.UNCLEAR
    return MatchResult.MATCHED if candidate.complete else MatchResult.INCOMPLETE
