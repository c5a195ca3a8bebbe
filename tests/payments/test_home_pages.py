"""Where people begin: library home, the list of a person with several libraries, the staff work list."""

import re
from datetime import date

import pytest
from django.urls import reverse

from connecticard.models import Role
from libraries.models import Library
from libraries.roster import load_roster
from payments.models import PastPayment
from tests.factories import (
    give_role,
    make_consortium,
    make_filing,
    make_letter,
    make_library,
    make_signed_in_client,
    make_user,
)
from tests.payments.records import certified

pytestmark = pytest.mark.django_db
HOME = reverse("payments:my_libraries")
WORK = reverse("payments:work_list")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


def participant(name, **fields):
    library = make_library(name, **fields)
    make_letter(library)
    PastPayment.objects.create(library=library, fiscal_year=2025, cents=0, source="ledger")
    return library


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.STATE_STAFF, "work_list"),
        (Role.STATE_ADMINISTRATOR, "run_list"),
        (Role.AUDITOR, "run_list"),
    ],
)
def test_people_of_the_state_library_begin_at_their_work(role, name):
    assert make_signed_in_client(role).get(HOME).url == reverse(f"payments:{name}")


def test_who_has_one_library_begins_at_its_home():
    library = participant("Avon Free Public Library")
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    assert client.get(HOME).url == reverse("payments:library_home", args=[library.key])


def test_who_has_no_role_is_told_whom_to_ask():
    assert "You hold no role for a library today" in words(make_signed_in_client().get(HOME))


def test_who_has_two_libraries_chooses():
    user = make_user()
    for name in ("Avon Free Public Library", "Berlin-Peck Memorial Library"):
        give_role(user, Role.LIBRARY_CERTIFIER, library=participant(name))

    page = words(make_signed_in_client(user=user).get(HOME))

    assert "2 libraries." in page
    assert "Berlin-Peck Memorial Library" in page


def test_consortium_sees_its_members_by_state(django_assert_max_num_queries):
    members = tuple(participant(f"Library {number}") for number in range(5))
    certified(members[0], {})
    client = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=make_consortium(members=members))

    with django_assert_max_num_queries(30):
        page = words(client.get(HOME))

    assert "5 to come, 4 missing, 1 certified." in page


def test_home_says_what_is_owed_what_is_done_and_what_is_unmet():
    library = participant("Avon Free Public Library")
    certified(library, {})
    PastPayment.objects.update(cents=12_345)
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, library)

    response = client.get(reverse("payments:library_home", args=[library.key]))
    page = words(response)

    assert "Participates: its letter of agreement is on file" in page
    assert "Record of loans, September 2026 to February 2027 Monday, March 8, 2027 Period not over" in page
    assert (
        "Expenditure report, money received July 2024 to June 2025 Sunday, November 1, 2026 Missing" in page
    )
    assert (
        "Record of loans, March 2026 to August 2026 Tuesday, September 8, 2026 Certified Look at it" in page
    )
    assert "it was due November 1, 2026. File and certify it, and ask the State Library" in page
    assert "§ 11-31c-2(e)" in page
    assert "2025 $123.45 ledger" in page
    assert reverse("payments:expenditure_enter", args=[library.key, 2025]) in response.content.decode()


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        (Role.LIBRARY_FILER, ["Enter loans", "Fill in the report"]),
        (Role.LIBRARY_CERTIFIER, ["Fill in the report"]),
        (Role.CONSORTIUM_FILER, ["Enter loans"]),
        (Role.STATE_STAFF, []),
    ],
)
def test_home_offers_each_role_what_it_may_do(role, steps):
    library = participant("Avon Free Public Library")
    PastPayment.objects.update(cents=12_345)
    consortium = make_consortium(members=(library,)) if role is Role.CONSORTIUM_FILER else None
    own = library if role in (Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER) else None
    client = make_signed_in_client(role, own, consortium=consortium)

    page = words(client.get(reverse("payments:library_home", args=[library.key])))

    assert [step for step in ("Enter loans", "Fill in the report") if step in page] == steps


def test_submitted_filing_leads_its_certifier_straight_to_the_signature():
    library = participant("Avon Free Public Library")
    filing = make_filing(library)
    filing.status, filing.submitted_at, filing.first_submitted_at = (
        "submitted",
        filing.created_at,
        filing.created_at,
    )
    filing.submitted_by, filing.sha256 = make_user(), "0" * 64
    filing.save()
    home = reverse("payments:library_home", args=[library.key])
    certify = reverse("transactions:filing_certify", args=[filing.pk])

    assert certify in make_signed_in_client(Role.LIBRARY_CERTIFIER, library).get(home).content.decode()
    assert certify not in make_signed_in_client(Role.LIBRARY_FILER, library).get(home).content.decode()


def test_home_of_a_library_without_a_letter_says_how_to_take_part():
    library = make_library("Avon Free Public Library")
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = words(client.get(reverse("payments:library_home", args=[library.key])))

    assert "No letter of agreement is on file" in page
    assert "No Letter of Agreement was on file on November 20, 2026." in page
    assert "No payment of the library is on record here yet." in page


def test_home_of_a_library_in_order_says_so(settings):
    settings.DEMO_TODAY = date(2027, 4, 1)
    library = participant("Avon Free Public Library")
    certified(library, {})
    certified(library, {}, first_day=date(2026, 9, 1))
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = words(client.get(reverse("payments:library_home", args=[library.key])))

    assert "Every requirement is met as of April 1, 2027." in page
    assert "Requirements for the payment of fiscal year 2028" in page


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR])
def test_state_library_sees_every_home(role):
    library = participant("Avon Free Public Library")

    response = make_signed_in_client(role).get(reverse("payments:library_home", args=[library.key]))

    assert response.status_code == 200


def test_home_is_closed_to_other_libraries_and_to_nobody(client):
    address = reverse("payments:library_home", args=[participant("Avon Free Public Library").key])

    assert make_signed_in_client(Role.LIBRARY_CERTIFIER, make_library()).get(address).status_code == 403
    assert client.get(address).status_code == 302


# The work list


@pytest.fixture
def three():
    """A certified in time, B missing, C filed late; each also owes the half-year that still runs."""
    a, b, c = (participant(name) for name in ("Avon", "Berlin", "Canton"))
    certified(a, {})
    certified(c, {}, submitted_on=date(2026, 9, 12))
    return a, b, c


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


def test_staff_see_what_every_library_owes(staff, three):
    page = words(staff.get(WORK))

    assert "3 participating libraries, November 20, 2026." in page
    assert "2 late" in page
    assert "Berlin Record of loans, March 2026 to August 2026 September 8, 2026 Missing" in page
    assert "Certified, filed late" not in page  # what is certified is left out unless asked for


@pytest.mark.parametrize(
    ("state", "libraries"),
    [
        ("late", ["Berlin", "Canton"]),
        ("missing", ["Berlin"]),
        ("submitted", []),
        ("certified", ["Avon", "Canton"]),
        ("to_come", ["Avon", "Berlin", "Canton"]),
        ("all", ["Avon", "Berlin", "Canton", "Avon", "Berlin", "Canton"]),
    ],
)
def test_staff_choose_by_state(staff, three, state, libraries):
    response = staff.get(WORK, {"state": state})

    assert [item.library.name for item in response.context["page"]] == libraries


def test_staff_choose_by_name_and_subject(staff, three):
    subject = "Record of loans, March 2026 to August 2026"

    response = staff.get(WORK, {"q": "BER", "subject": subject, "state": "all"})
    nothing = staff.get(WORK, {"q": "Zanzibar"})

    assert [(item.library.name, item.subject) for item in response.context["page"]] == [("Berlin", subject)]
    assert "Nothing fits." in words(nothing)


def test_unknown_choice_shows_an_error_and_not_everything(staff, three):
    response = staff.get(WORK, {"state": "whatever"})

    assert "Select a valid choice" in words(response)
    assert not response.context["page"].object_list


def test_work_list_without_participants_leads_to_the_letters(staff):
    assert "no letter of agreement is on file" in words(staff.get(WORK))


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_libraries_do_not_see_the_work_list(role):
    assert make_signed_in_client(role, make_library()).get(WORK).status_code == 403


def test_auditor_reads_the_work_list(three):
    assert make_signed_in_client(Role.AUDITOR).get(WORK).status_code == 200


def test_work_list_of_the_whole_state_asks_few_questions(staff, django_assert_max_num_queries):
    load_roster()
    for library in Library.objects.all():
        make_letter(library)

    with django_assert_max_num_queries(30):
        response = staff.get(WORK, {"state": "all"})

    assert "192 participating libraries" in words(response)
    assert response.context["page"].paginator.count == 3 * 192
