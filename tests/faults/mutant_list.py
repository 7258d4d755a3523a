"""The bugs that `make mutants` plants: each takes one safeguard out, by the exact text that it replaces."""

from __future__ import annotations

from tests.faults.mutant_types import Change, Mutant, NoConstraint

DISPATCH = "campaigns/sending/dispatch.py"
SEARCH = "campaigns/reconciling/search.py"
TWO_LOOKUPS = "attempt.clean_misses >= 1 and apart and settled"

PLANTED = (
    Mutant(
        "no SENDING commit before the first byte, only after the answer",
        ("tests/faults/test_safeguards.py::test_the_mark_is_made_before_the_first_byte",),
        (
            Change(DISPATCH, "=lambda: commit_sending(prepared),", "=lambda: None,"),
            Change(
                DISPATCH,
                "            meanwhile=meanwhile,\n        )\n",
                "            meanwhile=meanwhile,\n        )\n        commit_sending(prepared)\n",
            ),
        ),
    ),
    Mutant(
        "no search before a retry: a lost answer is taken for absent",
        ("tests/faults/test_network.py::test_f15_lost_after_it_was_taken",),
        (
            Change(
                SEARCH,
                "verdict = search_records(account.provider, attempt)",
                "verdict = Verdict(MatchResult.NO_MATCH)",
            ),
        ),
    ),
    Mutant(
        "no index that allows a batch one live attempt",
        ("tests/faults/test_safeguards.py::test_a_second_live_attempt_is_impossible",),
        (
            NoConstraint("campaigns/models/delivery.py", "one_live_attempt_per_batch"),
            NoConstraint("campaigns/migrations/0001_schema.py", "one_live_attempt_per_batch"),
        ),
    ),
    Mutant(
        "no silence after a 429",
        ("tests/faults/test_answers.py::test_f19_silence_after_a_429",),
        (
            Change(
                "campaigns/accounts/rate_limit.py",
                "silence = silence_after(http_status, headers)",
                "silence = None",
            ),
        ),
    ),
)
FURTHER = (
    Mutant(
        "the settle time is not waited for",
        ("tests/faults/test_network.py::test_f14_lost_before_the_request_was_read",),
        (Change(SEARCH, TWO_LOOKUPS, "attempt.clean_misses >= 1 and apart"),),
    ),
    Mutant(
        "records that lag behind are taken for complete",
        ("tests/faults/test_network.py::test_f29_records_that_show_nothing_are_no_proof_of_absence",),
        (Change(SEARCH, "    return last is None or last in seen\n", "    return True\n"),),
    ),
    Mutant(
        "a process on another host is taken for dead",
        (
            "tests/faults/test_safeguards.py::test_a_process_on_another_host_is_waited_for_as_long_as_it_may_be_sending",
        ),
        (
            Change(
                "campaigns/runtime/process_identity.py",
                "not started or not pid.isdigit():\n        return False",
                "not started or not pid.isdigit():\n        return True",
            ),
        ),
    ),
    Mutant(
        "a mark that is too old is still good for the first byte",
        ("tests/faults/test_safeguards.py::test_a_mark_that_is_too_old_is_not_acted_on",),
        (
            Change(
                "campaigns/providers/http.py",
                "if waited > self.limits.stale or self.now()[0] >= self.deadline:",
                "if waited < 0:",
            ),
        ),
    ),
)
MUTANTS = (*PLANTED, *FURTHER)
