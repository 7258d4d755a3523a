"""Who gets in where: every address, found by walking the URLconf, with every role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests.dashboard.page_client import PageClient

HOOK = "/webhooks/<str:provider>/<str:secret>/"
FREE = {"/sign-in/", "/admin/login/", "/healthz/", HOOK}
"""The only addresses that answer somebody who is not signed in."""
KNOWN = ("/known/<int:disagreement_id>/", "/known/<int:disagreement_id>/all/")
POST_ONLY = (
    *(
        "/sign-out/",
        "/opt-outs/add/",
        "/decide/",
        "/try-again/",
        "/pause/",
        "/undo/",
        "/preview/",
        "/refresh/",
    ),
    *("/again/", *KNOWN),
)
FRAGMENTS = ("/moving/",)
EVERYBODY = ("/account/", "/admin/password_change/")
"""For whoever is signed in, even without a role."""
COMPOSERS = (
    *("/new/", "/edit/", "/delete/", "/rename/", "/end/", "/decide/", "/preview/", "/refresh/"),
    *("/again/", "/opt-outs/add/", "/phone-column/"),
)
SENDERS = ("/try-again/", "/pause/", "/undo/", "/cancel/", "/<str:decision>/", *KNOWN)


def walk(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for item in patterns:
        path = before + str(item.pattern)
        if isinstance(item, URLResolver):
            if item.namespace != "admin":
                yield from walk(item.url_patterns, path)
        else:
            yield path


def addresses() -> list[str]:
    return sorted(walk(get_resolver(settings.ROOT_URLCONF).url_patterns))


def filled(address: str) -> str:
    """With an id that belongs to nothing."""
    while "<" in address:
        start, end = address.index("<"), address.index(">")
        address = address[:start] + "4711" + address[end + 1 :]
    return address


def test_the_walk_finds_the_pages() -> None:
    assert {"/", "/lists/", "/opt-outs/", "/imports/<int:import_id>/", *FREE} <= set(addresses())


@pytest.mark.parametrize("address", addresses())
def test_strangers_find_the_door_and_nothing_else(stranger: PageClient, address: str) -> None:
    path = filled(address)
    for ask in (stranger.get, stranger.post):
        response = ask(path)
        if address == HOOK:
            assert response.status_code in {404, 405}  # open to those who know the secret
        elif address in FREE:
            assert response.status_code in {200, 302, 405}
        else:
            assert response.status_code == 302
            assert response["Location"].startswith("/sign-in/?next=")


def test_strangers_find_no_table_of_the_admin(stranger: PageClient) -> None:
    for path in ("/admin/", "/admin/campaigns/campaign/", "/admin/auth/user/add/", "/admin/nowhere/"):
        assert stranger.get(path)["Location"].startswith(("/admin/login/", "/sign-in/"))


@pytest.mark.parametrize("address", sorted(set(addresses()) - FREE - {"/sign-out/"}))
def test_each_role_reaches_what_is_its_own(
    as_nobody: PageClient,
    as_viewer: PageClient,
    as_composer: PageClient,
    as_sender: PageClient,
    address: str,
) -> None:
    path = filled(address)
    lowest = 3 if address.endswith(SENDERS) else 2 if address.endswith(COMPOSERS) else 1
    lowest = 0 if address in EVERYBODY else lowest
    for rank, client in enumerate((as_nobody, as_viewer, as_composer, as_sender)):
        ask = client.post if address.endswith(POST_ONLY) else client.get
        headers = {"HX-Request": "true"} if address in FRAGMENTS else {}
        status = ask(path, headers=headers).status_code
        if rank < lowest:
            assert status == 403, f"rank {rank} got {status}"
        else:
            assert status in {200, 286, 302, 404, 405}, f"rank {rank} got {status}"


@override_settings(DEBUG=False)
def test_no_such_page(as_viewer: PageClient) -> None:
    html = as_viewer.page("/nowhere/", status=404)
    assert "There is no such page" in html
