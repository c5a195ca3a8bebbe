"""Corrections after money went out: differences by library, to the cent, and never a payment."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from connecticard.models import AuditEvent, Role
from libraries.models import Library
from payments.correcting.correction_services import CorrectionRefused, certify_correction, prepare_correction
from payments.correcting.corrections import awaits_statement, lines_of_library
from payments.models import CorrectionFiling, CorrectionLine, CorrectionStatement, Payment, PaymentBatch
from payments.proving.verification import differences
from payments.rules.correction import Settlement
from tests.factories import make_letter, make_library, make_user
from tests.payments.disbursed import certified_run, exported, ready_run
from tests.payments.records import HALVES, certified
from tests.payments.withholding import at

pytestmark = pytest.mark.django_db
FIRST, SECOND = (half.first_day for half in HALVES)
AUGUST_2 = at(date(2027, 8, 2))


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def run():
    """A was paid 800.00 and B 200.00: A lent B 30, B lent A 20."""
    made = ready_run()
    exported(made)
    return made


def amend(lender, loans, *, first_day=FIRST):
    """Certify a new version of A's or B's filing of a half: so many units to the other."""
    library = Library.objects.get(key=lender)
    other = Library.objects.get(key="B" if lender == "A" else "A")
    return certified(library, {other: loans}, first_day=first_day, submitted_on=date(2027, 7, 20))


def corrected(run, staff, administrator):
    statement = prepare_correction(run=run, by=staff, at=AUGUST_2)
    return certify_correction(statement=statement, by=administrator, at=AUGUST_2)


def lines(statement):
    return {
        line.library.key: (line.difference_cents, line.total_cents, line.settlement)
        for line in statement.lines.select_related("library")
    }


def test_amendment_after_disbursement_waits_for_a_statement(run):
    assert not awaits_statement(run)
    amend("A", 10)
    assert awaits_statement(run)


def test_statement_is_worked_out_by_the_same_engine_to_the_cent(run, staff, administrator):
    before = list(Payment.objects.values())
    batches = PaymentBatch.objects.count()
    amend("A", 10)

    statement = corrected(run, staff, administrator)

    # A 25 of 45 loans: 277.78 + 500.00; B 20 of 45: 222.22
    assert lines(statement) == {
        "A": (-22_22, -22_22, Settlement.RECEIVABLE),
        "B": (22_22, 22_22, Settlement.CLAIM),
        "C": (0, 0, Settlement.NONE),
    }
    assert not awaits_statement(run)
    assert list(Payment.objects.values()) == before
    assert PaymentBatch.objects.count() == batches
    assert differences(run) == []


def test_second_statement_says_the_difference_against_the_first_and_the_total(run, staff, administrator):
    amend("A", 10)
    corrected(run, staff, administrator)
    amend("A", 5, first_day=SECOND)

    second = corrected(run, staff, administrator)

    # A 15 of 35, below B's 20: B alone has net plus, 5. A 214.29, B 285.71 + 500.00
    assert second.number == 2
    assert lines(second) == {
        "A": (214_29 - 777_78, 214_29 - 800_00, Settlement.RECEIVABLE),
        "B": (785_71 - 222_22, 785_71 - 200_00, Settlement.CLAIM),
        "C": (0, 0, Settlement.NONE),
    }
    assert [line.statement.number for line in lines_of_library(Library.objects.get(key="A").pk)] == [2, 1]
    assert lines_of_library(Library.objects.get(key="C").pk) == []


def test_empty_pool_is_the_change_of_what_was_split(run, staff, administrator):
    amend("A", 5)
    amend("A", 15, first_day=SECOND)

    statement = corrected(run, staff, administrator)

    assert statement.undistributed_cents == 500_00
    assert sum(line.total_cents for line in statement.lines.all()) == -500_00


def test_share_that_was_withheld_is_owed_neither_way(staff, administrator):
    run = ready_run(in_debt="A")
    exported(run)
    amend("A", 10)

    statement = corrected(run, staff, administrator)

    assert lines(statement)["A"] == (-22_22, -22_22, Settlement.NOT_PAID)
    assert lines(statement)["B"][2] is Settlement.CLAIM


def test_filing_first_certified_after_the_run_is_no_correction(run, staff):
    late = make_library("Late", key="Z")
    make_letter(late)
    certified(late, {Library.objects.get(key="A"): 9}, first_day=FIRST)

    assert not awaits_statement(run)


def test_statement_is_prepared_anew_under_its_number_until_it_is_certified(run, staff, administrator):
    amend("A", 10)
    first = prepare_correction(run=run, by=staff, at=AUGUST_2)
    amend("A", 11)

    with pytest.raises(CorrectionRefused, match="prepared again"):
        certify_correction(statement=first, by=administrator, at=AUGUST_2)
    again = prepare_correction(run=run, by=staff, at=AUGUST_2)
    assert (again.pk, again.number) == (first.pk, 1)
    assert certify_correction(statement=again, by=administrator, at=AUGUST_2).certified_at


def test_nothing_to_correct_before_disbursement_or_without_amendment(staff):
    run = certified_run()
    amend("A", 10)
    with pytest.raises(CorrectionRefused, match="voiding the run"):
        prepare_correction(run=run, by=staff, at=AUGUST_2)


def test_nothing_to_correct_without_an_amendment(run, staff):
    with pytest.raises(CorrectionRefused, match="nothing to correct"):
        prepare_correction(run=run, by=staff, at=AUGUST_2)


def test_two_people_make_a_statement(run, staff, administrator):
    amend("A", 10)
    statement = prepare_correction(run=run, by=administrator, at=AUGUST_2)

    with pytest.raises(CorrectionRefused, match="another administrator"):
        certify_correction(statement=statement, by=administrator, at=AUGUST_2)
    with pytest.raises(PermissionDenied):
        certify_correction(statement=statement, by=staff, at=AUGUST_2)
    with pytest.raises(PermissionDenied):
        prepare_correction(run=run, by=make_user(Role.AUDITOR), at=AUGUST_2)


def test_statement_is_certified_once(run, staff, administrator):
    amend("A", 10)
    statement = corrected(run, staff, administrator)

    with pytest.raises(CorrectionRefused, match="certified already"):
        certify_correction(statement=statement, by=administrator, at=AUGUST_2)
    assert AuditEvent.objects.filter(action="correction_certified").count() == 1


# What the database holds true


def test_certified_statement_never_changes(run, staff, administrator):
    amend("A", 10)
    statement = corrected(run, staff, administrator)

    for act, told in (
        (lambda: CorrectionStatement.objects.update(undistributed_cents=1), "correct"),
        (lambda: CorrectionStatement.objects.all().delete(), "correct"),
        (lambda: CorrectionLine.objects.update(stated_cents=1), "cannot change"),
        (lambda: statement.lines.all().delete(), "cannot change"),
        (lambda: statement.filings.all().delete(), "cannot change"),
        (lambda: CorrectionFiling.objects.update(replaces=None), "cannot change"),
    ):
        with pytest.raises(DatabaseError, match=told), transaction.atomic():
            act()


def sign(statement, administrator, **fields):
    CorrectionStatement.objects.filter(pk=statement.pk).update(
        **{"certified_by": administrator, "certified_at": AUGUST_2, "attestation": "x"} | fields
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines.filter(library__key="A").update(certified_cents=1),
        lambda lines: lines.filter(library__key="A").update(stated_cents=1),
        lambda lines: lines.filter(library__key="C").update(transactions_share_cents=1, corrected_cents=1),
        lambda lines: lines.filter(library__key="C").delete(),
    ],
)
def test_statement_that_does_not_balance_is_not_certified(run, staff, administrator, spoil):
    amend("A", 10)
    statement = prepare_correction(run=run, by=staff, at=AUGUST_2)
    spoil(statement.lines)

    with pytest.raises(DatabaseError, match="divides what its run divided"), transaction.atomic():
        sign(statement, administrator)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"attestation": ""}, "certified_correction_is_attested"),
        ({"certified_by": None}, "correction_certification_is_whole"),
    ],
)
def test_certificate_of_a_statement_is_whole(run, staff, administrator, fields, constraint):
    amend("A", 10)
    statement = prepare_correction(run=run, by=staff, at=AUGUST_2)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        sign(statement, administrator, **fields)
    with pytest.raises(IntegrityError, match="correction_certified_by_another"), transaction.atomic():
        sign(statement, staff)


def test_statements_have_numbers_of_their_own_and_one_is_open(run, staff):
    amend("A", 10)
    statement = prepare_correction(run=run, by=staff, at=AUGUST_2)
    copied = {
        field: getattr(statement, field)
        for field in (
            "run", "prepared_by", "prepared_at", "undistributed_cents",
            "rulebook_edition", "inputs_sha256", "manifest_sha256", "code_version",
        )
    }  # fmt: skip

    with pytest.raises(IntegrityError, match="one_open_correction_of_a_run"), transaction.atomic():
        CorrectionStatement.objects.create(**copied, number=2)
    with pytest.raises(IntegrityError, match="one_correction_of_a_number"), transaction.atomic():
        CorrectionStatement.objects.create(**copied, number=1)


def test_lines_and_filings_of_a_statement_are_whole(run, staff):
    amend("A", 10)
    statement = prepare_correction(run=run, by=staff, at=AUGUST_2)

    line = statement.lines.first()
    line.pk = None
    with pytest.raises(IntegrityError, match="one_correction_line_of_a_library"), transaction.atomic():
        line.save()
    with pytest.raises(IntegrityError, match="corrected_is_the_two_shares"), transaction.atomic():
        statement.lines.update(corrected_cents=1)
    filing = statement.filings.first()
    filing.pk = None
    with pytest.raises(IntegrityError, match="correction_counts_days_of_a_filing_once"), transaction.atomic():
        filing.save()
    with pytest.raises(IntegrityError, match="correction_counts_a_day"), transaction.atomic():
        statement.filings.update(counted="empty")
