from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from connecticard.delivery import look_before_sending
        from connecticard.models import MessageKind
        from payments.owing import filing_effect
        from payments.owing.reminders import no_longer_needed
        from transactions import panels

        panels.add_panel(filing_effect.panel)
        look_before_sending(MessageKind.REMINDER, no_longer_needed)
