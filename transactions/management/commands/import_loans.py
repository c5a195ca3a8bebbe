import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connecticard import clock
from connecticard.models import User
from transactions.importing import ImportRefused, LoanImport, NoSuchProgramYear, import_loans
from transactions.loan_file import LoanFileRefused
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import program_year


class Command(BaseCommand):
    help = (
        "Record the loan counts of a program year from a CSV or XLSX file, all of them or none. Exits 0 when "
        "done, 1 when the file is refused (each bad row is a line on standard error), 2 on wrong use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, or XLSX of which the first sheet is read")
        parser.add_argument(
            "--program-year", type=int, required=True, help="2018 is March 2017 to February 2018"
        )
        parser.add_argument(
            "--certified-by",
            metavar="EMAIL",
            help="record the filings as certified in the name of this person of the State Library; "
            "without it they are submitted and do not count",
        )
        parser.add_argument("--estimated", metavar="NOTE", help="mark the counts as estimated, and say how")
        parser.add_argument("--amend", metavar="REASON", help="record other counts as a new version")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("estimated", "amend"):
            if options[name] is not None and not options[name].strip():
                raise CommandError(f"--{name} is empty: say what it asks for, or leave it out.", returncode=2)
        if options["estimated"] and len(options["estimated"]) > 250:
            raise CommandError("--estimated takes at most 250 characters.", returncode=2)
        try:
            done = import_loans(
                path=options["file"],
                program_year=options["program_year"],
                certified_by=self._person(options["certified_by"]),
                estimated=options["estimated"] or "",
                amend=options["amend"] or "",
                dry_run=options["dry_run"],
                at=clock.now(),
            )
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.", returncode=2) from error
        except NoSuchProgramYear as error:
            raise CommandError(str(error), returncode=2) from error
        except LoanFileRefused as error:
            for bad_row in error.bad_rows:
                self.stderr.write(str(bad_row))
            self.stdout.write(f"Refused: {len(error.bad_rows)} bad. Nothing was changed.")
            sys.exit(1)
        except ImportRefused as error:
            self.stderr.write(str(error))
            sys.exit(1)
        for line in _told(done, certified=bool(options["certified_by"]), dry_run=options["dry_run"]):
            self.stdout.write(line)

    def _person(self, email: str | None) -> User | None:
        if email is None:
            return None
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            self.stderr.write(f"--certified-by: nobody here has the address {email}. Check it.")
            sys.exit(1)
        return person


def _told(done: LoanImport, *, certified: bool, dry_run: bool) -> list[str]:
    span = written_span(program_year(done.program_year))
    read = f"{done.rows:,} rows, {done.lenders:,} lenders, {done.loans:,} loans, {span}."
    if not done.changed:
        return [read, "The same content is on record already: nothing was changed."]
    how = "certified" if certified else "submitted; they do not count until they are certified"
    are = "would be" if dry_run else "were"
    lines = [read]
    if done.recorded:
        lines.append(f"{done.recorded:,} filings {are} recorded as {how}.")
    if done.amended:
        lines.append(f"{done.amended:,} filings {are} recorded as a new version, {how}.")
    if done.certified:
        lines.append(f"{done.certified:,} filings on record {are} certified.")
    if done.unchanged:
        lines.append(f"{done.unchanged:,} filings are on record with the same content and stay as they are.")
    if dry_run:
        lines.append("Dry run: nothing was changed.")
    return lines
