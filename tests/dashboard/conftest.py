"""The cast, signed in. Every page that they see is checked against the HTML rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.template import engines
from django.template.backends.django import DjangoTemplates

from campaigns.models import ContactList, Discrepancy, Import
from tests.dashboard import store_factories
from tests.dashboard.html_rules import UNRESOLVED
from tests.dashboard.page_client import PageClient
from tests.support import factories


class _Unresolved(str):
    """False, so that the `default` filter works on what is not there; loud when it is printed."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def _loud_templates() -> Iterator[None]:
    """A variable that does not exist shows up in the page, where the page client finds it."""
    django = engines["django"]
    assert isinstance(django, DjangoTemplates)
    before = django.engine.string_if_invalid
    django.engine.string_if_invalid = _Unresolved(UNRESOLVED)
    yield
    django.engine.string_if_invalid = before


@pytest.fixture(autouse=True)
def _own_upload_folder(settings: LazySettings, tmp_path: Path) -> None:
    """Each test has its own folder of uploads, so that it can say what was left in it."""
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def stranger(db: None) -> PageClient:
    """Not signed in."""
    return PageClient()


@pytest.fixture
def as_nobody(nobody: User) -> PageClient:
    """Signed in, without a role."""
    return PageClient(nobody)


@pytest.fixture
def as_viewer(viewer: User) -> PageClient:
    return PageClient(viewer)


@pytest.fixture
def as_composer(composer: User) -> PageClient:
    return PageClient(composer)


@pytest.fixture
def as_sender(sender: User) -> PageClient:
    return PageClient(sender)


@pytest.fixture
def as_admin(admin: User) -> PageClient:
    return PageClient(admin)


@pytest.fixture
def there(db: None, admin: User) -> dict[str, int | str]:
    """A row behind every address, by the name of the part of the address."""
    campaign = store_factories.handed_over()
    text = store_factories.message()
    known = Discrepancy.objects.create(kind=Discrepancy.Kind.UNKNOWN_TEXT, account="1", about="m-1")
    return {
        "campaign_id": campaign.pk,
        "list_id": ContactList.objects.get().pk,
        "import_id": Import.objects.get().pk,
        "opt_out_id": factories.opt_out("+12125550199").pk,
        "message_id": text.pk,
        "provider_id": "b-ours",
        "discrepancy_id": known.pk,
        "attempt_id": 4711,
        "decision": "leave",
        "provider": "ringcentral",
        "secret": "secret",
        "user": admin.pk,
    }
