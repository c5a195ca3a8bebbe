"""Fiscal year 2018 done again, and the year that a demonstration shows."""

from datetime import date, datetime

import pytest
from django.db.models import Sum
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Message, MessageKind, Role
from libraries.models import Library
from libraries.roster import load_roster
from payments.calculation import rates_of
from payments.disbursing.result_services import reconciliations
from payments.estimating.estimate import estimate
from payments.models import ExpenditureReport, PaymentRun, ReminderRun
from payments.proving.verification import differences
from reports import making
from reports.demonstration import (
    DRAFT_WITH_SWAP,
    FILING_ON_STAGE,
    LIBRARY_WITH_A_WISH,
    MADE_UP_COUNTS,
    load_demonstration,
)
from reports.demonstration_last_year import RETURNED_LINE
from reports.models import DocumentBatch, Edition
from reports.replay import replay_fy2018
from tests.factories import make_signed_in_client, make_user
from tests.page_text import text
from transactions.models import Filing, Waiver
from transactions.rules.filing_calendar import measurement_period, program_year_of
from transactions.rules.filing_checks import Tier
from transactions.services import choice_to_come, filing_fingerprint, findings

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 5)


def test_fiscal_year_2018_comes_out_as_published():
    load_roster()
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)
    at = datetime(2027, 3, 5, 12, tzinfo=EASTERN)

    run = replay_fy2018(staff=staff, administrator=administrator, at=at)

    sums = run.payments.aggregate(
        loans=Sum("loans"),
        net_plus=Sum("net_plus"),
        paid=Sum("payment_cents"),
        withheld=Sum("withheld_cents"),
    )
    assert run.payments.count() == 192
    assert sums == {"loans": 3_580_340, "net_plus": 1_590_946, "paid": 703_638_00, "withheld": 0}
    assert (run.transactions_pool_cents, run.net_plus_pool_cents) == (351_819_00, 351_819_00)
    assert rates_of(run) == ("0.0982641313", "0.2211382410")
    assert run.estimated
    assert differences(run) == []
    assert replay_fy2018(staff=staff, administrator=administrator, at=at) == run
    shown = text(make_signed_in_client(user=staff).get(reverse("payments:run_page", args=[run.pk])))
    assert "Transactions $351,819.00 3,580,340 loans $0.0982641313 a loan" in shown
    assert "Net plus $351,819.00 1,590,946 net-plus loans" in shown
    assert "$0.2211382410 a net-plus loan" in shown
    assert "$703,638.00" in shown


def test_demonstration_shows_filings_in_every_state_and_is_made_once(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "pdf_of", lambda contents: contents.title.encode())  # other tests make them
    settings.VAR_DIR = tmp_path
    settings.DEMO_TODAY = TODAY
    load_roster()

    signs_in = load_demonstration(on=TODAY)

    this_year = Filing.objects.filter(period__first_day__gte=date(2026, 3, 1))
    assert set(this_year.values_list("status", flat=True)) == {"draft", "submitted", "returned", "certified"}
    assert set(ExpenditureReport.objects.values_list("status", flat=True)) == {
        "draft",
        "submitted",
        "certified",
    }
    assert Waiver.objects.filter(approved_at__isnull=False).exists()
    assert [batch.lines.count() for batch in DocumentBatch.objects.all()] == [196, 196]
    assert list(Edition.objects.published().values_list("fiscal_year", "number")) == [(2026, 1), (2018, 1)]
    # whom its deliveries bring comes with them
    assert {sign_in.person.role for sign_in in signs_in} == set(Role) - {Role.DELIVERY_REPORTER}

    last_year = Filing.objects.standing().within(measurement_period(2026))
    assert last_year.count() > 150
    assert set(last_year.values_list("provenance", "provenance_note")) == {("estimated", MADE_UP_COUNTS)}
    years_back = Filing.objects.standing().filter(library__key=FILING_ON_STAGE, period__last_day__lt=TODAY)
    assert {program_year_of(filing.period.last_day) for filing in years_back} >= {2023, 2024, 2025, 2026}
    assert estimate(2027, on=TODAY).rests_on.last_year > 100

    draft = this_year.get(library__key=DRAFT_WITH_SWAP, status="draft")
    assert any(each.tier == Tier.MUST_EXPLAIN for each in findings(draft, today=TODAY))
    in_time = this_year.get(library__key=FILING_ON_STAGE, status="certified")
    assert filing_fingerprint(in_time.pk) == in_time.sha256
    assert [receipt.kind for receipt in in_time.receipts.all()] == ["submission", "certificate"]
    sums = [rows.aggregate(sum=Sum("loans"))["sum"] for rows in (in_time.totals, in_time.loan_counts)]
    assert sums[0] == sums[1] > 0
    assert Waiver.objects.filter(kind="extension", approved_at__isnull=False).exists()
    assert choice_to_come(Library.objects.get(key=LIBRARY_WITH_A_WISH), TODAY)

    on_stage = Message.objects.filter(items__library__key=FILING_ON_STAGE, kind=MessageKind.REMINDER)
    assert set(on_stage.values_list("person__email", flat=True)) >= {"filer@example.org"}
    assert on_stage.count() == on_stage.values("person").distinct().count()
    assert ReminderRun.objects.get().messages > 100

    last_run = PaymentRun.objects.published().get(fiscal_year=2026)
    assert last_run.estimated
    assert last_run.payments.aggregate(sum=Sum("payment_cents"))["sum"] == last_run.appropriation_cents
    assert differences(last_run) == []
    [paid] = reconciliations(last_run)
    assert [line.number for line in paid.returned] == [RETURNED_LINE]
    assert (paid.paid_cents + paid.returned_cents, paid.outstanding) == (last_run.appropriation_cents, ())

    recorded = AuditEvent.objects.count()
    load_demonstration(on=TODAY)
    assert AuditEvent.objects.count() == recorded
