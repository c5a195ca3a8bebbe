from django.apps import AppConfig


class ConnecticardConfig(AppConfig):
    name = "connecticard"
    verbose_name = "People and audit"

    def ready(self) -> None:
        from connecticard import checks, sign_in  # noqa: F401  (they register themselves)
