"""Work out a fiscal year's payments and print them; nothing is stored."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connecticard import clock
from payments.calculation import Calculation, calculate, rates
from payments.counting import CannotCalculate
from payments.rules.cents import parse_dollars, plain_dollars

FIRST_FISCAL_YEAR = 1995  # Regs. 11-31c-2 and 11-31c-4 are in force as they stand from January 31, 1994


class Command(BaseCommand):
    help = "Work out a fiscal year's payments from certified filings and print them as JSON; store nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fiscal-year", type=int, required=True, help="named for the year in which it ends"
        )
        parser.add_argument("--appropriation", required=True, help="dollars, such as 703638.00")
        parser.add_argument("--withheld", choices=["keep", "redistribute"], default="keep")
        parser.add_argument(
            "--assume-eligible",
            action="store_true",
            help="treat every library open in the period as participating and in order",
        )
        parser.add_argument("--json", action="store_true", required=True, help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cents = parse_dollars(options["appropriation"])
        except ValueError as error:
            self.stderr.write(f"--appropriation: {error}")
            sys.exit(2)
        if not FIRST_FISCAL_YEAR <= options["fiscal_year"] <= 2999:
            self.stderr.write(
                f"--fiscal-year: {options['fiscal_year']} is not a fiscal year from {FIRST_FISCAL_YEAR} on, "
                "the first under the regulation in force; give the year in which it ends, such as 2018."
            )
            sys.exit(2)
        try:
            calculation = calculate(
                options["fiscal_year"],
                cents,
                withheld=options["withheld"],
                assume_eligible=options["assume_eligible"],
                on=clock.today(),
            )
        except CannotCalculate as error:
            for problem in error.problems:
                self.stderr.write(problem)
            sys.exit(1)
        self.stdout.write(json.dumps(as_json(calculation), indent=2, ensure_ascii=False))


def as_json(calculation: Calculation) -> dict[str, Any]:
    """Return a calculation as other programs read it: money as dollars in strings, counts as integers."""
    inputs, split = calculation.inputs, calculation.split
    per_loan, per_net_plus = rates(split, calculation.sharing)
    return {
        "fiscal_year": inputs.fiscal_year,
        "measured_from": inputs.measured.first_day.isoformat(),
        "measured_to": inputs.measured.last_day.isoformat(),
        "appropriation": plain_dollars(inputs.appropriation_cents),
        "policy": {"withheld": inputs.withheld, "assumed_eligible": inputs.assumed_eligible},
        "estimated": inputs.estimated,
        "pools": {
            "transactions": plain_dollars(split.transactions_pool_cents),
            "net_plus": plain_dollars(split.net_plus_pool_cents),
        },
        "rates": {
            "per_loan": per_loan,
            "per_net_plus": per_net_plus,
        },
        "totals": {
            "loans": sum(line.loans for line in split.lines),
            "net_plus": sum(line.net_plus for line in split.lines),
            "paid": plain_dollars(sum(line.payment_cents for line in split.lines)),
            "withheld": plain_dollars(sum(line.withheld_cents for line in split.lines)),
            "undistributed": plain_dollars(split.undistributed_cents),
        },
        "lines": [
            {
                "library": line.key,
                "name": calculation.names[line.key],
                "loans": line.loans,
                "borrows": line.borrows,
                "net_plus": line.net_plus,
                "transactions_share": plain_dollars(line.transactions_share_cents),
                "net_plus_share": plain_dollars(line.net_plus_share_cents),
                "payment": plain_dollars(line.payment_cents),
                "withheld": plain_dollars(line.withheld_cents),
                "unmet": [
                    {"citation": unmet.citation, "reason": unmet.reason, "cure": unmet.cure}
                    for unmet in inputs.unmet.get(line.key, ())
                ],
            }
            for line in split.lines
        ],
        "rulebook_edition": inputs.rulebook_edition,
        "inputs_sha256": calculation.inputs_sha256,
        "manifest_sha256": calculation.manifest_sha256,
    }
