"""Too many wrong passwords: nobody signs in under that name, or from that address, for a while."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from axes.exceptions import AxesBackendRequestParameterRequired
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import Settings

from campaigns.models import History
from dashboard import checks, client_address, sign_in_locks
from tests.dashboard.page_client import PageClient
from tests.support import factories

NOON = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
"""12:00 CST."""
WRONG = "This name and this password do not belong together."
LOCKED = (
    "Too many wrong passwords were typed for this name, so even the right one is refused until 12:15 CST."
)
LOCKED_HERE = "Too many wrong passwords were typed from where you are"
WRONG_ONE = "not the password"
LIMIT, MANY = sign_in_locks.PAIR_LIMIT, sign_in_locks.USER_LIMIT


@pytest.fixture(autouse=True)
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def enter(name: str = "vera", password: str = WRONG_ONE, address: str = "203.0.113.5", **headers: str) -> str:
    """What the page says; empty if that opened the door."""
    fields = {"username": name, "password": password}
    response = PageClient().post("/sign-in/", fields, REMOTE_ADDR=address, headers=headers)
    return "" if response.status_code == 302 else response.content.decode()


def right(name: str = "vera", address: str = "203.0.113.5") -> str:
    return enter(name, factories.PASSWORD, address)


def test_forty_wrong_passwords_then_the_right_one(viewer: User) -> None:
    for turn in range(1, 41):
        html = enter()
        assert (WRONG in html) == (turn < LIMIT), turn
        assert (LOCKED in html) == (turn >= LIMIT), turn
    assert LOCKED in right()
    assert "ask an administrator to unlock it" in right()


def test_the_lock_ends_on_time_whoever_goes_on_knocking(viewer: User, noon: time_machine.Traveller) -> None:
    for _ in range(LIMIT):
        enter()
    for minute in range(15):
        noon.move_to(NOON + timedelta(minutes=minute))
        assert LOCKED in right()
    noon.move_to(NOON + timedelta(minutes=15))
    assert right() == ""


def test_an_answer_for_programs(viewer: User) -> None:
    for _ in range(LIMIT):
        enter()
    fields = {"username": "vera", "password": factories.PASSWORD}
    response = PageClient().post("/sign-in/", fields, REMOTE_ADDR="203.0.113.5")
    assert (response.status_code, response["Retry-After"]) == (429, "900")


def test_the_minutes_are_a_setting(viewer: User, settings: Settings, noon: time_machine.Traveller) -> None:
    settings.SIGN_IN_LOCK_MINUTES = 60
    for _ in range(LIMIT):
        enter()
    assert "until 13:00 CST" in right()
    noon.move_to(NOON + timedelta(minutes=59))
    assert right()


@pytest.mark.parametrize(
    ("minutes", "good"), [(0, False), (-5, False), (1, True), (1440, True), (10**12, False)]
)
def test_the_setting_is_checked(settings: Settings, minutes: int, good: bool) -> None:
    settings.SIGN_IN_LOCK_MINUTES = minutes
    found = checks.check_lock(None)
    assert [message.id for message in found] == ([] if good else ["carillon.E070"])
    assert good or f"SIGN_IN_LOCK_MINUTES is {minutes};" in found[0].msg


def test_the_right_password_forgets_the_wrong_ones(viewer: User) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            assert WRONG in enter()
        assert right() == ""
    assert not AccessAttempt.objects.exists()


def test_one_user_from_many_addresses(viewer: User) -> None:
    said = [enter(address=f"198.51.100.{number}") for number in range(1, 41)]
    assert [WRONG in html for html in said] == [number < MANY for number in range(1, 41)]
    assert LOCKED in right(address="192.0.2.77")


def test_one_address_tries_many_users(viewer: User, composer: User) -> None:
    said = [enter(f"person{number}") for number in range(1, 41)]
    assert [WRONG in html for html in said] == [number < MANY for number in range(1, 41)]
    assert LOCKED_HERE in right()
    assert LOCKED_HERE in right("carlo")
    assert right(address="192.0.2.77") == ""


def test_a_guesser_elsewhere_locks_no_colleague_out(viewer: User) -> None:
    """From one place nobody can use up the room that the name has from all places."""
    for _ in range(100):
        enter(address="198.51.100.66")
    assert LOCKED in right(address="198.51.100.66")
    assert right(address="192.0.2.77") == ""


def test_an_insider_cannot_sign_in_between_guesses(viewer: User, composer: User) -> None:
    """Their own right password forgets only their own wrong ones."""
    for _ in range(LIMIT // 2):
        enter("vera")
        enter("vera")
        assert right("carlo") == ""
    assert LOCKED in right("vera")


def test_names_that_nobody_has_are_locked_as_others_are(viewer: User) -> None:
    """Else the lock would tell who has an account."""
    said = [enter("nobody") for _ in range(LIMIT + 2)]
    assert [LOCKED in html for html in said] == [False] * (LIMIT - 1) + [True] * 3
    assert right() == ""


@pytest.mark.parametrize(
    "name", ["x" * 100_000, "a\0b", "\ufffd", "é" * 149, "VERA", " vera ", "unknown user", "𝒱era", "", " "]
)
def test_odd_names_are_only_wrong(viewer: User, name: str) -> None:
    assert enter(name)
    assert enter(name)


def test_a_password_in_the_wrong_field_is_kept_nowhere(
    viewer: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        enter("correct horse battery", "vera")
        enter("vera", "correct horse battery")
        PageClient().post(
            "/sign-in/?x=correct+horse+battery", {"username": "vera", "password": "x", "y": "correct horse"}
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM axes_accessattempt")
        kept = repr(cursor.fetchall())
    assert "vera" in kept
    assert "correct" not in kept
    assert "csrf" not in kept
    lines = [
        json.dumps(vars(record), default=str)
        for record in caplog.records
        if record.name != "django.db.backends"
    ]
    assert lines
    assert not [line for line in lines if "correct" in line]


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str, str]]:
    records = [record for record in caplog.records if record.name.startswith("dashboard")]
    return [
        (
            record.getMessage(),
            record.__dict__["user"],
            record.__dict__["address"],
            record.__dict__.get("locked", ""),
        )
        for record in records
    ]


def test_sign_ins_good_and_bad_are_in_the_log(viewer: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    enter()
    enter("somebody")
    client = PageClient()
    client.post("/sign-in/", {"username": "vera", "password": factories.PASSWORD}, REMOTE_ADDR="2001:db8::7")
    client.post("/sign-out/", REMOTE_ADDR="2001:db8::7")
    assert told(caplog) == [
        ("sign-in refused", "vera", "203.0.113.5", "no"),
        ("sign-in refused", "unknown user", "203.0.113.5", "no"),
        ("signed in", "vera", "2001:db8::7", ""),
        ("signed out", "vera", "2001:db8::7", ""),
    ]


def test_locks_are_in_the_log(viewer: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(LIMIT):
        enter()
    right()
    assert [line[3] for line in told(caplog)[-3:]] == ["no", "from now on", "still"]
    assert "AXES" not in caplog.text


# --- Where somebody comes from -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behind", "remote", "forwarded", "found"),
    [
        (False, "203.0.113.5", "", "203.0.113.5"),
        (False, "203.0.113.5", "198.51.100.1", "203.0.113.5"),  # anybody can send that along
        (True, "127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "1.1.1.1, 2.2.2.2,198.51.100.1", "198.51.100.1"),  # spoofed ones on the left
        (True, "127.0.0.1", "1.1.1.1, 198.51.100.1:4711", "198.51.100.1"),
        (True, "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        (True, "127.0.0.1", '"[2001:db8::7]"', "2001:db8::7"),
        (True, "127.0.0.1", "fe80::1%eth0", "fe80::1"),
        (True, "127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        (True, "127.0.0.1", "198.51.100.1,", "127.0.0.1"),
        (True, "127.0.0.1", "", "127.0.0.1"),
        (False, "", "", str(client_address.UNKNOWN)),  # a socket in the file system
        (False, "/run/site.sock", "", str(client_address.UNKNOWN)),
    ],
)
def test_addresses(
    settings: Settings, rf: RequestFactory, behind: bool, remote: str, forwarded: str, found: str
) -> None:
    settings.BEHIND_PROXY = behind
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = rf.get("/", REMOTE_ADDR=remote, headers=headers)
    assert client_address.address(request) == found


def test_a_customer_s_whole_network_counts_as_one(viewer: User) -> None:
    for number in range(1, LIMIT + 1):
        enter(address=f"2001:db8:0:1::{number:x}")
    assert LOCKED in right(address="2001:db8:0:1:ffff::1")
    assert right(address="2001:db8:0:2::1") == ""


def test_behind_a_proxy_nobody_locks_out_all_others(viewer: User, settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    for number in range(MANY + 5):
        enter(f"person{number}", address="127.0.0.1", **{"X-Forwarded-For": f"10.0.0.{number}, 198.51.100.1"})
    html = enter("vera", factories.PASSWORD, "127.0.0.1", **{"X-Forwarded-For": "192.0.2.9, 198.51.100.1"})
    assert LOCKED_HERE in html
    assert not enter(
        "vera", factories.PASSWORD, "127.0.0.1", **{"X-Forwarded-For": "198.51.100.1, 192.0.2.9"}
    )


# --- The way back in ---------------------------------------------------------------------------------------

ADMIN = "/admin/dashboard/failedsignin/"


def unlock_button(html: str, who: str) -> str:
    """The value of the button."""
    found = re.search(rf'value="(\d+)" aria-label="Unlock {re.escape(who)}"', html)
    assert found, html
    return found[1]


def test_an_administrator_unlocks_a_user(
    viewer: User, as_admin: PageClient, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for address in ("203.0.113.5", "198.51.100.1", "198.51.100.2", "198.51.100.3"):
        for _ in range(LIMIT):
            enter(address=address)
    html = as_admin.page(ADMIN)
    assert "Wrong passwords of the last 15 minutes" in html
    assert "locked until 12:15 CST" in html
    button = unlock_button(html, "vera from 203.0.113.5")
    html = as_admin.post(ADMIN, {"unlock": button}, follow=True).content.decode()
    assert "Unlocked: vera. The right password is taken again." in html
    assert "locked until" not in html
    event = History.objects.get(kind="sign_in_unlocked")
    assert (event.actor_id, event.data) == (admin.pk, {"user": "vera", "locks": 1})
    assert "sign-in unlocked" in caplog.messages
    assert right() == ""


def test_an_administrator_unlocks_an_address(viewer: User, as_admin: PageClient) -> None:
    for number in range(MANY):
        enter(f"person{number}")
    html = as_admin.page(ADMIN)
    assert "the address is locked until 12:15 CST" in html
    assert "no such user" in html
    button = unlock_button(html, "no such user from 203.0.113.5")
    html = as_admin.post(ADMIN, {"unlock": button}, follow=True).content.decode()
    assert "Unlocked: 203.0.113.5." in html
    assert right() == ""


def test_unlocking_what_is_not_locked_or_gone(viewer: User, as_admin: PageClient) -> None:
    enter()
    button = unlock_button(as_admin.page(ADMIN), "vera from 203.0.113.5")
    html = as_admin.post(ADMIN, {"unlock": button}, follow=True).content.decode()
    assert "are forgotten. Nobody was locked out." in html
    for value in (button, "x", "9" * 30, ""):
        html = as_admin.post(ADMIN, {"unlock": value}, follow=True).content.decode()
        assert "This one is forgotten already" in html
    assert History.objects.filter(kind="sign_in_unlocked").count() == 1


def test_only_those_who_may_unlock(viewer: User, as_sender: PageClient, stranger: PageClient) -> None:
    enter()
    row = AccessAttempt.objects.get()
    assert stranger.post(ADMIN, {"unlock": str(row.pk)}).status_code == 302
    assert as_sender.post(ADMIN, {"unlock": str(row.pk)}, follow=True).status_code == 403
    staff = User.objects.create_user("stan", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_failedsignin"))
    client = PageClient(staff)
    assert client.get(ADMIN).status_code == 200
    assert client.post(ADMIN, {"unlock": str(row.pk)}).status_code == 403
    assert AccessAttempt.objects.count() == 1


def test_nobody_edits_what_was_counted(viewer: User, as_admin: PageClient) -> None:
    enter()
    row = AccessAttempt.objects.get()
    assert as_admin.post(f"{ADMIN}{row.pk}/change/", {"failures_since_start": 0}).status_code == 403
    assert as_admin.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert as_admin.get(f"{ADMIN}add/").status_code == 403
    assert "axes" not in as_admin.page("/admin/").lower().replace("taxes", "")


def test_a_program_without_a_request_opens_no_door(viewer: User) -> None:
    with pytest.raises(AxesBackendRequestParameterRequired):
        Client().login(username="vera", password=factories.PASSWORD)
