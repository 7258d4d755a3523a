"""The history is only ever appended to, by one function, and outlives what it names."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from campaigns.models import Campaign, History
from tests.architecture.tree import ROOT
from tests.support import factories

WRITES = re.compile(
    r"(?<!\w)History\(|History\.objects\.(create|bulk|get_or|update)|HistoryManager\(|campaigns_history"
)


def test_only_record_writes_it() -> None:
    code = [path for folder in ("campaigns", "dashboard") for path in (ROOT / folder).rglob("*.py")]
    home = {"campaigns/models/history.py", "campaigns/migrations/0002_storage.py"}
    writers = {str(path.relative_to(ROOT)) for path in code if WRITES.search(path.read_text())}
    assert writers <= home


def test_every_kind_is_recorded_somewhere() -> None:
    code = "".join(
        path.read_text()
        for folder in ("campaigns", "dashboard")
        for path in (ROOT / folder).rglob("*.py")
        if "labels" not in path.parts
    )
    assert [kind.name for kind in History.Kind if not re.search(rf"\bKind\.{kind.name}\b", code)] == []


def test_the_database_refuses_to_change_it(sender: User) -> None:
    entry = History.objects.record(History.Kind.PASSWORD_CHANGED, actor=sender)
    for change in (
        lambda: History.objects.update(actor="somebody else"),
        lambda: entry.save(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    entry.refresh_from_db()
    assert (entry.actor, entry.actor_id) == (sender.username, sender.pk)


def test_it_outlives_what_it_names(sender: User) -> None:
    campaign = factories.campaign()
    History.objects.record(History.Kind.LAUNCHED, actor=sender, campaign=campaign)
    key, name = campaign.pk, sender.username
    Campaign.objects.filter(pk=key).delete()
    sender.delete()
    assert History.objects.values_list("campaign_id", "actor").get() == (key, name)
