"""The migration that gives opt-outs their account."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.utils import timezone

from campaigns.models import AccountState, CarrierConsent, OptOut
from tests.support import factories

pytestmark = pytest.mark.django_db

upgrade = importlib.import_module("campaigns.migrations.0006_opt_outs_know_their_account")
ANN = factories.phone(0)


def restore_columns(account: str) -> None:
    CarrierConsent.objects.create(
        account=account, sender="*", phone=ANN, opted_out=True, changed_at=timezone.now()
    )


@pytest.fixture(autouse=True)
def _accounts(db: None) -> None:
    opened = {"rehearsed": "http://127.0.0.1:8910#simulator#ab12", "real": "https://example.com#app#ab12"}
    for account, opened_by in opened.items():
        AccountState.objects.create(account=account, opened_by=opened_by, provider="ringcentral")


@pytest.mark.parametrize(
    ("accounts", "source", "simulated", "account"),
    [
        (["rehearsed"], "reply", True, "rehearsed"),
        (["rehearsed"], "carrier", True, "rehearsed"),
        (["real"], "reply", False, "real"),
        (["real", "rehearsed"], "reply", False, "real"),
        (["rehearsed", "real"], "carrier", False, "real"),
        ([], "carrier", False, ""),
        (["rehearsed"], "staff", False, ""),
    ],
)
def test_only_what_is_known_to_be_simulated_stays_behind(
    accounts: list[str], source: str, simulated: bool, account: str
) -> None:
    opt_out = factories.opt_out(ANN, source=source)
    for one in accounts:
        restore_columns(one)
    upgrade.say_whose_word(apps, None)
    opt_out.refresh_from_db()
    assert (opt_out.simulated, opt_out.account) == (simulated, account)
    rehearsed = CarrierConsent.objects.filter(account="rehearsed")
    assert all(consent.simulated for consent in rehearsed)
    assert not OptOut.objects.filter(ended_at__isnull=False).exists()
