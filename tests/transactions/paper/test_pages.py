"""Pages of paper: what each carries for a library, what they refuse, and that they can send nothing."""

from html.parser import HTMLParser

import pytest

from tests.factories import make_delivery_site, make_library, make_town
from tests.page_text import text
from transactions.paper.barcodes import barcode_svg

pytestmark = pytest.mark.django_db

SHEETS = [
    "/paper/card/?library=CT0003&cards=2",
    "/paper/local-card/?library=CT0003&cards=1",
    "/paper/return-slip/?library=CT0003",
    "/paper/notice/?library=CT0003&home=CT0004",
]


class Inputs(HTMLParser):
    """Every control of the paper on a page, with whether it stands in a form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.in_form, self.in_sheet, self.found = False, False, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.in_form |= tag == "form"
        self.in_sheet |= "sheet" in (given.get("class") or "").split()
        if tag in ("input", "select", "textarea", "button") and self.in_sheet:
            self.found.append((given, self.in_form))

    def handle_endtag(self, tag):
        self.in_form &= tag != "form"


@pytest.fixture(autouse=True)
def libraries():
    return [
        make_library("Babcock Library", key="CT0003", town=make_town("Ashford")),
        make_library("Avon Free Public Library", key="CT0004", town=make_town("Avon")),
    ]


@pytest.mark.parametrize("address", SHEETS)
def test_what_is_typed_on_paper_can_reach_no_server(client, address):
    answer = client.get(address)
    lines = Inputs(answer.content.decode()).found

    assert lines
    for given, in_form in lines:
        assert "name" not in given
        assert "form" not in given
        assert given["autocomplete"] == "off"
        assert given.get("type") == "checkbox" or given["spellcheck"] == "false"
        assert not in_form
    assert "connect-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("address", SHEETS)
def test_paper_is_made_out_for_a_library_and_asks_for_one_first(client, address):
    path = address.partition("?")[0]

    assert "Babcock Library" in text(client.get(address))
    assert not Inputs(client.get(path).content.decode()).found
    assert "No library of this key is open." in text(client.get(f"{path}?library=CT9999"))


def test_card_names_the_town_only_where_the_library_s_name_does_not(client):
    assert "Ashford, Connecticut" in text(client.get("/paper/card/?library=CT0003&cards=1"))
    assert "Avon, Connecticut" not in text(client.get("/paper/card/?library=CT0004&cards=1"))


def test_card_for_one_library_says_so_and_offers_the_towns_of_others(client):
    page = client.get("/paper/local-card/?library=CT0003&cards=1")

    assert "For use in the Babcock Library only." in text(page)
    assert list(page.context["towns"]) == ["Avon"]


def test_return_slip_says_what_the_regulation_lays_down(client):
    page = text(client.get("/paper/return-slip/?library=CT0003"))

    words = (
        "This book was borrowed on interlibrary loan for your use. "
        "Please return it directly to the Babcock Library."
    )
    assert page.count(words) == 4


def test_notice_goes_to_another_library(client):
    page = text(client.get("/paper/notice/?library=CT0003&home=CT0003"))

    assert "For your own card no notice is needed." in page
    assert "What is owed" not in page


def test_card_that_lacks_something_is_told_what(client):
    asked = "/paper/card-check/?library=CT0003&names_library=yes&names_town=no&names_holder=yes"
    page = text(client.get(asked + "&expiry=computer&one_library_only=no"))

    assert "Something is missing on the card." in page
    assert "Print the town below the library’s name" in page
    assert "Write the date on the card itself" in page
    assert page.count("On the card") == 2
    assert page.count("Babcock Library") == 2  # whose card, and the list to choose from


def test_complete_card_is_told_so_and_an_answer_left_out_is_asked_for(client):
    asked = "/paper/card-check/?library=CT0004&names_library=yes&names_town=no&names_holder=yes&expiry=day"

    assert "The card shows all that it must." in text(client.get(asked + "&one_library_only=no"))
    assert "Answer yes or no." in text(client.get(asked))


# Routing slips


@pytest.fixture
def stops(libraries):
    babcock, avon = libraries
    make_delivery_site(library=babcock, code="A12")
    make_delivery_site(library=avon)
    make_delivery_site("Demonstration College 1", key="COL1", code="B7")


def routing(client, **asked):
    return client.get("/paper/routing-slips/", {"sender": "A12"} | asked)


@pytest.mark.parametrize("typed", ["b7", "COL1", "demonstration college 1", "B7 Demonstration College 1"])
def test_slip_goes_to_whom_code_key_name_or_list_says(client, stops, typed):
    page = routing(client, to_1=typed)

    ((stop, barcode),) = page.context["slips"]
    assert (stop.name, stop.code, page.context["sender"].name) == (
        "Demonstration College 1",
        "B7",
        "Babcock Library",
    )
    assert 'aria-label="B7"' in barcode
    assert not any("name" in given for given, _ in Inputs(page.content.decode()).found)


def test_sheet_has_a_slip_for_each_or_is_filled(client, stops):
    two = {"to_1": "B7", "to_3": "A12"}

    assert [stop.code for stop, _ in routing(client, **two).context["slips"]] == ["B7", "A12"]
    assert [stop.code for stop, _ in routing(client, **two, fill="on").context["slips"]] == [
        "B7",
        "B7",
        "A12",
        "A12",
    ]


def test_site_without_a_code_gets_a_line_to_write_it_on(client, stops):
    page = routing(client, to_1="Avon Free Public Library")

    assert "No delivery code of Avon Free Public Library is on record" in text(page)
    assert next(given["data-line"] for given, _ in Inputs(page.content.decode()).found) == "code"


def test_site_that_is_not_known_is_refused_and_an_empty_one_asked_for(client, stops):
    assert "No one site of deliverIT CT has this code or name." in text(routing(client, to_1="Z99"))
    assert "Type a delivery code or the name of a library." in text(routing(client, to_1=""))


def test_code_that_cannot_be_a_barcode_is_refused():
    with pytest.raises(ValueError, match="cannot be a barcode"):
        barcode_svg("é")
    with pytest.raises(ValueError, match="cannot be a barcode"):
        barcode_svg("")
