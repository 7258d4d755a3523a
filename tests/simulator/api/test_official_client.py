"""RingCentral's own Python client does what its documents show; `make interop` tries it freshly installed."""

import os
import subprocess
import sys

from tests.simulator.running import RunningSimulator
from tests.support.site import ROOT


def test_the_documented_samples(simulator: RunningSimulator) -> None:
    names = ("CLIENT_ID", "CLIENT_SECRET", "JWT")
    environment = {f"RC_{name}": "simulator" for name in names} | {"RC_SERVER_URL": simulator.url}
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "interop" / "samples.py")]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
