import pytest
from django.contrib.auth.models import User

from tests.dashboard.page_client import PageClient
from tests.support import factories


def test_signs_in_and_goes_where_it_was_asked(stranger: PageClient, viewer: User) -> None:
    response = stranger.get("/lists/?before=7")
    assert response["Location"] == "/sign-in/?next=/lists/%3Fbefore%3D7"
    assert "/lists/?before=7</code>" in stranger.page(response["Location"])
    fields = {"username": "vera", "password": factories.PASSWORD, "next": "/lists/?before=7"}
    assert stranger.post("/sign-in/", fields)["Location"] == "/lists/?before=7"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_never_leads_to_another_site(stranger: PageClient, viewer: User, elsewhere: str) -> None:
    fields = {"username": "vera", "password": factories.PASSWORD, "next": elsewhere}
    assert stranger.post("/sign-in/", fields)["Location"] == "/"


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("vera", "wrong", "This name and this password do not belong together. Capital letters count."),
        ("VERA", factories.PASSWORD, "This name and this password do not belong together."),
        ("nobody", "x", "This name and this password do not belong together."),
        ("vera", "", "Enter your password."),
        ("", "x", "Enter your user name."),
    ],
)
def test_says_what_is_wrong(stranger: PageClient, viewer: User, name: str, password: str, said: str) -> None:
    html = stranger.refused("/sign-in/", username=name, password=password)
    assert said in html
    assert f'value="{name}"' in html or not name
    assert not password or f'"{password}"' not in html


def test_signed_in_already(as_viewer: PageClient) -> None:
    assert as_viewer.get("/sign-in/")["Location"] == "/"
    assert as_viewer.get("/sign-in/?next=/lists/")["Location"] == "/lists/"


@pytest.mark.parametrize("back", ["/sign-in/", "/sign-in/?next=/sign-in/", "/admin/login/?next=/"])
def test_never_leads_back_to_itself(
    as_viewer: PageClient, stranger: PageClient, viewer: User, back: str
) -> None:
    assert as_viewer.get("/sign-in/", {"next": back})["Location"] == "/"
    fields = {"username": "vera", "password": factories.PASSWORD, "next": back}
    assert stranger.post("/sign-in/", fields)["Location"] == "/"


def test_signs_out_by_post_only(as_viewer: PageClient) -> None:
    assert as_viewer.get("/sign-out/")["Location"] == "/"
    assert as_viewer.get("/").status_code == 200
    assert as_viewer.post("/sign-out/")["Location"] == "/sign-in/"
    assert as_viewer.get("/").status_code == 302


def test_admin_has_no_door_of_its_own(stranger: PageClient, admin: User) -> None:
    assert stranger.get("/admin/login/")["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert stranger.get("/admin/login/?next=/admin/auth/")["Location"] == "/sign-in/?next=%2Fadmin%2Fauth%2F"
    assert stranger.post("/admin/login/").status_code == 405
    fields = {"username": "ada", "password": factories.PASSWORD, "next": "/admin/"}
    assert stranger.send("/sign-in/", **fields).status_code == 200


def test_admin_door_knows_who_is_inside(as_admin: PageClient, as_viewer: PageClient) -> None:
    assert as_admin.get("/admin/login/")["Location"] == "/admin/"
    response = as_viewer.get("/admin/", follow=True)
    assert response.status_code == 403
    assert len(response.redirect_chain) == 1


def test_page_that_was_open_for_too_long(viewer: User) -> None:
    client = PageClient()
    client.handler.enforce_csrf_checks = True
    client.force_login(viewer)
    response = client.post("/sign-out/")
    assert response.status_code == 403
    assert b"This page was open for too long" in response.content
