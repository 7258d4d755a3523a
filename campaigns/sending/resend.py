"""Resends a campaign to the people it did not reach: a linked draft with a list of its own.

Only people whose receipt says that the text was not delivered, for a reason that may pass. Never anyone who
has the text or may have it (in doubt, in review), who opted out, or who is in an earlier resend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from campaigns.accounts import registry
from campaigns.models import Batch, Campaign, Contact, ContactList, Counters, History, Import, Message
from campaigns.opt_outs.lookup import LOOKUP, opted_out
from campaigns.providers import catalogue
from campaigns.providers.error_codes import Explanation, Retry

RETRYABLE = (Retry.LATER, Retry.SOFT, Retry.AFTER_EDIT, Retry.AFTER_FIX)
MAX_EXACT_ROWS = 50_000
"""Up to this many rows a page may read every text, which takes about 0.1 s."""
MAX_SOFT_TRIES = 3
"""A phone that could not be reached in this many campaigns in a row is not tried again."""


class Person(NamedTuple):
    """A recipient who did not get the text."""

    row_id: int
    phone: str  # E.164
    code: str


@dataclass(frozen=True, slots=True)
class Reason:
    """The people who can be tried again after one error code."""

    explanation: Explanation
    count: int

    @property
    def first(self) -> str:
        """A sentence for staff: what to do before the resend; empty if waiting is enough."""
        return {
            Retry.AFTER_EDIT: "Edit the text first.",
            Retry.AFTER_FIX: "Choose another number first, or have this one repaired.",
        }.get(self.explanation.retry, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The recipients of a resend."""

    ready: bool
    """All texts have left, and their receipts are in or not expected any more."""
    count: int = 0
    exact: bool = True
    """False: `count` is an upper bound from the provider's totals."""
    people: Sequence[Person] = ()
    """Empty unless `exact`."""
    children: frozenset[int] = frozenset()
    """Earlier resends when the plan was made."""
    opted_out: int = 0
    """People who opted out since; a launch would exclude them anyway."""
    in_others: int = 0
    """People in an earlier resend."""
    reasons: Sequence[Reason] = field(default_factory=list)


def estimate(campaign: Campaign) -> Plan:
    """`plan` for a page. Of a large campaign only totals are read."""
    counts = Counters.objects.filter(campaign=campaign).first()
    ready = is_ready(campaign, counts)
    if not ready or counts is None or counts.rows <= MAX_EXACT_ROWS:
        return plan(campaign)
    codes: Counter[str] = Counter()
    for totals in Batch.objects.filter(campaign=campaign).values_list("totals", flat=True):
        for part in ("sending_failed", "delivery_failed"):
            codes.update(totals.get(part, {}).get("error_codes", {}))
    by_code = {code: codes[code] for code in retryable_codes(campaign) if codes[code]}
    in_others = sum(
        campaign.children.exclude(contact_list=None).values_list("contact_list__contact_count", flat=True)
    )
    return Plan(
        ready=ready,
        count=max(0, sum(by_code.values()) - in_others),
        exact=False,
        in_others=in_others,
        reasons=[Reason(catalogue.explain(code), count) for code, count in Counter(by_code).most_common()],
    )


def plan(campaign: Campaign) -> Plan:
    """The people to resend to. Reads every text, unless all were delivered."""
    children = frozenset(campaign.children.values_list("pk", flat=True))
    counts = Counters.objects.filter(campaign=campaign).first()
    ready = is_ready(campaign, counts)
    if not ready or counts is None or not counts.not_delivered:
        return Plan(ready=ready, children=children)
    failed = Message.objects.filter(
        campaign=campaign, state=Message.State.NOT_DELIVERED, error_code__in=retryable_codes(campaign)
    )
    failed_rows = failed.order_by("pk").values_list("import_row", "to", "error_code")
    candidates = [Person(*row) for row in failed_rows]
    simulated = registry.for_sender(campaign.sender).simulated
    excluded = opted_out((person.phone for person in candidates), simulated=simulated)
    candidates = [person for person in candidates if person.phone not in excluded]
    in_others = phones_in_resends(campaign).intersection(person.phone for person in candidates)
    people = [person for person in candidates if person.phone not in in_others]
    codes = Counter(person.code for person in people)
    return Plan(
        ready=ready,
        count=len(people),
        people=people,
        children=children,
        opted_out=len(excluded),
        in_others=len(in_others),
        reasons=[Reason(catalogue.explain(code), count) for code, count in codes.most_common()],
    )


def is_ready(campaign: Campaign, counts: Counters | None) -> bool:
    if campaign.state == Campaign.State.FINISHED:
        return True
    # Some carriers never send receipts, so a text in state `sent` is not waited for.
    return campaign.state == Campaign.State.DELIVERING and counts is not None and not counts.with_carrier


def retryable_codes(campaign: Campaign) -> list[str]:
    tries, parent = 1, campaign.parent
    while parent is not None and tries < MAX_SOFT_TRIES:
        tries, parent = tries + 1, parent.parent
    kinds = {*RETRYABLE} - ({Retry.SOFT} if tries >= MAX_SOFT_TRIES else set())
    return [code for code in catalogue.known_codes() if catalogue.explain(code).retry in kinds]


def phones_in_resends(campaign: Campaign) -> set[str]:
    """Phones in earlier resends, without those whose text was cancelled before it left."""
    phones: set[str] = set()
    for child in campaign.children.exclude(contact_list=None):
        in_child = set(
            Contact.objects.filter(contact_list=child.contact_list_id).values_list("phone", flat=True)
        )
        for batch in child.batches.filter(state=Batch.State.CANCELLED):
            cancelled = batch.messages.filter(state=Message.State.WAITING)
            in_child.difference_update(cancelled.values_list("to", flat=True))
        phones |= in_child
    return phones


def create_draft(campaign: Campaign, *, user: User | None) -> Campaign | None:
    """A draft for exactly these people. None if there is nobody, as for the second of two presses.

    The people are read before the lock is taken; if another draft was made meanwhile, they are read again.
    """
    while True:
        current = plan(campaign)
        if not current.people or campaign.contact_list is None:
            return None
        with transaction.atomic():
            parent = Campaign.objects.locked(campaign.pk)
            if frozenset(parent.children.values_list("pk", flat=True)) == current.children:
                return insert_draft(parent, campaign.contact_list, current.people, user)


def insert_draft(
    parent: Campaign, contacts: ContactList, people: Sequence[Person], user: User | None
) -> Campaign:
    many = "1 person" if len(people) == 1 else f"{len(people):,} people"
    child = Campaign.objects.create(
        name=f"{parent.name[:90]}, again to {many}",
        contact_list=create_list(parent, contacts, people, many, user),
        parent=parent,
        sender=parent.sender,
        text=parent.text,
        batch_size=parent.batch_size,
        on_not_found=parent.on_not_found,
        created_by=user,
    )
    Counters.objects.create(campaign=child)
    History.objects.record(
        History.Kind.SENT_AGAIN, actor=user, campaign=parent, child=child.pk, people=len(people)
    )
    History.objects.record(History.Kind.MADE_AGAIN_FROM, actor=user, campaign=child, parent=parent.pk)
    return child


def create_list(
    parent: Campaign, old: ContactList, people: Sequence[Person], many: str, user: User | None
) -> ContactList:
    """A list of these people with the same columns, cells and row numbers as the old one."""
    new = ContactList.objects.create(
        name=f"{many} whom “{parent.name[:70]}” did not reach",
        columns=old.columns,
        field_names=old.field_names,
        phone_column=old.phone_column,
        contact_count=len(people),
        created_by=user,
    )
    source = Import.objects.filter(contact_list=old).order_by("id").values_list("filename", flat=True).first()
    record = Import.objects.create(
        contact_list=new,
        filename=f"{many} of {source or old.name}"[:255],
        state=Import.State.DONE,
        row_count=len(people),
        usable_count=len(people),
        notes=[f"Made from “{parent.name}”: those who did not get its text. Row numbers are of its file."],
        created_by=user,
        finished_at=timezone.now(),
    )
    copy_rows(record, [person.row_id for person in people])
    return new


def copy_rows(record: Import, row_ids: Collection[int]) -> None:
    ids = sorted(row_ids)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), LOOKUP):
            chunk = ids[start : start + LOOKUP]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                "INSERT INTO campaigns_importrow (source_id, number, outcome, problem, phone, cells) "  # noqa: S608
                f"SELECT %s, number, outcome, problem, phone, cells FROM campaigns_importrow "
                f"WHERE id IN ({marks}) ORDER BY number",
                [record.pk, *chunk],
            )
        cursor.execute(
            "INSERT INTO campaigns_contact (contact_list_id, phone, row_id) "
            "SELECT %s, phone, id FROM campaigns_importrow WHERE source_id = %s ORDER BY number",
            [record.contact_list_id, record.pk],
        )
