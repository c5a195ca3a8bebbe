"""Statistics and documents by REST."""

import tracemalloc
from dataclasses import replace
from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Func, IntegerField
from django.urls import reverse

from connecticard.api_rendering import csv_blocks
from connecticard.models import Role
from libraries.models import Library, LibraryName
from payments import services
from reports.api import FlowRecord
from reports.contents import ChangedFigure, Changes
from reports.models import ANNUAL, Document, DocumentKind, Edition, EditionDocument, YearBox
from reports.statistics import use_report
from reports.stored_contents import json_of
from tests.api_world import AT, TODAY, make_world
from tests.factories import make_letter, make_library, make_signed_in_client, make_user
from tests.payments.records import appropriation, certified
from tests.reports.documents import use_report as use_report_of

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def world(db):
    return make_world()


def rows(client, address):
    answer = client.get(API + address)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_use_is_that_of_the_report(client, world):
    LibraryName.objects.create(
        library=world.libraries["CT0001"],
        name="Avon Free Library",
        valid=DateRange(date(2000, 1, 1), date(2027, 3, 1)),
    )

    found = rows(client, "statistics/use/?fiscal_year=2027")

    lines = {line.library_key: line for line in use_report(world.certified_run).lines}
    assert [row["library"] for row in found] == sorted(lines)
    for row in found:
        line = lines[row["library"]]
        assert (row["library_name"], row["participating"]) == (line.library_name, line.participating)
        assert (row["loans"], row["borrows"], row["net_plus"]) == (line.loans, line.borrows, line.net_plus)


def test_not_reported_is_null_and_reported_none_is_zero(client, world):
    loans = {row["library"]: row["loans"] for row in rows(client, "statistics/use/?fiscal_year=2027")}

    assert loans == {"CT0001": 30, "CT0002": 20, "CT0003": 0, "CT0005": None}


def test_use_is_chosen_by_town_and_participation(client, world):
    address = "statistics/use/?fiscal_year=2027"

    assert [row["library"] for row in rows(client, f"{address}&town=5")] == ["CT0005"]
    assert [row["library"] for row in rows(client, f"{address}&participating=false")] == ["CT0005"]
    assert [row["library"] for row in rows(client, f"{address}&library=CT0001")] == ["CT0001"]


def test_flows_add_up_the_months_and_periods_of_a_pair(client, world):
    found = rows(client, "statistics/flows/?fiscal_year=2027")

    assert [(row["lender"], row["home_library"], row["loans"]) for row in found] == [
        ("CT0001", "CT0002", 30),
        ("CT0002", "CT0001", 20),
    ]
    assert found[0]["lender_name"] == "Avon Library"
    assert rows(client, "statistics/flows/?fiscal_year=2027&lender=CT0002") == found[1:]
    assert rows(client, "statistics/flows/?fiscal_year=2027&home_library=CT0002") == found[:1]


def test_flows_come_in_pages(client, world):
    first = client.get(f"{API}statistics/flows/?fiscal_year=2027&page_size=1").json()

    second = client.get(first["next"]).json()

    assert [row["lender"] for row in second["results"]] == ["CT0002"]
    assert second["next"] is None


def test_flows_leave_out_the_months_that_a_run_does_not_count(client):
    """The letter of the lender came on file on October 1, after the first month of the filing (1(d))."""
    lender, home = make_library(key="CT0001"), make_library(key="CT0002")
    make_letter(lender, begins=date(2026, 10, 1))
    september, october = date(2026, 9, 1), date(2026, 10, 1)
    certified(lender, {(home, september): 7, (home, october): 5}, first_day=september)
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    run = services.calculate_run(run=run, by=staff, at=AT)
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    services.certify_run(run=run, by=administrator, at=AT)
    services.record_publication(run=run, by=administrator, at=AT)

    (flow,) = rows(client, "statistics/flows/?fiscal_year=2027")

    assert (flow["lender"], flow["loans"]) == ("CT0001", 5)
    assert rows(client, "statistics/use/?fiscal_year=2027&library=CT0001")[0]["loans"] == 5


def test_statistics_need_a_published_run(world):
    staff = make_signed_in_client(user=world.staff)

    for address in ("statistics/use/", "statistics/flows/"):
        assert staff.get(f"{API}{address}?fiscal_year=2028").status_code == 404


def test_documents_of_published_runs_are_public(client, world):
    staff = make_signed_in_client(user=world.staff)

    (statement,) = rows(client, "documents/?kind=payment_statement")

    assert (statement["kind"], statement["library"], statement["payment_run"]) == (
        "payment_statement",
        "CT0001",
        "2027-1",
    )
    assert client.get(statement["payment_run_url"]).status_code == 200
    assert (
        statement["pdf_url"] == f"http://testserver{reverse('reports:document_pdf', args=[statement['id']])}"
    )
    assert (
        statement["csv_url"] == f"http://testserver{reverse('reports:document_csv', args=[statement['id']])}"
    )
    assert client.get(f"{API}documents/{world.unpublished.pk}/").status_code == 404
    assert staff.get(f"{API}documents/{world.unpublished.pk}/").json()["library_url"] is None
    assert rows(staff, "documents/?kind=payment_list&fiscal_year=2028&library=CT0001") == []
    assert len(rows(staff, "documents/?kind=payment_list&fiscal_year=2028")) == 1


def test_a_document_names_each_of_its_files(client, world):
    found = {row["kind"]: row for row in rows(client, "documents/")}

    report, statement = found["use_report"], found["payment_statement"]
    assert (report["xlsx_url"], report["xlsx_sha256"]) == (
        f"http://testserver/documents/{report['id']}.xlsx",
        "d" * 64,
    )
    assert [report["json_url"], report["json_sha256"]] == [None, None]
    assert {statement[name] for name in ("xlsx_url", "xlsx_sha256", "json_url", "json_sha256")} == {None}


def test_everybody_reads_the_published_editions(client, world):
    [edition] = rows(client, "editions/?fiscal_year=2027")

    assert (edition["id"], edition["status"], edition["reason"]) == ("2027-1", "published", "")
    assert [report["kind"] for report in edition["reports"]] == [kind.value for kind in ANNUAL]
    report = edition["reports"][0]
    assert report["page_url"] == "http://testserver/reports/2027/edition-1/use-report/"
    assert client.get(report["document_url"]).json()["kind"] == "use_report"
    assert [edition["box_url"], edition["box_sha256"]] == [None, None]
    alone = client.get(edition["url"]).json()
    assert alone == {**edition, "changed": []}


def test_an_edition_names_its_box_once_that_is_made(client, world):
    box = YearBox.objects.create(edition=Edition.objects.get(), asked_at=AT)
    assert rows(client, "editions/")[0]["box_url"] is None
    box.file, box.sha256, box.size, box.made_at = "box.zip", "f" * 64, 10, AT
    box.save()

    [edition] = rows(client, "editions/")

    assert edition["box_url"] == "http://testserver/reports/2027/edition-1/box.zip"
    assert edition["box_sha256"] == "f" * 64


def test_a_later_edition_says_each_figure_that_it_changed(client, world, monkeypatch):
    run, report = world.certified_run, use_report_of(libraries=3)
    figure = ChangedFigure("Avon Library", "Loans", "30", "31")
    changed = replace(report, changes=Changes(edition_before=1, reason="Counted again.", figures=(figure,)))
    edition = Edition.objects.create(
        run=run,
        fiscal_year=2027,
        number=2,
        reason="Counted again.",
        prepared_by=world.staff,
        prepared_at=AT,
    )
    document = make_report(run, json_of(changed))
    EditionDocument.objects.create(edition=edition, kind=document.kind, document=document)
    staff = make_signed_in_client(Role.STATE_STAFF)

    found = staff.get(f"{API}editions/2027-2/").json()

    assert (found["status"], found["reason"]) == ("draft", "Counted again.")
    assert found["changed"] == [
        {"report": "use_report", "line": "Avon Library", "figure": "Loans", "before": "30", "now": "31"}
    ]
    assert client.get(f"{API}editions/2027-2/").status_code == 404
    assert [row["id"] for row in rows(client, "editions/")] == ["2027-1"]


def make_report(run, content):
    """Return a report of use made for a later edition, with what it says."""
    return Document.objects.create(
        kind=DocumentKind.USE_REPORT,
        run=run,
        title="A later report",
        data_sha256="9" * 64,
        pdf="a.pdf",
        csv="a.csv",
        json=default_storage.save("use-report.json", ContentFile(content)),
        certified=True,
        made_at=AT,
    )


def test_flows_are_streamed_as_csv_whole(client, world):
    address = f"{API}statistics/flows/?fiscal_year=2027"
    asked = {"Accept": "text/csv"}

    answer = client.get(address, headers=asked)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.streaming
    assert "RateLimit-Limit" in answer
    assert answer.getvalue().decode().splitlines() == [
        "lender,lender_name,home_library,home_library_name,loans",
        "CT0001,Avon Library,CT0002,Bethel Library,30",
        "CT0002,Bethel Library,CT0001,Avon Library,20",
    ]
    narrowed = client.get(f"{address}&lender=CT0002", headers=asked).getvalue().decode()
    assert narrowed.count("CT0002") == 1
    refused = client.get(f"{address}&page_size=1", headers=asked)
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert client.get(f"{API}statistics/use/?fiscal_year=2027", headers=asked).status_code == 406
    assert client.get(address, headers={"Accept": "text/html"}).status_code == 406


def test_flows_as_csv_are_never_in_memory_whole(world):
    record = FlowRecord(context={"root": "/"})
    many = Library.objects.values(
        lender=F("key"), lender_name=F("name"), home_library=F("key"), home_library_name=F("name")
    ).annotate(loans=Func(1, 100_000, function="generate_series", output_field=IntegerField()))
    size = 0
    tracemalloc.start()
    for block in csv_blocks(many, record):
        size += len(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert size > 16_000_000
    assert peak < 4_000_000
