"""What libraries owe now, filings and expenditure reports side by side, and how each stands."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from connecticard.permissions import Action
from libraries.models import Library
from payments import standing
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment
from payments.rules.eligibility import ExpenditureReportOwed, FilingOwed, Standing, State
from payments.rules.expenditure_reporting import (
    REPORT_RULE,
    fiscal_year_days,
    fiscal_year_of,
    report_due_in,
)
from payments.rules.owing import NextStep, Progress, Stage, Whereabouts, whereabouts
from transactions.models import Filing, FilingPeriod, Waiver
from transactions.models.waiver import WaiverKind
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import RECORDS_RULE, Span, measurement_period, program_year_of
from transactions.rules.filing_status import FilingStatus


@dataclass(frozen=True)
class Owed:
    """A filing or an expenditure report that a library owes.

    `matter` names it for programs, `period` are the months it speaks of and `citation` where its due date
    comes from. `asked_on` is the day by which practice asks for it, None where that is no earlier than the
    law's; `last_day` is the due date or the later day of a waiver, whose kind is `waiver`. From
    `submittable_from` on it can be submitted. `url` shows it. `needs` is what somebody has to do with it
    next, None where nothing is left to do; `step` are the words for it and `step_url` its page.
    """

    library: Library
    matter: str
    subject: str
    period: str
    is_report: bool
    opens_on: date
    submittable_from: date
    asked_on: date | None
    due_on: date
    citation: str
    last_day: date
    waiver: WaiverKind | None
    where: Whereabouts
    tag: str
    words: str
    url: str
    needs: Action | None
    step: str
    step_url: str

    @property
    def whose(self) -> Library:
        """Who owes it."""
        return self.library

    @property
    def home_url(self) -> str:
        """Where staff see all of the library that owes it."""
        return reverse("payments:library_home", args=[self.library.key])

    @property
    def progress(self) -> Progress:
        """How far it has come against its day."""
        return self.where.progress

    @property
    def stage(self) -> Stage:
        """What is on record of it, whatever the day."""
        return self.where.stage

    @property
    def is_late(self) -> bool:
        """Whether it came, or still does not come, after its last day."""
        return self.where.is_late

    @property
    def can_be_asked_for(self) -> bool:
        """Whether the library certainly owes it and can take the next step today."""
        return self.where.can_be_asked_for

    @property
    def is_done(self) -> bool:
        """Whether nothing remains to be done for it."""
        return self.progress is Progress.CERTIFIED

    @property
    def is_waived(self) -> bool:
        """Whether a waiver allows a later day than the law's."""
        return self.last_day > self.due_on

    @property
    def sentences(self) -> list[str]:
        """What is missing of it, and when it is due by which rule, in plain sentences."""
        noun = "expenditure report" if self.is_report else "record of loans"
        missing = {
            Stage.NOT_STARTED: f"The {noun} has not been begun.",
            Stage.DRAFT: "A draft is begun, and it has not been submitted.",
            Stage.RETURNED: "It was returned for correction, and has not been submitted again.",
            Stage.SUBMITTED: "It was submitted and waits for the library's certifier: until it is certified "
            "it does not count.",
        }
        due, last = written_day(self.due_on), written_day(self.last_day)
        if self.is_waived:
            when = f"By a waiver it is accepted through {last}; the law's day is {due} ({self.citation})."
        elif self.asked_on:
            when = (
                f"The State Library asks for it by {written_day(self.asked_on)}; by law it is due {due} "
                f"({self.citation})."
            )
        else:
            when = f"Due {due} ({self.citation})."
        found = [missing[self.stage], when]
        if self.is_late and self.where.next_step is NextStep.ENTER:
            found.append(
                "That day has passed. It counts as filed in time only under a waiver: do it now, and ask the "
                "State Library for one."
            )
        return found


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


def owed_by(
    libraries: Collection[Library], today: date, *, known: Mapping[int, dict[str, Standing]] | None = None
) -> list[Owed]:
    """Return what libraries owe on a day, by library as given and then by due date; what is done included.

    Filings from the first day of their period on, of the fiscal years that are open; the expenditure report
    from the first day of the fiscal year in which it falls due. `known` spares reading the standings of those
    years again, where the caller has them.
    """
    found: dict[int, list[Owed]] = {library.pk: [] for library in libraries}
    by_year = known or {year: standing.standings(year, libraries, on=today) for year in fiscal_years(today)}
    take_part = {
        library.pk
        for standings in by_year.values()
        for library in libraries
        if standings[library.key].filings
    }
    for fiscal_year, standings in by_year.items():
        measured = measurement_period(fiscal_year)
        latest, waivers = _latest_filings(measured, libraries), _waivers(measured, libraries)
        for library in libraries:
            own = latest.get(library.pk, [])
            found[library.pk] += [
                _filing(
                    library,
                    filing,
                    own,
                    waivers.get((library.pk, Span(filing.first_day, filing.last_day))),
                    today,
                )
                for filing in standings[library.key].filings
                if filing.first_day <= today
            ]
        if fiscal_year == fiscal_year_of(today):
            _add_reports(found, libraries, standings, take_part, fiscal_year, today)
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


def _filing(
    library: Library,
    owed: FilingOwed,
    versions: Iterable[_Version],
    waiver: WaiverKind | None,
    today: date,
) -> Owed:
    span = Span(owed.first_day, owed.last_day)
    version = next((version for version in versions if version.span.covers(span)), None)
    status = version.status if version else None
    where = whereabouts(
        owed,
        newest=status,
        ends_on=span.last_day,
        closes_on=owed.closes_on,
        takes_part=True,
        today=today,
    )
    tag, words = _words(owed, where, status)
    url = (
        reverse("transactions:filing", args=[version.pk])
        if version
        else reverse("transactions:library_filings", args=[library.key])
    )
    needs, step = _next_step(
        where, status, enter=Action.ENTER_COUNTS, certify=Action.CERTIFY_FILING, begin="Enter loans"
    )
    return Owed(
        library=library,
        matter=owed.matter,
        subject=f"Record of loans, {written_span(span)}",
        period=written_span(span),
        is_report=False,
        opens_on=owed.first_day,
        submittable_from=span.last_day + timedelta(days=1),
        asked_on=_earlier(owed.asked_on, owed.due_on),
        due_on=owed.due_on,
        citation=RECORDS_RULE,
        last_day=where.last_day,
        waiver=waiver if where.last_day > owed.due_on else None,
        where=where,
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
    where: Whereabouts, status: FilingStatus | None, *, enter: Action, certify: Action, begin: str
) -> tuple[Action | None, str]:
    """Return what somebody has to do next with a version in this status, and the words for it."""
    if where.next_step is None:
        return None, ""
    if where.next_step is NextStep.CERTIFY:
        return certify, "Review and certify"
    words = {None: begin, FilingStatus.DRAFT: "Continue", FilingStatus.RETURNED: "Correct it"}
    return enter, words[status]


def _add_reports(
    found: dict[int, list[Owed]],
    libraries: Collection[Library],
    standings: dict[str, Standing],
    take_part: Collection[int],
    fiscal_year: int,
    today: date,
) -> None:
    due = report_due_in(fiscal_year)
    opens_on, _ = fiscal_year_days(fiscal_year)
    statuses = dict(
        ExpenditureReport.objects.filter(library__in=libraries, fiscal_year=due.covers_fiscal_year)
        .order_by("version")
        .values_list("library_id", "status")
    )
    waivers = dict(
        ExpenditureReportWaiver.objects.filter(
            library__in=libraries, fiscal_year=due.covers_fiscal_year, approved_at__isnull=False
        )
        .order_by("until")
        .values_list("library_id", "kind")
    )
    days = written_span(Span(due.covers_first_day, due.covers_last_day))
    for library in libraries:
        owed = standings[library.key].expenditure_report
        status = FilingStatus(statuses[library.pk]) if library.pk in statuses else None
        where = whereabouts(
            owed,
            newest=status,
            ends_on=opens_on - timedelta(days=1),
            closes_on=None,
            takes_part=library.pk in take_part,
            today=today,
        )
        if where.state is State.NOTHING_RECEIVED:
            continue
        page = [library.key, due.covers_fiscal_year]
        tag, words = _words(owed, where, status)
        needs, step = _next_step(
            where,
            status,
            enter=Action.ENTER_EXPENDITURE,
            certify=Action.CERTIFY_EXPENDITURE,
            begin="Fill in the report",
        )
        url = reverse("payments:expenditure_report", args=page)
        waiver = waivers.get(library.pk)
        found[library.pk].append(
            Owed(
                library=library,
                matter=owed.matter,
                subject=f"Expenditure report, money received {days}",
                period=days,
                is_report=True,
                opens_on=due.covers_first_day,
                submittable_from=opens_on,
                asked_on=_earlier(due.remind_on, owed.due_on),
                due_on=owed.due_on,
                citation=REPORT_RULE,
                last_day=where.last_day,
                waiver=WaiverKind(waiver) if waiver and where.last_day > owed.due_on else None,
                where=where,
                tag=tag,
                words=words,
                url=url,
                needs=needs,
                step=step,
                step_url=reverse(_PAGES[needs], args=page) if needs else url,
            )
        )


def _words(
    owed: FilingOwed | ExpenditureReportOwed, where: Whereabouts, status: FilingStatus | None
) -> tuple[str, str]:
    """Return the name of the tag of something owed, and its state in words."""
    if where.progress is Progress.UNKNOWN:
        return "due", "Money received unknown"
    if where.progress is Progress.CERTIFIED:
        words = "Certified, filed late" if where.is_late else "Certified"
        words += ", under a waiver" if where.state is State.WAIVED else ""
        amended = status is not None and status is not FilingStatus.CERTIFIED and owed.certified
        words += "; a correction is being worked on" if amended else ""
        return "late" if where.is_late else "certified", words
    if where.progress is Progress.SUBMITTED:
        if status is FilingStatus.RETURNED:
            return "late" if where.is_late else "returned", "Returned for correction"
        words = "Submitted late, not certified" if where.is_late else "Submitted, not certified"
        return "late" if where.is_late else "submitted", words
    begun = status is FilingStatus.DRAFT
    if where.progress is Progress.MISSING:
        return "late", "Missing, draft begun" if begun else "Missing"
    if where.progress is Progress.TO_COME:
        return "open", "Draft" if begun else "Period not over"
    return ("draft", "Draft") if begun else ("due", "Due")


def _earlier(asked_on: date | None, due_on: date) -> date | None:
    return asked_on if asked_on and asked_on < due_on else None


def _waivers(measured: Span, libraries: Collection[Library]) -> dict[tuple[int, Span], WaiverKind]:
    """Return the kind of the waiver that reaches furthest, by library id and period."""
    rows = Waiver.objects.filter(
        library__in=libraries, approved_at__isnull=False, period__in=FilingPeriod.objects.within(measured)
    ).order_by("until")
    return {
        (library_id, Span(first_day, last_day)): WaiverKind(kind)
        for library_id, first_day, last_day, kind in rows.values_list(
            "library_id", "period__first_day", "period__last_day", "kind"
        )
    }


def reports_owed(fiscal_year: int, today: date) -> list[tuple[Library, Owed | None, int | None]]:
    """Return each library concerned by the report due in a fiscal year, what it owes, and cents received.

    Those that took part in the year or received money in the year that the report covers. Nothing is owed
    (None) where the ledger says that nothing was received.
    """
    due = report_due_in(fiscal_year)
    received = PastPayment.objects.filter(fiscal_year=due.covers_fiscal_year).cents_by_library()
    paid = {library_id for library_id, cents in received.items() if cents}
    took_part = standing.days_with_a_letter(measurement_period(fiscal_year))
    libraries = list(
        Library.objects.filter(pk__in={*paid, *took_part}).select_related("town").order_by("name")
    )
    found: dict[int, list[Owed]] = {library.pk: [] for library in libraries}
    standings = standing.standings(fiscal_year, libraries, on=today)
    _add_reports(found, libraries, standings, took_part, fiscal_year, today)
    return [(library, next(iter(found[library.pk]), None), received.get(library.pk)) for library in libraries]
