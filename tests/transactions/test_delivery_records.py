"""Delivery reports, counts and tallies: what the database holds true."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from connecticard.models import Role, RoleAssignment
from tests.factories import give_role, make_delivery_report, make_delivery_site, make_library, make_user
from transactions.models import DeliveryCount, DeliveryReport
from transactions.rules.delivery_counts import LARGEST, Measure

pytestmark = pytest.mark.django_db
JULY, AUGUST, OCTOBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 10, 1)
AT = datetime(2026, 10, 5, 14, tzinfo=UTC)


@pytest.fixture
def by():
    return make_user(second_factor=False)


@pytest.fixture
def site():
    return make_delivery_site()


@pytest.fixture
def draft(site, by):
    return make_delivery_report(site, JULY, {JULY: {"bins_in": 40, "loans_sent": 0}}, at=None, by=by)


@pytest.fixture
def submitted(site, by):
    return make_delivery_report(site, JULY, {JULY: {"bins_in": 40}}, at=AT, by=by)


def refused(constraint, error=IntegrityError):
    return pytest.raises(error, match=constraint)


def test_counts_are_told_from_blanks(draft):
    assert draft.counted() == {(JULY, Measure.BINS_IN): 40, (JULY, Measure.LOANS_SENT): 0}


@pytest.mark.parametrize("quarter", [date(2026, 8, 1), date(2026, 7, 2)])
def test_quarter_is_its_first_day(site, by, quarter):
    with refused("delivery_quarter_is_its_first_day"), transaction.atomic():
        make_delivery_report(site, quarter, {}, at=None, by=by)


def test_site_has_one_draft_and_one_standing_report_of_a_quarter(submitted, by):
    again = {"site": submitted.site, "quarter": JULY, "created_at": AT, "created_by": by}
    with refused("one_delivery_report_of_a_version"), transaction.atomic():
        DeliveryReport.objects.create(**again, version=1)
    with refused("later_delivery_report_has_a_reason"), transaction.atomic():
        DeliveryReport.objects.create(**again, version=2)
    DeliveryReport.objects.create(**again, version=2, amends_because="A bin was missed.")
    with refused("one_draft_of_a_delivery_report"), transaction.atomic():
        DeliveryReport.objects.create(**again, version=3, amends_because="Another.")
    signed = {"status": "submitted", "first_submitted_at": AT, "submitted_at": AT, "submitted_by": by}
    with refused("one_standing_delivery_report"), transaction.atomic():
        DeliveryReport.objects.create(**again, **signed, version=3, amends_because="Another.")


@pytest.mark.parametrize(
    "fields", [{"status": "submitted"}, {"submitted_at": AT}, {"superseded_at": AT}], ids=str
)
def test_report_says_when_and_by_whom_it_was_submitted_and_a_draft_does_not(draft, fields):
    with refused("delivery_report_is_submitted_whole"), transaction.atomic():
        DeliveryReport.objects.filter(pk=draft.pk).update(**fields)


def test_submitted_report_changes_only_by_being_superseded_once(submitted):
    reports = DeliveryReport.objects.filter(pk=submitted.pk)
    for change in ({"status": "draft"}, {"missing_because": "x"}, {"version": 2}):
        with refused("Cannot update", DatabaseError), transaction.atomic():
            reports.update(**change)
    with refused("Cannot delete|counts of a submitted", DatabaseError), transaction.atomic():
        submitted.delete()

    reports.update(superseded_at=AT)

    with refused("Cannot update", DatabaseError), transaction.atomic():
        reports.update(superseded_at=None)


def test_counts_of_a_submitted_report_stay(submitted):
    for change in (
        lambda: submitted.counts.update(bins_in=1),
        lambda: submitted.counts.all().delete(),
        lambda: submitted.counts.create(month=AUGUST),
    ):
        with refused("counts of a submitted", DatabaseError), transaction.atomic():
            change()


def test_no_count_moves_into_a_submitted_report(submitted, by):
    other = make_delivery_report(make_delivery_site(), JULY, {AUGUST: {"bins_in": 1}}, at=None, by=by)

    with refused("counts of a submitted", DatabaseError), transaction.atomic():
        other.counts.update(report=submitted)


def test_month_is_one_of_the_quarter_and_counted_once(draft):
    for month, said in (
        (OCTOBER, "a delivery count lies in the quarter"),
        (date(2026, 6, 1), "a delivery count lies in the quarter"),
        (date(2026, 8, 2), "delivery_month_is_its_first_day"),
        (JULY, "one_delivery_count_a_month"),
    ):
        with refused(said, DatabaseError), transaction.atomic():
            draft.counts.create(month=month)


@pytest.mark.parametrize("measure", list(Measure))
def test_counts_are_not_below_zero_nor_beyond_reason(draft, site, measure):
    for number in (-1, LARGEST + 1):
        with refused("check|delivery_count_is_of_a_month"), transaction.atomic():
            DeliveryCount.objects.filter(report=draft).update(**{measure: number})
        with refused("check|delivery_tally_is_of_a_day"), transaction.atomic():
            site.delivery_tallies.create(day=JULY, saved_at=AT, **{measure: number})


def test_day_is_tallied_once(site):
    site.delivery_tallies.create(day=JULY, saved_at=AT, bins_in=1)

    with refused("one_delivery_tally_a_day"), transaction.atomic():
        site.delivery_tallies.create(day=JULY, saved_at=AT)


def test_delivery_reporter_holds_the_role_for_a_site_alone(site):
    person = make_user(second_factor=False)
    give_role(person, Role.DELIVERY_REPORTER, delivery_site=site)

    for whose in ({}, {"library": make_library()}, {"delivery_site": site, "library": make_library()}):
        with refused("role_belongs_to_its_kind"), transaction.atomic():
            give_role(person, Role.DELIVERY_REPORTER, **whose)
    with refused("role_belongs_to_its_kind"), transaction.atomic():
        give_role(person, Role.STATE_STAFF, delivery_site=site)
    assert RoleAssignment.objects.get(delivery_site=site).title == f"Delivery reporter, {site}"
    assert not RoleAssignment.objects.get(delivery_site=site).is_of_the_state
