"""Starts the simulated carrier: `python -m campaigns.simulator --help`."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import orjson

from campaigns.simulator.api.platform import Options, Platform
from campaigns.simulator.carrier.append_file import DamagedLogError
from campaigns.simulator.carrier.faults import FaultScriptError, parse_script
from campaigns.simulator.server import Server


def positive_number(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e9:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1e9")
    return value


def fault_script(text: str) -> Any:
    try:
        script = orjson.loads(Path(text).read_bytes())
        parse_script(script)
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
    parser.add_argument("--speed", type=positive_number, default=1.0, help="scales sending and receipts only")
    parser.add_argument("--rate-limits", choices=("on", "off"), default="on")
    parser.add_argument("--faults", type=fault_script, metavar="FILE.json", help="faults to inject")
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


def options_from(arguments: argparse.Namespace) -> Options:
    return Options(
        ledger=arguments.ledger,
        state=arguments.state,
        seed=arguments.seed,
        speed=arguments.speed,
        rate_limits=arguments.rate_limits == "on",
        faults=arguments.faults,
        fsync=arguments.fsync,
        refresh_tokens=arguments.refresh_tokens == "on",
        list_lag=arguments.list_lag,
        batch_id_window=arguments.batch_id_window == "on",
        webhooks_anywhere=arguments.webhooks_anywhere,
    )


def main() -> int:
    """Serve until SIGTERM or SIGINT, then return 0; 1 if a port is taken or a file cannot be opened."""
    arguments = build_parser().parse_args()
    os.umask(0o077)  # the files hold phone numbers and texts
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = Server((arguments.host, arguments.port), Platform(options_from(arguments)))
    except (OSError, DamagedLogError) as error:
        sys.stderr.write(f"The simulated carrier cannot start: {error}\n")
        return 1
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    host, port = server.server_address[:2]
    host_in_url = f"[{host!s}]" if ":" in str(host) else str(host)
    sys.stdout.write(f"Simulated carrier on http://{host_in_url}:{port}\n")
    sys.stdout.flush()
    stop.wait()
    server.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
