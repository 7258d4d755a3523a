import pytest

from campaigns.providers.ringcentral import parse, words
from campaigns.providers.types import BatchStatus, Direction, Feature, MessageStatus


def test_a_word_that_is_not_known_is_logged_once_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    words.note_unknown.cache_clear()
    states = [parse.batch_state({"id": "1", "status": "Levitating"}) for _ in range(3)]
    assert {state.status for state in states} == {BatchStatus.UNKNOWN}
    assert {state.status_text for state in states} == {"Levitating"}
    assert len(caplog.records) == 1
    assert vars(caplog.records[0])["word"] == "Levitating"


def test_no_word_at_all_is_unknown_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    message = parse.remote_message({"id": "1"})
    assert (message.status, message.status_text) == (MessageStatus.UNKNOWN, "")
    assert (message.direction, caplog.records) == (Direction.UNKNOWN, [])


@pytest.mark.parametrize("status", [status for status in MessageStatus if status])
def test_every_status_has_a_word(status: MessageStatus) -> None:
    (word,) = words.words_of(words.MESSAGE_STATUSES, [status])
    assert words.code(words.MESSAGE_STATUSES, word, MessageStatus.UNKNOWN) is status


def test_the_newer_word_of_a_direction_is_sent() -> None:
    both = [Direction.OUTBOUND, Direction.INBOUND]
    assert words.words_of(words.DIRECTIONS, both) == ["Outbound", "Inbound"]


def test_features_have_codes_and_others_stay_as_they_came() -> None:
    data = {"phoneNumber": "+16505550100", "features": ["CallerId", "A2PSmsSender", "TeleporterSender", 7]}
    number = parse.sender_number(data)
    assert number is not None
    assert number.features == (Feature.CALLS, Feature.CAMPAIGNS, "TeleporterSender")
