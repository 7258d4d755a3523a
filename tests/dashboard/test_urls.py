"""Who gets in where: every address, found by walking the URLconf, with every role and method.

The pages' own tests need no wrong method, no stranger, no role that is too low and no id of nothing.
"""

import re
from collections.abc import Iterator, Sequence

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.dashboard.page_client import PageClient

HOOK = "/webhooks/<str:provider>/<str:secret>/"
FREE = {"/sign-in/", "/admin/login/", "/healthz/", HOOK}
"""The only addresses that answer somebody who is not signed in."""
NOBODY, VIEWER, COMPOSER, SENDER, NEVER = range(5)
"""The least that somebody must be. Each may do what the one before it may; nobody may do what nobody may."""
CAMPAIGN, LIST, OPT_OUT = (
    "/campaigns/<int:campaign_id>/",
    "/lists/<int:list_id>/",
    "/opt-outs/<int:opt_out_id>/",
)
IMPORT, KNOWN = "/imports/<int:import_id>/", "/review/known/<int:discrepancy_id>/"
LEAST = {
    **dict.fromkeys(("/account/", "/admin/password_change/", "/sign-out/"), (NOBODY, NOBODY)),
    **dict.fromkeys(("/", "/moving/", "/lists/", LIST, "/opt-outs/", "/campaigns/"), (VIEWER, NEVER)),
    **dict.fromkeys((IMPORT, f"{IMPORT}progress/", f"{IMPORT}not-used.csv"), (VIEWER, NEVER)),
    **dict.fromkeys((CAMPAIGN, f"{CAMPAIGN}batches/", f"{CAMPAIGN}people/"), (VIEWER, NEVER)),
    **dict.fromkeys(
        (f"{CAMPAIGN}{name}" for name in ("people.csv", "report/", "report.csv")), (VIEWER, NEVER)
    ),
    **dict.fromkeys(("/reports/", "/review/", "/batches/", "/batches/<str:provider_id>/"), (VIEWER, NEVER)),
    **dict.fromkeys(("/messages/", "/messages/<int:message_id>/", "/numbers/"), (VIEWER, NEVER)),
    **dict.fromkeys(("/why/", "/why.csv"), (VIEWER, NEVER)),
    **dict.fromkeys(
        (f"{CAMPAIGN}{name}/" for name in ("edit", "preview", "delete", "again")), (COMPOSER, COMPOSER)
    ),
    **dict.fromkeys(
        (f"{LIST}{name}/" for name in ("rename", "phone-column", "delete")), (COMPOSER, COMPOSER)
    ),
    **dict.fromkeys(("/lists/new/", "/campaigns/new/", "/messages/refresh/"), (COMPOSER, COMPOSER)),
    **dict.fromkeys(("/opt-outs/add/", f"{OPT_OUT}end/", f"{OPT_OUT}decide/"), (COMPOSER, COMPOSER)),
    **dict.fromkeys(
        (f"{CAMPAIGN}{name}/" for name in ("try-again", "pause", "undo", "cancel")), (SENDER, SENDER)
    ),
    **dict.fromkeys((KNOWN, f"{KNOWN}all/", "/review/<int:attempt_id>/<str:decision>/"), (SENDER, SENDER)),
    f"{CAMPAIGN}review/": (VIEWER, SENDER),
}
"""Who may GET, and who may POST. What is only a button leads back to its page on GET, with a warning."""
FRAGMENTS = {"/moving/", f"{CAMPAIGN}batches/", f"{IMPORT}progress/"}


def walk(patterns: Sequence[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for item in patterns:
        path = before + str(item.pattern)
        if isinstance(item, URLResolver):
            if item.namespace != "admin":
                yield from walk(item.url_patterns, path)
        else:
            yield path


def addresses() -> list[str]:
    return sorted(walk(get_resolver(settings.ROOT_URLCONF).url_patterns))


def filled(address: str, there: dict[str, int | str], *, number: str = "", word: str = "") -> str:
    """With what is there; or with the same everywhere, by the kind of what is expected."""

    def value(found: re.Match[str]) -> str:
        return (number if found[1] == "int" else word) or str(there[found[2]])

    return re.sub(r"<(int|str):(\w+)>", value, address)


def test_every_address_has_its_line() -> None:
    assert set(addresses()) == FREE | set(LEAST)


@pytest.mark.parametrize("address", addresses())
def test_strangers_find_the_door_and_nothing_else(
    stranger: PageClient, there: dict[str, int | str], address: str
) -> None:
    path = filled(address, there)
    for ask in (stranger.get, stranger.post, stranger.put):
        response = ask(path)
        if address == HOOK:
            assert response.status_code in {404, 405}  # open to those who know the secret
        elif address in FREE:
            assert response.status_code in {200, 302, 405}
        else:
            assert response.status_code == 302
            assert response["Location"] == f"/sign-in/?next={path}"
    if address not in FREE:
        fragment = stranger.get(path, headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment["HX-Redirect"], fragment.content) == (204, "/sign-in/", b"")


def test_strangers_find_no_table_of_the_admin(stranger: PageClient) -> None:
    for path in ("/admin/", "/admin/campaigns/campaign/", "/admin/auth/user/add/", "/admin/nowhere/"):
        assert stranger.get(path)["Location"].startswith(("/admin/login/", "/sign-in/"))


def asked(client: PageClient, method: str, path: str, *, fragment: bool = False) -> tuple[int, bool]:
    """The status of the answer, and whether anything was written for it beyond the session."""
    headers = {"HX-Request": "true"} if fragment else {}
    with CaptureQueriesContext(connection) as queries:
        status = getattr(client, method)(path, headers=headers).status_code
    said = [query["sql"] for query in queries if "django_session" not in query["sql"]]
    return status, any(sql.startswith(("INSERT", "UPDATE", "DELETE")) for sql in said)


@pytest.mark.parametrize("address", sorted(LEAST))
def test_each_role_reaches_what_is_its_own(
    nobody: User,
    viewer: User,
    composer: User,
    sender: User,
    there: dict[str, int | str],
    address: str,
) -> None:
    path = filled(address, there)
    for rank, user in enumerate((nobody, viewer, composer, sender)):
        for method, least in zip(("get", "post"), LEAST[address], strict=True):
            status, written = asked(PageClient(user), method, path, fragment=address in FRAGMENTS)
            if rank < least:
                expected = 405 if least == NEVER else 403
                assert (status, written) == (expected, False), f"{method} of rank {rank}"
            else:
                assert status in {200, 286, 302, 404, 422}, f"{method} of rank {rank} got {status}"


@pytest.mark.parametrize("address", sorted(set(LEAST) - {"/admin/password_change/"}))
def test_another_method_is_refused(as_sender: PageClient, there: dict[str, int | str], address: str) -> None:
    for method in ("put", "delete"):
        assert asked(as_sender, method, filled(address, there)) == (405, False)


@pytest.mark.parametrize("address", sorted(address for address in LEAST if "<" in address))
def test_what_does_not_exist(as_sender: PageClient, there: dict[str, int | str], address: str) -> None:
    for number in ("4711", "9" * 30):
        path = filled(address, there, number=number, word="4711")
        answers = {asked(as_sender, method, path) for method in ("get", "post")}
        # What is only a button leads back on GET, and what is only read takes no POST.
        assert (404, False) in answers
        assert answers <= {(404, False), (302, False), (405, False)}


@override_settings(DEBUG=False)
def test_no_such_page(as_viewer: PageClient) -> None:
    html = as_viewer.page("/nowhere/", status=404)
    assert "There is no such page" in html
