"""What has to stand before the site can start."""

import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from campaigns.local import bootstrap
from tests.support import factories


@pytest.mark.django_db
def test_an_empty_site_gets_one_user_with_a_password_of_its_own(tmp_path: Path) -> None:
    password_file = tmp_path / "first-password"
    password = bootstrap.first_user(password_file)
    user = User.objects.get()
    assert (user.username, user.is_superuser, user.check_password(password)) == ("admin", True, True)
    assert len(password) == bootstrap.PASSWORD_LENGTH
    assert password_file.read_text() == f"{password}\n"
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600


@pytest.mark.django_db
def test_no_two_sites_have_the_same_password(tmp_path: Path) -> None:
    first = bootstrap.first_user(tmp_path / "one")
    User.objects.all().delete()
    assert bootstrap.first_user(tmp_path / "two") != first


@pytest.mark.django_db
def test_the_password_is_shown_at_each_start_while_it_fits(tmp_path: Path) -> None:
    password_file = tmp_path / "first-password"
    password = bootstrap.first_user(password_file)
    assert bootstrap.first_user(password_file) == password
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_changed_password_is_kept_nowhere(tmp_path: Path) -> None:
    password_file = tmp_path / "first-password"
    bootstrap.first_user(password_file)
    user = User.objects.get()
    user.set_password("chosen by a person")
    user.save()
    assert bootstrap.first_user(password_file) == ""
    assert not password_file.exists()


@pytest.mark.django_db
def test_a_site_with_people_gets_no_first_user(tmp_path: Path) -> None:
    factories.user("viewer")
    assert bootstrap.first_user(tmp_path / "first-password") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_a_new_database_does_not_inherit_an_old_password(tmp_path: Path) -> None:
    password_file = tmp_path / "first-password"
    password_file.write_text("of a database that is gone\n")
    password_file.chmod(0o644)
    password = bootstrap.first_user(password_file)
    assert password_file.read_text() == f"{password}\n"
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600


@pytest.mark.django_db
def test_a_database_that_is_up_to_date_is_left_alone() -> None:
    assert bootstrap.database() is False


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Path:
    """A folder with one picture among the site's static files."""
    settings.VAR_DIR = tmp_path / "var"
    settings.STATIC_ROOT = settings.VAR_DIR / "static"
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.INSTALLED_APPS = ["django.contrib.staticfiles"]
    settings.VAR_DIR.mkdir()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "logo.svg").write_text("<svg/>")
    return tmp_path


def test_static_files_are_collected_when_one_changes(site: Path) -> None:
    collected = site / "var" / "static" / "logo.svg"
    assert bootstrap.static_files() is True
    assert collected.read_text() == "<svg/>"
    assert bootstrap.static_files() is False
    (site / "source" / "logo.svg").write_text("<svg></svg>")
    assert bootstrap.static_files() is True
    assert collected.read_text() == "<svg></svg>"


def test_static_files_that_went_away_go_away(site: Path) -> None:
    (site / "source" / "old.js").write_text("1")
    bootstrap.static_files()
    (site / "source" / "old.js").unlink()
    assert bootstrap.static_files() is True
    assert not (site / "var" / "static" / "old.js").exists()


def test_static_files_that_somebody_deleted_come_back(site: Path) -> None:
    bootstrap.static_files()
    collected = site / "var" / "static" / "logo.svg"
    collected.unlink()
    collected.parent.rmdir()
    assert bootstrap.static_files() is True
    assert collected.exists()


def test_while_debugging_static_files_are_served_from_where_they_are(site: Path, settings: Settings) -> None:
    settings.DEBUG = True
    assert bootstrap.static_files() is False
    assert not (site / "var" / "static").exists()
