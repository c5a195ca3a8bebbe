"""A year's loan counts from a file, checked, against COPY of rows that are known to be right."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, Role, RoleAssignment, User
from libraries.models import Library
from libraries.roster import load_roster
from tests.bench.measure import Measurement, paired
from tests.bench.synthetic import reportable_pairs, year_of_counts
from transactions.importing import import_loans
from transactions.models import Filing, FilingPeriod
from transactions.rules.filing_calendar import Cadence, periods_of_year
from transactions.services.holidays import days_closed
from transactions.services.periods import ensure_periods

YEAR = 2018
AT = datetime(2018, 4, 2, 14, tzinfo=UTC)


def run() -> Iterable[Measurement]:
    load_roster()
    annual = periods_of_year(YEAR, [(Cadence.ANNUAL, None, None)], days_closed())[0]
    period = ensure_periods([annual])[annual]
    staff = User.objects.create_user("bench@example.org", name="Bench")
    RoleAssignment.objects.create(user=staff, role=Role.STATE_STAFF, valid=DateRange(None, None))
    libraries = list(Library.objects.order_by("key"))
    pairs = reportable_pairs()
    with TemporaryDirectory() as folder:
        path, before = Path(folder) / "loans.csv", Path(folder) / "before.csv"
        _write(path, pairs, seed=1)
        _write(before, list({lender: (lender, home) for lender, home in pairs}.values()), seed=2)
        rows = len(pairs) * 12
        yield paired(
            f"bulk load of {rows:,} counts, rows a second against plain COPY",
            ours=lambda: import_loans(path=path, program_year=YEAR, at=AT),
            floor=_copier(libraries, period, pairs, version=1),
            goal=0.35,
            at_most=False,
            rate=True,
            prepare=_clear,
        )

        def certify_others() -> None:
            _clear()
            import_loans(path=before, program_year=YEAR, certified_by=staff, at=AT)

        yield paired(
            "the same as new versions of certified filings",
            ours=lambda: import_loans(path=path, program_year=YEAR, amend="Benchmark", at=AT),
            floor=_copier(libraries, period, pairs, version=2),
            goal=0.35,
            at_most=False,
            rate=True,
            prepare=certify_others,
        )


def _write(path: Path, pairs: list[tuple[Library, Library]], seed: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("lender,home_library,loans,month\n")
        for lender, home, month, loans in year_of_counts(pairs, YEAR, seed):
            file.write(f"{lender.key},{home.key},{loans},{month:%Y-%m}\n")


def _copier(
    libraries: list[Library], period: FilingPeriod, pairs: list[tuple[Library, Library]], version: int
):
    """Return the floor: the same lock, filings and audit rows, and the counts in one COPY of ready text.

    Ids are told beforehand, because `prepare` lets them begin at the same number each time.
    """
    first = 1 + (version - 1) * len(libraries)
    filing_of = {library.pk: first + place for place, library in enumerate(libraries)}
    text = "".join(
        f"{filing_of[lender.pk]}\t{home.pk}\t{month:%Y-%m-%d}\t{loans}\n"
        for lender, home, month, loans in year_of_counts(pairs, YEAR, seed=3)
    )

    @transaction.atomic
    def copy() -> None:
        share_payment_inputs()
        filings = Filing.objects.bulk_create(
            [
                Filing(
                    library=library,
                    period=period,
                    version=version,
                    status="submitted",
                    basis="by_month",
                    covers=DateRange(date(YEAR - 1, 3, 1), date(YEAR, 3, 1)),
                    form_edition="bench",
                    provenance="published",
                    provenance_note="bench",
                    amends_because="bench",
                    created_at=AT,
                    submitted_at=AT,
                    first_submitted_at=AT,
                    sha256="0" * 64,
                )
                for library in libraries
            ]
        )
        assert [filing.pk for filing in filings] == list(filing_of.values())
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY transactions_loancount (filing_id, home_library_id, month, loans) FROM STDIN"
            ) as counts,
        ):
            counts.write(text)
        AuditEvent.record_each("bench", targets=[(filing, None, None) for filing in filings], by=None)

    return copy


def _clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE transactions_loancount, transactions_filingtotal, transactions_filing, "
            "connecticard_auditevent RESTART IDENTITY CASCADE"
        )
