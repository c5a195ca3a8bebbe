"""A payment run from draft to certified, and every way in which it must not get there."""

import threading
from datetime import date, datetime

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from payments import services
from payments.models import ExpenditureReport, PastPayment, Payment, PaymentRun
from payments.preparing.run_changes import changes_since_calculated
from payments.proving.verification import differences
from payments.services import RunRefused, StaleCalculation
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import FilingPeriod, LoanCount

AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator(db):
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def libraries(db):
    """Three libraries in order: A lends B 30, B lends A 20, C lends nobody."""
    made = [make_library(name, key=name) for name in ("A", "B", "C")]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    a, b, c = made
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {}, first_day=half.first_day)
    return made


@pytest.fixture
def calculated(libraries, staff):
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    return services.calculate_run(run=run, by=staff, at=AT)


def test_calculated_run_splits_the_appropriation_to_the_cent(calculated):
    lines = {payment.library.key: payment for payment in calculated.payments.select_related("library")}

    assert {key: (line.loans, line.borrows, line.net_plus) for key, line in lines.items()} == {
        "A": (30, 20, 10),
        "B": (20, 30, 0),
        "C": (0, 0, 0),
    }
    assert {key: line.payment_cents for key, line in lines.items()} == {"A": 80_000, "B": 20_000, "C": 0}
    assert calculated.status == "calculated"


def test_what_was_not_counted_is_in_no_sum(staff):
    a, b = (make_library(name, key=name) for name in ("A", "B"))
    for library in (a, b):
        make_letter(library)
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    certified(a, {(b, march): 4, (b, april): None})
    certified(b, {a: None})
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)

    lines = {payment.library.key: payment for payment in run.payments.select_related("library")}
    assert {key: (line.loans, line.borrows) for key, line in lines.items()} == {"A": (4, 0), "B": (0, 4)}
    assert differences(run) == []


def test_certified_run_is_signed_and_proved(calculated, administrator):
    run = services.certify_run(run=calculated, by=administrator, at=AT)

    assert run.status == "certified"
    assert run.certified_by == administrator
    assert "11-31c-4" in run.attestation
    assert differences(run) == []
    assert AuditEvent.objects.filter(action="payment_run_certified", target_id=run.pk).exists()


def test_library_with_a_missing_report_is_withheld_with_reason_and_cure(libraries, staff):
    PastPayment.objects.filter(library__key="A").update(cents=500_00)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)

    run = services.calculate_run(run=run, by=staff, at=AT)

    line = run.payments.get(library__key="A")
    assert (line.payment_cents, line.withheld_cents, line.eligible) == (0, 80_000, False)
    (unmet,) = line.unmet_requirements.all()
    assert "11-31c-2(e)" in unmet.citation
    assert unmet.cure
    assert differences(run) == []


def test_preparer_cannot_certify(libraries, administrator):
    run = services.create_run(appropriation=appropriation(), by=administrator, at=AT)
    run = services.calculate_run(run=run, by=administrator, at=AT)

    with pytest.raises(RunRefused, match="another administrator"):
        services.certify_run(run=run, by=administrator, at=AT)


def test_who_calculated_cannot_certify_what_another_prepared(libraries, staff, administrator):
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=administrator, at=AT)

    with pytest.raises(RunRefused, match="another administrator"):
        services.certify_run(run=run, by=administrator, at=AT)


@pytest.mark.parametrize("preparer", ["prepared_by", "calculated_by"])
def test_database_refuses_a_run_certified_by_its_preparer(calculated, staff, administrator, preparer):
    other = {"prepared_by": "calculated_by", "calculated_by": "prepared_by"}[preparer]
    PaymentRun.objects.filter(pk=calculated.pk).update(**{preparer: administrator, other: staff})

    with pytest.raises(IntegrityError, match="run_certified_by_another_than"):
        PaymentRun.objects.filter(pk=calculated.pk).update(
            status="certified", certified_by=administrator, certified_at=AT, attestation="x"
        )


def test_staff_cannot_certify(calculated, staff):
    with pytest.raises(PermissionDenied):
        services.certify_run(run=calculated, by=make_user(Role.STATE_STAFF), at=AT)


def test_stale_calculation_cannot_be_certified(calculated, libraries, administrator):
    a, b, _ = libraries
    certified(a, {b: 16}, first_day=HALVES[0].first_day)

    with pytest.raises(StaleCalculation, match="Calculate it again"):
        services.certify_run(run=calculated, by=administrator, at=AT)

    calculated.refresh_from_db()
    assert calculated.status == "calculated"


def test_withdrawn_letter_makes_a_calculation_stale(calculated, libraries, administrator):
    letter = libraries[2].letters.get()
    letter.valid = (date(1990, 1, 1), date(2027, 3, 1))
    letter.save()

    with pytest.raises(StaleCalculation):
        services.certify_run(run=calculated, by=administrator, at=AT)


def test_second_certified_run_of_a_fiscal_year_is_refused(calculated, staff, administrator):
    services.certify_run(run=calculated, by=administrator, at=AT)
    again = services.create_run(appropriation=calculated.appropriation, by=staff, at=AT)
    again = services.calculate_run(run=again, by=staff, at=AT)

    with pytest.raises(RunRefused, match="Void it with a reason"):
        services.certify_run(run=again, by=administrator, at=AT)
    with pytest.raises(IntegrityError, match="one_certified_run_a_fiscal_year"), transaction.atomic():
        PaymentRun.objects.filter(pk=again.pk).update(
            status="certified", certified_by=administrator, certified_at=AT, attestation="x"
        )


def test_void_run_makes_room_for_another_and_stays_on_record(calculated, staff, administrator):
    services.certify_run(run=calculated, by=administrator, at=AT)

    services.void_run(run=calculated, reason="A letter was overlooked.", by=administrator, at=AT)

    again = services.create_run(appropriation=calculated.appropriation, by=staff, at=AT)
    again = services.calculate_run(run=again, by=staff, at=AT)
    again = services.certify_run(run=again, by=administrator, at=AT)
    assert again.number == 2
    assert PaymentRun.objects.get(pk=calculated.pk).void_reason == "A letter was overlooked."
    assert differences(PaymentRun.objects.get(pk=calculated.pk)) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_payment SET loans = loans + 1, net_plus = net_plus + 1",
        "DELETE FROM payments_payment",
        "DELETE FROM payments_countedfiling",
        "UPDATE payments_paymentrun SET estimated = true",
        "UPDATE payments_paymentrun SET status = 'calculated', certified_at = NULL, certified_by_id = NULL",
        "DELETE FROM payments_paymentrun",
    ],
)
def test_certified_run_cannot_be_changed_behind_the_product(calculated, administrator, change):
    services.certify_run(run=calculated, by=administrator, at=AT)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize(
    ("counted", "name"),
    [
        (DateRange(date(2026, 4, 1), date(2026, 5, 1)), "filing_counts_for_a_day_once"),
        (DateRange(empty=True), "filing_counts_for_a_day"),
    ],
)
def test_filing_counts_for_a_day_once_in_a_run(calculated, counted, name):
    row = calculated.counted_filings.order_by("counted").first()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        calculated.counted_filings.create(filing=row.filing, counted=counted)


def test_verification_names_what_was_tampered_with(calculated):
    Payment.objects.filter(run=calculated, library__key="A").update(
        transactions_share_cents=60_001, net_plus_share_cents=19_999
    )

    found = [str(difference) for difference in differences(calculated)]

    assert found == [
        "A, transactions share cents: recorded 60001, recomputed 30000",
        "A, net plus share cents: recorded 19999, recomputed 50000",
    ]


def test_order_of_steps_is_kept(libraries, staff, administrator):
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)

    with pytest.raises(RunRefused, match="Calculate it first"):
        services.certify_run(run=run, by=administrator, at=AT)


def test_redistributing_needs_the_boards_decision(libraries, staff):
    with pytest.raises(RunRefused, match="Board"):
        services.create_run(appropriation=appropriation(), by=staff, at=AT, withheld_policy="redistribute")


def test_reduction_is_split_and_never_exceeds_what_is_available(libraries, staff):
    amount = appropriation(cents=100_000)
    services.change_appropriation(
        appropriation=amount, cents=-20_001, on=date(2027, 1, 5), document="Allotment reduction 7", by=staff
    )
    run = services.create_run(appropriation=amount, by=staff, at=AT)

    run = services.calculate_run(run=run, by=staff, at=AT)

    assert (run.appropriation_cents, run.transactions_pool_cents, run.net_plus_pool_cents) == (
        79_999,
        40_000,
        39_999,
    )
    with pytest.raises(RunRefused, match=r"\$799\.99"):
        services.change_appropriation(
            appropriation=amount, cents=-80_000, on=date(2027, 1, 6), document="Another", by=staff
        )


@pytest.mark.django_db(transaction=True)
def test_two_administrators_certifying_at_once_make_one_certificate(calculated):
    people = [make_user(Role.STATE_ADMINISTRATOR) for _ in range(2)]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def certify(person):
        start.wait()
        try:
            services.certify_run(run=calculated, by=person, at=AT)
            outcomes.append("certified")
        except RunRefused as refused:
            outcomes.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=certify, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome == "certified" for outcome in outcomes) == [False, True]
    assert PaymentRun.objects.get(pk=calculated.pk).certified_by in people
    assert AuditEvent.objects.filter(action="payment_run_certified").count() == 1


@pytest.mark.parametrize(
    ("due_on", "filed_on", "in_order"),
    [
        (date(2026, 9, 20), date(2026, 9, 15), False),
        (date(2026, 9, 4), date(2026, 9, 8), True),
    ],
)
def test_filings_are_judged_by_the_law_s_day_whatever_practice_asks(staff, due_on, filed_on, in_order):
    library = make_library("A", key="A")
    make_letter(library)
    PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    certified(library, {}, first_day=HALVES[0].first_day, submitted_on=filed_on)
    certified(library, {}, first_day=HALVES[1].first_day)
    FilingPeriod.objects.filter(first_day=HALVES[0].first_day).update(due_on=due_on)

    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)

    assert run.payments.get().eligible is in_order


def test_a_report_filed_late_makes_a_calculation_stale_though_the_citation_stays(
    libraries, staff, administrator
):
    PastPayment.objects.filter(library__key="A").update(cents=500_00)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    ExpenditureReport.objects.create(
        library=libraries[0],
        fiscal_year=FISCAL_YEAR - 2,
        version=1,
        status="certified",
        received_cents=500_00,
        unspent_cents=500_00,
        created_at=AT,
        first_submitted_at=AT,
        certified_at=AT,
        certified_by=staff,
        attestation="x",
        sha256="0" * 64,
    )

    assert "was filed April 15, 2027" in " ".join(changes_since_calculated(run, at=AT).effects)
    with pytest.raises(StaleCalculation):
        services.certify_run(run=run, by=administrator, at=AT)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2027, 2, 28), "twelve months that this run measures end February 28, 2027"),
        (date(2027, 3, 8), "can still do so in time, through March 8, 2027"),
        (date(2027, 3, 9), None),
    ],
)
def test_run_is_certified_when_nobody_can_file_in_time_any_more(libraries, staff, administrator, day, told):
    make_letter(make_library("D", key="D"))
    at = datetime(day.year, day.month, day.day, 12, tzinfo=EASTERN)
    run = services.create_run(appropriation=appropriation(), by=staff, at=at)
    run = services.calculate_run(run=run, by=staff, at=at)

    if told is None:
        services.certify_run(run=run, by=administrator, at=at)
    else:
        with pytest.raises(RunRefused, match=told):
            services.certify_run(run=run, by=administrator, at=at)


def test_run_in_which_everybody_has_filed_need_not_wait_for_the_due_date(libraries, staff, administrator):
    at = datetime(2027, 3, 2, 12, tzinfo=EASTERN)
    run = services.create_run(appropriation=appropriation(), by=staff, at=at)
    run = services.calculate_run(run=run, by=staff, at=at)

    assert services.certify_run(run=run, by=administrator, at=at).status == "certified"


def test_verification_sees_counts_that_were_moved_without_changing_a_sum(calculated):
    """Two counts tampered with so that nobody's loans or borrows change."""
    counts = LoanCount.objects.filter(filing__library__key="A").order_by("filing__period__first_day")
    with pgtrigger.ignore():
        for count, loans in zip(counts, (14, 16), strict=True):
            LoanCount.objects.filter(pk=count.pk).update(loans=loans)

    found = [str(difference) for difference in differences(calculated)]

    assert len(found) == 2
    assert all(line.startswith("A, SHA-256 of the filing for ") for line in found)
