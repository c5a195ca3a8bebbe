"""What a payment run's documents say, gathered from the run as it was frozen."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from connecticard.canonical_json import sha256_of
from payments.explaining.explanation import estimate_of
from payments.explaining.flows import Partner, Partners, partners_of_all
from payments.explaining.payment_explained import ExplainedPayment, ExplainedRun
from payments.explaining.requirements_met import unmet_requirement, waivers_of_run
from payments.models import Payment, PaymentRun
from payments.rules.expenditure_reporting import fiscal_year_days, report_on_money_received
from reports.contents import (
    CountedFiling,
    Division,
    MadeFrom,
    PaymentLine,
    PaymentList,
    PaymentStatement,
    PaymentTotals,
    Pool,
    RunFacts,
    TopPartner,
)
from transactions.models import Filing, Provenance, reports_loans
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day

_TOP_PARTNERS = 3


class RunDocuments:
    """Gathers the statements and the list of one calculated run; make it once for many statements."""

    def __init__(self, run: PaymentRun):
        self.run = run
        self._explained = ExplainedRun(run)
        self.payments = self._explained.payments
        self.facts = run_facts(run, self.payments.values())
        self._filings = _counted_filings(run)
        self._partners = partners_of_all(run)

    def statement(self, library_id: int) -> PaymentStatement:
        """Return what one library is paid, and why (4(a) to (c))."""
        payment = self.payments[library_id]
        explained = self._explained.explain(payment)
        partners = self._partners.get(library_id, Partners((), ()))
        due = report_on_money_received(fiscal_year_days(self.run.fiscal_year)[1])
        return PaymentStatement(
            run=self.facts,
            library_key=payment.library.key,
            library_name=self._explained.name(payment),
            town=payment.library.town.name,
            loans=explained.loans,
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
            requirements=explained.requirements,
            filings=tuple(self._filings[library_id]),
            made_from=self._made_from([self._figures(payment), _explanation(explained, partners)]),
            waivers=explained.waivers,
            spending_due_on=due.due_on if payment.payment_cents else None,
            change=explained.change,
            transactions_rounding=explained.transactions.rounding,
            net_plus_rounding=explained.net_plus.rounding,
            lent_to=_top(partners.lent),
            borrowed_from=_top(partners.borrowed),
            explained_at=settings.SITE_URL
            + reverse("payments:payment_of_year", args=[payment.library.key, self.run.fiscal_year]),
            rulebook_at=f"{settings.SITE_URL}{reverse('reports:rulebook')}"
            f"?on={fiscal_year_days(self.run.fiscal_year)[1]}",
        )

    def payment_list(self) -> PaymentList:
        """Return what every participating library is paid, with the totals (4(b), (c))."""
        payments = list(self.payments.values())
        return PaymentList(
            run=self.facts,
            lines=tuple(
                PaymentLine(
                    library_key=payment.library.key,
                    library_name=self._explained.name(payment),
                    loans=self._explained.loans(payment),
                    borrows=payment.borrows,
                    net_plus=payment.net_plus,
                    transactions_share_cents=payment.transactions_share_cents,
                    net_plus_share_cents=payment.net_plus_share_cents,
                    payment_cents=payment.payment_cents,
                    withheld_cents=payment.withheld_cents,
                    unmet=tuple(map(unmet_requirement, payment.unmet_requirements.all())),
                )
                for payment in payments
            ),
            totals=totals_of(self.run, payments),
            made_from=self._made_from([self._figures(payment) for payment in payments]),
            waivers=tuple(note for notes in waivers_of_run(self.run).values() for note in notes),
        )

    def _figures(self, payment: Payment) -> list[object]:
        return [
            payment.library.key,
            self._explained.name(payment),
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


def totals_of(run: PaymentRun, payments: Collection[Payment]) -> PaymentTotals:
    """Return the sums of a run's payments; paid + withheld + undistributed = appropriation."""
    return PaymentTotals(
        libraries=len(payments),
        loans=sum(payment.loans for payment in payments),
        net_plus=sum(payment.net_plus for payment in payments),
        transactions_share_cents=sum(payment.transactions_share_cents for payment in payments),
        net_plus_share_cents=sum(payment.net_plus_share_cents for payment in payments),
        paid_cents=sum(payment.payment_cents for payment in payments),
        withheld_cents=sum(payment.withheld_cents for payment in payments),
        undistributed_cents=run.undistributed_cents or 0,
        libraries_paid=sum(payment.payment_cents > 0 for payment in payments),
        libraries_withheld=sum(payment.withheld_cents > 0 for payment in payments),
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


def _top(partners: Iterable[Partner]) -> tuple[TopPartner, ...]:
    """Return the first few of the partners whose loans were counted."""
    counted = (TopPartner(one.name, one.loans) for one in partners if one.loans)
    return tuple(islice(counted, _TOP_PARTNERS))


def _explanation(explained: ExplainedPayment, partners: Partners) -> list[object]:
    """Return what a statement says beyond the run's own figures."""
    change = explained.change
    return [
        explained.loans,
        [[part.requirement, part.reason] for part in explained.requirements],
        change and [[cause.cause.value, cause.sentence, cause.cents] for cause in change.causes],
        [[one.name, one.loans] for found in (partners.lent, partners.borrowed) for one in _top(found)],
    ]


def _counted_filings(run: PaymentRun) -> dict[int, list[CountedFiling]]:
    found: dict[int, list[CountedFiling]] = defaultdict(list)
    filings = Filing.objects.filter(pk__in=run.counted_filings.values("filing"))
    loans = dict(
        filings.filter(reports_loans("pk"))
        .values_list("pk")
        .annotate(Sum("totals__loans", default=0))
        .order_by()
    )
    for filing in filings.order_by("library__key", "covers"):
        assert filing.certified_at is not None, "a certified filing says when"
        by_the_library = filing.provenance == Provenance.FILED
        found[filing.library_id].append(
            CountedFiling(
                first_day=filing.covers.lower,
                last_day=filing.covers.upper - timedelta(days=1),
                version=filing.version,
                loans=loans.get(filing.pk),
                standing="certified by the library"
                if by_the_library
                else "published, not certified by the library",
                recorded_on=eastern_day(filing.certified_at),
                sha256=filing.sha256,
            )
        )
    return found
