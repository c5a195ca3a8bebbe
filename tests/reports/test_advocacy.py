"""The advocacy sheet: sentences worked out of figures, the page and the PDF."""

import io
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from libraries.models import Library
from reports.contents import MadeFrom
from reports.contents.advocacy import AdvocacySheet, SheetPartner
from reports.documents import pdf_of
from reports.places.advocacy import advocacy_sheet
from tests.page_text import text
from tests.reports.pdf_structure import assert_good_structure
from transactions.models import Provenance

FILED, ESTIMATED = Provenance.FILED, Provenance.ESTIMATED
SHEET = AdvocacySheet(
    library_key="CT0001",
    library_name="Avon Library",
    town="Avon",
    fiscal_year=2027,
    measured="March 2026 to February 2027",
    price_cents=1500,
    cost_cents=105,
    borrowed=1200,
    borrowed_from=85,
    borrowed_kind=FILED,
    lent=2000,
    lent_to=90,
    lent_kind=FILED,
    took_part=True,
    filed=True,
    payment_cents=64_000,
    withheld_cents=0,
    payment_kind=FILED,
    lenders=(),
    borrowers=(),
    estimate_note="",
    address="https://borrowit.example.org/libraries/CT0001/advocacy/",
    made_from=MadeFrom("run", "0" * 64, "0" * 64, date(2027, 4, 1)),
)


def test_sentences_say_what_borrowing_would_have_cost():
    assert SHEET.borrowing == (
        "Residents with cards of Avon Library borrowed 1,200 items at 85 other libraries of Connecticut.",
        "Bought at $15.00 each (assumption), they would have cost $18,000.00.",
    )


def test_sentences_say_what_lending_cost_and_what_was_paid():
    assert SHEET.lending == (
        "It lent 2,000 items to people with cards of 90 other libraries.",
        "The State paid it $640.00 for fiscal year 2027: 32.0 cents a loan.",
        "At $1.05 a loan (assumption), lending cost it $2,100.00; the payment covers 30.5% of that.",
    )


def test_one_of_each_is_singular():
    one = replace(SHEET, borrowed=1, borrowed_from=1, lent=1, lent_to=1, payment_cents=20)

    assert one.borrowing == (
        "Residents with cards of Avon Library borrowed 1 item at 1 other library of Connecticut.",
        "Bought at $15.00 (assumption), it would have cost $15.00.",
    )
    assert one.lending[0] == "It lent 1 item to people with cards of 1 other library."


@pytest.mark.parametrize(
    ("known", "sentences"),
    [
        (
            {"borrowed": 0, "borrowed_from": 0},
            ["No loan on cards of Avon Library at another"],
        ),
        ({"lent": 0, "lent_to": 0, "payment_cents": 0}, ["It lent nothing to residents of other towns."]),
        ({"lent": None, "payment_cents": 0}, ["did not count what it lent, which is not zero"]),
        ({"lent": None, "filed": False, "payment_cents": 0}, ["No certified filing of it counts"]),
        ({"lent": None, "took_part": False, "payment_cents": None}, ["It took no part in these months"]),
        (
            {"payment_cents": 0, "withheld_cents": 64_000},
            [
                "Its payment of $640.00 was withheld",
                "At $1.05 a loan (assumption), lending cost it $2,100.00.",
            ],
        ),
        ({"payment_cents": 0}, ["The State paid it nothing for fiscal year 2027."]),
        (
            {"payment_cents": 210_000},
            ["$1.05 a loan.", "$2,100.00; the payment covers that."],
        ),
        ({"borrowed_kind": ESTIMATED}, ["borrowed 1,200 items (estimated) at 85"]),
        ({"lent_kind": Provenance.PUBLISHED}, ["2,000 items (published, not certified by the library) to"]),
    ],
)
def test_what_is_missing_withheld_or_estimated_is_said(known, sentences):
    sheet = replace(SHEET, **known)

    said = " ".join([*sheet.borrowing, *sheet.lending])

    for sentence in sentences:
        assert sentence in said


# From the records


@pytest.mark.django_db
def test_sheet_of_a_run_has_its_figures(world):
    sheet = advocacy_sheet(world.libraries["CT0001"], world.certified_run)
    payment = world.certified_run.payments.get(library__key="CT0001")

    assert (sheet.borrowed, sheet.lent) == (payment.borrows, payment.loans) == (20, 30)
    assert sheet.payment_cents == payment.payment_cents
    assert sheet.would_have_cost_cents == 20 * 1500
    assert sheet.lending_cost_cents == 30 * 105


@pytest.mark.django_db
def test_sheet_of_a_library_outside_the_program_knows_no_loans(world):
    sheet = advocacy_sheet(Library.objects.get(key="CT0005"), world.certified_run)

    assert (sheet.lent, sheet.payment_cents, sheet.took_part) == (None, None, False)


@pytest.mark.django_db
def test_page_names_its_assumptions_and_takes_others(client, world):
    published = text(client.get("/libraries/CT0001/advocacy/"))
    other = text(client.get("/libraries/CT0001/advocacy/?year=2027&price=20&cost=2.50"))

    assert "$300.00 assumption what they would have cost to buy, at $15.00 each" in published
    assert "The State Library reckons so: Connecticut State Library, FY23 borrowIT CT Highlights" in published
    assert "$400.00 assumption what they would have cost to buy, at $20.00 each" in other
    assert "Whoever made this sheet entered it; the State Library reckons with $15.00" in other
    assert "At $2.50 a loan (assumption), lending cost it $75.00" in other


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["price=abc", "price=0", "cost=1e9", "price=NaN", "year=1999"])
def test_page_says_what_cannot_be_assumed(client, world, query):
    page = client.get(f"/libraries/CT0001/advocacy/?{query}")

    assert page.status_code == 404
    assert "usa-error-message" in page.content.decode()
    assert client.get(f"/libraries/CT0001/advocacy.pdf?{query}").status_code == 404


@pytest.mark.django_db
def test_pdf_is_one_tagged_page_and_the_same_each_time(client, world):
    first, again = (client.get("/libraries/CT0001/advocacy.pdf?year=2027&price=15.00") for _ in range(2))

    assert first["Content-Type"] == "application/pdf"
    assert first.content == again.content
    assert_good_structure(first.content)
    with pikepdf.open(io.BytesIO(first.content)) as document:
        assert len(document.pages) == 1


def test_who_has_too_many_made_waits_and_a_kept_one_is_given_to_everybody(client, world, settings):
    settings.ACCOUNT_RATE_LIMITS = {"pdf_made_for_anybody": "1/m/ip"}
    address = "/libraries/CT0001/advocacy.pdf"

    statuses = [
        client.get(address, asked).status_code
        for asked in ({"year": "2027"}, {"year": "2027", "price": "16.00"}, {"year": "2027"})
    ]

    assert statuses == [200, 429, 200]


def test_sheet_with_the_longest_words_is_still_one_page():
    partners = (SheetPartner("Licia & Mason Beekley Community Library", 123_456, Provenance.PUBLISHED),) * 5
    longest = replace(
        SHEET,
        library_name="Licia & Mason Beekley Community Library",
        borrowed=123_456,
        lent=234_567,
        borrowed_kind=Provenance.PUBLISHED,
        lent_kind=Provenance.PUBLISHED,
        payment_kind=Provenance.PUBLISHED,
        price_cents=99_999,
        cost_cents=9_999,
        lenders=partners,
        borrowers=partners,
        estimate_note="lender totals published; borrower split estimated; " * 2,
    )

    with pikepdf.open(io.BytesIO(pdf_of(longest))) as document:
        assert len(document.pages) == 1
