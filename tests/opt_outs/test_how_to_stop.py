"""Which texts tell their readers how to stop, and which only hold the word."""

from __future__ import annotations

import pytest

from campaigns.opt_outs.how_to_stop import tells_how_to_stop


@pytest.mark.parametrize(
    "text",
    [
        "Reply STOP to opt out",
        "Hi {{ first_name }}, we open at nine. Reply STOP to opt out",
        "reply stop",
        "Reply 'STOP'.",
        'Reply "STOP" anytime',
        "Reply with STOP to unsubscribe",
        "Reply to this message with STOP",
        "Text STOP to 12345",
        "text us back STOP",
        "Txt stop 2 quit",
        "Send STOP to end",
        "STOP to end",
        "STOP=quit",
        "stop2end",
        "Stop to opt-out",
        "Opt out: STOP",
        "Opt-out w/ STOP",
        "Optout? STOP",
        "To unsubscribe, reply STOP.",
        "To unsubscribe: STOP",
        "Text END to stop",
        "Reply QUIT to quit",
        "Reply HELP for help, STOP to cancel.",
        "Msg&data rates may apply. HELP for help. STOP to cancel.",
        "Reply HELP or STOP",
        "Répondez ARRET",
        "STOP au 36111",
        "Responda STOP para cancelar",
        "Unsubscribe: https://example.com/u",
        "Opt out at example.com/stop",
        "Sale!\nReply\nSTOP",
    ],
)
def test_it_tells(text: str) -> None:
    assert tells_how_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hi {{ first_name }}, come to our store",
        "Hi {{ first_name }}, stop by our store",
        "Text us or stop by!",
        "Reply to this and stop by our store",
        "nonstop fun",
        "Non-stop flights",
        "one-stop shop",
        "Don't stop believing",
        "We never stop",
        "Stop!",
        "Stop what you are doing",
        "Stop in today",
        "Stop overpaying for insurance",
        "Questions? Text us. Stop overpaying!",
        "Reply now! Stop waiting",
        "Reply YES to book",
        "Reply NO to opt out",
        "Reply HELP for help",
        "Send end of year gifts",
        "Text end of summer to win",
        "Our sale will end on Friday, reply for details",
        "Cancel anytime",
        "the bus stop on Main Street",
        "Unsubscribed people get nothing",
    ],
)
def test_it_does_not(text: str) -> None:
    assert not tells_how_to_stop(text)
