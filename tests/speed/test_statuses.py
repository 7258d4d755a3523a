"""The bench of receipts itself works, on few; how fast is not asked here."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_it_compares_what_was_stored(tmp_path: Path) -> None:
    few = ["--rows", "1500", "--runs", "1", "--on", "sqlite", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "tests.speed.statuses", *few]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "bulk_update / poller; the goal on sqlite is 10" in result.stdout
    assert list(tmp_path.iterdir()) == []
