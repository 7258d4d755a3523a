"""Small makers of rows, for tests that need something to be there already."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import (
    AccountState,
    Campaign,
    Contact,
    ContactList,
    Counters,
    Import,
    ImportRow,
    OptOut,
    RowState,
)

ACCOUNT = "405151939033"
"""The id that the simulated carrier gives its account."""
PASSWORD = "correct horse battery staple"
_counter = itertools.count(1)


def user(role: str = "", *, name: str = "") -> User:
    """A person in the group `role`; without one, somebody who may sign in and see nothing."""
    person = User.objects.create_user(name or f"{role or 'nobody'}{next(_counter)}", password=PASSWORD)
    if role:
        person.groups.add(Group.objects.get(name=role))
    return person


def phone(number: int) -> str:
    """A fictional US number, another one for each `number` under 900."""
    return f"+1{201 + number // 100}55501{number % 100:02}"


def bad_row(number: int, typed: str, problem: str, first_name: str = "Kim") -> dict[str, Any]:
    """An ImportRow that could not be used, for `contact_list(bad=[…])`."""
    return {"number": number, "cells": json.dumps([typed, first_name]), "problem": problem}


def contact_list(
    name: str = "Texas stores",
    *,
    people: int = 3,
    bad: Sequence[dict[str, Any]] = (),
    columns: Sequence[str] = ("Phone", "First name"),
    state: str = Import.State.DONE,
    **fields: Any,
) -> ContactList:
    """A list with one finished import: `people` usable rows from row 2 on, then the bad ones."""
    made = ContactList.objects.create(
        name=name,
        columns=list(columns),
        field_names=[column.lower().replace(" ", "_") for column in columns],
        contact_count=people,
        **fields,
    )
    source = Import.objects.create(
        contact_list=made,
        filename="texas.csv",
        state=state,
        row_count=people + len(bad),
        usable_count=people,
        duplicate_count=sum(row["problem"] == "repeated" for row in bad),
        invalid_count=sum(row["problem"] != "repeated" for row in bad),
        finished_at=timezone.now() if state == Import.State.DONE else None,
    )
    usable = ImportRow.objects.bulk_create(
        ImportRow(
            source=source,
            number=index + 2,
            outcome=ImportRow.Outcome.USABLE,
            phone=phone(index),
            cells=json.dumps([phone(index), f"Person {index}"] + ["x"] * (len(columns) - 2)),
        )
        for index in range(people)
    )
    Contact.objects.bulk_create(Contact(contact_list=made, phone=row.phone, row=row) for row in usable)
    ImportRow.objects.bulk_create(_bad_rows(source, bad))
    return made


def give_phones(made: ContactList, *phones: str) -> None:
    """The first people of a list get these numbers."""
    for row, number in zip(
        ImportRow.objects.filter(source__contact_list=made).order_by("id"), phones, strict=False
    ):
        ImportRow.objects.filter(pk=row.pk).update(phone=number, cells=json.dumps([number, "Far"]))
        Contact.objects.filter(row=row).update(phone=number)


def _bad_rows(source: Import, bad: Iterable[dict[str, Any]]) -> Iterable[ImportRow]:
    for row in bad:
        repeated = row["problem"] == "repeated"
        outcome = ImportRow.Outcome.DUPLICATE if repeated else ImportRow.Outcome.INVALID
        yield ImportRow(source=source, outcome=outcome, phone=phone(0) if repeated else "", **row)


def refused(sentence: str = "RingCentral refused it.") -> dict[str, Any]:
    """Fields of a campaign that is held because of an error of the provider."""
    data = {"kind": "credentials", "code": "", "said": [{"text": sentence, "params": {}}]}
    return {"hold_reason": Campaign.HoldReason.PROVIDER_ERROR, "hold_data": data}


PAUSED: dict[str, Any] = {
    "hold_reason": Campaign.HoldReason.PAUSED,
    "hold_data": {"by": "sofia", "at": "2026-11-21T16:41:00+00:00"},
}
"""Fields of a paused campaign."""


def in_state(state: str) -> dict[str, Any]:
    """Fields that put a campaign into a state, with a reason if it is held."""
    reason = refused() if state == Campaign.State.HELD else {"hold_reason": "", "hold_data": {}}
    return {"state": state, "asked": "", "wait_reason": "", **reason}


def account() -> AccountState:
    """The account that the settings open, as after it was reached."""
    opened = registry.default()
    return AccountState.objects.get_or_create(
        account=opened.known_id() or ACCOUNT,
        defaults={"provider": opened.key, "credentials_fingerprint": opened.fingerprint},
    )[0]


def campaign(contacts: ContactList | None = None, **fields: Any) -> Campaign:
    """A draft, or whatever `state` says, with empty counters."""
    contacts = contacts or contact_list()
    fields = {
        "name": "Spring sale",
        "contact_list": contacts,
        "sender": "+16505550100",
        "text": "Hi",
    } | fields
    if fields.get("state", Campaign.State.DRAFT) != Campaign.State.DRAFT:
        fields.setdefault("launched_at", timezone.now())
        fields = in_state(str(fields["state"])) | fields
        if "account" not in fields:
            fields["account"] = account().account
    made = Campaign.objects.create(**fields)
    Counters.objects.create(campaign=made)
    return made


def counters(of: Campaign, **counts: int) -> Counters:
    """Set the counters of a campaign; rows is their sum."""
    assert set(counts) <= set(RowState.values)
    Counters.objects.update_or_create(campaign=of, defaults={**counts, "rows": sum(counts.values())})
    return Counters.objects.get(campaign=of)


def opt_out(number: str, **fields: Any) -> OptOut:
    return OptOut.objects.create(phone=number, **fields)
