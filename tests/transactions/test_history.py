"""What earlier years say of a line of the grid."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from django.urls import reverse

from connecticard.models import Role
from tests.factories import make_counts, make_filing, make_period, make_signed_in_client, make_user
from tests.transactions.conftest import months
from transactions.count_history import count_history
from transactions.line_chart import ACROSS_A_PAGE, ON_A_PHONE, Value, line_chart
from transactions.models.filing import Provenance
from transactions.rules.filing_calendar import Cadence, Span
from transactions.rules.filing_checks import NOT_COUNTED

MARCH, APRIL = months(date(2026, 3, 1), 2)
AT = datetime(2026, 3, 5, 14, tzinfo=UTC)


@pytest.fixture
def draft(avon):
    return make_filing(avon, make_period())


def certified(avon, year, counts, **fields):
    """An annual filing of March of a year to February of the next, which stands."""
    filing = make_filing(avon, make_period(date(year, 3, 1), Cadence.ANNUAL), **fields)
    make_counts(filing, counts)
    person = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    for name in ("submitted", "certified"):
        setattr(filing, f"{name}_at", AT)
        setattr(filing, f"{name}_by", person)
    filing.status, filing.first_submitted_at = "certified", AT
    filing.attestation, filing.sha256 = "True and whole", "0" * 64
    filing.save()
    return filing


@pytest.mark.django_db
def test_same_month_of_five_years_before_and_of_this_one(avon, bethel, draft):
    certified(avon, 2025, {(bethel, date(2025, 3, 1)): 12, (bethel, date(2025, 4, 1)): 0})
    certified(avon, 2024, {(bethel, date(2024, 3, 1)): 9})
    make_counts(draft, {(bethel, MARCH): 14})

    found = count_history(draft, bethel)

    march = [(year.label, figure.on_record, figure.loans) for year, figure in found.column(MARCH)]
    assert march == [
        ("2021", False, None),
        ("2022", False, None),
        ("2023", False, None),
        ("2024", True, 9),
        ("2025", True, 12),
        ("2026", True, 14),
    ]
    assert [figure.loans for _, figure in found.column(APRIL)][-3:] == [None, 0, None]


@pytest.mark.django_db
def test_blank_zero_and_not_counted_stay_three_things(avon, bethel, draft):
    certified(avon, 2025, {(bethel, date(2025, 3, 1)): None, (bethel, date(2025, 4, 1)): 0})

    year = count_history(draft, bethel).years[-2]

    assert [figure.loans for figure in year.figures[:3]] == [NOT_COUNTED, 0, None]
    assert all(figure.on_record for figure in year.figures)
    assert year.whole.loans == 0


@pytest.mark.django_db
def test_total_of_a_year_is_told_as_such_and_marked_as_estimated(avon, bethel, draft):
    certified(
        avon,
        2023,
        {(bethel, None): 120},
        basis="period_total",
        provenance=Provenance.ESTIMATED,
        provenance_note="From published totals",
    )

    found = count_history(draft, bethel)

    assert not any(figure.on_record for year in found.years[:-1] for figure in year.figures)
    (total,) = found.longer
    assert total.span == Span(date(2023, 3, 1), date(2024, 2, 29))
    assert (total.figure.loans, total.figure.is_estimated) == (120, True)


@pytest.mark.django_db
def test_period_totals_are_compared_with_the_sum_of_the_same_months(avon, bethel):
    certified(avon, 2025, {(bethel, month): 10 for month in months(date(2025, 3, 1), 12)})
    draft = make_filing(avon, make_period(), basis="period_total")
    make_counts(draft, {(bethel, None): 70})

    found = count_history(draft, bethel)

    assert [figure.loans for _, figure in found.column(None)] == [None, None, None, None, 60, 70]


@pytest.mark.django_db
def test_version_that_is_not_certified_says_nothing_of_earlier_years(avon, bethel, draft):
    before = make_filing(avon, make_period(date(2025, 3, 1), Cadence.ANNUAL))
    make_counts(before, {(bethel, date(2025, 3, 1)): 12})

    assert not count_history(draft, bethel).years[-2].whole.on_record


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER, Role.STATE_STAFF])
def test_page_and_panel_are_for_who_may_see_the_filing(role, avon, bethel, draft):
    certified(avon, 2025, {(bethel, month): 1234 for month in months(date(2025, 3, 1), 12)})
    client = make_signed_in_client(role, None if role == Role.STATE_STAFF else avon)
    address = reverse("transactions:filing_history", args=[draft.pk, bethel.pk])

    page = client.get(address).content.decode()
    panel = client.get(address + "?column=2026-03").content.decode()

    assert "Lent on cards of Bethel Library" in page
    assert "<html" in page
    assert "<html" not in panel
    assert "Bethel Library, Mar 2026" in panel
    assert "1,234" in panel
    assert client.get(address + "?column=2025-03").status_code == 404
    assert client.get(address + "?column=total").status_code == 404


def values(*numbers, kind=""):
    return [(str(2020 + place), [] if n is None else [Value(n, kind)]) for place, n in enumerate(numbers)]


def test_line_is_broken_where_there_is_no_number():
    chart = line_chart(values(4, None, 0, 8))

    assert [point.title for point in chart.points] == ["2020: 4", "2022: 0", "2023: 8"]
    assert chart.points[1].y == chart.base
    assert len(chart.pieces) == 1


def test_line_between_two_kinds_is_dashed():
    chart = line_chart(
        [
            ("2024", [Value(4, "published")]),
            ("2025", [Value(5, "published")]),
            ("2026", [Value(6, "filed"), Value(7, "estimated")]),
        ]
    )

    assert [piece.is_between_kinds for piece in chart.pieces] == [False, True]
    assert [point.title for point in chart.points[2:]] == ["2026: 6, filed", "2026: 7, estimated"]


def test_long_line_writes_what_has_room():
    chart = line_chart(values(*range(4_000_000, 5_000_000, 40_000)), size=ON_A_PHONE)

    assert [point.figure for point in chart.points if point.figure] == ["4,000,000", "4,960,000"]
    assert chart.years[-1].text == "2044"
    assert all(two.x - one.x >= 34 for one, two in pairwise(chart.years))
    assert [tick.text for tick in chart.ticks] == ["2,500,000", "5,000,000"]


@pytest.mark.parametrize(
    ("greatest", "end"), [(0, 2), (3, 4), (9, 10), (10, 10), (61, 80), (4_990_468, 5_000_000)]
)
def test_scale_ends_at_a_round_number(greatest, end):
    chart = line_chart(values(0, greatest), size=ACROSS_A_PAGE)

    assert chart.ticks[-1].text == f"{end:,}"
    assert min(point.y for point in chart.points) >= chart.ticks[-1].y


@pytest.mark.parametrize("numbers", [[], [5], [None, 5, None]])
def test_one_number_is_no_line(numbers):
    assert line_chart(values(*numbers)) is None
