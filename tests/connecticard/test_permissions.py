"""The one table: who may do what, and for which library."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import clock
from connecticard.models import AuditEvent, Role
from connecticard.permissions import PERMITTED, SCOPES, Action, libraries_for, may, read_roles_once
from tests.factories import give_role, make_consortium, make_library, make_user

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
