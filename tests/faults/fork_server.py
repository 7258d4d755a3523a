"""A server process that forks: each child runs a script on a database of its own, and may be killed.

Reads JSON lines `{"database", "code"}`; answers each with `{"signal", "emitted"}`: the signal that ended the
child (0: none), and the values that it emitted. Django starts only once, so sweeps stay affordable.
"""

import gc
import json
import os
import sys
import traceback
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402

from campaigns import models  # noqa: E402
from campaigns.accounts import registry  # noqa: E402
from campaigns.contacts import importer  # noqa: E402
from campaigns.reconciling import orphans, search  # noqa: E402
from campaigns.runtime import process_identity  # noqa: E402
from campaigns.sending import attempts, dispatch  # noqa: E402
from campaigns.worker import schedule  # noqa: E402
from tests.faults import crash_steps, invariants  # noqa: E402
from tests.support import scenario  # noqa: E402


def carrier_ledger() -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{registry.settings_of('ringcentral').address}/simulator/ledger") as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


STAGES = (
    attempts,
    dispatch,
    importer,
    invariants,
    orphans,
    process_identity,
    registry,
    search,
    crash_steps,
    schedule,
    scenario,
)
KNOWN = {
    **{name: getattr(models, name) for name in models.__all__},
    **{stage.__name__.rpartition(".")[2]: stage for stage in STAGES},
    "carrier_ledger": carrier_ledger,
}


def use(database: str) -> None:
    path = urlsplit(database).path
    name = path[1:] if database.startswith("postgres") else "/" + path.lstrip("/")
    connection.settings_dict["NAME"] = name
    # Each has a journal of its own: beside that of another copy it would look like a restored backup.
    settings.JOURNAL_DIR = settings.JOURNAL_DIR.with_name("journal" + name.replace("/", "_"))


def child(order: dict[str, str], out: int) -> None:
    emitted: list[Any] = []
    try:
        use(order["database"])
        exec(order["code"], {**KNOWN, "emit": emitted.append})  # noqa: S102 - it comes from the test
    except BaseException:
        emitted.append({"raised": traceback.format_exc()})
    with os.fdopen(out, "w") as pipe:  # os.write may be watched
        json.dump(emitted, pipe)
    connections.close_all()
    os._exit(0)


def main() -> None:
    # A collection in a child would only copy the pages that it shares with this process.
    gc.disable()
    gc.freeze()
    for line in sys.stdin:
        inlet, out = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(json.loads(line), out)
        os.close(out)
        with os.fdopen(inlet, "rb") as pipe:
            output = pipe.read()
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"signal": os.WTERMSIG(status), "emitted": json.loads(output or b"[]")}), flush=True)


if __name__ == "__main__":
    main()
