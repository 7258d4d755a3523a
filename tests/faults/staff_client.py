"""A member of staff over HTTP: uploads, drafts, sends, and tries again if no page comes."""

import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import requests

PATIENCE = 120.0
"""Seconds until a person gives up."""
NAP = 0.1
ANSWER = 20.0
CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
"""What a server that is killed looks like from outside."""


class Form(HTMLParser):
    """What a browser would send of the form that has a certain field, if nobody touched it."""

    def __init__(self, page: str, having: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._having, self._open, self._select = having, dict[str, str](), ""
        self.feed(page)
        assert self.fields, f"no form with {having}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = {}
        if tag == "select":
            self._select = given.get("name") or ""
        if tag == "option" and "selected" in given:
            self._open[self._select] = given.get("value") or ""
        name, kind = given.get("name"), given.get("type", "text")
        if tag != "input" or not name or kind in ("submit", "file"):
            return
        if kind not in ("radio", "checkbox") or "checked" in given:
            self._open[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._having in self._open:
            self.fields = self._open


class StaffClient:
    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self.refused = 0
        """How often no page came."""
        self.pages = 0
        self._session = requests.Session()
        self._password = password

    def sign_in(self) -> None:
        self._get("/sign-in/")
        self._post("/sign-in/", username="admin", password=self._password)
        assert "sessionid" in self._session.cookies, "not signed in"

    def upload(self, name: str, content: bytes) -> None:
        """A list by that name; returns when it was read to its end."""
        page = self._post("/lists/new/", files={"file": (f"{name}.csv", content)}, name=name)
        while "data-poll" in page.text:
            time.sleep(NAP)
            page = self._get(page.url.removeprefix(self.url))
        assert 'id="start"' in page.text, f"{name} was not read"

    def draft(self, name: str, sender: str, text: str) -> int:
        """Its id. A press that got no answer may leave a second draft, which nobody sends."""
        choice = re.search(rf'<option value="(\d+)"[^>]*>{name} ·', self._get("/campaigns/new/").text)
        assert choice, f"the list {name} is not offered"
        basics = {"name": name, "contact_list": choice[1], "sender": sender}
        made = self._post("/campaigns/new/", **basics).url
        number = int(re.findall(r"/campaigns/(\d+)/edit/", made)[0])
        self._post(f"/campaigns/{number}/edit/", **basics, text=text, check="1")
        return number

    def send(self, campaign: int, batch: int) -> None:
        path = f"/campaigns/{campaign}/review/"
        page = self._get(path)
        while page.url.endswith(path):
            form = Form(page.text, "seen").fields
            page = self._post(path, **form | {"batch_size": str(batch)})

    def let_go_on(self, campaign: int) -> None:
        self._post(f"/campaigns/{campaign}/try-again/")

    def look(self, path: str) -> None:
        """Once; whether it comes or not."""
        try:
            self._session.get(self.url + path, timeout=ANSWER).raise_for_status()
            self.pages += 1
        except CUT:
            self.refused += 1

    def _get(self, path: str) -> requests.Response:
        return self._until_it_comes(lambda: self._session.get(self.url + path, timeout=ANSWER))

    def _post(self, path: str, files: Any = None, **fields: str) -> requests.Response:
        fields["csrfmiddlewaretoken"] = self._session.cookies["csrftoken"]
        return self._until_it_comes(
            lambda: self._session.post(self.url + path, data=fields, files=files, timeout=ANSWER)
        )

    def _until_it_comes(self, ask: Callable[[], requests.Response]) -> requests.Response:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = ask()
                answer.raise_for_status()
            except CUT:
                self.refused += 1
                assert time.monotonic() < end, "no page comes any more"
                time.sleep(NAP)
            else:
                self.pages += 1
                return answer
