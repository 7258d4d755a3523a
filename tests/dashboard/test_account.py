"""Who is signed in, and their own password."""

import re
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from pytest_django import Settings

from campaigns.local import bootstrap
from campaigns.models import History
from dashboard.sign_in_locks import PAIR_LIMIT
from tests.dashboard.page_client import PageClient
from tests.support import factories

PATH = "/account/"
NEW = "three plain words"


def typed(old: str = factories.PASSWORD, new: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new if again is None else again}


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("", "Role none yet: an administrator can give you one"),
        ("viewer", "Role Viewer: sees everything, changes nothing"),
        ("composer", "Role Composer: also uploads lists"),
        ("sender", "Role Sender: also sends campaigns"),
    ],
)
def test_says_who_is_signed_in(role: str, said: str, db: None) -> None:
    user = factories.user(role, name="vera")
    User.objects.filter(pk=user.pk).update(first_name="Vera", last_name="Lind")
    page = words(PageClient(user).page(PATH))
    assert "Vera Lind User name vera" in page
    assert said in page
    assert "Last sign-in today" in page


def test_more_than_one_role(as_admin: PageClient, admin: User) -> None:
    admin.groups.add(Group.objects.get(name="sender"), Group.objects.create(name="Austin & Waco"))
    page = words(as_admin.page(PATH))
    assert "Role Administrator: may do everything, and looks after users and prices Sender:" in page
    assert "Austin &amp; Waco" in page


def test_every_page_leads_there(as_nobody: PageClient, as_viewer: PageClient) -> None:
    assert 'href="/account/"' in as_viewer.page("/lists/")
    assert as_nobody.get(PATH).status_code == 200


def test_a_new_password(as_viewer: PageClient, viewer: User) -> None:
    elsewhere = PageClient(viewer)
    html = as_viewer.send(PATH, **typed()).content.decode()
    assert "Your password is changed." in html
    assert as_viewer.get("/").status_code == 200, "this session goes on"
    assert elsewhere.get("/").status_code == 302, "all others end"
    viewer.refresh_from_db()
    assert viewer.check_password(NEW)
    event = History.objects.get(kind="password_changed")
    assert (event.actor, event.actor_id, event.data) == ("vera", viewer.pk, {})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (typed(old="not mine"), "This is not your current password. Capital letters count."),
        (typed(old=""), "Enter the password that you have now."),
        (typed(new="", again=""), "Enter a new password."),
        (typed(again=""), "Enter the new password once more."),
        (typed(again="three plain wordz"), "The two new passwords differ. Type the same one twice."),
        (typed(new="short one"), "It must contain at least 12 characters."),
        (typed(new="vera.lind.austin"), "too similar to the email address"),
        (typed(new="qwerty123456"), "This password is too common."),
        (typed(new=factories.PASSWORD), "This is the password that you have now. Choose another one."),
        ({}, "Enter the password that you have now."),
    ],
)
def test_says_what_is_wrong(as_viewer: PageClient, viewer: User, fields: dict[str, str], said: str) -> None:
    User.objects.update(email="vera.lind@austin.example")
    html = as_viewer.refused(PATH, **fields)
    assert said in html
    for value in fields.values():
        assert not value or f'value="{value}"' not in html
    viewer.refresh_from_db()
    assert viewer.check_password(factories.PASSWORD)


def test_guesses_of_the_current_password_are_counted(as_viewer: PageClient, viewer: User) -> None:
    """Somebody at a desk that was left open."""
    for turn in range(1, PAIR_LIMIT + 1):
        response = as_viewer.post(PATH, typed(old="not mine"))
        assert response.status_code == (429 if turn == PAIR_LIMIT else 200)
    html = as_viewer.post(PATH, typed()).content.decode()
    assert "Too many wrong passwords were typed for this name" in html
    viewer.refresh_from_db()
    assert not viewer.check_password(NEW)


def test_the_admin_site_has_no_page_of_its_own_for_that(as_admin: PageClient, admin: User) -> None:
    assert as_admin.get("/admin/password_change/")["Location"] == PATH
    assert as_admin.post("/admin/password_change/", typed())["Location"] == PATH
    admin.refresh_from_db()
    assert not admin.check_password(NEW)


def test_a_good_one_forgets_the_wrong_ones(as_viewer: PageClient) -> None:
    as_viewer.post(PATH, typed(old="not mine"))
    as_viewer.post(PATH, typed())
    assert not AccessAttempt.objects.exists()


@pytest.fixture
def first(settings: Settings, tmp_path: Path, db: None) -> tuple[PageClient, str, Path]:
    """The first user of a new site, and where their password is kept."""
    settings.VAR_DIR = tmp_path
    kept = tmp_path / bootstrap.FIRST_PASSWORD
    password = bootstrap.first_user(kept)
    return PageClient(User.objects.get()), password, kept


def test_the_first_password_is_kept_until_it_is_changed(first: tuple[PageClient, str, Path]) -> None:
    client, password, kept = first
    client.post(PATH, typed("wrong"))
    PageClient().post("/sign-in/", {"username": bootstrap.FIRST_USER, "password": password})
    assert kept.read_text().strip() == password
    client.send(PATH, **typed(password))
    assert not kept.exists()


def test_the_first_password_is_changed_elsewhere(first: tuple[PageClient, str, Path]) -> None:
    """In the admin site, or on the command line."""
    _, password, kept = first
    somebody = factories.user(name="vera")
    somebody.set_password(NEW)
    somebody.save()
    user = User.objects.get(username=bootstrap.FIRST_USER)
    user.email = "ada@example.com"
    user.save()
    assert kept.read_text().strip() == password
    user.set_password(NEW)
    user.save()
    assert not kept.exists()
