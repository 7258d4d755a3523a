"""Planted in the ledger: each transition, each lock of a campaign, each sync, and each constraint, alone."""

from pathlib import Path

from campaigns.sending import transitions
from tests.faults.mutant_types import Change, Mutant, NoConstraint, NoRow

ATTEMPTS, DISPATCH = "campaigns/sending/attempts.py", "campaigns/sending/dispatch.py"
LIFECYCLE, QUARANTINE = "campaigns/sending/lifecycle.py", "campaigns/sending/quarantine.py"
SEARCH, ORPHANS = "campaigns/reconciling/search.py", "campaigns/reconciling/orphans.py"
DECISIONS, RECOVERY = "campaigns/reconciling/decisions.py", "campaigns/reconciling/recovery.py"
SCHEMA = "campaigns/migrations/0001_schema.py"
TABLE = "campaigns/sending/transitions.py"
TRANSITIONS, CELLS = "tests/sending/test_transitions.py::", "tests/sending/test_transition_table.py::"
LISTED = f"{TRANSITIONS}test_a_listed_event_does_exactly_this"
UNLISTED = f"{TRANSITIONS}test_any_other_changes_nothing_at_all"
RETURNED = f"{TRANSITIONS}test_who_comes_back_is_where_the_campaign_is"
NO_LONGER_WAITS = f"{TRANSITIONS}test_an_absent_one_that_does_not_wait_any_more_stays_absent"


ROWS = tuple(
    Mutant(
        f"no row of the table: {row.event} in {', '.join(row.before)}",
        (f"{LISTED}[{row.event}-{row.before[0]}]",),
        (NoRow(TABLE, "TRANSITIONS", number),),
    )
    for number, row in enumerate(transitions.TRANSITIONS)
)
BEGINNINGS = tuple(
    Mutant(
        f"no row of the table: a new attempt, {row.event}",
        (f"{CELLS}test_a_new_attempt_begins_as_listed",),
        (NoRow(TABLE, "BEGINNINGS", number),),
    )
    for number, row in enumerate(transitions.BEGINNINGS)
)
"""The other cells of each row are spoiled in test_transition_table.py, within one process."""


def moved(name: str, test: str, path: str, within: str, old: str, new: str) -> Mutant:
    return Mutant(name, (test,), (Change(path, old, new, within),))


TRANSITION_MUTANTS = (
    moved(
        "decide: from any state", f"{UNLISTED}[answer_lost-rejected]", TABLE, "decide",
        " and facts.state in transition.before", "",
    ),
    moved(
        "decide: on no condition", f"{TRANSITIONS}test_only_its_owner_marks_an_attempt", TABLE, "decide",
        " if transition.only_if(facts) else None", "",
    ),
    moved(
        "sending: marked by any process", f"{TRANSITIONS}test_only_its_owner_marks_an_attempt", TABLE,
        "read_facts", "is_own=attempt.owner == process_identity.current()", "is_own=True",
    ),
    moved(
        "accepted: an absent one of other people",
        f"{TRANSITIONS}test_an_answer_for_others_than_those_who_wait_changes_nothing",
        TABLE, "all_still_wait", " and facts.waiting == facts.size", "",
    ),
    moved(
        "accepted: an absent one that does not wait", f"{NO_LONGER_WAITS}[cancelled-found]", TABLE,
        "still_waits", "facts.batch_state in WAITING_STATES and ", "",
    ),
    moved(
        "accepted: an absent one that was prepared again", f"{NO_LONGER_WAITS}[prepared again-accepted]",
        TABLE, "still_waits", " and not facts.superseded", "",
    ),
    moved(
        "accepted: an absent one whose newer attempts are not looked for",
        f"{NO_LONGER_WAITS}[prepared again-found]", TABLE, "is_superseded", "exclude", "filter",
    ),
    moved(
        "returned: to a held campaign as if it were sending", f"{RETURNED}[held-held-not_sent]", TABLE,
        "returns", "RowState.HELD if", "RowState.QUEUED if",
    ),
    moved(
        "returned: to a cancelled campaign as if it were held", f"{RETURNED}[delivering-cancelled-refused]",
        TABLE, "returns", "else RowState.CANCELLED", "else RowState.HELD",
    ),
    moved(
        "apply: whatever became of it meanwhile",
        f"{CELLS}test_what_was_settled_between_the_look_and_the_write_stays", TABLE, "apply",
        ", state=facts.state)", ")",
    ),
    moved(
        "apply: whatever its caller has acted on",
        f"{TRANSITIONS}test_an_attempt_that_was_settled_meanwhile_is_no_orphan", TABLE, "apply",
        " or (expected is not None and facts.state != expected)", "",
    ),
    moved(
        "apply: its people are not counted anew", f"{LISTED}[marked-prepared]", TABLE, "move_people",
        "    counters.move(batch.campaign_id, source, target, count)\n", "",
    ),
    moved(
        "apply: its batch stays where it was", f"{LISTED}[absent-ambiguous]", TABLE, "move_people",
        '{"state": target.value, ', '{"state": source.value, ',
    ),
    moved(
        "apply: without the lock", f"{CELLS}test_nothing_moves_without_the_campaign_s_lock", TABLE,
        "require", "    campaign.require_lock()\n", "",
    ),
    moved(
        "apply: with a lock of another transaction", f"{CELLS}test_nothing_moves_without_the_campaign_s_lock",
        "campaigns/models/campaign.py", "require_lock",
        "self.locked_in is not connection.atomic_blocks[0]", "self.locked_in is None",
    ),
    moved(
        "apply: in a commit that does not wait for the disk",
        f"{CELLS}test_a_transition_outlives_a_power_cut", TABLE, "require",
        "transition.durable and bulk_sql.is_relaxed()", "not transition.durable",
    ),
    moved(
        "lookups: none after a lost answer", f"{LISTED}[answer_lost-sending]", TABLE, "next_lookup_at",
        "        return now + FIRST_LOOKUP_DELAY", "        return None",
    ),
    moved(
        "lookups: none while people wait again", f"{LISTED}[absent-ambiguous]", TABLE, "next_lookup_at",
        " or (after == State.ABSENT and people in WAITING_STATES)", "",
    ),
    moved(
        "absent: nobody is asked in a campaign that always asks",
        f"{TRANSITIONS}test_absent_in_a_campaign_that_always_asks_is_for_a_person",
        SEARCH, "declare_absent", "campaign.on_not_found == Campaign.OnNotFound.REVIEW", "not campaign.pk",
    ),
    moved(
        "refused: taken for not sent", f"{LISTED}[refused-sending]", ATTEMPTS, "mark_not_taken",
        "AttemptEvent.REFUSED if", "AttemptEvent.NOT_SENT if",
    ),
)  # fmt: skip

EVENT_LOCK = "tests/sending/test_locks.py::test_each_event_of_an_attempt"
MOVE_LOCK = "tests/sending/test_locks.py::test_each_move_of_what_waits"


def unlocked(path: str, function: str, test: str) -> Mutant:
    return moved(
        f"no lock in {Path(path).stem}.{function}", test, path, function,
        "Campaign.objects.locked(", "Campaign.objects.get(pk=",
    )  # fmt: skip


LOCK_MUTANTS = (
    unlocked(ATTEMPTS, "mark_sending", f"{EVENT_LOCK}[marked-prepared]"),
    unlocked(ATTEMPTS, "accept", f"{EVENT_LOCK}[accepted-sending]"),
    unlocked(ATTEMPTS, "mark_not_taken", f"{EVENT_LOCK}[refused-sending]"),
    unlocked(ATTEMPTS, "mark_ambiguous", f"{EVENT_LOCK}[answer_lost-sending]"),
    unlocked(ORPHANS, "settle", f"{EVENT_LOCK}[owner_died-sending]"),
    unlocked(SEARCH, "begin_lookup", f"{EVENT_LOCK}[lookup_begun-ambiguous]"),
    unlocked(SEARCH, "adopt", f"{EVENT_LOCK}[found-reconciling]"),
    unlocked(SEARCH, "declare_absent", f"{EVENT_LOCK}[absent-reconciling]"),
    unlocked(SEARCH, "send_to_review", f"{EVENT_LOCK}[unproved-reconciling]"),
    unlocked(DECISIONS, "settle", f"{EVENT_LOCK}[person_sends-review]"),
    unlocked(DECISIONS, "postpone", f"{MOVE_LOCK}[postpone]"),
    unlocked(RECOVERY, "adopt", f"{MOVE_LOCK}[adopt_after_a_restore]"),
    unlocked(RECOVERY, "put_in_doubt", f"{MOVE_LOCK}[search_after_a_restore]"),
    unlocked(DISPATCH, "choose_next", f"{MOVE_LOCK}[prepare_first]"),
    unlocked(DISPATCH, "prepare_after", f"{MOVE_LOCK}[prepare_beside]"),
    unlocked("campaigns/sending/failures.py", "split", f"{MOVE_LOCK}[split]"),
    unlocked(QUARANTINE, "release", f"{MOVE_LOCK}[release]"),
    unlocked(LIFECYCLE, "begin", f"{MOVE_LOCK}[begin]"),
    unlocked(LIFECYCLE, "hold_as", f"{MOVE_LOCK}[hold]"),
    unlocked(LIFECYCLE, "resume", f"{MOVE_LOCK}[resume]"),
    unlocked(LIFECYCLE, "cancel", f"{MOVE_LOCK}[cancel]"),
    unlocked(LIFECYCLE, "undo", f"{MOVE_LOCK}[undo]"),
    moved(
        "the lock of a campaign locks nothing", f"{MOVE_LOCK}[cancel]", "campaigns/models/campaign.py",
        "locked", "self.select_for_update(no_key=True).get", "self.get",
    ),
)  # fmt: skip

COMMITS = "tests/sending/test_syncs.py::test_each_commit_of_a_batch_but_its_preparing_waits_for_the_disk"
LINES = "tests/sending/test_syncs.py::test_a_line_of_the_journal_and_the_name_of_its_file_are_synced"
SYNC_MUTANTS = (
    moved(
        "no sync: the database does not wait for the disk",
        "tests/sending/test_syncs.py::test_a_new_connection_waits_for_the_disk", "dashboard/settings.py", "",
        "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
    ),
    moved(
        "no sync: after a relaxed commit all others are relaxed", COMMITS, "campaigns/runtime/bulk_sql.py",
        "relaxed_durability", '_synchronous("FULL")', '_synchronous("NORMAL")',
    ),
    moved(
        "no sync: the commit before the first byte", COMMITS, DISPATCH, "commit_sending",
        "        attempts.mark_sending(prepared)\n",
        "        with relaxed_durability():\n            attempts.mark_sending(prepared)\n",
    ),
    moved(
        "no sync: the commit of an answer", COMMITS, DISPATCH, "record_answer",
        "            attempts.accept(prepared, answer, account)\n",
        "            with relaxed_durability():\n"
        "                attempts.accept(prepared, answer, account)\n",
    ),
    moved(
        "no sync: a line of the journal", LINES, "campaigns/sending/journal.py", "append",
        "            os.fsync(file)\n", "",
    ),
    moved(
        "no sync: the name of a file of the journal", LINES, "campaigns/sending/journal.py", "append",
        "            sync_folder(self.folder)\n", "",
    ),
    moved(
        "no journal: a hand-over is not written down",
        "tests/faults/test_journal.py::test_every_hand_over_writes_two_lines", DISPATCH, "commit_sending",
        "        journal.record_sending(prepared)\n", "        pass\n",
    ),
    moved(
        "no journal: an answer is not written down",
        "tests/faults/test_journal.py::test_every_hand_over_writes_two_lines", DISPATCH,
        "write_answer_to_journal", "        journal.record_answer(prepared, answer, account)\n",
        "        pass\n",
    ),
)  # fmt: skip

MODELS = "tests/models/test_models.py::"
CONSTRAINTS = (
    ("delivery", "one_unresolved_attempt_per_sender", "test_a_sender_has_one_unresolved_attempt"),
    ("delivery", "attempt_provider_id_once", "test_a_provider_id_belongs_to_one_attempt_and_one_batch"),
    ("delivery", "batch_provider_id_once", "test_a_provider_id_belongs_to_one_attempt_and_one_batch"),
    ("delivery", "accepted_attempt_has_provider_id", "test_accepted_without_an_id_cannot_be"),
    ("delivery", "sending_is_dated", "test_what_may_have_left_is_dated"),
    ("delivery", "one_message_per_person", "test_one_message_a_person_and_campaign"),
    ("delivery", "batch_number_once", "test_a_batch_number_is_given_once"),
    ("campaign", "row_frozen_once", "test_a_row_is_frozen_once"),
    ("campaign", "counters_add_up", "test_every_state_counts_in_the_sum"),
    ("campaign", "counters_not_negative", "test_counters_add_up_and_are_never_negative"),
    ("campaign", "launched_campaign_is_complete", "test_a_launched_campaign_is_whole"),
)
HOLDS = "tests/sending/test_holds.py::"
REFUSED = f"{HOLDS}test_the_database_refuses_what_makes_no_sense"
HOLD_CONSTRAINTS = (
    ("campaign", "held_with_a_reason", REFUSED),
    ("campaign", "waits_only_while_sending", REFUSED),
    ("campaign", "asked_only_while_preparing", REFUSED),
    ("delivery", "batch_held_with_reason", f"{HOLDS}test_a_batch_that_waits_has_no_hold_of_its_own"),
)
CONSTRAINT_MUTANTS = tuple(
    Mutant(
        f"no constraint {name}",
        (test,),
        (NoConstraint(f"campaigns/models/{module}.py", name), NoConstraint(SCHEMA, name)),
    )
    for module, name, test in (
        *((module, name, MODELS + test) for module, name, test in CONSTRAINTS),
        *HOLD_CONSTRAINTS,
    )
)
HOLD_MUTANTS = (
    Mutant(
        "a later hold takes the place of an earlier one",
        (f"{HOLDS}test_no_later_hold_or_wait_takes_its_place",),
        (
            Change(
                LIFECYCLE,
                "elif campaign.state == Campaign.State.SENDING and",
                "elif campaign.state in (Campaign.State.SENDING, Campaign.State.HELD) and",
            ),
        ),
    ),
    Mutant(
        "the history may be changed",
        ("tests/models/test_history.py::test_the_database_refuses_to_change_it",),
        (
            Change(
                "campaigns/migrations/0002_storage.py",
                "        migrations.RunPython(refuse_changes, migrations.RunPython.noop),\n",
                "",
            ),
        ),
    ),
)
MUTANTS = (
    *HOLD_MUTANTS,
    *ROWS,
    *BEGINNINGS,
    *TRANSITION_MUTANTS,
    *LOCK_MUTANTS,
    *SYNC_MUTANTS,
    *CONSTRAINT_MUTANTS,
)
