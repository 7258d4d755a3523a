"""Every address answers whatever is sent to it with a page of ours: no 500 and no traceback."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboard.test_urls import addresses, filled

ADMIN = (
    *("/admin/", "/admin/campaigns/optout/", "/admin/campaigns/price/add/"),
    *("/admin/campaigns/campaign/<int:campaign_id>/change/", "/admin/auth/user/<int:user>/change/"),
)
HUGE = str(10**30)
"""More than any column of the database holds."""
NUMBERS = ("0", HUGE, "9223372036854775808", "9" * 5000)
PIECES = ("%00", "a%00b", "%ED%A0%80", "%FF%FE", "%0A", "%", "..%2F..", "x" * 5000)
WORDS = (
    *("-1", "²", "nan", HUGE, "9223372036854775808", "[" * 5000, '["\\ud800"]', "0001-01-01", "9999-12-31"),
    *("https://[", "/sign-in/", "{{", "\u202e\r\nX: 1", "x" * 20_000, "a\0b"),
)
QUERY = (
    *("before", "after", "show", "code", "q", "number", "state", "start", "end", "sender", "status", "batch"),
    *("direction", "next", "list", "p", "o", "id__gt"),
)
FIELDS = (
    *("name", "contact_list", "sender", "text", "seen", "batch_size", "canary", "on_not_found", "numbers"),
    *("note", "columns", "phone_column", "back", "insert", "show", "next", "username", "password", "groups"),
    *("kind", "per_segment", "action", "_selected_action", "old_password", "new_password1", "new_password2"),
)


@pytest.fixture
def anybody(admin: User) -> Client:
    """Somebody who may do everything, at a server that answers an error instead of raising it."""
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    return client


def failures(answers: Iterable[tuple[str, Any]]) -> list[str]:
    return [
        f"{what[:100]}: {answer.status_code} {getattr(answer, 'exc_info', ('', ''))[1]!r}"
        for what, answer in answers
        if answer.status_code >= 500
    ]


def test_every_part_of_an_address(anybody: Client, there: dict[str, int | str]) -> None:
    def answers() -> Iterator[tuple[str, Any]]:
        for address in (*addresses(), *ADMIN):
            paths = [filled(address, there, number=number) for number in NUMBERS if "<int:" in address]
            paths += [filled(address, there, word=piece) for piece in PIECES if "<str:" in address]
            for path in paths:
                yield f"GET {path}", anybody.get(path)
                yield f"POST {path}", anybody.post(path)

    assert failures(answers()) == []


def test_every_query(anybody: Client, there: dict[str, int | str]) -> None:
    def answers() -> Iterator[tuple[str, Any]]:
        for address in (*addresses(), *ADMIN):
            for word in WORDS:
                yield f"{address} {word}", anybody.get(filled(address, there), dict.fromkeys(QUERY, word))

    assert failures(answers()) == []


def test_every_form(anybody: Client, there: dict[str, int | str]) -> None:
    def answers() -> Iterator[tuple[str, Any]]:
        for address in (*addresses(), *ADMIN):
            for word in WORDS:
                yield f"{address} {word}", anybody.post(filled(address, there), dict.fromkeys(FIELDS, word))

    assert failures(answers()) == []


def part(head: str, body: bytes = b"Phone\r\n2125550101") -> bytes:
    return (
        b"--X\r\nContent-Disposition: form-data; "
        + head.encode("latin-1")
        + b"\r\n\r\n"
        + body
        + b"\r\n--X--"
    )


FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=X"
BODIES: tuple[tuple[str, bytes], ...] = (
    ("", b"\xff\xfe\0"),
    ("application/json", b'{"name": ' + b"[" * 5000),
    *((f"{FORM}; charset={name}", b"name=%2B2AA-%5Cud800") for name in ("utf-7", "rot13", "hex", "idna")),
    (FORM, b"name=%ED%A0%80&numbers=%ff%fe&=&&&;=%"),
    (FORM, b"&".join(b"a%d=" % number for number in range(2000))),
    (FORM, b"name=" + b"[" * 2_000_000),
    ("multipart/form-data", b"--X"),
    (f"multipart/form-data; boundary={'x' * 300}", b"--X"),
    (PARTS, b""),
    (PARTS, b"--X"),
    (PARTS, part("")),
    (PARTS, part('name="file"; filename="a\0b.csv"')),
    (PARTS, part("name=\"file\"; filename*=none-such''a.csv")),
    (PARTS, part("name=\"file\"; filename*=utf-7''%2B2AA-.csv")),
    (PARTS, part("name=\"file\"; filename*=UTF-8''%ED%A0%80.csv")),
    (PARTS, part('name="file"; filename="a.csv"\r\nContent-Type: text/csv; charset=none-such')),
    (PARTS, part('name="name"\r\nContent-Transfer-Encoding: base64', b"AAA")),
    (PARTS, part('name="file"; filename="a.csv"', b"\x0a\xff\xfe\xfe\xff")),
    (PARTS, part('name="file"; filename="a.csv"', b'sep="\r\nPhone"Name\r\n2125550111"Ada')),
)


def test_every_body(anybody: Client, there: dict[str, int | str]) -> None:
    def answers() -> Iterator[tuple[str, Any]]:
        for address in addresses():
            for kind, body in BODIES:
                path = filled(address, there)
                yield f"{path} {kind} {body[:80]!r}", anybody.generic("POST", path, body, kind)

    assert failures(answers()) == []


HEADERS: tuple[dict[str, str], ...] = (
    {"Cookie": "sessionid=\0; csrftoken=%00"},
    {"Content-Length": "x"},
    {"Host": "a b"},
    {"Range": "bytes=9-1", "If-Modified-Since": "\0", "If-None-Match": "\0", "User-Agent": "\xff\0"},
    {"HX-Request": "true", "HX-Current-URL": "http://[", "Referer": "http://[", "Origin": "http://["},
    {"X-Forwarded-For": "\0, :::::, 999.1.1.1", "Accept-Language": "\xff" * 100, "Accept-Encoding": "\0"},
)
METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "x")


def test_every_method_and_header(anybody: Client, there: dict[str, int | str]) -> None:
    def answers() -> Iterator[tuple[str, Any]]:
        for address in addresses():
            path = filled(address, there)
            for method in METHODS:
                yield f"{method} {path}", anybody.generic(method, path)
            for headers in HEADERS:
                yield f"{path} {headers}", anybody.get(path, headers=headers)

    assert failures(answers()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (f"{FORM}; charset*=none-such''x", 400),
        (f"{FORM}; charset*=utf-8'en'%ff", 400),
        (f"{FORM}; charset=a\0b", 400),
        ("text/plain; charset=rot13", 403),  # no form, so without the token of one
        (FORM, 403),
    ],
)
def test_a_content_type_that_django_cannot_read(kind: str, status: int) -> None:
    """As the server hands it over: the test client would end before the site sees it."""
    from dashboard.wsgi import application  # it wants the folder of static files, which a fixture makes

    told: list[str] = []

    def start(line: str, *_rest: object) -> Callable[[bytes], object]:
        told.append(line)
        return io.BytesIO().write

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/sign-in/",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": "0",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    answer = application(environ, start)
    page = b"".join(answer).decode()
    assert told[0].startswith(str(status))
    assert "Nothing was changed" in page or "nothing was changed" in page


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"name=%2B2AA-", f"{FORM}; charset=utf-7", "set the program that sent this to UTF-8"),
        (b"name=x", f"{FORM}; charset=none-such", "set the program that sent this to UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_with_why(as_admin: Client, body: bytes, kind: str, said: str) -> None:
    answer = as_admin.generic("POST", "/lists/new/", body, kind)
    assert answer.status_code == 400
    assert said in answer.content.decode()


@pytest.mark.parametrize("name", ["UTF-8", '"utf8"', "us-ascii"])
def test_utf8_under_its_other_names(as_admin: Client, name: str) -> None:
    body, kind = b"numbers=%2B12125550101&note=Caf%C3%A9", f"{FORM}; charset={name}"
    assert as_admin.generic("POST", "/opt-outs/add/", body, kind).status_code == 302


@pytest.mark.parametrize(
    ("path", "status"),
    [("/lists/%00/", 404), ("/batches/a%00b/", 404), ("/nowhere%00", 404), ("/why/?number=%00", 200)],
)
def test_a_zero_byte_in_the_address(as_admin: Client, path: str, status: int) -> None:
    assert as_admin.get(path).status_code == status


def test_a_number_that_django_s_own_page_hands_to_the_database(as_admin: Client, admin: User) -> None:
    answer = as_admin.post(f"/admin/auth/user/{admin.pk}/change/", {"username": "ada", "groups": HUGE})
    assert answer.status_code in (200, 400)  # PostgreSQL compares it
    assert answer.status_code == 200 or b"A number in it is larger" in answer.content
