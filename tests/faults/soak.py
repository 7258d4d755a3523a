"""Ring 3: programs are killed at random while texts are handed over to a carrier that fails (`make soak`).

Everything is real: web server, workers, database, HTTP. Campaigns are launched through the pages. Then the
faults end, and the carrier's ledger says whether everybody got each text once. Exit code 1 if not.
"""

import argparse
import os
import random
import sys
from pathlib import Path

from tests.faults.installation import installation


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--folder", type=Path, help="where to work; a scratch folder if not given")
    options = parser.parse_args()
    where = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    print(
        f"{options.kills:,} kills while {options.messages:,} texts leave in batches of {options.batch:,}, "
        f"{options.workers} workers, {where}, seed {options.seed}",
        flush=True,
    )
    with installation(
        options.folder, batch=options.batch, webhooks=True, seed=options.seed, speed=100_000
    ) as site:
        # It imports the models, so only now that there are settings.
        from tests.faults.killer import soak

        good = soak(
            site,
            kills=options.kills,
            messages=options.messages,
            batch=options.batch,
            workers=options.workers,
            seed=options.seed,
        )
    print("Everybody once." if good else "WRONG.")
    sys.exit(not good)


if __name__ == "__main__":
    main()
