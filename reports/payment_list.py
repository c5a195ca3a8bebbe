"""What a payment run's documents say, gathered from the run as it was frozen."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from connecticard.canonical_json import sha256_of
from libraries.models import LibraryName
from payments.models import ExpenditureReportWaiver, Payment, PaymentRun, UnmetRequirement
from payments.rules.eligibility import RULEBOOK as ELIGIBILITY
from payments.rules.eligibility import Code
from payments.rules.expenditure_reporting import fiscal_year_days, report_due_in, report_on_money_received
from reports.contents import (
    CountedFiling,
    Division,
    MadeFrom,
    PaymentLine,
    PaymentList,
    PaymentStatement,
    PaymentTotals,
    Pool,
    Requirement,
    RunFacts,
    WaiverNote,
)
from transactions.models import Filing, Provenance, Waiver
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day

_REQUIREMENTS = (
    ("A Letter of Agreement is on file", "letter", {Code.LETTER_NOT_ON_FILE, Code.SUCCESSOR_NOT_ON_RECORD}),
    ("The library's legal standing is on record", "legal_standing", {Code.LEGAL_STANDING_NOT_ON_RECORD}),
    (
        "Every loan filing is filed and certified",
        "filings",
        {Code.FILING_MISSING, Code.FILING_LATE, Code.FILING_NOT_CERTIFIED},
    ),
    (
        "The expenditure report that fell due is filed and certified",
        "expenditure_report",
        {
            Code.EXPENDITURE_REPORT_MISSING,
            Code.EXPENDITURE_REPORT_LATE,
            Code.EXPENDITURE_REPORT_NOT_CERTIFIED,
            Code.MONEY_RECEIVED_UNKNOWN,
        },
    ),
)


class RunDocuments:
    """Gathers the statements and the list of one calculated run; make it once for many statements."""

    def __init__(self, run: PaymentRun):
        self.run = run
        self.payments = {
            payment.library_id: payment
            for payment in run.payments.select_related("library__town")
            .prefetch_related("unmet_requirements")
            .order_by("library__key")
        }
        self.facts = run_facts(run, self.payments.values())
        self._names = LibraryName.objects.borne_on(run.measured.last_day)
        self._filings = _counted_filings(run)
        self._waivers = _waivers(run)

    def statement(self, library_id: int) -> PaymentStatement:
        """Return what one library is paid, and why (4(a) to (c))."""
        payment = self.payments[library_id]
        due = report_on_money_received(fiscal_year_days(self.run.fiscal_year)[1])
        return PaymentStatement(
            run=self.facts,
            library_key=payment.library.key,
            library_name=self._name(payment),
            town=payment.library.town.name,
            loans=payment.loans,
            borrows=payment.borrows,
            net_plus=payment.net_plus,
            transactions=Division(
                self.facts.transactions,
                payment.loans if shares(self.run, payment) else 0,
                payment.transactions_share_cents,
            ),
            net_plus_division=Division(
                self.facts.net_plus,
                payment.net_plus if shares(self.run, payment) else 0,
                payment.net_plus_share_cents,
            ),
            payment_cents=payment.payment_cents,
            withheld_cents=payment.withheld_cents,
            requirements=_requirements(self.run, payment),
            filings=tuple(self._filings[library_id]),
            made_from=self._made_from([self._figures(payment)]),
            waivers=tuple(self._waivers[library_id]),
            spending_due_on=due.due_on if payment.payment_cents else None,
        )

    def payment_list(self) -> PaymentList:
        """Return what every participating library is paid, with the totals (4(b), (c))."""
        payments = list(self.payments.values())
        return PaymentList(
            run=self.facts,
            lines=tuple(
                PaymentLine(
                    library_key=payment.library.key,
                    library_name=self._name(payment),
                    loans=payment.loans,
                    borrows=payment.borrows,
                    net_plus=payment.net_plus,
                    transactions_share_cents=payment.transactions_share_cents,
                    net_plus_share_cents=payment.net_plus_share_cents,
                    payment_cents=payment.payment_cents,
                    withheld_cents=payment.withheld_cents,
                    unmet=tuple(map(_unmet, payment.unmet_requirements.all())),
                )
                for payment in payments
            ),
            totals=PaymentTotals(
                libraries=len(payments),
                loans=sum(payment.loans for payment in payments),
                net_plus=sum(payment.net_plus for payment in payments),
                transactions_share_cents=sum(payment.transactions_share_cents for payment in payments),
                net_plus_share_cents=sum(payment.net_plus_share_cents for payment in payments),
                paid_cents=sum(payment.payment_cents for payment in payments),
                withheld_cents=sum(payment.withheld_cents for payment in payments),
                undistributed_cents=self.run.undistributed_cents or 0,
                libraries_paid=sum(payment.payment_cents > 0 for payment in payments),
                libraries_withheld=sum(payment.withheld_cents > 0 for payment in payments),
            ),
            made_from=self._made_from([self._figures(payment) for payment in payments]),
            waivers=tuple(note for notes in self._waivers.values() for note in notes),
        )

    def _name(self, payment: Payment) -> str:
        return self._names.get(payment.library_id, payment.library.name)

    def _figures(self, payment: Payment) -> list[object]:
        return [
            payment.library.key,
            self._name(payment),
            payment.loans,
            payment.borrows,
            payment.net_plus,
            payment.transactions_share_cents,
            payment.net_plus_share_cents,
            payment.payment_cents,
            payment.withheld_cents,
            [[unmet.citation, unmet.reason] for unmet in payment.unmet_requirements.all()],
        ]

    def _made_from(self, figures: list[list[object]]) -> MadeFrom:
        return MadeFrom(
            source=source_of(self.run),
            rulebook_edition=self.run.rulebook_edition,
            data_sha256=sha256_of(
                {"run": self.run.manifest_sha256, "source": source_of(self.run), "figures": figures}
            ),
            dated=dated(self.run),
        )


def dated(run: PaymentRun) -> date:
    """Return the day that a run's documents bear: of its certificate, else of its calculation."""
    at = run.certified_at or run.calculated_at
    assert at is not None, "a run without a calculation has no documents"
    return eastern_day(at)


def source_of(run: PaymentRun) -> str:
    """Return what a run's documents are made from, in words."""
    day = written_day(dated(run))
    return f"{run}, {'certified' if run.certified_at else 'calculated, not certified,'} {day}"


def shares(run: PaymentRun, payment: Payment) -> bool:
    """Tell whether a library's figures are in the division: always, unless its share goes to the others."""
    return payment.eligible or run.withheld_policy == "keep"


def run_facts(run: PaymentRun, payments: Iterable[Payment]) -> RunFacts:
    """Return a calculated run as its documents describe it."""
    sharing = [payment for payment in payments if shares(run, payment)]
    changes = [f"{change.document}, {written_day(change.on)}" for change in run.appropriation.changes.all()]
    return RunFacts(
        number=run.number,
        fiscal_year=run.fiscal_year,
        measured_from=run.measured.first_day,
        measured_to=run.measured.last_day,
        appropriation_cents=run.appropriation_cents or 0,
        appropriation_source="; ".join([run.appropriation.act, *changes]),
        transactions=Pool(run.transactions_pool_cents or 0, sum(payment.loans for payment in sharing)),
        net_plus=Pool(run.net_plus_pool_cents or 0, sum(payment.net_plus for payment in sharing)),
        redistributes_withheld=run.withheld_policy == "redistribute",
        assumes_eligible=run.assumed_eligible,
        estimate=estimate_of(run.counted_filings.values("filing")),
        prepared_by=str(run.prepared_by),
        certified_by=str(run.certified_by) if run.certified_by else "",
        certified_on=eastern_day(run.certified_at) if run.certified_at else None,
    )


def estimate_of(filings: QuerySet[Any, Any]) -> str:
    """Return how the counts of those filings that are estimates were estimated; empty where none is."""
    notes = (
        Filing.objects.filter(pk__in=filings, provenance=Provenance.ESTIMATED)
        .order_by("provenance_note")
        .values_list("provenance_note", flat=True)
        .distinct()
    )
    return "; ".join(notes)


def _requirements(run: PaymentRun, payment: Payment) -> tuple[Requirement, ...]:
    """Return every requirement in force, met or not; a met one says what shows it."""
    unmet = list(payment.unmet_requirements.all())
    in_force = ELIGIBILITY.in_force(fiscal_year_days(run.fiscal_year)[1])
    found: list[Requirement] = []
    for requirement, key, codes in _REQUIREMENTS:
        failed = [one for one in unmet if one.code in codes]
        found += (
            map(_unmet, failed)
            if failed
            else [
                Requirement(
                    requirement=requirement,
                    citation=in_force[f"eligibility.{key}_required"].citation,
                    met=True,
                    reason="Taken as met: this year was filed before this system."
                    if run.assumed_eligible
                    else "",
                )
            ]
        )
    return tuple(found)


def _unmet(unmet: UnmetRequirement) -> Requirement:
    label = next(label for label, _, codes in _REQUIREMENTS if unmet.code in codes)
    return Requirement(label, unmet.citation, met=False, reason=unmet.reason, cure=unmet.cure)


def _counted_filings(run: PaymentRun) -> dict[int, list[CountedFiling]]:
    found: dict[int, list[CountedFiling]] = defaultdict(list)
    filings = Filing.objects.filter(pk__in=run.counted_filings.values("filing"))
    loans = dict(filings.values_list("pk").annotate(Sum("totals__loans", default=0)).order_by())
    for filing in filings.order_by("library__key", "covers"):
        assert filing.certified_at is not None, "a certified filing says when"
        by_the_library = filing.provenance == Provenance.FILED
        found[filing.library_id].append(
            CountedFiling(
                first_day=filing.covers.lower,
                last_day=filing.covers.upper - timedelta(days=1),
                version=filing.version,
                loans=loans[filing.pk],
                standing="certified by the library"
                if by_the_library
                else "published, not certified by the library",
                recorded_on=eastern_day(filing.certified_at),
                sha256=filing.sha256,
            )
        )
    return found


def _waivers(run: PaymentRun) -> dict[int, list[WaiverNote]]:
    """Return the approved waivers on which the run's payments stand, by library id (4(a))."""
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
        *((waiver, f"Loan filing of {waiver.period}") for waiver in filings.order_by("library__key", "pk")),
        *(
            (waiver, f"Expenditure report on fiscal year {waiver.fiscal_year}")
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
