"""The bench of pages itself works, on few messages; how fast is not asked here. Its rows are what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.models import ProviderBatch, ProviderMessage
from campaigns.receipts import store
from tests.speed import store_rows

ROOT = Path(__file__).resolve().parent.parent.parent


def test_it_asks_for_every_kind_of_page(tmp_path: Path) -> None:
    few = ["--messages", "8000", "--calls", "1", "--on", "sqlite", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "tests.speed.pages", *few]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "counts 0 times" in result.stdout
    assert "slowest p95 / first page's" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_the_rows_are_as_the_poller_would_write_them() -> None:
    whose = store_rows.fill(4000)
    assert store.owners() == [whose]
    messages = ProviderMessage.objects.filter(account=whose)
    assert messages.count() == 4000
    assert messages.filter(inbound=True).count() == messages.filter(batch=None).count() == 80
    assert messages.filter(undelivered="DeliveryFailed").count() == 120
    assert all(store.status_of(item.undelivered) == item.provider_status for item in messages)
    assert messages.get(pk=7).other_number == store_rows.other_number(7)
    batch = ProviderBatch.objects.earliest("created_at")
    assert set(batch.messages.values_list("own_number", "created_at")) == {(batch.sender, batch.created_at)}
