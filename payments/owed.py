"""What libraries owe now, filings and expenditure reports side by side, and how each stands."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.urls import reverse

from connecticard.permissions import Action
from libraries.models import Library
from payments import standing
from payments.models import ExpenditureReport, PastPayment
from payments.rules.eligibility import (
    ExpenditureReportOwed,
    FilingOwed,
    Standing,
    State,
    expenditure_report_state,
    filing_state,
)
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from transactions.models import Filing
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span, measurement_period, program_year_of
from transactions.rules.filing_status import FilingStatus


class Progress(StrEnum):
    """How far something owed has come; each thing owed is in one of these."""

    TO_COME = "to come"
    DUE = "due"
    MISSING = "missing"
    SUBMITTED = "submitted, not certified"
    CERTIFIED = "certified"
    UNKNOWN = "money received unknown"


@dataclass(frozen=True)
class Owed:
    """A filing or an expenditure report that a library owes.

    `last_day` is the due date or a waiver's day. `url` shows it. `needs` is what somebody has to do with it
    next, None where nothing is left to do; `step` are the words for it and `step_url` its page.
    """

    library: Library
    subject: str
    is_report: bool
    opens_on: date
    due_on: date
    last_day: date
    progress: Progress
    is_late: bool
    tag: str
    words: str
    url: str
    needs: Action | None
    step: str
    step_url: str

    @property
    def is_done(self) -> bool:
        """Whether nothing remains to be done for it."""
        return self.progress is Progress.CERTIFIED

    @property
    def is_waived(self) -> bool:
        """Whether a waiver allows a later day than the law's."""
        return self.last_day > self.due_on


def fiscal_years(today: date) -> tuple[int, ...]:
    """Return the fiscal years whose payment can still be mended or is being earned today.

    From March to June these are two: the one that is being paid and the one whose loans are counted.
    """
    return tuple(sorted({fiscal_year_of(today), program_year_of(today)}))


def participants(today: date) -> list[Library]:
    """Return every library that took part on a day of the years that are open, by name."""
    took_part = {
        library_id
        for fiscal_year in fiscal_years(today)
        for library_id in standing.days_with_a_letter(measurement_period(fiscal_year))
    }
    return list(Library.objects.filter(pk__in=took_part).select_related("town").order_by("name"))


def owed_by(libraries: Collection[Library], today: date) -> list[Owed]:
    """Return what libraries owe on a day, by library as given and then by due date; what is done included.

    Filings from the first day of their period on, of the fiscal years that are open; the expenditure report
    from the first day of the fiscal year in which it falls due.
    """
    found: dict[int, list[Owed]] = {library.pk: [] for library in libraries}
    for fiscal_year in fiscal_years(today):
        standings = standing.standings(fiscal_year, libraries, on=today)
        latest = _latest_filings(measurement_period(fiscal_year), libraries)
        for library in libraries:
            own = latest.get(library.pk, [])
            found[library.pk] += [
                _filing(library, filing, own, today)
                for filing in standings[library.key].filings
                if filing.first_day <= today
            ]
        if fiscal_year == fiscal_year_of(today):
            _add_reports(found, libraries, standings, fiscal_year, today)
    for own_list in found.values():
        own_list.sort(key=lambda owed: owed.due_on)
    return [owed for own_list in found.values() for owed in own_list]


def counted(owed: Iterable[Owed]) -> Counter[Progress]:
    """Return how many things owed are in each state."""
    return Counter(item.progress for item in owed)


@dataclass(frozen=True)
class _Version:
    pk: int
    span: Span
    status: FilingStatus
    version: int


def _latest_filings(measured: Span, libraries: Collection[Library]) -> dict[int, list[_Version]]:
    """Return the newest version of each filing of a year, by library id."""
    rows = (
        Filing.objects.within(measured)
        .filter(library__in=libraries)
        .order_by("library_id", "period_id", "-version")
        .distinct("library_id", "period_id")
        .values_list("library_id", "pk", "period__first_day", "period__last_day", "status", "version")
    )
    found: dict[int, list[_Version]] = {}
    for library_id, pk, first_day, last_day, status, version in rows:
        found.setdefault(library_id, []).append(
            _Version(pk, Span(first_day, last_day), FilingStatus(status), version)
        )
    return found


def _filing(library: Library, owed: FilingOwed, versions: Iterable[_Version], today: date) -> Owed:
    span = Span(owed.first_day, owed.last_day)
    last_day = max(owed.due_on, owed.waived_until or owed.due_on)
    version = next((version for version in versions if version.span.covers(span)), None)
    status = version.status if version else None
    progress, is_late, tag, words = _standing(filing_state(owed), owed, status, last_day, today)
    if progress is Progress.DUE and today <= span.last_day:
        progress, tag = Progress.TO_COME, "open"
        words = words if status else "Period not over"
    url = (
        reverse("transactions:filing", args=[version.pk])
        if version
        else reverse("transactions:library_filings", args=[library.key])
    )
    needs, step = _next_step(
        progress, status, enter=Action.ENTER_COUNTS, certify=Action.CERTIFY_FILING, begin="Enter loans"
    )
    return Owed(
        library=library,
        subject=f"Record of loans, {written_span(span)}",
        is_report=False,
        opens_on=owed.first_day,
        due_on=owed.due_on,
        last_day=last_day,
        progress=progress,
        is_late=is_late,
        tag=tag,
        words=words,
        url=url,
        needs=needs,
        step=step,
        step_url=reverse(_PAGES[needs], args=[version.pk]) if version and needs else url,
    )


_PAGES: dict[Action, str] = {
    Action.ENTER_COUNTS: "transactions:filing_entry",
    Action.CERTIFY_FILING: "transactions:filing_certify",
    Action.ENTER_EXPENDITURE: "payments:expenditure_enter",
    Action.CERTIFY_EXPENDITURE: "payments:expenditure_certify",
}


def _next_step(
    progress: Progress, status: FilingStatus | None, *, enter: Action, certify: Action, begin: str
) -> tuple[Action | None, str]:
    """Return what somebody has to do next with a version in this status, and the words for it."""
    if progress is Progress.CERTIFIED or status is FilingStatus.CERTIFIED:
        return None, ""
    if status is FilingStatus.SUBMITTED:
        return certify, "Review and certify"
    words = {None: begin, FilingStatus.DRAFT: "Continue", FilingStatus.RETURNED: "Correct it"}
    return enter, words[status]


def _add_reports(
    found: dict[int, list[Owed]],
    libraries: Collection[Library],
    standings: dict[str, Standing],
    fiscal_year: int,
    today: date,
) -> None:
    due = report_due_in(fiscal_year)
    statuses = dict(
        ExpenditureReport.objects.filter(library__in=libraries, fiscal_year=due.covers_fiscal_year)
        .order_by("version")
        .values_list("library_id", "status")
    )
    days = written_span(Span(due.covers_first_day, due.covers_last_day))
    for library in libraries:
        owed = standings[library.key].expenditure_report
        status = FilingStatus(statuses[library.pk]) if library.pk in statuses else None
        state = expenditure_report_state(owed)
        if state is State.NOTHING_RECEIVED:
            continue
        page = [library.key, due.covers_fiscal_year]
        last_day = max(owed.due_on, owed.waived_until or owed.due_on)
        progress, is_late, tag, words = _standing(state, owed, status, last_day, today)
        needs, step = _next_step(
            progress,
            status,
            enter=Action.ENTER_EXPENDITURE,
            certify=Action.CERTIFY_EXPENDITURE,
            begin="Fill in the report",
        )
        url = reverse("payments:expenditure_report", args=page)
        found[library.pk].append(
            Owed(
                library=library,
                subject=f"Expenditure report, money received {days}",
                is_report=True,
                opens_on=due.covers_first_day,
                due_on=owed.due_on,
                last_day=last_day,
                progress=progress,
                is_late=is_late,
                tag=tag,
                words=words,
                url=url,
                needs=needs,
                step=step,
                step_url=reverse(_PAGES[needs], args=page) if needs else url,
            )
        )


def _standing(
    state: State,
    owed: FilingOwed | ExpenditureReportOwed,
    status: FilingStatus | None,
    last_day: date,
    today: date,
) -> tuple[Progress, bool, str, str]:
    """Return how far it has come, whether it is late, the name of its tag and its state in words."""
    amended = status is not None and status is not FilingStatus.CERTIFIED and owed.certified
    if state is State.UNKNOWN:
        return Progress.UNKNOWN, False, "due", "Money received unknown"
    if owed.submitted_on is not None:
        late = state is State.LATE
        if owed.certified:
            words = "Certified, filed late" if late else "Certified"
            words += ", under a waiver" if state is State.WAIVED else ""
            words += "; a correction is being worked on" if amended else ""
            return Progress.CERTIFIED, late, "late" if late else "certified", words
        if status is FilingStatus.RETURNED:
            return Progress.SUBMITTED, late, "late" if late else "returned", "Returned for correction"
        words = "Submitted late, not certified" if late else "Submitted, not certified"
        return Progress.SUBMITTED, late, "late" if late else "submitted", words
    begun = ", draft begun" if status is FilingStatus.DRAFT else ""
    if today > last_day:
        return Progress.MISSING, True, "late", f"Missing{begun}"
    return Progress.DUE, False, "draft" if begun else "due", "Draft" if begun else "Due"


def reports_owed(fiscal_year: int, today: date) -> list[tuple[Library, Owed | None, int | None]]:
    """Return each library concerned by the report due in a fiscal year, what it owes, and cents received.

    Those that took part in the year or received money in the year that the report covers. Nothing is owed
    (None) where the ledger says that nothing was received.
    """
    due = report_due_in(fiscal_year)
    received = dict(
        PastPayment.objects.filter(fiscal_year=due.covers_fiscal_year).values_list("library_id", "cents")
    )
    paid = {library_id for library_id, cents in received.items() if cents}
    took_part = standing.days_with_a_letter(measurement_period(fiscal_year))
    libraries = list(
        Library.objects.filter(pk__in={*paid, *took_part}).select_related("town").order_by("name")
    )
    found: dict[int, list[Owed]] = {library.pk: [] for library in libraries}
    standings = standing.standings(fiscal_year, libraries, on=today)
    _add_reports(found, libraries, standings, fiscal_year, today)
    return [(library, next(iter(found[library.pk]), None), received.get(library.pk)) for library in libraries]
