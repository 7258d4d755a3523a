from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Signing in"

    def ready(self) -> None:
        from dashboard import checks  # noqa: F401 - importing it registers them
