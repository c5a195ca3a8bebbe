"""Receipts: given in the transaction that submits or certifies, withdrawn with a version that is undone."""

import secrets
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum

from connecticard import permissions
from connecticard.models import RoleAssignment, User
from connecticard.permissions import Action
from transactions.models import Filing, FilingBasis, FilingReceipt
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.receipt_numbers import DRAWN, DRAWN_FROM, ReceiptKind, receipt_number

SUBMITTED = (
    "Submitted to the Connecticut State Library as the report of the library. "
    "It counts once the library has certified it."
)
_ACTIONS = {
    ReceiptKind.SUBMISSION: Action.ENTER_COUNTS,
    ReceiptKind.CERTIFICATE: Action.CERTIFY_FILING,
}


def give_receipt(
    filing: Filing, kind: ReceiptKind, *, statement: str, by: User, at: datetime
) -> FilingReceipt:
    """Give the receipt of a filing that was just submitted or certified, whose row is locked."""
    period = filing.period
    given = FilingReceipt.objects.filter(library=filing.library, period=period, version=filing.version)
    sequence = (given.aggregate(last=Max("sequence"))["last"] or 0) + 1
    return FilingReceipt.objects.create(
        kind=kind,
        number=receipt_number(
            library=filing.library.key,
            first_day=period.first_day,
            last_day=period.last_day,
            version=filing.version,
            kind=kind,
            sequence=sequence,
            drawn="".join(secrets.choice(DRAWN_FROM) for _ in range(DRAWN)),
        ),
        filing=filing,
        library=filing.library,
        library_name=filing.library.name,
        period=period,
        version=filing.version,
        sequence=sequence,
        issued_at=at,
        signer=by,
        signer_name=str(by),
        role=_role_in_words(by, kind, filing, at),
        statement=statement,
        sha256=filing.sha256,
        form_edition=filing.form_edition,
        revision=filing.revision,
        totals=_totals(filing),
    )


def withdraw_receipts(filing: Filing, at: datetime) -> None:
    """Part the receipts of a version from it, which is about to be removed; they stay on record."""
    FilingReceipt.objects.filter(filing=filing).update(filing=None, withdrawn_at=at)


def _role_in_words(by: User, kind: ReceiptKind, filing: Filing, at: datetime) -> str:
    on = eastern_day(at)
    held = permissions.acting_as(by, _ACTIONS[kind], filing.library, on=on)
    held = held or permissions.acting_as(by, Action.VIEW_LIBRARY, filing.library, on=on)
    if held is None:
        return "no role for the library on record"
    return f"{held.title}{_days_in_words(held)}"


def _days_in_words(held: RoleAssignment) -> str:
    """Say the days of a deputy, whose signature holds for them alone."""
    if not held.is_deputy or held.last_day is None:
        return ""
    return f", from {written_day(held.valid.lower)} through {written_day(held.last_day)}"


def _totals(filing: Filing) -> list[list[Any]]:
    """Return the sums by month; none where all that stands in a month is that nothing was counted."""
    sums = dict(filing.loan_counts.order_by("month").values_list("month").annotate(loans=Sum("loans")))
    if filing.basis == FilingBasis.PERIOD_TOTAL:
        return [[None, sums.get(None, 0)]]
    return [[f"{month:%Y-%m}", sums.get(month, 0)] for month in filing.covers_span.months()]
