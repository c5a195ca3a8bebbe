from django.apps import AppConfig


class ConnecticardConfig(AppConfig):
    name = "connecticard"
    verbose_name = "People and audit"
