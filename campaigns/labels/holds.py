"""Why a campaign stands still, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.accounts import registry
from campaigns.labels.provider_words import describe_explanation, retell
from campaigns.models import Batch, Campaign
from campaigns.providers import catalogue
from campaigns.providers.error_codes import ErrorClass
from campaigns.sending import quarantine
from campaigns.sending.restore_guard import Lock

Hold, Wait = Campaign.HoldReason, Campaign.WaitReason
Data = Mapping[str, Any]


def why_it_waits(campaign: Campaign) -> str:
    """Why a campaign is held, or nothing of it leaves at the moment; empty when all is well."""
    if campaign.hold_reason:
        return describe_hold(campaign)
    if campaign.asked == Campaign.Asked.PAUSE:
        return paused(campaign.hold_data)
    return describe_wait(campaign) or describe_quarantine(campaign)


def describe_hold(campaign: Campaign) -> str:
    reason, data = Hold(campaign.hold_reason), campaign.hold_data
    if reason is Hold.PAUSED:
        return paused(data)
    if reason is Hold.CANARY:
        return canary(campaign)
    if reason is Hold.QUARANTINE:
        return describe_quarantine(campaign)
    if reason is Hold.SILENCE:
        end = local(data["until"])
        return _(
            "{provider} takes no request until {month} {day} at {time}, so the campaign is paused. "
            "Let it go on after that."
        ).format(
            provider=registry.name_of(campaign.account),
            month=f"{end:%b}",
            day=end.day,
            time=f"{end:%H:%M %Z}",
        )
    if reason is Hold.RECEIPTS:
        return receipts(campaign)
    if reason is Hold.ACCOUNT_GONE:
        return _(
            "The credentials in the settings do not open the {provider} account that it was launched with, "
            "and it is sent through no other. Put the credentials of that account back and press Try again, "
            "or cancel the rest."
        ).format(provider=registry.name_of(campaign.account))
    if reason is Hold.RESTORED:
        return _(
            "After the restore from a backup the carrier's records show another text to some of the same "
            "people that nobody here knows of. Compare before it goes on: they may have this campaign's text "
            "in other words."
        )
    return retell(data["said"])


def describe_wait(campaign: Campaign) -> str:
    if not campaign.wait_reason:
        return ""
    reason, data = Wait(campaign.wait_reason), campaign.wait_data
    if reason is Wait.ANSWER_LOST:
        return _(
            "The answer to batch {number} was lost at {time}, so nobody can say yet whether the provider "
            "took it. Nobody in it is texted again until the provider's own records are read."
        ).format(number=data["batch"], time=f"{local(data['at']):%H:%M %Z}")
    if reason is Wait.SENDER_IN_DOUBT:
        return _(
            "It waits for “{name}”, which sends from the same number: the answer to one of its batches was "
            "lost."
        ).format(name=data["name"])
    if reason is Wait.JOURNAL:
        return _(
            "The journal of what is handed over cannot be written, so nothing was sent. The disk may be "
            "full. It is tried again every few seconds."
        )
    return retell(data["said"])


def describe_quarantine(campaign: Campaign) -> str:
    """Empty if no batch of it is quarantined."""
    numbers = [f"{batch.number:,}" for batch in quarantine.quarantined(campaign.pk)]
    if not numbers:
        return ""
    return ngettext(
        "Batch {numbers} is held back: {deaths} times in a row the program died with it in hand. Ask whoever "
        "looks after the server to look at the log, then let it go on to try it again.",
        "Batches {numbers} are held back: {deaths} times in a row the program died with it in hand. Ask "
        "whoever looks after the server to look at the log, then let it go on to try it again.",
        len(numbers),
    ).format(numbers=", ".join(numbers), deaths=quarantine.MAX_DEATHS)


def paused(data: Data) -> str:
    return _("Paused by {name} at {time}.").format(name=data["by"], time=f"{local(data['at']):%H:%M %Z}")


def canary(campaign: Campaign) -> str:
    data = campaign.hold_data
    count = data["texts"]
    if data["state"] == Batch.State.ACCEPTED:
        text = ngettext(
            "The first text was handed to {provider}, and nothing else was. Look at their receipts, then go "
            "on or stop.",
            "The first {count} texts were handed to {provider}, and nothing else was. Look at their "
            "receipts, then go on or stop.",
            count,
        )
    elif data["state"] == Batch.State.MARKED_SENT:
        text = ngettext(
            "The first text was marked as sent, and nothing else was handed over.",
            "The first {count} texts were marked as sent, and nothing else was handed over.",
            count,
        )
    else:
        text = _("Nobody of those who were to be texted first was left to text, so nothing was sent yet.")
    return text.format(count=f"{count:,}", provider=registry.name_of(campaign.account))


def receipts(campaign: Campaign) -> str:
    data = campaign.hold_data
    worst = catalogue.explain(data["code"])
    words = describe_explanation(worst)
    if worst.error_class is ErrorClass.CONTENT:
        next_step = _(
            "The text of this campaign is fixed: to change it, cancel the rest and write a new one."
        )
    else:
        next_step = _("When that is put right, press Try again.")
    return _(
        "{stopped} of {settled} texts that {provider} worked off were stopped, {most} with {code}. "
        "{sentence} {advice} {next_step}"
    ).format(
        stopped=f"{data['stopped']:,}",
        settled=f"{data['settled']:,}",
        provider=registry.name_of(campaign.account),
        most=_("all of them") if data["alike"] else _("most of them"),
        code=worst.code,
        sentence=words.sentence,
        advice=words.advice,
        next_step=next_step,
    )


def describe_lock(lock: Lock | None) -> str:
    """Why nothing at all may be sent; empty if it may."""
    if lock is Lock.RESTORED:
        return _(
            "This database was restored from a backup: the journal beside it names texts that left later. "
            "Sending is locked, so that nobody is texted twice. Run “python manage.py recover” on the "
            "server: it reads the carrier's records, marks who has a text already, and unlocks."
        )
    if lock is Lock.UNREADABLE:
        return _(
            "The journal of what was handed over cannot be read, so nothing is sent. Look at the folder "
            "“journal” beside the database: it must belong to the user who runs Carillon."
        )
    return ""


def local(moment: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(moment))
