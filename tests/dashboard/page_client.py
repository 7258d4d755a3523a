"""A test client that checks the HTML rules on every page that it gets."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.test import Client

from tests.dashboard import html_rules

OTHERS_PAGES = ("/admin/",)
"""Django's own pages keep rules of their own."""


class PageClient(Client):
    """Django's client, with our eyes. `text` and `page` say what was meant, `fragment` asks as HTMX does."""

    def __init__(self, user: User | None = None) -> None:
        super().__init__()
        if user is not None:
            self.force_login(user)

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        html = response.headers.get("Content-Type", "").startswith("text/html")
        path = urlsplit(request["PATH_INFO"]).path
        if html and not response.streaming and response.content and not path.startswith(OTHERS_PAGES):
            fragment = request.get("HTTP_HX_REQUEST") == "true"
            problems = html_rules.faults(response.content.decode(), fragment=fragment)
            assert not problems, f"{path} ({response.status_code}): " + "; ".join(problems)
        return response

    def page(self, path: str, *, status: int = 200) -> str:
        """The page at `path`, as text."""
        response = self.get(path)
        assert response.status_code == status, f"{path} answered {response.status_code}"
        return str(response.content.decode())

    def fragment(self, path: str, *, status: int = 200) -> Any:
        """What HTMX gets."""
        response = self.get(path, headers={"HX-Request": "true"})
        assert response.status_code == status, f"{path} answered {response.status_code}"
        return response

    def send(self, path: str, **fields: Any) -> Any:
        """Post a form that works: it answers with the way to the next page, which is followed."""
        response = self.post(path, fields)
        assert response.status_code == 302, f"{path} answered {response.status_code}, not the way on"
        return self.get(response["Location"])

    def refused(self, path: str, **fields: Any) -> str:
        """Post a form that does not work: the same page again, with the sentences."""
        response = self.post(path, fields)
        assert response.status_code in {200, 422}, f"{path} answered {response.status_code}"
        return str(response.content.decode())
