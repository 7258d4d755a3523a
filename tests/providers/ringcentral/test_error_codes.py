import pytest

from campaigns.providers.error_codes import ErrorClass, Retry
from campaigns.providers.ringcentral.error_codes import MAYBE_DELIVERED, codes, explain

DOCUMENTED = {
    *(f"SMS-RC-{number}" for number in (403, 410, 413, 430, 500, 501, 503, 504)),
    *(f"SMS-UP-{number}" for number in (410, 411, 412, 413, 414, 430, 431, 432, 433, 500)),
    *(f"SMS-CAR-{number}" for number in (104, 199, 400, 410, 411, 412, 413, 414, 430, 431, 432, 433)),
    *(f"SMS-CAR-{number}" for number in (434, 435, 450, 451, 452, 460, 461, 500)),
}


def test_every_documented_code_has_words() -> None:
    assert len(DOCUMENTED) == 38
    assert {code for code in codes() if code.startswith("SMS-")} == DOCUMENTED


@pytest.mark.parametrize("code", sorted(codes()))
def test_the_words_are_sentences_without_codes(code: str) -> None:
    words = explain(code)
    assert words.known
    assert words.reporter
    for text in (str(words.sentence), words.advice):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "SMS-" not in text


@pytest.mark.parametrize(
    ("code", "error_class", "retry", "is_failure"),
    [
        ("SMS-RC-413", ErrorClass.OPT_OUT, Retry.NEVER, True),
        ("SMS-UP-413", ErrorClass.OPT_OUT, Retry.NEVER, True),
        ("SMS-CAR-413", ErrorClass.OPT_OUT, Retry.NEVER, True),
        ("SMS-UP-410", ErrorClass.RECIPIENT, Retry.NEVER, True),
        ("SMS-CAR-412", ErrorClass.RECIPIENT, Retry.SOFT, True),
        ("SMS-UP-431", ErrorClass.SENDER, Retry.AFTER_FIX, True),
        ("SMS-CAR-435", ErrorClass.CONTENT, Retry.AFTER_EDIT, True),
        ("SMS-CAR-450", ErrorClass.QUOTA, Retry.LATER, True),
        ("SMS-RC-500", ErrorClass.PROVIDER, Retry.MANUAL, True),
        ("SMS-CAR-104", ErrorClass.UNKNOWN, Retry.NEVER, False),
        ("SMS-CAR-199", ErrorClass.UNKNOWN, Retry.NEVER, False),
    ],
)
def test_what_follows_from_a_code(code: str, error_class: ErrorClass, retry: Retry, is_failure: bool) -> None:
    words = explain(code)
    assert (words.error_class, words.retry, words.is_failure) == (error_class, retry, is_failure)


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
    assert (str(words.sentence), words.known, words.is_failure) == (sentence, False, True)
    assert words.error_class is ErrorClass.UNKNOWN
