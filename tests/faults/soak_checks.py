"""Checks a soak's database against the carrier's ledger. Needs Django to be set up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F, Max

from campaigns.accounts import registry
from campaigns.models import Attempt, Campaign, Counters, History, RowState, WebhookEvent
from tests.faults import invariants

State = Campaign.State
LEAVING = (State.PREPARING, State.SENDING, State.HELD)
"""Of campaigns from which something may still leave."""


@dataclass(slots=True)
class Sent:
    """A campaign as its person meant it: who should get which text."""

    number: int
    sender: str
    texts: Mapping[str, str]


@dataclass(slots=True)
class Verdict:
    messages: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    in_review: int = 0
    wrong: list[str] = field(default_factory=list)
    """Everything else that the oracle says."""

    @property
    def good(self) -> bool:
        few = self.in_review * 1000 <= self.messages
        return not (self.lost or self.doubled or self.wrong) and few


def sending() -> bool:
    return Campaign.objects.filter(state=State.SENDING).exists()


def state(number: int) -> str:
    return str(Campaign.objects.values_list("state", flat=True).get(pk=number))


def leaving(numbers: Sequence[int]) -> list[int]:
    return list(Campaign.objects.filter(pk__in=numbers, state__in=LEAVING).values_list("pk", flat=True))


def at_rest(numbers: Sequence[int]) -> bool:
    """Nothing will leave any more, and no answer is awaited or looked for."""
    return not (leaving(numbers) or Attempt.objects.filter(state__in=Attempt.OPEN).exists())


def numbers_known() -> bool:
    return len(registry.default().usable_numbers()) >= 2


def judge(ledger: Sequence[Mapping[str, Any]], campaigns: Sequence[Sent]) -> Verdict:
    """`lost` and `doubled` by the ledger alone: each campaign's words are its own."""
    verdict = Verdict()
    took = Counter((line["to"], line["text"]) for line in ledger)
    meant: Counter[tuple[str, str]] = Counter()
    for sent in campaigns:
        meant.update((to, text) for to, text in sent.texts.items())
        campaign = Campaign.objects.get(pk=sent.number)
        verdict.wrong += invariants.violations(ledger, campaign, texts=sent.texts)
        verdict.in_review += Counters.objects.get(campaign=campaign).count(RowState.NEEDS_REVIEW)
    verdict.messages, verdict.accepted = meant.total(), took.total()
    verdict.doubled = sum(count - 1 for count in took.values())
    verdict.lost = len(meant.keys() - took.keys())
    verdict.wrong += [f"{to} got {text!r}, which nobody sent" for to, text in took.keys() - meant.keys()]
    return verdict


def attempt_outcomes() -> dict[str, int]:
    """How tries to hand a batch over ended."""
    ends = Counter(Attempt.objects.values_list("state", flat=True))
    gone = Attempt.objects.filter(problem_code__startswith="owner_gone")
    return {
        "tries": ends.total(),
        "lost answers": History.objects.filter(kind="answer_lost").count(),
        "found": History.objects.filter(kind="adopted").count(),
        "absent": ends[Attempt.State.ABSENT],
        "cut before the first byte": gone.filter(sending_at=None).count(),
        "cut under way": gone.exclude(sending_at=None).count(),
        "alarms of a double": History.objects.filter(kind="possible_double").count(),
        "events told by the carrier": WebhookEvent.objects.count(),
        "holds": History.objects.filter(kind="held").count(),
    }


def slowest_notice() -> float:
    """Seconds from the mark of a hand-over whose process was killed until that was noticed, at most."""
    gone = Attempt.objects.filter(problem_code__startswith="owner_gone").exclude(sending_at=None)
    longest = gone.aggregate(longest=Max(F("ended_at") - F("sending_at")))["longest"]
    return float(longest.total_seconds()) if longest else 0.0


def seconds_of(number: int) -> float:
    """From the press on Send until the last batch had left."""
    pressed, left = Campaign.objects.values_list("launched_at", "submitted_at").get(pk=number)
    assert pressed is not None
    assert left is not None
    return float((left - pressed).total_seconds())


def close() -> None:
    """At the end of a thread that looked."""
    connection.close()
