"""What the Comptroller says became of payments: whole or not at all, once, reconciled to the cent."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from connecticard.models import AuditEvent, Role
from payments.disbursing import ledger
from payments.disbursing.payment_batches import BatchRefused, sendings, withdraw_batch
from payments.disbursing.result_services import ResultsRefused, import_results, read, reconciliations
from payments.disbursing.result_table import template
from payments.expenditure_services import ExpenditureRefused, record_money_received
from payments.models import (
    BatchKind,
    PastPayment,
    PaymentBatch,
    PaymentResult,
    ResultFile,
)
from tests.at_once import at_once
from tests.factories import make_user
from tests.payments.disbursed import AT, exported, ready_run
from transactions.uploads.tables import TableRefused

pytestmark = pytest.mark.django_db

PAID = AT + timedelta(days=14)
HEADER = "batch_id,line_id,status,date,reference,amount"
A = "FY2027-1-B1,FY2027-1-B1-001,paid,2027-05-03,W-1,800.00"
B = "FY2027-1-B1,FY2027-1-B1-002,paid,2027-05-03,W-2,200.00"
B_BACK = "FY2027-1-B1,FY2027-1-B1-002,returned,2027-05-04,W-2,200.00"


def file_of(*rows, total=None):
    """A result file of these rows with the totals that belong to them, unless others are said."""
    cents = sum(int(row.rpartition(",")[2].replace(".", "")) for row in rows)
    total = total or f"TOTAL,{len(rows)},,,,{cents / 100:.2f}"
    return "\r\n".join([HEADER, *rows, *([total] if total != "none" else []), ""]).encode()


@pytest.fixture
def run():
    made = ready_run()
    exported(made)
    return made


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


def imported(run, content, staff=None, at=PAID):
    return import_results(
        run=run, content=content, name="results.csv", by=staff or make_user(Role.STATE_STAFF), at=at
    )


def refusal(run, content, at=PAID):
    with pytest.raises(ResultsRefused) as refused:
        imported(run, content, at=at)
    assert not PaymentResult.objects.exists()
    return [(problem.where, problem.what, problem.cure) for problem in refused.value.problems]


def money(run):
    return [
        (each.batch.cents, each.paid_cents, each.returned_cents, each.outstanding_cents)
        for each in reconciliations(run)
    ]


def test_results_are_reconciled_to_the_cent_and_enter_the_ledger(run, staff):
    assert money(run) == [(100_000, 0, 0, 100_000)]

    file = imported(run, file_of(A), staff)

    assert money(run) == [(100_000, 80_000, 0, 20_000)]
    (open_line,) = reconciliations(run)[0].outstanding
    assert open_line.code == "FY2027-1-B1-002"
    a = run.payments.get(library__key="A").library
    received = ledger.received(a, 2027)
    assert (received.cents, received.received_on) == (80_000, date(2027, 5, 3))
    assert received.source == "Comptroller, FY2027-1-B1-001, reference W-1"
    assert AuditEvent.objects.filter(action="payment_results_imported", target_id=file.pk, by=staff).exists()

    imported(run, file_of(A, B))

    assert money(run) == [(100_000, 100_000, 0, 0)]
    assert PastPayment.objects.filter(batch_line__isnull=False).count() == 2


def test_a_workbook_is_read_like_a_text(run):
    workbook = openpyxl.Workbook()
    for row in [
        HEADER.split(","),
        ["FY2027-1-B1", "FY2027-1-B1-001", "Paid", date(2027, 5, 3), "W-1", 800],
        ["FY2027-1-B1", "FY2027-1-B1-002", "PAID", "5/3/2027", 12345, "$200.00"],
        ["Total", 2, None, None, None, "1,000.00"],
    ]:
        workbook.active.append(row)
    content = io.BytesIO()
    workbook.save(content)

    imported(run, content.getvalue())

    assert money(run) == [(100_000, 100_000, 0, 0)]
    assert PaymentResult.objects.get(line__number=2).reference == "12345"


def test_the_same_file_twice_changes_nothing_and_says_so(run):
    imported(run, file_of(A, B))
    before = AuditEvent.objects.count()

    with pytest.raises(
        ResultsRefused, match=r"was imported on May 4, 2027 by Person \d+\. Nothing was changed"
    ):
        imported(run, file_of(A, B))
    with pytest.raises(ResultsRefused, match=r"on record already\. Nothing was changed"):
        imported(run, file_of(B, A))

    assert (ResultFile.objects.count(), PaymentResult.objects.count()) == (1, 2)
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (file_of(A, total="none"), "End of the file", "TOTAL is missing"),
        (file_of(A, total="TOTAL,2,,,,1000.00"), "Line 3", "TOTAL says 2 rows, and the file has 1"),
        (file_of(A, total="TOTAL,1,,,,1000.00"), "Line 3", "says $1,000.00, and the rows add up to $800.00"),
        (file_of(A, total="TOTAL,,,,,"), "Line 3", "TOTAL says nothing of how many rows"),
        (file_of(A, total="TOTAL,1,,,,eight"), "Line 3", "sum cannot be read"),
        (file_of(A, A.replace("FY2027-1-B1", "TOTAL", 1)), "Line 4", "second row TOTAL"),
        (file_of(A) + (B + "\r\n").encode(), "Line 4", "after the row TOTAL"),
        (file_of(A.replace("-001", "-009")), "Line 2", "“FY2027-1-B1-009” is no line"),
        (file_of(A.replace("FY2027-1-B1,", "FY2027-1-B2,")), "Line 2", "is in batch FY2027-1-B1"),
        (file_of(A, A), "Line 3", "stands in line 2 too"),
        (file_of(A.replace("800.00", "800.01")), "Line 2", "is for $800.00, and the file says $800.01"),
        (file_of(A.replace("800.00", "8.000")), "Line 2", "amount “8.000” cannot be read"),
        (file_of(A.replace("paid", "void")), "Line 2", "“void” is no status"),
        (file_of(A.replace("2027-05-03", "May 3")), "Line 2", "date “May 3” cannot be read"),
        (file_of(A.replace("W-1", "")), "Line 2", "reference is missing"),
        (file_of(A.replace("W-1", "W" * 61)), "Line 2", "reference is too long"),
        (file_of(A.replace("2027-05-03", "2027-04-19")), "Line 2", "before the export"),
        (file_of(A.replace("2027-05-03", "2027-05-05")), "Line 2", "has not come"),
    ],
)
def test_a_file_that_is_not_right_is_refused_whole_with_the_line_named(run, content, where, what):
    problems = refusal(run, content)

    assert any(found == where and what in said for found, said, _ in problems), problems
    assert all(cure for _, _, cure in problems)
    assert money(run) == [(100_000, 0, 0, 100_000)]


def test_one_bad_row_keeps_the_good_ones_out(run):
    problems = refusal(run, file_of(A, B.replace("-002", "-003")))

    assert [where for where, _, _ in problems] == ["Line 3"]


@pytest.mark.parametrize("content", [b"a,b\r\n1,2\r\n", b"", b"%PDF-1.7", (HEADER + ",amount\r\n").encode()])
def test_a_file_of_another_kind_is_refused(run, content):
    with pytest.raises(TableRefused):
        imported(run, content)


def test_a_line_paid_under_another_reference_is_refused(run):
    imported(run, file_of(A))

    with pytest.raises(ResultsRefused) as refused:
        imported(run, file_of(A.replace("W-1", "W-9"), B))

    (problem,) = refused.value.problems
    assert "paid already, on May 3, 2027 with reference W-1" in problem.what
    assert money(run) == [(100_000, 80_000, 0, 20_000)]
    with (
        pytest.raises(DatabaseError, match="after its result"),
        transaction.atomic(),
    ):
        PaymentResult.objects.create(
            line=PaymentResult.objects.get().line, status="paid", on=date(2027, 5, 4), reference="W-9",
            file=ResultFile.objects.get(),
        )  # fmt: skip


def test_a_line_of_a_withdrawn_batch_is_refused(run, staff):
    withdraw_batch(batch=run.batches.get(), reason="The portal was down", by=staff, at=AT)

    ((_, what, cure),) = refusal(run, file_of(A))

    assert "was withdrawn: The portal was down" in what
    assert "put it back in force" in cure


def test_a_returned_payment_is_sent_again_once_and_linked(run, staff):
    imported(run, file_of(A, B_BACK))
    assert money(run) == [(100_000, 80_000, 20_000, 0)]
    (again,) = sendings(run, on=PAID.date())
    assert again.kind is BatchKind.REISSUE

    batch = exported(run, kind=BatchKind.REISSUE, at=PAID)

    (line,) = batch.lines.all()
    assert (line.cents, line.reissue_of.code) == (20_000, "FY2027-1-B1-002")
    assert not line.reissue_of.stands
    with pytest.raises(BatchRefused):
        exported(run, kind=BatchKind.REISSUE, at=PAID)
    imported(run, file_of("FY2027-1-B2,FY2027-1-B2-001,paid,2027-05-04,W-3,200.00"))
    assert money(run) == [(100_000, 80_000, 20_000, 0), (20_000, 20_000, 0, 0)]
    assert sendings(run, on=PAID.date()) == []


def test_a_reissue_that_was_withdrawn_can_be_made_anew(run, staff):
    imported(run, file_of(A, B_BACK))
    batch = exported(run, kind=BatchKind.REISSUE, at=PAID)
    withdraw_batch(batch=batch, reason="Not taken", by=staff, at=PAID)

    again = exported(run, kind=BatchKind.REISSUE, at=PAID)

    assert again.lines.get().reissue_of.code == "FY2027-1-B1-002"
    with pytest.raises(ResultsRefused):
        imported(run, file_of(B.replace("W-2", "W-8")))


def test_a_payment_that_comes_back_after_it_was_paid_leaves_the_ledger(run):
    imported(run, file_of(A, B))
    b = run.payments.get(library__key="B").library
    assert ledger.received(b, 2027).cents == 20_000
    with pytest.raises(ResultsRefused) as refused:
        imported(run, file_of(B_BACK.replace("05-04", "05-02")))
    assert "cannot have come back before" in refused.value.problems[0].what

    imported(run, file_of(A, B_BACK))

    assert money(run) == [(100_000, 80_000, 20_000, 0)]
    assert ledger.received(b, 2027) is None
    assert AuditEvent.objects.filter(action="money_received_returned").count() == 1
    with pytest.raises(ResultsRefused, match="on record already"):
        imported(run, file_of(B, A))


def test_two_payments_in_one_fiscal_year_of_receipt_add_up(run):
    """One ordered in June and received in July stands beside the payment of that year."""
    a = run.payments.get(library__key="A").library
    PastPayment.objects.create(library=a, fiscal_year=2028, cents=70_000, source="ledger")
    in_july = AT.replace(month=7, day=6)

    reading = read(run, file_of(A.replace("2027-05-03", "2027-07-02")), on=in_july.date())
    imported(run, file_of(A.replace("2027-05-03", "2027-07-02")), at=in_july)

    assert (
        "received $700.00 in fiscal year 2028 (ledger). This payment of $800.00 is added" in reading.notes[0]
    )
    assert ledger.received(a, 2028).cents == 150_000
    assert ledger.received(a, 2027) is None
    assert PastPayment.objects.filter(fiscal_year=2028).cents_by_library() == {a.pk: 150_000}


def test_a_payment_that_was_entered_by_hand_is_not_counted_twice(run):
    a = run.payments.get(library__key="A").library
    PastPayment.objects.create(library=a, fiscal_year=2027, cents=80_000, source="payment list")

    ((where, what, cure),) = refusal(run, file_of(A))

    assert (where, "counted twice" in what, "set that entry to 0" in cure) == ("Line 2", True, True)


def test_the_template_sent_back_as_it_is_says_nothing_new(run):
    content = template(reconciliations(run)[0].outstanding)

    reading = read(run, content, on=PAID.date())

    assert (len(reading.open), reading.new, reading.problems) == (2, [], [])
    with pytest.raises(ResultsRefused, match="Nothing was changed"):
        imported(run, content)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"on": date(2027, 4, 19)}, "between its export and today"),
        ({"on": date(2027, 5, 5)}, "between its export and today"),
        ({"reference": ""}, "payment_result_has_a_reference"),
    ],
)
def test_database_holds_results_true(run, values, match):
    imported(run, file_of(A))
    line = run.batches.get().lines.get(number=2)
    result = {"status": "paid", "on": date(2027, 5, 3), "reference": "W-2"} | values

    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        PaymentResult.objects.create(line=line, file=ResultFile.objects.get(), **result)


def test_results_and_files_stay_and_the_batch_with_them(run, staff):
    imported(run, file_of(A))
    batch = run.batches.get()

    for rows in (PaymentResult.objects.all(), ResultFile.objects.all()):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            rows.delete()
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        PaymentResult.objects.update(reference="x")
    with pytest.raises(BatchRefused, match="results are on record"):
        withdraw_batch(batch=batch, reason="x", by=staff, at=PAID)
    with pytest.raises(DatabaseError, match="not withdrawn"), transaction.atomic():
        PaymentBatch.objects.update(withdrawn_at=PAID, withdrawn_by=staff, withdrawn_because="x")


def test_ledger_of_a_line_is_as_paid_and_stays(run):
    imported(run, file_of(A))
    entry = PastPayment.objects.get(batch_line__isnull=False)
    line = run.batches.get().lines.get(number=2)

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        PastPayment.objects.filter(pk=entry.pk).update(cents=1)
    with pytest.raises(DatabaseError, match="stays in the ledger"), transaction.atomic():
        PastPayment.objects.filter(pk=entry.pk).delete()
    with pytest.raises(DatabaseError, match="what a line paid"), transaction.atomic():
        PastPayment.objects.create(
            library=line.paid_to, fiscal_year=2027, cents=line.cents, received_on=date(2027, 5, 3),
            source="x", batch_line=line,
        )  # fmt: skip
    with (
        pytest.raises(DatabaseError, match="what a line paid"),
        transaction.atomic(),
    ):
        PastPayment.objects.create(
            library=line.paid_to, fiscal_year=2027, cents=line.cents, source="x", batch_line=line
        )


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_only_the_state_library_imports_results(run, role):
    with pytest.raises(PermissionDenied):
        imported(run, file_of(A), make_user(role))


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_take_the_file_over_once():
    run = ready_run()
    exported(run)
    first, second = make_user(Role.STATE_STAFF), make_user(Role.STATE_STAFF)

    outcomes = at_once(
        lambda: imported(run, file_of(A, B), first), lambda: imported(run, file_of(A, B), second)
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ResultFile", "ResultsRefused"]
    assert PaymentResult.objects.count() == 2
    assert PastPayment.objects.filter(batch_line__isnull=False).count() == 2


def test_what_was_paid_is_not_entered_by_hand_once_more(run, staff):
    imported(run, file_of(A, B))
    a = run.payments.get(library__key="A").library
    by_hand = {"library": a, "fiscal_year": 2027, "source": "the director", "by": staff}

    with pytest.raises(ExpenditureRefused, match="would be counted twice"):
        record_money_received(cents=800_00, **by_hand)
    record_money_received(cents=1_00, **by_hand)

    assert ledger.received(a, 2027).cents == 801_00
