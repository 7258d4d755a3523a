"""Kills programs at random, starts them again, lets the ledger judge. Needs Django to be set up."""

import json
import random
import statistics
import time

from tests.faults import soak_checks
from tests.faults.installation import Installation, Program
from tests.faults.load_generator import LoadGenerator, faults

GAP = (0.05, 0.5)
"""Seconds from a sign of sending to the next kill, at least and at most."""
BURST = 0.25
"""Part of the kills that do not wait for a sign, and so strike while the last one is recovered from."""
QUIET = 8.0
"""Seconds without a sign, after which it is killed anyway."""
WEB = 0.2
"""Part of the kills that strike the web server."""


class Killer:
    """Ends programs in the middle of what they do, and starts them again at once."""

    def __init__(self, site: Installation, load: LoadGenerator, seed: int) -> None:
        self._site, self._load = site, load
        self._random = random.Random(seed)
        self.kills = {"web": 0, "worker": 0}
        self.deaths = 0
        """Programs that ended without us."""
        self.back: list[float] = []
        """Seconds from the restart of a worker until the carrier met the next batch."""

    def signs(self) -> int:
        """How many batches the carrier has met, whatever it did with them."""
        return int(json.loads(self._site.carrier.control("GET", "faults"))[0]["seen"])

    def kill(self, times: int) -> None:
        seen, restarted = self.signs(), 0.0
        while sum(self.kills.values()) < times and self._load.trouble is None:
            if self._random.random() >= BURST:
                came = self._next_sign(seen)
                if came and restarted:
                    self.back.append(came - restarted)
            time.sleep(self._random.uniform(*GAP))
            if soak_checks.sending():
                program = self._strike()
                seen, restarted = self.signs(), program.started if program.name != "web" else 0.0

    def _next_sign(self, seen: int) -> float:
        """When it was noticed; 0 if none came."""
        end = time.monotonic() + QUIET
        while (now := time.monotonic()) < end:
            if self.signs() > seen:
                return now
            time.sleep(0.02)
        return 0.0

    def _strike(self) -> Program:
        web, *workers = self._site.programs
        program = web if self._random.random() < WEB else self._random.choice(workers)
        self.deaths += sum(not one.alive for one in (web, *workers))
        program.kill()
        program.start()
        self.kills["web" if program is web else "worker"] += 1
        done = sum(self.kills.values())
        if done % 20 == 0:
            print(f"  {done} kills, {len(self._load.sent)} campaigns", flush=True)
        return program


def soak(site: Installation, *, kills: int, messages: int, batch: int, workers: int, seed: int) -> bool:
    """Whether everybody got each text once; says what was found."""
    load = LoadGenerator(site, messages=messages, batch=batch)
    site.start(workers)
    load.upload()
    site.carrier.faults(*faults(batch))
    began = time.monotonic()
    load.start()
    killer = Killer(site, load, seed)
    killer.kill(kills)
    killed = time.monotonic()
    load.finish()
    site.carrier.faults()
    rested = load.rest()
    verdict = soak_checks.judge(site.carrier.ledger(), load.sent)
    verdict.wrong += [] if rested else ["there was no rest after the faults had ended"]
    seconds = {"seconds": time.monotonic() - began, "  of which with kills": killed - began}
    report(site, load, killer, verdict, seconds)
    return verdict.good


def report(
    site: Installation,
    load: LoadGenerator,
    killer: Killer,
    verdict: soak_checks.Verdict,
    seconds: dict[str, float],
) -> None:
    errors = site.errors()
    rows: dict[str, object] = {
        "kills": sum(killer.kills.values()),
        "  of the web server": killer.kills["web"],
        "  of a worker": killer.kills["worker"],
        "restarts": sum(program.starts - 1 for program in site.programs),
        "ends without a kill": killer.deaths,
        "campaigns": len(load.sent),
        "messages": verdict.messages,
        "accepted by the carrier": verdict.accepted,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "in review": verdict.in_review,
        "otherwise wrong": len(verdict.wrong),
        **soak_checks.attempt_outcomes(),
        "errors in the logs": len(errors),
        "pages": load.staff.pages,
        "pages that did not come": load.staff.refused,
        **seconds,
        "  from restart to sending": spread(killer.back),
        "  until a cut hand-over was noticed": f"{soak_checks.slowest_notice():.1f} at most",
    }
    for name, value in rows.items():
        shown = f"{value:,.0f}" if isinstance(value, int | float) else value
        print(f"{name:<36} {shown:>10}")
    for sentence in (*verdict.wrong[:20], *errors[:20]):
        print(f"  {sentence}")


def spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    late = ordered[int(len(ordered) * 0.95)]
    return f"{statistics.median(ordered):.1f} median, {late:.1f} of 95 %, {ordered[-1]:.1f} longest"
