"""The three roles of people. Each may do what the one before it may.

They are kept after every `migrate`, so a table that arrives later is seen by all roles without a step of its
own. Permissions that an administrator adds to a role stay; those named here come back.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions

COMPOSER = (
    "add_campaign",
    "change_campaign",
    "add_contactlist",
    "change_contactlist",
    "delete_contactlist",
    "add_optout",
    "change_optout",
)
SENDER = ("send_campaign",)
NEVER_SHOWN = ("view_accesstoken",)


def keep_roles(sender: AppConfig, using: str, apps: Apps = current_apps, **kwargs: Any) -> None:
    """Receiver of `post_migrate`: the groups viewer, composer and sender exist and hold their permissions."""
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:  # migrated back to before there were users
        return
    # Django makes permissions in the same signal; asking again makes us independent of who is called first.
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    own = permission_model.objects.using(using).filter(content_type__app_label="campaigns")
    viewer = [*own.filter(codename__startswith="view_").exclude(codename__in=NEVER_SHOWN)]
    composer = [*viewer, *own.filter(codename__in=COMPOSER)]
    roles = {"viewer": viewer, "composer": composer, "sender": [*composer, *own.filter(codename__in=SENDER)]}
    for name, permissions in roles.items():
        group, _ = group_model.objects.using(using).get_or_create(name=name)
        group.permissions.add(*permissions)
