import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from campaigns import roles
from campaigns.apps import CampaignsConfig

pytestmark = pytest.mark.django_db


def permissions(role: str) -> set[str]:
    return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_each_role_holds_the_one_before_it() -> None:
    viewer, composer, sender = map(permissions, ("viewer", "composer", "sender"))
    assert viewer < composer < sender
    assert sender - composer == {"send_campaign"}
    assert all(codename.startswith("view_") for codename in viewer)
    assert {"view_campaign", "view_contactlist", "view_optout", "view_message"} <= viewer


def test_nobody_sees_tokens() -> None:
    assert not any("accesstoken" in codename for codename in permissions("sender"))


def test_kept_again_without_taking_what_was_added() -> None:
    extra = Permission.objects.get(codename="add_user")
    group = Group.objects.get(name="viewer")
    group.permissions.add(extra)
    group.permissions.remove(Permission.objects.get(codename="view_campaign"))
    Group.objects.get(name="sender").delete()
    config = apps.get_app_config("campaigns")
    assert isinstance(config, CampaignsConfig)
    roles.keep_roles(config, "default")
    assert {"add_user", "view_campaign"} <= permissions("viewer")
    assert "send_campaign" in permissions("sender")
