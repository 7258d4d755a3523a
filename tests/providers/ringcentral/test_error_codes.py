from __future__ import annotations

import pytest

from campaigns.providers.ringcentral.error_codes import CODES, MAYBE_DELIVERED, Klass, Retry, explain

DOCUMENTED = {
    *(f"SMS-RC-{number}" for number in (403, 410, 413, 430, 500, 501, 503, 504)),
    *(f"SMS-UP-{number}" for number in (410, 411, 412, 413, 414, 430, 431, 432, 433, 500)),
    *(f"SMS-CAR-{number}" for number in (104, 199, 400, 410, 411, 412, 413, 414, 430, 431, 432, 433)),
    *(f"SMS-CAR-{number}" for number in (434, 435, 450, 451, 452, 460, 461, 500)),
}


def test_every_documented_code_has_words() -> None:
    assert len(DOCUMENTED) == 38
    assert {code for code in CODES if code.startswith("SMS-")} == DOCUMENTED


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_words_are_sentences_without_codes(code: str) -> None:
    words = explain(code)
    assert words.known
    assert words.reporter
    for text in (words.sentence, words.advice):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "SMS-" not in text


@pytest.mark.parametrize(
    ("code", "klass", "retry", "is_failure"),
    [
        ("SMS-RC-413", Klass.OPT_OUT, Retry.NEVER, True),
        ("SMS-UP-413", Klass.OPT_OUT, Retry.NEVER, True),
        ("SMS-CAR-413", Klass.OPT_OUT, Retry.NEVER, True),
        ("SMS-UP-410", Klass.RECIPIENT, Retry.NEVER, True),
        ("SMS-CAR-412", Klass.RECIPIENT, Retry.SOFT, True),
        ("SMS-UP-431", Klass.SENDER, Retry.AFTER_FIX, True),
        ("SMS-CAR-435", Klass.CONTENT, Retry.AFTER_EDIT, True),
        ("SMS-CAR-450", Klass.QUOTA, Retry.LATER, True),
        ("SMS-RC-500", Klass.PROVIDER, Retry.MANUAL, True),
        ("SMS-CAR-104", Klass.UNKNOWN, Retry.NEVER, False),
        ("SMS-CAR-199", Klass.UNKNOWN, Retry.NEVER, False),
    ],
)
def test_what_follows_from_a_code(code: str, klass: Klass, retry: Retry, is_failure: bool) -> None:
    words = explain(code)
    assert (words.klass, words.retry, words.is_failure) == (klass, retry, is_failure)


def test_only_two_codes_may_be_deliveries() -> None:
    assert {"SMS-CAR-104", "SMS-CAR-199"} == MAYBE_DELIVERED


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("SMS-CAR-999", "The carrier gave a reason that Carillon does not know (SMS-CAR-999)."),
        ("SMS-RC-999", "RingCentral gave a reason that Carillon does not know (SMS-RC-999)."),
        ("SMS-NO-100", "The provider gave a reason that Carillon does not know (SMS-NO-100)."),
        ("for +1 415 555 0100", "The provider gave a reason that Carillon does not know."),
        ("<b>", "The provider gave a reason that Carillon does not know."),
        ("", "No reason was given."),
    ],
)
def test_a_code_that_nobody_knows(code: str, sentence: str) -> None:
    words = explain(code)
    assert (words.sentence, words.known, words.is_failure) == (sentence, False, True)
    assert words.klass is Klass.UNKNOWN
