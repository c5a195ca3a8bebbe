"""The requirements for payment as a run found them: each with what shows that it is met, or what mends it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from connecticard.templatetags.figures import day
from libraries.models import LetterOfAgreement
from payments.models import (
    ExpenditureReport,
    ExpenditureReportWaiver,
    Payment,
    PaymentRun,
    UnmetRequirement,
)
from payments.rules.eligibility import (
    RULEBOOK,
    Code,
    ExpenditureReportOwed,
    FilingOwed,
    Standing,
    State,
    expenditure_report_state,
    filing_state,
)
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in
from payments.standing import standings
from transactions.models import Waiver
from transactions.rules.filing_calendar import eastern_day
from transactions.spans import span_in_words


@dataclass(frozen=True)
class Requirement:
    """One thing a library must have done to be paid, and whether it has."""

    requirement: str
    citation: str
    met: bool
    reason: str = ""
    """Evidence that it is met, with its day, or why it is not."""
    cure: str = ""
    """What the library can do about it; empty where it is met."""
    key: str = ""
    """Key of the rulebook's entry."""


@dataclass(frozen=True)
class WaiverNote:
    """An extension or a late acceptance on which this payment stands."""

    requirement: str
    until: date
    authority: str
    reason: str
    granted_by: str
    approved_by: str


@dataclass(frozen=True)
class _Kind:
    """A requirement: in words, its entry of the rulebook, and what says that it is not met."""

    words: Promise
    name: str
    codes: frozenset[Code]

    @property
    def key(self) -> str:
        return f"eligibility.{self.name}_required"


_KINDS = (
    _Kind(
        _("A Letter of Agreement is on file"),
        "letter",
        frozenset({Code.LETTER_NOT_ON_FILE, Code.SUCCESSOR_NOT_ON_RECORD}),
    ),
    _Kind(
        _("The library's legal standing is on record"),
        "legal_standing",
        frozenset({Code.LEGAL_STANDING_NOT_ON_RECORD}),
    ),
    _Kind(
        _("Every loan filing is filed and certified"),
        "filings",
        frozenset({Code.FILING_MISSING, Code.FILING_LATE, Code.FILING_NOT_CERTIFIED}),
    ),
    _Kind(
        _("The expenditure report that fell due is filed and certified"),
        "expenditure_report",
        frozenset(
            {
                Code.EXPENDITURE_REPORT_MISSING,
                Code.EXPENDITURE_REPORT_LATE,
                Code.EXPENDITURE_REPORT_NOT_CERTIFIED,
                Code.MONEY_RECEIVED_UNKNOWN,
            }
        ),
    ),
    _Kind(
        _("The annual statistical report is filed"),
        "statistical_report",
        frozenset({Code.STATISTICAL_REPORT_NOT_FILED}),
    ),
)


def unmet_requirement(unmet: UnmetRequirement) -> Requirement:
    """Return a requirement that a run found not met."""
    kind = next(kind for kind in _KINDS if unmet.code in kind.codes)
    return Requirement(str(kind.words), unmet.citation, False, unmet.reason, unmet.cure, kind.key)


class RequirementsOfRun:
    """Tells the requirements of the payments of one calculated run; make it once for many payments."""

    def __init__(self, run: PaymentRun, payments: Iterable[Payment]):
        self._run = run
        self._in_force = RULEBOOK.in_force(fiscal_year_days(run.fiscal_year)[1])
        if run.assumed_eligible:
            return
        assert run.calculated_at is not None, "requirements are told of a calculated run"
        calculated_on = eastern_day(run.calculated_at)
        judged_on = min(calculated_on, fiscal_year_days(run.fiscal_year)[1])
        libraries = [payment.library for payment in payments]
        self._standings = standings(run.fiscal_year, libraries, on=calculated_on)
        self._letters = dict(
            LetterOfAgreement.objects.filter(library__in=libraries, valid__contains=judged_on).values_list(
                "library_id", "valid"
            )
        )
        self._filings_certified: dict[int, date] = {}
        for library_id, at in (
            run.counted_filings.filter(filing__library__in=libraries)
            .order_by("filing__certified_at")
            .values_list("filing__library_id", "filing__certified_at")
        ):
            assert at is not None, "a certified filing says when"
            self._filings_certified[library_id] = eastern_day(at)
        self._report_certified: dict[int, date] = {}
        for library_id, at in (
            ExpenditureReport.objects.filter(
                library__in=libraries,
                fiscal_year=report_due_in(run.fiscal_year).covers_fiscal_year,
                certified_at__lte=run.calculated_at,
            )
            .order_by("certified_at")
            .values_list("library_id", "certified_at")
        ):
            assert at is not None, "the filter leaves out what is not certified"
            self._report_certified[library_id] = eastern_day(at)

    def of(self, payment: Payment) -> tuple[Requirement, ...]:
        """Return every requirement in force, met or not; a met one says what shows it (4(a))."""
        unmet = list(payment.unmet_requirements.all())
        found: list[Requirement] = []
        for kind in _KINDS:
            failed = [one for one in unmet if one.code in kind.codes]
            entry = self._in_force.get(kind.key)
            if failed:
                found += map(unmet_requirement, failed)
            elif entry is not None and entry.value is True:
                found.append(
                    Requirement(
                        str(kind.words),
                        entry.citation,
                        True,
                        self._evidence(kind.name, payment),
                        key=kind.key,
                    )
                )
        return tuple(found)

    def _evidence(self, name: str, payment: Payment) -> str:
        if self._run.assumed_eligible:
            return gettext("Taken as met: this year was filed before this system.")
        standing = self._standings[payment.library.key]
        match name:
            case "letter":
                return self._letter(payment, standing)
            case "legal_standing":
                return gettext("On record with the State Library.")
            case "filings":
                return _filings(standing.filings, self._filings_certified.get(payment.library_id))
            case "expenditure_report":
                return _report(standing.expenditure_report, self._report_certified.get(payment.library_id))
        return ""

    def _letter(self, payment: Payment, standing: Standing) -> str:
        if standing.closed_on is not None:
            closed = gettext("Closed on %(day)s; its legal successor is on record.")
            return closed % {"day": day(standing.closed_on)}
        letter = self._letters.get(payment.library_id)
        if letter is None or letter.lower is None:
            return gettext("On file since before these records.")
        return gettext("On file since %(day)s.") % {"day": day(letter.lower)}


def _filings(filings: Iterable[FilingOwed], certified_on: date | None) -> str:
    owed = list(filings)
    submitted = [filing.submitted_on for filing in owed if filing.submitted_on]
    if not submitted:
        return gettext("None was owed.")
    late = sum(filing_state(filing) is State.WAIVED for filing in owed)
    figures = {"number": len(owed), "late": late, "day": day(max(submitted)), "certified": day(certified_on)}
    return _filings_sentence(len(owed), late, certified_on is not None) % figures


def _filings_sentence(number: int, late: int, certified: bool) -> str:
    if late and certified:
        return ngettext(
            "Submitted under a waiver, on %(day)s, certified by %(certified)s.",
            "%(number)s filings submitted %(late)s of them under a waiver, the last on %(day)s, certified by "
            "%(certified)s.",
            number,
        )
    if late:
        return ngettext(
            "Submitted under a waiver, on %(day)s.",
            "%(number)s filings submitted %(late)s of them under a waiver, the last on %(day)s.",
            number,
        )
    if certified:
        return ngettext(
            "Submitted in time, on %(day)s, certified by %(certified)s.",
            "%(number)s filings submitted in time, the last on %(day)s, certified by %(certified)s.",
            number,
        )
    return ngettext(
        "Submitted in time, on %(day)s.",
        "%(number)s filings submitted in time, the last on %(day)s.",
        number,
    )


def _report(report: ExpenditureReportOwed, certified_on: date | None) -> str:
    state = expenditure_report_state(report)
    figures: dict[str, object] = {"fiscal_year": report.covers_fiscal_year}
    if state is State.NOTHING_RECEIVED:
        return gettext("None owed: nothing was received in fiscal year %(fiscal_year)s.") % figures
    if report.submitted_on is None:
        return ""
    figures |= {
        "day": day(report.submitted_on),
        "due": day(report.due_on),
        "certified": day(certified_on),
    }
    if state is State.WAIVED and certified_on:
        said = gettext(
            "On money of fiscal year %(fiscal_year)s: submitted %(day)s (under a waiver), certified "
            "%(certified)s."
        )
    elif state is State.WAIVED:
        said = gettext("On money of fiscal year %(fiscal_year)s: submitted %(day)s (under a waiver).")
    elif certified_on:
        said = gettext(
            "On money of fiscal year %(fiscal_year)s: submitted %(day)s (due %(due)s), certified "
            "%(certified)s."
        )
    else:
        said = gettext("On money of fiscal year %(fiscal_year)s: submitted %(day)s (due %(due)s).")
    return said % figures


def waivers_of_run(run: PaymentRun) -> dict[int, list[WaiverNote]]:
    """Return the approved waivers on which a run's payments stand, by library id (4(a))."""
    due = report_due_in(run.fiscal_year)
    found: dict[int, list[WaiverNote]] = defaultdict(list)
    if run.assumed_eligible:
        return found
    people = ("proposed_by", "approved_by")
    filings = Waiver.objects.filter(
        approved_at__isnull=False,
        period__first_day__gte=run.measured.first_day,
        period__last_day__lte=run.measured.last_day,
    ).select_related("period", *people)
    reports = ExpenditureReportWaiver.objects.filter(
        approved_at__isnull=False, fiscal_year=due.covers_fiscal_year
    ).select_related(*people)
    named: list[tuple[Waiver | ExpenditureReportWaiver, str]] = [
        *(
            (waiver, gettext("Loan filing of %(period)s") % {"period": span_in_words(waiver.period.span)})
            for waiver in filings.order_by("library__key", "pk")
        ),
        *(
            (
                waiver,
                gettext("Expenditure report on fiscal year %(fiscal_year)s")
                % {"fiscal_year": waiver.fiscal_year},
            )
            for waiver in reports.order_by("library__key", "pk")
        ),
    ]
    for waiver, requirement in named:
        found[waiver.library_id].append(
            WaiverNote(
                requirement=requirement,
                until=waiver.until,
                authority=waiver.authority,
                reason=waiver.reason,
                granted_by=str(waiver.proposed_by),
                approved_by=str(waiver.approved_by),
            )
        )
    return found
