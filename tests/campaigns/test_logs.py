"""No log line gives a phone number, a token or a secret away, whoever writes it."""

import json
import re

import pytest

from campaigns.logs import redact
from tests.simulator.running import RunningSimulator
from tests.support import scenario
from tests.support.site import Site


@pytest.mark.parametrize(
    "line",
    [
        "to +12125550147",
        "to +12125550147.",
        "to +12125550147, and more",
        "to:+12125550147;",
        "(+12125550147)",
        "'+12125550147'",
        '{"to": ["+12125550147"]}',
        "to=12125550147&x=1",
        "from=%2B12125550147&dateFrom=2026",
        "2125550147",
        "tel:+12125550147",
        "Ann_12125550147",
        "+442079460147",
        "(212) 555-0147",
        "212-555-0147",
        "212.555.0147",
        "+1 212 555 0147",
        "1-212-555-0147",
        "+12125550147/+12125550147",
        "+12125550147\n+12125550147",
    ],
)
def test_of_a_phone_number_four_digits_are_left(line: str) -> None:
    written = redact(line)
    assert "0147" in written
    assert "555" not in written
    assert "794" not in written


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer abcdefgh.ijklmnop", "ijklmnop"),
        ("authorization=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"),
        ('{"access_token": "U0pDMTFQMDFQ"}', "U0pDMTFQMDFQ"),
        ("assertion=eyJraWQiOiI4.eyJhdWQiOiJo", "eyJhdWQiOiJo"),
        ("client_secret: 'hunter2hunter2'", "hunter2hunter2"),
        ("password=correcthorsebattery", "correcthorsebattery"),
        ("RINGCENTRAL_JWT=eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9"),
    ],
)
def test_of_a_secret_nothing_is_left(line: str, secret: str) -> None:
    assert secret not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "batch accepted",
        "took 12.5 seconds",
        "campaign 1234567",
        "2026-11-21T10:30:15.123456Z",
        "listening on 127.0.0.1:8000",
        "1700000000.123",
        "$1,234.56 for 10,000 texts",
        "request b6663fdf-3bea-4698-aefd-25c65447ccc1",
        "",
    ],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


SECRETS = re.compile(r"\d{3}[ .)-]{0,2}\d{3}[ .-]?\d{4}(?!\d)|eyJ|Bearer (?!\[)")
RUN = """
import logging
rows = [*scenario.people(4), (scenario.ending("9700"), "Refused"), (scenario.ending("9830"), "Failed")]
campaign = scenario.launched(rows, size=2)
scenario.submit_all(campaign)
scenario.poll()
scenario.poll()
logging.getLogger("anything").warning("lost %s", scenario.phone(1))
logging.getLogger("anything").error("sent", extra={"to": scenario.phone(2), "all": [scenario.phone(3)]})
try:
    raise ValueError(f"{scenario.phone(0)} Authorization: Bearer abcdefghijklmnop")
except ValueError:
    logging.getLogger("anything").exception("failed")
emit(list(AccessToken.objects.values_list("token", flat=True)))
"""


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/a2p-sms/batches", "nth": 2, "fault": "drop_after"},
        {"method": "POST", "path": "/a2p-sms/batches", "nth": 2, "fault": "status", "status": 400,
         "body": '{"errorCode": "CMN-101", "message": "Parameter [to] value +12125551000 is invalid"}'},
        {"method": "GET", "path": "/a2p-sms", "fault": "status", "status": 400},
    ],
    ids=["lost", "refused", "poll"],
)  # fmt: skip
def test_a_whole_send_logs_no_number_and_no_secret(
    site: Site, simulator: RunningSimulator, fault: dict[str, object]
) -> None:
    """With every line that any library writes, and with failures on the way."""
    simulator.faults(fault)
    process = site.script(RUN, LOG_LEVEL="DEBUG")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    (token,) = json.loads(out.splitlines()[-1])
    assert token not in err
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["event"] for line in lines if line["logger"] == "anything"] == [
        "lost …1001",
        "sent",
        "failed",
    ]
    assert "campaigns.sending.dispatch" in {line["logger"] for line in lines}
    assert [line for line in lines if SECRETS.search(json.dumps(line, ensure_ascii=False))] == []
    for number in (
        scenario.phone(0),
        scenario.phone(1),
        scenario.phone(2),
        scenario.phone(3),
        scenario.LOCAL,
    ):
        assert number[2:] not in err
