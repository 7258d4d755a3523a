from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.simulator.client import LONG_CODE, Client
from tests.simulator.hook import Hook, subscribe
from tests.simulator.running import RunningSimulator

ANN = "+14155550101"


class _Checker(HTMLParser):
    """Every element that needs an end has one, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _page(client: Client) -> str:
    reply = client.get("/")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html;charset=utf-8")
    html = reply.body.decode()
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
    assert checker.seen.count("h1") == 1
    return html


def test_the_page_of_an_empty_carrier(client: Client) -> None:
    html = _page(client)
    assert LONG_CODE in html
    assert "None yet" in html
    assert "color-scheme: light dark" in html


def test_the_page_shows_what_is_held(client: Client) -> None:
    batch = client.send_batch(ANN, "+14155559810", text="<script>alert(1)</script> & more")
    html = _page(client)
    assert batch["id"] in html
    assert "<dt>Texts out</dt><dd>2</dd>" in html
    assert "DeliveryFailed SMS-UP-410" in html
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html


def test_the_page_stays_short(client: Client) -> None:
    client.send_batch(*[ANN] * 500)
    for _ in range(40):
        client.send_batch(ANN)
    assert _page(client).count("<tr>") < 85


def test_the_page_shows_mailbox_opt_outs_and_subscriptions(
    client: Client, simulator: RunningSimulator, hook: Hook
) -> None:
    subscribe(client, hook.address, "/restapi/v1.0/account/~/a2p-sms/batches")
    simulator.inbound(ANN, LONG_CODE, "STOP")
    client.send_batch(ANN)
    hook.wait(1)
    html = _page(client)
    assert "<h2>Webhook subscriptions</h2>" in html
    assert hook.address.replace("&", "&amp;") in html
    assert "<dt>Subscriptions</dt><dd>1</dd>" in html
    assert f'<td class="">{ANN}</td><td class="">OptOut</td><td class="">Recipient</td>' in html
    assert "<dt>Mailbox</dt><dd>11</dd>" in html
    assert '<td class="">VoiceMail</td>' in html


def test_a_person_can_send_a_text_in(client: Client, simulator: RunningSimulator) -> None:
    form = urlencode({"from": ANN, "to": LONG_CODE, "text": "STOP"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = client.send("POST", "/simulator/inbound", form, headers)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    html = _page(client)
    assert "<dt>Texts in</dt><dd>1</dd>" in html
    assert "<dt>Opt-outs</dt><dd>1</dd>" in html
