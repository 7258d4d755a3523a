"""Groups of the states of a row, and the order in which pages list them."""

from campaigns.models import RowState

READING_ORDER = (
    RowState.DELIVERED, RowState.SENT, RowState.WITH_CARRIER, RowState.SUBMITTING, RowState.IN_DOUBT,
    RowState.NEEDS_REVIEW, RowState.MARKED_SENT, RowState.QUEUED, RowState.HELD, RowState.NOT_DELIVERED,
    RowState.REJECTED, RowState.CANCELLED, RowState.EXCLUDED, RowState.DUPLICATE, RowState.INVALID,
)  # fmt: skip
TAKEN = (RowState.WITH_CARRIER, RowState.SENT, RowState.DELIVERED, RowState.NOT_DELIVERED)
UNDECIDED = (RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
LEFT_OUT = (RowState.EXCLUDED, RowState.DUPLICATE, RowState.INVALID)
