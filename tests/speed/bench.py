"""How fast a file leaves (`make bench`): Carillon, which stores all, against a script that stores nothing.

In turn, on the same file, against the same simulated carrier on this machine (no rate limits): the time from
the start of each process, interpreter included, to its end, when the carrier has taken every text. Carillon
begins with an empty, migrated SQLite file and no hand-over bound. What the carrier took is compared: each run
must have handed over every person once, and both the same texts.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.simulator.running import running_simulator
from tests.speed.people import write_people

ROOT = Path(__file__).resolve().parent.parent.parent
SENDER = "+16505550100"
TEXT = (
    'Hi {{ first_name or "there" }}, your order is ready. Show this text at the till. Reply STOP to opt out.'
)
GOAL = 1.0
SMALL = 1000
"""Rows of the small campaign that the polled fragment is compared with."""


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    peak_bytes: int
    taken: int  # texts in the carrier's ledger
    fingerprint: str  # of who got what, in any order


def timed(command: Sequence[str], env: dict[str, str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of one process; SystemExit with what it said if it fails."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command[:5])} … failed:\n{output.read().decode()}")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def taken_since(ledger: Path, offset: int) -> tuple[int, str]:
    """How many texts the carrier took since `offset` bytes, and a fingerprint of who got what.

    Line by line: what this process holds counts towards the peak of the next one that it starts.
    """
    count = fingerprint = 0
    with ledger.open("rb") as file:
        file.seek(offset)
        for line in file:
            text = json.loads(line)
            digest = hashlib.sha256(f"{text['to']} {text['text']}".encode()).digest()
            fingerprint = (fingerprint + int.from_bytes(digest)) % 2**256  # in any order
            count += 1
    return count, f"{fingerprint:x}"


class Bench:
    def __init__(self, folder: Path, url: str, ledger: Path) -> None:
        self.folder, self.url, self.ledger = folder, url, ledger
        self.template = folder / "template"
        self._call("migrate", env=self.env(self.template))
        self._call("collectstatic", "--no-input", env=self.env(self.template))

    def env(self, var: Path) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")
        }
        ours = {"VAR_DIR": str(var), "ENV_FILE": os.devnull, "RINGCENTRAL_SERVER_URL": self.url}
        return {**kept, **ours, "HANDOVER_MINUTES": "0", "BATCH_SIZE": "1000", "LOG_LEVEL": "WARNING"}

    def _call(self, *arguments: str, env: dict[str, str]) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)

    def _run(self, command: Sequence[str], env: dict[str, str]) -> Run:
        offset = self.ledger.stat().st_size if self.ledger.exists() else 0
        seconds, peak = timed([sys.executable, *command], env)
        return Run(seconds, peak, *taken_since(self.ledger, offset))

    def ours(self, people: Path, var: Path) -> Run:
        shutil.rmtree(var, ignore_errors=True)
        shutil.copytree(self.template, var)
        send = ["manage.py", "send", str(people), "--from", SENDER, "--text", TEXT, "--json"]
        return self._run(send, self.env(var))

    def naive(self, people: Path) -> Run:
        send = ["-m", "tests.speed.naive", str(people), "--server", self.url, "--from", SENDER]
        return self._run(send, self.env(self.template))

    def fragment(self, var: Path, calls: int) -> dict[str, float]:
        """Milliseconds that the live page's polled part takes, for the campaign in `var`."""
        command = [sys.executable, "-m", "tests.speed.fragment", str(calls)]
        found = subprocess.run(command, cwd=ROOT, env=self.env(var), check=True, stdout=subprocess.PIPE)
        answer: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
        return answer


def compare(bench: Bench, people: Path, options: argparse.Namespace) -> float:
    """Run both in turn and print what came out. Returns the ratio of the medians."""
    ours, naive = [], []
    for turn in range(1, options.runs + 1):
        ours.append(bench.ours(people, bench.folder / "large"))
        naive.append(bench.naive(people))
        print(
            f"  run {turn}: Carillon {ours[-1].seconds:6.2f} s   script {naive[-1].seconds:6.2f} s",
            flush=True,
        )
    if {run.taken for run in (*ours, *naive)} != {options.rows}:
        sys.exit(f"Not everybody got one text: {[run.taken for run in (*ours, *naive)]}")
    if len({run.fingerprint for run in (*ours, *naive)}) != 1:
        sys.exit("The two did not send the same texts.")
    for name, runs in (("Carillon", ours), ("script", naive)):
        median = statistics.median(run.seconds for run in runs)
        peak = max(run.peak_bytes for run in runs) / 2**20
        rate = options.rows / median
        print(
            f"{name:>9}: {median:6.2f} s (median of {len(runs)}), {rate:,.0f} texts a second, {peak:.0f} MiB"
        )
    return statistics.median(run.seconds for run in naive) / statistics.median(run.seconds for run in ours)


def polled(bench: Bench, folder: Path, calls: int) -> None:
    small = folder / "small.csv"
    write_people(small, SMALL)
    bench.ours(small, folder / "small")
    few, many = bench.fragment(folder / "small", calls), bench.fragment(folder / "large", calls)
    print(
        f"polled part of the live page: p95 {many['p95']:.1f} ms with {many['messages']:,.0f} messages, "
        f"{few['p95']:.1f} ms with {few['messages']:,.0f} ({many['queries']:.0f} queries)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200, help="of the polled part")
    parser.add_argument("--folder", type=Path, help="where to work; a scratch folder if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carillon-bench-", dir=options.folder) as scratch:
        folder = Path(scratch)
        people = folder / "people.csv"
        write_people(people, options.rows)
        print(f"{options.rows:,} rows, {options.runs} runs of each in turn, batches of 1,000, SQLite")
        ledger = folder / "ledger"
        with running_simulator(rate_limits="off", speed=100_000, ledger=ledger) as simulator:
            bench = Bench(folder, simulator.url, ledger)
            ratio = compare(bench, people, options)
            print(f"    ratio: {ratio:.2f} (script / Carillon; the goal is {GOAL} or more)")
            polled(bench, folder, options.calls)


if __name__ == "__main__":
    main()
