"""To whom the Comptroller pays: one payee of a library on a day, kept by hand or from a file."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from payments.disbursing import payees
from payments.disbursing.payees import PayeeRefused, keep_payee
from payments.models import Payee, PayeeKind
from tests.factories import make_library, make_signed_in_client, make_user
from tests.payments.disbursed import make_payee
from tests.payments.disbursing.test_comptroller_pages import carried, text_of
from transactions.uploads.tables import TableRefused

pytestmark = pytest.mark.django_db

JULY = date(2026, 7, 1)
HEADER = "library,name,payee_kind,payee_name,vendor_number"


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.DEMO_TODAY = date(2027, 5, 4)


@pytest.fixture
def avon(db):
    return make_library("Avon Free Public Library", key="CT0003")


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF)


def keep(library, staff, **fields):
    values = {
        "kind": PayeeKind.MUNICIPALITY,
        "name": "Town of Avon",
        "vendor_number": "0000012345",
        "begins": JULY,
    }
    return keep_payee(library=library, by=staff, **(values | fields))


def test_payee_is_kept_corrected_and_changed_by_day(avon, staff):
    first = keep(avon, staff, vendor_number="")
    corrected = keep(avon, staff, vendor_number=" 00000a2345 ")
    changed = keep(
        avon, staff, kind=PayeeKind.ASSOCIATION, name="Avon  Library Association", begins=date(2027, 1, 1)
    )

    assert (first.pk, corrected.vendor_number) == (corrected.pk, "00000A2345")
    assert [payee.valid for payee in avon.payees.order_by("valid")] == [
        DateRange(JULY, date(2027, 1, 1)),
        DateRange(date(2027, 1, 1), None),
    ]
    assert changed.name == "Avon Library Association"
    assert Payee.objects.on(date(2026, 12, 31)).get() == first
    event = AuditEvent.objects.filter(action="payee_kept").latest("pk")
    assert (event.before["name"], event.after["from"]) == ("Town of Avon", "2027-01-01")


def test_the_same_again_changes_nothing(avon, staff):
    keep(avon, staff)

    assert keep(avon, staff, begins=date(2027, 1, 1)) is None
    assert AuditEvent.objects.filter(action="payee_kept").count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Enter the name"),
        ({"name": "=SUM(A1)"}, "begins with a letter or digit"),
        ({"name": "x" * 121}, "more than 120"),
        ({"vendor_number": "12 34"}, "digits, capital letters and hyphens"),
        ({"vendor_number": "1" * 21}, "up to 20"),
        ({"vendor_number": "06-1234567"}, "tax or Social Security number"),
        ({"vendor_number": "123-45-6789"}, "tax or Social Security number"),
    ],
)
def test_what_cannot_be_a_payee_is_refused(avon, staff, fields, said):
    with pytest.raises(PayeeRefused, match=said):
        keep(avon, staff, **fields)
    assert not Payee.objects.exists()


def test_a_day_before_the_payee_on_record_began_is_refused(avon, staff):
    keep(avon, staff)

    with pytest.raises(PayeeRefused, match="from July 1, 2026 on"):
        keep(avon, staff, name="Another", begins=date(2026, 6, 30))


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_only_the_state_library_keeps_payees(avon, role):
    with pytest.raises(PermissionDenied):
        keep(avon, make_user(role))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"valid": DateRange(date(2027, 1, 1), None)}, "one_payee_of_a_library_on_a_day"),
        ({"valid": DateRange(JULY, JULY)}, "payee_holds_a_day"),
        ({"valid": DateRange(None, JULY), "name": "=1"}, "payee_name_is_no_formula"),
        ({"valid": DateRange(None, JULY), "name": ""}, "payee_name_is_no_formula"),
        ({"valid": DateRange(None, JULY), "vendor_number": "a b"}, "payee_vendor_number_is_plain"),
    ],
)
def test_database_holds_payees_true(avon, staff, fields, constraint):
    keep(avon, staff)

    with pytest.raises((IntegrityError, DatabaseError), match=constraint), transaction.atomic():
        make_payee(avon, **fields)


def test_roster_proposes_and_never_decides(avon):
    association = make_library("Acton Public Library", key="CT9999")

    assert payees.proposal_for(make_library("Ansonia Library", key="CT0002")).kind is PayeeKind.MUNICIPALITY
    assert payees.proposal_for(association) is None
    assert not Payee.objects.exists()


def test_list_says_what_is_missing_and_is_closed_to_libraries(avon):
    make_payee(make_library("Bethel Public Library"), vendor_number="")
    staff = make_signed_in_client(Role.STATE_STAFF)
    page = reverse("payments:payee_list")

    text = text_of(staff.get(page))

    assert "2 libraries 1 without a payee 1 without a vendor number" in text
    assert "Avon" not in text_of(staff.get(page, {"state": "no_vendor_number"})).split("Vendor number", 1)[1]
    assert "No library fits" in text_of(staff.get(page, {"q": "zzz"}))
    assert make_signed_in_client(Role.AUDITOR).get(page).status_code == 200
    for role in (Role.LIBRARY_CERTIFIER, Role.LIBRARY_FILER):
        assert make_signed_in_client(role, avon).get(page).status_code == 403


def test_payee_is_kept_on_its_page(avon):
    client = make_signed_in_client(Role.STATE_STAFF)
    page = reverse("payments:payee_keep", args=[avon.key])
    entered = {"kind": "municipality", "name": "Town of Avon", "vendor_number": "12", "begins": "2026-07-01"}

    wrong = client.post(page, entered | {"vendor_number": "06-1234567"})
    assert "tax or Social Security number" in text_of(wrong)
    done = client.post(page, entered, follow=True)
    early = client.post(page, entered | {"name": "City", "begins": "2020-07-01"})

    assert "Payee of Avon Free Public Library: Town of Avon is on record" in text_of(done)
    assert "Enter that day, to correct it, or a later one" in text_of(early)


def file_page(client, content, name="payees.csv"):
    return client.post(
        reverse("payments:payee_import"), {"step": "read", "file": SimpleUploadedFile(name, content)}
    )


def test_file_is_shown_first_and_then_kept(avon):
    client = make_signed_in_client(Role.STATE_STAFF)
    content = f"{HEADER}\r\nCT0003,x,Municipality,Town of Avon,00077\r\n".encode()

    shown = file_page(client, content)
    assert "changes 1 of 1 payees" in text_of(shown)
    assert not Payee.objects.exists()
    done = client.post(
        reverse("payments:payee_import"), {"step": "keep", "upload": carried(shown)}, follow=True
    )

    assert "1 payee changed" in text_of(done)
    payee = avon.payees.get()
    assert (payee.vendor_number, payee.valid.lower) == ("00077", JULY)
    assert "Nothing was changed" in text_of(file_page(client, content))


def test_the_list_taken_away_comes_back_as_it_is(avon):
    make_library("Bethel Public Library", key="CT0004")
    make_payee(avon, vendor_number="0000000007")
    client = make_signed_in_client(Role.STATE_STAFF)

    for name in ("payee_csv", "payee_xlsx"):
        content = client.get(reverse(f"payments:{name}")).content
        rows, problems = payees.read_payees(content)
        assert [(row.library, row.vendor_number) for row in rows] == [(avon, "0000000007")]
        assert problems == []
        assert payees.changes_of(rows, date(2027, 5, 4)) == []


def test_every_bad_row_is_named_and_nothing_is_kept(avon):
    rows = [
        "CT9999,x,municipality,Town,1",
        "CT0003,x,town,Town of Avon,1",
        "CT0003,x,municipality,Town of Avon,1",
        "CT0004,x,municipality,=Town,1",
        "CT0005,x,association,Library,123-45-6789",
        "CT0006,x,,,",
    ]
    for key in ("CT0004", "CT0005", "CT0006"):
        make_library(key, key=key)
    client = make_signed_in_client(Role.STATE_STAFF)

    answer = file_page(client, "\r\n".join([HEADER, *rows, ""]).encode())

    text = text_of(answer)
    assert answer.status_code == 422
    assert "5 to mend" in text
    for said in (
        "Line 2 “CT9999” is no library of the roster",
        "Line 3 “town” is no kind of payee",
        "Line 4 Avon Free Public Library stands in an earlier line too",
        "Line 5 The name of the payee of CT0004",
        "Line 6 The vendor number of CT0005",
    ):
        assert said in text
    assert not Payee.objects.exists()


def test_a_workbook_with_numbers_for_vendors_is_read(avon):
    workbook = openpyxl.Workbook()
    workbook.active.append(["Vendor number", "Library", "Payee kind", "Payee name"])
    workbook.active.append([12345, "ct0003", "ASSOCIATION", "Avon Library Association"])
    file = io.BytesIO()
    workbook.save(file)

    ((row,), problems) = payees.read_payees(file.getvalue())

    assert (row.library, row.kind, row.vendor_number, problems) == (avon, PayeeKind.ASSOCIATION, "12345", [])


def test_a_file_without_its_headings_is_refused(avon):
    with pytest.raises(TableRefused, match="Missing or repeated: vendor_number"):
        payees.read_payees(b"library,payee_kind,payee_name\r\nCT0003,municipality,Town\r\n")
