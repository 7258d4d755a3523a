"""The table of batches on the page of a campaign."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, IntegerField, QuerySet, Value, When

from campaigns.models import Batch

MAX_BATCHES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    number: int
    size: int
    processed: int
    state: Batch.State
    status: str
    cost: Decimal | None
    provider_id: str


def batch_lines(batches: QuerySet[Batch]) -> list[BatchLine]:
    urgency = Case(
        When(state__in=(Batch.State.IN_DOUBT, Batch.State.NEEDS_REVIEW), then=Value(0)),
        When(state=Batch.State.SUBMITTING, then=Value(1)),
        When(state=Batch.State.ACCEPTED, completed_at__isnull=True, then=Value(2)),
        When(state__in=(Batch.State.QUEUED, Batch.State.HELD), then=Value(4)),
        default=Value(3),
        output_field=IntegerField(),
    )
    chosen = list(batches.annotate(urgency=urgency).order_by("urgency", "-number")[:MAX_BATCHES])
    return [batch_line(batch) for batch in sorted(chosen, key=lambda batch: batch.number)]


def batch_line(batch: Batch) -> BatchLine:
    state = Batch.State(batch.state)
    accepted = state == Batch.State.ACCEPTED
    return BatchLine(
        number=batch.number,
        size=batch.provider_size if accepted else batch.size,
        processed=batch.processed_count,
        state=state,
        status=batch.provider_status if accepted else "",
        cost=batch.cost,
        provider_id=batch.provider_id,
    )
