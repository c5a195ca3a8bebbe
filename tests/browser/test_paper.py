"""Paper as a desk uses it: typed in the browser, printed on letter, read back by a scanner, sent nowhere."""

import io

import pymupdf
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.factories import make_delivery_site, make_library, make_town

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LETTER = (612, 792)  # points
CARD = "/paper/card/?library=CT0003&cards=10"
LOCAL_CARD = "/paper/local-card/?library=CT0003&cards=4"
SLIP = "/paper/return-slip/?library=CT0003"
ROUTING = "/paper/routing-slips/?sender=A12&to_1=B7&to_2=A12&fill=on"
NOTICE = "/paper/notice/?library=CT0003&home=CT0004"


@pytest.fixture(autouse=True)
def libraries(transactional_db: None) -> None:
    babcock = make_library("Babcock Library", key="CT0003", town=make_town("Ashford"))
    make_delivery_site(library=babcock, code="A12")
    make_delivery_site("Demonstration College 1", code="B7")
    make_library("Avon Free Public Library", key="CT0004", town=make_town("Avon"))


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The address of everything that the browser asks for or sends."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def printed(page: Page) -> list[Image.Image]:
    """Return each sheet that would be printed, as a printer of 200 dots an inch does it."""
    paper = pymupdf.open(stream=page.pdf(prefer_css_page_size=True), filetype="pdf")
    assert {tuple(round(side) for side in sheet.rect.br) for sheet in paper} == {LETTER}
    return [Image.open(io.BytesIO(sheet.get_pixmap(dpi=200).tobytes("png"))) for sheet in paper]


def scanned(sheet: Image.Image) -> list[str]:
    return sorted(found.text for found in zxingcpp.read_barcodes(sheet))


def sent(addresses: list[str]) -> list[str]:
    """Leave out files that every page has, such as a typeface that comes to be needed."""
    return [address for address in addresses if not address.endswith((".woff2", "/icon.svg"))]


def test_numbers_typed_on_cards_are_read_back_from_one_printed_sheet_and_were_never_sent(
    page: Page, site: str, asked: list[str], complaints: list[str]
) -> None:
    page.goto(site + CARD)
    cards = page.get_by_role("group")
    loaded = len(asked)

    cards.nth(0).get_by_label("Name").fill("Maria Hernández")
    cards.nth(0).get_by_label("Expires").fill("06/30/2099")
    for number in range(10):
        cards.nth(number).get_by_label("Number").fill(f"2123400056789{number}")
    cards.nth(0).get_by_label("Number").press("Enter")

    expect(cards.nth(1).get_by_label("Name")).to_be_focused()  # as after a scanner
    expect(cards.nth(9).get_by_label("Expires")).to_have_value("06/30/2099")
    (sheet,) = printed(page)
    assert scanned(sheet) == [f"2123400056789{number}" for number in range(10)]
    assert findings(page) == []
    assert sent(asked[loaded:]) == []
    assert complaints == []


def test_other_papers_fit_one_sheet_and_their_numbers_are_read_back(
    page: Page, site: str, asked: list[str], complaints: list[str]
) -> None:
    for address in (LOCAL_CARD, SLIP, NOTICE):
        page.goto(site + address)
        loaded = len(asked)

        page.get_by_label("number").or_(page.get_by_label("Number")).first.fill("R-00731a")

        (sheet,) = printed(page)
        assert scanned(sheet) == ["R-00731a"], address
        assert findings(page) == [], address
        assert sent(asked[loaded:]) == [], address

    page.get_by_label("Item 1, fine").fill("1,000.10")
    page.get_by_label("Item 2, fine").fill(".20")
    expect(page.locator("[data-total=fine]")).to_have_text("")
    expect(page.get_by_text("Enter dollars and cents")).to_be_visible()

    page.get_by_label("Item 2, fine").fill("0.20")
    expect(page.locator("[data-total=fine]")).to_have_text("$1000.30")

    page.goto(site + ROUTING)
    page.get_by_label("Remarks", exact=True).first.fill("Two bags")
    (sheet,) = printed(page)
    assert scanned(sheet) == ["A12", "A12", "B7", "B7"]
    assert findings(page) == []
    assert complaints == []


def test_card_takes_no_day_that_has_passed_and_what_was_typed_is_forgotten(page: Page, site: str) -> None:
    page.goto(site + CARD)
    card = page.get_by_role("group").nth(0)
    name, expires = card.get_by_label("Name"), card.get_by_label("Expires")
    asks = card.get_by_text("Enter month, day and year of a day after today")

    for refused in ("02/30/2099", "06/2099", "06/30/2019"):
        expires.fill(refused)
        expires.blur()
        expect(asks).to_be_visible()
    expires.fill("06/30/2099")
    expect(asks).to_be_hidden()

    name.fill("Maria Hernández")
    page.get_by_role("button", name="Clear what was typed").click()
    expect(name).to_have_value("")

    name.fill("Maria Hernández")
    page.goto(site + "/paper/")
    page.go_back()
    expect(name).to_have_value("")


def test_paper_without_scripts_has_lines_to_write_on(browser: Browser, site: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(site + CARD)

    page.get_by_role("group").nth(0).get_by_label("Name").fill("Maria Hernández")

    assert page.get_by_role("button", name="Print").count() == 0
    assert "Print this page with your browser." in page.content()
    assert len(printed(page)) == 1
