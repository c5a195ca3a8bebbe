"""The one table: who may do what, and for which library."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock
from connecticard.models import AuditEvent, Role
from connecticard.permissions import (
    PERMITTED,
    SCOPES,
    Action,
    delivery_sites_for,
    libraries_for,
    may,
    may_for_site,
    read_roles_once,
)
from tests.factories import give_role, make_consortium, make_delivery_site, make_library, make_user

pytestmark = pytest.mark.django_db


def test_every_action_stands_in_the_table():
    assert set(PERMITTED) == set(Action)
    assert all(PERMITTED.values())


def test_auditor_changes_nothing():
    reads = {
        Action.VIEW_LIBRARY,
        Action.VIEW_RUNS,
        Action.VIEW_CONSORTIUM,
        Action.VIEW_WORK_LIST,
        Action.VIEW_HARVEST,
        Action.VIEW_MAIL,
        Action.VIEW_PAYEES,
        Action.VIEW_PEOPLE,
        Action.VIEW_AUDIT,
        Action.VIEW_DELIVERY,
        Action.READ_HELP,
        Action.READ_STATE_HELP,
    }

    assert {action for action in Action if Role.AUDITOR in PERMITTED[action]} == reads


def test_tokens_reach_no_action_that_decides_about_people_or_money():
    assert not SCOPES.keys() & {
        Action.MANAGE_LIBRARY_PEOPLE,
        Action.MANAGE_STATE_PEOPLE,
        Action.CERTIFY_RUN,
        Action.PREPARE_RUN,
        Action.APPROVE_WAIVER,
        Action.RECORD_ORDER,
        Action.KEEP_PAYEES,
        Action.EXPORT_PAYMENTS,
    }


def test_nobody_may_do_anything():
    assert not any(may(AnonymousUser(), action) for action in Action)
    assert not any(may(make_user(), action) for action in Action)


def test_inactive_person_may_do_nothing():
    user = make_user(Role.STATE_ADMINISTRATOR)
    user.is_active = False

    assert not any(may(user, action) for action in Action)


def test_library_role_reaches_its_library_alone():
    library, other = make_library(), make_library()
    user = make_user(Role.LIBRARY_FILER, library=library)

    assert may(user, Action.ENTER_COUNTS, library)
    assert not may(user, Action.ENTER_COUNTS, other)
    assert not may(user, Action.CERTIFY_FILING, library)
    assert list(libraries_for(user, Action.ENTER_COUNTS)) == [library]


def test_roles_are_read_once_a_request_and_anew_in_the_next(django_assert_num_queries):
    user, library = make_user(), make_library()
    held = give_role(user, Role.LIBRARY_FILER, library=library)
    read_roles_once(user)
    with django_assert_num_queries(1):
        assert may(user, Action.ENTER_COUNTS)
        assert may(user, Action.VIEW_LIBRARY)

    held.delete()

    assert not may(user, Action.ENTER_COUNTS, on=clock.today())
    read_roles_once(user)
    assert not may(user, Action.ENTER_COUNTS)


def test_consortium_role_reaches_members_on_the_day():
    member, left = make_library(), make_library()
    consortium = make_consortium(members=(member,))
    consortium.memberships.create(library=left, valid=DateRange(None, date(2020, 1, 1)))
    user = make_user(Role.CONSORTIUM_FILER, consortium=consortium)

    assert list(libraries_for(user, Action.ENTER_COUNTS)) == [member]
    assert may(user, Action.ENTER_COUNTS, left, on=date(2019, 6, 1))


def test_delivery_reporter_reaches_one_site_and_no_library():
    site, other = make_delivery_site(), make_delivery_site(library=make_library())
    user = make_user(Role.DELIVERY_REPORTER, delivery_site=site)

    assert may_for_site(user, Action.REPORT_DELIVERY, site)
    assert not may_for_site(user, Action.REPORT_DELIVERY, other)
    assert list(delivery_sites_for(user, Action.VIEW_DELIVERY)) == [site]
    assert not libraries_for(user, Action.VIEW_DELIVERY)
    assert {action for action in Action if may(user, action)} == {
        Action.VIEW_DELIVERY,
        Action.REPORT_DELIVERY,
        Action.READ_HELP,
    }


def test_who_files_for_a_library_reports_for_its_site_and_the_state_for_all():
    library = make_library()
    site, other = make_delivery_site(library=library), make_delivery_site()
    certifier = make_user(Role.LIBRARY_CERTIFIER, library=library)
    of_consortium = make_user(Role.CONSORTIUM_FILER, consortium=make_consortium(members=(library,)))

    for user in (certifier, of_consortium):
        assert list(delivery_sites_for(user, Action.REPORT_DELIVERY)) == [site]
    assert set(delivery_sites_for(make_user(Role.STATE_STAFF), Action.REPORT_DELIVERY)) == {site, other}
    assert not may_for_site(make_user(Role.AUDITOR), Action.REPORT_DELIVERY, site)
    assert not may_for_site(AnonymousUser(), Action.VIEW_DELIVERY, site)


def test_deputy_certifies_on_the_days_of_the_assignment():
    library = make_library()
    deputy = make_user()
    today = clock.today()
    give_role(deputy, Role.LIBRARY_CERTIFIER, library=library, begins=today, ends=today + timedelta(days=1))

    assert may(deputy, Action.CERTIFY_FILING, library)
    assert not may(deputy, Action.CERTIFY_FILING, library, on=today - timedelta(days=1))
    assert not may(deputy, Action.CERTIFY_FILING, library, on=today + timedelta(days=1))


def test_audit_events_cannot_be_changed_or_removed():
    user = make_user()
    event = AuditEvent.record("signed_in", target=user, by=user)

    for statement in (
        "UPDATE connecticard_auditevent SET action = 'nothing' WHERE id = %s",
        "DELETE FROM connecticard_auditevent WHERE id = %s",
    ):
        refused = pytest.raises(DatabaseError, match="Cannot update or delete")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [event.pk])
