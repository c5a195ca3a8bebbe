"""What the front page says besides its words: the program at a glance, from what is published."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from payments.calculation import rates_of
from payments.models import PaymentRun
from payments.past_years.trends import Charts, StateYear, state_trend
from transactions.models import Provenance
from transactions.spans import span_in_words

YEARS_SHOWN = 8


@dataclass(frozen=True)
class YearAtAGlance:
    """The figures of a certified run: counts, cents, and rates in dollars as text."""

    run: PaymentRun
    measured: str
    libraries: int
    loans: int
    net_plus: int
    paid_cents: int
    per_loan: str
    per_net_plus: str


def last_published_year() -> YearAtAGlance | None:
    """Return the latest fiscal year with a published run; None where there is none."""
    run = PaymentRun.objects.published().order_by("-fiscal_year").first()
    if run is None:
        return None
    sums = run.payments.aggregate(
        loans=Sum("loans", default=0),
        net_plus=Sum("net_plus", default=0),
        paid=Sum("payment_cents", default=0),
    )
    per_loan, per_net_plus = rates_of(run)
    return YearAtAGlance(
        run=run,
        measured=span_in_words(run.measured),
        libraries=run.payments.count(),
        loans=sums["loans"],
        net_plus=sums["net_plus"],
        paid_cents=sums["paid"],
        per_loan=per_loan,
        per_net_plus=per_net_plus,
    )


@dataclass(frozen=True)
class LoansThroughTheYears:
    """The line of the state's loans, its first and its last year with a figure, and the latest years."""

    charts: Charts
    first: StateYear
    last: StateYear
    latest: tuple[StateYear, ...]

    @property
    def percent(self) -> int | None:
        """How much more or less was lent in the last year than in the first, in whole percent."""
        then, now = (year.loans.told[0].value for year in (self.first, self.last))
        return round((now - then) * 100 / then) if then else None

    @property
    def fewer(self) -> int:
        """How much less was lent in the last year, in whole percent; 0 where it was not less."""
        return max(0, -(self.percent or 0))


def kind_of_loans(year: YearAtAGlance | None, through: LoansThroughTheYears | None) -> Provenance | None:
    """Return where the loans of the last published year come from, as the line through the years has it.

    The rate of a loan rests on the same count. None where the line does not have the year.
    """
    if year is None or through is None or through.last.fiscal_year != year.run.fiscal_year:
        return None
    return through.last.loans.told[0].kind


def loans_through_the_years(today: date) -> LoansThroughTheYears | None:
    """Return how many items were lent in each year on record; None where there are not two."""
    trend = state_trend(today)
    known = [year for year in trend.years if year.loans.told]
    if trend.loans_chart is None:
        return None
    return LoansThroughTheYears(trend.loans_chart, known[0], known[-1], tuple(reversed(known[-YEARS_SHOWN:])))
