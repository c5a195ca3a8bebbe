"""Reference data under /admin/: who may, what is kept there, how it is changed and exchanged as files."""

from datetime import date
from io import BytesIO

import openpyxl
import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.exchange import FileRefused, read_table
from connecticard.models import AuditEvent, Role
from libraries import services
from libraries.models import LetterOfAgreement, Library, Residency
from payments.models import ExpenditureCategory
from tests.connecticard.test_every_address import client_of
from tests.factories import (
    make_delivery_site,
    make_home_library,
    make_letter,
    make_library,
    make_signed_in_client,
)
from transactions.models import Holiday

pytestmark = pytest.mark.django_db

KEPT = {
    "connecticard.DirectoryEntry",
    "connecticard.GlossaryTerm",
    "libraries.Town",
    "libraries.Library",
    "libraries.LibraryContact",
    "libraries.LibraryName",
    "libraries.LibrarySuccession",
    "libraries.Residency",
    "libraries.LetterOfAgreement",
    "libraries.Consortium",
    "libraries.DeliveryCode",
    "libraries.DeliverySite",
    "libraries.ConsortiumMembership",
    "transactions.DeliveryCount",
    "transactions.Holiday",
    "payments.ExpenditureCategory",
}
KEEPERS = {Role.STATE_STAFF, Role.STATE_ADMINISTRATOR}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def send(client, kind, content, name="table.csv"):
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    return client.post(f"/admin/{kind}/import/", {"file": file})


def take(client, kind, looked):
    return client.post(f"/admin/{kind}/import/", {"looked_at": looked.context["looked_at"]}, follow=True)


def done():
    return AuditEvent.objects.exclude(action="signed_in").order_by("pk")


def mistakes(answer):
    return [(found.line, found.column, found.message) for found in answer.context["mistakes"]]


# Who, and what


def test_reference_data_alone_is_kept_there():
    assert {model._meta.label for model in admin.site._registry} == KEPT


@pytest.mark.parametrize("role", list(Role))
def test_it_is_open_to_who_keeps_the_roster(role):
    answer = client_of(role).get("/admin/")

    assert answer.status_code == (200 if role in KEEPERS else 403)


def test_the_sign_in_of_the_site_is_the_only_one(client, staff):
    assert client.get("/admin/libraries/town/").url == "/account/login/?next=/admin/libraries/town/"
    assert client.get("/admin/login/").status_code == 404
    assert 'action="/account/logout/"' in staff.get("/admin/").text


def test_each_list_and_form_opens(staff):
    library = make_home_library()
    letter = make_letter(library)

    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{place}_{page}") for page in ("changelist", "export")]
        if model._meta.model_name in ("deliverycount", "librarycontact"):
            pages.append(reverse(f"{place}_import"))
        elif model._meta.model_name != "town":
            pages += [reverse(f"{place}_{page}") for page in ("add", "import")]
        for page in pages:
            answer = staff.get(page)
            assert answer.status_code == 200, page
            assert "<style" not in answer.text, page
            assert "onclick" not in answer.text, page
    assert staff.get(f"/admin/libraries/library/{library.pk}/change/").status_code == 200
    assert staff.get(f"/admin/libraries/letterofagreement/{letter.pk}/change/").status_code == 200
    assert staff.get(f"/admin/libraries/library/{library.pk}/history/").url.startswith("/audit/?record=")


def test_nothing_is_deleted_there(staff):
    library = make_library()

    assert staff.post(f"/admin/libraries/library/{library.pk}/delete/", {"post": "yes"}).status_code == 404
    assert staff.post("/admin/libraries/town/add/", {"name": "Atlantis"}).status_code == 404


# Changing


def test_a_letter_is_recorded_and_withdrawn_by_the_services(staff):
    library = make_library("Canton")

    staff.post(
        "/admin/libraries/letterofagreement/add/",
        {"library": library.pk, "filed_on": "2026-07-01", "signatory": "Ada Reed"},
    )
    letter = library.letters.get()
    staff.post(
        f"/admin/libraries/letterofagreement/{letter.pk}/change/",
        {"withdrawn_on": "2026-09-30", "reason": "Vote of 9/30"},
    )

    letter.refresh_from_db()
    assert letter.valid == DateRange(date(2026, 7, 1), date(2026, 10, 1))
    assert list(done().values_list("action", "by")) == [
        ("letter_recorded", staff.user.pk),
        ("letter_withdrawn", staff.user.pk),
    ]


def test_what_a_service_refuses_is_a_mistake_of_the_form(staff):
    library = make_library("Canton")
    make_letter(library)

    answer = staff.post(
        "/admin/libraries/letterofagreement/add/",
        {"library": library.pk, "filed_on": "2026-07-01", "signatory": "Ada Reed"},
    )

    assert answer.status_code == 200
    assert "Record its withdrawal first" in answer.text
    assert not done().exists()


def test_what_the_database_refuses_is_a_mistake_of_the_form(staff, monkeypatch):
    library = make_library("Canton")
    make_letter(library)
    monkeypatch.setattr(services, "record_letter", lambda by, **values: overlapping(library))

    answer = staff.post(
        "/admin/libraries/letterofagreement/add/",
        {"library": library.pk, "filed_on": "2026-07-01", "signatory": "Ada Reed"},
    )

    assert answer.status_code == 200
    assert "the rule “one letter a day”" in answer.text
    assert library.letters.count() == 1


def overlapping(library):
    return library.letters.create(valid=DateRange(date(2026, 7, 1), None), signatory="Somebody else")


def test_a_library_opens_is_corrected_and_closes(staff):
    old = make_home_library("Old Library")

    staff.post(
        "/admin/libraries/library/add/",
        {
            "key": "CT0999",
            "name": "New Library",
            "town": old.town.pk,
            "first_day": "2026-07-01",
            "document": "Vote of June 1, 2026",
        },
    )
    new = Library.objects.get(key="CT0999")
    page = f"/admin/libraries/library/{new.pk}/change/"
    details = {"address": "1 Main Street", "has_legal_standing": "on", "legal_standing_evidence": ""}
    staff.post(page, details)
    staff.post(page, details | {"last_day": "2026-10-31", "closing_document": "Vote of October 1"})

    new.refresh_from_db()
    assert (new.address, new.open_during) == ("1 Main Street", DateRange(date(2026, 7, 1), date(2026, 11, 1)))
    assert [(row.library, row.principal) for row in Residency.objects.homes(date(2026, 8, 1))] == [
        (old, True),
        (new, False),
    ]
    assert Residency.objects.homes(date(2026, 11, 2)).get().library == old
    corrected = AuditEvent.objects.get(action="library_corrected")
    assert (corrected.before, corrected.after) == ({"address": ""}, {"address": "1 Main Street"})


# Files


def test_a_file_is_shown_first_then_taken_as_a_whole(staff):
    canton, avon = make_library("Canton", key="CT0003"), make_library("Avon", key="CT0001")
    kind = "libraries/letterofagreement"

    looked = send(staff, kind, "library,filed_on,signatory\nCT0003,2026-07-01,Ada\nCT0001,2026-07-02,Bo\n")

    assert [change.words for change in looked.context["changing"]] == [
        "Canton participates from July 1, 2026 on.",
        "Avon participates from July 2, 2026 on.",
    ]
    assert not LetterOfAgreement.objects.exists()
    assert not done().exists()
    taken = take(staff, kind, looked)
    assert "2 rows of table.csv put on record; 0 were on record already." in taken.text
    assert canton.letters.count() == avon.letters.count() == 1
    assert AuditEvent.objects.filter(action="letter_recorded", by=staff.user).count() == 2


def test_each_wrong_cell_is_named_with_its_line_and_cure_and_nothing_is_kept(staff):
    make_library("Canton", key="CT0003")
    rows = "library,filed_on,signatory\nCT0003,2026-07-01,Ada\n\nCT0004,7/1/2026,Bo\nCT0003,2026-08-01,\n"

    answer = send(staff, "libraries/letterofagreement", rows)

    assert mistakes(answer) == [
        (4, "library", "It is no library on record. Enter it as its key, such as CT0003."),
        (4, "filed_on", "It is not a day. Write it as in 2026-07-01."),
        (5, "signatory", "Nothing is entered. Name and office."),
    ]
    assert "looked_at" not in answer.context
    assert not LetterOfAgreement.objects.exists()


def test_a_row_that_a_service_refuses_is_named(staff):
    make_letter(make_library("Canton", key="CT0003"))

    answer = send(staff, "libraries/letterofagreement", "library,filed_on,signatory\nCT0003,2026-07-01,Ada\n")

    [(line, column, message)] = mistakes(answer)
    assert (line, column) == (2, "")
    assert "Record its withdrawal first" in message


def test_nothing_is_taken_when_the_record_changed_since_the_look(staff):
    library = make_library("Canton", key="CT0003")
    kind = "libraries/letterofagreement"
    looked = send(staff, kind, "library,filed_on,signatory\nCT0003,2026-07-01,Ada\n")
    make_letter(library)

    answer = take(staff, kind, looked)

    assert "Nothing was changed" in answer.text
    assert library.letters.count() == 1


def test_a_file_looked_at_by_one_person_is_not_taken_by_another(staff):
    make_library("Canton", key="CT0003")
    kind = "libraries/letterofagreement"
    looked = send(staff, kind, "library,filed_on,signatory\nCT0003,2026-07-01,Ada\n")

    answer = take(make_signed_in_client(Role.STATE_STAFF), kind, looked)

    assert "no longer kept" in answer.text
    assert not LetterOfAgreement.objects.exists()


EXCHANGED = [
    "libraries/library",
    "libraries/librarysuccession",
    "libraries/residency",
    "libraries/letterofagreement",
    "libraries/consortium",
    "libraries/consortiummembership",
    "libraries/deliverysite",
    "libraries/deliverycode",
    "transactions/holiday",
    "payments/expenditurecategory",
]


@pytest.mark.parametrize("form", ["0", "1"])
def test_what_is_written_out_is_read_in_as_on_record_already(staff, form):
    library = make_home_library("Canton Public", latitude="41.82", longitude="-72.90")
    old = make_home_library("Old Library")
    make_letter(library, document="Folder 3")
    by = staff.user
    services.rename_library(library=library, name="Canton", from_day=date(2026, 1, 1), by=by)
    services.record_succession(
        predecessor=old, successor=library, on=date(2026, 2, 1), document="Vote", by=by
    )
    make_delivery_site(library=library, code="X1")
    Holiday.objects.create(day=date(2026, 12, 25), name="Christmas Day", source="C.G.S. 1-4")
    members = library.consortium_memberships.model
    consortium = members._meta.get_field("consortium").related_model.objects.create(name="Together")
    library.consortium_memberships.create(consortium=consortium, valid=DateRange(date(2020, 1, 1), None))

    for kind in EXCHANGED:
        file = staff.post(f"/admin/{kind}/export/", {"format": form, "resource": "0"})
        answer = send(staff, kind, file.content, "table.xlsx" if form == "1" else "table.csv")

        assert answer.context.get("mistakes") == [], (kind, answer.context.get("refused"))
        assert answer.context["changing"] == []
        assert answer.context["unchanged"] >= 1


def test_rows_of_every_kind_are_read(staff):
    avon = make_home_library("Avon", key="CT0001")
    make_library("Canton", key="CT0003", town=avon.town)
    files = {
        "libraries/libraryname": "library,former_name,new_name,from_day\nCT0001,Avon,Avon Free,2026-01-01\n",
        "libraries/residency": "town,library,principal,from_day,source\n"
        f"{avon.town},CT0003,yes,2026-07-01,Vote\n",
        "libraries/library": "key,name,town,open_from,document,legal_standing,legal_standing_evidence\n"
        f"CT0999,Third,{avon.town},2026-08-01,Vote,no,None yet\n",
        "libraries/librarysuccession": "predecessor,successor,on,document\nCT0001,CT0003,2026-09-01,Vote\n",
        "libraries/consortium": "name\nTogether\n",
        "libraries/consortiummembership": "consortium,library,from_day,through\n"
        "Together,CT0003,2026-01-01,2026-06-30\n",
        "transactions/holiday": "day,name,source\n2026-12-25,Christmas Day,C.G.S. 1-4\n",
    }
    for kind, rows in files.items():
        looked = send(staff, kind, rows)
        assert looked.context.get("mistakes") == [], (kind, looked.context.get("refused"))
        assert take(staff, kind, looked).status_code == 200

    assert {event.action for event in done()} >= {
        "library_renamed",
        "residency_changed",
        "library_opened",
        "legal_standing_determined",
        "succession_recorded",
        "library_closed",
        "consortium_named",
        "consortium_joined",
        "consortium_left",
        "holiday_added",
    }


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"day,name,source\n", "has no rows below them"),
        ("a.csv", b"day,day,name,source\nx,x,x,x\n", "is there twice"),
        ("a.csv", b"day,name,source,colour\nx,x,x,x\n", "is not one of this table"),
        ("a.csv", b"day,name\nx,x\n", "is missing"),
        ("a.csv", b"day,name,source\n2026-12-25,Christmas,a,b\n", "has 4 cells"),
        ("a.csv", b"\xff\xfe\x00", "neither a workbook"),
        ("a.csv", b"day,name,source\n\x00,x,x\n", "characters that no text has"),
        ("a.csv", b'day,name,source\n"x"y,x,x\n', "cannot be read"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "The workbook cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(staff, name, content, why):
    answer = send(staff, "transactions/holiday", content, name)

    assert answer.status_code == 200
    refused = answer.context.get("refused") or str(answer.context["form"].errors)
    assert why in refused or "empty" in refused


def test_dates_and_numbers_of_a_workbook_are_read_as_meant(staff):
    book = openpyxl.Workbook()
    book.active.append(["Day", "name", "Source"])
    book.active.append([date(2026, 12, 25), "Christmas Day", 14.0])
    content = BytesIO()
    book.save(content)

    take(staff, "transactions/holiday", send(staff, "transactions/holiday", content.getvalue(), "a.xlsx"))

    assert Holiday.objects.values_list("day", "source").get() == (date(2026, 12, 25), "14")


def test_a_file_of_too_many_rows_is_refused():
    with pytest.raises(FileRefused, match="at most 5,000"):
        read_table("a.csv", b"name\n" + b"x\n" * 5_001)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("expenditure_category_is_letters_and_underscores", {"code": "Adult programs"}),
        ("expenditure_category_holds_a_day", {"valid": DateRange(empty=True)}),
    ],
)
def test_a_category_has_a_code_of_letters_and_a_day(name, change):
    category = ExpenditureCategory.objects.first()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        ExpenditureCategory.objects.filter(pk=category.pk).update(**change)
