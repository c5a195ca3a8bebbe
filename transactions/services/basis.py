"""Whether a filing is by month or one total for each home library."""

from datetime import datetime

from django.db import connection, transaction

from connecticard.models import AuditEvent, User
from transactions.models import Filing, FilingBasis
from transactions.services.counts import editable
from transactions.services.refusals import FilingChanged, FilingRefused

_ADD_UP = """
    INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans)
    SELECT filing_id, home_library_id, NULL, sum(loans)
    FROM transactions_loancount WHERE filing_id = %(filing)s AND month IS NOT NULL
    GROUP BY filing_id, home_library_id
"""


@transaction.atomic
def change_basis(*, filing: Filing, basis: FilingBasis, by: User, at: datetime, expected: int) -> Filing:
    """Let a draft give months where it gave totals, or the other way round, and return it.

    Months are added up to totals, of what was counted; a total is “not counted” only where no month of the
    home library was. Totals cannot be divided among months, so they are removed, and the audit
    trail keeps them. Raises FilingChanged where somebody has saved since revision `expected`, FilingRefused
    for a filing that may not be edited or has that basis.
    """
    filing = editable(filing, by, at)
    if filing.revision != expected:
        raise FilingChanged(
            "Somebody else saved this filing meanwhile. Look at it again before you change it."
        )
    if filing.basis == basis:
        raise FilingRefused("The filing has this form already; nothing changes.")
    before = {
        "basis": filing.basis,
        "counts": [
            [key, month and month.isoformat(), loans]
            for key, month, loans in filing.loan_counts.order_by("home_library__key", "month").values_list(
                "home_library__key", "month", "loans"
            )
        ],
    }
    if basis is FilingBasis.PERIOD_TOTAL:
        with connection.cursor() as cursor:
            cursor.execute(_ADD_UP, {"filing": filing.pk})
        filing.loan_counts.filter(month__isnull=False).delete()
    else:
        filing.loan_counts.filter(month__isnull=True).delete()
    filing.basis, filing.saved_at = basis, at
    filing.revision += 1
    filing.save(update_fields=["basis", "saved_at", "revision"])
    AuditEvent.record(
        "filing_basis_changed", target=filing, by=by, before=before, after={"basis": filing.basis}
    )
    return filing
