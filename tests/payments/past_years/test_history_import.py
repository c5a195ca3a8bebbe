"""Import of past years: all of a file or nothing, the same again changes nothing."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from connecticard import clock
from connecticard.models import AuditEvent, Role
from payments.disbursing.result_services import import_results
from payments.models import Measure, PastPayment, PublishedFigure
from payments.past_years.history_files import HistoryKind, packed, read_history_file
from payments.past_years.history_import import import_past_payments, import_published_figures
from payments.past_years.trends import library_trend
from tests.factories import make_home_library, make_signed_in_client, make_user
from tests.payments.disbursed import exported, ready_run
from tests.payments.disbursing.test_result_services import PAID, A
from tests.payments.disbursing.test_result_services import file_of as file_of_results
from transactions.models import Filing, Provenance

pytestmark = pytest.mark.django_db

DAY = date(2027, 3, 22)
FIGURES = """subject,measure,fiscal_year,value,note
state,appropriation,2019,"703,638.00",
state,loans,FY2019,3400000,Without two libraries.
CT0001,loans,2019,12,
CT0002,loans,2019,,
ct0003,loans,2019,0,
"""
PAYMENTS = """library,fiscal_year,amount,received_on
CT0001,2018,"$9,043.97",2018-05-14
CT0002,2018,0,
"""
LOANS = """lender_fscs,home_library_fscs,loans
CT0001,CT0002,30
CT0002,CT0001,20
CT0003,,0
"""


@pytest.fixture(autouse=True)
def libraries(settings):
    settings.DEMO_TODAY = DAY
    return [make_home_library(key=key) for key in ("CT0001", "CT0002", "CT0003")]


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def file_of(content, name="past.csv"):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


def send(client, kind, content, **said):
    values = {"source": "State Library ledger, page 7", "step": "read", "file": file_of(content)} | said
    return client.post(reverse("payments:history_import", args=[kind]), values)


def record(client, answer, kind, **said):
    values = {"source": "State Library ledger, page 7", "step": "record"} | said
    return client.post(
        reverse("payments:history_import", args=[kind]), {**values, "upload": answer.context["upload"]}
    )


def imported(client, kind, content, **said):
    answer = send(client, kind, content, **said)
    assert answer.status_code == 200, answer.content.decode()
    return record(client, answer, kind, **said)


def problems(answer):
    assert answer.status_code == 422
    return [(row["line"], row["column"], row["what"]) for row in answer.context["problems"]]


# Published figures


def test_preview_records_nothing(staff):
    answer = send(staff, "figures", FIGURES)

    assert dict(answer.context["facts"])["New on record"] == 5
    assert not PublishedFigure.objects.exists()


def test_figures_are_recorded_with_their_source(staff):
    imported(staff, "figures", FIGURES)

    found = {
        (figure.subject, figure.measure): (figure.value, figure.note)
        for figure in PublishedFigure.objects.filter(fiscal_year=2019)
    }
    assert found == {
        ("state", Measure.APPROPRIATION): (703_638_00, ""),
        ("state", Measure.LOANS): (3_400_000, "Without two libraries."),
        ("CT0001", Measure.LOANS): (12, ""),
        ("CT0002", Measure.LOANS): (None, ""),
        ("CT0003", Measure.LOANS): (0, ""),
    }
    assert set(PublishedFigure.objects.values_list("source", flat=True)) == {"State Library ledger, page 7"}
    assert AuditEvent.objects.filter(action="published_figure_imported", by=staff.user).count() == 5


def test_same_file_again_changes_nothing(staff):
    imported(staff, "figures", FIGURES)
    events = AuditEvent.objects.count()

    answer = send(staff, "figures", FIGURES)

    assert dict(answer.context["facts"])["On record already, left as they are"] == 5
    assert "Nothing to record" in answer.content.decode()
    assert AuditEvent.objects.count() == events


def test_other_figure_takes_a_reason_and_both_are_kept(staff):
    imported(staff, "figures", FIGURES)
    other = FIGURES.replace("CT0001,loans,2019,12", "CT0001,loans,2019,13")

    assert problems(send(staff, "figures", other)) == [(4, "value", "13")]
    imported(staff, "figures", other, replace="A slip of the pen")

    assert PublishedFigure.objects.get(library__key="CT0001").value == 13
    event = AuditEvent.objects.filter(action="published_figure_imported").latest("pk")
    assert (event.before["value"], event.after["value"]) == (12, 13)
    assert event.after["reason"] == "A slip of the pen"


def test_every_bad_row_is_named_and_nothing_recorded(staff):
    answer = send(
        staff,
        "figures",
        "subject,measure,fiscal_year,value\n"
        "state,loans,2018,5\n"
        "CT9999,loans,2018,5\n"
        "CT0001,visits,2018,5\n"
        "CT0001,appropriation,2018,5\n"
        "state,loans,1973,5\n"
        "state,loans,2027,5\n"
        "state,appropriation,2026,lots\n"
        "CT0001,loans,2018,-5\n"
        "CT0002,loans,2018,1.5\n"
        "state,loans,2018,6\n",
    )

    assert problems(answer) == [
        (3, "subject", "CT9999"),
        (4, "measure", "visits"),
        (5, "subject", "CT0001"),
        (6, "fiscal_year", "1973"),
        (7, "fiscal_year", "2027"),
        (8, "value", "lots"),
        (9, "value", "-5"),
        (10, "value", "1.5"),
        (11, "row", ""),
    ]
    assert "the same as line 2 speaks of" in answer.content.decode()
    assert not PublishedFigure.objects.exists()


def test_note_on_record_stays_where_the_file_has_none(staff):
    imported(staff, "figures", FIGURES)

    answer = send(staff, "figures", "subject,measure,fiscal_year,value\nstate,loans,2019,3400000\n")

    assert dict(answer.context["facts"])["On record already, left as they are"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The file is empty"),
        ("subject,measure,fiscal_year\nstate,loans,2018\n", "missing column"),
        ("subject,measure,fiscal_year,value,patron\nstate,loans,2018,5,Ann\n", "unknown column"),
        ("subject,measure,fiscal_year,value,value\nstate,loans,2018,5,5\n", "repeated column"),
        ("subject,measure,fiscal_year,value\n", "no rows follow the header"),
        ("subject,measure,fiscal_year,value\nstate,loans,2018,5,6,7\n", "6 cells under 4 columns"),
        ("%PDF-1.7", "This is a PDF"),
    ],
)
def test_file_that_is_no_such_table_is_refused(staff, content, words):
    answer = send(staff, "figures", content)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Ann" not in answer.content.decode()


def test_workbook_is_read(staff):
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["fiscal_year", "subject", "measure", "value"])
    book.active.append([2019, "CT0001", "loans", 12.0])
    book.save(file)

    imported(staff, "figures", file.getvalue())

    assert PublishedFigure.objects.get().value == 12


def test_source_is_required(staff):
    answer = send(staff, "figures", FIGURES, source=" ")

    assert answer.status_code == 422
    assert "source" in answer.context["form"].errors


# Past payments


def test_payments_join_the_ledger(staff, libraries):
    imported(staff, "payments", PAYMENTS)

    first, second = PastPayment.objects.order_by("library__key")
    assert (first.cents, first.received_on, first.source) == (
        904_397,
        date(2018, 5, 14),
        "State Library ledger, page 7",
    )
    assert (second.cents, second.received_on) == (0, None)
    assert [record.cents for record in library_trend(libraries[0], DAY).payments] == [904_397]
    assert "nothing was changed" in imported_again(staff)


def imported_again(client):
    events = AuditEvent.objects.count()
    answer = send(client, "payments", PAYMENTS)
    answer = client.post(
        reverse("payments:history_import", args=["payments"]),
        {"source": "The same", "step": "record", "upload": answer.context["upload"]},
        follow=True,
    )
    assert AuditEvent.objects.count() == events
    return answer.content.decode()


def test_bad_payments_are_named(staff):
    answer = send(
        staff,
        "payments",
        "library,fiscal_year,amount,received_on\n"
        "CT9999,2018,1,\n"
        "CT0001,2018,ten,\n"
        "CT0001,2028,1,\n"
        "CT0002,2018,1,2018-07-01\n"
        "CT0003,2018,,\n",
    )

    assert problems(answer) == [
        (2, "library", "CT9999"),
        (3, "amount", "ten"),
        (4, "fiscal_year", "2028"),
        (5, "received_on", "2018-07-01"),
        (6, "amount", ""),
    ]
    assert not PastPayment.objects.exists()


def test_payment_that_a_result_file_tells_of_is_not_counted_twice(staff):
    run = ready_run()
    exported(run)
    import_results(run=run, content=file_of_results(A), name="r.csv", by=staff.user, at=PAID)

    answer = send(staff, "payments", "library,fiscal_year,amount\nA,2026,1\nA,2027,800\n")

    assert problems(answer) == [(3, "library", "A")]


# Loans


def test_loans_of_a_past_year_are_recorded_as_published(staff, libraries):
    imported(staff, "loans", LOANS, program_year="2019", source="Annual report 2019")

    filings = Filing.objects.standing().order_by("library__key")
    assert [filing.provenance for filing in filings] == [Provenance.PUBLISHED] * 3
    assert {filing.certified_by for filing in filings} == {staff.user}
    assert "Annual report 2019" in filings[0].provenance_note
    (year,) = [year for year in library_trend(libraries[0], DAY).years if year.fiscal_year == 2019]
    assert (year.told[0].value, year.told[0].kind) == (30, Provenance.PUBLISHED)


def test_estimated_loans_say_so(staff, libraries):
    imported(staff, "loans", LOANS, program_year="2019", estimated="From a sample of March")

    trend = library_trend(libraries[1], DAY)
    assert trend.years[0].told[0].kind == Provenance.ESTIMATED
    assert trend.years[0].told[0].sources[0].note == (
        "From a sample of March; source: State Library ledger, page 7"
    )


def test_same_loans_again_change_nothing(staff):
    imported(staff, "loans", LOANS, program_year="2019")

    answer = send(staff, "loans", LOANS, program_year="2019")

    assert "Nothing to record" in answer.content.decode()
    assert Filing.objects.count() == 3


def test_bad_loans_are_named(staff):
    answer = send(staff, "loans", LOANS.replace("CT0001,CT0002,30", "CT0001,CT0001,30"), program_year="2019")

    assert [line for line, _, _ in problems(answer)] == [2]
    assert not Filing.objects.exists()


@pytest.mark.parametrize("program_year", ["2027", "2028", "1975"])
def test_year_that_is_not_past_is_refused(staff, program_year):
    answer = send(staff, "loans", LOANS, program_year=program_year)

    assert (answer.status_code == 422) == (program_year != "1975")


# Who, and between the two steps


def test_only_the_state_library_imports():
    person, at = make_user(Role.AUDITOR), clock.now()
    for kind, run, content in [
        (HistoryKind.FIGURES, import_published_figures, FIGURES),
        (HistoryKind.PAYMENTS, import_past_payments, PAYMENTS),
    ]:
        with pytest.raises(PermissionDenied):
            run(file=read_history_file(content.encode(), kind), source="x", by=person, at=at)


def test_what_another_person_or_kind_carried_is_not_recorded(staff):
    file = read_history_file(FIGURES.encode(), HistoryKind.FIGURES)

    for kind, upload in [
        ("figures", packed(file, make_user(Role.STATE_STAFF).pk)),
        ("payments", packed(file, staff.user.pk)),
        ("figures", "damaged"),
    ]:
        answer = staff.post(
            reverse("payments:history_import", args=[kind]),
            {"source": "x", "step": "record", "upload": upload},
        )
        assert "out of date" in answer.content.decode()

    assert not PublishedFigure.objects.exists()


def test_no_such_kind(staff):
    assert staff.get(reverse("payments:history_import", args=["visits"])).status_code == 404


def test_pages_say_what_a_file_holds(staff):
    assert "Import past years" in staff.get(reverse("payments:trend_state")).content.decode()
    for kind in HistoryKind:
        page = staff.get(reverse("payments:history_import", args=[kind])).content.decode()
        assert all(f"<strong>{column}</strong>" in page for column in (*kind.columns, kind.optional))
