"""A what-if question for the state against the full calculation of the same year.

Each question names another library, so that what that library lent is read anew; what all of them lent is
read once for a year and kept.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from itertools import count

from connecticard.clock import EASTERN
from connecticard.models import Role, RoleAssignment, User
from libraries.models import LetterOfAgreement, Library
from payments import services
from payments.calculation import Calculation, calculate
from payments.estimating.what_if import Changes, Outcome, answer
from payments.estimating.what_if_bases import base_of_open_year, base_of_run
from payments.models import PaymentRun
from tests.bench.measure import Measurement, paired
from tests.bench.synthetic import make_years
from transactions.services import rebuild_totals

CENTS = 703_638_00
FISCAL_YEAR = 2027
GOAL = 0.05
TODAY = date(2027, 4, 1)
AT = datetime(2027, 4, 1, 9, tzinfo=EASTERN)


def run() -> Iterable[Measurement]:
    rows = make_years([FISCAL_YEAR])
    LetterOfAgreement.objects.bulk_create(
        LetterOfAgreement(library=library, valid=(None, None), signatory="Bench")
        for library in Library.objects.all()
    )
    rebuild_totals()
    made = _calculated_run()
    keys = sorted(Library.objects.values_list("key", flat=True))

    def of_run(changes: Changes) -> Outcome:
        return answer(base_of_run(PaymentRun.objects.get(pk=made.pk)), changes)

    def of_open_year(changes: Changes) -> Outcome:
        return answer(base_of_open_year(FISCAL_YEAR, on=TODAY), changes)

    assert of_run(Changes()).split == calculate(FISCAL_YEAR, CENTS, on=TODAY).split
    assert of_open_year(Changes()).split == full_calculation().split
    state = f"against the calculation from {rows:,} counts"
    yield _measured(f"what if for some libraries, {state}", of_run, _several(keys))
    yield _measured(f"the same of the open year, {state}", of_open_year, _several(keys))
    yield _measured(f"what if for the loans of all, {state}", of_run, _everybody())


def full_calculation() -> Calculation:
    return calculate(FISCAL_YEAR, CENTS, assume_eligible=True, on=TODAY)


def _several(keys: list[str]) -> Callable[[], Changes]:
    """Return what gives, each time, a question about an amount, a policy and three other libraries."""
    number = count()

    def question() -> Changes:
        first = next(number) * 3
        out, unpaid, less = (keys[(first + place) % len(keys)] for place in range(3))
        return Changes(
            appropriation_percent=-20_00,
            withheld="redistribute",
            not_participating=frozenset({out}),
            not_in_order=frozenset({unpaid}),
            loans_percent={less: -20_00},
        )

    return question


def _everybody() -> Callable[[], Changes]:
    percent = count(1)
    return lambda: Changes(all_loans_percent=-next(percent) * 100)


def _measured(name: str, ask: Callable[[Changes], Outcome], question: Callable[[], Changes]) -> Measurement:
    return paired(
        name,
        ours=lambda: ask(question()),
        floor=full_calculation,
        goal=GOAL,
    )


def _calculated_run() -> PaymentRun:
    staff = User.objects.get(email="bench@example.org")
    RoleAssignment.objects.create(user=staff, role=Role.STATE_STAFF, valid=(date(2000, 1, 1), None))
    fund = services.record_appropriation(fiscal_year=FISCAL_YEAR, cents=CENTS, act="Bench", by=staff)
    made = services.create_run(appropriation=fund, by=staff, at=AT)
    return services.calculate_run(run=made, by=staff, at=AT)
