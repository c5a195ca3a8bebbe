"""Appropriations and payment runs, through the real client, for each role."""

import re
from datetime import date, datetime

import pytest
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import Role
from libraries.models import Library
from libraries.roster import load_roster
from payments import services
from payments.models import Appropriation, PastPayment, Payment, PaymentRun
from tests.factories import (
    current_code,
    make_letter,
    make_library,
    make_residency,
    make_signed_in_client,
)
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
LIST = reverse("payments:run_list")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2027, 4, 15)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def libraries():
    """Three libraries in order, and D which filed nothing: A lends B 30 and D 5, B lends A 20."""
    made = [make_library(f"Library {key}", key=key) for key in "ABCD"]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    a, b, c, d = made
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {d: 1}, first_day=half.first_day)
    return made


@pytest.fixture
def draft(libraries, staff):
    return services.create_run(appropriation=appropriation(100_001), by=staff.user, at=AT)


@pytest.fixture
def calculated(draft, staff):
    return services.calculate_run(run=draft, by=staff.user, at=AT)


@pytest.fixture
def certified_run(calculated, administrator):
    return services.certify_run(run=calculated, by=administrator.user, at=AT)


def address(name, run, *more):
    return reverse(f"payments:{name}", args=[run.pk, *more])


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def certify(client, run):
    return client.post(address("run_certify", run), {"code": current_code(client.user)}, follow=True)


# Appropriations


def test_staff_record_an_appropriation_and_a_reduction(staff):
    assert staff.get(reverse("payments:appropriation_record")).status_code == 200
    recorded = staff.post(
        reverse("payments:appropriation_record"),
        {"fiscal_year": "2027", "cents": "$703,638.00", "act": "Public Act 26-1", "enacted_on": "2026-06-01"},
        follow=True,
    )
    change = reverse("payments:appropriation_change", args=[2027])
    assert staff.get(change).status_code == 200
    changed = staff.post(
        change,
        {"direction": "-1", "cents": "3,638.01", "on": "2026-10-01", "document": "Allotment order 4"},
        follow=True,
    )

    assert "$703,638.00 is on record for fiscal year 2027." in words(recorded)
    assert "−$3,638.01, October 1, 2026: Allotment order 4" in words(changed)
    assert "$699,999.99" in words(changed)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"direction": "-1", "cents": "1000.01"}, "Only $1,000.00 is available; enter a smaller reduction."),
        ({"direction": "1", "cents": "0"}, "Enter an amount above 0."),
        ({"direction": "-1", "cents": ""}, "This field is required."),
    ],
)
def test_change_that_cannot_be_is_refused_beside_its_field(staff, typed, message):
    appropriation()

    response = staff.post(
        reverse("payments:appropriation_change", args=[FISCAL_YEAR]),
        {"on": "2026-10-01", "document": "Order", **typed},
    )

    assert response.context["form"].errors["cents"] == [message]


def test_second_appropriation_of_a_year_is_refused(staff):
    appropriation()

    response = staff.post(
        reverse("payments:appropriation_record"), {"fiscal_year": FISCAL_YEAR, "cents": "1", "act": "Act"}
    )

    assert "Record a dated change of it instead." in words(response)
    assert Appropriation.objects.count() == 1


def test_empty_lists_say_what_to_do(staff):
    assert "A payment run begins with one." in words(staff.get(reverse("payments:appropriation_list")))
    assert "Record the appropriation of the fiscal year" in words(staff.get(LIST))


def test_latest_fiscal_year_stands_first(staff):
    for fiscal_year in (2027, 2028):
        services.create_run(appropriation=appropriation(fiscal_year=fiscal_year), by=staff.user, at=AT)

    page = words(staff.get(LIST))

    assert page.index("Payment run 2028-1") < page.index("Payment run 2027-1")


# Beginning and calculating


def test_staff_begin_and_calculate_a_run(staff, libraries):
    of = appropriation(100_001)
    assert staff.get(reverse("payments:run_create")).status_code == 200

    begun = staff.post(
        reverse("payments:run_create"), {"appropriation": of.pk, "withheld_policy": "keep"}, follow=True
    )
    run = PaymentRun.objects.get()
    page = words(staff.post(address("run_calculate", run), follow=True))

    assert "Payment run 2027-1 is begun." in words(begun)
    assert "Payment run 2027-1 is calculated." in page
    assert "Calculate again" in page
    assert "$500.01 52 loans $9.6155769231 a loan" in page
    assert "$500.00 12 net-plus loans $41.6666666667 a net-plus loan" in page
    assert "1 of 4 libraries." in page
    assert "The record of loans for March 2026 to August 2026 was not filed" in page
    assert "Payment run 2027-1 Calculated 4 $1,000.01" in words(staff.get(LIST))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"withheld_policy": "redistribute"}, "board_decision"),
        ({"withheld_policy": "keep", "assumed_eligible": "on"}, "assumed_eligible"),
    ],
)
def test_run_that_the_law_does_not_allow_is_not_begun(staff, typed, field):
    response = staff.post(reverse("payments:run_create"), {"appropriation": appropriation().pk, **typed})

    assert response.context["form"].errors.keys() == {field}
    assert not PaymentRun.objects.exists()


def test_past_year_is_replayed_with_everybody_in_order(staff):
    of = appropriation(fiscal_year=2018)
    lender, home = make_library(), make_library()
    certified(lender, {home: 3}, first_day=date(2017, 3, 1), cadence=Cadence.ANNUAL)

    staff.post(
        reverse("payments:run_create"),
        {"appropriation": of.pk, "withheld_policy": "keep", "assumed_eligible": "on"},
    )
    run = PaymentRun.objects.get()
    page = words(staff.post(address("run_calculate", run), follow=True))

    assert "taken as participating and in order: a replay of published figures" in page
    assert "Nobody: every library is taken as in order" in page
    assert "Taken as in order" in words(staff.get(address("payment_line", run, lender.key)))


def test_redistribution_names_the_board_and_leaves_a_library_out(staff, libraries):
    staff.post(
        reverse("payments:run_create"),
        {
            "appropriation": appropriation().pk,
            "withheld_policy": "redistribute",
            "board_decision": "March 1, 2027, no. 4",
        },
    )
    run = PaymentRun.objects.get()
    page = words(staff.post(address("run_calculate", run), follow=True))

    assert "by decision of the Board: March 1, 2027, no. 4" in page
    assert "it is left out of both divisions" in words(staff.get(address("payment_line", run, "D")))


def test_what_no_payment_may_rest_on_is_listed_with_what_to_do(staff, draft, libraries):
    a, b, *_ = libraries
    make_residency(b.town, a, principal=False)

    response = staff.post(address("run_calculate", draft))

    page = words(response)
    assert "The run cannot be calculated yet" in page
    assert "A, loans on cards of B" in page
    assert "Amend the filing or the residency on record." in page
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_certified_run_is_not_calculated_again(staff, certified_run):
    page = words(staff.post(address("run_calculate", certified_run), follow=True))

    assert "stays as it is" in page
    assert "Calculate again" not in page


# Looking


def test_lines_are_sorted_and_filtered(staff, calculated):
    def names(**query):
        response = staff.get(address("run_page", calculated), query)
        return [payment.library.key for payment in response.context["lines"]]

    assert names() == ["A", "B", "C", "D"]
    assert names(sort="-loans") == ["A", "B", "C", "D"]
    assert names(sort="borrows") == ["C", "D", "A", "B"]
    assert names(sort="nonsense") == ["A", "B", "C", "D"]
    assert names(q="library b") == ["B"]
    assert "No library of this run has that" in words(
        staff.get(address("run_page", calculated), {"q": "Zanzibar"})
    )


def test_line_writes_its_divisions_out(staff, calculated):
    page = words(staff.get(address("payment_line", calculated, "A")))

    assert "30 − 20 = 10" in page
    assert "$500.01 × 30 ÷ 52 = $288.4673076923" in page
    assert "which makes $9.6155769231 for each" in page
    assert "one of the cents left over went to it" in page
    assert "$500.00 × 10 ÷ 12 = $416.6666666667" in page
    assert "from March 1, 2026 through August 31, 2026" in page
    assert "Every requirement was met" in page


def test_lines_explained_add_up_to_what_was_paid(staff, calculated):
    for payment in Payment.objects.select_related("library"):
        response = staff.get(address("payment_line", calculated, payment.library.key))
        for name, share in (
            ("transactions", payment.transactions_share_cents),
            ("net_plus", payment.net_plus_share_cents),
        ):
            division = response.context[name]
            assert division.whole_cents + division.cent_from_rounding == share


def test_line_of_a_library_not_in_order_says_why(staff, calculated):
    page = words(staff.get(address("payment_line", calculated, "D")))

    assert "The record of loans for March 2026 to August 2026 was not filed" in page
    assert "No certified filing of the library is on record for the period" in page


def test_estimated_counts_are_marked(staff, draft, libraries):
    a, b, *_ = libraries
    certified(a, {b: 99}, first_day=HALVES[0].first_day, estimated="published total")
    services.calculate_run(run=draft, by=staff.user, at=AT)

    assert "estimated" in words(staff.get(address("run_page", draft)))
    assert "estimated : published total" in words(staff.get(address("payment_line", draft, "A")))


def test_run_is_worked_out_again_on_demand(staff, calculated):
    same = words(staff.post(address("run_verify", calculated), follow=True))
    PaymentRun.objects.update(undistributed_cents=7)
    other = words(staff.post(address("run_verify", calculated), follow=True))

    assert "Worked out again: the same to the cent" in same
    assert "Worked out again: not the same" in other
    assert "undistributed cents: recorded 7, recomputed 0" in other


def test_draft_has_nothing_to_work_out_again(staff, draft):
    assert "has not been calculated" in words(staff.post(address("run_verify", draft), follow=True))


def test_run_without_participants_says_that_both_pools_are_undistributed(staff):
    run = services.create_run(appropriation=appropriation(), by=staff.user, at=AT)
    services.calculate_run(run=run, by=staff.user, at=AT)

    page = words(staff.get(address("run_page", run)))

    assert "No library took part in the period, so both pools are undistributed." in page
    assert "$1,000.00 undistributed" in page


def test_unknown_run_and_line_are_not_found(staff, calculated):
    assert staff.get(reverse("payments:run_page", args=[9999])).status_code == 404
    assert staff.get(address("payment_line", calculated, "Z")).status_code == 404


def test_run_of_the_whole_state_asks_few_questions(staff, django_assert_max_num_queries):
    load_roster()
    lenders = list(Library.objects.order_by("key"))
    for library in lenders:
        make_letter(library)
    run = services.create_run(appropriation=appropriation(), by=staff.user, at=AT)
    services.calculate_run(run=run, by=staff.user, at=AT)

    with django_assert_max_num_queries(70):
        page = words(staff.get(address("run_page", run)))
    with django_assert_max_num_queries(46):
        staff.get(address("payment_line", run, lenders[0].key))
    with django_assert_max_num_queries(10):
        staff.get(LIST)

    assert "192 of 192 libraries" in page


# Certifying


def test_administrator_certifies_under_the_exact_statement(administrator, calculated):
    asked = words(administrator.get(address("run_certify", calculated)))
    page = words(certify(administrator, calculated))

    assert "nothing has changed since." in asked
    assert services.attestation(calculated) in asked
    assert "Payment run 2027-1 is certified. Its figures cannot change any more." in page
    calculated.refresh_from_db()
    assert calculated.certified_by == administrator.user


def test_stale_calculation_says_what_changed(administrator, staff, calculated, libraries):
    a, b, *_ = libraries
    certified(a, {b: 40}, first_day=HALVES[0].first_day)
    services.change_appropriation(
        appropriation=calculated.appropriation, cents=-1, on=AT.date(), document="Order", by=staff.user
    )

    asked = words(administrator.get(address("run_certify", calculated)))
    refused = words(certify(administrator, calculated))

    assert "This calculation is stale" in asked
    assert "The amount available was $1,000.01 and is $1,000.00." in asked
    assert "Library A: lent 30 when it was calculated, 55 today." in asked
    assert "Certify in my name" not in asked
    assert "Calculate it again" in refused


def test_stale_calculation_names_who_is_in_order_now(administrator, calculated, libraries):
    d = libraries[3]
    for half in HALVES:
        certified(d, {}, first_day=half.first_day)
    newcomer = make_library("Library E", key="E")
    make_letter(newcomer)

    asked = words(administrator.get(address("run_certify", calculated)))

    assert "Library D: every requirement is met now." in asked
    assert "Library E is now among those that took part." in asked


def test_certify_page_lists_what_no_payment_may_rest_on(administrator, calculated, libraries):
    make_residency(libraries[1].town, libraries[0], principal=False)

    asked = words(administrator.get(address("run_certify", calculated)))

    assert "The run cannot be calculated as things stand" in asked
    assert "A, loans on cards of B" in asked


def test_second_run_of_a_year_waits_until_the_first_is_void(administrator, staff, certified_run):
    second = services.create_run(appropriation=certified_run.appropriation, by=staff.user, at=AT)
    services.calculate_run(run=second, by=staff.user, at=AT)

    page = words(administrator.get(address("run_page", second)))
    refused = words(certify(administrator, second))

    assert "It must be void before another can be certified." in page
    assert "Fiscal year 2027 has a certified run. Void it with a reason" in refused


def test_preparer_sees_no_certify_button_but_why(administrator, libraries):
    run = services.create_run(appropriation=appropriation(), by=administrator.user, at=AT)
    services.calculate_run(run=run, by=administrator.user, at=AT)

    response = administrator.get(address("run_page", run))
    page = words(administrator.get(address("run_certify", run)))
    refused = words(certify(administrator, run))

    assert f'<a class="usa-button" href="{address("run_certify", run)}">' not in response.content.decode()
    assert "You prepared or calculated this run, so an administrator who did neither certifies it." in page
    assert "another administrator must certify it" in refused
    run.refresh_from_db()
    assert run.status == "calculated"


def test_staff_see_who_certifies(calculated):
    page = words(make_signed_in_client(Role.STATE_STAFF).get(address("run_page", calculated)))

    assert "then hand the run to an administrator, who certifies it" in page


def test_draft_is_not_certified(administrator, draft):
    assert "once it is calculated" in words(administrator.get(address("run_certify", draft)))
    assert "Calculate it first." in words(certify(administrator, draft))


def test_wrong_code_certifies_nothing(administrator, calculated):
    response = administrator.post(address("run_certify", calculated), {"code": "000000"})

    assert "This code is not right" in words(response)
    calculated.refresh_from_db()
    assert calculated.status == "calculated"


def test_administrator_voids_a_run_with_a_reason(administrator, certified_run):
    assert administrator.get(address("run_void", certified_run)).status_code == 200
    empty = administrator.post(address("run_void", certified_run), {"reason": " "})

    page = words(
        administrator.post(address("run_void", certified_run), {"reason": "A filing was lost"}, follow=True)
    )
    again = administrator.post(address("run_void", certified_run), {"reason": "twice"})

    assert empty.context["form"].errors
    assert "This run is void A filing was lost" in page
    assert "Void with a reason" not in page
    assert "This run is void." in words(again)


# Who may


@pytest.mark.parametrize(
    ("name", "method", "roles"),
    [
        ("run_page", "get", {Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR}),
        ("run_verify", "post", {Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR}),
        ("run_calculate", "post", {Role.STATE_STAFF, Role.STATE_ADMINISTRATOR}),
        ("run_certify", "get", {Role.STATE_ADMINISTRATOR}),
        ("run_void", "get", {Role.STATE_ADMINISTRATOR}),
    ],
)
@pytest.mark.parametrize(
    "role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR, Role.LIBRARY_CERTIFIER]
)
def test_runs_are_closed_to_who_has_no_part_in_them(calculated, libraries, role, name, method, roles):
    library = libraries[0] if role is Role.LIBRARY_CERTIFIER else None
    client = make_signed_in_client(role, library)

    response = getattr(client, method)(address(name, calculated))

    assert (response.status_code == 403) == (role not in roles)


def test_runs_are_closed_to_nobody(client, calculated):
    for name in ("run_page", "run_certify"):
        assert client.get(address(name, calculated)).url.startswith("/account/login/")
