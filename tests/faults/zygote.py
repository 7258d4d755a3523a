"""A warm process that forks: each child runs a piece of code on a database of its own, and may be killed.

Reads JSON lines `{"database", "code"}`; answers each with `{"signal", "told"}`: the signal that ended the
child (0: none), and what it told. Starting Django once and not each time is what makes a sweep affordable.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any
from urllib.parse import urlsplit

import django

django.setup()

from django.db import connection, connections  # noqa: E402

from campaigns import models  # noqa: E402
from campaigns.sending import accounts, dispatch, ledger, reconcile  # noqa: E402
from tests.faults import steps  # noqa: E402
from tests.sending import world  # noqa: E402

KNOWN = {
    **{name: getattr(models, name) for name in models.__all__},
    "accounts": accounts, "dispatch": dispatch, "ledger": ledger, "reconcile": reconcile,
    "steps": steps, "world": world,
}  # fmt: skip


def use(database: str) -> None:
    path = urlsplit(database).path
    name = path[1:] if database.startswith("postgres") else "/" + path.lstrip("/")
    connection.settings_dict["NAME"] = name


def child(order: dict[str, str], out: int) -> None:
    told: list[Any] = []
    try:
        use(order["database"])
        exec(order["code"], {**KNOWN, "tell": told.append})  # noqa: S102 - it comes from the test
    except BaseException:
        told.append({"raised": traceback.format_exc()})
    os.write(out, json.dumps(told).encode())
    connections.close_all()
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        inlet, out = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(json.loads(line), out)
        os.close(out)
        with os.fdopen(inlet, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"signal": os.WTERMSIG(status), "told": json.loads(said or b"[]")}), flush=True)


if __name__ == "__main__":
    main()
