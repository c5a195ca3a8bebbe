"""Ten faults in a payment year, each injected for real.

After each: no payment is lost, doubled or changed, and the page says what happened.
"""

import re
from collections import Counter
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import Sum
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role
from payments import services
from payments.correcting.withheld_services import record_all_lapses
from payments.models import PastPayment, PaymentBatch, PaymentBatchLine, PaymentResult, PaymentRun
from payments.proving.verification import differences
from payments.rules.payment_run_status import PaymentRunStatus
from reports.models import Document, DocumentBatch
from tests.at_once import Elsewhere, at_once, wait_until_waiting
from tests.factories import (
    SignedInClient,
    current_code,
    make_letter,
    make_library,
    make_period,
    make_signed_in_client,
)
from tests.page_text import text
from tests.payments.disbursed import AT, CERTIFIED_AT, certified_run, exported, make_libraries, ready_run
from tests.payments.disbursing.test_result_services import A, B, file_of
from tests.payments.records import FISCAL_YEAR, YEAR, appropriation, certified
from tests.payments.withholding import JULY_1, JUNE_30, at, cure_c, release_order, w6_run
from tests.real_worker import broker, kill, start_worker, wait_for, wait_for_locks  # noqa: F401 - fixtures
from transactions.models import Holiday
from transactions.rules.filing_calendar import Cadence
from transactions.services.holidays import days_closed

pytestmark = pytest.mark.django_db(transaction=True)
PAID_ON = datetime(2027, 5, 4, 9, 0, tzinfo=EASTERN)


@pytest.fixture
def clock(monkeypatch):
    """Set what time it is."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr("connecticard.clock.now", lambda: moment)

    set_to(CERTIFIED_AT)
    return set_to


@pytest.fixture
def staff(clock) -> SignedInClient:
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator(clock) -> SignedInClient:
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


def calculated_run(by: SignedInClient) -> PaymentRun:
    run = services.create_run(appropriation=appropriation(), by=by.user, at=CERTIFIED_AT)
    return services.calculate_run(run=run, by=by.user, at=CERTIFIED_AT)


# What must hold after every fault


def money(run: PaymentRun) -> dict[str, list[tuple[Any, ...]]]:
    """Return every cent of a run: who gets how much of which pool, what was sent, and what came of it."""
    lines = PaymentBatchLine.objects.filter(batch__run=run)
    return {
        "payments": list(
            run.payments.order_by("library__key").values_list(
                "library__key",
                "loans",
                "borrows",
                "net_plus",
                "transactions_share_cents",
                "net_plus_share_cents",
                "payment_cents",
                "withheld_cents",
            )
        ),
        "sent": list(lines.order_by("code").values_list("code", "payee_name", "cents", "batch__sha256")),
        "results": list(
            PaymentResult.objects.filter(line__batch__run=run)
            .order_by("line__code", "status")
            .values_list("line__code", "status", "on", "reference")
        ),
        "received": list(
            PastPayment.objects.exclude(batch_line=None)
            .order_by("batch_line__code")
            .values_list("batch_line__code", "library__key", "fiscal_year", "cents")
        ),
    }


def assert_whole(run: PaymentRun) -> None:
    """Hold a run to what its figures always add up to: nothing is lost, nothing goes out twice."""
    run.refresh_from_db()
    sums = run.payments.aggregate(paid=Sum("payment_cents"), withheld=Sum("withheld_cents"))
    assert sums["paid"] + sums["withheld"] + run.undistributed_cents == run.appropriation_cents
    assert set(Counter(run.payments.values_list("library", flat=True)).values()) <= {1}
    sent = PaymentBatchLine.objects.filter(batch__run=run, batch__withdrawn_at=None, reissue_of=None)
    assert set(Counter(sent.values_list("payment", flat=True)).values()) <= {1}
    for batch in run.batches.all():
        assert batch.lines.aggregate(sum=Sum("cents"))["sum"] == batch.cents
    paid = PaymentResult.objects.filter(line__batch__run=run, status="paid")
    assert set(Counter(paid.values_list("line", flat=True)).values()) <= {1}
    if run.status == PaymentRunStatus.CERTIFIED:
        assert differences(run) == []


def certify(client: SignedInClient, run: PaymentRun) -> Any:
    return client.post(
        reverse("payments:run_certify", args=[run.pk]), {"code": current_code(client.user)}, follow=True
    )


def page(client: SignedInClient, name: str, run: PaymentRun) -> str:
    return text(client.get(reverse(name, args=[run.pk])))


# 1


def test_holiday_table_is_edited_after_periods_opened(staff, administrator):
    """D files every month, March 2026 on its last day; then Good Friday leaves the table."""
    _, b, _ = make_libraries()
    d = make_library("D", key="D")
    make_letter(d)
    PastPayment.objects.create(library=d, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    d.cadences.create(cadence="monthly", valid=(YEAR.first_day, None))
    closed = tuple(days_closed())
    for first_day in YEAR.months():
        period = make_period(first_day, Cadence.MONTHLY, holidays=closed)
        certified(d, {b: 3}, first_day=first_day, cadence=Cadence.MONTHLY, submitted_on=period.due_on)
    run = calculated_run(staff)
    before = money(run)
    good_friday = Holiday.objects.get(day=date(2026, 4, 3))

    removed = staff.post(
        reverse("transactions:holiday_remove", args=[good_friday.pk]),
        {"reason": "Taken for a day of another year"},
        follow=True,
    )
    certificate = administrator.get(reverse("payments:run_certify", args=[run.pk]))

    assert "is no longer in the table. Periods that are open keep their dates." in text(removed)
    assert "nothing has changed since" in text(certificate)
    run = services.calculate_run(run=run, by=staff.user, at=CERTIFIED_AT)
    assert money(run) == before
    assert run.payments.get(library=d).eligible
    assert_whole(run)


# 2


@pytest.mark.worker
def test_worker_is_killed_in_the_middle_of_publishing(
    staff,
    administrator,
    broker,  # noqa: F811
    start_worker,  # noqa: F811
    tmp_path,
):
    run = certified_run()
    before = money(run)
    first = start_worker()

    published = administrator.post(reverse("reports:run_publish", args=[run.pk]), follow=True)
    batch = DocumentBatch.objects.get()
    wait_for(batch, 2, tmp_path)
    kill(first)
    wait_for_locks(batch)

    made, _, asked = batch.progress()
    assert published.status_code == 200
    if made < asked:
        shown = page(staff, "reports:run_documents", run)
        assert f"{made} of {asked} made" in shown
        assert "If the number does not rise, the worker was stopped: ask for the rest again." in shown
        staff.post(reverse("reports:batch_restart", args=[batch.pk]))
    start_worker()
    wait_for(batch, asked, tmp_path)
    assert "Every document is made" in page(staff, "reports:run_documents", run)
    assert set(Counter(Document.objects.values_list("kind", "library")).values()) == {1}
    assert Document.objects.count() == asked
    assert PaymentRun.objects.published().get() == run
    assert money(run) == before
    assert_whole(run)


# 3


def test_connection_to_the_database_drops_between_lock_and_commit(staff, administrator, monkeypatch):
    make_libraries()
    run = calculated_run(staff)
    before = money(run)
    statement = services.attestation

    def cut_off(signed: PaymentRun) -> str:
        """End this very connection from another one, as a server that restarts does."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (own,) = cursor.fetchone()
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        return statement(signed)

    administrator.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(services, "attestation", cut_off)
        answer = Elsewhere(lambda: certify(administrator, run)).ended()

    assert answer.status_code == 500
    assert "What you sent was not saved" in text(answer)
    assert PaymentRun.objects.get(pk=run.pk).status == PaymentRunStatus.CALCULATED
    assert not AuditEvent.objects.filter(action="payment_run_certified").exists()
    assert money(run) == before
    assert "is certified. Its figures cannot change any more." in text(certify(administrator, run))
    assert money(run) == before
    assert_whole(run)


# 4


def test_certify_is_pressed_twice_in_two_browsers(staff, administrator):
    make_libraries()
    run = calculated_run(staff)
    before = money(run)
    other = make_signed_in_client(Role.STATE_ADMINISTRATOR)

    said = [
        text(answer)
        for answer in at_once(*(lambda who=who: certify(who, run) for who in (administrator, other)))
    ]

    assert sum("is certified. Its figures cannot change any more." in each for each in said) == 1
    assert sum("You cannot certify this run This run is certified" in each for each in said) == 1
    assert AuditEvent.objects.filter(action="payment_run_certified").count() == 1
    assert money(run) == before
    assert_whole(run)


# 5


def test_clock_strikes_midnight_of_june_30(staff, administrator, clock):
    """The release is approved in the second in which what no order covers is recorded as lapsed."""
    run = w6_run()
    cure_c(JUNE_30)
    order = release_order(run, JUNE_30)
    before = money(run)
    clock(at(JUNE_30, 23, 59, 59))
    assert record_all_lapses(at=at(JUNE_30, 23, 59, 59)) == 0
    recorded = staff.post(
        reverse("payments:withheld_release", args=[run.pk, "C"]),
        {"order": order.pk, "reason": "The report was filed under a waiver"},
        follow=True,
    )
    assert "is on record" in text(recorded)
    release = run.payments.get(library__key="C").releases.get()

    clock(at(JULY_1, 0, 0, 0))
    at_once(
        lambda: record_all_lapses(at=at(JULY_1, 0, 0, 0)),
        lambda: administrator.post(
            reverse("payments:release_approve", args=[release.pk]),
            {"code": current_code(administrator.user)},
        ),
    )

    release.refresh_from_db()
    assert (release.cents, release.approved_by) == (487_94, administrator.user)
    assert not run.lapses.exists()
    shown = page(staff, "payments:withheld", run)
    assert "Released" in shown
    assert "$487.94" in shown
    assert money(run) == before
    assert_whole(run)


# 6


def test_export_is_repeated(staff, clock):
    run = ready_run()
    clock(AT)
    other = make_signed_in_client(Role.STATE_STAFF)
    export = {"kind": "payment", "order": run.board_orders.get().pk}
    address = reverse("payments:batch_export", args=[run.pk])

    said = [
        text(answer)
        for answer in at_once(
            *(lambda who=who: who.post(address, export, follow=True) for who in (staff, other))
        )
    ]

    batch = PaymentBatch.objects.get()
    assert sum(f"{batch} is exported" in each for each in said) == 1
    assert sum(f"Nothing is left to export: {batch}" in each for each in said) == 1
    assert batch.cents == 1000_00
    files = {who.get(reverse("payments:batch_file", args=[batch.pk])).content for who in (staff, other)}
    assert files == {bytes(batch.content)}
    assert_whole(run)


# 7, 8, 9


@pytest.fixture
def sent_run(staff, clock) -> PaymentRun:
    """A run whose batch went to the Comptroller."""
    run = ready_run()
    exported(run)
    clock(PAID_ON)
    return run


def sent(client: SignedInClient, run: PaymentRun, content: bytes) -> Any:
    """Send a result file to be looked at."""
    return client.post(
        reverse("payments:results_import", args=[run.pk]),
        {"step": "read", "file": SimpleUploadedFile("results.csv", content)},
    )


def take_over(client: SignedInClient, run: PaymentRun, looked_at: Any) -> Any:
    """Take over the file that was looked at."""
    carried = re.search(r'name="upload"\s+value="([^"]+)"', looked_at.content.decode())
    assert carried, text(looked_at)
    return client.post(
        reverse("payments:results_import", args=[run.pk]),
        {"step": "import", "upload": carried[1]},
        follow=True,
    )


def test_result_file_is_imported_twice(staff, sent_run):
    other = make_signed_in_client(Role.STATE_STAFF)
    looked_at = {who: sent(who, sent_run, file_of(A, B)) for who in (staff, other)}

    said = [
        text(answer)
        for answer in at_once(
            *(lambda who=who, seen=seen: take_over(who, sent_run, seen) for who, seen in looked_at.items())
        )
    ]

    assert sum("The results of results.csv are on record." in each for each in said) == 1
    assert sum("This file was imported on May 4, 2027" in each for each in said) == 1
    assert "Nothing was changed." in text(sent(staff, sent_run, file_of(A, B)))
    found = money(sent_run)
    assert [(code, status) for code, status, *_ in found["results"]] == [
        ("FY2027-1-B1-001", "paid"),
        ("FY2027-1-B1-002", "paid"),
    ]
    assert [cents for *_, cents in found["received"]] == [800_00, 200_00]
    assert_whole(sent_run)


WHOLE_FILE = file_of(A, B)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(
            WHOLE_FILE[: WHOLE_FILE.index(b"TOTAL")],
            "The row TOTAL is missing, so rows may have been cut off.",
            id="before its last row",
        ),
        pytest.param(
            WHOLE_FILE[: WHOLE_FILE.index(b"W-2")], "The row TOTAL is missing", id="in the middle of a row"
        ),
        pytest.param(
            file_of(A, total="TOTAL,2,,,,1000.00"),
            "TOTAL says 2 rows, and the file has 1.",
            id="of a row, with its totals",
        ),
    ],
)
def test_result_file_is_truncated(staff, sent_run, content, told):
    before = money(sent_run)

    answer = sent(staff, sent_run, content)

    assert told in text(answer)
    assert 'name="upload"' not in answer.content.decode()
    assert money(sent_run) == before
    assert_whole(sent_run)


def test_result_file_has_an_unknown_line(staff, sent_run):
    before = money(sent_run)

    answer = sent(staff, sent_run, file_of(A, B.replace("B1-002", "B1-099")))

    assert "Line 3 “FY2027-1-B1-099” is no line of a batch. Correct the line id" in text(answer)
    assert 'name="upload"' not in answer.content.decode()
    assert money(sent_run) == before
    assert_whole(sent_run)


# 10


def test_filing_is_amended_while_the_run_is_certified(staff, administrator):
    a, b, _ = make_libraries()
    run = calculated_run(staff)
    before = money(run)

    with transaction.atomic():
        services.share_payment_inputs()  # as who certifies an amendment does
        certified(a, {b: 16})
        certifying = Elsewhere(lambda: certify(administrator, run))
        wait_until_waiting(certifying)

    said = text(certifying.ended())
    assert "This calculation is stale" in said
    assert "lent 30 when it was calculated, 31 today." in said
    assert PaymentRun.objects.get(pk=run.pk).status == PaymentRunStatus.CALCULATED
    assert money(run) == before
    run = services.calculate_run(run=run, by=staff.user, at=CERTIFIED_AT)
    assert "is certified. Its figures cannot change any more." in text(certify(administrator, run))
    assert run.payments.get(library=a).loans == 31
    assert_whole(run)


def test_filing_is_amended_the_moment_after_the_certificate(staff, administrator):
    a, b, _ = make_libraries()
    run = calculated_run(staff)
    before = money(run)

    with transaction.atomic():
        services.certify_run(run=run, by=administrator.user, at=CERTIFIED_AT)

        def amend() -> None:
            with transaction.atomic():
                services.share_payment_inputs()
                certified(a, {b: 16})

        amending = Elsewhere(amend)
        wait_until_waiting(amending)
    assert amending.ended() is None

    assert money(run) == before
    assert PaymentRun.objects.get(pk=run.pk).status == PaymentRunStatus.CERTIFIED
    assert "Certificate" in page(staff, "payments:run_page", run)
    assert_whole(run)
