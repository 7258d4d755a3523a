"""Starts the simulated carrier: `python -m campaigns.simulator --help`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import orjson

from campaigns.simulator.api.platform import Carrier, Options
from campaigns.simulator.carrier.accepted_log import DamagedLogError
from campaigns.simulator.carrier.faults import FaultScriptError, read_faults
from campaigns.simulator.server import Server


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e9:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1e9")
    return value


def _fault_script(text: str) -> Any:
    try:
        script = orjson.loads(Path(text).read_bytes())
        read_faults(script)
    except (OSError, FaultScriptError, TypeError, orjson.JSONDecodeError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return script


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.simulator",
        description="A fake carrier with RingCentral's High Volume SMS API. No text leaves this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8910, help="0 takes a free one (default 8910)")
    parser.add_argument("--ledger", type=Path, help="append every accepted text to this file, as JSON lines")
    parser.add_argument("--state", type=Path, help="keep everything in this file, to go on after a restart")
    parser.add_argument("--seed", type=int, default=0, help="for chances and for the time of receipts")
    parser.add_argument("--speed", type=_positive, default=1.0, help="scales sending and receipts only")
    parser.add_argument("--rate-limits", choices=("on", "off"), default="on")
    parser.add_argument("--faults", type=_fault_script, metavar="FILE.json", help="faults to inject")
    parser.add_argument("--fsync", action="store_true", help="make each acceptance survive a power cut")
    parser.add_argument("--refresh-tokens", choices=("on", "off"), default="off")
    parser.add_argument("--list-lag", type=float, default=0.0, help="seconds until lists show a new batch")
    parser.add_argument(
        "--batch-id-window",
        choices=("on", "off"),
        default="on",
        help="off: a batchId lifts the default window of 24 hours",
    )
    parser.add_argument(
        "--webhooks-anywhere", action="store_true", help="let webhooks leave this machine; else loopback only"
    )
    return parser


def _options(given: argparse.Namespace) -> Options:
    return Options(
        ledger=given.ledger,
        state=given.state,
        seed=given.seed,
        speed=given.speed,
        rate_limits=given.rate_limits == "on",
        faults=given.faults,
        fsync=given.fsync,
        refresh_tokens=given.refresh_tokens == "on",
        list_lag=given.list_lag,
        batch_id_window=given.batch_id_window == "on",
        webhooks_anywhere=given.webhooks_anywhere,
    )


def main() -> int:
    """Serve until SIGTERM or SIGINT; then 0. A port that is taken or a file that cannot be opened gives 1."""
    given = build_parser().parse_args()
    os.umask(0o077)  # its files hold numbers and texts
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = Server((given.host, given.port), Carrier(_options(given)))
    except (OSError, DamagedLogError) as error:
        sys.stderr.write(f"The simulated carrier cannot start: {error}\n")
        return 1
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    host, port = server.server_address[:2]
    shown = f"[{host!s}]" if ":" in str(host) else str(host)
    sys.stdout.write(f"Simulated carrier on http://{shown}:{port}\n")
    sys.stdout.flush()
    stop.wait()
    server.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
