"""What the addresses of pages may hold. Each list's own tests turn its pages."""

import pytest

from tests.dashboard import store_factories
from tests.dashboard.page_client import PageClient
from tests.dashboard.test_urls import CAMPAIGN, IMPORT, LIST, filled


@pytest.mark.parametrize("field", ["before", "after"])
@pytest.mark.parametrize("place", ["x", "-1", "9" * 40, "1.5", "\uff11", "' OR 1=1"])
def test_nonsense_in_the_address_is_the_first_page(
    as_viewer: PageClient, there: dict[str, int | str], field: str, place: str
) -> None:
    store_factories.failed("f-1")
    lists = ("/lists/", "/opt-outs/", "/campaigns/", "/reports/", "/batches/", "/messages/")
    for path in (*lists, LIST, IMPORT, f"{CAMPAIGN}people/"):
        answer = as_viewer.get(filled(path, there), {field: place})
        assert answer.status_code == 200
        html = answer.content.decode()
        assert "page-first" not in html
        assert html.count("<tr") == as_viewer.page(filled(path, there)).count("<tr")
