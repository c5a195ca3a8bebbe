"""What the annual reports of section 11-31c-3 say, gathered from a certified year."""

from datetime import date, datetime

import pytest

from connecticard.clock import EASTERN
from connecticard.models import Role
from libraries.models import Library
from payments import services
from payments.models import Measure, PastPayment, PublishedFigure
from reports import statistics
from reports.csv_files import csv_of
from tests.factories import make_home_library, make_letter, make_town, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified
from transactions.models import Filing

pytestmark = pytest.mark.django_db
AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture
def run():
    """A lent, B reported that it lent nothing, C reported nothing, D does not take part."""
    towns = {name: make_town(name) for name in ("Ashford", "Bolton", "Canton", "Derby")}
    a = make_home_library("Zion Library", key="A", town=towns["Ashford"])
    b, c, d = (
        make_home_library(f"{town} Library", key=key, town=towns[town])
        for key, town in (("B", "Bolton"), ("C", "Canton"), ("D", "Derby"))
    )
    for library in (a, b, c):
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="Ledger")
    for half in HALVES:
        certified(a, {b: 7, d: 3}, first_day=half.first_day)
        certified(b, {}, first_day=half.first_day)
    staff = make_user(Role.STATE_STAFF)
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    return services.calculate_run(run=run, by=staff, at=AT)


def test_use_report_tells_nothing_lent_from_nothing_reported(run):
    report = statistics.use_report(run)

    lines = {line.library_key: line for line in report.lines}
    assert (lines["A"].loans, lines["A"].net_plus) == (20, 20)
    assert (lines["B"].loans, lines["B"].borrows) == (0, 14)
    assert (lines["C"].loans, lines["C"].participating) == (None, True)
    assert (lines["D"].loans, lines["D"].participating) == (None, False)
    assert (report.libraries, report.libraries_reporting, report.libraries_not_reporting) == (4, 2, 2)
    assert report.loans == 20


def test_use_report_does_not_take_not_counted_for_nothing_lent(run):
    b = Library.objects.get(key="B")
    for filing in Filing.objects.standing().filter(library=b):
        certified(b, {Library.objects.get(key="A"): None}, first_day=filing.period.first_day)
    staff = make_user(Role.STATE_STAFF)
    again = services.calculate_run(run=run, by=staff, at=AT)

    line = next(line for line in statistics.use_report(again).lines if line.library_key == "B")

    assert (line.loans, line.borrows, line.net_plus) == (None, 14, None)


def test_use_report_as_csv_keeps_blank_and_zero_apart(run):
    rows = csv_of(statistics.use_report(run)).decode().splitlines()

    assert "B,Bolton Library,Bolton,yes,0,,14,0,filed," in rows
    assert "C,Canton Library,Canton,yes,,,0,,," in rows


def test_participants_are_listed_by_town_with_the_others_named(run):
    listed = statistics.participating_libraries(run, date(2027, 2, 28))

    assert [(line.town, line.library_name) for line in listed.lines] == [
        ("Ashford", "Zion Library"),
        ("Bolton", "Bolton Library"),
        ("Canton", "Canton Library"),
    ]
    assert [one.library_name for one in listed.not_participating] == ["Derby Library"]
    assert (listed.libraries, listed.towns) == (3, 3)


def test_expenditure_summary_names_the_day_and_the_year_it_covers(run):
    summary = statistics.expenditure_summary(run)

    assert summary.due_on == date(2026, 11, 1)
    assert summary.receipt_fiscal_year == 2025
    assert (summary.libraries_owing, summary.libraries_reporting, summary.spent_cents) == (0, 0, 0)


def test_use_report_fills_earlier_years_with_published_totals_and_says_so(run):
    before = statistics.use_report(run)
    assert before.years == ()
    for year, value in [(FISCAL_YEAR - 2, 3_000), (FISCAL_YEAR - 1, None), (FISCAL_YEAR - 30, 4_000)]:
        PublishedFigure.objects.create(
            measure=Measure.LOANS, fiscal_year=year, value=value, source="A profile"
        )

    after = statistics.use_report(run)
    years = after.years

    assert after.made_from.data_sha256 != before.made_from.data_sha256
    assert [(year.fiscal_year, year.loans, year.standing) for year in years] == [
        (FISCAL_YEAR - 2, 3_000, "published"),
        (FISCAL_YEAR, 20, "filed"),
    ]


def test_loans_of_an_estimated_filing_are_estimated_unless_they_were_published(run):
    a, b = Library.objects.get(key="A"), Library.objects.get(key="B")
    for half in HALVES:
        certified(a, {b: 7}, first_day=half.first_day, estimated="by size of town")
    again = services.calculate_run(run=run, by=make_user(Role.STATE_STAFF), at=AT)

    estimated = statistics.use_report(again)
    for library in (a, None):
        PublishedFigure.objects.create(
            library=library, measure=Measure.LOANS, fiscal_year=FISCAL_YEAR, value=14, source="A profile"
        )
    PublishedFigure.objects.create(
        measure=Measure.LOANS, fiscal_year=FISCAL_YEAR - 1, value=9, source="A profile"
    )
    published = statistics.use_report(again)

    assert [line.standing for line in estimated.lines if line.loans is not None] == ["filed", "estimated"]
    assert [line.standing for line in published.lines if line.loans is not None] == ["filed", "published"]
    assert (published.standing_throughout, published.years[-1].standing) == ("", "published")
