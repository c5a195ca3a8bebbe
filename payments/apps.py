from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import filing_effect
        from transactions import panels

        panels.add_panel(filing_effect.panel)
