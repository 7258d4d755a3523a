"""Planted in the ledger: each transition, each lock of a campaign, each sync, and each constraint, alone."""

from pathlib import Path

from tests.faults.mutant_types import Change, Mutant, NoConstraint

ATTEMPTS, DISPATCH = "campaigns/sending/attempts.py", "campaigns/sending/dispatch.py"
LIFECYCLE, QUARANTINE = "campaigns/sending/lifecycle.py", "campaigns/sending/quarantine.py"
SEARCH, ORPHANS = "campaigns/reconciling/search.py", "campaigns/reconciling/orphans.py"
DECISIONS, RECOVERY = "campaigns/reconciling/decisions.py", "campaigns/reconciling/recovery.py"
SCHEMA = "campaigns/migrations/0001_schema.py"
TRANSITIONS = "tests/sending/test_transitions.py::"
LISTED = f"{TRANSITIONS}test_a_listed_event_does_exactly_this"
UNLISTED = f"{TRANSITIONS}test_any_other_changes_nothing_at_all"
RETURNED = f"{TRANSITIONS}test_who_comes_back_is_where_the_campaign_is"
NO_LONGER_WAITS = f"{TRANSITIONS}test_an_absent_one_that_does_not_wait_any_more_stays_absent"


def moved(name: str, test: str, path: str, within: str, old: str, new: str) -> Mutant:
    return Mutant(name, (test,), (Change(path, old, new, within),))


TRANSITION_MUTANTS = (
    moved(
        "prepared: an attempt begins as dead",
        f"{TRANSITIONS}test_after_a_dead_attempt_a_new_one_is_prepared",
        ATTEMPTS, "prepare",
        "owner=process_identity.current(),",
        "owner=process_identity.current(), state=Attempt.State.NOT_SENT,",
    ),
    moved(
        "sending: from any state", f"{UNLISTED}[sending-rejected]", ATTEMPTS, "mark_sending",
        "state=Attempt.State.PREPARED, owner", "owner",
    ),
    moved(
        "sending: by any process", f"{TRANSITIONS}test_only_its_owner_marks_an_attempt",
        ATTEMPTS, "mark_sending", ", owner=process_identity.current()", "",
    ),
    moved(
        "sending: its batch stays where it is", f"{LISTED}[sending-prepared]", ATTEMPTS, "mark_sending",
        "state=Batch.State.SUBMITTING", "state=Batch.State.QUEUED",
    ),
    moved(
        "sending: its people are not counted as under way", f"{LISTED}[sending-prepared]",
        ATTEMPTS, "mark_sending", "RowState.QUEUED, RowState.SUBMITTING", "RowState.QUEUED, RowState.QUEUED",
    ),
    moved(
        "not sent: one that was only prepared stays open", f"{LISTED}[not needed-prepared]",
        ATTEMPTS, "mark_not_taken", "return end(prepared, Attempt.State.PREPARED,",
        "return end(prepared, Attempt.State.SENDING,",
    ),
    *(
        moved(
            f"an answer is no proof for one that is {state}", f"{LISTED}[{event}-{state}]", ATTEMPTS, "",
            f"    Attempt.State.{state.upper()}: RowState.{row_state},\n", "",
        )
        for event, state, row_state in (
            ("accepted", "sending", "SUBMITTING"),
            ("refused", "ambiguous", "IN_DOUBT"),
            ("not sent", "reconciling", "IN_DOUBT"),
            ("accepted", "review", "NEEDS_REVIEW"),
        )
    ),
    moved(
        "accepted: an absent one that waits is not taken", f"{LISTED}[accepted-absent]", ATTEMPTS, "accept",
        " or end_requeued(prepared, next_lookup_at=None, **fields)", "",
    ),
    moved(
        "accepted: an absent one of other people is taken",
        f"{TRANSITIONS}test_an_answer_for_others_than_those_who_wait_changes_nothing",
        ATTEMPTS, "end_requeued", "not is_complete or ", "",
    ),
    moved(
        "accepted: an absent one that does not wait is taken", f"{NO_LONGER_WAITS}[cancelled-found]",
        ATTEMPTS, "is_requeued", "waiting.exists() and ", "",
    ),
    moved(
        "accepted: an absent one that was prepared again is taken",
        f"{NO_LONGER_WAITS}[prepared again-accepted]", ATTEMPTS, "is_requeued", " and not live.exists()", "",
    ),
    moved(
        "accepted: its batch waits again", f"{LISTED}[accepted-sending]", ATTEMPTS, "accept",
        "state=Batch.State.ACCEPTED", "state=Batch.State.QUEUED",
    ),
    moved(
        "accepted: the history of every batch is written", f"{LISTED}[accepted-sending]", ATTEMPTS, "accept",
        "    expected = len(", "    History.objects.record(History.Kind.ADOPTED)\n    expected = len(",
    ),
    moved(
        "an attempt ends from any state", f"{UNLISTED}[answer lost-rejected]", ATTEMPTS, "end",
        ", state=expected", "",
    ),
    moved(
        "lost: taken for not sent", f"{LISTED}[answer lost-sending]", ATTEMPTS, "mark_ambiguous",
        "Attempt.State.AMBIGUOUS", "Attempt.State.NOT_SENT",
    ),
    moved(
        "lost: its batch waits again", f"{LISTED}[answer lost-sending]", ATTEMPTS, "mark_batch_in_doubt",
        "update(state=Batch.State.IN_DOUBT)", "update(state=Batch.State.QUEUED)",
    ),
    moved(
        "returned: to a held campaign as if it were sending", f"{RETURNED}[held-held-not sent]",
        ATTEMPTS, "mark_not_taken", "lifecycle.state_after_return(campaign)", "RowState.QUEUED",
    ),
    moved(
        "returned: to a cancelled campaign as if it were held", f"{RETURNED}[delivering-cancelled-refused]",
        LIFECYCLE, "state_after_return", "else RowState.CANCELLED", "else RowState.HELD",
    ),
    moved(
        "owner died: what may have left is not sent", f"{LISTED}[owner died-sending]", ORPHANS, "settle",
        "        if attempt.state == Attempt.State.PREPARED:\n", "        if attempt.state:\n",
    ),
    moved(
        "owner died: what was prepared is in doubt", f"{LISTED}[owner died-prepared]", ORPHANS, "settle",
        "        if attempt.state == Attempt.State.PREPARED:\n", "        if not attempt.state:\n",
    ),
    moved(
        "owner died: settled again from what was read before",
        f"{TRANSITIONS}test_an_attempt_that_was_settled_meanwhile_is_no_orphan",
        ORPHANS, "settle", ", state=attempt.state)", ")",
    ),
    moved(
        "looked up: it is not marked as being looked up",
        "tests/reconciling/test_search.py::test_what_never_arrived_is_sent_again_after_the_settle_time",
        SEARCH, "lookup", "state=Attempt.State.RECONCILING", "state=Attempt.State.AMBIGUOUS",
    ),
    moved(
        "found: from any state", f"{UNLISTED}[found-rejected]", SEARCH, "adopt",
        "if before not in Attempt.SEARCHED and not attempts.is_requeued(attempt):", "if not before:",
    ),
    moved(
        "found: an absent one that waits is not taken", f"{LISTED}[found-absent]", SEARCH, "adopt",
        " and not attempts.is_requeued(attempt)", "",
    ),
    moved(
        "found: its batch waits again", f"{LISTED}[found-reconciling]", SEARCH, "link_batch",
        "state=Batch.State.ACCEPTED", "state=Batch.State.QUEUED",
    ),
    moved(
        "absent: also while a person decides", f"{UNLISTED}[absent-review]", SEARCH, "declare_absent",
        "requeue(attempt, Attempt.IN_DOUBT,", "requeue(attempt, Attempt.SEARCHED,",
    ),
    moved(
        "absent: nobody is asked in a campaign that always asks",
        f"{TRANSITIONS}test_absent_in_a_campaign_that_always_asks_is_for_a_person",
        SEARCH, "declare_absent", "campaign.on_not_found == Campaign.OnNotFound.REVIEW", "not campaign.pk",
    ),
    moved(
        "absent: its people stay in doubt", f"{LISTED}[absent-ambiguous]", SEARCH, "requeue",
        "update(state=target.value)", "update(state='in_doubt')",
    ),
    moved(
        "for a person: from any state", f"{UNLISTED}[for a person-absent]", SEARCH, "send_to_review",
        ", state__in=Attempt.IN_DOUBT", "",
    ),
    moved(
        "for a person: its sender stays blocked", f"{LISTED}[for a person-reconciling]", SEARCH,
        "send_to_review", "state=Attempt.State.REVIEW", "state=Attempt.State.AMBIGUOUS",
    ),
    moved(
        "a person decides: after a proof", f"{UNLISTED}[person says send-accepted]", DECISIONS, "settle",
        ", state=Attempt.State.REVIEW", "",
    ),
    moved(
        "a person says send: it counts as sent", f"{LISTED}[person says send-review]", DECISIONS, "requeue",
        "Attempt.State.ABSENT", "Attempt.State.MARKED_SENT",
    ),
    moved(
        "a person says sent: it is sent again", f"{LISTED}[person says sent-review]", DECISIONS, "mark_sent",
        "Attempt.State.MARKED_SENT, RowState.MARKED_SENT", "Attempt.State.ABSENT, RowState.QUEUED",
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
    unlocked(ATTEMPTS, "mark_sending", f"{EVENT_LOCK}[sending-prepared]"),
    unlocked(ATTEMPTS, "accept", f"{EVENT_LOCK}[accepted-sending]"),
    unlocked(ATTEMPTS, "mark_not_taken", f"{EVENT_LOCK}[refused-sending]"),
    unlocked(ATTEMPTS, "mark_ambiguous", f"{EVENT_LOCK}[answer lost-sending]"),
    unlocked(ORPHANS, "settle", f"{EVENT_LOCK}[owner died-sending]"),
    unlocked(SEARCH, "adopt", f"{EVENT_LOCK}[found-reconciling]"),
    unlocked(SEARCH, "requeue", f"{MOVE_LOCK}[requeue]"),
    unlocked(SEARCH, "send_to_review", f"{EVENT_LOCK}[for a person-reconciling]"),
    unlocked(DECISIONS, "requeue", f"{EVENT_LOCK}[person says send-review]"),
    unlocked(DECISIONS, "mark_sent", f"{EVENT_LOCK}[person says sent-review]"),
    unlocked(DECISIONS, "postpone", f"{MOVE_LOCK}[postpone]"),
    unlocked(RECOVERY, "adopt", f"{MOVE_LOCK}[adopt_after_a_restore]"),
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
        "no sync: the database does not wait for the disk", COMMITS, "dashboard/settings.py", "",
        "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
    ),
    moved(
        "no sync: after a relaxed commit all others are relaxed", COMMITS, "campaigns/runtime/bulk_sql.py",
        "relaxed_durability", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
    ),
    moved(
        "no sync: the commit before the first byte", COMMITS, DISPATCH, "commit_sending",
        "        attempts.mark_sending(prepared)\n",
        "        with relaxed_durability():\n            attempts.mark_sending(prepared)\n",
    ),
    moved(
        "no sync: the commit of an answer", COMMITS, DISPATCH, "record_answer",
        "            return attempts.accept(prepared, answer, account)\n",
        "            with relaxed_durability():\n"
        "                return attempts.accept(prepared, answer, account)\n",
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
    ("campaign", "counters_not_negative", "test_a_tally_adds_up_and_is_never_negative"),
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
MUTANTS = (*HOLD_MUTANTS, *TRANSITION_MUTANTS, *LOCK_MUTANTS, *SYNC_MUTANTS, *CONSTRAINT_MUTANTS)
