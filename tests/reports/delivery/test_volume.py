"""The statewide report of deliverIT CT: a made-up quarter of 215 sites against a sum of another make."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import Role
from libraries.models import DeliveryCode, DeliverySite, Library, SiteKind
from reports.contents.delivery import CameIn
from reports.delivery.assumption import set_assumption
from reports.delivery.period import period_named, year
from reports.delivery.sentences import sentences
from reports.delivery.volume import delivery_volume_of
from reports.documents import html_of
from reports.tables import table_of, tables_of
from tests.factories import make_delivery_report, make_delivery_site, make_library, make_town, make_user
from transactions.models import DeliveryCount, DeliveryReport
from transactions.rules.delivery_quarters import Quarter

pytestmark = pytest.mark.django_db
QUARTER = Quarter(date(2026, 10, 1))
PERIOD = period_named("2026-10")
DUE = QUARTER.due_on
TODAY = DUE + timedelta(days=30)
SITES = 215
NAMES = ("bins_in", "items_in", "bins_out", "items_out")
LOANS = ("loans_sent", "loans_received")
WHOLE = {"bins_in": 4, "items_in": 10, "bins_out": 3, "items_out": 20}


def at(day):
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


@pytest.fixture
def by():
    return make_user(second_factor=False)


@pytest.fixture
def site():
    """Return a function that makes a site of a public library, or of a college."""

    def make(name, *, public=True, code=""):
        if public:
            return make_delivery_site(library=make_library(name), code=code)
        return make_delivery_site(name, kind=SiteKind.ACADEMIC, code=code)

    return make


def report(site, by, *, on=DUE, months=None, quarter=QUARTER):
    counts = dict(zip(quarter.months, months or [WHOLE] * 3, strict=False))
    return make_delivery_report(site, quarter.first_day, counts, at=at(on), by=by)


@pytest.fixture
def made_up(by):
    """Put a made-up quarter on record: 192 public libraries and 23 others, late, partial and missing ones."""
    drawn = random.Random(215)
    made = {"missing": 0, "late": 0, "partial": 0}
    town = make_town("Avon")
    libraries = Library.objects.bulk_create(
        Library(
            key=f"XX{number:04}", name=f"Library {number:03}", town=town, open_during=DateRange(None, None)
        )
        for number in range(192)
    )
    sites = DeliverySite.objects.bulk_create(
        DeliverySite(
            key=f"XX{number:04}",
            name=f"Site {number:03}",
            kind=SiteKind.PUBLIC if number < 192 else SiteKind.ACADEMIC,
            library=libraries[number] if number < 192 else None,
            valid=DateRange(None, None),
        )
        for number in range(SITES)
    )
    DeliveryCode.objects.bulk_create(
        DeliveryCode(
            site=site, route="ABCDEFGHIJ"[number % 10], number=str(number), valid=DateRange(None, None)
        )
        for number, site in enumerate(sites)
    )
    months, late = {}, []
    for number, site in enumerate(sites):
        if number % 11 == 3:
            made["missing"] += 1
            continue
        months[site] = [{name: drawn.randrange(200) for name in NAMES} for _ in range(3)]
        if number % 3:
            months[site] = [
                {**month, **{name: drawn.randrange(40) for name in LOANS}} for month in months[site]
            ]
        if number % 13 == 5:
            made["partial"] += 1
            del months[site][1][drawn.choice(NAMES)]
        if number % 7 == 2:
            made["late"] += 1
            late.append(site)
    reports = DeliveryReport.objects.bulk_create(
        DeliveryReport(
            site=site, quarter=QUARTER.first_day, version=1, created_at=at(QUARTER.last_day), created_by=by
        )
        for site in sites
    )
    DeliveryCount.objects.bulk_create(
        DeliveryCount(report=report, month=month, **counts)
        for report in reports
        for month, counts in zip(QUARTER.months, months.get(report.site, [WHOLE] * 3), strict=True)
    )
    reported = DeliveryReport.objects.filter(site__in=months)
    for day, which in ((DUE + timedelta(days=1), reported.filter(site__in=late)), (DUE, reported.drafts())):
        which.update(status="submitted", submitted_at=at(day), first_submitted_at=at(day), submitted_by=by)
    return made


def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql, {"quarter": QUARTER.first_day})
        return cursor.fetchone()


STANDING = (
    "FROM transactions_deliverycount c JOIN transactions_deliveryreport r ON r.id = c.report_id "
    "JOIN libraries_deliverysite s ON s.id = r.site_id "
    "WHERE r.quarter = %(quarter)s AND r.status = 'submitted' AND r.superseded_at IS NULL"
)


def test_the_report_of_215_sites_agrees_with_an_independent_sum(made_up):
    found = delivery_volume_of(PERIOD, TODAY)

    assert found.libraries == SITES
    summed = asked(f"SELECT sum(bins_in), sum(items_in), sum(bins_out), sum(items_out) {STANDING}")
    assert (found.sums.bins_in, found.sums.items_in, found.sums.bins_out, found.sums.items_out) == summed
    assert found.sums.delivered == summed[0] * 25 + summed[1]
    assert found.sums.sent == summed[2] * 25 + summed[3]
    (quarter,) = found.quarters
    assert (quarter.late, quarter.partial, quarter.missing) == tuple(
        made_up[name] for name in ("late", "partial", "missing")
    )
    assert quarter.in_time + quarter.late + quarter.missing == SITES
    for parts in (found.routes, found.kinds):
        assert sum(part.sums.delivered for part in parts) == found.sums.delivered
        assert sum(part.libraries for part in parts) == SITES
    assert sum(month.sums.items_out for month in found.months) == found.sums.items_out
    estimate_agrees(found)
    files_agree(found)


def estimate_agrees(found):
    per_site = (
        "SELECT s.id, sum(bins_in * 25 + items_in - loans_sent - loans_received) AS arrived, "
        f"sum(bins_out * 25 + items_out - loans_sent - loans_received) AS sent {STANDING} "
        "AND s.library_id IS NOT NULL AND c.bins_in + c.items_in + c.bins_out + c.items_out + c.loans_sent "
        "+ c.loans_received IS NOT NULL GROUP BY s.id"
    )
    arrived, sent, sites = asked(
        f"SELECT sum(arrived), sum(sent), count(*) FROM ({per_site}) e WHERE arrived >= 0 AND sent >= 0"
    )
    assert (found.returns.arrived, found.returns.sent, found.estimated) == (arrived, sent, sites)
    assert found.estimated + sum(number for _, number in found.without_estimate) == SITES


def files_agree(found):
    libraries = table_of(found, "libraries")
    place = libraries.place("delivered")
    assert sum(row[place] or 0 for row in libraries.rows) == found.sums.delivered
    counts = table_of(found, "counts")
    assert sum(row[counts.place("bins_in")] or 0 for row in counts.rows) == found.sums.bins_in
    assert {table.name for table in tables_of(found)} == {
        "libraries",
        "quarters",
        "months",
        "routes",
        "kinds",
        "counts",
        "rulebook_entries",
    }


def test_late_and_partial_and_missing_libraries_are_shown_as_such(by, site):
    report(site("Avon"), by)
    report(site("Bolton"), by, on=DUE + timedelta(days=1))
    report(site("Canton"), by, months=[WHOLE, {"bins_in": 1}, WHOLE])
    report(site("Derby"), by, on=DUE + timedelta(days=9), months=[WHOLE, WHOLE])
    site("Essex")

    found = delivery_volume_of(PERIOD, TODAY)

    assert {line.name: line.came_in for line in found.lines} == {
        "Avon": CameIn.WHOLE_IN_TIME,
        "Bolton": CameIn.LATE,
        "Canton": CameIn.PARTIAL,
        "Derby": CameIn.LATE_AND_PARTIAL,
        "Essex": CameIn.MISSING,
    }
    assert {line.name: line.missing_months for line in found.lines}["Canton"] == (date(2026, 11, 1),)
    words = html_of(found)
    assert "late and partial <span" in words
    assert "not reported" in words
    assert "2 reports came late." in sentences(found)


def test_before_it_is_due_nobody_is_missing(site):
    site("Avon")

    found = delivery_volume_of(PERIOD, DUE)

    assert found.lines[0].came_in is CameIn.NOT_DUE
    assert found.lines[0].sums is None
    assert sentences(found) == ("No library has reported this period yet.",)


def test_an_amendment_replaces_the_figures_and_a_draft_does_not(by, site):
    one = report(site("Avon"), by)
    one.superseded_at = at(TODAY)
    one.save()
    amended = make_delivery_report(
        one.site,
        QUARTER.first_day,
        {month: {**WHOLE, "bins_in": 5} for month in QUARTER.months},
        at=at(TODAY),
        by=by,
        version=2,
        amends_because="A bin was missed.",
        first_submitted_at=at(DUE),
    )
    assert delivery_volume_of(PERIOD, TODAY).sums.bins_in == 15
    assert delivery_volume_of(PERIOD, TODAY).lines[0].came_in is CameIn.WHOLE_IN_TIME

    make_delivery_report(
        amended.site, QUARTER.first_day, {}, at=None, by=by, version=3, amends_because="Another."
    )

    assert delivery_volume_of(PERIOD, TODAY).sums.bins_in == 15


def test_a_year_adds_its_quarters_each_with_its_own_bins(by, site):
    one, staff = site("Avon"), make_user(Role.STATE_STAFF)
    first = Quarter(date(2026, 7, 1))
    report(one, by, quarter=first, on=first.due_on)
    report(one, by)
    set_assumption(quarter=QUARTER, items_per_bin=30, reason="Counted.", by=staff, at=at(TODAY))

    found = delivery_volume_of(year(2027), TODAY)

    assert found.lines[0].reported == 2
    assert found.lines[0].quarters == 3
    assert found.sums.delivered == 3 * (4 * 25 + 10) + 3 * (4 * 30 + 10)
    assert found.items_per_bin is None
    assert "30 items in a bin (Counted.)" in html_of(found)


def test_periods_are_compared_over_who_reported_the_whole_of_both(by, site):
    both, new = site("Avon"), site("Bolton")
    before = QUARTER.preceding
    report(both, by, quarter=before, on=before.due_on, months=[{**WHOLE, "items_in": 0}] * 3)
    report(both, by)
    report(new, by)

    (compared,) = delivery_volume_of(PERIOD, TODAY).comparisons

    assert (compared.name, compared.reported_before, compared.both) == ("2026-07", 1, 1)
    assert (compared.both_before.delivered, compared.both_now.delivered, compared.change) == (300, 330, 30)
    assert any(
        "10.0% more than in July to September 2026" in one
        for one in sentences(delivery_volume_of(PERIOD, TODAY))
    )


def test_the_same_reports_give_the_same_digest_and_other_bins_another(by, site):
    report(site("Avon"), by)
    first = delivery_volume_of(PERIOD, TODAY).made_from
    assert delivery_volume_of(PERIOD, TODAY + timedelta(days=9)).made_from == first
    assert first.dated == DUE

    set_assumption(
        quarter=QUARTER, items_per_bin=30, reason="Counted.", by=make_user(Role.STATE_STAFF), at=at(TODAY)
    )

    assert delivery_volume_of(PERIOD, TODAY).made_from.data_sha256 != first.data_sha256
