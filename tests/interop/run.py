"""`make interop`: what RingCentral's documents show, done with its own clients against the simulated carrier.

The clients are installed into a temporary folder, by name, version and hash. Nothing is set but the server
and the credentials. Prints a line a step; exits with 1 at the first step that fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.simulator.running import running_simulator

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PYTHON_CLIENT = "ringcentral"
PYTHON_NEEDS = (
    PYTHON_CLIENT, "observable", "requests", "websockets", "certifi", "charset-normalizer", "idna", "urllib3",
)  # fmt: skip
JAVASCRIPT_CLIENT = "@ringcentral/sdk"
SPEED = 60
"""A text a second becomes 60; rate limits and tokens are as slow and as short as the real ones."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="carillon-interop-") as scratch:
        folder = Path(scratch)
        failed = run_python(folder)
        if failed:
            return failed
        if not (shutil.which("node") and shutil.which("npm")):
            print(
                f"node or npm is not on this machine, so {JAVASCRIPT_CLIENT} was not tried. "
                "On Debian or Ubuntu: apt install nodejs npm",
                flush=True,
            )
            return 1 if os.environ.get("CI") else 0
        return run_javascript(folder)


def run_python(folder: Path) -> int:
    target = folder / "python"
    wanted = folder / "python.txt"
    wanted.write_text(pinned((ROOT / "requirements" / "test.txt").read_text(), PYTHON_NEEDS))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    install += ["--no-deps", "--require-hashes", "--target", str(target), "--requirement", str(wanted)]
    installed(install, folder)
    print(f"Python: {PYTHON_CLIENT} {version(wanted.read_text(), PYTHON_CLIENT)}", flush=True)
    # -S and -P: it sees its own folder and the standard library, and nothing of this project.
    return samples(
        [sys.executable, "-S", "-P", "-W", "ignore", str(HERE / "samples.py")],
        PYTHONPATH=str(target),
    )


def run_javascript(folder: Path) -> int:
    target = folder / "javascript"
    target.mkdir()
    package, lock = npm_files((HERE / "npm.txt").read_text())
    (target / "package.json").write_text(json.dumps(package))
    (target / "package-lock.json").write_text(json.dumps(lock))
    install = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed(install, target)
    print(f"JavaScript: {JAVASCRIPT_CLIENT} {package['dependencies'][JAVASCRIPT_CLIENT]}", flush=True)
    return samples(
        ["node", "--no-warnings", str(HERE / "samples.js")], NODE_PATH=str(target / "node_modules")
    )


def installed(command: list[str], folder: Path) -> None:
    if subprocess.run(command, cwd=folder, check=False).returncode:
        sys.exit(f"The client could not be installed: {' '.join(command[:4])} … failed.")


def samples(command: list[str], **environment: str) -> int:
    """Run one script against a carrier of its own, which starts empty and with all its limits."""
    with running_simulator(speed=SPEED) as simulator:
        environment |= {
            "RC_SERVER_URL": simulator.url,
            "RC_CLIENT_ID": "simulator",
            "RC_CLIENT_SECRET": "simulator",
            "RC_JWT": "simulator",
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return subprocess.run(command, env=kept | environment, check=False).returncode


def pinned(lock: str, names: tuple[str, ...]) -> str:
    """The entries of these packages in a lock of pip's, with all their hashes."""
    found = []
    for name in names:
        entry = re.search(rf"(?m)^{re.escape(name)}==[^\n]*(?:\n    --hash=[^\n]*)+", lock)
        if entry is None:
            sys.exit(f"requirements/test.txt does not hold {name}.")
        found.append(entry[0])
    return "\n".join(found) + "\n"


def version(lock: str, name: str) -> str:
    return next(line for line in lock.splitlines() if line.startswith(f"{name}==")).split()[0].split("==")[1]


def npm_files(pins: str) -> tuple[dict[str, dict[str, str]], dict[str, object]]:
    """What `npm ci` reads: versions and integrity, but no address; the machine's own registry is asked."""
    lines = [line.split() for line in pins.splitlines() if line and not line.startswith("#")]
    wanted = {name: release for name, release, _ in lines}
    packages: dict[str, object] = {"": {"dependencies": wanted}}
    for name, release, integrity in lines:
        packages[f"node_modules/{name}"] = {"version": release, "integrity": integrity}
    return {"dependencies": wanted}, {"lockfileVersion": 3, "packages": packages}


if __name__ == "__main__":
    sys.exit(main())
