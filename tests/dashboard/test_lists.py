import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Import
from tests.dashboard.page_client import PageClient
from tests.support import factories


def test_empty_page_teaches_the_first_step(as_composer: PageClient) -> None:
    html = as_composer.page("/lists/")
    assert "No list yet" in html
    assert 'href="/lists/new/"' in html
    assert "samples/recipients.csv" in html


def test_viewer_learns_why_there_is_no_button(as_viewer: PageClient) -> None:
    html = as_viewer.page("/lists/")
    assert 'href="/lists/new/"' not in html
    assert "To upload one you need the role composer." in html


def test_lists_newest_first_with_what_was_not_used(as_composer: PageClient) -> None:
    factories.contact_list("Older", people=2)
    newer = factories.contact_list("Newer", people=456, bad=[factories.bad_row(999, "x", "letters")])
    html = as_composer.page("/lists/")
    assert html.index("Newer") < html.index("Older")
    assert ">456<" in html
    assert f'href="/imports/{newer.imports.get().pk}/#not-used">1</a>' in html
    assert f'href="/lists/{newer.pk}/"' in html


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Import.State.WAITING, "Being read"),
        (Import.State.READING, "Being read"),
        (Import.State.FAILED, "Refused"),
    ],
)
def test_list_that_is_not_ready_leads_to_its_file(as_viewer: PageClient, state: str, word: str) -> None:
    made = factories.contact_list(people=0, state=state)
    html = as_viewer.page("/lists/")
    assert word in html
    assert f'href="/imports/{made.imports.get().pk}/"' in html
    assert f'href="/lists/{made.pk}/"' not in html


def test_list_of_a_name_that_is_markup(as_viewer: PageClient) -> None:
    factories.contact_list("<img src=x onerror=alert(1)>")
    assert "<img src=x" not in as_viewer.page("/lists/")


def test_pages(as_viewer: PageClient) -> None:
    made = [factories.contact_list(f"List {number:02}.", people=0) for number in range(53)]
    first = as_viewer.page("/lists/")
    assert "List 52." in first
    assert "List 03." in first
    assert "List 02." not in first
    assert f'href="/lists/?before={made[3].pk}"' in first
    second = as_viewer.page(f"/lists/?before={made[3].pk}")
    assert "List 02." in second
    assert "List 00." in second
    assert 'href="/lists/"' in second
    assert "No older lists" in as_viewer.page(f"/lists/?before={made[0].pk}")


def test_queries_do_not_grow_with_the_lists(as_viewer: PageClient) -> None:
    asked = []
    for more in (1, 20):
        for _ in range(more):
            factories.contact_list(people=1)
        with CaptureQueriesContext(connection) as queries:
            as_viewer.page("/lists/")
        asked.append(len(queries))
    assert asked[0] == asked[1]
