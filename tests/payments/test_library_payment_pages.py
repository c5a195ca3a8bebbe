"""A library's payment explained: to whom it is open, and what it says, through the real client."""

import csv
import re
from datetime import date, datetime
from fractions import Fraction
from io import StringIO

import pytest
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import Role
from libraries.models import LibraryName
from payments import services
from payments.explaining.payment_explained import ExplainedRun
from payments.models import Appropriation, PastPayment, Payment
from payments.rules.change_explained import Cause
from tests.factories import make_home_library, make_letter, make_signed_in_client, make_town
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)
A_YEAR_ON = datetime(2028, 4, 15, 10, 0, tzinfo=EASTERN)
NAMES = {"A": "Avon", "B": "Bethel", "C": "Canton", "D": "Derby"}
NUMBERS = {"A": 4, "B": 9, "C": 23, "D": 37}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2027, 4, 15)


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def libraries():
    """A lends B 30 and D 5, B lends A 20, C counts nothing, and D filed nothing."""
    made = {
        key: make_home_library(f"{name} Library", key=key, town=make_town(name, number=NUMBERS[key]))
        for key, name in NAMES.items()
    }
    a, b, c, d = made.values()
    for library in made.values():
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    for half in HALVES:
        certified(a, {b: 15, d: 3 if half is HALVES[0] else 2}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {d: None}, first_day=half.first_day)
    return made


@pytest.fixture
def run(libraries, staff):
    made = services.create_run(appropriation=appropriation(100_001), by=staff.user, at=AT)
    return services.calculate_run(run=made, by=staff.user, at=AT)


@pytest.fixture
def published(run, administrator):
    return publish(run, administrator, AT)


def publish(run, administrator, at):
    run = services.certify_run(run=run, by=administrator.user, at=at)
    services.record_publication(run=run, by=administrator.user, at=at)
    return run


def address(run, key, name="payment_line"):
    return reverse(f"payments:{name}", args=[run.pk, key])


def of_year(key, fiscal_year=FISCAL_YEAR):
    return reverse("payments:payment_of_year", args=[key, fiscal_year])


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.split())


# To whom it is open


def test_payment_is_closed_to_the_public_until_its_run_is_published(client, staff, administrator, run):
    pages = [address(run, "A"), address(run, "A", "payment_partners_csv"), of_year("A")]

    assert [client.get(page).status_code for page in pages] == [404, 404, 404]
    assert [staff.get(page).status_code for page in pages[:2]] == [200, 200]
    assert "only the State Library sees them" in words(staff.get(pages[0]))

    publish(run, administrator, AT)

    assert [client.get(page).status_code for page in pages] == [200, 200, 200]


def test_address_of_a_year_leads_to_the_run_that_stands(client, staff, administrator, published):
    services.void_run(run=published, by=administrator.user, at=AT, reason="A count was wrong.")
    assert client.get(of_year("A")).status_code == 404

    made = services.create_run(appropriation=published.appropriation, by=staff.user, at=AT)
    second = publish(services.calculate_run(run=made, by=staff.user, at=AT), administrator, AT)

    assert client.get(of_year("A")).context["run"] == second
    voided = words(client.get(address(published, "A")))
    assert "This run was voided on April 15, 2027: A count was wrong." in voided
    assert "See the run that takes its place" in voided


def test_unknown_library_and_year_are_not_found(client, published):
    assert client.get(of_year("Z")).status_code == 404
    assert client.get(of_year("A", 2020)).status_code == 404
    assert client.get(reverse("payments:library_payments", args=["Z"])).status_code == 404


def test_public_page_leads_to_no_closed_page_and_names_nobody(client, published):
    page = client.get(of_year("A")).content.decode()

    assert "/filings/" not in page
    assert "/payment-runs/1/" not in page.replace(address(published, "A"), "")
    certifier = published.counted_filings.filter(filing__library__key="A").first().filing.certified_by
    assert str(certifier) not in page


# What it says


def test_page_answers_first_and_links_the_law_of_that_year(client, published):
    page = client.get(of_year("A"))

    text = words(page)
    assert "for 35 loans at $9.0910" in text
    assert "35 − 20 = 15" in text
    assert "Every requirement was met" in text
    found = set(re.findall(r'href="/rulebook/\?on=2027-06-30#([a-z_.]+)"', page.content.decode()))
    assert found >= {
        "grant.transactions_part",
        "net_plus.below_zero",
        "cents.rounding",
        "eligibility.filings_required",
    }
    rulebook = client.get("/rulebook/?on=2027-06-30").content.decode()
    assert all(f'id="{key}"' in rulebook for key in found)


def test_met_requirements_say_when_and_by_what(staff, published):
    requirements = {
        requirement.key: requirement.reason
        for requirement in staff.get(address(published, "A")).context["explained"].requirements
    }

    assert requirements == {
        "eligibility.letter_required": "On file since January 1, 2000.",
        "eligibility.legal_standing_required": "On record with the State Library.",
        "eligibility.filings_required": "2 filings submitted in time, the last on March 8, 2027, certified "
        "by March 8, 2027.",
        "eligibility.expenditure_report_required": "None owed: nothing was received in fiscal year 2025.",
    }


def test_withheld_payment_says_why_and_what_to_do(client, published):
    text = words(client.get(of_year("D")))

    assert "The record of loans for March 2026 to August 2026 was not filed" in text
    assert "Not met A requirement was not met" in text


def test_not_counted_is_not_zero(client, published):
    explained = client.get(of_year("C")).context["explained"]
    text = words(client.get(of_year("C")))

    assert explained.loans is None
    assert "n/c: the library said that it did not count them" in text
    assert "The library did not count what it lent" in text
    assert "The lender did not count its loans (n/c)." in text
    without_a_filing = client.get(of_year("D"))
    assert not without_a_filing.context["explained"].filed
    assert "not filed: no certified filing counts" in words(without_a_filing)


def test_queue_for_the_cents_left_over_is_told(staff, run):
    explained = staff.get(address(run, "A")).context["explained"]

    rounding = explained.transactions.rounding
    assert (rounding.cents, rounding.waiting) == (1, 2)
    assert [(place.number, place.key, place.gets_a_cent) for place in rounding.places] == [
        (1, "A", True),
        (2, "B", False),
    ]
    assert rounding.own.cut_off == Fraction(50_001 * 35, 55) % 1
    assert explained.net_plus.rounding.own is None  # nothing was cut off of the whole pool


def test_every_payment_follows_from_its_division_and_its_place_in_the_queue(run):
    explained = ExplainedRun(run)

    for payment in Payment.objects.filter(run=run).select_related("library"):
        told = explained.explain(payment)
        for share in (told.transactions, told.net_plus):
            cent = bool(share.rounding.own and share.rounding.own.gets_a_cent)
            assert share.division.whole_cents + cent == share.division.share_cents


def test_partners_are_charted_mapped_and_listed(client, published):
    response = client.get(of_year("A"))

    partners, by_town = response.context["partners"], response.context["by_town"]
    assert [(one.key, one.loans) for one in partners.lent] == [("B", 30), ("D", 5)]
    assert [(one.key, one.loans) for one in partners.borrowed] == [("B", 20)]
    assert [(row.town, row.lent, row.borrowed) for row in by_town.rows] == [
        ("Bethel", 30, 20),
        ("Derby", 5, 0),
    ]
    page = response.content.decode()
    assert "<title>Bethel: 30</title>" in page
    assert "<title>Canton: no loan</title>" in page
    assert "<title>Avon: not counted: no other library there</title>" in page
    assert "Avon, where it stands" in page
    assert page.count("<path id=") == 169
    assert " style=" not in page


def test_partners_are_a_file(client, published):
    response = client.get(address(published, "A", "payment_partners_csv"))

    rows = list(csv.reader(StringIO(response.content.decode())))
    assert rows == [
        ["lender", "home_library", "partner", "partner_town", "loans", "estimated"],
        ["A", "B", "Bethel Library", "Bethel", "30", "no"],
        ["A", "D", "Derby Library", "Derby", "5", "no"],
        ["B", "A", "Bethel Library", "Bethel", "20", "no"],
    ]
    assert response["Content-Disposition"] == 'attachment; filename="loans-FY2027-run-1-A.csv"'
    not_counted = client.get(address(published, "C", "payment_partners_csv")).content.decode()
    assert "C,D,Derby Library,Derby,n/c,no" in not_counted


def test_counts_that_are_estimated_are_marked_wherever_they_stand(staff, run, libraries):
    certified(libraries["A"], {libraries["B"]: 99}, first_day=HALVES[0].first_day, estimated="by distance")
    services.calculate_run(run=run, by=staff.user, at=AT)

    response = staff.get(address(run, "A"))

    assert [one.estimated for one in response.context["partners"].lent] == [True, False]
    assert "rest on counts that no library certified: by distance" in words(response)


def test_libraries_are_named_as_they_were(staff, run, libraries):
    LibraryName.objects.create(library=libraries["B"], name="Old Bethel", valid=(None, date(2027, 3, 5)))

    response = staff.get(address(run, "A"))

    assert response.context["partners"].lent[0].name == "Old Bethel"
    assert staff.get(address(run, "B")).context["explained"].name == "Old Bethel"


# The change from the year before


@pytest.fixture
def next_run(published, libraries, staff, settings):
    """The year after: A lends B 40, B lends A 20, from a smaller appropriation."""
    settings.DEMO_TODAY = date(2028, 4, 15)
    for key in ("A", "B"):
        PastPayment.objects.create(
            library=libraries[key], fiscal_year=FISCAL_YEAR - 1, cents=0, source="ledger"
        )
    for first_day in (date(2027, 3, 1), date(2027, 9, 1)):
        certified(libraries["A"], {libraries["B"]: 20}, first_day=first_day, cadence=Cadence.SEMIANNUAL)
        certified(libraries["B"], {libraries["A"]: 10}, first_day=first_day)
    of = Appropriation.objects.create(fiscal_year=FISCAL_YEAR + 1, cents=90_000, act="Public Act 27-1")
    made = services.create_run(appropriation=of, by=staff.user, at=A_YEAR_ON)
    return services.calculate_run(run=made, by=staff.user, at=A_YEAR_ON)


def test_change_is_told_cause_by_cause_and_adds_up(staff, published, next_run):
    response = staff.get(address(next_run, "A"))

    change = response.context["explained"].change
    before, now = (one.payments.get(library__key="A").payment_cents for one in (published, next_run))
    assert (change.before_cents, change.now_cents, change.cents) == (before, now, now - before)
    assert sum(cause.cents for cause in change.causes) == change.cents
    told = {cause.cause: cause.sentence for cause in change.causes}
    assert told[Cause.OWN_LOANS] == "What it lent rose from 35 to 40."
    assert told[Cause.OTHERS_LOANS] == "What the others lent stayed at 20, and their net plus stayed at 0."
    assert told[Cause.OWN_BORROWING] == "Loans elsewhere on its cards stayed at 20."
    assert told[Cause.APPROPRIATION] == "It fell from $1,000.01 to $900.00."
    assert "change.divided_between_causes" in response.content.decode()


@pytest.mark.parametrize("key", "ABCD")
def test_change_adds_up_for_every_library(next_run, key):
    explained = ExplainedRun(next_run, of=[key])

    change = explained.explain(next_run.payments.get(library__key=key)).change

    assert sum(cause.cents for cause in change.causes) == change.cents


def test_without_a_published_year_before_nothing_is_compared(client, published):
    response = client.get(of_year("A"))

    assert response.context["explained"].change is None
    assert "No payment run of fiscal year 2026 is published here" in words(response)


def test_library_that_was_not_in_the_year_before_has_one_cause(staff, next_run):
    new = make_home_library("New Library", key="N")
    make_letter(new)
    PastPayment.objects.create(library=new, fiscal_year=FISCAL_YEAR - 1, cents=0, source="ledger")
    services.calculate_run(run=next_run, by=staff.user, at=A_YEAR_ON)

    change = staff.get(address(next_run, "N")).context["explained"].change

    assert [(cause.cause, cause.cents) for cause in change.causes] == [(Cause.TAKING_PART, 0)]
    assert change.causes[0].sentence == "It was not in the payment run of fiscal year 2027."


# The years of a library


def test_years_of_a_library_are_listed_with_what_it_received(client, published):
    response = client.get(reverse("payments:library_payments", args=["A"]))

    assert [payment.run.fiscal_year for payment in response.context["payments"]] == [FISCAL_YEAR]
    text = words(response)
    assert "$0.00" in text
    assert "ledger" in text
    assert of_year("A") in response.content.decode()


def test_library_without_a_published_payment_says_so(client, run):
    text = words(client.get(reverse("payments:library_payments", args=["A"])))

    assert "No payment of this library is published." in text
