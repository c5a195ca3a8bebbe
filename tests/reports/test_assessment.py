"""The assessment of a library or a consortium: its figures, its page and its PDF."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import Role
from libraries.models import Library, Town
from payments.models import Measure, PublishedFigure
from reports.assessment.gathering import consortium_assessment, library_assessment
from reports.assessment.selection import EVERY, Selection, sections_of
from reports.contents.assessment import Section
from reports.models import CirculationMonths, GivenCirculation
from tests.api_world import AT, TODAY
from tests.factories import make_consortium, make_signed_in_client
from tests.page_text import text
from tests.reports.pdf_structure import assert_good_structure
from transactions.models import Provenance

NARROW = Selection(sections=(Section.COST, Section.LOANS))


@pytest.fixture
def avon(world):
    return world.libraries["CT0001"]


@pytest.fixture
def consortium(world):
    return make_consortium("Charter Oak", members=(world.libraries["CT0001"], world.libraries["CT0002"]))


def assessed(library, world, selection=Selection()):  # noqa: B008 - a frozen value
    return library_assessment(library, world.certified_run, selection, today=TODAY)


def circulated(library, items, *, by, months=CirculationMonths.MEASURED):
    return GivenCirculation.objects.create(
        library=library,
        fiscal_year=2027,
        months=months,
        items=items,
        source="Annual statistical report",
        given_by=by,
        given_at=AT,
    )


# The selection in the address


def test_an_address_that_names_no_section_shows_every_one():
    assert sections_of("") == EVERY


@pytest.mark.parametrize("text", ["loans.elephants", "loans.loans", "loans."])
def test_an_address_with_an_unknown_or_repeated_section_is_refused(text):
    with pytest.raises(ValueError, match=r"elephants|once|''"):
        sections_of(text)


def test_a_selection_comes_back_from_its_own_address():
    asked = Selection(sections=(Section.PEERS, Section.LOANS), fiscal_year=2027, cost_cents=250)

    assert asked.query == "sections=peers.loans&year=2027&price=15.00&cost=2.50&average=0.32"
    assert sections_of(asked.in_address) == asked.sections


def test_each_section_can_be_moved_left_out_and_added():
    first, last = NARROW.choices

    assert (first.up, last.down) == ("", "")
    assert first.down.startswith("sections=loans.cost&")
    assert last.up.startswith("sections=loans.cost&")
    assert first.out.startswith("sections=loans&")
    assert [section for section, _ in NARROW.left_out] == [
        section for section in EVERY if section not in NARROW.sections
    ]
    assert NARROW.left_out[0][1].startswith("sections=cost.loans.share&")


def test_the_last_section_cannot_be_left_out():
    (only,) = Selection(sections=(Section.COST,)).choices

    assert (only.up, only.down, only.out) == ("", "", "")


# From the records


@pytest.mark.django_db
def test_figures_are_those_of_the_run(world, avon):
    found = assessed(avon, world)
    payment = world.certified_run.payments.get(library=avon)

    assert (found.lent.number, found.borrowed.number) == (payment.loans, payment.borrows) == (30, 20)
    assert found.payment_cents == payment.payment_cents
    assert found.residents == avon.town.population
    assert found.lent_and_borrowed[-1] == "That is 10 items more lent than borrowed (50.0%)."
    assert [line.town for line in found.used] == [line.town for line in found.came] == ["Bethel"]


@pytest.mark.django_db
def test_a_library_outside_the_program_is_compared_with_nobody(world):
    found = assessed(Library.objects.get(key="CT0005"), world)

    assert found.lent.number is None
    assert found.lent_and_borrowed == (
        "It took no part in these months, so what it lent is not reported.",
        "No loan on its cards at another library is counted.",
        "Which of the two is more cannot be said.",
    )
    assert found.beside_peers[0] in (
        "It has no peer of similar size.",
        "What it lent is not known, so it is not compared.",
    )


@pytest.mark.django_db
def test_peers_serve_at_least_half_and_at_most_twice_as_many(world, avon):
    """Canton serves two towns, 2,001 people in all."""
    for name, residents in (("Avon", 1000), ("Bethel", 2000), ("Canton", 2000), ("Dunes", 1)):
        Town.objects.filter(name=name).update(population=residents)

    found = assessed(avon, world)

    assert [(line.name, line.is_own) for line in found.peers] == [
        ("Bethel Library", False),
        ("Avon Library", True),
    ]
    assert found.beside_peers[0] == "For each resident it lent more than the peer."


@pytest.mark.django_db
def test_share_is_worked_out_once_the_library_gave_its_circulation(world, avon):
    before = assessed(avon, world)
    circulated(avon, 600, by=world.filer)
    after = assessed(avon, world)

    assert before.share[0].startswith("Its circulation is not on record")
    assert after.share == (
        "Of 600 items circulated (March 2026 to February 2027), 30 went to residents of other towns: 5.0%.",
    )
    assert after.circulation_sources == ("Annual statistical report",)


@pytest.mark.django_db
def test_circulation_of_other_months_makes_the_share_near_not_exact(world, avon):
    circulated(avon, 600, by=world.filer, months=CirculationMonths.FISCAL_YEAR)

    found = assessed(avon, world)

    assert "(July 2026 to June 2027)" in found.share[0]
    assert "not exact" in found.share[1]


@pytest.mark.django_db
def test_five_years_end_with_the_year_asked_for_and_keep_their_gaps(world, avon):
    for year, loans in ((2024, 15), (2026, None), (2020, 99)):
        PublishedFigure.objects.create(
            library=avon, measure=Measure.LOANS, fiscal_year=year, value=loans, source="A list"
        )

    found = assessed(avon, world)

    assert [(line.fiscal_year, line.lent) for line in found.years] == [
        (2023, None),
        (2024, 15),
        (2025, None),
        (2026, None),
        (2027, 30),
    ]
    assert found.through_the_years == (
        "It lent 30 items in fiscal year 2027, 15 more than in fiscal year 2024 (100.0%).",
        "Fiscal years 2023, 2025 and 2026 are not known.",
    )
    assert (found.years[1].kind, found.years[4].kind) == (Provenance.PUBLISHED, Provenance.FILED)


@pytest.mark.django_db
def test_members_are_added_up_and_what_they_lent_each_other_is_told(world, consortium):
    found = consortium_assessment(consortium, world.certified_run, Selection(), today=TODAY)

    assert (found.subject.members, found.lent.number, found.borrowed.number) == (2, 50, 50)
    assert found.borrowed_within == 50
    assert found.payment_cents == sum(
        line.payment_cents
        for line in world.certified_run.payments.filter(library__key__in=["CT0001", "CT0002"])
    )
    assert found.beside_peers == ("No other consortium is on record.",)
    assert [line.name for line in found.members] == ["Avon Library", "Bethel Library"]


@pytest.mark.django_db
def test_consortium_counts_the_towns_of_its_members_once(world, consortium):
    avon, bethel = world.libraries["CT0001"], world.libraries["CT0002"]

    found = consortium_assessment(consortium, world.certified_run, Selection(), today=TODAY)

    assert found.residents == avon.town.population + bethel.town.population


@pytest.mark.django_db
def test_circulation_of_members_counts_those_that_gave_it(world, consortium):
    circulated(world.libraries["CT0001"], 300, by=world.filer)

    found = consortium_assessment(consortium, world.certified_run, Selection(), today=TODAY)

    assert (
        "by the 1 of 2 members that gave the figure, 30 went to residents of other towns: 10.0%."
        in found.share[0]
    )
    assert found.circulation_sources == ("Avon Library: Annual statistical report",)


@pytest.mark.django_db
def test_consortium_without_a_member_that_day_has_no_assessment(world, consortium):
    consortium.memberships.update(valid=DateRange(None, date(2020, 1, 1)))

    assert consortium_assessment(consortium, world.certified_run, Selection(), today=TODAY) is None


# Page and paper


@pytest.mark.django_db
def test_page_shows_the_sections_asked_for_in_their_order(world, avon):
    client = make_signed_in_client(Role.LIBRARY_FILER, avon)

    every = client.get("/libraries/CT0001/assessment/")
    two = client.get("/libraries/CT0001/assessment/?sections=cost.loans&cost=2.50")

    assert all(f'<h2 id="{section}">' in every.content.decode() for section in EVERY)
    page = two.content.decode()
    assert page.index('<h2 id="cost">') < page.index('<h2 id="loans">')
    assert '<h2 id="trend">' not in page
    assert "At $2.50 a loan (assumption), lending cost it $75.00" in text(two)
    assert "Whoever made this assessment entered them" in text(two)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["sections=elephants", "cost=abc", "average=0", "year=1999"])
def test_page_says_what_cannot_be_shown(world, avon, query):
    client = make_signed_in_client(Role.LIBRARY_FILER, avon)

    page = client.get(f"/libraries/CT0001/assessment/?{query}")

    assert page.status_code == 404
    assert "usa-error-message" in page.content.decode() or "names a section that there is not" in text(page)
    assert client.get(f"/libraries/CT0001/assessment.pdf?{query}").status_code == 404


@pytest.mark.django_db
def test_page_of_a_consortium_is_for_its_filer_and_the_state_library(world, consortium):
    address = f"/consortia/{consortium.pk}/assessment/"
    own = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)
    other = make_signed_in_client(Role.CONSORTIUM_FILER, consortium=make_consortium("Another"))
    auditor = make_signed_in_client(Role.AUDITOR)

    assert "Charter Oak" in text(own.get(address))
    assert other.get(address).status_code == 404
    assert "/own/" not in auditor.get(address).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("of", ["library", "consortium"])
def test_pdf_is_tagged_and_the_same_each_time(world, avon, consortium, of):
    client = make_signed_in_client(Role.AUDITOR)
    address = "/libraries/CT0001" if of == "library" else f"/consortia/{consortium.pk}"

    first, again = (client.get(f"{address}/assessment.pdf?sections=loans.cost.peers.used") for _ in range(2))

    assert first["Content-Type"] == "application/pdf"
    assert first.content == again.content
    assert_good_structure(first.content)
