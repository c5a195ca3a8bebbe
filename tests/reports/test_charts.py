"""The charts and the main points of the annual reports."""

from dataclasses import replace
from datetime import date

from reports.charts import charts_of
from reports.contents import YearOfUse
from reports.main_points import points_of
from tests.reports import documents


def _year(fiscal_year, loans, standing="published"):
    return YearOfUse(fiscal_year, date(fiscal_year - 1, 3, 1), date(fiscal_year, 2, 28), loans, standing)


def test_a_year_without_a_figure_parts_the_line():
    report = replace(documents.use_report(4), years=(_year(2014, 5), _year(2015, 4), _year(2018, 6, "filed")))

    trend = charts_of(report).trend

    assert [point.title for point in trend.points] == [
        "FY14: 5, published",
        "FY15: 4, published",
        "FY18: 6, filed",
    ]
    assert len(trend.pieces) == 1


def test_the_maps_of_use_tell_none_from_not_reported():
    lent = charts_of(documents.use_report(4)).lent

    assert {town.name for step in lent.steps if step.step is None for town in step.towns} == {
        *("Andover", "Ansonia", "Ashford", "Avon")
    }


def test_the_categories_stand_with_the_largest_first():
    report = replace(
        documents.expenditure_summary(), categories=documents.expenditure_summary().categories[::-1]
    )

    assert [bar.label for bar in charts_of(report).categories.bars] == ["Books", "Programs"]


def test_a_document_without_charts_has_none():
    assert charts_of(documents.payment_list(2)) is None
    assert points_of(documents.payment_list(2)) == ()


def test_the_points_of_use_tell_the_change_and_how_loans_are_spread():
    report = replace(
        documents.use_report(),
        years=(_year(2017, 3763472), _year(2018, 3580340)),
    )

    points = points_of(report)

    assert points[:2] == (
        "191 of 192 public libraries reported 3,580,340 items lent to residents of other towns.",
        "That is 4.9% fewer than in the twelve months before (3,763,472).",
    )
    assert points[2].startswith("The 10 largest lenders made 7.7% of all loans, and ")
    assert points[3].endswith("1,590,946 net-plus loans, estimated.")


def test_the_points_of_spending_say_when_no_report_was_due():
    nobody = replace(documents.empty_expenditure_summary(), libraries_owing=0)

    assert points_of(nobody) == ("No payment of fiscal year 2018 is on record here, so no report was due.",)
    assert points_of(documents.expenditure_summary())[2] == (
        "Most was spent on books: $1,500.00, 75.0%, by 1 library."
    )
