"""How long a page of the provider's messages takes (`make bench`), whatever the depth and the search.

Fills our store with made-up messages, then asks for `/messages/` as a person who is signed in does: first
the newest page without a search, then every kind of search at the newest, the middle, the oldest, and upwards
from anywhere. No page may take more than twice the first one's 95th percentile. Says the statements too, none
of which counts anything.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.speed import databases

GOAL = 2.0
SEED = 20_261_121
SLOWEST_SHOWN = 8


def measure(count: int, calls: int) -> None:
    """Fill the database of this process and time its pages."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    from campaigns.models import ProviderMessage
    from tests.speed.store_rows import fill

    began = time.perf_counter()
    fill(count)
    print(f"  filled in {time.perf_counter() - began:.0f} s", flush=True)
    browser = Client(headers={"Host": "localhost"})
    browser.force_login(User.objects.create_superuser("bench"))

    def ask(query: dict[str, Any]) -> float:
        start = time.perf_counter()
        answer = browser.get("/messages/", query)
        took = (time.perf_counter() - start) * 1000
        if answer.status_code != 200 or b"cannot be searched" in answer.content:
            sys.exit(f"/messages/?{urlencode(query)} was not answered")
        return took

    rng = random.Random(SEED)
    last = ProviderMessage.objects.latest("id").pk
    found = {name: timed(ask, query, places(rng, last), calls) for name, query in searches(last)}
    report(found, ask)


def searches(last: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and fields of every kind of search that people make, and of some that nobody does."""
    from django.utils import timezone

    from campaigns.models import ProviderMessage
    from tests.speed.store_rows import BATCH, OURS, other_number

    batch = last // 2 // BATCH
    day = timezone.localtime(ProviderMessage.objects.get(pk=last // 2).created_at).date()
    dates = {"start": day - timedelta(days=1), "end": day}
    yield "no search", {}
    yield "their number", {"number": other_number(last // 2)}
    for name, number in (("our number", OURS[0]), ("a quiet number of ours", OURS[3])):
        yield name, {"number": number}
        for state in ("delivered", "not_delivered", "sent", "with_carrier"):
            yield f"{name}, {state}", {"number": number, "state": state}
        yield f"{name}, in", {"number": number, "direction": "in"}
        yield f"{name}, dates", {"number": number, **dates}
    for state in ("delivered", "not_delivered", "sent", "with_carrier", "other"):
        yield state, {"state": state}
        yield f"{state}, dates", {"state": state, **dates}
        yield f"{state}, out", {"state": state, "direction": "out"}
    yield "not_delivered, in", {"state": "not_delivered", "direction": "in"}
    for direction in ("in", "out"):
        yield direction, {"direction": direction}
        yield f"{direction}, dates", {"direction": direction, **dates}
    yield "dates", dates
    yield "batch", {"batch": f"bench-{batch}"}
    yield "batch, not_delivered", {"batch": f"bench-{batch}", "state": "not_delivered"}
    yield "batch, delivered", {"batch": f"bench-{batch}", "state": "delivered"}
    yield "batch, their number", {"batch": f"bench-{batch}", "number": other_number(last // 2)}


def places(rng: random.Random, last: int) -> dict[str, Callable[[], dict[str, int]]]:
    """Where pages begin."""
    return {
        "newest": dict,
        "middle": lambda: {"before": rng.randrange(last // 4, last * 3 // 4)},
        "oldest": lambda: {"before": rng.randrange(1, 2000)},
        "upwards": lambda: {"after": rng.randrange(1, last)},
    }


Times = dict[str, list[float]]


def timed(
    ask: Callable[[dict[str, Any]], float],
    query: dict[str, Any],
    where: dict[str, Callable[[], dict[str, int]]],
    calls: int,
) -> Times:
    """Milliseconds at each place; the first call of each, which reads what is not in memory, counts too."""
    return {name: [ask(query | place()) for _ in range(calls)] for name, place in where.items()}


def p95(times: list[float]) -> float:
    if len(times) == 1:
        return times[0]
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def report(found: dict[str, Times], ask: Callable[[dict[str, Any]], float]) -> None:
    """The first page, the slowest ones, their ratio, and the statements of one page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    # The first page is asked for once more at the end: other work on the machine may have come or gone.
    again = [ask({}) for _ in range(len(found["no search"]["newest"]))]
    first = statistics.median([p95(found["no search"]["newest"]), p95(again)])
    print(f"  first page: p95 {first:.1f} ms")
    pages = sorted(
        (
            (p95(times), statistics.median(times), name, place)
            for name, at in found.items()
            for place, times in at.items()
        ),
        reverse=True,
    )
    for slow, middle, name, place in pages[:SLOWEST_SHOWN]:
        print(f"    {name}, {place}: p95 {slow:.1f} ms, p50 {middle:.1f} ms")
    with CaptureQueriesContext(connection) as queries:
        ask({"state": "not_delivered", "direction": "out"})
    asked = [query["sql"] for query in queries if "campaigns_provider" in query["sql"]]
    counting = [sql for sql in asked if "COUNT(" in sql.upper()]
    print(
        f"  {len(pages)} kinds of page; one reads the store {len(asked)} times, counts {len(counting)} times"
    )
    print(f"    ratio: {pages[0][0] / first:.2f} (slowest p95 / first page's; the goal is {GOAL:g} or less)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.speed.pages", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=40, help="of each kind of page")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], nargs="+", default=databases.found_here())
    parser.add_argument("--folder", type=Path, help="where to work; a scratch folder if not given")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.messages, options.calls)
        return
    for wanted in options.on:
        with tempfile.TemporaryDirectory(prefix="carillon-bench-", dir=options.folder) as scratch:
            folder = Path(scratch)
            print(
                f"/messages/ with {options.messages:,} messages, {options.calls} calls each, {wanted}",
                flush=True,
            )
            server = databases.postgres(folder / "pg") if wanted == "postgresql" else nullcontext("")
            with server as database:
                env = databases.environment(folder / "var", database)
                databases.manage(env, "migrate", "--verbosity=0")
                databases.manage(env, "collectstatic", "--no-input")
                numbers = ["--messages", str(options.messages), "--calls", str(options.calls)]
                command = [sys.executable, "-m", "tests.speed.pages", "--measure", *numbers]
                subprocess.run(command, cwd=databases.ROOT, env=env, check=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    main()
