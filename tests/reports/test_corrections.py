"""Correction statements through the real client, as documents, and in the use report's new edition."""

from datetime import date

import pytest
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library
from payments.correcting.corrections import awaits_statement
from payments.models import CorrectionStatement
from reports import making, statistics, tasks
from reports.correction_paper import correction_paper
from reports.csv_files import csv_of
from reports.documents import html_of
from reports.edition_contents import annual_report
from reports.models import DocumentKind, Edition
from reports.replay import issue_open_editions
from reports.services import publish_run
from tests.factories import current_code, make_letter, make_library, make_signed_in_client, make_user
from tests.payments.disbursed import exported, ready_run
from tests.payments.records import HALVES, certified
from tests.payments.withholding import at

pytestmark = pytest.mark.django_db
FIRST, SECOND = (half.first_day for half in HALVES)
AUGUST_2 = at(date(2027, 8, 2))


@pytest.fixture(autouse=True)
def _in_august(monkeypatch):
    monkeypatch.setattr("connecticard.clock.now", lambda: AUGUST_2)


@pytest.fixture(autouse=True)
def _made_at_once(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(making, "pdf_of", lambda contents: html_of(contents).encode())
    monkeypatch.setattr(tasks.make_documents, "delay", tasks.make_documents)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def run(django_capture_on_commit_callbacks):
    """A was paid 800.00 and B 200.00, published with its documents: A lent B 30, B lent A 20."""
    made = ready_run()
    exported(made)
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    with django_capture_on_commit_callbacks(execute=True):
        publish_run(run=made, by=administrator, at=AUGUST_2)
    issue_open_editions(by=administrator)
    return made


def amend(lender, loans, first_day=FIRST):
    libraries = {library.key: library for library in Library.objects.all()}
    other = libraries["B" if lender == "A" else "A"]
    certified(libraries[lender], {other: loans}, first_day=first_day, submitted_on=date(2027, 7, 20))


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def prepare(client, run):
    return client.post(reverse("reports:correction_prepare", args=[run.pk]), follow=True)


@pytest.fixture
def certify(django_capture_on_commit_callbacks):
    def act(client, run, number=1):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(
                reverse("reports:correction_certify", args=[run.pk, number]),
                {"code": current_code(client.user)},
                follow=True,
            )

    return act


def test_amendment_becomes_a_certified_statement_and_a_new_edition(
    run, staff, administrator, certify, client
):
    amend("A", 10)
    steps = text(staff.get(reverse("payments:run_page", args=[run.pk])))
    assert "an amendment waits for its statement" in steps
    page = text(staff.get(reverse("reports:corrections", args=[run.pk])))
    assert "A, March 2026 to August 2026: lent 15 before, 10 by version 2, certified July 20, 2027" in page

    prepared = text(prepare(staff, run))
    assert "−$22.22" in prepared
    assert "It is not a payment" in prepared
    done = text(certify(administrator, run))

    assert "receivable: overpaid" in done
    assert "recorded claim: underpaid" in done
    assert "Its documents are being made" in done
    made = text(staff.get(reverse("reports:correction_page", args=[run.pk, 1])))
    assert "Correction statement 1 FY2027</span>,</span> PDF" in made
    assert not awaits_statement(run)
    first, second = Edition.objects.order_by("number")
    assert (second.number, second.correction, second.status) == (2, run.corrections.get(), "draft")
    issue_open_editions(by=second.run.certified_by)
    public = text(client.get(reverse("reports:report_list")))
    assert "Edition 2, published" in public
    old = client.get(reverse("reports:document_csv", args=[first.reports.get(kind="use_report").document_id]))
    assert b"A,A," in b"".join(old.streaming_content)


def test_library_sees_its_own_line(run, staff, administrator, certify, client):
    amend("A", 10)
    prepare(staff, run)
    assert "Corrections" not in text(client.get(reverse("reports:library_documents", args=["A"])))
    certify(administrator, run)

    shown = text(client.get(reverse("reports:library_documents", args=["A"])))
    assert "$800.00" in shown
    assert "−$22.22" in shown
    assert "It is not a payment" in shown
    assert "−$22.22" not in text(client.get(reverse("reports:library_documents", args=["C"])))


def test_new_edition_counts_standing_filings_and_the_old_one_stays(run, staff, administrator, certify):
    late = make_library("Late", key="L")
    make_letter(late)
    amend("A", 10)
    prepare(staff, run)
    certify(administrator, run)
    statement = CorrectionStatement.objects.get()

    first = {line.library_key: line for line in statistics.use_report(run).lines}
    second = annual_report(DocumentKind.USE_REPORT, run, statement.editions.get())
    now = {line.library_key: line for line in second.lines}

    assert (first["A"].loans, now["A"].loans, now["B"].borrows) == (30, 25, 25)
    assert second.edition == 2
    assert second.changes is not None
    assert second.changes.sentences == (
        "A, March 2026 to August 2026: lent 15 before, 10 by version 2, certified July 20, 2027 "
        "(counted again).",
    )
    changed = {(one.line, one.figure): (one.before, one.now) for one in second.changes.figures}
    assert changed[("A", "Loans")] == ("30", "25")
    assert changed[("B", "Borrows")] == ("30", "25")
    assert ("C", "Loans") not in changed
    assert "It takes the place of edition 1" in html_of(second)
    assert second.title == "Use of the program FY2027, edition 2"


def test_second_statement_states_both_differences(run, staff, administrator, certify):
    amend("A", 10)
    prepare(staff, run)
    certify(administrator, run)
    amend("B", 12, SECOND)
    prepare(staff, run)
    certify(administrator, run, 2)

    paper = correction_paper(CorrectionStatement.objects.get(number=2))
    a = next(line for line in paper.lines if line.library_key == "A")

    # A 25 and B 22 of 47: A 265.96 + 500.00
    assert (a.certified_cents, a.stated_cents, a.corrected_cents) == (800_00, 777_78, 765_96)
    assert (a.difference_cents, a.total_cents) == (-11_82, -34_04)
    assert paper.total_cents == paper.difference_cents == 0
    assert paper.amendments == (
        "B, September 2026 to February 2027: lent 10 before, 12 by version 2, certified July 20, 2027 "
        "(counted again).",
    )
    rows = csv_of(paper).decode().splitlines()
    assert rows[1] == "A,A,30,25,20,22,800.00,777.78,765.96,-11.82,-34.04,receivable: overpaid"
    assert "This is not a payment." in html_of(paper)


def test_run_without_amendment_says_that_nothing_is_to_correct(run, staff):
    assert "there is nothing to correct" in text(staff.get(reverse("reports:corrections", args=[run.pk])))
    assert "there is nothing to correct" in text(prepare(staff, run))


def test_who_prepared_a_statement_is_told_that_another_certifies(run, administrator):
    amend("A", 10)
    prepare(administrator, run)

    shown = administrator.get(reverse("reports:correction_certify", args=[run.pk, 1]))

    assert "Another administrator certifies it" in text(shown)
    assert "Certify in my name" not in text(shown)


def test_statement_that_is_stale_is_prepared_again(run, staff, administrator, certify):
    amend("A", 10)
    prepare(staff, run)
    amend("A", 11)

    assert "Have it prepared again" in text(certify(administrator, run))
    assert "Prepare it again" in text(staff.get(reverse("reports:correction_page", args=[run.pk, 1])))
