"""A new user files a library's year: pasted from a spreadsheet, mended, checked, certified, receipt verified.

Manchester Public Library, program year 2026: its loans of FY2018 on cards of 150 home libraries,
spread over twelve months as a year goes. The spreadsheet writes fifteen of its lines in odd ways, two of its
cells are no numbers, and one is unusual. Once by mouse, once by keyboard alone, once without JavaScript by
upload.
"""

import csv
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from connecticard.models import Role, User
from libraries.models import Library
from libraries.roster import load_roster
from payments.models import PastPayment
from tests.browser.hands import Hands, KeyboardHands, MouseHands
from tests.factories import PASSWORD, current_code, give_role, make_letter, make_user
from tests.payments.records import certified
from tests.transactions.conftest import months
from transactions.models import Filing
from transactions.rules.filing_calendar import Cadence
from transactions.services import open_filing_periods

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TODAY = date(2026, 3, 5)
LENDER = "CT0086"
YEAR = months(date(2025, 3, 1), 12)
PUBLISHED = Path(__file__).parents[2] / "transactions" / "data" / "loans_fy2018.csv"

# Of a hundred loans, how many fall into each month from March on.
OF_A_HUNDRED = (8, 8, 8, 9, 10, 10, 9, 8, 8, 7, 7, 8)

# What the spreadsheet calls fifteen of its lines, by key: some are plain, some are asked, one is no library.
READ_WITHOUT_ASKING = {
    "CT0162": "Rockville",
    "CT0144": "Simsbery",
    "CT0171": "W. Hartford",
    "CT0087": "Storrs",
    "CT0078": "Danielson",
    "CT0057": "Unionville",
    "CT0047": "Niantic",
    "CT0175": "Wethersfeild",
    "CT0073": "Hartford Public",
}
ASKED = {
    "CT0116": "Norwhich",
    "CT0023": "Canterbery",
    "CT0148": "So. Windsor",
    "CT0180": "Willimantic",
    "CT0059": "Glastonbury - Welles Turner",
}
LEFT_OUT = "Out of state"

# A month in which far more was lent to one town than in any other, for a reason that the library knows.
ROCKVILLE, BRANCH_CLOSED, ALL_OF_A_SUDDEN = "CT0162", YEAR[8], 1900

# Two cells in which a finger slipped: home library, month, what was typed and what is right.
SLIPS = (("CT0158", YEAR[4], "35O", 354), ("CT0135", YEAR[9], "-204", 204))


@pytest.fixture
def counts() -> dict[tuple[str, date], int]:
    """What Manchester lent, by key of the home library and month."""
    with PUBLISHED.open(newline="") as file:
        year = {
            row["home_library_fscs"]: int(row["loans"])
            for row in csv.DictReader(file)
            if row["lender_fscs"] == LENDER
        }
    shares = [sum(OF_A_HUNDRED[:month]) for month in range(13)]
    found = {
        (home, month): loans * shares[place + 1] // 100 - loans * shares[place] // 100
        for home, loans in year.items()
        for place, month in enumerate(YEAR)
    }
    for home, month, _, loans in SLIPS:
        assert found[home, month] == loans
    return found | {(ROCKVILLE, BRANCH_CLOSED): ALL_OF_A_SUDDEN}


@pytest.fixture
def spreadsheet(library: Library, counts: dict[tuple[str, date], int]) -> str:
    """The library's own table of its year, as a spreadsheet puts it into the clipboard."""
    odd = READ_WITHOUT_ASKING | ASKED
    names = dict(Library.objects.values_list("key", "name"))
    rows = [["Home library", *(f"{month:%b %Y}" for month in YEAR), "Total"]]
    slips = {(home, month): typed for home, month, typed, _ in SLIPS}
    for home in sorted({home for home, _ in counts}, key=lambda key: names[key]):
        cells = [slips.get((home, month), f"{counts[home, month]:,}") for month in YEAR]
        rows.append([odd.get(home, names[home]), *cells, f"{sum(counts[home, month] for month in YEAR):,}"])
    rows.append([LEFT_OUT, *["3"] * 12, "36"])
    sums = [sum(loans for (_, of), loans in counts.items() if of == month) for month in YEAR]
    rows.append(["Total", *(f"{loans + 3:,}" for loans in sums)])
    return "\r\n".join("\t".join(row) for row in rows) + "\r\n"


@pytest.fixture
def library(transactional_db: None, settings) -> Library:
    """Manchester, which files once a year and has begun nothing."""
    settings.DEMO_TODAY = TODAY
    load_roster()
    open_filing_periods(on=TODAY)
    manchester = Library.objects.get(key=LENDER)
    make_letter(manchester)
    PastPayment.objects.create(library=manchester, fiscal_year=2024, cents=0, source="Ledger")
    return manchester


@pytest.fixture(autouse=True)
def _a_year_before(library: Library, counts: dict[tuple[str, date], int]) -> None:
    """What Manchester certified for the twelve months before: the same, without what is unusual."""
    homes = Library.objects.in_bulk(field_name="key")
    certified(
        library,
        {
            (homes[home], month.replace(year=month.year - 1)): min(loans, 1300) * 97 // 100
            for (home, month), loans in counts.items()
        },
        first_day=date(2024, 3, 1),
        cadence=Cadence.ANNUAL,
    )


@pytest.fixture
def director(library: Library) -> User:
    """One person who files and certifies, as in many libraries."""
    person = make_user(Role.LIBRARY_CERTIFIER, library=library, name="Dana Director")
    give_role(person, Role.LIBRARY_FILER, library=library)
    return person


@pytest.fixture
def clipboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


@pytest.mark.usefixtures("clipboard")
@pytest.mark.parametrize("hands_of", [MouseHands, KeyboardHands])
def test_a_year_is_pasted_mended_checked_certified_and_verified(
    hands_of: type[Hands],
    page: Page,
    browser: Browser,
    site: str,
    director: User,
    spreadsheet: str,
    counts: dict[tuple[str, date], int],
    complaints: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    hands = hands_of(page)

    sign_in(hands, site, director)
    begin(hands)
    hands.reach(hands.cell("Abington Social Library", "Mar 2025"))
    hands.paste(spreadsheet)
    answer_what_is_asked(hands)
    save_the_differences(hands)
    mend_the_slips(hands)
    explain_and_submit(hands)
    number = certify(hands, director)
    verify(hands, browser.new_page(), site, number)

    assert as_certified() == counts
    assert complaints == []
    with capsys.disabled():
        print(f"\n{hands.report()}")  # noqa: T201


def test_a_year_is_uploaded_without_javascript(
    browser: Browser,
    site: str,
    director: User,
    spreadsheet: str,
    counts: dict[tuple[str, date], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    hands = MouseHands(page, has_script=False)
    file = {"name": "2025-26.tsv", "mimeType": "text/tab-separated-values", "buffer": spreadsheet.encode()}

    sign_in(hands, site, director)
    begin(hands)
    hands.press(hands.link("Upload a file or paste a table"))
    hands.arrives_at("Upload or paste loans for March 2025 to February 2026")
    page.get_by_label("A file").set_input_files(file)
    hands.press(hands.button("Show the differences"))
    answer_what_is_asked(hands)
    save_the_differences(hands)
    mend_the_slips(hands)
    explain_and_submit(hands)
    number = certify(hands, director)
    verify(hands, browser.new_context(java_script_enabled=False).new_page(), site, number)

    assert as_certified() == counts
    with capsys.disabled():
        print(f"\nWithout JavaScript: {hands.report()}")  # noqa: T201


def as_certified() -> dict[tuple[str, date], int]:
    """Return what stands on record for the year, by key of the home library and month."""
    standing = Filing.objects.standing().get(period__first_day=YEAR[0])
    return {
        (count.home_library.key, count.month): count.loans
        for count in standing.loan_counts.select_related("home_library")
    }


def sign_in(hands: Hands, site: str, person: User) -> None:
    page = hands.page
    page.goto(f"{site}/account/login/")
    hands.fill(page.get_by_label("E-mail address"), person.email)
    hands.fill(page.get_by_label("Password", exact=True), PASSWORD)
    hands.key("Enter")
    expect(page.get_by_label("Code")).to_be_visible()
    hands.fill(page.get_by_label("Code"), current_code(person))
    hands.key("Enter")
    hands.arrives_at("Manchester Public Library")


def begin(hands: Hands) -> None:
    hands.press(hands.button("Enter loans"))
    hands.arrives_at("Enter loans for March 2025 to February 2026")


def answer_what_is_asked(hands: Hands) -> None:
    """Nine of the odd labels are read without asking; the others are asked, with likely answers first."""
    page = hands.page
    hands.arrives_at("What is meant?")
    expect(page.get_by_role("combobox")).to_have_count(len(ASKED) + 1)
    names = dict(Library.objects.filter(key__in=ASKED).values_list("key", "name"))
    for key, label in sorted(ASKED.items(), key=lambda asked: names[asked[0]]):
        hands.choose(page.get_by_role("combobox", name=label), names[key])
    hands.choose(page.get_by_role("combobox", name=LEFT_OUT), "Not a Connecticut home library")
    hands.press(hands.button("Show the differences"))


def save_the_differences(hands: Hands) -> None:
    page = hands.page
    hands.arrives_at("What would change")
    read_as = page.get_by_role("region", name="How labels were read")
    for label in READ_WITHOUT_ASKING.values():
        expect(read_as).to_contain_text(label)
    hands.press(hands.button("Save these changes"))


def mend_the_slips(hands: Hands) -> None:
    """The page names what was not taken over; it is typed into its cells."""
    page = hands.page
    hands.arrives_at("Enter loans for March 2025 to February 2026")
    still_to_mend = page.get_by_role("main").get_by_text("Still to mend")
    names = dict(Library.objects.values_list("key", "name"))
    for home, month, typed, loans in SLIPS:
        expect(still_to_mend).to_contain_text(f"“{typed}”")
        expect(still_to_mend).to_contain_text(names[home])
        hands.go_to_cell(names[home], f"{month:%b %Y}")
        hands.write(str(loans))
        if hands.has_script:  # without, Enter sends the form
            hands.key("Enter")
    hands.press(hands.button("Save and check"))


def explain_and_submit(hands: Hands) -> None:
    """The check asks about one cell, and takes a reason."""
    page = hands.page
    hands.arrives_at("Check and submit March 2025 to February 2026")
    asked = page.get_by_role("main").get_by_role("group")
    expect(asked).to_have_count(1)
    expect(asked).to_contain_text("Rockville Public Library, Inc., Nov 2025")
    hands.choose(asked.get_by_label("Reason"), "A library nearby")
    hands.press(hands.button("submit to the State Library"))
    expect(page.get_by_text("Submitted to the State Library")).to_be_visible()


def certify(hands: Hands, director: User) -> str:
    """Sign with the second factor; return the number of the certificate."""
    page = hands.page
    hands.arrives_at("Filing for March 2025 to February 2026")
    hands.press(hands.link("Review and certify"))
    hands.arrives_at("Certify the filing for March 2025 to February 2026")
    hands.fill(page.get_by_label("Code from your authenticator app"), current_code(director))
    hands.press(hands.button("Certify this filing"))
    expect(page.get_by_text("Certified. This filing now counts")).to_be_visible()
    hands.arrives_at("Filing for March 2025 to February 2026")
    return page.get_by_role("main").locator("a.receipt-number").first.inner_text()


def verify(hands: Hands, page: Page, site: str, number: str) -> None:
    """Somebody who has the number, and no account, sees that the certificate is genuine."""
    hands.page = page
    page.goto(site)
    hands.press(page.get_by_role("main").get_by_role("link", name="Check a receipt"))
    hands.arrives_at("Check a receipt")
    hands.fill(page.get_by_role("main").get_by_role("textbox").first, number)
    hands.press(hands.button("Show the receipt"))
    hands.arrives_at("Certificate")
    expect(page.get_by_text("the number is genuine")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"{number}")
    expect(page.get_by_role("main")).to_contain_text("Dana Director")
    page.context.close()
