"""Is one of these batches ours? The decision alone, from what the provider's records hold; no I/O.

The bias is always the same: a batch is adopted only if nothing contradicts it, and absence is only found if
nothing at all could be ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.providers.types import BatchState


class MatchResult(StrEnum):
    MATCHED = "matched"
    """Exactly one batch holds our texts and nothing else."""
    MULTIPLE = "multiple"
    """More than one does: the provider may have taken it twice."""
    INCOMPLETE = "incomplete"
    """Something is not complete yet; look again."""
    UNCLEAR = "unclear"
    """A batch shares recipients with ours but not the texts: a person has to look."""
    LAGGING = "lagging"
    """Nothing, but the records miss a batch that they must hold: they prove nothing."""
    NO_MATCH = "no_match"
    """No batch can be ours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A batch of the provider that no attempt of ours is known to have made, with what it holds."""

    batch: BatchState
    messages: Sequence[tuple[str, str]]
    """Number (E.164) and text of each message."""

    @property
    def complete(self) -> bool:
        """All of it is listed. That it is Completed says nothing: the list of its messages may lag behind."""
        return len(self.messages) >= self.batch.batch_size


@dataclass(frozen=True, slots=True)
class Verdict:
    result: MatchResult
    batch: BatchState | None = None
    missing: frozenset[str] = frozenset()
    """Ours: recipients that the batch does not hold. The lost answer had rejected them."""
    others: tuple[str, ...] = ()
    """Provider ids of further batches that hold our texts, or of the unclear ones."""


def match(texts: Mapping[str, str], candidates: Sequence[Candidate]) -> Verdict:
    """`texts`: what the attempt held, text by number."""
    kinds = [(_compare(texts, candidate), candidate) for candidate in candidates]
    ours = [candidate for kind, candidate in kinds if kind is MatchResult.MATCHED]
    if ours:
        first = min(ours, key=lambda found: (found.batch.created_at is None, found.batch.created_at))
        missing = frozenset(texts) - {to for to, _ in first.messages}
        others = tuple(found.batch.provider_id for found in ours if found is not first)
        return Verdict(MatchResult.MULTIPLE if others else MatchResult.MATCHED, first.batch, missing, others)
    for kind in (MatchResult.INCOMPLETE, MatchResult.UNCLEAR):
        found = tuple(candidate.batch.provider_id for own, candidate in kinds if own is kind)
        if found:
            return Verdict(kind, others=found)
    return Verdict(MatchResult.NO_MATCH)


def _compare(texts: Mapping[str, str], candidate: Candidate) -> MatchResult:
    shared = [(to, text) for to, text in candidate.messages if to in texts]
    if not shared:
        return MatchResult.NO_MATCH if candidate.complete else MatchResult.INCOMPLETE
    foreign = len(candidate.messages) > len(shared)
    if foreign or any(texts[to] != text for to, text in shared):
        # A carrier may trim or respell a text, so this is neither a match nor proof of absence.
        return MatchResult.UNCLEAR
    return MatchResult.MATCHED if candidate.complete else MatchResult.INCOMPLETE
