"""An edition through the real client: from its draft to the pages that anybody reads."""

import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from connecticard.models import Role
from reports import making, tasks
from reports.models import ANNUAL, Edition
from reports.replay import issue_open_editions
from reports.services import publish_run
from tests.factories import current_code, make_signed_in_client, make_user
from tests.page_text import text
from tests.reports.conftest import AT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _made_at_once(monkeypatch):
    monkeypatch.setattr("connecticard.clock.now", lambda: AT)
    monkeypatch.setattr(making, "pdf_of", lambda contents: f"%PDF {contents.title}".encode())
    monkeypatch.setattr(tasks.make_documents, "delay", tasks.make_documents)


@pytest.fixture
def draft(certified_run):
    """Edition 1 as publishing the run begins it, its reports made."""
    batch = publish_run(run=certified_run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    making.make_lines(batch.lines.values_list("pk", flat=True))
    return Edition.objects.get()


def post(client, page, edition, **data):
    return text(client.post(reverse(f"reports:edition_{page}", args=[edition.pk]), data, follow=True))


def address(page, number=1, kind="use-report", **parts):
    return reverse(f"reports:{page}", kwargs={"fiscal_year": 2027, "number": number, "kind": kind, **parts})


def test_edition_goes_from_its_draft_to_the_public(draft, client):
    staff = make_signed_in_client(Role.STATE_STAFF)
    administrator = make_signed_in_client(Role.STATE_ADMINISTRATOR)
    twin = address("report_page")
    assert client.get(twin).status_code == 404
    assert "Draft" in text(staff.get(twin))
    assert "It is not reviewed" in text(
        administrator.get(reverse("reports:edition_certify", args=[draft.pk]))
    )

    assert "An administrator certifies it" in post(staff, "review", draft)
    assert staff.post(reverse("reports:edition_certify", args=[draft.pk])).status_code == 403
    wrong = post(administrator, "certify", draft, code="000000")
    assert "I certify that the reports of Edition 1" in wrong
    assert "Publish it to make it public" in post(
        administrator, "certify", draft, code=current_code(administrator.user)
    )
    assert client.get(twin).status_code == 404
    assert "is published" in post(administrator, "publish", draft)

    assert "This edition is published already" in post(administrator, "publish", draft)
    shown = text(client.get(twin))
    assert "Use of the program FY2027" in shown
    assert "published April 15, 2027" in shown
    newest = client.get(reverse("reports:report_newest", args=[2027, "use-report"]))
    assert "always shows the newest edition" in text(newest)


def test_later_edition_says_why_and_the_first_is_kept(draft, client):
    administrator = make_user(Role.STATE_ADMINISTRATOR)
    issue_open_editions(by=administrator)
    staff = make_signed_in_client(Role.STATE_STAFF)
    prepare = reverse("reports:edition_prepare", args=[draft.run_id])
    assert "Prepare an edition of fiscal year 2027" in text(staff.get(prepare))
    assert "This field is required" in text(staff.post(prepare))
    staff.post(prepare, {"reason": "A report came late."})
    second = Edition.objects.get(number=2)
    making.make_lines(second.document_batches.get().lines.values_list("pk", flat=True))
    assert "A report came late." in text(staff.get(reverse("reports:edition_page", args=[second.pk])))
    assert "A report came late." not in text(client.get(reverse("reports:report_year", args=[2027])))

    issue_open_editions(by=administrator)

    year = text(client.get(reverse("reports:report_year", args=[2027])))
    assert year.index("Edition 2") < year.index("Edition 1")
    assert "Why there is this edition: A report came late." in year
    assert "a later edition stands" in year
    shown = text(client.get(address("report_page", number=2)))
    assert "What changed since edition 1 A report came late. No figure of this report differs." in shown
    assert "Edition 2 says what changed since" in text(client.get(address("report_page")))


@pytest.mark.parametrize("kind", [kind.slug for kind in ANNUAL])
def test_each_report_has_a_page_and_each_of_its_tables_a_page_and_files(kind, draft, client):
    issue_open_editions(by=make_user(Role.STATE_ADMINISTRATOR))

    answer = client.get(address("report_page", kind=kind))

    assert answer.status_code == 200
    table = {"kind": kind, "table": "libraries"}
    page = client.get(address("report_table", **table))
    file = client.get(address("report_table_csv", **table))
    workbook = client.get(address("report_table_xlsx", **table))
    assert page.status_code == 200
    header, *rows = file.content.decode().splitlines()
    assert header.startswith("library,name")
    sheet = load_workbook(io.BytesIO(workbook.content))["libraries"]
    assert sheet.max_row == len(rows) + 1
    assert client.get(address("report_table", kind=kind, table="nothing")).status_code == 404
    assert client.get(address("report_page", kind="payment-list")).status_code == 404


def test_workbook_and_json_of_a_report_are_sent_and_a_statement_has_none(draft, client):
    issue_open_editions(by=make_user(Role.STATE_ADMINISTRATOR))
    report = draft.reports.get(kind="use_report").document
    statement = draft.run.documents.get(library__key="A")

    for ending, kind in (("xlsx", "application/vnd."), ("json", "application/json")):
        answer = client.get(reverse(f"reports:document_{ending}", args=[report.pk]))
        assert answer["Content-Type"].startswith(kind)
        assert b"".join(answer.streaming_content)
        assert client.get(reverse(f"reports:document_{ending}", args=[statement.pk])).status_code == 404
