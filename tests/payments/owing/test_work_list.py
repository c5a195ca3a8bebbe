"""The staff's work list: states, order, export, what is at stake, and reminders sent from it."""

import csv
import io
from datetime import date, datetime

import openpyxl
import pytest
from django.core import mail
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Message, Role
from libraries.models import Library
from libraries.roster import load_roster
from payments.models import PastPayment
from payments.owing.work_list import COLUMNS
from tests.factories import (
    give_role,
    make_filing,
    make_letter,
    make_library,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.payments.records import appropriation, certified
from transactions.models import Waiver
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db
WORK, REMIND = reverse("payments:work_list"), reverse("payments:work_remind")
FIRST_HALF = "Record of loans, March 2026 to August 2026"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def participant(name):
    library = make_library(name)
    make_letter(library)
    PastPayment.objects.create(library=library, fiscal_year=2025, cents=0, source="ledger")
    return library


@pytest.fixture
def three():
    """A certified in time, B missing, C filed late; each also owes the half-year that still runs."""
    a, b, c = (participant(name) for name in ("Avon", "Berlin", "Canton"))
    certified(a, {b: 10})
    certified(c, {b: 5}, submitted_on=date(2026, 9, 12))
    return a, b, c


def listed(response):
    return [(row.item.library.name, row.item.subject) for row in response.context["page"]]


def names(response):
    return [name for name, _ in listed(response)]


def waive(library, kind, until=date(2026, 12, 1)):
    at = datetime(2026, 9, 1, 12, tzinfo=EASTERN)
    Waiver.objects.create(
        library=library,
        period=make_period(),
        kind=kind,
        until=until,
        authority="The Board",
        reason="A flood",
        proposed_by=make_user(),
        proposed_at=at,
        approved_by=make_user(),
        approved_at=at,
    )


def test_staff_see_what_every_library_owes_now(staff, three):
    response = staff.get(WORK)
    page = text(response)

    assert "3 participating libraries, November 20, 2026." in page
    assert listed(response) == [("Berlin", FIRST_HALF)]
    assert "1 owed now" in page
    assert "2 late" in page
    assert "3 period not over" in page
    assert "6 in all" in page


@pytest.mark.parametrize(
    ("state", "libraries"),
    [
        ("late", ["Berlin", "Canton"]),
        ("not_started", ["Berlin"]),
        ("submitted", []),
        ("certified", ["Avon", "Canton"]),
        ("to_come", ["Avon", "Berlin", "Canton"]),
        ("nobody", ["Berlin"]),
        ("all", ["Avon", "Berlin", "Canton", "Avon", "Berlin", "Canton"]),
    ],
)
def test_staff_choose_by_state(staff, three, state, libraries):
    assert names(staff.get(WORK, {"state": state})) == libraries


@pytest.mark.parametrize("status", ["draft", "submitted", "returned"])
def test_stages_are_told_apart(staff, three, status):
    _, berlin, _ = three
    at = datetime(2026, 9, 2, 12, tzinfo=EASTERN)
    sent = {"submitted_at": at, "submitted_by": make_user(), "first_submitted_at": at, "sha256": "0" * 64}
    make_filing(berlin, status=status, **({} if status == "draft" else sent))

    assert names(staff.get(WORK, {"state": status})) == ["Berlin"]
    assert names(staff.get(WORK, {"state": "not_started"})) == []


def test_extended_and_accepted_late_are_told_apart(staff, three):
    _, berlin, canton = three
    waive(berlin, "extension")
    waive(canton, "late_acceptance")

    assert names(staff.get(WORK, {"state": "extended"})) == ["Berlin"]
    assert names(staff.get(WORK, {"state": "accepted_late"})) == ["Canton"]
    assert names(staff.get(WORK, {"state": "late"})) == []


def test_staff_choose_by_name_and_period_and_the_counts_follow(staff, three):
    response = staff.get(WORK, {"q": "BER", "subject": FIRST_HALF, "state": "all"})

    assert listed(response) == [("Berlin", FIRST_HALF)]
    assert "1 in all" in text(response)
    assert "subject=Record+of+loans" in response.content.decode()  # a state keeps the other choices
    assert "Nothing fits." in text(staff.get(WORK, {"q": "Zanzibar"}))


def test_list_on_a_day_on_which_nothing_is_owed_says_so(staff):
    certified(participant("Avon"), {})

    page = text(staff.get(WORK))

    assert "0 owed now" in page
    assert "Nothing is owed today: what has fallen due is certified. Everything of the open periods" in page


def test_half_year_is_chosen_with_its_months_where_some_file_every_month(staff, three):
    monthly = participant("Durham")
    monthly.cadences.create(cadence=Cadence.MONTHLY, valid=(date(2026, 3, 1), None))

    alone = staff.get(WORK, {"subject": FIRST_HALF})
    both = staff.get(WORK, {"subject": f"{FIRST_HALF}, and its months"})

    assert listed(alone) == [("Berlin", FIRST_HALF)]
    assert set(names(both)) == {"Berlin", "Durham"}
    assert len(listed(both)) == 1 + 6
    assert ("Durham", "Record of loans, August 2026") in listed(both)
    assert ("Durham", "Record of loans, September 2026") not in listed(both)


@pytest.mark.parametrize("choice", [{"state": "whatever"}, {"sort": "whatever"}, {"subject": "x"}])
def test_unknown_choice_shows_an_error_and_not_everything(staff, three, choice):
    response = staff.get(WORK, choice)

    assert "Select a valid choice" in text(response)
    assert not response.context["page"].object_list


def test_every_column_can_be_sorted_by_both_ways(staff, three):
    appropriation()
    for name in ("library", "what", "due", "state", "stake", "spoke"):
        up = listed(staff.get(WORK, {"state": "all", "sort": name}))
        down = listed(staff.get(WORK, {"state": "all", "sort": f"-{name}"}))

        assert sorted(up) == sorted(down)
        assert len(up) == 6
    by_library = names(staff.get(WORK, {"state": "all", "sort": "-library"}))
    assert by_library == ["Canton", "Canton", "Berlin", "Berlin", "Avon", "Avon"]
    assert 'aria-sort="descending"' in staff.get(WORK, {"sort": "-due"}).content.decode()
    assert 'aria-sort="descending"' in staff.get(WORK, {"sort": "stake"}).content.decode()


def test_what_has_nothing_at_stake_comes_last_either_way(staff, three):
    appropriation(100_000)
    for sort in ("stake", "-stake"):
        rows = staff.get(WORK, {"state": "all", "sort": sort}).context["rows"]
        known = [stake is not None for _, stake in rows]

        assert set(known) == {True, False}
        assert known == sorted(known, reverse=True)


def test_money_at_stake_is_the_own_payment_and_what_others_gain_or_lose(staff, three):
    avon, berlin, _ = three
    appropriation(100_000)
    certified(berlin, {avon: 20}, first_day=date(2026, 3, 1))

    response = staff.get(WORK, {"state": "to_come"})

    stakes = {row.item.library.name: stake for row, stake in response.context["rows"]}
    assert sum(stake.own_cents for stake in stakes.values()) == 100_000
    # Nobody's loans rest on a period to come here: an absence costs the own payment and moves nobody else's
    assert {stake.most_affected for stake in stakes.values()} == {None}
    assert "At stake is an estimate" in text(response)


def test_what_an_absence_moves_between_others_is_told_with_who_moves_most(staff, three):
    avon, berlin, canton = three
    appropriation(100_000)
    last_year = date(2025, 3, 1)
    certified(berlin, {avon: 60}, first_day=last_year, cadence=Cadence.ANNUAL)

    response = staff.get(WORK)

    [(row, stake)] = response.context["rows"]
    assert row.item.library == berlin
    assert stake.own_cents > 0
    assert stake.others_gain_cents > 0
    assert stake.most_affected in (avon, canton)
    assert f"most: {stake.most_affected} +" in text(response)


def test_certified_things_have_nothing_at_stake(staff, three):
    appropriation()

    response = staff.get(WORK, {"state": "certified"})

    assert [stake for _, stake in response.context["rows"]] == [None, None]


def test_list_is_exported_as_it_is_filtered(staff, three):
    appropriation()
    choice = {"state": "late", "sort": "-library"}

    found = staff.get(reverse("payments:work_list_csv"), choice)
    header, *rows = csv.reader(io.StringIO(found.content.decode()))
    book = openpyxl.load_workbook(
        io.BytesIO(staff.get(reverse("payments:work_list_xlsx"), choice).content), read_only=True
    )
    sheet = list(book.active.iter_rows(values_only=True))

    assert header == list(COLUMNS)
    assert [row[1] for row in rows] == ["Canton", "Berlin"]
    assert rows[1][:11] == [
        three[1].key,
        "Berlin",
        three[1].town.name,
        FIRST_HALF,
        "2026-09-08",
        "2026-09-08",
        "Missing",
        "not started",
        "yes",
        "no",
        "no",
    ]
    assert [row[1] for row in sheet[1:]] == ["Canton", "Berlin"]
    assert sheet[2][4] == datetime(2026, 9, 8)
    assert isinstance(sheet[2][COLUMNS.index("would_lose")], int | float)
    assert book.active.cell(3, COLUMNS.index("would_lose") + 1).number_format == "#,##0.00"
    assert 'filename="what-libraries-owe-2026-11-20.csv"' in found["Content-Disposition"]


def test_work_list_without_participants_leads_to_the_letters(staff):
    assert "no letter of agreement is on file" in text(staff.get(WORK))


def test_address_that_looks_like_a_formula_is_text_in_the_file(staff, three):
    make_user(Role.LIBRARY_FILER, library=three[1], email="=1+1@example.org")

    found = staff.get(reverse("payments:work_list_xlsx"), {"q": "Berlin"})
    sheet = openpyxl.load_workbook(io.BytesIO(found.content)).active

    cell = sheet.cell(2, COLUMNS.index("people_to_write_to") + 1)
    assert (cell.value, cell.data_type) == ("=1+1@example.org", "s")


@pytest.mark.parametrize("name", ["work_list", "work_list_csv", "work_list_xlsx", "work_remind", "mail"])
@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_libraries_do_not_see_the_work_of_staff(role, name):
    assert make_signed_in_client(role, make_library()).get(reverse(f"payments:{name}")).status_code == 403


def test_auditor_reads_the_work_list_and_reminds_nobody(three):
    auditor = make_signed_in_client(Role.AUDITOR)

    assert "Remind" not in text(auditor.get(WORK))
    assert auditor.get(REMIND).status_code == 403
    assert auditor.post(reverse("payments:remind_library", args=[three[1].key])).status_code == 403
    assert not Message.objects.exists()


def test_work_list_of_the_whole_state_asks_few_questions(staff, django_assert_max_num_queries):
    load_roster()
    for library in Library.objects.all():
        make_letter(library)
    appropriation()

    with django_assert_max_num_queries(75):
        response = staff.get(WORK, {"state": "all", "sort": "stake"})

    assert "192 participating libraries" in text(response)
    assert response.context["page"].paginator.count == 3 * 192


# Reminders from the list


@pytest.fixture
def filer(three):
    return make_user(Role.LIBRARY_FILER, library=three[1], name="Fay Filer", email="fay@example.org")


def test_one_click_reminds_the_people_of_one_library(staff, three, filer, django_capture_on_commit_callbacks):
    address = reverse("payments:remind_library", args=[three[1].key])

    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(address, {"back": f"{WORK}?state=late"}, follow=True)
    [letter] = mail.outbox

    assert answer.redirect_chain[0][0] == f"{WORK}?state=late"
    assert "A reminder goes to Fay Filer (fay@example.org)." in text(answer)
    assert letter.to == ["fay@example.org"]
    assert letter.subject == ("Berlin: record of loans, March 2026 to August 2026, due September 8, 2026")
    assert "Reminded November 20, 2026" in text(answer)
    assert AuditEvent.objects.get(action="reminder_sent").after["to"] == "fay@example.org"

    again = staff.post(address, follow=True)
    assert "were reminded of all this today already" in text(again)
    assert Message.objects.count() == 1


def test_one_click_where_nobody_can_be_written_to_says_so(staff, three):
    answer = staff.post(reverse("payments:remind_library", args=[three[1].key]), follow=True)

    assert "Nobody was written to: Berlin has nobody with the role" in text(answer)


def test_one_click_on_a_library_that_owes_nothing_sends_nothing(staff, three):
    make_user(Role.LIBRARY_FILER, library=three[0])

    answer = staff.post(reverse("payments:remind_library", args=[three[0].key]), follow=True)

    assert "Avon owes nothing that it can be asked for today" in text(answer)
    assert not Message.objects.exists()


def test_button_leads_back_to_no_other_site(staff, three):
    address = reverse("payments:remind_library", args=[three[0].key])

    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        assert staff.post(address, {"back": elsewhere}).url.startswith("/libraries/")


def test_list_is_reminded_after_a_page_that_shows_every_letter(
    staff, three, filer, django_capture_on_commit_callbacks
):
    page = staff.get(REMIND, {"state": "late"})
    digest = page.context["plan"].digest
    [(letter, body)] = page.context["letters"]

    assert "1 letter, about 1 library" in text(page)
    assert "fay@example.org" in text(page)
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(f"{REMIND}?state=late", {"digest": digest}, follow=True)

    assert "A reminder goes to Fay Filer" in text(answer)
    assert mail.outbox[0].body.strip() == body.strip()
    assert letter.person == filer


def test_nothing_is_sent_where_the_letters_changed_since_they_were_shown(staff, three, filer):
    digest = staff.get(REMIND).context["plan"].digest
    give_role(make_user(name="Newcomer"), Role.LIBRARY_FILER, library=three[1])

    answer = staff.post(REMIND, {"digest": digest})

    assert "nothing was sent" in text(answer)
    assert "Newcomer" in text(answer)
    assert not Message.objects.exists()


def test_list_of_what_cannot_be_asked_for_offers_no_letter(staff, three):
    page = text(staff.get(REMIND, {"state": "certified"}))

    assert "there is nobody to remind" in page
    assert "Send" not in page.partition("Send reminders Nothing")[2]
