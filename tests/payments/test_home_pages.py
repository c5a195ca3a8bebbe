"""Where people begin: library home, and the list of a person with several libraries."""

from datetime import date, datetime

import pytest
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import Message, MessageKind, Role
from payments.models import PastPayment
from tests.factories import (
    give_role,
    make_consortium,
    make_delivery_report,
    make_delivery_site,
    make_filing,
    make_letter,
    make_library,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.payments.records import appropriation, certified
from transactions.models import FilingPeriod
from transactions.services import reopen_filing, submit_filing

pytestmark = pytest.mark.django_db
HOME = reverse("payments:my_libraries")
WORK = reverse("payments:work_list")
AT = datetime(2026, 9, 4, 12, tzinfo=EASTERN)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 11, 20)


def participant(name, **fields):
    library = make_library(name, **fields)
    make_letter(library)
    PastPayment.objects.create(library=library, fiscal_year=2025, cents=0, source="ledger")
    return library


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
    assert "You hold no role for a library today" in text(make_signed_in_client().get(HOME))


def test_who_has_two_libraries_chooses():
    user = make_user()
    for name in ("Avon Free Public Library", "Berlin-Peck Memorial Library"):
        give_role(user, Role.LIBRARY_CERTIFIER, library=participant(name))

    page = text(make_signed_in_client(user=user).get(HOME))

    assert "2 libraries." in page
    assert "Berlin-Peck Memorial Library" in page


def test_consortium_sees_its_members_by_state(django_assert_max_num_queries):
    members = tuple(participant(f"Library {number}") for number in range(5))
    certified(members[0], {})
    client = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=make_consortium(members=members))

    with django_assert_max_num_queries(30):
        page = text(client.get(HOME))

    assert "5 to come, 4 missing, 1 certified." in page


def home(library):
    return reverse("payments:library_home", args=[library.key])


def test_home_says_what_to_do_why_and_by_when():
    library = participant("Avon Free Public Library")
    certified(library, {})
    PastPayment.objects.update(cents=12_345)
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, library)

    response = client.get(home(library))
    page = text(response)

    assert "Participates: its letter of agreement is on file" in page
    assert (
        "To do Expenditure report, money received July 2024 to June 2025 Missing "
        "Due Sunday, November 1, 2026 , to 11:59:59 p.m. Eastern 19 days past" in page
    )
    assert "it was due November 1, 2026. File and certify it, and ask the State Library" in page
    assert (
        "Record of loans, September 2026 to February 2027 Period not over "
        "Due Monday, March 8, 2027 , to 11:59:59 p.m. Eastern 108 days left" in page
    )
    assert "Record of loans, March 2026 to August 2026 Certified" not in page
    assert [each.heading for each in response.context["later"]] == [
        "Record of loans, September 2026 to February 2027"
    ]
    assert "2 requirements of this payment are not met yet" in page
    assert "§ 11-31c-2(e)" in page
    assert "2025 $123.45 ledger" in page
    assert reverse("payments:expenditure_enter", args=[library.key, 2025]) in response.content.decode()
    assert "mailto:borrowit@localhost?subject=" in response.content.decode()


def test_filer_begins_a_filing_straight_from_home():
    library = participant("Avon Free Public Library")
    make_period()
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    remedy = client.get(home(library)).context["now"][0].remedies[0]
    response = client.post(remedy.url, remedy.post)

    filing = library.filings.get()
    assert (remedy.words, filing.status) == ("Enter loans", "draft")
    assert response.url == reverse("transactions:filing_entry", args=[filing.pk])


def test_home_says_who_has_to_act_where_the_reader_cannot():
    library = participant("Avon Free Public Library")
    make_user(Role.LIBRARY_FILER, library=library, name="Fiona Filer")
    certifier = make_signed_in_client(Role.LIBRARY_CERTIFIER, library)

    first = certifier.get(home(library)).context["now"][0]

    assert first.waits_for == "Fiona Filer"
    assert [remedy.words for remedy in first.remedies] == ["Ask the State Library for a waiver"]


@pytest.mark.parametrize(
    ("status", "waits_for", "step"),
    [("submitted", "", "Review and certify"), ("returned", "the State Library: entry", "")],
)
def test_closing_ends_entry_and_not_the_certificate(status, waits_for, step):
    library = participant("Avon Free Public Library")
    period = make_period()
    FilingPeriod.objects.filter(pk=period.pk).update(
        accepted_until=date(2026, 10, 1), closes_on=date(2026, 10, 1)
    )
    submit = {"submitted_at": AT, "submitted_by": make_user(), "sha256": "0" * 64}
    make_filing(library, period, status=status, first_submitted_at=AT, **submit)
    user = make_user(Role.LIBRARY_FILER, library=library)
    give_role(user, Role.LIBRARY_CERTIFIER, library=library)

    first = make_signed_in_client(user=user).get(home(library)).context["now"][0]

    assert first.waits_for.startswith(waits_for)
    assert bool(first.waits_for) is bool(waits_for)
    assert (step in [remedy.words for remedy in first.remedies]) is bool(step)


def test_home_shows_what_a_returned_filing_has_to_correct():
    library = participant("Avon Free Public Library")
    make_filing(library, status="returned", returned_because="Look at May again.")

    page = text(make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library)))

    assert "To correct: Look at May again." in page


def test_home_shows_a_waiver_with_its_authority():
    library = participant("Avon Free Public Library")
    staff = make_user(Role.STATE_STAFF)
    library.waivers.create(
        period=make_period(),
        kind="extension",
        until=date(2026, 12, 1),
        authority="State Librarian, letter of September 4",
        reason="A flood.",
        proposed_by=staff,
        proposed_at=AT,
        approved_by=make_user(Role.STATE_STAFF, name="Stella Staff"),
        approved_at=AT,
    )

    page = text(make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library)))

    assert "Extension Accepted through December 1, 2026 instead of September 8, 2026. A flood." in page
    assert "Authority: State Librarian, letter of September 4; approved by Stella Staff." in page
    assert "11 days left" in page


def test_late_filing_stays_on_the_list_until_a_waiver_takes_it():
    library = participant("Avon Free Public Library")
    certified(library, {}, submitted_on=date(2026, 9, 12))

    response = make_signed_in_client(Role.STATE_STAFF).get(home(library))

    todo = response.context["now"][0]
    assert (todo.state, todo.left) == ("Certified, filed late", "")
    assert [remedy.words for remedy in todo.remedies] == ["Propose a waiver"]
    assert "no waiver is on record" in text(response)


def test_home_estimates_the_payment_and_says_what_that_rests_on():
    library, other = participant("Avon Free Public Library"), participant("Berlin-Peck Memorial Library")
    appropriation(100_000)
    certified(library, {other: 30})

    page = text(make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library)))

    assert "$1,000.00 estimated at today's figures, once every requirement is met" in page
    assert "rests on 1 certified, 0 with last year's figures, 3 with none." in page
    assert "March 2026 to August 2026 certified; September 2026 to February 2027 nothing." in page
    assert "$500.00 × 30 ÷ 30" in page


def test_home_asks_no_more_questions_where_there_is_much_to_tell(settings, django_assert_max_num_queries):
    settings.DEMO_TODAY = date(2027, 3, 5)
    library, other = participant("Avon Free Public Library"), participant("Berlin-Peck Memorial Library")
    appropriation(100_000)
    certified(library, {other: 30})
    certified(other, {library: 10})
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    with django_assert_max_num_queries(100):
        client.get(home(library))


def test_home_without_an_appropriation_estimates_nothing():
    library = participant("Avon Free Public Library")

    page = text(make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library)))

    assert "No appropriation is on record, so no payment can be estimated." in page


def test_home_draws_and_tells_the_way_from_loans_to_the_report():
    library = participant("Avon Free Public Library")
    PastPayment.objects.update(cents=12_345)

    response = make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library))

    assert "<svg" in response.content.decode()
    page = text(response)
    assert "$123.45 was received" in page
    assert "18 months after the payment" in page
    assert "Loans counted: March 2024 to February 2025" in page
    assert "Report on how it was used: from July 1, 2025, due November 1, 2026" in page


def test_home_lists_people_and_messages_of_the_library():
    library = participant("Avon Free Public Library")
    make_user(Role.LIBRARY_FILER, library=make_library(), name="Somebody Else")
    cora = make_user(
        Role.CONSORTIUM_FILER, consortium=make_consortium(members=(library,)), name="Cora Consortium"
    )
    for kind in (MessageKind.REMINDER, MessageKind.FOR_STAFF):
        message = Message.objects.create(
            kind=kind, to=cora.email, subject=f"A {kind}", body="Please file.", made_at=AT
        )
        message.items.create(library=library, words="A filing")

    response = make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library))
    page = text(response)

    assert "Cora Consortium" in page
    assert "Somebody Else" not in page
    assert [each.message.subject for each in response.context["sent"]] == ["A reminder"]
    assert "Please file." in page


def test_home_shows_of_a_letter_about_several_libraries_what_is_its_own():
    avon, bethel = participant("Avon"), participant("Bethel")
    message = Message.objects.create(
        kind=MessageKind.REMINDER,
        to="cora@example.org",
        subject="2 libraries: 2 things to do",
        body="Avon owes a filing. Bethel owes a report.",
        made_at=AT,
    )
    message.items.create(library=avon, words="Avon owes a filing.")
    message.items.create(library=bethel, words="Bethel owes a report.")

    page = text(make_signed_in_client(Role.LIBRARY_FILER, avon).get(home(avon)))

    assert "Avon owes a filing." in page
    assert "Bethel" not in page
    assert "what it says of them is not shown here" in page


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

    page = text(client.get(reverse("payments:library_home", args=[library.key])))

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


def test_an_open_amendment_leads_to_whoever_is_next():
    library = participant("Avon Free Public Library")
    first = certified(library, {make_library("Canton Public Library"): 5})
    certifier = make_signed_in_client(Role.LIBRARY_CERTIFIER, library)
    filer = make_signed_in_client(Role.LIBRARY_FILER, library)
    home = reverse("payments:library_home", args=[library.key])
    assert "Amendment" not in text(filer.get(home))

    second = reopen_filing(filing=first, reason="A line was wrong.", by=certifier.user, at=AT)

    assert "Amendment of the record of loans, March 2026 to August 2026" in text(filer.get(home))
    assert reverse("transactions:filing_entry", args=[second.pk]) in filer.get(home).content.decode()
    assert "Waits for" in text(certifier.get(home))

    second.loan_counts.update(loans=7)
    submit_filing(filing=second, by=filer.user, at=AT)

    certify = reverse("transactions:filing_certify", args=[second.pk])
    assert f'href="{certify}"' in certifier.get(home).content.decode()
    assert f'href="{certify}"' not in filer.get(home).content.decode()


def test_home_of_a_library_without_a_letter_says_how_to_take_part():
    library = make_library("Avon Free Public Library")
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = text(client.get(reverse("payments:library_home", args=[library.key])))

    assert "No letter of agreement is on file" in page
    assert "No Letter of Agreement was on file on November 20, 2026." in page
    assert "No payment of the library is on record here yet." in page


def test_home_of_a_library_in_order_says_so(settings):
    settings.DEMO_TODAY = date(2027, 4, 1)
    library = participant("Avon Free Public Library")
    certified(library, {})
    certified(library, {}, first_day=date(2026, 9, 1))
    client = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = text(client.get(reverse("payments:library_home", args=[library.key])))

    assert "Nothing has to be done today." in page
    assert "Every requirement is met as of April 1, 2027." in page
    assert "Payment of fiscal year 2027" in page
    assert "Payment of fiscal year 2028" not in page


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR])
def test_state_library_sees_every_home(role):
    library = participant("Avon Free Public Library")

    response = make_signed_in_client(role).get(reverse("payments:library_home", args=[library.key]))

    assert response.status_code == 200


def test_home_is_closed_to_other_libraries_and_to_nobody(client):
    address = reverse("payments:library_home", args=[participant("Avon Free Public Library").key])

    assert make_signed_in_client(Role.LIBRARY_CERTIFIER, make_library()).get(address).status_code == 403
    assert client.get(address).status_code == 302


def test_home_asks_for_the_counts_of_the_delivery(settings):
    settings.DEMO_TODAY = date(2026, 10, 10)
    library = participant("Avon Free Public Library")
    certified(library, {})
    site = make_delivery_site(library=library)
    quarter = date(2026, 7, 1)
    enter = reverse("transactions:delivery_enter", args=[site.key, "2026-07"])
    filer = make_signed_in_client(Role.LIBRARY_FILER, library)

    page = filer.get(home(library))
    assert f'href="{enter}"' in page.text
    assert "deliverIT CT counts, July to September 2026" in text(page)
    assert "5 days left" in text(page)
    assert "No payment depends on these counts." in text(page)

    settings.DEMO_TODAY = date(2026, 10, 20)
    assert "they are taken late all the same" in text(filer.get(home(library)))
    assert enter not in make_signed_in_client(Role.AUDITOR).get(home(library)).text

    make_delivery_report(site, quarter, {}, at=AT, by=filer.user)
    assert "deliverIT CT counts" not in text(filer.get(home(library)))


def test_home_leads_to_what_the_desk_should_know_and_to_the_assessment():
    library = participant("Avon Free Public Library")
    desk = reverse("libraries:desk_details", args=[library.key])
    assessment = reverse("reports:assessment", args=[library.key])

    own = make_signed_in_client(Role.LIBRARY_FILER, library).get(home(library)).text
    assert f'href="{desk}"' in own
    assert f'href="{assessment}"' in own
    assert desk not in make_signed_in_client(Role.AUDITOR).get(home(library)).text
