"""Many sign-ins at once, in real processes on a real database."""

import json

from dashboard.sign_in_locks import PAIR_LIMIT
from tests.support.site import Site, ended

VERA = """
from django.contrib.auth.models import User
User.objects.create_user("vera", password="the right one")
"""
GUESS = """
from django.conf import settings
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
looked, check, ready = [], User.check_password, threading.Barrier(8)
def counted(user, password):
    looked.append(password)
    return check(user, password)
User.check_password = counted
def guess():
    ready.wait()
    for _ in range(3):
        request = RequestFactory().post("/sign-in/", REMOTE_ADDR="203.0.113.5")
        assert authenticate(request, username="vera", password="a wrong one") is None
    connection.close()
threads = [threading.Thread(target=guess) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
request = RequestFactory().post("/sign-in/", REMOTE_ADDR="203.0.113.5")
emit([len(looked), authenticate(request, username="vera", password="the right one") is None])
"""


def test_many_at_once_are_as_many(site: Site) -> None:
    """However fast they come, no more passwords are looked at than one after the other."""
    site.run(VERA)
    looked = 0
    for process in [site.script(GUESS) for _ in range(2)]:
        done = ended(process)
        assert done.returncode == 0, done.stderr
        count, refused = json.loads(done.stdout.splitlines()[-1])
        assert refused
        looked += count
    assert looked == PAIR_LIMIT
