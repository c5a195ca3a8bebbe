"""What if: the same answer as if the facts were so on record and the year were calculated, to the cent."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.calculation import calculate, rates
from payments.estimating.what_if import Changes, answer
from payments.estimating.what_if_bases import CannotAsk, base_of_open_year, base_of_run
from payments.models import PastPayment, Payment
from payments.rules.changed_loans import changed_by
from payments.rules.expenditure_reporting import report_due_in
from tests.factories import make_letter, make_library, make_town, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import Filing, FilingTotal, LoanCount

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 1, 15, tzinfo=UTC)
TODAY = date(2027, 4, 1)
CENTS = 100_001


def take_part(key, *, town=None, begins=date(2000, 1, 1)):
    """Make a library that takes part and, once it has filed, is in order."""
    library = make_library(f"Library {key}", key=key, town=town)
    library.has_legal_standing = True
    library.save()
    make_letter(library, begins=begins)
    received_in = report_due_in(FISCAL_YEAR).covers_fiscal_year
    PastPayment.objects.create(library=library, fiscal_year=received_in, cents=0, source="nothing received")
    return library


def certify_year(lender, loans, *, by=None):
    """Certify both halves of a library's year, all of its loans in the first."""
    for half, counts in zip(HALVES, (loans, dict.fromkeys(loans, 0)), strict=True):
        certified(lender, counts, first_day=half.first_day, by=by)


def calculated_run(**policy):
    staff = make_user(Role.STATE_STAFF)
    fund = appropriation(CENTS)
    run = services.create_run(appropriation=fund, by=staff, at=AT, **policy)
    return services.calculate_run(run=run, by=staff, at=AT)


@pytest.fixture
def three(db):
    """The libraries and loans of worked example W6, nobody's filing missing."""
    a, b, c = (take_part(key) for key in "ABC")
    certify_year(a, {b: 10, c: 10})
    certify_year(b, {a: 12, c: 5})
    certify_year(c, {a: 5, b: 15})
    return calculated_run()


def payments(outcome):
    return {line.key: (line.payment_cents, line.withheld_cents) for line in outcome.split.lines}


def test_nothing_changed_is_the_run_itself(three):
    base = base_of_run(three)

    outcome = answer(base, Changes())

    assert outcome.split == base.split
    assert outcome.now == outcome.then
    assert not outcome.gainers
    assert not outcome.losers


def test_three_treatments_of_a_library_as_in_the_worked_example(three):
    base = base_of_run(three)

    keep = answer(base, Changes(not_in_order=frozenset("C")))
    redistribute = answer(base, Changes(not_in_order=frozenset("C"), withheld="redistribute"))
    left = answer(base, Changes(not_participating=frozenset("C")))

    assert payments(keep) == {"A": (362_94, 0), "B": (149_13, 0), "C": (0, 487_94)}
    assert payments(redistribute) == {"A": (770_28, 0), "B": (229_73, 0), "C": (0, 0)}
    assert payments(left) == {"A": (536_95, 0), "B": (463_06, 0)}
    assert left.lines[2].then is None
    assert left.lines[2].difference_cents == -base.split.lines[2].payment_cents
    assert [line.key for line in redistribute.gainers] == ["A", "B"]
    assert [line.key for line in redistribute.losers] == ["C"]


def test_net_plus_by_town_as_in_the_worked_example(db):
    town = make_town("t")
    p, q, r = take_part("P", town=town), take_part("Q", town=town), take_part("R")
    certify_year(p, {r: 100})
    certify_year(q, {r: 20})
    certify_year(r, {p: 30, q: 60})
    base = base_of_run(calculated_run())

    outcome = answer(base, Changes(appropriation_cents=1_000_00, net_plus_by_town=True))

    assert answer(base, Changes(appropriation_cents=1_000_00)).then.per_net_plus == "7.1428571429"
    assert outcome.then.per_net_plus == "16.6666666667"
    assert outcome.then.net_plus == 30
    assert outcome.by_town.net_plus == {"t": 30, r.town.name: 0}
    assert [line.net_plus_share_cents for line in outcome.split.lines] == [500_00, 0, 0]
    assert outcome.then.paid_cents == 1_000_00


def test_by_town_shares_of_who_is_not_in_order_are_withheld_or_divided(three):
    base = base_of_run(three)
    missing = Changes(not_in_order=frozenset("C"), net_plus_by_town=True)

    keep = answer(base, missing)
    redistribute = answer(base, replace(missing, withheld="redistribute"))

    assert payments(keep) == payments(answer(base, Changes(not_in_order=frozenset("C"))))
    assert payments(redistribute)["C"] == (0, 0)
    assert redistribute.then.paid_cents == CENTS


def test_what_is_asked_is_never_stored(three):
    before = list(Payment.objects.order_by("pk").values())

    answer(base_of_run(three), Changes(appropriation_percent=-2000, not_participating=frozenset("A")))

    assert list(Payment.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(not_participating=frozenset("Z")), "library"),
        (Changes(not_participating=frozenset("A"), not_in_order=frozenset("A")), "library"),
        (Changes(not_participating=frozenset("A"), loans={"A": 5}), "loans"),
        (Changes(loans={"A": 5}, loans_percent={"A": 100}), "loans"),
        (Changes(appropriation_cents=5, appropriation_percent=100), "appropriation"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(three, changes, field):
    with pytest.raises(CannotAsk) as refused:
        answer(base_of_run(three), changes)

    assert list(refused.value.problems) == [field]


def test_loans_of_a_library_that_lent_nothing_cannot_be_spread(three):
    take_part("D")
    services.calculate_run(run=three, by=make_user(Role.STATE_STAFF), at=AT)
    three.refresh_from_db()

    with pytest.raises(CannotAsk, match="D lent nothing"):
        answer(base_of_run(three), Changes(loans={"D": 5}))


def test_run_that_is_not_calculated_has_nothing_to_ask_about(three):
    begun = services.create_run(appropriation=three.appropriation, by=three.prepared_by, at=AT)

    with pytest.raises(CannotAsk, match="not calculated"):
        base_of_run(begun)


def test_totals_that_are_not_the_sum_of_the_counts_are_noticed(three):
    FilingTotal.objects.filter(filing__library__key="A").update(loans=1)

    with pytest.raises(CannotAsk, match="rebuild_filing_totals"):
        answer(base_of_run(three), Changes(loans={"A": 5}))


def test_open_year_is_asked_anew_when_something_is_certified(three):
    before = base_of_open_year(FISCAL_YEAR, on=TODAY)
    again = base_of_open_year(FISCAL_YEAR, on=TODAY)

    certified(Library.objects.get(key="A"), {Library.objects.get(key="B"): 999})
    after = base_of_open_year(FISCAL_YEAR, on=TODAY)

    assert again.estimate is before.estimate
    assert before.activity["A"].loans == 20
    assert after.activity["A"].loans == 999
    assert after.split.lines[1].borrows == 999 + 15


# The property: a change asked about, and the same change put on record


def spread_by_hand(loans, total):
    """Spread a total over counts by key: each running sum cut to whole units."""
    found, running, given_out = {}, 0, 0
    for key in sorted(loans):
        running += loans[key]
        upto = total * running // sum(loans.values())
        found[key], given_out = upto - given_out, upto
    return found


def filed_by(key):
    """What the standing filings of a library add up to, by key of the home library."""
    counts = LoanCount.objects.filter(
        filing__in=Filing.objects.standing().filter(library__key=key), loans__gt=0
    )
    # D joined in June: what it filed for the months before is no transaction.
    rows = counts.values_list("home_library__key", "loans", "month")
    found: Counter[str] = Counter()
    for home, loans, month in rows:
        if key != "D" or month >= date(2026, 6, 1):
            found[home] += loans
    return found


def put_on_record(changes, base, libraries, person):
    """Make a change so: amended filings are certified, letters withdrawn, legal standing given or lost."""
    for key, library in base.activity.items():
        filed = filed_by(key)
        if key in changes.loans:
            total = changes.loans[key]
        elif key in changes.loans_percent:
            total = changed_by(library.loans, changes.loans_percent[key])
        elif changes.all_loans_percent is not None:
            total = changed_by(library.loans, changes.all_loans_percent)
        else:
            continue
        if filed:
            spread = spread_by_hand(filed, total)
            amend(libraries, key, spread, person)
    for key in changes.not_participating:
        libraries[key].letters.all().delete()
    Library.objects.filter(key__in=changes.not_in_order).update(has_legal_standing=False)
    Library.objects.filter(key__in=changes.in_order).update(has_legal_standing=True)


def amend(libraries, key, loans, person):
    """Certify other counts for the year of a library; D's by month, from June on."""
    if key == "D":
        by_month = {(libraries[home], date(2026, 7, 1)): units for home, units in loans.items()}
        by_month |= {(libraries[home], date(2026, 4, 1)): 77 for home in loans}
        certified(libraries[key], by_month, by=person)
        nothing = {(libraries[home], date(2026, 10, 1)): 0 for home in loans}
        certified(libraries[key], nothing, first_day=HALVES[1].first_day, by=person)
    else:
        certify_year(libraries[key], {libraries[home]: units for home, units in loans.items()}, by=person)


def a_state(random, person):
    """Put a small state on record: A to D take part, D from June on; N never did, and lent all the same."""
    libraries = {key: take_part(key) for key in "ABC"}
    libraries["D"] = take_part("D", begins=date(2026, 6, 1))
    libraries["N"] = make_library("Library N", key="N")
    for key in libraries:
        loans = {
            home: random.choice([0, 1, random.randrange(40), random.randrange(10**6)])
            for home in libraries
            if home != key
        }
        if key != "B" or random.random() < 0.8:  # sometimes B files nothing, and is not in order
            amend(libraries, key, loans, person)
    return libraries


def some_changes(random, base):
    keys = list(base.activity)
    out = frozenset(key for key in keys if random.random() < 0.2)
    staying = [key for key in keys if key not in out]
    lost = frozenset(key for key in staying if random.random() < 0.2)
    lenders = [key for key in staying if base.activity[key].loans]
    number = {key: random.randrange(10**6) for key in lenders if random.random() < 0.2}
    percent = {
        key: random.randint(-10_000, 50_000) for key in lenders if key not in number and random.random() < 0.3
    }
    return Changes(
        appropriation_percent=random.choice([None, random.randint(-10_000, 20_000)]),
        withheld=random.choice([None, "keep", "redistribute"]),
        not_participating=out,
        not_in_order=lost,
        in_order=frozenset(key for key in staying if key not in lost and base.activity[key].eligible),
        loans=number,
        loans_percent=percent,
        all_loans_percent=random.choice([None, None, random.randint(-10_000, 10_000)]),
    )


@pytest.mark.parametrize("of", ["run", "open year"])
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed has nothing to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**40))
def test_answer_is_the_calculation_of_the_same_facts_on_record(db, of, seed):
    random = Random(seed)
    with transaction.atomic():
        person = make_user()
        libraries = a_state(random, person)
        run = calculated_run()
        base = base_of_run(run) if of == "run" else base_of_open_year(FISCAL_YEAR, on=TODAY)
        changes = some_changes(random, base)

        outcome = answer(base, changes)
        put_on_record(changes, base, libraries, person)
        cents = changed_by(CENTS, changes.appropriation_percent or 0)
        withheld = changes.withheld or "keep"
        calculation = calculate(FISCAL_YEAR, cents, withheld=withheld, on=TODAY)

        assert activity(outcome.split) == activity(calculation.split)
        # Of an open year everybody is taken as in order who is not said to be otherwise.
        not_in_order = {library.key for library in calculation.inputs.activity if not library.eligible}
        if of == "run" or not_in_order == changes.not_in_order:
            assert outcome.split == calculation.split
            assert (outcome.then.per_loan, outcome.then.per_net_plus) == rates(
                calculation.split, calculation.sharing
            )
        transaction.set_rollback(True)


def activity(split):
    return [(line.key, line.loans, line.borrows) for line in split.lines]
