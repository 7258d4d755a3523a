"""What RingCentral takes at once, and how much of an answer is read."""

from typing import Final

from campaigns.providers.http import MEBIBYTE

PER_PAGE: Final = 1000
MAX_PAGES: Final = 1000
"""Of a list that numbers its pages."""
PAGE_BYTES: Final = 16 * MEBIBYTE
"""1,000 messages of 1,000 characters, each escaped as six bytes, and their fields."""

MAX_BATCH: Final = 10_000
"""Texts of a batch."""
MAX_BATCH_BYTES: Final = 50 * 1000 * 1000
REJECTED_BYTES: Final = 512
"""One entry of the answer's `rejected`; every text of a batch may be in it."""

MAX_IDS_IN_PATH: Final = 50
MAX_IDS_IN_BODY: Final = 1000
