"""Published figures of past years: what the database holds of them, and what ships."""

import csv
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import Sum

from connecticard.models import AuditEvent
from libraries.models import Library
from libraries.roster import load_roster
from payments.models import Measure, PublishedFigure
from payments.past_years.shipped_history import DATA, load_history
from payments.rules.cents import rate
from tests.factories import make_library

pytestmark = pytest.mark.django_db

SUMS_OF_LIBRARIES = {
    2008: 4_605_495,
    2009: 4_736_575,
    2010: 4_964_945,
    2011: 4_836_666,
    2012: 4_891_271,
    2016: 3_891_944,
    2017: 3_763_472,
    2018: 3_580_340,
}


def figure(**fields):
    values = {"measure": Measure.LOANS, "fiscal_year": 2018, "value": 5, "source": "A profile"}
    return PublishedFigure.objects.create(**(values | fields))


def state(year: int, measure: Measure = Measure.LOANS) -> PublishedFigure:
    return PublishedFigure.objects.get(library=None, fiscal_year=year, measure=measure)


@pytest.fixture
def shipped():
    load_roster()
    return load_history()


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("one_published_figure_of_a_year", {}),
        ("published_figure_has_a_known_measure", {"measure": "visits"}),
        ("published_figure_is_of_a_year_of_the_program", {"fiscal_year": 1973}),
        ("published_figure_names_its_source", {"fiscal_year": 2017, "source": ""}),
    ],
)
def test_database_refuses(constraint, fields):
    figure()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        figure(**fields)


def test_only_the_state_has_an_appropriation():
    with pytest.raises(IntegrityError, match="appropriation_is_the_state_s"), transaction.atomic():
        figure(library=make_library(), measure=Measure.APPROPRIATION)


def test_library_has_one_figure_of_a_year_beside_the_state():
    library = make_library()
    figure()
    figure(library=library)

    with pytest.raises(IntegrityError, match="one_published_figure_of_a_year"), transaction.atomic():
        figure(library=library)


def test_shipped_figures_are_loaded_once(shipped):
    events = AuditEvent.objects.filter(action="published_figure_loaded").count()

    again = load_history()

    assert (shipped.added, shipped.on_record, shipped.differences) == (1559, 1559, [])
    assert (again.added, again.on_record, again.differences) == (0, 1559, [])
    assert events == 1559


def test_blank_is_not_zero(shipped):
    of_libraries = PublishedFigure.objects.filter(library__isnull=False, fiscal_year=2018)

    assert of_libraries.filter(value=None).count() == 13
    assert of_libraries.filter(value=0).count() == 11
    assert not PublishedFigure.objects.filter(library=None, value=None).exists()
    assert state(2022, Measure.APPROPRIATION).value == 703_638_00
    assert not PublishedFigure.objects.filter(fiscal_year=2019).exists()


def test_libraries_add_up_to_the_state_in_some_years_only(shipped):
    sums = dict(
        PublishedFigure.objects.filter(library__isnull=False)
        .values_list("fiscal_year")
        .annotate(Sum("value"))
        .order_by("fiscal_year")
    )

    assert sums == SUMS_OF_LIBRARIES
    assert {year for year, loans in sums.items() if loans == state(year).value} == {2016, 2017, 2018}


def test_restatement_is_kept(shipped):
    restated = state(2008)

    assert restated.value == 4_608_119
    assert "4,616,152" in restated.note


@pytest.mark.parametrize(
    ("year", "cents", "loans", "dollars_a_loan", "published_arithmetic"),
    [
        (2015, 950_000_00, 4_175_664, "0.1137543634", "0.11375436"),
        (2016, 837_540_00, 3_891_944, "0.1075991844", "0.10759918"),
        (2017, 781_820_00, 3_763_472, "0.1038695120", "0.10386951"),
        (2018, 703_638_00, 3_580_340, "0.0982641313", "0.09826413"),
    ],
)
def test_rate_of_half_the_appropriation(shipped, year, cents, loans, dollars_a_loan, published_arithmetic):
    """The last is the same quotient with eight decimals, as it came with the totals."""
    assert state(year, Measure.APPROPRIATION).value == cents
    assert state(year).value == loans
    assert rate(cents // 2, loans) == dollars_a_loan
    assert round(Fraction(dollars_a_loan), 8) == Fraction(published_arithmetic)


def test_figure_on_record_is_left_as_it_stands(shipped):
    other = state(2010)
    other.value = 1
    other.save()

    again = load_history()

    assert state(2010).value == 1
    assert again.differences == ["state, loans of fiscal year 2010: 1 on record, 4,990,468 shipped"]


def test_roster_comes_first():
    with pytest.raises(CommandError, match=r"CT0001 .* run load_roster first"):
        call_command("load_history")

    assert not PublishedFigure.objects.exists()


def test_command_says_what_it_did(capsys):
    load_roster()

    call_command("load_history")

    assert "published figures: 1559 added, 1559 on record" in capsys.readouterr().out


def test_every_shipped_library_is_of_the_roster(shipped):
    with (DATA / "published_loans_by_library.csv").open(encoding="utf-8", newline="") as lines:
        keys = {row["fscs_key"] for row in csv.DictReader(lines)}

    assert keys == set(Library.objects.values_list("key", flat=True))
