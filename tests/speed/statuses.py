"""How fast receipts are taken in (`make bench`): the poller against Django's `bulk_update` alone.

The poller fetches the statuses of a campaign from the simulated carrier, 1,000 a page, stores them with our
messages, feeds the provider store with them and moves the campaign's counters. `bulk_update`
writes the same columns of the same rows, 1,000 at a time, from objects that are in memory already: it fetches
nothing, links nothing and counts nothing. In turn, on the same database, in one run; medians are compared.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from tests.simulator.running import running_simulator
from tests.speed import databases
from tests.speed.people import write_people

GOALS = {"sqlite": 10.0, "postgresql": 15.0}
"""Times as fast as bulk_update."""
PAGE = 1000
SENDER = "+16505550100"


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each, in turn. Runs in a process of its own, beside a campaign that was handed over."""
    import django

    django.setup()
    from django.db import connection, transaction

    from campaigns.models import Message
    from campaigns.receipts import polling, statuses

    took: dict[str, list[float]] = {"vendor": [], "poller": [], "bulk_update": []}
    for _ in range(runs):
        reset()
        began = time.perf_counter()
        while polling.poll():
            pass
        took["poller"].append(time.perf_counter() - began)
        verify()
        learned = list(Message.objects.order_by("id"))
        reset()
        began = time.perf_counter()
        for start in range(0, len(learned), PAGE):
            with transaction.atomic():
                Message.objects.bulk_update(learned[start : start + PAGE], statuses.COLUMNS, batch_size=PAGE)
        took["bulk_update"].append(time.perf_counter() - began)
        print(
            f"    {took['poller'][-1]:.2f} s and {took['bulk_update'][-1]:.2f} s", file=sys.stderr, flush=True
        )
    print(json.dumps(took | {"vendor": connection.vendor}))
    return took


def reset() -> None:
    """As it was when everything had been handed over and nothing was asked yet."""
    from django.db import connection
    from django.utils import timezone

    from campaigns.models import Batch, Campaign, Counters, Message, ProviderBatch, ProviderMessage, RowState

    ProviderMessage.objects.all().delete()
    ProviderBatch.objects.all().delete()
    Message.objects.update(
        state="waiting", provider_id="", error_code="", billed_segments=None, cost=None, changed_at=None
    )
    Batch.objects.update(
        processed_count=0,
        provider_status="Processing",
        completed_at=None,
        polled_at=None,
        next_poll_at=timezone.now(),
        settled_count=0,
        read_at=None,
        polls=0,
        totals={},
    )
    rows = Counters.objects.get().rows
    others = {state.value: 0 for state in RowState}
    Counters.objects.update(**{**others, RowState.WITH_CARRIER.value: rows})
    Campaign.objects.update(state=Campaign.State.DELIVERING, finished_at=None)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def verify() -> None:
    """Nobody is missing: not in our messages, not in the counters, not in the provider store."""
    from campaigns.models import Counters, Message, ProviderMessage

    wanted = Counters.objects.get().rows
    found = (
        Message.objects.filter(state="delivered").exclude(provider_id="").count(),
        Counters.objects.get().delivered,
        ProviderMessage.objects.filter(undelivered=None).count(),
    )
    if set(found) != {wanted}:
        sys.exit(f"Of {wanted} receipts {found} were stored, counted and in the provider store.")


def compare(folder: Path, database: str, options: argparse.Namespace) -> tuple[str, float]:
    """Hand a campaign over, measure, print. Returns the database's name and the ratio of the medians."""
    people = folder / "people.csv"
    write_people(people, options.rows)
    with running_simulator(rate_limits="off", speed=1_000_000) as simulator:
        var = folder / "var"
        settings = {"RINGCENTRAL_SERVER_URL": simulator.url, "HANDOVER_MINUTES": "0", "BATCH_SIZE": "1000"}
        env = databases.environment(var, database, **settings)
        databases.manage(env, "migrate", "--verbosity=0")
        databases.manage(env, "send", people, "--from", SENDER, "--text", "Hi {{ first_name }}", "--json")
        command = [sys.executable, "-m", "tests.speed.statuses", "--measure", str(options.runs)]
        found = subprocess.run(command, cwd=databases.ROOT, env=env, check=True, stdout=subprocess.PIPE)
    took = json.loads(found.stdout.splitlines()[-1])
    medians = {name: statistics.median(took[name]) for name in ("poller", "bulk_update")}
    for name, median in medians.items():
        each = " ".join(f"{seconds:.2f}" for seconds in took[name])
        print(f"  {name:>11}: {median:6.2f} s (median of {each}), {options.rows / median:,.0f} a second")
    return took["vendor"], medians["bulk_update"] / medians["poller"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.speed.statuses", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], nargs="+", default=databases.found_here())
    parser.add_argument("--folder", type=Path, help="where to work; a scratch folder if not given")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    for wanted in options.on:
        with tempfile.TemporaryDirectory(prefix="carillon-bench-", dir=options.folder) as scratch:
            folder = Path(scratch)
            print(
                f"{options.rows:,} receipts in pages of {PAGE:,}, {options.runs} runs in turn, {wanted}",
                flush=True,
            )
            server = databases.postgres(folder / "pg") if wanted == "postgresql" else nullcontext("")
            with server as database:
                vendor, ratio = compare(folder, database, options)
            print(f"    ratio: {ratio:.1f} (bulk_update / poller; the goal on {vendor} is {GOALS[vendor]:g})")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    main()
