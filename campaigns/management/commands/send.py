"""`manage.py send`: from a file to delivery receipts in one process, through the stages that pages use."""

from __future__ import annotations

import gc
import json
import math
import signal
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from campaigns.accounts import registry
from campaigns.composing.checks import Subject, check_draft
from campaigns.composing.personalise import Personaliser
from campaigns.contacts import importer
from campaigns.contacts.errors import WHICH_COLUMN, FileProblem
from campaigns.contacts.phone import parse_phone
from campaigns.labels import files
from campaigns.labels.findings import describe_finding
from campaigns.labels.holds import describe_lock, why_it_waits
from campaigns.labels.provider_words import describe_error
from campaigns.labels.states import describe_state
from campaigns.models import Attempt, Batch, Campaign, Counters, Import, RowState
from campaigns.providers import catalogue
from campaigns.reports.delivery import provider_totals
from campaigns.runtime import schema_version, shutdown
from campaigns.sending import launch, restore_guard
from campaigns.sending.steps import Step, StepResult
from campaigns.worker.campaign_loop import CLAIM, CampaignLoop

CHOOSE_FIRST = 2
"""Exit code when a person has to choose something before anything can be sent."""
UNSETTLED = (RowState.HELD, RowState.QUEUED, RowState.SUBMITTING, RowState.IN_DOUBT, RowState.NEEDS_REVIEW)
"""States in which a row is not accounted for yet."""


class Command(BaseCommand):
    help = "Send one personal text to everybody in a file."
    # The settings that matter here; all checks together would load every page of the site first.
    requires_system_checks = [Tags.security, Tags.database]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or Excel file with a header row")
        parser.add_argument("--from", dest="sender", required=True, help="a number of the account")
        parser.add_argument("--text", required=True, help='such as: Hi {{ first_name or "there" }}')
        parser.add_argument("--phone-column", default="", help="heading of the column that gets the texts")
        parser.add_argument(
            "--provider", default="", choices=sorted(catalogue.PROVIDERS), help="whose number it is"
        )
        parser.add_argument("--name", default="", help="name of the campaign; default: the file's name")
        parser.add_argument(
            "--at", default="", help="start then, such as 2026-12-01T09:00 (site's time zone)"
        )
        parser.add_argument("--wait", action="store_true", help="until every receipt is final")
        parser.add_argument("--wait-limit", type=float, default=72 * 3600, help="seconds; with --wait")
        parser.add_argument("--json", action="store_true", help="last line: one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        # Hundreds of thousands of rows pass through and none of them forms a cycle.
        gc.set_threshold(100_000, 20, 20)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: shutdown.requested.set())
        say = _silent if options["json"] else self.stdout.write
        if why := schema_version.problem() or describe_lock(restore_guard.sending_lock()):
            raise CommandError(why)
        campaign = self.prepare(options)
        say(f"Reading {options['file'].name} …")
        record = self.received(options)
        people = record.contact_list
        # Not what a script reads, but what a person looks for afterwards if texts went to a wrong column.
        tell = self.stderr.write if options["json"] else self.stdout.write
        tell(f"Phone numbers are read from the column “{people.columns[people.phone_column]}”.")
        try:
            _read(record, campaign)
            say("\n".join(files.describe_notes(record.notes)))
            campaign.save()
            launch.launch(campaign, user=None)
        except (CommandError, launch.NotReady) as problem:
            _forget(campaign, record)
            raise CommandError(_lines(problem)) from None
        launch.freeze(campaign.pk)
        end = time.monotonic() + options["wait_limit"] if options["wait"] else math.inf
        with CampaignLoop(campaign.pk) as loop:
            say("Handing over …")
            hand_over(loop, end)
            if options["wait"]:
                say("Waiting for receipts …")
                wait_for_receipts(loop, end)
        self.finish(campaign.pk, as_json=options["json"])

    def prepare(self, options: dict[str, Any]) -> Campaign:
        """A draft with everything but its list. Raises CommandError before anything is stored."""
        if not options["file"].is_file():
            msg = f"There is no file {options['file']}."
            raise CommandError(msg)
        sender = parse_phone(options["sender"], settings.DEFAULT_REGION)
        if sender.problem is not None:
            msg = f"--from {options['sender']} is not a phone number."
            raise CommandError(msg)
        failed = registry.refresh_numbers(stale_only=True)
        account = registry.for_sender(sender.e164)
        if failed and account.number(sender.e164) is None:
            raise CommandError(describe_error(failed[0]))
        if options["provider"] not in ("", account.key):
            msg = f"{sender.e164} is a number of {account.name}."
            raise CommandError(msg)
        return Campaign(
            name=(options["name"] or options["file"].stem)[:120],
            sender=sender.e164,
            text=options["text"],
            batch_size=launch.default_batch_size(),
            send_at=_moment(options["at"]),
            # Ours to move: a worker beside us takes over only if we are gone.
            claimed_at=timezone.now() + CLAIM,
        )

    def received(self, options: dict[str, Any]) -> Import:
        """The file, kept and its columns known. Raises CommandError with a sentence; then nothing is stored.

        Exit code 2 if a person has to choose the column first.
        """
        try:
            return _received(options)
        except FileProblem as problem:
            if problem.code not in WHICH_COLUMN:
                raise CommandError(files.describe_refusal(problem)) from None
            if options["json"]:
                self.stdout.write(json.dumps(_refused(problem)))
            msg = f"{files.describe_refusal(problem)} Name it with --phone-column."
            raise CommandError(msg, returncode=CHOOSE_FIRST) from None

    def finish(self, campaign_id: int, *, as_json: bool) -> None:
        campaign = Campaign.objects.get(pk=campaign_id)
        Campaign.objects.filter(pk=campaign_id).update(claimed_at=None)
        counts = Counters.objects.get(campaign_id=campaign_id)
        if as_json:
            self.stdout.write(json.dumps(summary(campaign, counts)))
        else:
            for state in RowState:
                if counts.count(state):
                    self.stdout.write(f"{counts.count(state):>10,}  {describe_state(state)}")
            self.stdout.write(f"{counts.rows:>10,}  rows in the file")
        if why := why_it_waits(campaign):
            self.stderr.write(why)
        if counts.count(*UNSETTLED) or not counts.balanced:
            raise CommandError("Not every row is accounted for yet. The worker goes on with what can go on.")


def _silent(_line: str) -> None:
    pass


def _lines(problem: Exception) -> str:
    if not isinstance(problem, launch.NotReady):
        return str(problem)
    described = map(describe_finding, problem.findings)
    return "\n".join(f"{words.title}. {words.detail}" for words in described)


def _moment(text: str) -> datetime | None:
    """When to start. Raises CommandError, also for a time that is over: it was hardly meant."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:  # such as February 30
        moment = None
    if moment is None:
        msg = f"--at {text} is not a time. Write it like 2026-12-01T09:00."
        raise CommandError(msg)
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    if moment < timezone.now():
        msg = f"--at {text} ({timezone.localtime(moment):%H:%M %Z}) is over. Leave it out to start now."
        raise CommandError(msg)
    return moment


def _refused(problem: FileProblem) -> dict[str, Any]:
    """The object that `--json` prints: what is asked, and the columns that may be the answer."""
    likely = [look.name for look in problem.phones.candidates] if problem.phones else []
    return {
        "refused": str(problem.code),
        "reason": files.describe_refusal(problem),
        "columns": likely or list(problem.columns),
        "all_columns": list(problem.columns),
    }


def _received(options: dict[str, Any]) -> Import:
    try:
        with options["file"].open("rb") as upload:
            return importer.receive(
                upload,
                options["file"].name,
                list_name=options["name"] or options["file"].stem,
                phone_column=options["phone_column"],
                user=None,
                read_here=True,
            )
    except OSError as error:
        msg = f"{options['file']} cannot be read: {error.strerror}."
        raise CommandError(msg) from None


def _read(record: Import, campaign: Campaign) -> None:
    """Fill the list. Raises NotReady for what is wrong without looking at rows, before any is read."""
    campaign.contact_list = record.contact_list
    personaliser = Personaliser(campaign.text, record.contact_list.field_names)
    findings = check_draft(campaign, launch.terms_for(campaign.sender), personaliser)
    if stops := [item for item in findings if item.level == "stop" and item.subject != Subject.PEOPLE]:
        raise launch.NotReady(stops)
    importer.run(record.pk)
    record.refresh_from_db()
    if record.state != Import.State.DONE:
        raise CommandError(files.describe_failure(record) or "The file was not read to its end.")
    campaign.contact_list = record.contact_list


def _forget(campaign: Campaign, record: Import) -> None:
    """Nothing was launched, so nothing stays."""
    if campaign.pk:
        campaign.delete()
    importer.discard(record)


def hand_over(loop: CampaignLoop, end: float) -> None:
    """Until every batch has left, or none may, or the monotonic clock reads `end`."""

    def done(step: Step) -> bool:
        blocked = step.result == StepResult.BLOCKED and not answer_is_searched(loop.campaign_id)
        return step.result == StepResult.DONE or blocked

    loop.run(done, end)


def answer_is_searched(campaign_id: int) -> bool:
    """Whether a lost answer from the campaign's number is searched. If not, only a person can help."""
    sender = Campaign.objects.values_list("sender", flat=True).get(pk=campaign_id)
    return Attempt.objects.filter(sender=sender, state__in=Attempt.IN_DOUBT).exists()


def wait_for_receipts(loop: CampaignLoop, end: float) -> None:
    """Until the campaign is finished, or the monotonic clock reads `end`."""
    campaign = Campaign.objects.filter(pk=loop.campaign_id)
    loop.run(lambda _: not campaign.filter(state=Campaign.State.DELIVERING).exists(), end)


def summary(campaign: Campaign, counts: Counters) -> dict[str, Any]:
    """The object that `--json` prints."""
    batches = list(Batch.objects.filter(campaign=campaign))
    billed = sum((line.cost for line in provider_totals(batches).values()), Decimal(0))
    expected = None if campaign.price is None else campaign.price * campaign.segments
    cost = billed if any(batch.totals for batch in batches) else expected
    return {
        "campaign": campaign.pk,
        "rows": counts.rows,
        "states": counts.as_dict(),
        "balanced": counts.balanced,
        "batches": sum(1 for batch in batches if batch.provider_id),
        "segments": campaign.segments,
        "cost": None if cost is None else str(cost),
    }
