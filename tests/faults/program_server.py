"""A server process that forks the site's programs: each is the real command, in a process of its own.

Reads JSON lines `{"argv", "log"}`, answers each with the process id. Django is loaded only once, so a killed
program is back after 0.1 s, and a soak can kill hundreds of them.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import django

django.setup()

from campaigns.reconciling import search  # noqa: E402

LOADED = (
    *("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "dashboard.wsgi", "dashboard.urls"),
    "campaigns.management.commands.worker",
)
"""What the programs are made of."""


def reap_children(_number: int, _frame: object) -> None:
    """Without it, a dead child would stay a zombie."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def run(argv: Sequence[str], log: str) -> None:
    """Become `argv`, whose first is the interpreter: a script, or -m and a module. Does not return."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for old, new in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(old, new)
        module = argv[1] == "-m"
        sys.argv = list(argv[2:] if module else argv[1:])
        if module:
            runpy.run_module(argv[2], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(argv[1], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    # What the carrier's records must be given is in the settings; how long a dead process's request may go on
    # is in the code, as no real carrier may be given less.
    search.REQUEST_LIMIT = timedelta(seconds=float(os.environ["REQUEST_LIMIT_SECONDS"]))
    for name in LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, reap_children)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            run(order["argv"], order["log"])
        print(pid, flush=True)


if __name__ == "__main__":
    main()
