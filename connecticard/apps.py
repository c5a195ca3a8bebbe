from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConnecticardConfig(AppConfig):
    name = "connecticard"
    verbose_name = "People and audit"

    def ready(self) -> None:
        from connecticard import checks, sign_in  # noqa: F401  (they register themselves)
        from connecticard.published_tables import watch_tables

        post_migrate.connect(watch_tables)
