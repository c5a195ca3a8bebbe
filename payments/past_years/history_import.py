"""Figures and payments of past years that staff import: all of a file or nothing, once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from connecticard import permissions
from connecticard.locks import share_payment_inputs
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import count, dollars
from libraries.models import Library
from payments.models import Measure, PastPayment, PublishedFigure
from payments.models.published_figure import FIRST_FISCAL_YEAR
from payments.past_years.history_files import HistoryFile
from payments.rules.cents import parse_dollars
from payments.rules.expenditure_reporting import fiscal_year_of
from transactions.importing import ImportRefused, LoanImport, import_loan_file
from transactions.loan_file import BadRow, LoanFileRefused
from transactions.rules.filing_calendar import eastern_day

STATE = "state"
MOST_UNITS = 2**31 - 1
_ONE_IMPORT_AT_A_TIME = 11_31_33  # a number of our own among PostgreSQL's advisory locks
_MEASURES = {
    "loans": Measure.LOANS,
    "appropriation": Measure.APPROPRIATION,
}


@dataclass
class HistoryImport:
    """What an import did, or would do. `replaced` says of each record what it said before and says now."""

    rows: int = 0
    recorded: int = 0
    unchanged: int = 0
    replaced: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, recorded."""
        return bool(self.recorded or self.replaced)


class _DryRun(Exception):
    """Leaves the transaction so that nothing of it stays."""


def import_past_loans(
    *,
    file: HistoryFile,
    program_year: int,
    source: str,
    estimated: str = "",
    replace: str = "",
    dry_run: bool = False,
    by: User,
    at: datetime,
) -> LoanImport:
    """Record the loans of a past program year as bulk filings that stand, in the name of who imports them.

    `source` says where they were published, `estimated` what is estimated and how. The year whose payments
    are prepared is filed by libraries. Raises LoanFileRefused with every bad row, ImportRefused otherwise.
    """
    permissions.check(by, Action.IMPORT_HISTORY, on=eastern_day(at))
    if program_year >= fiscal_year_of(eastern_day(at)):
        raise ImportRefused(
            f"The year that ends in February {program_year} is not past: its payments are still to be made, "
            "and libraries file it themselves. Give an earlier year."
        )
    return import_loan_file(
        file=file.as_loan_file(),
        source=source,
        program_year=program_year,
        certified_by=by,
        estimated=f"{estimated}; source: {source}"[:250] if estimated else "",
        amend=replace,
        dry_run=dry_run,
        at=at,
    )


def import_published_figures(
    *,
    file: HistoryFile,
    source: str,
    replace: str = "",
    dry_run: bool = False,
    by: User,
    at: datetime,
) -> HistoryImport:
    """Record published figures of past years; a value left blank is blank in the publication, not zero.

    `source` names the publication; `replace` is the reason to put other figures in place of those on record.
    Raises LoanFileRefused with every bad row.
    """
    permissions.check(by, Action.IMPORT_HISTORY, on=eastern_day(at))
    work = _Import(file, source, replace, by, eastern_day(at))
    return work.run(
        _figures,
        PublishedFigure.objects.select_related("library").select_for_update(of=("self",)),
        key=lambda figure: (figure.library_id, figure.measure, figure.fiscal_year),
        content=("value", *({"note"} & set(file.columns))),
        write=_written_figure,
        action="published_figure_imported",
        dry_run=dry_run,
    )


def import_past_payments(
    *,
    file: HistoryFile,
    source: str,
    replace: str = "",
    dry_run: bool = False,
    by: User,
    at: datetime,
) -> HistoryImport:
    """Record what libraries received in past state fiscal years; 0 says that a library received nothing.

    A year of which the Comptroller's result files tell is refused: it would count twice. Raises
    LoanFileRefused with every bad row.
    """
    permissions.check(by, Action.KEEP_LEDGER, on=eastern_day(at))
    work = _Import(file, source, replace, by, eastern_day(at))
    return work.run(
        _payments,
        PastPayment.objects.filter(batch_line=None).select_related("library").select_for_update(of=("self",)),
        key=lambda payment: (payment.library_id, payment.fiscal_year),
        content=("cents", *({"received_on"} & set(file.columns))),
        write=lambda payment: dollars(payment.cents),
        action="money_received_recorded",
        dry_run=dry_run,
    )


def _written_figure(figure: PublishedFigure) -> str:
    if figure.value is None:
        return "blank"
    return dollars(figure.value) if figure.measure == Measure.APPROPRIATION else count(figure.value)


class _Import:
    """One import, step by step, inside one transaction."""

    def __init__(self, file: HistoryFile, source: str, replace: str, by: User, today: date):
        self.file, self.source, self.by, self.today = file, source.strip(), by, today
        self.replace = replace.strip()
        self.bad: list[BadRow] = []
        self.libraries = {library.key.upper(): library for library in Library.objects.all()}

    def run(
        self,
        read: Callable[["_Import"], list[tuple[int, Any]]],
        on_record: Any,
        *,
        key: Callable[[Any], tuple[object, ...]],
        content: Sequence[str],
        write: Callable[[Any], str],
        action: str,
        dry_run: bool,
    ) -> HistoryImport:
        """Record what `read` finds and return what was done; LoanFileRefused where a row is bad."""
        done = HistoryImport(rows=len(self.file.rows))
        try:
            with transaction.atomic():
                share_payment_inputs()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_IMPORT_AT_A_TIME])
                standing = {key(record): record for record in on_record}
                self._record(read(self), standing, key, content, write, action, done)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass
        return done

    def _record(
        self,
        found: Sequence[tuple[int, Any]],
        standing: dict[tuple[object, ...], Any],
        key: Callable[[Any], tuple[object, ...]],
        content: Sequence[str],
        write: Callable[[Any], str],
        action: str,
        done: HistoryImport,
    ) -> None:
        lines: dict[tuple[object, ...], int] = {}
        new: list[Any] = []
        changed: list[Any] = []
        audited: list[tuple[Model, dict[str, Any] | None, dict[str, Any] | None]] = []
        for line, record in found:
            if (first := lines.setdefault(key(record), line)) != line:
                self.refuse(line, "row", "", f"the same as line {first} speaks of", "keep one of them")
                continue
            before = standing.get(key(record))
            if before is None:
                new.append(record)
            elif all(getattr(before, name) == getattr(record, name) for name in content):
                done.unchanged += 1
            elif not self.replace:
                self.refuse(
                    line,
                    "value" if "value" in content else "amount",
                    write(record),
                    f"{before} is on record as {write(before)}, from {before.source}",
                    "remove the row, or give a reason to put it in place of that",
                )
            else:
                done.replaced.append((str(before), write(before), write(record)))
                told = self._told(before, content)
                for name in (*content, "source"):
                    setattr(before, name, getattr(record, name))
                changed.append(before)
                audited.append((before, told, self._told(before, content) | {"reason": self.replace}))
        if self.bad:
            raise LoanFileRefused(self.bad)
        done.recorded = len(new)
        for records in (new, changed):
            if not records:
                continue
            model = type(records[0])
            if records is new:
                model.objects.bulk_create(records, batch_size=1000)
                audited += [(record, None, self._told(record, content)) for record in records]
            else:
                model.objects.bulk_update(records, [*content, "source"], batch_size=1000)
        AuditEvent.record_each(action, targets=audited, by=self.by)

    @staticmethod
    def _told(record: Any, content: Collection[str]) -> dict[str, Any]:
        told = {name: getattr(record, name) for name in (*content, "source")}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}

    # Reading a row

    def refuse(self, line: int, column: str, value: str, reason: str, cure: str) -> None:
        """Note what is wrong with a row."""
        self.bad.append(BadRow(line, column, value, reason, cure))

    def cells(self) -> list[tuple[int, dict[str, str]]]:
        """Return each row's cells by column."""
        return [(line, dict(zip(self.file.columns, cells, strict=True))) for line, cells in self.file.rows]

    def year_of(self, line: int, text: str) -> int | None:
        """Return a fiscal year up to the one under way, written 2018 or FY2018."""
        digits = text.upper().removeprefix("FY").strip()
        last = fiscal_year_of(self.today)
        if digits.isascii() and digits.isdecimal() and FIRST_FISCAL_YEAR <= int(digits[:5]) <= last:
            return int(digits)
        self.refuse(
            line,
            "fiscal_year",
            text,
            f"no fiscal year from {FIRST_FISCAL_YEAR} to {last}",
            "name the year in which it ends, such as 2018",
        )
        return None

    def library_of(self, line: int, column: str, text: str) -> Library | None:
        """Return the library of an FSCS key."""
        library = self.libraries.get(text.upper())
        if library is None:
            self.refuse(line, column, text, "unknown library", "use a library's FSCS key as in the roster")
        return library

    def cents_of(self, line: int, column: str, text: str) -> int | None:
        """Return an amount in dollars, with or without commas, in cents."""
        try:
            return parse_dollars(text.removeprefix("$").replace(",", "").strip())
        except ValueError:
            self.refuse(line, column, text, "no amount in dollars", "write it as 1234.50; 0 for nothing")
            return None


def _figures(work: _Import) -> list[tuple[int, PublishedFigure]]:
    found = []
    for line, cells in work.cells():
        subject, written, text = cells["subject"], cells["measure"].lower(), cells["value"]
        library = None if subject.lower() == STATE else work.library_of(line, "subject", subject)
        measure = _MEASURES.get(written)
        if measure is None:
            work.refuse(line, "measure", cells["measure"], "unknown measure", f"use {' or '.join(_MEASURES)}")
        elif measure is Measure.APPROPRIATION and library is not None:
            work.refuse(line, "subject", subject, "a library has no appropriation", f"use {STATE}")
        year = work.year_of(line, cells["fiscal_year"])
        if measure is Measure.LOANS and year == fiscal_year_of(work.today):
            work.refuse(
                line,
                "fiscal_year",
                cells["fiscal_year"],
                "the loans of this year are filed, not published yet",
                "remove the row",
            )
        value = None
        if text and measure is Measure.APPROPRIATION:
            value = work.cents_of(line, "value", text)
        elif text:
            digits = text.replace(",", "")
            if digits.isascii() and digits.isdecimal() and len(digits) <= 10 and int(digits) <= MOST_UNITS:
                value = int(digits)
            else:
                work.refuse(
                    line,
                    "value",
                    text,
                    "not a whole number",
                    "write digits; leave it blank where it is blank",
                )
        note = cells.get("note", "")
        if len(note) > 250:
            work.refuse(line, "note", note[:40], "longer than 250 characters", "shorten it")
        if (library or subject.lower() == STATE) and measure and year:
            figure = PublishedFigure(
                library=library,
                measure=measure.value,
                fiscal_year=year,
                value=value,
                note=note,
                source=work.source,
            )
            found.append((line, figure))
    return found


def _payments(work: _Import) -> list[tuple[int, PastPayment]]:
    by_result = set(
        PastPayment.objects.filter(batch_line__isnull=False).values_list("library", "fiscal_year")
    )
    found = []
    for line, cells in work.cells():
        library = work.library_of(line, "library", cells["library"])
        year = work.year_of(line, cells["fiscal_year"])
        cents = work.cents_of(line, "amount", cells["amount"])
        text = cells.get("received_on", "")
        day = _day_of(text)
        if text and (day is None or (year and fiscal_year_of(day) != year)):
            work.refuse(
                line,
                "received_on",
                text,
                "no day of that fiscal year, which ends on June 30",
                "write it as 2018-05-14, or leave it blank",
            )
        if library and year and (library.pk, year) in by_result:
            work.refuse(
                line,
                "library",
                cells["library"],
                "the Comptroller's result files tell what it received in that year",
                "remove the row; what came beside it is recorded on the page of its expenditure report",
            )
        if library and year and cents is not None:
            payment = PastPayment(
                library=library, fiscal_year=year, cents=cents, received_on=day, source=work.source
            )
            found.append((line, payment))
    return found


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
