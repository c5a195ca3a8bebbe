"""The public pages, the files, and the page on which staff have documents made; for each who sees them."""

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from connecticard.models import Role
from payments import services as payment_services
from reports import making, tasks
from reports.models import OF_A_RUN, Document, DocumentBatch, DocumentKind
from reports.replay import issue_open_editions
from reports.rulebook import in_words
from reports.services import publish_run, request_documents
from tests.factories import make_signed_in_client, make_user
from tests.payments.records import appropriation, certified
from tests.reports.conftest import AT
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db
TODAY = date(2027, 4, 20)


@pytest.fixture(autouse=True)
def _today_and_no_worker(settings, monkeypatch):
    settings.DEMO_TODAY = TODAY
    monkeypatch.setattr(tasks.make_documents, "delay", lambda lines: None)
    monkeypatch.setattr(making, "pdf_of", lambda contents: f"%PDF {contents.title}".encode())


def documents_of(run, staff) -> DocumentBatch:
    batch = request_documents(run=run, by=staff, at=AT)
    making.make_lines(batch.lines.values_list("pk", flat=True))
    return batch


@pytest.fixture
def published(certified_run):
    """A published run with its documents and edition 1."""
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    batch = publish_run(run=certified_run, by=administrator, at=AT)
    making.make_lines(batch.lines.values_list("pk", flat=True))
    issue_open_editions(by=administrator)
    return batch


@pytest.fixture
def previews(calculated_run, staff):
    return documents_of(calculated_run, staff)


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"reports:{name}", args=args), query)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def pdf_of(kind: DocumentKind, key: str | None = None) -> Document:
    return Document.objects.get(kind=kind, library__key=key)


def client_of(role: Role | None, library=None) -> Client:
    return Client() if role is None else make_signed_in_client(role, library)


# The front page


def test_the_front_page_shows_the_last_published_year(client, published_run, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        shown = page(client, "home")

    assert "Fiscal year 2027, the last one published" in shown
    assert "March 2026 to February 2027" in shown
    assert "50 items lent on other libraries’ cards" in shown
    assert "3 libraries" in shown
    assert "$1,000.00 divided among them" in shown
    assert "$10.0000000000" in shown
    assert "estimated" not in shown


def test_the_front_page_says_what_is_due_with_the_day_written_out(client):
    shown = page(client, "home")

    assert "Wednesday, September 8, 2027 Loans of March 2027 to August 2027" in shown
    assert "Monday, November 1, 2027 Expenditure report on money received July 2025 to June 2026" in shown
    assert "Wednesday, March 8, 2028 Loans of September 2027 to February 2028" in shown
    assert "Loans of April 2027, where a library files every month" in shown


def test_the_front_page_before_any_year_is_published(client, certified_run):
    shown = page(client, "home")

    assert "No payments have been published yet" in shown
    assert "sign in to file" in shown


@pytest.mark.parametrize(
    ("role", "begins"),
    [(Role.STATE_STAFF, "payments:work_list"), (Role.AUDITOR, "payments:work_list")],
)
def test_the_front_page_leads_who_is_signed_in_to_where_work_begins(role, begins):
    answer = client_of(role).get(reverse("reports:home"))

    assert f'<a class="usa-button" href="{reverse(begins)}">What libraries owe</a>' in answer.content.decode()


def test_the_front_page_says_that_a_replayed_year_is_assumed_and_estimated(client, libraries, staff):
    certified(libraries[0], {libraries[1]: 5}, first_day=date(2017, 3, 1), cadence=Cadence.ANNUAL)
    run = payment_services.create_run(
        appropriation=appropriation(fiscal_year=2018), by=staff, at=AT, assumed_eligible=True
    )
    run = payment_services.calculate_run(run=run, by=staff, at=AT)
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    payment_services.certify_run(run=run, by=administrator, at=AT)
    payment_services.record_publication(run=run, by=administrator, at=AT)

    shown = page(client, "home")

    assert "Fiscal year 2018, the last one published" in shown
    assert "every library is taken to have met the requirements" in shown


# The rulebook


def test_the_rulebook_shows_each_value_at_its_key(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        response = client.get(reverse("reports:rulebook"))

    html = response.content.decode()
    assert html.count('id="grant.transactions_part"') == 1
    shown = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "expenditure_report.due November 1 law The expenditure report is due on November 1." in shown
    assert "in force from January 31, 1994" in shown


def test_the_rules_of_the_program_are_told_beside_the_rulebook(client):
    shown = page(client, "rulebook_functions")

    assert "payments.rules.grant_formula. split_appropriation" in shown
    assert "transactions.rules.desk.overdue_fine. days_late" in shown


def test_the_rulebook_as_of_a_day_shows_the_value_of_that_day_first(client):
    before = page(client, "rulebook", on="2026-02-28")
    after = page(client, "rulebook", on="2026-03-01")

    assert "default_cadence annual practice" in before
    assert "As of Saturday, February 28, 2026" in before
    assert "default_cadence semiannual law" in after
    assert "annual_due No value in force on March 1, 2026." in after
    assert "in force from the beginning through February 28, 2026" in after


@pytest.mark.parametrize("on", ["2026-02-30", "tomorrow", "20260301", "0000-01-01"])
def test_a_day_that_is_none_is_refused_and_today_is_shown(client, on):
    shown = page(client, "rulebook", on=on)

    assert "Enter a day as year, month and day" in shown
    assert "As of Tuesday, April 20, 2027" in shown


def test_the_rulebook_leads_to_the_worked_examples(client):
    shown = page(client, "rulebook_examples")

    assert reverse("reports:rulebook_examples") in client.get(reverse("reports:rulebook")).content.decode()

    assert "Three libraries, one of which lends more than it borrows" in shown
    assert "A 40 25 15 $285.72 $500.00 $785.72 $0.00" in shown
    assert "$0.0982641313 a loan" in shown
    assert "Friday, April 10, 2026" in shown
    assert "refused: own library" in shown


def test_the_rulebook_names_the_edition_of_each_published_year(client, published_run):
    shown = page(client, "rulebook")

    assert f"{published_run.rulebook_edition} gives that year the same edition" in shown


def test_the_edition_of_a_run_that_is_not_certified_is_for_the_state_library(client, calculated_run):
    edition = calculated_run.rulebook_edition

    assert edition not in page(client, "rulebook")
    assert edition in page(make_signed_in_client(Role.AUDITOR), "rulebook")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (None, ""),
        (7, "7"),
        ("03-01", "March 1"),
        ("03-01 09-01", "March 1 and September 1"),
        ("1/2", "1/2"),
        ("largest remainder", "largest remainder"),
    ],
)
def test_values_are_written_in_words(value, words):
    assert in_words(value) == words


# What is published


def test_anybody_sees_the_reports_of_a_published_year(client, published, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        shown = page(client, "report_list")

    assert "Fiscal year 2027" in shown
    assert "3 payment statements" in shown
    for kind in DocumentKind:
        assert (kind.label in shown) == (kind in OF_A_RUN)
    assert pdf_of(DocumentKind.PAYMENT_LIST).pdf_sha256 in shown


def test_statements_are_found_by_library_or_town(client, published, libraries):
    assert "Library A" in page(client, "report_list", q="library a")
    assert "Library B" in page(client, "report_list", q=libraries[1].town.name)
    assert "No library fits" in page(client, "report_list", q="Zanzibar")


@pytest.mark.parametrize("role", [None, Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_previews_are_not_shown_outside_the_state_library(role, previews, libraries):
    client = client_of(role, libraries[0] if role else None)
    statement = pdf_of(DocumentKind.PAYMENT_STATEMENT, "A")

    assert "Nothing is published yet" in page(client, "report_list")
    assert "No statement of this library is published" in page(client, "library_documents", "A")
    assert client.get(reverse("reports:document_pdf", args=[statement.pk])).status_code == 404
    assert client.get(reverse("reports:document_csv", args=[statement.pk])).status_code == 404


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR])
def test_previews_are_marked_for_the_state_library(role, previews):
    client = client_of(role)

    assert "These are previews" in page(client, "report_list")
    assert "2027 preview" in page(client, "library_documents", "A")
    answer = client.get(reverse("reports:document_pdf", args=[pdf_of(DocumentKind.PAYMENT_LIST).pk]))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-cache, private"
    answer.close()


def test_previews_stay_closed_when_their_run_is_certified(client, previews, calculated_run):
    payment_services.certify_run(run=calculated_run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)

    assert "Nothing is published yet" in page(client, "report_list")


def test_documents_of_a_certified_run_are_closed_until_it_is_published(client, staff, certified_run):
    documents_of(certified_run, staff)

    assert "Nothing is published yet" in page(client, "report_list")
    assert "is not published" in page(make_signed_in_client(Role.AUDITOR), "report_list")


def test_documents_of_a_published_run_stay_public_as_void(client, published, certified_run):
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    payment_services.void_run(run=certified_run, reason="Wrong act", by=administrator, at=AT)

    shown = page(client, "report_list")

    assert "was voided" in shown
    assert "Wrong act" in shown
    assert "2027 void" in page(client, "library_documents", "A")
    assert "No payments have been published yet" in page(client, "home")


def test_an_administrator_publishes_a_run_once(certified_run):
    administrator = make_signed_in_client(Role.STATE_ADMINISTRATOR)
    address = reverse("reports:run_publish", args=[certified_run.pk])

    assert "Until it is published the State Library alone sees it" in page(
        administrator, "run_publish", certified_run.pk
    )
    administrator.post(address)
    again = administrator.post(address, follow=True)

    assert "was published by" in again.content.decode()
    assert certified_run.document_batches.count() == 1


def test_a_run_is_published_with_its_documents(client, certified_run):
    batch = publish_run(run=certified_run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    making.make_lines(batch.lines.values_list("pk", flat=True))

    assert "published" in page(client, "report_list")
    assert Document.objects.published().count() == 4


def test_anybody_reads_a_library_s_statements(client, published, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        shown = page(client, "library_documents", "A")

    assert "2027" in shown
    assert "preview" not in shown
    assert client.get(reverse("reports:library_documents", args=["none"])).status_code == 404


def test_the_library_s_page_leads_to_its_statements(client, libraries):
    html = client.get(libraries[0].get_absolute_url()).content.decode()

    assert reverse("reports:library_documents", args=["A"]) in html


# Files


def test_a_pdf_is_sent_under_its_name_to_be_read(client, published):
    document = pdf_of(DocumentKind.PAYMENT_STATEMENT, "A")

    answer = client.get(reverse("reports:document_pdf", args=[document.pk]))

    assert b"".join(answer.streaming_content) == b"%PDF " + document.title.encode()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="payment-statement-FY2027-A-library-a.pdf"'
    assert answer["Content-Length"] == str(document.pdf_size)
    assert answer["ETag"] == f'"{document.pdf_sha256}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-cache, public"


def test_a_csv_is_sent_to_be_saved(client, published):
    document = pdf_of(DocumentKind.PAYMENT_LIST)

    answer = client.get(reverse("reports:document_csv", args=[document.pk]))

    assert b"".join(answer.streaming_content).startswith(b"library,name,loans")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="payment-list-FY2027.csv"'


def test_a_file_that_the_reader_has_is_not_sent_again(client, published):
    document = pdf_of(DocumentKind.PAYMENT_LIST)
    address = reverse("reports:document_pdf", args=[document.pk])

    answer = client.get(address, headers={"If-None-Match": f'"{document.pdf_sha256}"'})

    assert answer.status_code == 304


def test_a_file_that_is_lost_is_told_and_logged(client, published, caplog):
    document = pdf_of(DocumentKind.PAYMENT_LIST)
    document.pdf.storage.delete(document.pdf.name)

    answer = client.get(reverse("reports:document_pdf", args=[document.pk]))

    assert answer.status_code == 404
    assert "has lost its file" in caplog.text


# Having documents made


@pytest.fixture
def staff_client(staff):
    return make_signed_in_client(user=staff)


def test_staff_have_the_documents_of_a_run_made(staff_client, certified_run):
    shown = page(staff_client, "run_documents", certified_run.pk)
    assert "A statement for each library, the payment list and previews of the three annual reports." in shown

    answer = staff_client.post(reverse("reports:documents_make", args=[certified_run.pk]), follow=True)

    html = answer.content.decode()
    assert "0 of 7 made" in html
    assert "hx-get" in html
    assert "Make the missing documents again" in html


def test_progress_is_asked_for_until_all_is_made(staff_client, certified_run, staff):
    batch = request_documents(run=certified_run, by=staff, at=AT)
    address = reverse("reports:batch_progress", args=[batch.pk])

    begun = staff_client.get(address, headers={"HX-Request": "true"})
    making.make_lines(batch.lines.values_list("pk", flat=True))
    done = staff_client.get(address, headers={"HX-Request": "true"})

    assert "HX-Refresh" not in begun
    assert "every 2s" in begun.content.decode()
    assert done["HX-Refresh"] == "true"
    assert "Every document is made" in done.content.decode()
    assert staff_client.get(address).url == reverse("reports:run_documents", args=[certified_run.pk])


def test_the_documents_of_a_run_are_listed(
    staff_client, published, certified_run, django_assert_max_num_queries
):
    with django_assert_max_num_queries(14):
        shown = page(staff_client, "run_documents", certified_run.pk)

    assert "Every document is made" in shown
    assert "Library C" in shown
    assert "Make the documents again" in shown


def test_failures_are_listed_and_asked_for_again(staff_client, published, certified_run):
    line = published.lines.get(kind=DocumentKind.PAYMENT_LIST)
    line.document, line.failure = None, "The file could not be stored."
    line.save()

    shown = page(staff_client, "run_documents", certified_run.pk)
    answer = staff_client.post(reverse("reports:batch_restart", args=[published.pk]), follow=True)

    assert "Some documents could not be made" in shown
    assert "Payment list The file could not be stored." in shown
    assert "Asked again for 1 document." in answer.content.decode()


def test_a_restart_with_nothing_to_do_says_so(staff_client, published):
    answer = staff_client.post(reverse("reports:batch_restart", args=[published.pk]), follow=True)

    assert "Every document is made or is being made now." in answer.content.decode()


def test_a_run_without_a_calculation_says_what_comes_first(staff_client, staff):
    run = payment_services.create_run(appropriation=appropriation(), by=staff, at=AT)

    assert "Calculate the run first" in page(staff_client, "run_documents", run.pk)
    answer = staff_client.post(reverse("reports:documents_make", args=[run.pk]), follow=True)
    assert "Calculate the run first" in answer.content.decode()
    assert not DocumentBatch.objects.exists()


def test_the_auditor_sees_the_documents_and_makes_none(published, certified_run):
    client = make_signed_in_client(Role.AUDITOR)

    shown = page(client, "run_documents", certified_run.pk)

    assert "Make the documents" not in shown
    assert client.post(reverse("reports:documents_make", args=[certified_run.pk])).status_code == 403
    assert client.post(reverse("reports:batch_restart", args=[published.pk])).status_code == 403


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_people_of_libraries_do_not_see_the_making(role, certified_run, libraries):
    client = make_signed_in_client(role, libraries[0])

    assert client.get(reverse("reports:run_documents", args=[certified_run.pk])).status_code == 403
