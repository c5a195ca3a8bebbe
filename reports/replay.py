"""Fiscal year 2018 done again from published figures: the whole path from counts to published reports."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from connecticard.models import User
from payments import services
from payments.models import Appropriation, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from reports import making
from reports.edition_services import certify_edition, publish_edition, review_edition
from reports.models import ANNUAL, Edition
from reports.services import publish_run
from transactions.importing import import_loans

FISCAL_YEAR = 2018
COUNTS = Path(settings.BASE_DIR) / "transactions" / "data" / "loans_fy2018.csv"
ESTIMATE = "lender totals published; borrower split estimated"
APPROPRIATION_CENTS = 703_638_00
APPROPRIATION = "Appropriation of fiscal year 2018, as published by the Connecticut State Library"


def replay_fy2018(*, staff: User, administrator: User, at: datetime) -> PaymentRun:
    """Import the counts, split the appropriation, certify as a second person and publish.

    Returns the run on record if any. Participation and requirements of that year are assumed: it was
    filed before this system.
    """
    if run := PaymentRun.objects.filter(fiscal_year=FISCAL_YEAR, status=PaymentRunStatus.CERTIFIED).first():
        return run
    import_loans(path=COUNTS, program_year=FISCAL_YEAR, certified_by=staff, estimated=ESTIMATE, at=at)
    appropriation = Appropriation.objects.filter(fiscal_year=FISCAL_YEAR).first()
    if appropriation is None:
        appropriation = services.record_appropriation(
            fiscal_year=FISCAL_YEAR, cents=APPROPRIATION_CENTS, act=APPROPRIATION, by=staff
        )
    run = services.create_run(appropriation=appropriation, by=staff, at=at, assumed_eligible=True)
    run = services.calculate_run(run=run, by=staff, at=at)
    run = services.certify_run(run=run, by=administrator, at=at)
    publish_run(run=run, by=administrator, at=at)
    return run


def issue_open_editions(*, by: User) -> None:
    """Take every edition that waits to the public in one go, as of the moment it was prepared.

    Its reports are made here unless the worker made them. `by` is an administrator who prepared none.
    """
    for edition in Edition.objects.filter(certified_at__isnull=True).order_by("fiscal_year"):
        lines = edition.document_batches.latest("pk").lines.filter(kind__in=ANNUAL)
        making.make_lines(lines.values_list("pk", flat=True))
        at = edition.prepared_at
        review_edition(edition=edition, by=by, at=at)
        certify_edition(edition=edition, by=by, at=at)
        publish_edition(edition=edition, by=by, at=at)
