"""Each input that changes underneath makes a calculation stale, is named, and blocks the certificate."""

from datetime import date, datetime

import pytest

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from libraries import services as library_services
from libraries.models import Library
from payments import services
from payments.models import EarlierCalculation, PaymentRun
from payments.preparing.run_changes import changes_since_calculated
from payments.preparing.run_preparation import choose_policy
from payments.services import StaleCalculation
from tests.factories import make_home_library, make_letter, make_residency, make_user
from tests.payments.disbursed import make_libraries
from tests.payments.records import HALVES, appropriation, certified

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = AT.date()


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def run(staff) -> PaymentRun:
    make_libraries(in_debt="C")
    begun = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    return services.calculate_run(run=begun, by=staff, at=AT)


def refused(run: PaymentRun) -> bool:
    with pytest.raises(StaleCalculation, match="Calculate it again"):
        services.certify_run(run=run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    return True


def test_nothing_changed(run):
    assert not changes_since_calculated(run, at=AT)


def test_an_amended_filing_is_named_with_who_certified_it(run, staff):
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    amended = certified(a, {b: 16}, first_day=HALVES[0].first_day)
    AuditEvent.record("filing_certified", target=amended, by=staff)

    changes = changes_since_calculated(run, at=AT)

    assert changes.effects == (
        "A: lent 30 when it was calculated, 31 today.",
        "B: borrowed elsewhere 30 when it was calculated, 31 today.",
    )
    (cause,) = changes.causes
    assert (cause.what, cause.by) == ("filing certified", staff)
    assert cause.url == f"/filings/{amended.pk}/"
    assert refused(run)


def test_a_filing_of_another_year_is_no_cause(run, staff):
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    certified(a, {b: 16}, first_day=HALVES[0].first_day)
    AuditEvent.record("filing_certified", target=certified(a, {b: 1}, first_day=date(2025, 3, 1)), by=staff)

    assert changes_since_calculated(run, at=AT).causes == ()


def test_an_agreement_is_named(run, staff):
    letter = make_letter(make_home_library("D", key="D"))
    AuditEvent.record("letter_recorded", target=letter, by=staff)

    changes = changes_since_calculated(run, at=AT)

    assert changes.effects[0] == "D is now among those that took part."
    assert [cause.what for cause in changes.causes] == ["letter of agreement recorded"]
    assert refused(run)


def test_a_row_of_residency_makes_it_stale_though_no_figure_moves(run, staff):
    town = make_home_library("Another", key="Z").town
    AuditEvent.record("residency_changed", target=town, by=staff)

    changes = changes_since_calculated(run, at=AT)

    assert changes.effects == (f"The home libraries of {town} were changed.",)
    assert [(cause.label, cause.by) for cause in changes.causes] == [(str(town), staff)]
    assert refused(run)
    again = services.calculate_run(run=run, by=staff, at=AT)
    assert not changes_since_calculated(again, at=AT)


def test_a_row_of_residency_that_refuses_a_loan_says_so(run):
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    make_residency(b.town, a, principal=False)

    changes = changes_since_calculated(run, at=AT)

    assert changes
    assert "loans on cards of B" in changes.problems[0]


def test_the_service_of_the_roster_leaves_what_the_run_reads(run, staff):
    """The act that the roster's own service records is the one looked for."""
    town = make_home_library("Far", key="F").town
    other = make_home_library("Further", key="G", town=town, principal=False)
    library_services.change_residency(
        town=town, principal=other, from_day=AT.date(), source="Letter", by=staff
    )

    assert changes_since_calculated(run, at=AT).effects[0] == f"The home libraries of {town} were changed."


def test_a_change_of_the_appropriation_is_named_with_both_amounts(run, staff):
    services.change_appropriation(
        appropriation=run.appropriation, cents=-100, on=date(2027, 4, 1), document="Order 4", by=staff
    )
    run.appropriation.refresh_from_db()

    changes = changes_since_calculated(run, at=AT)

    assert changes.effects == ("The amount available was $1,000.00 and is $999.00.",)
    assert changes.causes[0].what == "amount available changed"
    assert refused(run)


def test_the_rulebook_is_named(run, monkeypatch):
    monkeypatch.setattr("payments.calculation.rulebook.edition_of", lambda year: "f" * 64)

    assert changes_since_calculated(run, at=AT).effects == ("The rulebook of the year changed.",)


def test_a_policy_chosen_since_keeps_the_figures_and_blocks_the_certificate(run, staff):
    before = list(run.payments.values_list("payment_cents", "withheld_cents"))
    run = choose_policy(run=run, withheld_policy="redistribute", board_decision="2027-3", by=staff)

    changes = changes_since_calculated(run, at=AT)

    assert changes.effects == (
        "The policy for libraries not in order is now that their shares are divided among the others.",
    )
    assert list(run.payments.values_list("payment_cents", "withheld_cents")) == before
    assert run.withheld_policy == "keep"
    assert refused(run)
    again = services.calculate_run(run=run, by=staff, at=AT)
    assert (again.withheld_policy, again.board_decision, again.next_policy) == ("redistribute", "2027-3", "")
    assert not changes_since_calculated(again, at=AT)


def test_calculating_again_keeps_the_earlier_lines_where_they_differ(run, staff):
    same = services.calculate_run(run=run, by=staff, at=AT)
    assert not same.earlier_calculations.exists()
    a, b = Library.objects.filter(key__in="AB").order_by("key")
    certified(a, {b: 20}, first_day=HALVES[0].first_day)

    services.calculate_run(run=run, by=staff, at=AT)

    earlier = EarlierCalculation.objects.get()
    assert earlier.lines.get(library=a).loans == 30
    assert run.payments.get(library=a).loans == 35
