from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from reports import help_values  # noqa: F401  (it registers what help pages may show)
