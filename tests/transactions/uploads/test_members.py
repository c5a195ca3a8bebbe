"""One file with the counts of many members: read, shown by member, saved as drafts of their own."""

import re
from datetime import UTC, date, datetime

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.models import AuditEvent, Role
from tests.factories import (
    make_consortium,
    make_counts,
    make_filing,
    make_home_library,
    make_letter,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.transactions.uploads.conftest import workbook
from transactions import services
from transactions.models import Filing, LabelMapping, LoanCount
from transactions.rules.filing_calendar import Cadence
from transactions.rules.filing_checks import NOT_COUNTED
from transactions.services import MemberDraft
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.members_file import packed, read_members_file, unpacked
from transactions.uploads.tables import TableRefused, open_tables

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 5)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
HEAD = "lender,home_library,month,loans\n"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def consortium(libraries, avon, bethel, period):
    for library in libraries.values():
        make_letter(library)
    return make_consortium("Sound Libraries", members=(avon, bethel))


@pytest.fixture
def filer(consortium):
    return make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)


@pytest.fixture
def address(consortium):
    return reverse("transactions:consortium_upload", args=[consortium.pk])


@pytest.fixture
def read(matcher):
    def read(content: str | bytes):
        with open_tables(content if isinstance(content, bytes) else content.encode()) as tables:
            return read_members_file(tables, matcher, TODAY)

    return read


def hidden(response, name):
    return re.search(rf'name="{name}"\s+value="([^"]*)"', response.text)[1]


def send(client, address, content, name="loans.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    return client.post(address, {"step": "read", "file": SimpleUploadedFile(name, content)})


def save(client, address, preview, members, **answers):
    sent = {"upload": hidden(preview, "upload"), "seen": hidden(preview, "seen"), "member": members}
    return client.post(address, {"step": "save", **sent, **answers})


def counts_of(filing):
    rows = filing.loan_counts.values_list("home_library__key", "month", "loans")
    return {(key, month.month): loans for key, month, loans in rows}


# Reading


def test_rows_by_key_or_name_in_any_order_of_columns(read):
    found = read(
        'Month,Loans,Patron Library,Checkout Library,Patron name\n2026-03,"1,234",Bethel,CT0001,Doe\n'
    )

    assert found.counts == {("CT0001", "Bethel", MARCH): 1234}
    assert "Doe" not in repr(found)


def test_a_column_for_each_month(read):
    found = read("lender\thome library\tMar 2026\tApril\nAvon\tBethel\t5\tn/c\nAvon\tCanton\t\t2\n")

    assert found.counts == {
        ("Avon", "Bethel", MARCH): 5,
        ("Avon", "Bethel", APRIL): NOT_COUNTED,
        ("Avon", "Canton", APRIL): 2,
    }


def test_a_workbook_with_a_title_above_the_headings(read):
    file = workbook(
        [
            ["Loans to other libraries"],
            [],
            ["Lending library", "Home library", "Month", "Count"],
            ["Avon", "Bethel", datetime(2026, 3, 1), 12.0],
            ["Total", "", "", 12],
        ]
    )

    found = read(file)

    assert found.counts == {("Avon", "Bethel", MARCH): 12}
    assert found.notes == ["1 row of totals passed over."]


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("Avon,Bethel,2026-03,-3", "D (loans)", "is below zero"),
        ("Avon,Bethel,2026-03,many", "D (loans)", "is not a whole number"),
        ("Avon,Bethel,2026-03,Jane Doe 4711", "D (loans)", "is not a whole number"),
        ("Avon,Bethel,soon,3", "C (month)", "no month of the last two years"),
        ("Avon,Bethel,2019-03,3", "C (month)", "no month of the last two years"),
        ("Avon,Bethel,2026-10,3", "C (month)", "no month of the last two years"),
        ("Avon,,2026-03,3", "B (home library)", "no home library is named"),
        (",Bethel,2026-03,3", "A (lender)", "no lender is named"),
        ('Avon,"Doe, Jane",2026-03,3', "B (home library)", "this looks like a person"),
        ("Avon,Jane Q Doe,2026-03,3", "B (home library)", "this looks like a person"),
        ("21234000123456,Bethel,2026-03,3", "A (lender)", "this looks like a person"),
        ("Avon,Canton,2026-03,3", "B (home library)", "stand in line 2 already"),
    ],
)
def test_each_bad_row_says_where_what_why_and_what_to_do(read, row, column, why):
    found = read(HEAD + "Avon,Canton,2026-03,1\n" + row + "\n")

    (problem,) = found.problems
    assert (problem.line, problem.column) == (3, column)
    assert why in problem.why
    assert problem.cure
    assert "Doe" not in repr(found)
    assert len(found.counts) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("library,loans\nAvon,3\n", "No row of headings names a lender and a home library"),
        ("lender,home_library,loans\nAvon,Bethel,3\n", "No column gives the month"),
        ("lender,home_library,month\nAvon,Bethel,2026-03\n", "No column gives the number of loans"),
        ("lender,home_library,month,loans,count\n", "could each be the loans"),
        (HEAD, "No row follows the headings"),
        ("", "The file is empty"),
    ],
)
def test_a_file_that_is_none_says_what_to_change(read, content, told):
    with pytest.raises(TableRefused, match=told):
        read(content)


def test_what_the_page_carries_is_for_one_person_and_consortium(read, consortium):
    file = read(HEAD + "Avon,Bethel,2026-03,n/c\nAvon,Bethel,x,1\n")

    carried = packed(file, consortium, 7)

    assert unpacked(carried, consortium, 7) == file
    for text_sent, user in ((carried, 8), (carried[:-1] + "x", 7), ("", 7)):
        with pytest.raises(UploadLapsed, match="Nothing was saved"):
            unpacked(text_sent, consortium, user)


# From a file to drafts


def test_file_makes_a_draft_for_each_member(filer, address, avon, bethel, canton):
    content = HEAD + (
        "CT0001,Bethel,2026-03,5\nCT0001,Canton,2026-04,0\nBethel Library,Avon,2026-03,7\n"
        "Bethel Library,Dunes,2026-03,n/c\n"
    )

    preview = send(filer, address, content)

    shown = text(preview)
    assert "by what it does: new draft 2 ." in shown
    assert "March 2026 to August 2026 : 2 months, 0 loans now, 5 by the file; 2 cells change." in shown
    assert not Filing.objects.exists()

    answer = save(filer, address, preview, ["CT0001", "CT0002"])

    assert "2 drafts saved" in text(answer)
    of_avon, of_bethel = Filing.objects.order_by("library__key")
    assert (of_avon.status, of_avon.revision, of_avon.created_by) == ("draft", 1, filer.user)
    assert counts_of(of_avon) == {("CT0002", 3): 5, ("CT0003", 4): 0}
    assert counts_of(of_bethel) == {("CT0001", 3): 7, ("CT0003", 3): None}
    assert AuditEvent.objects.filter(action="counts_saved", by=filer.user).count() == 2


def test_only_members_that_were_chosen_are_saved(filer, address):
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\nBethel,Avon,2026-03,7\n")

    save(filer, address, preview, ["CT0002"])

    assert Filing.objects.get().library.key == "CT0002"
    assert "Choose at least one library" in text(save(filer, address, preview, []))


def test_months_of_the_file_are_replaced_and_the_others_stay(filer, address, avon, bethel, canton, period):
    draft = make_filing(avon, period)
    make_counts(draft, {(bethel, MARCH): 1, (canton, MARCH): 2, (bethel, MAY): 3})

    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,9\nAvon,Bethel,2026-04,4\n")

    shown = text(preview)
    assert "2 months, 3 loans now, 13 by the file; 3 cells change" in shown
    assert "Bethel Library, Mar 2026: 1 becomes 9" in shown
    assert "Canton Library, Mar 2026: 2 becomes blank" in shown
    save(filer, address, preview, ["CT0001"])
    assert counts_of(draft) == {("CT0002", 3): 9, ("CT0002", 4): 4, ("CT0002", 5): 3}


def test_the_same_file_again_changes_nothing(filer, address):
    content = HEAD + "Avon,Bethel,2026-03,5\n"
    save(filer, address, send(filer, address, content), ["CT0001"])

    preview = send(filer, address, content)

    assert "no change 1" in text(preview)
    assert 'value="save"' not in preview.text


@pytest.mark.parametrize(
    ("status", "told"), [("submitted", "It is submitted"), ("certified", "It is certified")]
)
def test_what_is_submitted_or_certified_is_never_touched(filer, address, avon, bethel, period, status, told):
    person = make_user(second_factor=False)
    signed = {"certified_at": AT, "certified_by": person, "attestation": "True."}
    filing = make_filing(
        avon,
        period,
        status="draft",
    )
    make_counts(filing, {(bethel, MARCH): 1})
    Filing.objects.filter(pk=filing.pk).update(
        status=status,
        submitted_at=AT,
        submitted_by=person,
        first_submitted_at=AT,
        sha256="0" * 64,
        **(signed if status == "certified" else {}),
    )

    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,9\n")

    assert told in text(preview)
    save(filer, address, preview, ["CT0001"])
    assert list(LoanCount.objects.values_list("loans", flat=True)) == [1]


def test_who_is_no_member_or_left_is_refused(filer, address, consortium, avon, libraries):
    membership = consortium.memberships.get(library=avon)
    membership.valid = DateRange(None, date(2026, 6, 1))
    membership.save()

    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\nPequot Library,Bethel,2026-03,5\n")

    shown = text(preview)
    assert "Avon Library is not a member of Sound Libraries today. Its own filer enters its counts." in shown
    assert "Pequot Library is not a member" in shown
    save(filer, address, preview, ["CT0001", "CT0005"])
    assert not Filing.objects.exists()


def test_own_cards_are_left_out_and_said(filer, address, avon):
    preview = send(filer, address, HEAD + "Avon,Avon,2026-03,500\nAvon,Bethel,2026-03,5\n")

    assert "Left out, 500 loans:" in text(preview)
    save(filer, address, preview, ["CT0001"])
    assert counts_of(Filing.objects.get()) == {("CT0002", 3): 5}


def test_member_with_rows_to_mend_is_not_saved_half(filer, address):
    content = HEAD + "Avon,Bethel,2026-03,5\nAvon,Canton,2026-03,many\nBethel,Avon,2026-03,1\n"

    preview = send(filer, address, content)

    shown = text(preview)
    assert "to mend first 1 , new draft 1" in shown
    assert "Line 3, column D (loans)" in shown
    save(filer, address, preview, ["CT0001", "CT0002"])
    assert Filing.objects.get().library.key == "CT0002"


def test_two_labels_of_one_library_are_not_added_up_unseen(filer, address):
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\nAvon,CT0002,2026-03,6\n")

    assert "both mean Bethel Library, so March 2026 stands twice" in text(preview)


def test_monthly_member_gets_a_draft_for_each_month(filer, address, avon, bethel):
    avon.cadences.create(cadence="monthly", valid=DateRange(date(2026, 3, 1), None))
    make_period(MARCH, Cadence.MONTHLY)
    make_period(APRIL, Cadence.MONTHLY)

    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\nAvon,Bethel,2026-04,6\n")
    save(filer, address, preview, ["CT0001"])

    drafts = Filing.objects.order_by("period__first_day")
    assert [counts_of(draft) for draft in drafts] == [{("CT0002", 3): 5}, {("CT0002", 4): 6}]


def test_totals_for_the_whole_period_are_not_overwritten(filer, address, avon, period):
    make_filing(avon, period, basis="period_total")

    assert "gives one total for each home library" in text(
        send(filer, address, HEAD + "Avon,Bethel,2026-03,5\n")
    )


def test_an_unclear_label_is_asked_once_and_remembered_for_the_member(filer, address, bethel):
    preview = send(filer, address, HEAD + "Avon,OUTSTATE,2026-03,5\n")
    assert "Which library?" in text(preview)
    assert 'value="save"' not in preview.text
    place = re.search(r'name="label-(\d+)"', preview.text)[1]
    answer = {f"label-{place}": str(bethel.pk)}

    preview = filer.post(address, {"step": "go", "upload": hidden(preview, "upload"), **answer})
    assert hidden(preview, f"label-{place}") == str(bethel.pk)
    save(filer, address, preview, ["CT0001"], **answer)

    assert counts_of(Filing.objects.get()) == {("CT0002", 3): 5}
    mapping = LabelMapping.objects.get()
    assert (mapping.library.key, mapping.label, mapping.home_library) == ("CT0001", "OUTSTATE", bethel)
    assert "Which library?" not in text(send(filer, address, HEAD + "Avon,OUTSTATE,2026-03,6\n"))


def test_label_that_is_left_out_takes_its_rows_with_it(filer, address):
    preview = send(filer, address, HEAD + "Avon,OUTSTATE,2026-03,5\nAvon,Bethel,2026-03,6\n")
    place = re.search(r'name="label-(\d+)"', preview.text)[1]
    answer = {f"label-{place}": "out"}

    preview = filer.post(address, {"step": "go", "upload": hidden(preview, "upload"), **answer})
    save(filer, address, preview, ["CT0001"], **answer)

    assert counts_of(Filing.objects.get()) == {("CT0002", 3): 6}


# Others at the same time


def test_draft_that_somebody_saved_since_stays_as_they_saved_it(filer, address, avon, bethel, canton, period):
    draft = make_filing(avon, period)
    own_filer = make_user(Role.LIBRARY_FILER, library=avon, second_factor=False)
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\nBethel,Avon,2026-03,7\n")
    services.save_counts(filing=draft, counts={(canton.pk, MARCH): 3}, by=own_filer, at=AT, expected=0)

    answer = save(filer, address, preview, ["CT0001", "CT0002"])

    shown = text(answer)
    assert "1 draft saved" in shown
    assert "Avon Library , March 2026 to August 2026: Somebody saved this draft after the preview." in shown
    assert counts_of(draft) == {("CT0003", 3): 3}
    assert counts_of(Filing.objects.get(library=bethel)) == {("CT0001", 3): 7}


def test_draft_that_somebody_began_since_is_not_overwritten(filer, address, avon, period):
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\n")
    make_filing(avon, period)

    answer = save(filer, address, preview, ["CT0001"])

    assert answer.status_code == 409
    assert "Nothing was saved" in text(answer)
    assert "begun already" in text(answer)
    assert not LoanCount.objects.exists()


def test_draft_that_was_submitted_since_is_not_touched(filer, address, avon, bethel, canton, period):
    draft = make_filing(avon, period)
    make_counts(draft, {(bethel, MARCH): 1})
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\n")
    Filing.objects.filter(pk=draft.pk).update(
        status="submitted", submitted_at=AT, submitted_by=filer.user, first_submitted_at=AT, sha256="0" * 64
    )

    assert "This filing is submitted" in text(save(filer, address, preview, ["CT0001"]))
    assert counts_of(draft) == {("CT0002", 3): 1}


def test_changed_or_foreign_page_saves_nothing(filer, address, consortium):
    preview = send(filer, address, HEAD + "Avon,Bethel,2026-03,5\n")
    other = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)

    assert "out of date" in text(save(other, address, preview, ["CT0001"]))
    tampered = {"upload": hidden(preview, "upload"), "seen": "x", "member": ["CT0001"], "step": "save"}
    assert "out of date" in text(filer.post(address, tampered))
    assert not Filing.objects.exists()


def test_drafts_for_others_than_one_s_members_are_refused(filer, canton, period):
    draft = MemberDraft(library=canton, period=period, filing=None, revision=None, cells={})

    with pytest.raises(PermissionDenied):
        services.save_member_drafts(drafts=[draft], by=filer.user, at=AT)

    assert not Filing.objects.exists()


# Who, and what is kept


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.LIBRARY_CERTIFIER, Role.LIBRARY_FILER, Role.AUDITOR])
def test_only_the_consortium_s_filer_uploads(role, address, avon):
    of_library = role in (Role.LIBRARY_CERTIFIER, Role.LIBRARY_FILER)
    client = make_signed_in_client(role, avon if of_library else None)

    assert client.get(address).status_code in (403, 404)
    assert send(client, address, HEAD + "Avon,Bethel,2026-03,5\n").status_code in (403, 404)


def test_filer_of_another_consortium_uploads_nothing_here(address, consortium, canton):
    client = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=make_consortium(members=(canton,)))

    assert send(client, address, HEAD + "Avon,Bethel,2026-03,5\n").status_code == 404


def test_patrons_are_nowhere_after_an_upload(filer, address, caplog, capfd):
    content = "Patron name,lender,home_library,month,loans\nCanary Patron 4711,Avon,Bethel,2026-03,5\n"

    preview = send(filer, address, content)
    answer = save(filer, address, preview, ["CT0001"])

    assert "Canary" not in preview.text + answer.text
    assert "Canary" not in caplog.text + "".join(capfd.readouterr())
    assert not any("Canary" in str(session.get_decoded()) for session in Session.objects.all())
    assert not any("Canary" in f"{event.before}{event.after}" for event in AuditEvent.objects.all())


def test_page_says_what_the_file_has_to_hold_and_what_becomes_of_it(filer, address):
    shown = text(filer.get(address))

    assert "What becomes of your file." in shown
    assert "lender,home_library,month,loans" in shown


def test_nothing_chosen_and_nonsense_are_told(filer, address):
    assert "Choose a file, or paste a table" in text(filer.post(address, {"step": "read"}))
    assert "This is a PDF" in text(send(filer, address, b"%PDF-1.7"))
    pasted = filer.post(address, {"step": "read", "text": HEAD + "Avon,Bethel,2026-03,5\n"})
    assert "new draft 1" in text(pasted)


def test_thirty_members_of_real_size_take_few_queries(
    consortium, filer, address, django_assert_max_num_queries
):
    homes = [make_home_library() for _ in range(190)]
    members = homes[:30]
    for library in members:
        make_letter(library)
        consortium.memberships.create(library=library, valid=DateRange(None, None))
    months = [f"2026-{month:02}" for month in range(3, 9)]
    rows = [
        f"{lender.key},{home.key},{month},{number % 40}"
        for lender in members
        for number, home in enumerate(homes)
        if home != lender
        for month in months
    ]
    content = HEAD + "\n".join(rows) + "\n"

    with django_assert_max_num_queries(60):
        preview = send(filer, address, content)
    answer = save(filer, address, preview, [library.key for library in members])

    assert "30 drafts saved" in text(answer)
    assert LoanCount.objects.count() == 30 * 189 * 6
