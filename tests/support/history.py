"""What each kind of history entry holds. `tests/conftest.py` compares every entry that a test writes."""

import re
from typing import Any

from campaigns.labels.history import describe
from campaigns.models import History

Kind = History.Kind
BATCH: dict[str, Any] = {"number": 1}
DATA: dict[str, dict[str, Any]] = {
    **{kind: {} for kind in Kind},
    Kind.HELD: {"reason": "canary"},
    Kind.PAUSED: {"reason": "paused"},
    Kind.CANCELLED: {"texts": 1},
    Kind.UNDONE: {"texts": 3, "draft": 7},
    Kind.SENT_AGAIN: {"child": 8, "people": 2},
    Kind.MADE_AGAIN_FROM: {"parent": 7},
    Kind.BATCH_SPLIT: BATCH,
    Kind.BATCH_QUARANTINED: {**BATCH, "deaths": 3},
    Kind.BATCH_RELEASED: BATCH,
    Kind.BATCH_SIZE_DIFFERS: {"theirs": 2, "ours": 3},
    Kind.ANSWER_LOST: BATCH,
    Kind.ADOPTED: BATCH,
    Kind.ADOPTED_FROM_JOURNAL: BATCH,
    Kind.ABSENT: BATCH,
    Kind.NEEDS_REVIEW: BATCH,
    Kind.POSSIBLE_DOUBLE: {**BATCH, "provider_ids": ["4711", "4712"]},
    Kind.REVIEW_SEND: BATCH,
    Kind.REVIEW_MARKED_SENT: BATCH,
    Kind.REVIEW_POSTPONED: BATCH,
    Kind.FILE_UPLOADED: {"list": 1, "file": 2},
    Kind.FILE_READ: {"list": 1, "file": 2, "rows": 12345},
    Kind.PHONE_COLUMN_CHANGED: {"list": 1, "before": 2, "after": 3},
    Kind.LIST_REMOVED: {"list": 1},
    Kind.OPT_OUT_ADDED: {"count": 1, "source": "staff"},
    Kind.OPT_OUT_DENIED: {"opt_out": 5},
    Kind.OPT_OUT_ENDED: {"opt_out": 5},
    Kind.SUBSCRIPTION_CREATED: {"before": "given_up"},
    Kind.DISCREPANCY_FOUND: {"discrepancy": 4, "about": "unknown_batch"},
    Kind.DISCREPANCY_KNOWN: {"discrepancy": 4, "count": 53},
    Kind.AUDIT_DONE: {"batches": 3, "texts": 5000},
    Kind.AUDIT_FAILED: {"error": "unreachable", "code": ""},
    Kind.RECOVERED: {"known": 6, "unknown": 0},
    Kind.SIGN_IN_UNLOCKED: {"user": "vera", "locks": 1},
    Kind.DEMO_LOADED: {"list": 1},
}
OPTIONAL = {"opt_out"}
"""Not known where a message of the carrier adds or ends it."""
PHONE_OR_SENTENCE = re.compile(r"\+?\d{10,15}|\S+ \S+ \S+")


def check(instance: History, **_signal: object) -> None:
    """Receiver of `post_save`: the data is what its kind says, is no text, and makes a sentence."""
    expected, found = DATA[instance.kind].keys(), instance.data.keys()
    assert expected - OPTIONAL == found - OPTIONAL, (instance.kind, instance.data)
    for name, value in instance.data.items():
        parts = value if isinstance(value, list) else [value]
        assert all(isinstance(part, int | str) for part in parts), (instance.kind, instance.data)
        texts = [part for part in parts if isinstance(part, str) and name != "provider_ids"]
        assert not any(PHONE_OR_SENTENCE.search(text) for text in texts), (instance.kind, instance.data)
    assert describe(instance)
