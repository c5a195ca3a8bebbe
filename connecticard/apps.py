from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import post_migrate


class ConnecticardConfig(AppConfig):
    default = True  # among the configurations of this module
    name = "connecticard"
    verbose_name = "People and audit"

    def ready(self) -> None:
        from connecticard import checks, sign_in  # noqa: F401  (they register themselves)
        from connecticard.help import own_macros  # noqa: F401  (so do they)
        from connecticard.published_tables import watch_tables

        post_migrate.connect(watch_tables)


class ReferenceAdminConfig(SimpleAdminConfig):
    """Django's admin with the pages of the site's own apps alone: what libraries bring for it stays out."""

    default_site = "connecticard.admin_site.ReferenceSite"

    def ready(self) -> None:
        super().ready()
        for app in ("connecticard.help", "libraries", "transactions", "payments"):
            import_module(f"{app}.admin")
