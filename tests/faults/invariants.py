"""Checks a campaign against the carrier's ledger: the one oracle of every fault test.

Nobody twice. Everybody once, or visibly not. A row that claims to be accepted is in the ledger under that id;
one that claims not to be is not in it. Every text is exact, from the right number. All counts add up. At
rest, nothing is left open.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import Attempt, Batch, Campaign, CampaignRow, Counters, Message, RowState
from tests.support import scenario

Line = Mapping[str, Any]
"""One line of the carrier's ledger: `batch_id`, `from`, `to` and `text` are looked at."""

TAKEN = {RowState.WITH_CARRIER, RowState.SENT, RowState.DELIVERED, RowState.NOT_DELIVERED}
NOT_TAKEN = {RowState.HELD, RowState.QUEUED, RowState.CANCELLED, RowState.EXCLUDED, RowState.REJECTED}
NOT_KNOWN = {RowState.SUBMITTING, RowState.IN_DOUBT}
"""Only while something is under way; at rest it must be one of the others."""
FOR_A_PERSON = {RowState.NEEDS_REVIEW, RowState.MARKED_SENT}
LIVE_STATES = {
    Batch.State.SUBMITTING: {Attempt.State.SENDING},
    Batch.State.IN_DOUBT: {Attempt.State.AMBIGUOUS, Attempt.State.RECONCILING},
    Batch.State.NEEDS_REVIEW: {Attempt.State.REVIEW},
    Batch.State.MARKED_SENT: {Attempt.State.MARKED_SENT},
    Batch.State.ACCEPTED: {Attempt.State.ACCEPTED},
}
"""What the attempt of a batch must be that is not dead. Any other batch: none, or one that is prepared."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What we say of one person."""

    to: str
    text: str
    sender: str
    place: str
    provider_id: str


def violations(
    carrier_ledger: Iterable[Line],
    campaign: Campaign,
    *,
    texts: Mapping[str, str] | None = None,
    foreign: Collection[str] = (),
    at_rest: bool = True,
) -> list[str]:
    """What is wrong, in sentences; empty if nothing is.

    `texts`: what the test itself expects, text by number. `foreign`: ids of batches that other programs sent.
    `at_rest`: nothing may be left open, as the faults are over and there was time.
    """
    campaign = Campaign.objects.get(pk=campaign.pk)
    claims = _claims(campaign)
    lines = _lines_of(carrier_ledger, campaign, claims, frozenset(foreign))
    wrong = [f"{to}: in a batch of ours, and nobody of this campaign" for to in lines.keys() - claims.keys()]
    for claim in claims.values():
        wrong += _of_person(claim, lines.get(claim.to, []))
    wrong += _of_texts(claims, texts or {})
    wrong += _of_attempts(campaign)
    wrong += _of_numbers(campaign)
    if at_rest:
        wrong += _of_rest(campaign, claims)
    return wrong


def _claims(campaign: Campaign) -> dict[str, Claim]:
    rows = Message.objects.filter(campaign=campaign).values_list(
        "to", "text", "state", "batch__state", "batch__sender", "batch__provider_id"
    )
    return {
        to: Claim(to, text, sender, batch_state if state == Message.State.WAITING else state, provider_id)
        for to, text, state, batch_state, sender, provider_id in rows.iterator()
    }


def _lines_of(
    ledger: Iterable[Line], campaign: Campaign, claims: Mapping[str, Claim], foreign: frozenset[str]
) -> Mapping[str, list[Line]]:
    """The lines about this campaign, by number: of its batches, and of batches that nobody accounts for."""
    linked = dict(Batch.objects.exclude(provider_id="").values_list("provider_id", "campaign_id"))
    others = Message.objects.exclude(campaign=campaign).values_list("to", flat=True)
    also_elsewhere = set(others.iterator()) & set(claims)
    by_number: defaultdict[str, list[Line]] = defaultdict(list)
    unaccounted = []
    for line in ledger:
        owner, to = linked.get(line["batch_id"]), line["to"]
        if owner == campaign.pk:
            by_number[to].append(line)
        elif owner is None and line["batch_id"] not in foreign and to in claims:
            unaccounted.append(line)
    for line in unaccounted:
        # Ours, unless it may be what another campaign sent to the same person.
        if line["to"] not in also_elsewhere or line["text"] == claims[line["to"]].text:
            by_number[line["to"]].append(line)
    return by_number


def _of_person(claim: Claim, lines: Sequence[Line]) -> list[str]:
    who = f"{claim.to}, said to be {claim.place}"
    ids = [line["batch_id"] for line in lines]
    if len(lines) > 1:
        return [f"{who}: twice in the ledger, in batches {ids}"]
    if claim.place in TAKEN and ids != [claim.provider_id]:
        return [f"{who} in batch {claim.provider_id!r}: the ledger has {ids or 'nothing'}"]
    if claim.place in NOT_TAKEN and lines:
        return [f"{who}: the ledger has batch {ids[0]}"]
    if claim.place not in TAKEN | NOT_TAKEN | NOT_KNOWN | FOR_A_PERSON:
        return [f"{who}: no state that a page shows; the ledger has {ids or 'nothing'}"]
    if lines and lines[0]["text"] != claim.text:
        return [f"{who}: got {lines[0]['text']!r} and not {claim.text!r}"]
    if lines and lines[0]["from"] != claim.sender:
        return [f"{who}: from {lines[0]['from']} and not {claim.sender}"]
    return []


def _of_texts(claims: Mapping[str, Claim], texts: Mapping[str, str]) -> list[str]:
    wrong = []
    for to, text in texts.items():
        if to not in claims:
            wrong.append(f"{to}: nobody of this campaign, though it should get {text!r}")
        elif claims[to].text != text:
            wrong.append(f"{to}: the frozen text is {claims[to].text!r} and not {text!r}")
    return wrong


def _of_attempts(campaign: Campaign) -> list[str]:
    wrong = []
    live: defaultdict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(batch__campaign=campaign).exclude(state__in=Attempt.DEAD):
        live[attempt.batch_id].append(attempt)
    for batch in Batch.objects.filter(campaign=campaign):
        states = [attempt.state for attempt in live[batch.pk]]
        wanted = LIVE_STATES.get(Batch.State(batch.state))
        if wanted is None:
            fits = states in ([], [Attempt.State.PREPARED])
        else:
            fits = len(states) == 1 and states[0] in wanted
        if not fits:
            wrong.append(f"batch {batch.number} is {batch.state}, its live attempts are {states}")
        ids = {attempt.provider_id for attempt in live[batch.pk]} - {batch.provider_id}
        if ids:
            wrong.append(f"batch {batch.number} has the id {batch.provider_id!r}, its attempt {sorted(ids)}")
    return wrong


def _of_numbers(campaign: Campaign) -> list[str]:
    """What pages show, against every row counted one by one, and against the rows of the file."""
    if campaign.state == Campaign.State.DRAFT:
        return []
    counters = Counters.objects.get(campaign=campaign)
    wrong = []
    told, counted = scenario.counts(campaign), scenario.recount(campaign)
    if told != counted:
        wrong.append(f"the counters say {told}, counted one by one it is {counted}")
    frozen = Counter(CampaignRow.objects.filter(campaign=campaign).values_list("outcome", flat=True))
    if counters.rows != frozen.total():
        wrong.append(f"the counters say {counters.rows} rows, {frozen.total()} were frozen")
    texted = Message.objects.filter(campaign=campaign).exclude(state=Message.State.EXCLUDED).count()
    if frozen[CampaignRow.Outcome.MESSAGE] != texted:
        wrong.append(f"{frozen[CampaignRow.Outcome.MESSAGE]} rows get a text, there are {texted} messages")
    return wrong


def _of_rest(campaign: Campaign, claims: Mapping[str, Claim]) -> list[str]:
    wrong = [
        f"attempt {attempt.pk} is still {attempt.state}"
        for attempt in Attempt.objects.filter(batch__campaign=campaign, state__in=Attempt.OPEN)
    ]
    places = Counter(claim.place for claim in claims.values())
    if places[RowState.SUBMITTING] + places[RowState.IN_DOUBT]:
        wrong.append(f"nobody may be in doubt any more: {dict(places)}")
    waiting = places[RowState.QUEUED] + places[RowState.HELD]
    if campaign.state in (Campaign.State.PREPARING, Campaign.State.SENDING):
        if waiting or not places[RowState.NEEDS_REVIEW]:
            wrong.append(f"the campaign is still {campaign.state}: {dict(places)}")
    elif waiting and campaign.state != Campaign.State.HELD:
        wrong.append(f"the campaign is {campaign.state}, and {waiting} people wait for ever")
    return wrong
