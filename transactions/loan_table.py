"""The rows of a file of loan counts as a temporary table, where the database finds what is wrong."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from libraries.models import Library
from transactions.loan_file import BadRow, LoanFile, LoanFileRefused, Row
from transactions.models import FilingBasis, Provenance
from transactions.rules._wording import written_month, written_span
from transactions.rules.filing_calendar import PeriodDates, Span
from transactions.rules.filing_checks import LARGEST_COUNT
from transactions.rules.reportable_loans import RefusedBecause, TownsServed, refusal
from transactions.services.content import fingerprint_query

_ROWS_AT_A_TIME = 10_000
_USE_KEY = "use a library's FSCS key as in the roster"
_REMOVE = "remove the row"

# Every row of loan_row with its library ids, its place in a filing and its first problem. A row without a
# home library that gives 0 says that nothing was lent; without a month it says so for the whole year.
_CHECK = """
    CREATE TEMPORARY TABLE loan_checked ON COMMIT DROP AS
    SELECT row.line, lender.id AS lender_id, home.id AS home_id, row.month AS written, place.month,
        place.owner, row.number AS loans, row.nothing_lent,
        CASE
            WHEN row.cells IS NOT NULL THEN 'cells'
            WHEN lender.id IS NULL THEN 'lender'
            WHEN home.id IS NULL AND NOT row.nothing_lent THEN 'home_library'
            WHEN refused.lender_id IS NOT NULL THEN 'refused'
            WHEN place.owner IS NULL AND NOT (row.nothing_lent AND row.month = '') THEN 'month'
            WHEN row.number IS NULL OR row.number > %(largest)s THEN 'loans'
        END AS problem
    FROM (
        SELECT *, home_library = '' AND loans ~ '^0+$' AS nothing_lent,
            CASE WHEN loans ~ '^[0-9]+$' AND length(ltrim(loans, '0')) <= 10 THEN loans::bigint END AS number
        FROM loan_row
    ) AS row
    LEFT JOIN libraries_library lender ON upper(lender.key) = upper(row.lender)
    LEFT JOIN libraries_library home ON upper(home.key) = upper(row.home_library)
    LEFT JOIN loan_column place ON place.lender_id = lender.id AND place.written = row.month
    LEFT JOIN loan_refused refused
        ON refused.lender_id = lender.id AND refused.home_id = home.id AND refused.written = row.month
"""


@dataclass(frozen=True)
class Owner:
    """A filing that the file may make: a lender and a period of it, by a number of its own."""

    number: int
    library: Library
    dates: PeriodDates
    covers: Span


@dataclass(frozen=True)
class ColumnInFile:
    """What the file says of a lender and month: in which rows, with how many loans.

    `owner` None is a zero row for the whole year. `line` is the first row without a problem of its own,
    `zero_line` the first that says that nothing was lent.
    """

    lender: int
    owner: int | None
    month: date | None
    counts: int
    line: int | None
    zero_line: int | None
    loans: int


class LoanTable:
    """Temporary tables for one file, inside the caller's transaction."""

    def __init__(self, cursor: Any, file: LoanFile, year: Span, libraries: Mapping[int, Library]):
        self._cursor = cursor
        self._file = file
        self._year = year
        self._libraries = libraries
        self._owners: Sequence[Owner] = ()

    @property
    def basis(self) -> FilingBasis:
        """Whether the file gives months or totals."""
        return FilingBasis.BY_MONTH if self._file.by_month else FilingBasis.PERIOD_TOTAL

    def read(self) -> int:
        """Copy the file's rows, and return how many they are; LoanFileRefused where there are none."""
        self._cursor.execute(
            'CREATE TEMPORARY TABLE loan_row (line integer, lender text COLLATE "C", '
            'home_library text COLLATE "C", month text COLLATE "C", loans text COLLATE "C", '
            "cells integer) ON COMMIT DROP"
        )
        rows_read = 0
        statement = "COPY loan_row (line, lender, home_library, month, loans, cells) FROM STDIN"
        with self._cursor.copy(statement) as copy:
            while rows := list(islice(self._file.rows, _ROWS_AT_A_TIME)):
                copy.write(_copy_text(rows, self._file))
                rows_read += len(rows)
        self._cursor.execute("ANALYZE loan_row")
        if not rows_read:
            raise LoanFileRefused([BadRow(1, "row", "", "no rows follow the header", "add the loan counts")])
        return rows_read

    def lenders(self) -> list[Library]:
        """Return the libraries that the file names as lenders."""
        self._cursor.execute(
            "SELECT library.id FROM libraries_library library "
            "WHERE upper(library.key) IN (SELECT DISTINCT upper(lender) FROM loan_row) ORDER BY library.key"
        )
        return [self._libraries[pk] for (pk,) in self._cursor.fetchall()]

    def check(
        self,
        owners: Sequence[Owner],
        served: TownsServed,
        names: Mapping[str, str],
        successors: Mapping[str, str],
    ) -> list[ColumnInFile]:
        """Return what the file says of each lender and month; LoanFileRefused with every bad row."""
        self._owners = owners
        self._make_columns()
        self._make_refused(served, names, successors)
        self._cursor.execute(_CHECK, {"largest": LARGEST_COUNT})
        self._cursor.execute("ANALYZE loan_checked")
        columns = self._columns()
        bad = [*self._wrong_by_themselves(), *self._repeated(), *self._beside_counts(columns)]
        bad += self._incomplete(columns, {row.line for row in bad})
        if bad:
            raise LoanFileRefused(bad)
        return columns

    def fingerprints(self, owners: Sequence[Owner], provenance: Provenance) -> dict[int, str]:
        """Return the fingerprint of what the file says for each filing, by the owner's number."""
        headers = """
            SELECT owner, library_id, first_day, last_day, daterange(covers_from, covers_to, '[]') AS covers,
                %(basis)s::text AS basis, %(provenance)s::text AS provenance
            FROM unnest(%(owners)s::integer[], %(libraries)s::bigint[], %(first_days)s::date[],
                %(last_days)s::date[], %(covers_from)s::date[], %(covers_to)s::date[])
                AS header (owner, library_id, first_day, last_day, covers_from, covers_to)
        """
        counts = """
            SELECT owner, home_id AS home_library_id, month, loans
            FROM loan_checked WHERE home_id IS NOT NULL
        """
        self._cursor.execute(
            fingerprint_query(headers=headers, counts=counts),
            {
                "basis": self.basis.value,
                "provenance": provenance.value,
                "owners": [owner.number for owner in owners],
                "libraries": [owner.library.pk for owner in owners],
                "first_days": [owner.dates.span.first_day for owner in owners],
                "last_days": [owner.dates.span.last_day for owner in owners],
                "covers_from": [owner.covers.first_day for owner in owners],
                "covers_to": [owner.covers.last_day for owner in owners],
            },
        )
        return dict(self._cursor.fetchall())

    def insert_counts(self, filing_of: Mapping[int, int]) -> None:
        """Store the counts of these owners' filings, given by id."""
        self._cursor.execute(
            """
            INSERT INTO transactions_loancount (filing_id, home_library_id, month, loans)
            SELECT filing.id, home_id, month, loans
            FROM loan_checked
            JOIN unnest(%(owners)s::integer[], %(filings)s::bigint[]) AS filing (owner, id) USING (owner)
            WHERE home_id IS NOT NULL
            ORDER BY filing.id, home_id, month
            """,
            {"owners": list(filing_of), "filings": list(filing_of.values())},
        )

    def bad_lender(self, line: int, owner: Owner, reason: str, cure: str) -> BadRow:
        """Return what is wrong with all that the file says of a lender's period, at its first row."""
        return self._bad(line, "lender", owner.library.key, reason, cure)

    def drop(self) -> None:
        """Remove the tables before the transaction does."""
        self._cursor.execute("DROP TABLE loan_row, loan_column, loan_refused, loan_checked")

    # Where a count may stand

    def _make_columns(self) -> None:
        """Store to which filing a row of a lender and month belongs; month is empty for period totals."""
        self._cursor.execute(
            "CREATE TEMPORARY TABLE loan_column "
            '(lender_id bigint, written text COLLATE "C", month date, owner integer) ON COMMIT DROP'
        )
        with self._cursor.copy("COPY loan_column FROM STDIN") as copy:
            for owner in self._owners:
                for written, month, _ in self._cells(owner):
                    copy.write_row((owner.library.pk, written, month, owner.number))
        self._cursor.execute("ANALYZE loan_column")

    def _make_refused(
        self, served: TownsServed, names: Mapping[str, str], successors: Mapping[str, str]
    ) -> None:
        """Store which cells the rule refuses; it is asked only where libraries share a town or were closed.

        Source: Regs. Conn. State Agencies § 11-31c-1(c) and (f).
        """
        self._cursor.execute(
            "CREATE TEMPORARY TABLE loan_refused "
            '(lender_id bigint, home_id bigint, written text COLLATE "C", reason text, cure text) '
            "ON COMMIT DROP"
        )
        libraries = self._libraries
        towns = {pk: served.own_towns(library.key, self._year) for pk, library in libraries.items()}
        closed = {
            pk for pk, library in libraries.items() if not served.was_open_throughout(library.key, self._year)
        }
        in_town: defaultdict[str, set[int]] = defaultdict(set)
        for pk, of_library in towns.items():
            for town in of_library:
                in_town[town].add(pk)
        with self._cursor.copy("COPY loan_refused FROM STDIN") as copy:
            for owner in self._owners:
                lender = owner.library
                doubtful = {lender.pk} | closed.union(*(in_town[town] for town in towns[lender.pk]))
                for home in (libraries[pk] for pk in sorted(doubtful)):
                    for written, _, days in self._cells(owner):
                        refused = refusal(
                            lender.key, home.key, days, served, names=names, successors=successors
                        )
                        if refused:
                            copy.write_row((lender.pk, home.pk, written, *_in_a_file(refused, lender, days)))
        self._cursor.execute("ANALYZE loan_refused")

    def _cells(self, owner: Owner) -> Iterator[tuple[str, date | None, Span]]:
        """Yield each month of a filing as the file writes it, its first day and the days that it covers."""
        if not self._file.by_month:
            yield "", None, owner.covers
            return
        for month in owner.covers.months():
            days = Span.of_month(month).intersection(owner.covers)
            assert days is not None
            yield f"{month:%Y-%m}", month, days

    # What is wrong

    def _columns(self) -> list[ColumnInFile]:
        self._cursor.execute(
            """
            SELECT lender_id, owner, month, count(*) FILTER (WHERE NOT nothing_lent),
                min(line) FILTER (WHERE problem IS NULL),
                min(line) FILTER (WHERE nothing_lent AND problem IS NULL),
                coalesce(sum(loans) FILTER (WHERE problem IS NULL), 0)::bigint
            FROM loan_checked WHERE lender_id IS NOT NULL AND (owner IS NOT NULL OR nothing_lent)
            GROUP BY lender_id, owner, month
            """
        )
        return [ColumnInFile(*row) for row in self._cursor.fetchall()]

    def _wrong_by_themselves(self) -> Iterator[BadRow]:
        """Rows that are wrong whatever else the file says, each with its first problem."""
        self._cursor.execute(
            """
            SELECT line, problem, lender_id, row.lender, row.home_library, row.month, row.loans, row.cells,
                refused.reason, refused.cure
            FROM loan_checked JOIN loan_row row USING (line)
            LEFT JOIN loan_refused refused USING (lender_id, home_id, written)
            WHERE problem IS NOT NULL
            """
        )
        for (
            line,
            problem,
            lender_id,
            lender,
            home,
            month,
            loans,
            cells,
            reason,
            cure,
        ) in self._cursor.fetchall():
            if problem == "cells":
                reason = f"{cells} cells where the header has {self._file.width}"
                yield BadRow(line, "row", lender, reason, "give each column one cell")
            elif problem == "lender":
                yield self._bad(line, "lender", lender, *_unknown(lender))
            elif problem == "home_library":
                yield self._bad(line, "home_library", home, *_unknown(home))
            elif problem == "refused":
                yield self._bad(line, "home_library", home, reason, cure)
            elif problem == "month":
                yield self._bad_month(line, self._libraries[lender_id], lender, month)
            else:
                yield self._bad(line, "loans", loans, *_not_a_count(loans))

    def _bad_month(self, line: int, library: Library, lender: str, month: str) -> BadRow:
        year = written_span(self._year)
        correct = f"{_REMOVE}, or correct the roster"
        if not self._file.by_month:
            return self._bad(line, "lender", lender, f"{library} was not open in {year}", correct)
        try:
            day = datetime.strptime(month, "%Y-%m").date() if len(month) == 7 else None  # noqa: DTZ007
        except ValueError:
            day = None
        if day is None:
            reason = "not a month" if month else "blank"
            return self._bad(line, "month", month, reason, f"write it as in {self._year.first_day:%Y-%m}")
        if not self._year.contains(day):
            another = f"{_REMOVE}, or give another --program-year"
            return self._bad(line, "month", month, f"outside {year}", another)
        reason = f"{library} was not open or took no part in {written_month(day)}"
        return self._bad(line, "month", month, reason, correct)

    def _repeated(self) -> list[BadRow]:
        """Every row after the first for a lender, home library and month."""
        self._cursor.execute(
            """
            SELECT later.line, first.line, row.home_library
            FROM (
                SELECT lender_id, home_id, written, min(line) AS line FROM loan_checked
                WHERE lender_id IS NOT NULL AND (home_id IS NOT NULL OR nothing_lent)
                GROUP BY lender_id, home_id, written HAVING count(*) > 1
            ) AS first
            JOIN loan_checked later ON later.lender_id = first.lender_id
                AND later.home_id IS NOT DISTINCT FROM first.home_id AND later.written = first.written
                AND later.line > first.line AND later.problem IS NULL
                AND (later.home_id IS NOT NULL OR later.nothing_lent)
            JOIN loan_row row ON row.line = later.line
            """
        )
        same = "lender, home library and month" if self._file.by_month else "lender and home library"
        return [
            self._bad(line, "home_library", home, f"same {same} as line {first}", "keep one of the rows")
            for line, first, home in self._cursor.fetchall()
        ]

    def _beside_counts(self, columns: Sequence[ColumnInFile]) -> Iterator[BadRow]:
        """Rows that say that nothing was lent, beside counts of the same lender and month."""
        lenders_with_counts = {column.lender for column in columns if column.counts}
        for column in columns:
            contradicted = column.lender in lenders_with_counts if column.owner is None else column.counts > 0
            if column.zero_line and contradicted:
                yield self._bad(
                    column.zero_line,
                    "home_library",
                    "",
                    "says that nothing was lent, but other rows of this lender give counts",
                    "remove this row, or name the home library",
                )

    def _incomplete(self, columns: Sequence[ColumnInFile], bad_lines: Collection[int]) -> Iterator[BadRow]:
        """Periods that lack a month, each at its first row that is right by itself."""
        zero_years = {column.lender for column in columns if column.owner is None}
        present: defaultdict[int, set[date]] = defaultdict(set)
        first_line: dict[int, int] = {}
        for column in columns:
            if column.owner is None or column.month is None or column.lender in zero_years:
                continue
            present[column.owner].add(column.month)
            if column.line and column.line not in bad_lines:
                first_line[column.owner] = min(column.line, first_line.get(column.owner, column.line))
        for number, months in present.items():
            owner = self._owners[number]
            missing = [f"{month:%Y-%m}" for month in owner.covers.months() if month not in months]
            if missing and number in first_line:
                reason = f"the filing for {written_span(owner.covers)} lacks {', '.join(missing)}"
                cure = "add the rows; a month without loans is one row with home_library empty and loans 0"
                yield self.bad_lender(first_line[number], owner, reason, cure)

    def _bad(self, line: int, column: str, value: str, reason: str, cure: str) -> BadRow:
        return BadRow(line, self._file.headings[column], value, reason, cure)


def _unknown(key: str) -> tuple[str, str]:
    return ("no library has this key" if key else "blank"), _USE_KEY


def _not_a_count(loans: str) -> tuple[str, str]:
    if not loans:
        return "blank", "give 0 if none were lent"
    if loans.lstrip("-").isdecimal():
        if loans.startswith("-"):
            return "negative", "give a whole number from 0"
        return "too large", f"give a number of at most {LARGEST_COUNT}"
    return "not a whole number", "give digits only, such as 1234"


def _in_a_file(refused: Any, lender: Library, days: Span) -> tuple[str, str]:
    """Return reason and cure in words for a file of many lenders."""
    match refused.because:
        case RefusedBecause.OWN_LIBRARY:
            return "the lender's own cards are no borrowIT CT loans", _REMOVE
        case RefusedBecause.OWN_TOWN:
            return f"a library of a town that {lender} served in {written_span(days)}", _REMOVE
        case RefusedBecause.SPANS_A_CHANGE:
            return (
                f"{lender} served this library's town for a part of {written_span(days)}",
                "give this lender's counts by month",
            )
        case _:
            cure = refused.cure.rstrip(".")
            return refused.reason.rstrip("."), cure if "succeeded" in cure else _REMOVE


def _copy_text(rows: Sequence[Row], file: LoanFile) -> str:
    """Return rows in COPY's text format.

    A batch is written as it stands and looked over once; only where something must be trimmed or escaped is
    each cell taken by itself.
    """
    pick, width, tab = file.picker(), file.width, "\t".join
    if all(len(cells) == width for _, cells in rows):
        text = "".join([f"{line}\t{tab(pick(cells))}\t\\N\n" for line, cells in rows])
        if (
            text.count("\t") == 5 * len(rows)
            and text.count("\n") == len(rows)
            and text.count("\\") == len(rows)
            and text.isascii()
            and not any(mark in text for mark in " \r\0\v\f")
        ):
            return text
    return "".join(_copy_line(line, cells, pick, width) for line, cells in rows)


def _copy_line(line: int, cells: list[str], pick: Callable[[list[str]], tuple[str, ...]], width: int) -> str:
    if len(cells) != width:
        return f"{line}\t{_escaped(','.join(cells)[:200])}\t\t\t\t{len(cells)}\n"
    return "\t".join([str(line), *(_escaped(cell.strip()) for cell in pick(cells)), "\\N\n"])


def _escaped(cell: str) -> str:
    cell = cell.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\\", "\\\\")
    return cell.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
