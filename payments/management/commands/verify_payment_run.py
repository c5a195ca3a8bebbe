"""Work payment runs out again from what was frozen with them, and compare."""

import json
import sys
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connecticard import clock
from payments.models import PaymentRun, RunVerification, VerifiedBecause
from payments.proving.proof import certified_runs, verify_run


@dataclass(frozen=True)
class WrongUse(Exception):
    """What was asked for is not there; the text says what to give instead."""

    text: str


class Command(BaseCommand):
    help = (
        "Work payment runs out again from their frozen inputs, and keep what came out. "
        "Exit 0: the same; 1: a difference, each listed; 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("run", type=int, nargs="?", metavar="ID", help="as in the address of its page")
        which.add_argument("--fiscal-year", type=int, help="every certified run of the year, void ones too")
        which.add_argument("--all", action="store_true", help="every run that was ever certified")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            runs = _runs(options["run"], options["fiscal_year"])
        except WrongUse as wrong:
            self.stderr.write(wrong.text)
            sys.exit(2)
        found = [verify_run(run=run, because=VerifiedBecause.COMMAND, at=clock.now()) for run in runs]
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(each) for each in found], indent=2, ensure_ascii=False))
        else:
            for verification in found:
                self._print(verification)
        if not all(verification.same for verification in found):
            sys.exit(1)

    def _print(self, verification: RunVerification) -> None:
        run = verification.run
        if verification.same:
            self.stdout.write(
                f"{run} is proved: {run.payments.count()} payments worked out again, the same to the cent.\n"
                f"manifest {run.manifest_sha256}"
            )
            return
        self.stderr.write(f"{run} is not the same:")
        for each in verification.differences:
            self.stderr.write(f"{each['what']}: recorded {each['recorded']}, recomputed {each['recomputed']}")


def _runs(pk: int | None, fiscal_year: int | None) -> list[PaymentRun]:
    if pk is not None:
        run = PaymentRun.objects.filter(pk=pk).first()
        if run is None:
            raise WrongUse(f"No payment run has the number {pk}; the address of its page shows it.")
        if run.calculated_at is None:
            raise WrongUse(f"{run} has not been calculated; there is nothing to verify.")
        return [run]
    if fiscal_year is None:
        return list(certified_runs())
    runs = list(certified_runs().filter(fiscal_year=fiscal_year))
    if not runs:
        raise WrongUse(f"No run of fiscal year {fiscal_year} was certified; give the year in which it ends.")
    return runs


def _as_json(verification: RunVerification) -> dict[str, Any]:
    run = verification.run
    return {
        "run": f"{run.fiscal_year}-{run.number}",
        "status": run.status,
        "verified_at": verification.verified_at.isoformat(),
        "code_version": verification.code_version,
        "manifest_sha256": run.manifest_sha256,
        "payments": run.payments.count(),
        "same": verification.same,
        "differences": verification.differences,
    }
