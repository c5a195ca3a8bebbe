"""Money withheld: released on cure and the Board's order in time, or lapsed; never both."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from connecticard.models import AuditEvent, Role
from payments import services, tasks
from payments.correcting.withheld import WithheldState, withheld_lines
from payments.correcting.withheld_services import (
    ReleaseRefused,
    approve_release,
    decline_release,
    record_all_lapses,
    record_cutoff,
    record_lapses,
    record_release,
)
from payments.disbursing.board_orders import OrderRefused, record_order, withdraw_order
from payments.models import OrderKind, PaymentCutoff, WithheldLapse, WithheldRelease
from tests.factories import make_user
from tests.payments.withholding import (
    CERTIFIED_AT,
    JULY_1,
    JUNE_30,
    at,
    certified_run,
    cure_c,
    line_of,
    release_order,
    w6_run,
)

pytestmark = pytest.mark.django_db
JUNE_1 = date(2027, 6, 1)


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def administrator():
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def run():
    return w6_run()


def recorded(run, by, *, ordered=JUNE_1, cured=JUNE_1, when=None):
    cure_c(cured)
    order = release_order(run, ordered, recorded=max(ordered, (when or at(ordered)).date()))
    return record_release(
        payment=line_of(run), order=order, reason="report filed", by=by, at=when or at(ordered)
    )


def state(run, on):
    (line,) = withheld_lines(run, on=on)
    return line.state


# W6


def test_cured_and_ordered_on_june_30_pays_c_what_was_withheld(run, staff, administrator):
    release = recorded(run, staff, ordered=JUNE_30, cured=JUNE_30, when=at(JUNE_30, 23, 59, 59))
    approve_release(release=release, by=administrator, at=at(JUNE_30, 23, 59, 59))

    assert release.cents == 487_94
    assert release.cured_on == JUNE_30
    assert state(run, JUNE_30) is WithheldState.RELEASED
    assert record_all_lapses(at=at(JULY_1)) == 0


def test_ordered_on_july_1_is_refused_and_lapses(run, staff):
    with pytest.raises(ReleaseRefused, match=r"dated July 1, 2027, after June 30, 2027.*4-89"):
        recorded(run, staff, ordered=JULY_1, cured=JUNE_30)

    (lapse,) = record_lapses(run=run, by=None, at=at(JULY_1))
    assert (lapse.cents, lapse.on) == (487_94, JUNE_30)
    assert state(run, JULY_1) is WithheldState.LAPSED


# Release


def test_line_says_what_is_missing_and_when_it_was_cured(run):
    (before,) = withheld_lines(run, on=JUNE_1)
    cure_c(date(2027, 6, 3))
    (after,) = withheld_lines(run, on=date(2027, 6, 20))

    assert before.state is WithheldState.NOT_CURED
    assert "was not filed" in before.cure.still_unmet[0].reason
    assert after.state is WithheldState.CURED
    assert after.cure.on == date(2027, 6, 3)
    assert after.refusals == ()


def test_default_that_is_not_cured_is_not_released(run, staff):
    order = release_order(run, JUNE_1)

    with pytest.raises(ReleaseRefused, match=r"still not met.*ask the State Library for a waiver"):
        record_release(payment=line_of(run), order=order, reason="x", by=staff, at=at(JUNE_1))


def test_default_cured_after_june_30_is_not_released(run, staff):
    with pytest.raises(ReleaseRefused, match="last requirement was met on July 1, 2027"):
        recorded(run, staff, ordered=JUNE_30, cured=JULY_1, when=at(JULY_1))


def test_release_needs_an_order_of_release_of_the_same_run(run, staff):
    cure_c(JUNE_1)
    payment_order = record_order(
        run=run, number="2027-1", dated=JUNE_1, kind=OrderKind.PAYMENT, by=staff, at=at(JUNE_1)
    )
    with pytest.raises(ReleaseRefused, match="does not release money withheld"):
        record_release(payment=line_of(run), order=payment_order, reason="x", by=staff, at=at(JUNE_1))


def test_library_in_order_has_nothing_to_release(run, staff):
    with pytest.raises(ReleaseRefused, match="Nothing was withheld from Library A"):
        record_release(
            payment=line_of(run, "A"), order=release_order(run, JUNE_1), reason="x", by=staff, at=at(JUNE_1)
        )


def test_who_recorded_a_release_does_not_approve_it(run, administrator):
    release = recorded(run, administrator)

    with pytest.raises(ReleaseRefused, match="another administrator"):
        approve_release(release=release, by=administrator, at=at(JUNE_1))


def test_staff_record_and_administrators_approve(run, staff):
    release = recorded(run, staff)

    with pytest.raises(PermissionDenied):
        approve_release(release=release, by=make_user(Role.STATE_STAFF), at=at(JUNE_1))
    with pytest.raises(PermissionDenied):
        record_lapses(run=run, by=make_user(Role.AUDITOR), at=at(JULY_1))


def test_release_is_settled_once(run, staff, administrator):
    release = recorded(run, staff)
    approve_release(release=release, by=administrator, at=at(JUNE_1))

    with pytest.raises(ReleaseRefused, match="settled already"):
        approve_release(release=release, by=administrator, at=at(JUNE_1))
    with pytest.raises(ReleaseRefused, match="on record already"):
        record_release(payment=line_of(run), order=release.order, reason="x", by=staff, at=at(JUNE_1))


def test_declined_release_stays_with_its_reason_and_another_may_follow(run, staff, administrator):
    release = recorded(run, staff)
    decline_release(
        release=release, because="the order names another library", by=administrator, at=at(JUNE_1)
    )
    again = record_release(payment=line_of(run), order=release.order, reason="x", by=staff, at=at(JUNE_1))

    assert list(WithheldRelease.objects.holding()) == [again]
    assert WithheldRelease.objects.count() == 2


def test_default_that_is_open_again_is_not_approved(run, staff, administrator):
    release = recorded(run, staff)
    line_of(run).library.letters.all().delete()

    with pytest.raises(ReleaseRefused, match="No Letter of Agreement"):
        approve_release(release=release, by=administrator, at=at(JUNE_1))


def test_order_that_releases_money_is_not_taken_back(run, staff):
    release = recorded(run, staff)

    with pytest.raises(OrderRefused, match="Money withheld is released by"):
        withdraw_order(order=release.order, reason="x", by=staff, at=at(JUNE_1))


def test_nothing_of_a_void_run_is_released(run, staff, administrator):
    release = recorded(run, staff)
    services.void_run(run=run, reason="a town was left out", by=administrator, at=at(JUNE_1))

    with pytest.raises(ReleaseRefused, match="is void"):
        approve_release(release=release, by=make_user(Role.STATE_ADMINISTRATOR), at=at(JUNE_1))
    with pytest.raises(DatabaseError, match="a release pays what was withheld"), transaction.atomic():
        WithheldRelease.objects.update(approved_by=administrator, approved_at=at(JUNE_1))


# The date of the order decides


def test_release_recorded_before_midnight_is_approved_after_it(run, staff, administrator):
    release = recorded(run, staff, ordered=JUNE_30, cured=JUNE_30, when=at(JUNE_30, 23, 59, 59))

    assert record_all_lapses(at=at(JULY_1, 0, 0)) == 0
    approve_release(release=release, by=administrator, at=at(JULY_1))
    assert state(run, JULY_1) is WithheldState.RELEASED


def test_release_declined_after_midnight_lapses(run, staff, administrator):
    release = recorded(run, staff)
    assert record_all_lapses(at=at(JULY_1)) == 0

    decline_release(release=release, because="not what the Board ordered", by=administrator, at=at(JULY_1))
    assert record_all_lapses(at=at(date(2027, 7, 2))) == 1


def test_order_dated_in_time_found_after_the_lapse_sets_it_aside(run, staff, administrator):
    (lapse,) = record_lapses(run=run, by=None, at=at(JULY_1))
    release = recorded(run, staff, ordered=JUNE_30, cured=JUNE_30, when=at(date(2027, 7, 2)))
    assert state(run, date(2027, 7, 2)) is WithheldState.WAITING

    approve_release(release=release, by=administrator, at=at(date(2027, 7, 2)))

    lapse.refresh_from_db()
    assert lapse.set_aside_by == release
    assert not WithheldLapse.objects.standing().exists()
    assert record_all_lapses(at=at(date(2027, 7, 3))) == 0


# Lapse


def test_money_lapses_at_midnight_eastern_and_not_a_second_before(run):
    assert record_lapses(run=run, by=None, at=at(JUNE_30, 23, 59, 59)) == []
    assert len(record_lapses(run=run, by=None, at=at(JULY_1, 0, 0))) == 1


def test_lapse_is_recorded_once(run, staff, monkeypatch):
    monkeypatch.setattr("connecticard.clock.now", lambda: at(JULY_1))

    assert [tasks.record_lapses(), tasks.record_lapses()] == [1, 0]
    assert record_lapses(run=run, by=staff, at=at(JULY_1)) == []
    assert AuditEvent.objects.filter(action="money_lapsed").count() == 1


def test_pool_in_which_nobody_had_a_share_lapses(staff):
    run = certified_run(1000_01)

    lapses = record_lapses(run=run, by=None, at=at(JULY_1))

    assert {lapse.pool: lapse.cents for lapse in lapses} == {"transactions": 500_01, "net_plus": 500_00}
    assert record_lapses(run=run, by=staff, at=at(JULY_1)) == []


def test_void_run_does_not_lapse(run, administrator):
    services.void_run(run=run, reason="x", by=administrator, at=CERTIFIED_AT)

    assert record_all_lapses(at=at(JULY_1)) == 0


def test_redistribute_leaves_nothing_to_release_or_to_lapse(staff):
    run = w6_run(policy="redistribute")

    assert withheld_lines(run, on=JUNE_1) == []
    assert record_lapses(run=run, by=None, at=at(JULY_1)) == []


# The Comptroller's cut-off


def test_cutoff_of_the_comptroller_comes_before_june_30(run, staff):
    cutoff = date(2027, 6, 18)
    record_cutoff(fiscal_year=2027, last_day=cutoff, source="Memorandum 2027-3", by=staff, at=at(JUNE_1))

    with pytest.raises(ReleaseRefused, match="dated June 19, 2027, after June 18, 2027"):
        recorded(run, staff, ordered=date(2027, 6, 19))
    assert record_lapses(run=run, by=None, at=at(cutoff, 23, 59, 59)) == []
    (lapse,) = record_lapses(run=run, by=None, at=at(date(2027, 6, 19), 0, 0))
    assert lapse.on == cutoff


def test_last_cutoff_recorded_holds(run, staff):
    for day in (18, 25):
        record_cutoff(fiscal_year=2027, last_day=date(2027, 6, day), source="Memo", by=staff, at=at(JUNE_1))

    assert recorded(run, staff, ordered=date(2027, 6, 25)).pk


@pytest.mark.parametrize(
    ("last_day", "source", "told"),
    [(JULY_1, "Memo", "a day of fiscal year 2027"), (JUNE_1, " ", "Name the Comptroller's notice")],
)
def test_cutoff_outside_the_year_or_without_source_is_refused(staff, last_day, source, told):
    with pytest.raises(ReleaseRefused, match=told):
        record_cutoff(fiscal_year=2027, last_day=last_day, source=source, by=staff, at=at(JUNE_1))


def test_cutoff_does_not_undo_a_release_or_a_lapse(run, staff):
    recorded(run, staff, ordered=date(2027, 6, 10))
    with pytest.raises(ReleaseRefused, match="releases money already"):
        record_cutoff(fiscal_year=2027, last_day=JUNE_1, source="Memo", by=staff, at=at(JUNE_30))

    WithheldRelease.objects.update(declined_by=staff, declined_at=at(JUNE_30), declined_because="x")
    record_lapses(run=run, by=None, at=at(JULY_1))
    with pytest.raises(ReleaseRefused, match="on record as lapsed"):
        record_cutoff(fiscal_year=2027, last_day=JUNE_1, source="Memo", by=staff, at=at(JULY_1))


# What the database holds true


def insert_release(run, **fields):
    person = make_user()
    values = {
        "payment": line_of(run),
        "order": fields.get("order") or release_order(run, JUNE_1),
        "cents": 487_94,
        "cured_on": JUNE_1,
        "reason": "filed",
        "recorded_by": person,
        "recorded_at": at(JUNE_1),
    }
    return WithheldRelease.objects.create(**values | fields)


@pytest.mark.parametrize("fields", [{"cents": 487_93}, {"cured_on": JULY_1}])
def test_database_refuses_a_release_that_the_law_forbids(run, fields):
    with pytest.raises(DatabaseError, match="a release pays what was withheld"), transaction.atomic():
        insert_release(run, **fields)


def test_database_refuses_a_release_by_a_late_or_withdrawn_or_other_order(run, staff):
    late = release_order(run, JULY_1, "late")
    with pytest.raises(DatabaseError, match="by an order of its run in time"), transaction.atomic():
        insert_release(run, order=late)

    taken_back = release_order(run, JUNE_1, "taken back")
    withdraw_order(order=taken_back, reason="x", by=staff, at=at(JUNE_1))
    with pytest.raises(DatabaseError, match="by an order of its run in time"), transaction.atomic():
        insert_release(run, order=taken_back)


def test_database_releases_a_payment_once(run):
    release = insert_release(run)

    with pytest.raises(IntegrityError, match="withheld_money_released_once"), transaction.atomic():
        insert_release(run, order=release.order)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"reason": ""}, "release_says_how_it_was_cured"),
        ({"approved_at": CERTIFIED_AT}, "release_approval_is_whole"),
        ({"declined_at": CERTIFIED_AT, "declined_because": "x"}, "release_declining_is_whole"),
        ({"declined_because": "x"}, "declined_release_says_why_and_is_not_approved"),
    ],
)
def test_database_keeps_a_release_whole(run, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        insert_release(run, **fields)


def test_database_wants_another_person_to_approve(run):
    person = make_user()

    with pytest.raises(IntegrityError, match="release_approved_by_another"), transaction.atomic():
        insert_release(run, recorded_by=person, approved_by=person, approved_at=at(JUNE_1))


def test_release_and_lapse_never_both(run, administrator):
    release = insert_release(run)
    lapse = {
        "run": run,
        "payment": release.payment,
        "cents": 487_94,
        "on": JUNE_30,
        "reason": "x",
        "recorded_at": at(JULY_1),
    }
    with (
        pytest.raises(DatabaseError, match="money that an order releases cannot lapse"),
        transaction.atomic(),
    ):
        WithheldLapse.objects.create(**lapse)

    WithheldRelease.objects.update(
        declined_by=administrator, declined_at=at(JULY_1), declined_because="not ordered"
    )
    WithheldLapse.objects.create(**lapse)
    with pytest.raises(DatabaseError, match="money that lapsed cannot be released"), transaction.atomic():
        insert_release(run, order=release.order, approved_by=administrator, approved_at=at(JULY_1))


def test_releases_lapses_and_cutoffs_stay_as_recorded(run, staff, administrator):
    release = insert_release(run)
    for change in ({"reason": "other"}, {"cured_on": JUNE_30}):
        with pytest.raises(DatabaseError, match="release_stays_as_recorded"), transaction.atomic():
            WithheldRelease.objects.update(**change)
    with pytest.raises(DatabaseError, match="release_is_kept"), transaction.atomic():
        WithheldRelease.objects.all().delete()
    decline_release(release=release, because="x", by=staff, at=at(JUNE_1))
    with pytest.raises(DatabaseError, match="settled_release_stays"), transaction.atomic():
        WithheldRelease.objects.update(declined_because="y")

    record_lapses(run=run, by=None, at=at(JULY_1))
    with pytest.raises(DatabaseError, match="lapse_stays_as_recorded"), transaction.atomic():
        WithheldLapse.objects.update(reason="other")
    with pytest.raises(DatabaseError, match="lapse_is_kept"), transaction.atomic():
        WithheldLapse.objects.all().delete()
    WithheldLapse.objects.update(set_aside_at=at(JULY_1), set_aside_by=release)
    with pytest.raises(DatabaseError, match="lapse_set_aside_stays"), transaction.atomic():
        WithheldLapse.objects.update(set_aside_at=None, set_aside_by=None)

    PaymentCutoff.objects.create(
        fiscal_year=2027, last_day=JUNE_1, source="Memo", recorded_by=staff, recorded_at=at(JUNE_1)
    )
    for act in (lambda: PaymentCutoff.objects.update(source="x"), PaymentCutoff.objects.all().delete):
        with pytest.raises(DatabaseError, match="cutoff_stays"), transaction.atomic():
            act()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"recorded_at": at(JUNE_30, 23, 59, 59)}, "not before"),
        ({"on": JULY_1, "recorded_at": at(date(2027, 7, 2))}, "to the cent"),
        ({"cents": 1}, "to the cent"),
        ({"reason": ""}, "lapse_says_why"),
        ({"pool": "net_plus"}, "lapse_of_a_payment_or_a_pool"),
        ({"payment": None}, "lapse_of_a_payment_or_a_pool"),
        ({"payment": None, "pool": "net_plus", "cents": 0}, "lapse_of_some_money"),
        ({"set_aside_at": at(JULY_1)}, "lapse_set_aside_is_whole"),
    ],
)
def test_database_keeps_a_lapse_lawful_and_whole(run, fields, told):
    values = {
        "run": run,
        "payment": line_of(run),
        "cents": 487_94,
        "on": JUNE_30,
        "reason": "x",
        "recorded_at": at(JULY_1),
    }
    with pytest.raises(DatabaseError, match=told), transaction.atomic():
        WithheldLapse.objects.create(**values | fields)


def test_database_lapses_a_payment_and_a_pool_once(run):
    pool = {
        "run": run,
        "pool": "net_plus",
        "cents": 1,
        "on": JUNE_30,
        "reason": "x",
        "recorded_at": at(JULY_1),
    }
    WithheldLapse.objects.create(**pool)
    with pytest.raises(IntegrityError, match="pool_lapses_once"), transaction.atomic():
        WithheldLapse.objects.create(**pool)

    line = pool | {"pool": "", "payment": line_of(run), "cents": 487_94}
    WithheldLapse.objects.create(**line)
    with pytest.raises(IntegrityError, match="withheld_money_lapses_once"), transaction.atomic():
        WithheldLapse.objects.create(**line)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [({"last_day": JULY_1}, "cutoff_in_its_fiscal_year"), ({"source": ""}, "cutoff_names_its_source")],
)
def test_database_keeps_a_cutoff_in_its_year_with_its_source(staff, fields, constraint):
    values = {"fiscal_year": 2027, "last_day": JUNE_1, "source": "Memo"}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentCutoff.objects.create(recorded_by=staff, recorded_at=at(JUNE_1), **values | fields)
