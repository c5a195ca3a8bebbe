"""A delivery report from the first count to an amendment, and the tally that sums itself into it."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, Role
from tests.factories import make_delivery_site, make_library, make_user
from transactions.delivery import services
from transactions.delivery.standing import quarters_of
from transactions.delivery.tallying import content, tallied
from transactions.models import DeliveryReport, DeliveryTally
from transactions.rules.delivery_counts import ASKED, LARGEST, Measure
from transactions.rules.delivery_quarters import Quarter
from transactions.services import FilingChanged

pytestmark = pytest.mark.django_db
JULY, AUGUST, SEPTEMBER = (date(2026, month, 1) for month in (7, 8, 9))
QUARTER = Quarter(JULY)
RUNNING = datetime(2026, 9, 10, 14, tzinfo=UTC)
AFTER = datetime(2026, 10, 3, 14, tzinfo=UTC)
LATE = datetime(2026, 10, 16, 14, tzinfo=UTC)
WHOLE = {(month, measure): 7 for month in QUARTER.months for measure in ASKED}


@pytest.fixture
def site():
    return make_delivery_site("A College")


@pytest.fixture
def by(site):
    return make_user(Role.DELIVERY_REPORTER, delivery_site=site, second_factor=False, name="Dee")


@pytest.fixture
def save(site, by):
    def saving(counts, *, at=RUNNING, expected=0, by=by):
        return services.save_counts(
            site=site, quarter=QUARTER, counts=counts, by=by, at=at, expected=expected
        )

    return saving


@pytest.fixture
def submit(site, by):
    def submitting(*, at=AFTER, expected=1, **said):
        return services.submit_report(site=site, quarter=QUARTER, by=by, at=at, expected=expected, **said)

    return submitting


def last_event(action):
    return AuditEvent.objects.filter(action=action).latest("pk")


def test_first_save_begins_the_report_and_later_ones_change_it(save):
    save({(JULY, Measure.BINS_IN): 40, (JULY, Measure.ITEMS_IN): 3})

    report = save({(JULY, Measure.BINS_IN): 41, (JULY, Measure.ITEMS_IN): None}, expected=1)

    assert report.counted() == {(JULY, Measure.BINS_IN): 41}
    assert (report.revision, report.version, report.is_draft) == (2, 1, True)
    assert last_event("delivery_counts_saved").before == {"2026-07 bins_in": 40, "2026-07 items_in": 3}
    assert last_event("delivery_counts_saved").after == {"2026-07 bins_in": 41, "2026-07 items_in": None}


def test_saving_over_what_somebody_else_saved_is_refused(save):
    save({(JULY, Measure.BINS_IN): 40})

    with pytest.raises(FilingChanged, match="reload the page"):
        save({(JULY, Measure.BINS_IN): 1}, expected=0)


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_count_that_is_none_is_refused_and_nothing_is_saved(save, number):
    with pytest.raises(services.PlacesRefused, match="Bins in, July 2026: enter a whole number"):
        save({(JULY, Measure.BINS_IN): number, (AUGUST, Measure.BINS_IN): 1})

    assert not DeliveryReport.objects.exists()


def test_month_of_another_quarter_is_refused(save):
    with pytest.raises(services.PlacesRefused, match="not one of the report"):
        save({(date(2026, 10, 1), Measure.BINS_IN): 1})


def test_quarter_that_has_not_begun_is_refused(save):
    with pytest.raises(services.DeliveryRefused, match="begins on July 1, 2026"):
        save({}, at=datetime(2026, 6, 30, 14, tzinfo=UTC))


def test_report_is_submitted_once_when_the_quarter_is_over(save, submit):
    save(WHOLE)
    with pytest.raises(services.DeliveryRefused, match="ends on September 30, 2026"):
        submit(at=RUNNING)

    report = submit()

    assert (report.status, report.first_submitted_at, report.missing_because) == ("submitted", AFTER, "")
    assert last_event("delivery_report_submitted").after["2026-08 items_out"] == 7
    with pytest.raises(services.DeliveryRefused, match="submitted already"):
        submit()
    with pytest.raises(services.DeliveryRefused, match="Amend it"):
        save({(JULY, Measure.BINS_IN): 1})


def test_report_with_places_missing_needs_a_reason(save, submit):
    save({place: 7 for place in WHOLE if place != (AUGUST, Measure.ITEMS_OUT)})
    with pytest.raises(services.NotWhole, match="No count of loose items out in August 2026"):
        submit()

    report = submit(missing_because=" We lost the sheet. ")

    assert report.missing_because == "We lost the sheet."


def test_empty_report_is_refused(submit):
    with pytest.raises(services.DeliveryRefused, match="Nothing is counted"):
        submit(expected=0)


def test_months_without_service_are_not_missing(submit, save, site):
    site.valid = DateRange(date(2026, 9, 15), None)
    site.save()

    save({(SEPTEMBER, measure): 1 for measure in ASKED})

    assert submit().missing_because == ""


def test_amendment_stands_when_submitted_and_is_as_timely_as_the_first(save, submit, by):
    save(WHOLE)
    first = submit()
    services.amend_report(report=first, reason="A bin was missed.", by=by, at=LATE)
    with pytest.raises(services.DeliveryRefused, match="says the same as version 1"):
        submit(at=LATE, expected=0)
    save({(JULY, Measure.BINS_IN): 8}, at=LATE, expected=0)

    second = submit(at=LATE)

    first.refresh_from_db()
    assert (first.superseded_at, second.version, second.first_submitted_at) == (LATE, 2, AFTER)
    assert second.counted() == {**WHOLE, (JULY, Measure.BINS_IN): 8}
    with pytest.raises(services.DeliveryRefused, match="latest version"):
        services.amend_report(report=first, reason="Again.", by=by, at=LATE)


def test_amendment_is_undone_and_a_first_draft_is_not(save, submit, by):
    draft = save(WHOLE)
    with pytest.raises(services.DeliveryRefused, match="only version"):
        services.discard_amendment(report=draft, by=by, at=AFTER)
    report = submit()
    with pytest.raises(services.DeliveryRefused, match="why the submitted report"):
        services.amend_report(report=report, reason=" ", by=by, at=AFTER)
    amendment = services.amend_report(report=report, reason="Wrong.", by=by, at=AFTER)
    with pytest.raises(services.DeliveryRefused, match="begun already"):
        services.amend_report(report=report, reason="Wrong.", by=by, at=AFTER)

    services.discard_amendment(report=amendment, by=by, at=AFTER)

    assert DeliveryReport.objects.get() == report


def test_tally_sums_itself_into_the_months_of_the_report(site, by, save, submit):
    who = {"site": site, "by": by, "at": RUNNING}
    services.add_to_tally(**who, day=JULY, added={Measure.BINS_IN: 1})
    services.add_to_tally(**who, day=JULY, added={Measure.BINS_IN: 10, Measure.ITEMS_IN: 1})
    services.set_tally(**who, day=date(2026, 7, 31), numbers={Measure.BINS_IN: 5, Measure.ITEMS_OUT: 0})
    services.add_to_tally(**who, day=AUGUST, added={Measure.BINS_IN: 2})

    sums = tallied(site, JULY, QUARTER.last_day)

    assert (sums[JULY].days, sums[AUGUST].days) == (2, 1)
    assert sums[JULY].numbers == {Measure.BINS_IN: 16, Measure.ITEMS_IN: 1, Measure.ITEMS_OUT: 0}
    submit(expected=0, missing_because="Only tallied.")
    assert DeliveryReport.objects.get().counted()[JULY, Measure.BINS_IN] == 16


def test_what_is_entered_takes_the_place_of_the_tally_and_the_rest_goes_on(site, by, save):
    who = {"site": site, "by": by, "at": RUNNING}
    services.add_to_tally(**who, day=JULY, added={Measure.BINS_IN: 4, Measure.BINS_OUT: 3})

    # The page sends every place back, the tally's sum of bins in as it stood
    report = save({(JULY, Measure.BINS_IN): 4, (JULY, Measure.BINS_OUT): 9})
    services.add_to_tally(**who, day=JULY, added={Measure.BINS_IN: 1, Measure.BINS_OUT: 1})

    said = content(site, QUARTER, report)
    assert said.counts == {(JULY, Measure.BINS_IN): 5, (JULY, Measure.BINS_OUT): 9}
    assert said.entered == {(JULY, Measure.BINS_OUT): 9}


def test_tally_refuses_days_that_cannot_be_counted(site, by, save, submit):
    who = {"site": site, "by": by, "at": RUNNING}
    one = {Measure.BINS_IN: 1}
    with pytest.raises(services.DeliveryRefused, match="still to come"):
        services.add_to_tally(**who, day=date(2026, 9, 11), added=one)
    with pytest.raises(services.DeliveryRefused, match="nothing left"):
        services.add_to_tally(**who, day=JULY, added={Measure.BINS_IN: -1})
    with pytest.raises(services.DeliveryRefused, match="more than a day"):
        services.set_tally(**who, day=JULY, numbers={Measure.BINS_IN: LARGEST + 1})
    save(WHOLE)
    submit()
    with pytest.raises(services.DeliveryRefused, match="its days are closed"):
        services.add_to_tally(site=site, by=by, at=LATE, day=JULY, added=one)
    site.valid = DateRange(None, date(2026, 1, 1))
    site.save()
    with pytest.raises(services.DeliveryRefused, match="did not serve"):
        services.add_to_tally(**who, day=date(2026, 4, 1), added=one)

    assert not DeliveryTally.objects.exists()


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.AUDITOR, Role.DELIVERY_REPORTER, None])
def test_only_people_of_the_site_and_the_state_report(site, save, role):
    whose = {
        Role.LIBRARY_FILER: lambda: {"library": make_library()},
        Role.DELIVERY_REPORTER: lambda: {"delivery_site": make_delivery_site()},
    }.get(role, dict)()
    stranger = make_user(role, second_factor=False, **whose)

    with pytest.raises(PermissionDenied):
        save({(JULY, Measure.BINS_IN): 1}, by=stranger)
    with pytest.raises(PermissionDenied):
        services.add_to_tally(site=site, day=JULY, added={Measure.BINS_IN: 1}, by=stranger, at=RUNNING)


def test_staff_enter_what_a_site_told_them(save):
    assert save({(JULY, Measure.BINS_IN): 1}, by=make_user(Role.STATE_STAFF, second_factor=False)).revision


def test_quarters_say_how_a_site_stands(site, save, submit):
    def labels(today):
        return {each.quarter.name: each.status_label for each in quarters_of(site, today)[:2]}

    assert labels(date(2026, 9, 10)) == {"2026-07": "Not begun, running", "2026-04": "Not begun, late"}
    save({(JULY, Measure.BINS_IN): 7})
    assert labels(date(2026, 10, 3))["2026-07"] == "Begun, due"
    assert labels(date(2026, 10, 16))["2026-07"] == "Begun, late"
    submit(at=LATE, missing_because="Closed.")
    assert labels(date(2026, 10, 16))["2026-07"] == "Submitted, with counts missing, late"
