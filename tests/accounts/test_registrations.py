"""Registrations are fetched once an hour; a failure for one number affects no other."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.accounts import registrations, registry, tasks
from campaigns.models import SenderNumber
from tests.simulator.running import RunningSimulator
from tests.support import scenario

pytestmark = pytest.mark.django_db


def asked(carrier: RunningSimulator) -> int:
    return sum("sms-configuration" in call["path"] for call in carrier.requests())


def number(phone: str) -> SenderNumber:
    return SenderNumber.objects.get(phone=phone)


def test_each_sender_is_asked_about_once_an_hour(carrier: RunningSimulator) -> None:
    tasks.refresh_numbers.call(registry.default().tag)
    assert asked(carrier) == 2, "not about the number that sends nothing"
    assert registrations.refresh(registry.default()) == 0
    with time_machine.travel(timezone.now() + registrations.STALE + timedelta(minutes=1)):
        assert registrations.refresh(registry.default()) == 2


def test_what_was_read(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    assert registrations.of(number(scenario.LOCAL)) is None
    registrations.refresh(registry.default())
    local = registrations.of(number(scenario.LOCAL))
    assert local is not None
    assert local.confirmed
    assert registrations.of(number(scenario.PLAIN)) is None


def test_trouble_keeps_the_last_answer(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    registrations.refresh(registry.default())
    before = number(scenario.LOCAL)
    carrier.faults({"path": "/sms-configuration", "fault": "status", "status": 404, "times": 1})
    with time_machine.travel(timezone.now() + registrations.STALE * 2):
        assert registrations.refresh(registry.default()) == 1
        assert registrations.refresh(registry.default()) == 1, (
            "the one that gave trouble is asked about again"
        )
    assert number(scenario.LOCAL).registration == before.registration


def test_numbers_that_are_read_again_keep_it(carrier: RunningSimulator) -> None:
    registry.default().refresh_numbers()
    registrations.refresh(registry.default())
    registry.default().refresh_numbers()
    assert registrations.of(number(scenario.LOCAL)) is not None
