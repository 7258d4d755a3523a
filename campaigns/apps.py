from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save, pre_migrate


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Carillon"

    def ready(self) -> None:
        from campaigns import checks, roles  # noqa: F401 - importing checks registers them
        from campaigns.local import bootstrap
        from campaigns.runtime import schema_version
        from campaigns.sending import restore_guard

        pre_migrate.connect(
            schema_version.refuse_unreleased, sender=self, dispatch_uid="campaigns.unreleased"
        )
        post_migrate.connect(roles.keep_roles, sender=self, dispatch_uid="campaigns.roles")
        post_migrate.connect(
            restore_guard.ensure_installation_name, sender=self, dispatch_uid="campaigns.installation"
        )
        post_save.connect(
            bootstrap.first_password_changed, sender="auth.User", dispatch_uid="campaigns.first_password"
        )
