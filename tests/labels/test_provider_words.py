from __future__ import annotations

import json

from campaigns.labels.provider_words import describe_error, retell
from campaigns.providers.base import ProviderError
from campaigns.providers.wording import Sentence


def test_a_stored_error_reads_as_it_did() -> None:
    what = Sentence("{most:,} numbers are missing", {"most": 1_000})
    error = ProviderError(Sentence("The answer makes no sense: {what}.", {"what": what}), "Wait for it.")
    assert describe_error(error) == "The answer makes no sense: 1,000 numbers are missing. Wait for it."
    stored = json.loads(json.dumps([sentence.as_json() for sentence in error.sentences]))
    assert retell(stored) == describe_error(error)
