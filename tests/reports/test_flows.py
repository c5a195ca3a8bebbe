"""The flows between towns and between libraries: what they add up to."""

from collections import Counter

import pytest
from django.db.models import Sum

from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.models import CountedFiling, PaymentRun
from reports.places.flows import Grain, counts_of, year_of_flows
from tests.api_world import AT
from tests.factories import make_home_library, make_letter, make_residency, make_user
from tests.payments.records import HALVES, appropriation, certified
from transactions.models import LoanCount

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def _made(once):
    return once(_make_run)


@pytest.fixture
def calculated(_made, db):
    """A run of two libraries of one town and a third elsewhere that did not count one pair.

    A fourth takes no part, though its cards were used.
    """
    return PaymentRun.objects.get(pk=_made)


def _make_run() -> int:
    north, south, elsewhere = (make_home_library(name) for name in ("North", "South Branch", "Elsewhere"))
    south.town = north.town
    south.save()
    south.residencies.all().delete()
    make_residency(north.town, south, principal=False)
    outside = make_home_library("Outside")
    for library in (north, south, elsewhere):
        make_letter(library)
    first, second = HALVES
    certified(north, {elsewhere: 30, outside: 4}, first_day=first.first_day)
    certified(north, {elsewhere: 12}, first_day=second.first_day, estimated="a survey")
    certified(south, {elsewhere: 7}, first_day=first.first_day)
    certified(elsewhere, {north: 100, south: None}, first_day=first.first_day)
    staff = make_user(Role.STATE_STAFF)
    certified(elsewhere, {north: 1, south: None}, first_day=second.first_day)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    return run.pk


def independent_sum(run: PaymentRun) -> int:
    filings = CountedFiling.objects.filter(run=run).values("filing")
    return LoanCount.objects.filter(filing__in=filings).aggregate(Sum("loans"))["loans__sum"]


@pytest.mark.parametrize("grain", list(Grain))
def test_flows_add_up_to_the_run_and_to_the_counts(calculated, grain):
    year = year_of_flows(calculated, grain)

    assert year.units == independent_sum(calculated) == 154
    assert year.units == calculated.payments.aggregate(Sum("loans"))["loans__sum"]
    assert sum(balance.lent or 0 for balance in year.balances) == year.units
    assert sum(balance.borrowed for balance in year.balances) == year.units
    assert sum(balance.net for balance in year.balances) == 0


def test_flows_between_towns_are_those_of_their_libraries_together(calculated):
    by_library, by_town = (year_of_flows(calculated, grain) for grain in (Grain.LIBRARY, Grain.TOWN))
    town_of = {library.key: library.town.name for library in Library.objects.select_related("town")}

    together: Counter[tuple[str, str]] = Counter()
    for flow in by_library.flows:
        together[town_of[flow.lender.key], town_of[flow.home.key]] += flow.loans or 0

    assert {(flow.lender.name, flow.home.name): flow.loans for flow in by_town.flows} == dict(together)


def test_balances_of_participating_libraries_are_those_of_their_payments(calculated):
    balances = {balance.place.key: balance for balance in year_of_flows(calculated, Grain.LIBRARY).balances}

    for payment in calculated.payments.select_related("library"):
        balance = balances[payment.library.key]
        assert (balance.lent or 0, balance.borrowed) == (payment.loans, payment.borrows)


def test_counts_of_one_place_alone_tell_of_it_what_all_counts_tell(calculated):
    whole = year_of_flows(calculated, Grain.TOWN)
    place = next(balance.place for balance in whole.balances if balance.borrowed == 101)

    alone = year_of_flows(calculated, Grain.TOWN, counts_of(Grain.TOWN, place.key))

    assert alone.exchanges(place) == whole.exchanges(place)
    assert alone.exchanges(place).units_borrowed == 101


def test_what_was_not_counted_has_no_rank_and_is_not_zero(calculated):
    year = year_of_flows(calculated, Grain.LIBRARY)
    south = next(balance.place for balance in year.balances if balance.place.name == "South Branch")

    (silent,) = year.exchanges(south).borrowed

    assert (silent.loans, silent.rank) == (None, None)
    assert (silent.back, silent.net) == (7, 7)


def test_one_estimate_makes_a_flow_estimated(calculated):
    kinds = {
        (flow.lender.name, flow.home.name): flow.kind.value
        for flow in year_of_flows(calculated, Grain.LIBRARY).flows
    }

    assert kinds["North", "Elsewhere"] == "estimated"
    assert kinds["South Branch", "Elsewhere"] == "filed"
