"""One batch of the provider."""

import pytest

from campaigns.models import Batch
from campaigns.receipts import store as provider_store
from tests.dashboard import store_factories as store
from tests.dashboard.page_client import PageClient

PATH = "/batches/b-1/"


def part(count: int, cost: str = "0", **codes: int) -> dict[str, object]:
    named = {code.replace("_", "-"): number for code, number in codes.items()}
    return {"count": count, "cost": cost, "error_codes": named}


def test_ours_shows_what_the_provider_counted(as_viewer: PageClient) -> None:
    campaign = store.handed_over("b-1", size=3, cost="0.021")
    Batch.objects.filter(campaign=campaign).update(
        totals={
            "queued": part(0),
            "sent": part(1, "0.007"),
            "delivered": part(1, "0.007"),
            "sending_failed": part(0),
            "delivery_failed": part(1, "0.007", SMS_CAR_411=1),
        }
    )
    html = as_viewer.page(PATH)
    assert "A batch of 3 texts" in html
    assert f'<a href="/campaigns/{campaign.pk}/">Autumn sale</a>, batch 1' in html
    assert "adds up to the 3 texts that RingCentral took" in html
    assert "/messages/?batch=b-1&amp;state=not_delivered" in html
    assert "The number is not in use, or it cannot take texts." in html
    assert "$0.02" in html


def test_foreign_ones_are_counted_in_the_provider_store(as_viewer: PageClient) -> None:
    made = store.batch("b-1", size=3, processed=2, status="Processing")
    store.message("1", batch=made)
    store.failed("2", batch=made)
    provider_store.recount([made.pk])
    html = as_viewer.page(PATH)
    assert "another program" in html
    assert "2 of 3 counted so far" in html
    assert "2 of 3 texts processed by RingCentral" in html
    assert "$0.01 so far" in html
    assert "SMS-CAR-411" in html


def test_not_counted_yet(as_viewer: PageClient) -> None:
    store.batch("b-1", size=0, processed=0, status="")
    html = as_viewer.page(PATH)
    assert "not counted yet" in html
    assert "not known yet" in html
    assert "Why some were not delivered" not in html


@pytest.mark.parametrize("path", ["/batches/b-2/", "/batches/%27%20OR%201=1/", "/batches/%F0%9F%90%9F/"])
def test_unknown(as_viewer: PageClient, path: str) -> None:
    assert as_viewer.get(path).status_code == 404
    store.batch("b-1")
    assert as_viewer.get(path).status_code == 404


def test_composers_refresh(as_composer: PageClient) -> None:
    store.batch("b-1")
    assert "Refresh" in as_composer.page(PATH)
