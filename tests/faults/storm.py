"""A campaign to a carrier that fails three times in ten, against the same without faults (`make storm`).

No process is killed. What is waited for on purpose, so that a request may still turn up before its people are
texted again, is taken off: it is a setting, minutes long for a real carrier. Exit code 1 if anybody was
forgotten or texted twice, or if the rest took more than twice as long.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.installation import ROOT, SCALED, installation

GOAL = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    tries: int
    found: int
    absent: int
    lost: int
    doubled: int
    in_review: int
    wrong: list[str]

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.in_review or self.wrong)


def one(options: argparse.Namespace) -> Run:
    """This process's only run: its settings are read once."""
    with installation(options.folder, batch=options.batch, seed=options.seed, speed=100_000) as site:
        # They import the models, so only now that there are settings.
        from tests.faults import soak_checks
        from tests.faults.load_generator import LoadGenerator, faults, slowness

        load = LoadGenerator(site, messages=options.messages, batch=options.batch, parts=1)
        site.start(workers=1)
        load.upload()
        site.carrier.faults(*(faults if options.one == "storm" else slowness)(options.batch))
        load.start()
        load.finish()
        rested = load.rest()
        verdict = soak_checks.judge(site.carrier.ledger(), load.sent)
        ends = soak_checks.attempt_outcomes()
        return Run(
            soak_checks.seconds_of(load.numbers[0]),
            ends["tries"],
            ends["found"],
            ends["absent"],
            verdict.lost,
            verdict.doubled,
            verdict.in_review,
            verdict.wrong[:20] + ([] if rested else ["there was no rest"]),
        )


def run(kind: str, options: argparse.Namespace) -> Run:
    command = [sys.executable, "-m", "tests.faults.storm", "--one", kind, "--seed", str(options.seed)]
    command += ["--messages", str(options.messages), "--batch", str(options.batch)]
    command += ["--folder", str(options.folder)] if options.folder else []
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found = Run(**json.loads(done.stdout.splitlines()[-1]))
    print(
        f"{kind:>6}: {found.seconds:6.1f} s, {found.tries} hand-overs; of lost answers {found.found} found, "
        f"{found.absent} absent; lost {found.lost}, doubled {found.doubled}, in review {found.in_review}",
        *found.wrong,
        sep="\n  ",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--folder", type=Path, help="where to work; a scratch folder if not given")
    parser.add_argument("--one", choices=["calm", "storm"], help="only this run, told as JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asdict(one(options))))
        return
    where = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    print(f"{options.messages:,} texts in batches of {options.batch:,}, {where}, seed {options.seed}")
    calm, storm = run("calm", options), run("storm", options)
    settle = storm.absent * float(SCALED["SETTLE_SECONDS"])
    ratio = (storm.seconds - settle) / calm.seconds
    print(f" ratio: {ratio:.2f} without the {settle:.0f} s of settling (the goal is {GOAL:g} or less)")
    sys.exit(not (calm.good and storm.good and ratio <= GOAL))


if __name__ == "__main__":
    main()
