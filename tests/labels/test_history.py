import pytest

from campaigns.labels.history import CODES, SENTENCES, describe
from campaigns.models import History
from tests.support.history import DATA, check


@pytest.mark.parametrize("kind", History.Kind)
def test_every_kind_makes_a_sentence_of_its_data(kind: History.Kind) -> None:
    """That the data is what the program writes, every test that writes an entry shows."""
    sentence = describe(History(kind=kind, data=DATA[kind]))
    assert sentence.endswith((".", ")."))
    assert "%" not in sentence


def test_no_sentence_is_of_a_kind_that_does_not_exist() -> None:
    assert set(SENTENCES) == set(History.Kind)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("cancelled", {"texts": 1}, "Cancelled: 1 text that waited is not sent."),
        ("cancelled", {"texts": 1500}, "Cancelled: 1,500 texts that waited are not sent."),
        ("opt_out_added", {"count": 2, "source": "staff"}, "2 numbers opted out (Entered by hand)."),
        ("audit_failed", {"error": "rate", "code": ""}, "The provider asks us to slow down."),
        (
            "possible_double",
            {"number": 2, "provider_ids": ["7", "8"]},
            "Possible double: the provider also has the texts of batch 2 as 7, 8.",
        ),
        ("sign_in_unlocked", {"user": "", "locks": 0}, "Forgot the wrong passwords of –; 0 locks ended."),
    ],
)
def test_numbers_and_codes_are_written_for_people(kind: str, data: dict[str, object], expected: str) -> None:
    assert describe(History(kind=kind, data=data)) == expected


def test_every_kind_of_provider_error_has_words() -> None:
    assert {"unreachable", "credentials", "permission", "rate", "request", "other"} < set(CODES["error"])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("launched", {"text": "x"}),
        ("cancelled", {}),
        ("opt_out_added", {"count": 1, "source": "+15125550101"}),
        ("audit_failed", {"error": "The provider does not answer", "code": ""}),
        ("recovered", {"known": 1.5, "unknown": 0}),
    ],
)
def test_the_judge_of_all_entries_is_not_blind(kind: str, data: dict[str, object]) -> None:
    """It looks at every entry that any test writes: its keys, and that nothing of a recipient is in it."""
    with pytest.raises(AssertionError):
        check(History(kind=kind, data=data))
