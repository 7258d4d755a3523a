"""What no pattern shows: functions that read texts of users, files, carriers and headers, as a whole."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from campaigns import logs
from campaigns.composing import segments
from campaigns.composing.personalise import Personaliser
from campaigns.composing.template_check import check
from campaigns.contacts import delimited, encoding, headers, unicode_forms
from campaigns.contacts.errors import FileProblem
from campaigns.contacts.phone import normalise_many, parse_phone
from campaigns.opt_outs import carrier, keywords
from campaigns.opt_outs.how_to_stop import tells_how_to_stop
from campaigns.providers import retry
from campaigns.providers.base import ProviderError
from campaigns.providers.http import Answer
from campaigns.providers.ringcentral import events, parse
from campaigns.providers.ringcentral.errors import parse_problem
from campaigns.providers.ringcentral.mailbox_parse import MANY_AS_JSON, outcomes
from tests.architecture.attacks import GENERAL
from tests.architecture.growth import steep, undisturbed
from tests.architecture.nasty import FIELDS, NASTY

SHORTEST = 512
"""Characters. No function here takes hours for less, as a pattern can."""


def _answer(content_type: str, text: str) -> Answer:
    return Answer(status=207, headers={"content-type": content_type}, body=text.encode())


def _parts(text: str) -> object:
    try:
        return outcomes(_answer("multipart/mixed; boundary=x", text), ["1"], ok_statuses=frozenset({200}))
    except ProviderError:
        return None


def _many(text: str) -> object:
    try:
        return outcomes(_answer(MANY_AS_JSON, text), ["1"], ok_statuses=frozenset({200}))
    except ProviderError:
        return None


def _in_an_event(text: str) -> object:
    return events.parse_event(orjson.dumps({"event": text, "uuid": text, "body": {"id": text}}))


def _personal(text: str) -> object:
    """Each cell holds the text; the template is of nothing but placeholders."""
    return Personaliser("{{ a|upper }}" * 100, ["a"]).render([text])


READERS: dict[str, Callable[[str], object]] = {
    "a template": lambda text: check(text, FIELDS),
    "a template as it is kept": lambda text: Personaliser(text, ["a", "b"]),
    "a cell in a text": _personal,
    "segments": segments.measure,
    "plain signs": segments.plain,
    "unusual signs": segments.unusual,
    "a field name": headers.field_name,
    "headings": lambda text: headers.heading_names([text] * 10),
    "field names": lambda text: headers.field_names([text] * 10),
    "a stream": unicode_forms.stream_safe,
    "NFC": lambda text: unicode_forms.normalize("NFC", text),
    "NFKD": lambda text: unicode_forms.normalize("NFKD", text),
    "a phone number": parse_phone,
    "a number abroad": lambda text: parse_phone(text, "DE"),
    "a column of numbers": lambda text: normalise_many(text.split(",")),
    "a line of the log": logs.redact,
    "an event": lambda text: events.parse_event(text.encode()),
    "parts of an event": _in_an_event,
    "a handshake": lambda text: events.handshake({"validation-token": text}, b""),
    "an object": lambda text: parse.as_object(text.encode()),
    "an amount": parse.money,
    "a moment": parse.moment,
    "a count": parse.count,
    "an id": parse.identity,
    "a refusal": lambda text: parse_problem(text.encode()),
    "a number of RingCentral": parse.phone,
    "a number in an opt-out": carrier.to_e164,
    "a reply": keywords.meaning,
    "whether a text tells how to stop": tells_how_to_stop,
    "parts": _parts,
    "parts as JSON": _many,
    "a time to wait": lambda text: retry.retry_after({"retry-after": text, "date": text}),
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_takes_time_by_the_length_of_the_text(reader: str) -> None:
    with undisturbed():
        found = [
            slow
            for attack in [*NASTY, *GENERAL]
            if (slow := steep(READERS[reader], attack, shortest=SHORTEST))
        ]
    assert found == []


def test_finding_out_how_a_file_is_divided_does_too(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"

    def detect(text: str) -> object:
        path.write_text(text, encoding="utf-8")
        with suppress(FileProblem):  # not every sign can part cells
            delimited.detect(path, "utf-8")
        return encoding.survey(path) if "\0" not in text else ""

    with undisturbed():
        found = [slow for attack in [*NASTY, *GENERAL] if (slow := steep(detect, attack, shortest=SHORTEST))]
    assert found == []
