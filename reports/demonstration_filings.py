"""Certified filings of the demonstration, recorded together.

Filing, submitting and certifying one after another, each with all its checks, would let the first start wait
for half a minute. What stands on record afterwards is the same.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from connecticard.models import AuditEvent, Role, User
from libraries.models import Library
from transactions.models import Filing, FilingBasis, FilingPeriod, FilingReceipt
from transactions.rules.filing_status import FilingStatus
from transactions.rules.form_editions import edition_named, edition_on
from transactions.rules.receipt_numbers import DRAWN, DRAWN_FROM, ReceiptKind, receipt_number
from transactions.services import derive_totals, filing_fingerprints
from transactions.services.receipts import SUBMITTED
from transactions.services.roster import range_of


@dataclass(frozen=True)
class Filed:
    """What a director filed for a whole period, by home library and month, and when."""

    library: Library
    period: FilingPeriod
    counts: Mapping[tuple[int, date | None], int]
    director: User
    at: datetime


def record_certified(filed: Sequence[Filed]) -> None:
    """Record filings as entered, submitted and certified by their directors, with receipts."""
    filings = Filing.objects.bulk_create(
        [
            Filing(
                library=each.library,
                period=each.period,
                version=1,
                basis=FilingBasis.BY_MONTH,
                covers=range_of(each.period.span),
                form_edition=edition_on(each.period.first_day).name,
                created_at=each.at,
                created_by=each.director,
                saved_at=each.at,
                revision=1,
                nothing_lent=not any(each.counts.values()),
            )
            for each in filed
        ]
    )
    _copy_counts(filings, filed)
    fingerprints = filing_fingerprints(filing.pk for filing in filings)
    for filing, each in zip(filings, filed, strict=True):
        filing.status = FilingStatus.CERTIFIED
        filing.first_submitted_at = filing.submitted_at = filing.certified_at = each.at
        filing.submitted_by = filing.certified_by = each.director
        filing.sha256 = fingerprints[filing.pk]
        filing.attestation = edition_named(filing.form_edition).statement(
            nothing_lent=filing.nothing_lent, not_counted=False
        )
    Filing.objects.bulk_update(
        filings,
        [
            "status",
            "first_submitted_at",
            "submitted_at",
            "submitted_by",
            "certified_at",
            "certified_by",
            "sha256",
            "attestation",
        ],
        batch_size=200,
    )
    derive_totals(filing.pk for filing in filings)
    FilingReceipt.objects.bulk_create(
        _receipt(filing, each, kind)
        for filing, each in zip(filings, filed, strict=True)
        for kind in (ReceiptKind.SUBMISSION, ReceiptKind.CERTIFICATE)
    )
    for filing in filings:
        for action in ("filing_submitted", "filing_certified"):
            AuditEvent.record(
                action,
                target=filing,
                by=filing.certified_by,
                after={"version": filing.version, "sha256": filing.sha256},
            )


def _copy_counts(filings: Sequence[Filing], filed: Sequence[Filed]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY transactions_loancount (filing_id, home_library_id, month, loans) FROM STDIN"
        ) as rows,
    ):
        for filing, each in zip(filings, filed, strict=True):
            for (home_library, month), loans in each.counts.items():
                rows.write_row((filing.pk, home_library, month, loans))


def _receipt(filing: Filing, filed: Filed, kind: ReceiptKind) -> FilingReceipt:
    """Return the receipt of a submission, or the certificate that followed it."""
    is_certificate = kind is ReceiptKind.CERTIFICATE
    sequence = 2 if is_certificate else 1
    sums: Counter[date | None] = Counter()
    for (_, month), loans in filed.counts.items():
        sums[month] += loans
    return FilingReceipt(
        kind=kind,
        number=receipt_number(
            library=filed.library.key,
            first_day=filed.period.first_day,
            last_day=filed.period.last_day,
            version=filing.version,
            kind=kind,
            sequence=sequence,
            drawn="".join(secrets.choice(DRAWN_FROM) for _ in range(DRAWN)),
        ),
        filing=filing,
        library=filed.library,
        library_name=filed.library.name,
        period=filed.period,
        version=filing.version,
        sequence=sequence,
        issued_at=filed.at,
        signer=filed.director,
        signer_name=str(filed.director),
        role=f"{(Role.LIBRARY_CERTIFIER if is_certificate else Role.LIBRARY_FILER).label}, {filed.library}",
        statement=filing.attestation if is_certificate else SUBMITTED,
        sha256=filing.sha256,
        form_edition=filing.form_edition,
        revision=filing.revision,
        totals=[[f"{month:%Y-%m}", sums[month]] for month in filed.period.span.months()],
    )
