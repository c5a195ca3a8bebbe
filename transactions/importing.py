"""Bulk import of loan counts: read into a temporary table, checked there, recorded as filings or not at all.

The counts of a past year were published and are recorded by State Library staff. Such a filing says
everything: what has no row in it is 0. It shows as *published, not certified by the library*, whoever of the
staff recorded it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import IntegrityError, connection, transaction

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.loan_file import BadRow, LoanFile, LoanFileRefused, open_loan_file
from transactions.loan_table import ColumnInFile, LoanTable, Owner
from transactions.models import Filing, FilingBasis, FilingPeriod, Provenance
from transactions.rules import filing_calendar
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import (
    Cadence,
    DatedCadence,
    PeriodDates,
    eastern_day,
    periods_of_year,
)
from transactions.rules.filing_coverage import days_covered
from transactions.rules.filing_status import FilingStatus
from transactions.services.content import derive_totals
from transactions.services.holidays import days_closed
from transactions.services.periods import ensure_periods
from transactions.services.records import discard, supersede
from transactions.services.refusals import FilingRefused
from transactions.services.roster import (
    cadences_of,
    days_of,
    letters_of,
    names_with_keys,
    range_of,
    successors,
)
from transactions.towns_served import towns_served

FIRST_PROGRAM_YEAR = 1974
PUBLISHED_NOT_CERTIFIED = "published, not certified by the library"
BULK_IMPORT_EDITION = "bulk import by State Library staff"
ATTESTATION = (
    "Recorded in bulk by State Library staff from published figures of a past year: "
    f"{PUBLISHED_NOT_CERTIFIED}. A home library or a month without a number is 0."
)
_ONE_IMPORT_AT_A_TIME = 11_31_32  # a number of our own among PostgreSQL's advisory locks


class ImportRefused(FilingRefused):
    """Nothing was imported; the message says why."""


class NoSuchProgramYear(ImportRefused):
    """A program year before the program or to come."""


@dataclass
class LoanImport:
    """What an import did, or would do: numbers of filings by what became of them."""

    program_year: int
    by_month: bool
    rows: int = 0
    loans: int = 0
    lenders: int = 0
    recorded: int = 0
    amended: int = 0
    certified: int = 0
    unchanged: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, recorded."""
        return bool(self.recorded or self.amended or self.certified)


class _DryRun(Exception):
    """Leaves the transaction so that nothing of it stays."""


def import_loans(
    *,
    path: Path,
    program_year: int,
    certified_by: User | None = None,
    estimated: str = "",
    amend: str = "",
    dry_run: bool = False,
    at: datetime,
) -> LoanImport:
    """Record the loan counts of a program year from a file, for every lender in it or for none.

    Raises OSError for a file that cannot be read, else as `import_loan_file`.
    """
    with open_loan_file(path) as file:
        return import_loan_file(
            file=file,
            source=f"imported from {path.name}",
            program_year=program_year,
            certified_by=certified_by,
            estimated=estimated,
            amend=amend,
            dry_run=dry_run,
            at=at,
        )


def import_loan_file(
    *,
    file: LoanFile,
    source: str,
    program_year: int,
    certified_by: User | None = None,
    estimated: str = "",
    amend: str = "",
    dry_run: bool = False,
    at: datetime,
) -> LoanImport:
    """Record the loan counts of a program year from an open file, for every lender in it or for none.

    `source` says where published counts come from, `estimated` what is estimated and how, where they are
    estimates. `amend` is the reason to put other counts in place of those on record. Without `certified_by`
    the filings are submitted and do not count. Raises LoanFileRefused with every bad row, ImportRefused
    otherwise.
    """
    if certified_by is not None and not permissions.may(
        certified_by, Action.IMPORT_LOANS, on=eastern_day(at)
    ):
        raise ImportRefused(
            f"{certified_by.email} may not certify a bulk import: that takes State Library staff or an "
            "administrator. Name such a person, or leave --certified-by out."
        )
    on = eastern_day(at)
    if not FIRST_PROGRAM_YEAR <= program_year <= filing_calendar.program_year_of(on):
        raise NoSuchProgramYear(
            f"Program year {program_year} has not begun or lies before the program. "
            "Give the year in which it ends: 2018 is March 2017 to February 2018."
        )
    work = _Import(file, source, program_year, certified_by, estimated.strip(), amend.strip(), at)
    try:
        with transaction.atomic():
            work.run()
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    except IntegrityError as error:
        raise ImportRefused(
            "Somebody recorded a filing of the same library and period while the file was read. "
            "Nothing was imported; run the import again."
        ) from error
    return work.result


class _Import:
    """One import, step by step, inside one transaction."""

    def __init__(
        self,
        file: LoanFile,
        source: str,
        year: int,
        certified_by: User | None,
        estimated: str,
        amend: str,
        at: datetime,
    ):
        self._file = file
        self._year = filing_calendar.program_year(year)
        self._certified_by = certified_by
        self._amend = amend
        self._at = at
        self._provenance = Provenance.ESTIMATED if estimated else Provenance.PUBLISHED
        self._note = estimated or f"{PUBLISHED_NOT_CERTIFIED.capitalize()}; {source}"[:250]
        self.result = LoanImport(program_year=year, by_month=file.by_month)

    def run(self) -> None:
        """Read, check and record; LoanFileRefused where any row is bad."""
        share_payment_inputs()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_IMPORT_AT_A_TIME])
            # Room for one sort of all rows; compiling a query that runs once costs more than it saves.
            cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
            libraries = {library.pk: library for library in Library.objects.all()}
            table = LoanTable(cursor, self._file, self._year, libraries)
            self.result.rows = table.read()
            owners = self._owners(table.lenders())
            columns = table.check(owners, towns_served(), names_with_keys(), successors())
            self._record(table, self._lines(owners, columns), columns)
            table.drop()

    def _owners(self, lenders: Sequence[Library]) -> list[Owner]:
        """Return the filings that the file may make, from roster and calendar."""
        letters, periods = letters_of(lenders), self._periods(lenders)
        owners: list[Owner] = []
        for library in lenders:
            for dates in periods[library.pk]:
                covers = days_covered(dates.span, days_of(library.open_during), letters[library.pk])
                if covers:
                    owners.append(Owner(len(owners), library, dates, covers))
        return owners

    def _periods(self, lenders: Sequence[Library]) -> dict[int, list[PeriodDates]]:
        """Return each lender's periods: by its cadence, annual where none is on record; annual for totals."""
        year, holidays = self.result.program_year, days_closed()
        if not self._file.by_month:
            annual = periods_of_year(year, [(Cadence.ANNUAL, None, None)], holidays)
            return {library.pk: annual for library in lenders}
        halves = [dates.span for dates in periods_of_year(year, [(Cadence.SEMIANNUAL, None, None)], holidays)]
        on_record = cadences_of(lenders)
        return {
            library.pk: periods_of_year(
                year,
                [(_cadence_on(half.first_day, on_record[library.pk]), *astuple(half)) for half in halves],
                holidays,
            )
            for library in lenders
        }

    def _lines(self, owners: Sequence[Owner], columns: Sequence[ColumnInFile]) -> dict[Owner, int]:
        """Return the filings that the file does make, each with the first line that speaks of it."""
        zero_years = {column.lender: column.zero_line or 1 for column in columns if column.owner is None}
        lines = {owner: zero_years[owner.library.pk] for owner in owners if owner.library.pk in zero_years}
        for column in columns:
            if column.owner is not None and column.line:
                owner = owners[column.owner]
                lines[owner] = min(column.line, lines.get(owner, column.line))
        return dict(sorted(lines.items(), key=lambda item: item[0].number))

    # Recording

    def _record(self, table: LoanTable, lines: Mapping[Owner, int], columns: Sequence[ColumnInFile]) -> None:
        with_loans = {column.owner for column in columns if column.loans}
        self.result.loans = sum(column.loans for column in columns)
        self.result.lenders = len({owner.library.pk for owner in lines})
        periods = ensure_periods(owner.dates for owner in lines)
        fingerprints = table.fingerprints(list(lines), self._provenance)
        on_record = self._on_record(lines)

        refused: list[BadRow] = []
        new: list[tuple[Owner, Filing, _OnRecord]] = []
        certify: list[tuple[Filing, _OnRecord]] = []
        for owner, line in lines.items():
            period, sha256 = periods[owner.dates], fingerprints[owner.number]
            found = _OnRecord.of(owner, period, on_record[owner.library.pk])
            if found.says(sha256):
                if self._certified_by and found.imported and found.waits(sha256):
                    certify.append((found.imported, found))
                    self.result.certified += 1
                else:
                    self.result.unchanged += 1
            elif problem := found.problem(amending=bool(self._amend)):
                refused.append(table.bad_lender(line, owner, *problem))
            else:
                filing = self._filing(owner, period, sha256, found, table.basis)
                filing.nothing_lent = owner.number not in with_loans
                new.append((owner, filing, found))
        if refused:
            raise LoanFileRefused(refused)

        for _, _, found in new:
            if found.imported:
                discard(found.imported, because=self._amend, by=self._certified_by, at=self._at)
        Filing.objects.bulk_create([filing for _, filing, _ in new], batch_size=500)
        table.insert_counts({owner.number: filing.pk for owner, filing, _ in new})
        self._audit("filing_imported", [filing for _, filing, _ in new])
        self.result.amended = sum(filing.version > 1 for _, filing, _ in new)
        self.result.recorded = len(new) - self.result.amended
        if self._certified_by:
            self._certify([*certify, *((filing, found) for _, filing, found in new)], self._certified_by)

    def _on_record(self, owners: Iterable[Owner]) -> dict[int, list[Filing]]:
        """Return the filings of these lenders that share a day with the year, by lender, and lock them."""
        found: dict[int, list[Filing]] = {owner.library.pk: [] for owner in owners}
        filings = (
            Filing.objects.filter(library__in=found, covers__overlap=range_of(self._year))
            .select_related("period", "library")
            .order_by("version")
            .select_for_update(of=("self",))
        )
        for filing in filings:
            found[filing.library_id].append(filing)
        return found

    def _filing(
        self, owner: Owner, period: FilingPeriod, sha256: str, found: "_OnRecord", basis: FilingBasis
    ) -> Filing:
        return Filing(
            library=owner.library,
            period=period,
            version=found.last_version + 1,
            status=FilingStatus.SUBMITTED,
            basis=basis,
            covers=range_of(owner.covers),
            form_edition=BULK_IMPORT_EDITION,
            provenance=self._provenance,
            provenance_note=self._note,
            amends_because=self._amend if found.last_version else "",
            created_at=self._at,
            created_by=self._certified_by,
            saved_at=self._at,
            first_submitted_at=found.first_submitted_at or self._at,
            submitted_at=self._at,
            submitted_by=self._certified_by,
            sha256=sha256,
        )

    def _certify(self, filings: Sequence[tuple[Filing, "_OnRecord"]], by: User) -> None:
        """Certify by one statement, after the versions that stood until now."""
        supersede([found.standing for _, found in filings if found.standing], self._at)
        keys = [filing.pk for filing, _ in filings]
        Filing.objects.filter(pk__in=keys).update(
            status=FilingStatus.CERTIFIED, certified_at=self._at, certified_by=by, attestation=ATTESTATION
        )
        derive_totals(keys)
        self._audit("filing_certified_in_bulk", [filing for filing, _ in filings])

    def _audit(self, action: str, filings: Sequence[Filing]) -> None:
        AuditEvent.record_each(
            action,
            targets=[
                (
                    filing,
                    None,
                    {
                        "version": filing.version,
                        "sha256": filing.sha256,
                        "provenance": filing.provenance,
                        "note": filing.provenance_note,
                        "reason": filing.amends_because,
                    },
                )
                for filing in filings
            ],
            by=self._certified_by,
        )


@dataclass(frozen=True)
class _OnRecord:
    """What stands on record for a lender and a period.

    `imported` is a version that an earlier import submitted and nobody certified, `own` one that the library
    works on, `beside` a filing of another period that shares a day with this one.
    """

    standing: Filing | None
    imported: Filing | None
    own: Filing | None
    beside: Filing | None
    last_version: int
    first_submitted_at: datetime | None

    @classmethod
    def of(cls, owner: Owner, period: FilingPeriod, filings: Iterable[Filing]) -> "_OnRecord":
        current = [filing for filing in filings if filing.superseded_at is None]
        mine = [filing for filing in current if filing.period_id == period.pk]
        opened = next((filing for filing in mine if filing.is_open), None)
        by_import = bool(
            opened and opened.provenance != Provenance.FILED and opened.status == FilingStatus.SUBMITTED
        )
        submissions = [filing.first_submitted_at for filing in mine if filing.first_submitted_at]
        return cls(
            standing=next((filing for filing in mine if filing.is_standing), None),
            imported=opened if by_import else None,
            own=None if by_import else opened,
            beside=next(
                (
                    filing
                    for filing in current
                    if filing.period_id != period.pk and filing.covers_span.overlaps(owner.covers)
                ),
                None,
            ),
            last_version=max((filing.version for filing in mine), default=0),
            first_submitted_at=min(submissions, default=None),
        )

    def says(self, sha256: str) -> bool:
        """Whether this very content is on record."""
        return sha256 in {filing.sha256 for filing in (self.standing, self.imported) if filing}

    def waits(self, sha256: str) -> bool:
        """Whether this content is on record and only waits to be certified."""
        return (
            self.imported is not None
            and self.imported.sha256 == sha256
            and (self.standing is None or self.standing.sha256 != sha256)
        )

    def problem(self, *, amending: bool) -> tuple[str, str] | None:
        """Return why other content cannot be recorded, and what to do."""
        if self.beside:
            return (
                f"a filing for {written_span(self.beside.period.span)} covers these days",
                "give the counts for that period",
            )
        if self.own:
            return (
                f"the library works on version {self.own.version} of its filing",
                "let the library finish it, or have that version discarded first",
            )
        standing = self.imported or self.standing
        if standing and not amending:
            return (
                f"other counts for {written_span(standing.period.span)} are on record",
                "pass --amend REASON to record a new version",
            )
        return None


def _cadence_on(day: date, cadences: Sequence[DatedCadence]) -> Cadence:
    for cadence, first_day, last_day in cadences:
        if (first_day or date.min) <= day <= (last_day or date.max):
            return cadence
    return Cadence.ANNUAL
