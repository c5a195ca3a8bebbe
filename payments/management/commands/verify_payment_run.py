"""Work a payment run out again from what was frozen with it, and compare."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from payments.models import PaymentRun
from payments.verification import differences


class Command(BaseCommand):
    help = "Work a payment run out again from its frozen inputs; exit 1 and list every difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        run = PaymentRun.objects.filter(pk=options["run"]).first()
        if run is None:
            self.stderr.write(
                f"No payment run has the number {options['run']}; the address of its page shows it."
            )
            sys.exit(2)
        if run.calculated_at is None:
            self.stderr.write(f"{run} has not been calculated; there is nothing to verify.")
            sys.exit(2)
        if found := differences(run):
            for difference in found:
                self.stderr.write(str(difference))
            sys.exit(1)
        self.stdout.write(
            f"{run} is proved: {run.payments.count()} payments worked out again, the same to the cent.\n"
            f"manifest {run.manifest_sha256}"
        )
