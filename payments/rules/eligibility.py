"""What a library must have done to be paid, and how to mend what it has not."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import Span

_CHECKED = date(2026, 11, 21)
_LETTER_RULE = "Regs. Conn. State Agencies § 11-31c-1(d), 11-31c-4(a)"
_SUCCESSOR_RULE = "Regs. Conn. State Agencies § 11-31c-4(a)"
_STANDING_RULE = "C.G.S. § 11-24a"
_FILING_RULE = "Regs. Conn. State Agencies § 11-31c-2(a)"
_CERTIFICATE_RULE = "C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-2(d)"
_REPORT_RULE = "Regs. Conn. State Agencies § 11-31c-2(e)"
_STATISTICS_PRACTICE = "State Library guide to borrowIT CT: annual statistical report"
_REGULATION = date(1994, 1, 31)

RULEBOOK = Rulebook(
    [
        Entry(
            key="eligibility.letter_required",
            value=True,
            citation=_LETTER_RULE,
            label=Label.LAW,
            sentence="A library is paid only while its Letter of Agreement is on file with the State "
            "Library.",
            last_checked_on=_CHECKED,
            effective_from=_REGULATION,
        ),
        Entry(
            key="eligibility.legal_standing_required",
            value=True,
            citation=_STANDING_RULE,
            label=Label.LAW,
            sentence="A library is a public library by law, or took part before July 1, 1983; one that is "
            "not principal has its own board, director and staff, facility and appropriation.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="eligibility.filings_required",
            value=True,
            citation=_FILING_RULE,
            label=Label.LAW,
            sentence="Every record of loans that a library owes for the twelve months was filed by the date"
            " in the law, or under a recorded waiver.",
            last_checked_on=_CHECKED,
            effective_from=_REGULATION,
        ),
        Entry(
            key="eligibility.practice_date_only_reminds",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-2(a), (e)",
            label=Label.READING,
            sentence="A library is judged by the date in the law; an earlier date that practice asks for "
            "only reminds, and anything later is a waiver.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="eligibility.amendment_keeps_the_first_date",
            value=True,
            citation=_FILING_RULE,
            label=Label.READING,
            sentence="A record was filed on the day it was first submitted; a later amendment does not make"
            " it late.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="eligibility.certificate_may_be_waived",
            value=False,
            citation=_CERTIFICATE_RULE,
            label=Label.LAW,
            sentence="Records of loans are certified as accurate, and nobody can waive it.",
            last_checked_on=_CHECKED,
            effective_from=_REGULATION,
        ),
        Entry(
            key="eligibility.expenditure_report_required",
            value=True,
            citation=_REPORT_RULE,
            label=Label.LAW,
            sentence="The expenditure report that fell due in the fiscal year of the payment was filed in "
            "time.",
            last_checked_on=_CHECKED,
            effective_from=_REGULATION,
        ),
        Entry(
            key="eligibility.nothing_received_counts_as_met",
            value=True,
            citation=_REPORT_RULE,
            label=Label.READING,
            sentence="A library that received nothing in the year that the expenditure report covers owes "
            "none; where it is unknown what it received, staff settle it first.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="eligibility.statistical_report_required",
            value=False,
            citation=_STATISTICS_PRACTICE,
            label=Label.PRACTICE,
            sentence="Whether a library must also have filed its annual statistical report to be paid.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="eligibility.successor_required",
            value=True,
            citation=_SUCCESSOR_RULE,
            label=Label.READING,
            sentence="The share of a library that closed or merged is withheld until its legal successor is"
            " on record with document, date and letter.",
            last_checked_on=_CHECKED,
        ),
    ]
)


class Code(StrEnum):
    """Names of requirements that are not met, for programs; people read the reason."""

    LETTER_NOT_ON_FILE = "letter_not_on_file"
    SUCCESSOR_NOT_ON_RECORD = "successor_not_on_record"
    LEGAL_STANDING_NOT_ON_RECORD = "legal_standing_not_on_record"
    FILING_MISSING = "filing_missing"
    FILING_LATE = "filing_late"
    FILING_NOT_CERTIFIED = "filing_not_certified"
    EXPENDITURE_REPORT_MISSING = "expenditure_report_missing"
    EXPENDITURE_REPORT_LATE = "expenditure_report_late"
    EXPENDITURE_REPORT_NOT_CERTIFIED = "expenditure_report_not_certified"
    MONEY_RECEIVED_UNKNOWN = "money_received_unknown"
    STATISTICAL_REPORT_NOT_FILED = "statistical_report_not_filed"


class State(StrEnum):
    """Where a filing or a report that was owed stands."""

    IN_TIME = "certified, in time"
    WAIVED = "certified, late under a waiver"
    NOTHING_RECEIVED = "none owed, nothing was received"
    LATE = "late"
    NOT_CERTIFIED = "not certified"
    MISSING = "missing"
    UNKNOWN = "money received unknown"


@dataclass(frozen=True)
class FilingOwed:
    """One record of loans that a library owed for the twelve months, days inclusive.

    `due_on` is the date in the law. `submitted_on` is the day it was first submitted, None where it was not.
    `waived_until` is the last day allowed by a recorded waiver. `asked_on`, the day by which practice asks
    for it, and `closes_on`, the last day of entry, decide nothing here; None where none is known.
    """

    first_day: date
    last_day: date
    due_on: date
    submitted_on: date | None = None
    certified: bool = False
    waived_until: date | None = None
    asked_on: date | None = None
    closes_on: date | None = None

    @property
    def matter(self) -> str:
        """Its name for programs."""
        return f"loans/{self.first_day}/{self.last_day}"


@dataclass(frozen=True)
class ExpenditureReportOwed:
    """The expenditure report that fell due in the fiscal year of the payment.

    `received_cents` is what the payment ledger says was received in `covers_fiscal_year`: 0 is nothing, None
    is not known. The days are as for a filing.
    """

    due_on: date
    covers_fiscal_year: int
    received_cents: int | None
    submitted_on: date | None = None
    certified: bool = False
    waived_until: date | None = None

    @property
    def matter(self) -> str:
        """Its name for programs."""
        return f"expenditure/{self.covers_fiscal_year}"


@dataclass(frozen=True)
class Standing:
    """What is known of a library on the day on which a payment is worked out.

    `filings` are those it owed for the twelve months, for days on which it was open and participating.
    `closed_on` is the day a library closed or merged; its successor's letter then stands for its own.
    """

    judged_on: date
    letter_on_file: bool
    legal_standing_on_record: bool
    filings: tuple[FilingOwed, ...]
    expenditure_report: ExpenditureReportOwed
    statistical_report_filed: bool | None = None
    closed_on: date | None = None
    successor_on_record: bool = False


@dataclass(frozen=True)
class Unmet:
    """One requirement not met: where it stands in the law, why it is not met, and what mends it.

    `matter` names the filing or the report that it is about, as that does itself; empty where it is neither.
    """

    citation: str
    reason: str
    cure: str
    code: Code
    matter: str = ""


def filing_state(filing: FilingOwed) -> State:
    """Return where a record of loans stands. One that is both late and not certified is late.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), (d); C.G.S. § 11-31b.
    """
    if filing.submitted_on is None:
        return State.MISSING
    in_time = filing.submitted_on <= filing.due_on
    if not in_time and (filing.waived_until is None or filing.waived_until < filing.submitted_on):
        return State.LATE
    if not filing.certified:
        return State.NOT_CERTIFIED
    return State.IN_TIME if in_time else State.WAIVED


def expenditure_report_state(report: ExpenditureReportOwed) -> State:
    """Return where an expenditure report stands. One that is both late and not certified is late.

    Where nothing was received none is owed. Where it is unknown what was received, only a report that was
    certified in time or under a waiver settles it.

    Source: Regs. Conn. State Agencies § 11-31c-2(e).
    """
    if report.received_cents == 0 and RULEBOOK.switch(
        "eligibility.nothing_received_counts_as_met", report.due_on
    ):
        return State.NOTHING_RECEIVED
    if report.submitted_on is None:
        return State.MISSING if report.received_cents is not None else State.UNKNOWN
    in_time = report.submitted_on <= report.due_on
    if not in_time and (report.waived_until is None or report.waived_until < report.submitted_on):
        return State.LATE
    if not report.certified:
        return State.NOT_CERTIFIED
    return State.IN_TIME if in_time else State.WAIVED


def unmet_requirements(standing: Standing) -> tuple[Unmet, ...]:
    """Return each requirement for payment that a library has not met; empty when it may be paid.

    The requirements are those in force on the day of judging. Filings come in the order of their days.

    Source: Regs. Conn. State Agencies § 11-31c-1(d), 11-31c-2(a) to (e), 11-31c-4(a); C.G.S. §§ 11-24a,
    11-31b.
    """
    required = {
        key.removeprefix("eligibility.").removesuffix("_required")
        for key, entry in RULEBOOK.in_force(standing.judged_on).items()
        if key.endswith("_required") and entry.value is True
    }
    unmet: list[Unmet] = []
    if standing.closed_on is not None:
        if "successor" in required and not standing.successor_on_record:
            unmet.append(
                Unmet(
                    _SUCCESSOR_RULE,
                    f"The library closed or merged on {written_day(standing.closed_on)}, and no legal "
                    "successor is on record.",
                    "State Library staff record the successor with the document, its date and its Letter of "
                    "Agreement.",
                    Code.SUCCESSOR_NOT_ON_RECORD,
                )
            )
    elif "letter" in required and not standing.letter_on_file:
        unmet.append(
            Unmet(
                _LETTER_RULE,
                f"No Letter of Agreement was on file on {written_day(standing.judged_on)}.",
                "Sign a Letter of Agreement and send it to the State Library.",
                Code.LETTER_NOT_ON_FILE,
            )
        )
    if "legal_standing" in required and not standing.legal_standing_on_record:
        unmet.append(
            Unmet(
                _STANDING_RULE,
                f"On {written_day(standing.judged_on)} it was not on record that the library is a public "
                "library entitled to payment.",
                "Send the State Library evidence of the library's legal standing, for staff to record.",
                Code.LEGAL_STANDING_NOT_ON_RECORD,
            )
        )
    if "filings" in required:
        for filing in sorted(standing.filings, key=lambda filing: filing.first_day):
            unmet += _unmet_filing(filing, standing.judged_on)
    if "expenditure_report" in required:
        unmet += _unmet_expenditure_report(standing.expenditure_report, standing.judged_on)
    if "statistical_report" in required and standing.statistical_report_filed is not True:
        unmet.append(
            Unmet(
                _STATISTICS_PRACTICE,
                f"On {written_day(standing.judged_on)} no annual statistical report was on record.",
                "File the annual statistical report, or ask State Library staff to record that it was filed.",
                Code.STATISTICAL_REPORT_NOT_FILED,
            )
        )
    return tuple(unmet)


def _unmet_filing(filing: FilingOwed, judged_on: date) -> list[Unmet]:
    record = f"The record of loans for {written_span(Span(filing.first_day, filing.last_day))}"
    unmet: list[Unmet] = []
    state = filing_state(filing)
    if state is State.MISSING:
        reason, cure = _missing(record, filing.due_on, filing.waived_until, judged_on)
        unmet.append(Unmet(_FILING_RULE, reason, cure, Code.FILING_MISSING, filing.matter))
    if state is State.LATE and filing.submitted_on is not None:
        reason, cure = _late(record, filing.submitted_on, filing.due_on, filing.waived_until)
        unmet.append(Unmet(_FILING_RULE, reason, cure, Code.FILING_LATE, filing.matter))
    if filing.submitted_on is not None and not filing.certified:
        unmet.append(
            Unmet(
                _CERTIFICATE_RULE,
                f"{record} was filed but is not certified as accurate.",
                "The director or a deputy certifies it; this cannot be waived.",
                Code.FILING_NOT_CERTIFIED,
                filing.matter,
            )
        )
    return unmet


def _unmet_expenditure_report(report: ExpenditureReportOwed, judged_on: date) -> list[Unmet]:
    subject = f"The expenditure report on money received in fiscal year {report.covers_fiscal_year}"
    unmet: list[Unmet] = []
    state = expenditure_report_state(report)
    if state is State.NOTHING_RECEIVED:
        return []
    if state is State.UNKNOWN:
        is_or_was = "was" if report.due_on < judged_on else "is"
        return [
            Unmet(
                _REPORT_RULE,
                f"It is not known what the library received in fiscal year {report.covers_fiscal_year}, on "
                f"which an expenditure report {is_or_was} due {written_day(report.due_on)}.",
                "State Library staff settle it from the payment ledger; a library that received money files "
                "the report.",
                Code.MONEY_RECEIVED_UNKNOWN,
                report.matter,
            )
        ]
    if state is State.MISSING:
        reason, cure = _missing(subject, report.due_on, report.waived_until, judged_on)
        unmet.append(Unmet(_REPORT_RULE, reason, cure, Code.EXPENDITURE_REPORT_MISSING, report.matter))
    if state is State.LATE and report.submitted_on is not None:
        reason, cure = _late(subject, report.submitted_on, report.due_on, report.waived_until)
        unmet.append(Unmet(_REPORT_RULE, reason, cure, Code.EXPENDITURE_REPORT_LATE, report.matter))
    if report.submitted_on is not None and not report.certified:
        unmet.append(
            Unmet(
                _REPORT_RULE,
                f"{subject} was filed but is not certified.",
                "The director or a deputy certifies it.",
                Code.EXPENDITURE_REPORT_NOT_CERTIFIED,
                report.matter,
            )
        )
    return unmet


def _missing(subject: str, due_on: date, waived_until: date | None, judged_on: date) -> tuple[str, str]:
    """Return the reason and the cure of something that was not filed, in time or while time is left."""
    last_day = max(due_on, waived_until or due_on)
    by_waiver = f", by a waiver {written_day(last_day)}" if last_day > due_on else ""
    if judged_on <= last_day:
        reason = f"{subject} has not been filed yet; it is due {written_day(due_on)}{by_waiver}."
        return reason, f"File and certify it by {written_day(last_day)}."
    reason = f"{subject} was not filed; it was due {written_day(due_on)}{by_waiver}."
    return reason, "File and certify it, and ask the State Library for a waiver to accept it late."


def _late(subject: str, submitted_on: date, due_on: date, waived_until: date | None) -> tuple[str, str]:
    """Return the reason and the cure of something that was filed late."""
    allowed = (
        f"a waiver allowed it until {written_day(waived_until)}"
        if waived_until is not None and waived_until > due_on
        else "no waiver is on record"
    )
    return (
        f"{subject} was filed {written_day(submitted_on)}, after it was due {written_day(due_on)}; "
        f"{allowed}.",
        "Ask the State Library for a waiver; it is recorded with its authority and reason.",
    )
