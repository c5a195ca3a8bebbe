"""The program's main job without a browser, on the published figures of fiscal year 2018."""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Sum

from connecticard import clock
from connecticard.demo_people import DemoPerson, ensure_demo_people
from connecticard.models import Role, User
from libraries.models import Library
from payments.calculation import rates_of
from payments.models import PaymentRun
from payments.rules.cents import dollars
from reports.models import Document, DocumentBatch, DocumentKind
from reports.replay import issue_open_editions, replay_fy2018
from reports.services import restart_documents

PEOPLE = (
    DemoPerson("staff@example.org", "Sam Staff", Role.STATE_STAFF),
    DemoPerson("administrator@example.org", "Ada Administrator", Role.STATE_ADMINISTRATOR),
)
SECONDS_WITHOUT_PROGRESS = 120


class Command(BaseCommand):
    help = "Import the loans of FY2018, calculate, certify and publish the payments, and make every document."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, required=True, help="folder for the documents")

    def handle(self, *args: Any, **options: Any) -> None:
        if not Library.objects.exists():
            self.stderr.write("There are no libraries on record; run load_roster first.")
            sys.exit(2)
        ensure_demo_people(PEOPLE)
        staff, administrator = (User.objects.get(email=person.email) for person in PEOPLE)
        run = replay_fy2018(staff=staff, administrator=administrator, at=clock.now())
        batch = run.document_batches.latest("pk")
        restart_documents(batch=batch, by=staff)  # asks for nothing where all are made
        self._wait(batch)
        issue_open_editions(by=administrator)
        files = _copy(batch, options["output"])
        self._print_summary(run, batch, options["output"], files)

    def _wait(self, batch: DocumentBatch) -> None:
        """Wait for the worker; stop with an error where a document failed or nothing moves any more."""
        seen, moved_at = -1, time.monotonic()
        while True:
            made, failed, asked = batch.progress()
            if made + failed != seen:
                if (made + failed) * 10 // asked > seen * 10 // asked:
                    self.stderr.write(f"documents made: {made} of {asked}")
                seen, moved_at = made + failed, time.monotonic()
            if made == asked:
                return
            if failed:
                for line in batch.lines.exclude(failure=""):
                    self.stderr.write(f"{line.get_kind_display()}: {line.failure}")
                sys.exit(1)
            if time.monotonic() - moved_at > SECONDS_WITHOUT_PROGRESS:
                self.stderr.write("The worker makes no documents; see its log, or start one.")
                sys.exit(1)
            time.sleep(0.5)

    def _print_summary(self, run: PaymentRun, batch: DocumentBatch, folder: Path, files: list[Path]) -> None:
        totals = run.payments.aggregate(
            loans=Sum("loans"),
            net_plus=Sum("net_plus"),
            paid=Sum("payment_cents"),
            withheld=Sum("withheld_cents"),
        )
        per_loan, per_net_plus = rates_of(run)
        estimated = " (estimated)" if run.estimated else ""
        rows = [
            (
                "Fiscal year",
                f"{run.fiscal_year}, measured {run.measured.first_day} to {run.measured.last_day}",
            ),
            ("Libraries", f"{run.payments.count():,}"),
            ("Loans", f"{totals['loans']:,}"),
            ("Net-plus loans", f"{totals['net_plus']:,}{estimated}"),
            ("Transactions pool", f"{dollars(run.transactions_pool_cents or 0)} at ${per_loan} a loan"),
            (
                "Net-plus pool",
                f"{dollars(run.net_plus_pool_cents or 0)} at ${per_net_plus} a net-plus loan{estimated}",
            ),
            ("Payments sum to", dollars(totals["paid"])),
            ("Withheld", dollars(totals["withheld"])),
            ("Undistributed", dollars(run.undistributed_cents or 0)),
            ("Certified by", f"{run.certified_by} (prepared by {run.prepared_by})"),
            ("Manifest SHA-256", run.manifest_sha256),
            ("Folder", _shown(folder)),
            ("Files", f"{len(files)}: {_number(files, '.pdf')} PDF, {_number(files, '.csv')} CSV"),
            (
                "Statements",
                f"{batch.lines.filter(kind=DocumentKind.PAYMENT_STATEMENT).count()} in statements/",
            ),
        ]
        for line in batch.lines.exclude(kind=DocumentKind.PAYMENT_STATEMENT).select_related("document"):
            assert line.document is not None, "every line is made"
            rows.append((line.get_kind_display(), Path(str(line.document.pdf.name)).name))
        width = max(len(label) for label, _ in rows)
        for label, value in rows:
            self.stdout.write(f"{label + ':':<{width + 2}}{value}")


def _copy(batch: DocumentBatch, folder: Path) -> list[Path]:
    """Copy a batch's files into the folder, statements into one of their own; return their paths."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "statements").mkdir(parents=True)
    copied = []
    for document in Document.objects.filter(pk__in=batch.lines.values("document")):
        into = folder / "statements" if document.library_id else folder
        for file in (document.pdf, document.csv):
            target = into / Path(str(file.name)).name
            with file.open() as stored:
                target.write_bytes(stored.read())
            copied.append(target)
    return copied


def _number(files: list[Path], ending: str) -> int:
    return sum(file.suffix == ending for file in files)


def _shown(folder: Path) -> str:
    """Return a folder as seen from the project, where it lies inside it."""
    absolute = folder.resolve()
    return str(
        absolute.relative_to(settings.BASE_DIR) if absolute.is_relative_to(settings.BASE_DIR) else absolute
    )
