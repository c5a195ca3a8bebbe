"""One library's filing, from its first count to a paid statement, by the hands of four people.

Every page that they come to is held to axe at both widths, and to a quiet console.

Four libraries, fiscal year 2027, $1,000.01 to divide; the fourth has filed nothing and lent nothing::

    lender    lent  of which to cards of                borrowed  net plus
    Avon        60  Bethel 20 before, 30 now; Canton 10 now    20        40
    Bethel      20  Avon 20                                    70         0
    Canton      20  Bethel 20                                  10        10
    all        100                                                       50

Half is $500.00, and the odd cent goes to the transactions pool: $500.01 * 60 / 100 = $300.006 for Avon. Cut
to cents the shares are 300.00 + 100.00 + 100.00, and the cent left over is Avon's, whose cut-off part is the
largest: $300.01. Net plus: $500.00 * 40 / 50 = $400.00. Together $700.01.
"""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from connecticard.celery import app
from connecticard.models import Role, User
from payments.models import PastPayment
from tests.browser.axe import findings
from tests.factories import PASSWORD, current_code, make_home_library, make_letter, make_period, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DUE = date(2027, 3, 8)
NOBODY_CAN_FILE_IN_TIME = date(2027, 3, 9)
LONG_NAME = "Bethel Public Library and Reading Room of Upper Fairfield County"
PAYMENT = "$700.01"


@pytest.fixture
def libraries(transactional_db):
    """Avon has filed its first half; Bethel and Canton their whole year; the fourth nothing."""
    names = ("Avon Free Public Library", LONG_NAME, "Canton Public Library", "Derby Neck Library")
    made = [make_home_library(name) for name in names]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="Ledger")
    avon, bethel, canton, _ = made
    first, second = (half.first_day for half in HALVES)
    make_period(second)
    certified(avon, {bethel: 20}, first_day=first)
    certified(bethel, {avon: 15}, first_day=first)
    certified(bethel, {avon: 5}, first_day=second)
    certified(canton, {bethel: 20}, first_day=first)
    certified(canton, {}, first_day=second)
    appropriation(100_001)
    return made


@pytest.fixture(autouse=True)
def _documents_are_made_at_once(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def look_at(page: Page) -> None:
    """Hold the page one is on to axe and to its frame, on a phone and on a desk."""
    assert findings(page) == [], page.url


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)
    look_at(page)


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("link", name=name).first.click()


def cell(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def sign_in(page: Page, site: str, user: User) -> None:
    """Sign in as another person, by keyboard."""
    page.context.clear_cookies()
    page.goto(f"{site}/account/login/")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(user.email)
    page.get_by_label("Password", exact=True).focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill(current_code(user))
    page.keyboard.press("Enter")


def sign(page: Page, user: User, button: str) -> None:
    page.get_by_label("Code from your authenticator app").fill(current_code(user))
    press(page, button)


def test_a_filing_becomes_a_paid_statement(page, site, complaints, settings, libraries):
    avon = libraries[0]
    settings.DEMO_TODAY = DUE
    filer, certifier = (
        make_user(Role.LIBRARY_FILER, library=avon),
        make_user(Role.LIBRARY_CERTIFIER, library=avon),
    )
    staff, administrator = make_user(Role.STATE_STAFF), make_user(Role.STATE_ADMINISTRATOR)

    page.goto(site)
    look_at(page)
    enter_and_submit(page, site, filer)
    certify_the_filing(page, site, certifier)
    settings.DEMO_TODAY = NOBODY_CAN_FILE_IN_TIME
    calculate_the_run(page, site, staff)
    certify_the_run(page, site, administrator)
    publish_the_run(page)
    open_the_statement(page, avon)

    sign_in(page, site, filer)
    heading(page, "Avon Free Public Library")
    page.get_by_text("Payments and money received", exact=True).click()
    expect(page.get_by_role("row", name=f"2027 60 20 {PAYMENT} $0.00")).to_be_visible()
    assert complaints == []


def enter_and_submit(page: Page, site: str, filer: User) -> None:
    sign_in(page, site, filer)
    heading(page, "Avon Free Public Library")
    press(page, re.compile("Enter loans.+September 2026 to February 2027"))
    heading(page, "Enter loans for September 2026 to February 2027")

    cell(page, f"{LONG_NAME} Sep 2026").focus()
    page.keyboard.type("3o")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for loans in ("10", "0", "0", "0"):
        page.keyboard.type(loans)
        page.keyboard.press("Tab")
    expect(cell(page, "Canton Public Library Oct 2026")).to_have_value("10")
    press(page, "Save and check")
    expect(page.get_by_role("alert")).to_contain_text("“3o” is not a whole number.")
    look_at(page)

    page.get_by_role("alert").get_by_role("link", name=LONG_NAME).press("Enter")
    expect(cell(page, f"{LONG_NAME} Sep 2026")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("30")
    expect(page.locator("#sum")).to_have_text("40")
    press(page, "Save and check")
    heading(page, "Check and submit September 2026 to February 2027")
    expect(page.get_by_role("listitem").filter(has_text="No loans are entered for")).to_have_count(1)
    follow(page, "Go back to the loans")
    cell(page, "Canton Public Library Feb 2027").focus()
    page.keyboard.type("0")
    press(page, "Save and check")
    expect(page.get_by_text("Every check is passed.")).to_be_visible()
    press(page, "Submit to the State Library")
    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    look_at(page)


def certify_the_filing(page: Page, site: str, certifier: User) -> None:
    sign_in(page, site, certifier)
    follow(page, re.compile("Review and certify.+September 2026 to February 2027"))
    heading(page, "Certify the filing for September 2026 to February 2027")
    sign(page, certifier, "Certify this filing")
    expect(page.get_by_text("This filing now counts toward your library's payment.")).to_be_visible()
    look_at(page)


def calculate_the_run(page: Page, site: str, staff: User) -> None:
    sign_in(page, site, staff)
    heading(page, "What libraries owe")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Payments").click()
    heading(page, "Payment runs")
    follow(page, "Begin a payment run")
    heading(page, "Begin a payment run")
    page.get_by_label("Fiscal year").select_option(index=1)
    press(page, "Begin the run")
    heading(page, "Payment run 2027-1")
    press(page, "Calculate")
    expect(page.get_by_text("Payment run 2027-1 is calculated.")).to_be_visible()
    expect(page.get_by_text("1 of 4 libraries.", exact=False)).to_be_visible()
    look_at(page)


def certify_the_run(page: Page, site: str, administrator: User) -> None:
    sign_in(page, site, administrator)
    heading(page, "Payment runs")
    follow(page, "Payment run 2027-1")
    follow(page, "Certify")
    heading(page, "Certify Payment run 2027-1")
    sign(page, administrator, "Certify in my name")
    expect(page.get_by_text("Its figures cannot change any more.")).to_be_visible()
    follow(page, "Avon Free Public Library")
    heading(page, "Avon Free Public Library")
    expect(page.get_by_text(f"$300.01 + $400.00 = {PAYMENT}")).to_be_visible()
    follow(page, "Payment run 2027-1")


def publish_the_run(page: Page) -> None:
    heading(page, "Payment run 2027-1")
    follow(page, "Publish")
    heading(page, "Publish Payment run 2027-1")
    press(page, "Publish fiscal year 2027")


def open_the_statement(page: Page, library) -> None:
    follow(page, "Documents")
    heading(page, "Documents")
    expect(page.get_by_role("heading", name="Statements")).to_be_visible()
    look_at(page)
    row = page.get_by_role("row", name=str(library))
    address = page.url.split("/payment-runs")[0]
    pdf, csv = (
        page.request.get(address + row.get_by_role("link", name=kind).get_attribute("href"))
        for kind in ("PDF", "CSV")
    )

    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.body().startswith(b"%PDF-")
    assert PAYMENT.removeprefix("$") in csv.text()
