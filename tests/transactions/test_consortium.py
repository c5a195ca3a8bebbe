"""How the members of a consortium stand, for its filer and for the State Library."""

from datetime import UTC, date, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard.models import Role
from tests.factories import (
    make_consortium,
    make_filing,
    make_home_library,
    make_letter,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from transactions.consortium_members import MemberState, period_to_show, periods_of_members
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 20)
IN_TIME, LATE = datetime(2026, 9, 7, 14, tzinfo=UTC), datetime(2026, 9, 12, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def members(libraries):
    for library in libraries.values():
        make_letter(library)
    return [libraries[f"CT000{number}"] for number in (1, 2, 3, 4)]


@pytest.fixture
def consortium(members):
    return make_consortium("Sound Libraries", members=tuple(members))


@pytest.fixture
def filer(consortium):
    return make_signed_in_client(Role.CONSORTIUM_FILER, consortium=consortium)


def page(consortium, query=""):
    return reverse("transactions:consortium_page", args=[consortium.pk]) + query


def in_state(library, period, status, at=IN_TIME):
    if status == "draft":
        return make_filing(library, period)
    person = make_user(second_factor=False)
    signed = {"certified_at": at, "certified_by": person, "attestation": "True."}
    return make_filing(
        library,
        period,
        status=status,
        submitted_at=at,
        submitted_by=person,
        first_submitted_at=at,
        sha256="0" * 64,
        **(signed if status == "certified" else {}),
    )


def test_filer_sees_each_member_by_its_state(filer, consortium, members, period):
    draft = in_state(members[0], period, "draft")
    in_state(members[1], period, "submitted")
    in_state(members[2], period, "certified", LATE)

    shown = text(filer.get(page(consortium)))

    assert "4 member libraries today" in shown
    assert "March 2026 to August 2026 twice a year September 8, 2026 4 1 not started" in shown
    assert "4 all 1 not started 1 draft 1 submitted 0 returned 1 certified 3 late" in shown
    assert "Avon Library Draft Late" in shown
    assert "Canton Library Certified Late" in shown
    assert "Bethel Library Submitted nothing saved Look at it : Bethel Library" in shown
    assert "Begin the filing of Eastford Library" in shown
    page_itself = filer.get(page(consortium)).content.decode()
    assert reverse("transactions:filing_entry", args=[draft.pk]) in page_itself


@pytest.mark.parametrize(
    ("state", "named"),
    [("draft", ["Avon"]), ("not-started", ["Canton", "Eastford"]), ("late", ["Avon", "Canton", "Eastford"])],
)
def test_members_are_filtered_by_state(filer, consortium, members, period, state, named):
    in_state(members[0], period, "draft")
    in_state(members[1], period, "submitted")

    answer = filer.get(page(consortium, f"?period=semiannual-2026-03&state={state}")).content.decode()

    table = answer[answer.index("Members, March 2026") :]
    assert [
        name for name in ("Avon", "Bethel", "Canton", "Eastford") if f"{name} Library</a>" in table
    ] == named


def test_nobody_in_a_state_is_said(filer, consortium, period):
    assert "No member is in this state" in text(filer.get(page(consortium, "?state=returned")))


def test_each_cadence_has_its_own_periods(consortium, members, period):
    april = make_period(date(2026, 4, 1), Cadence.MONTHLY)
    members[0].cadences.create(cadence="monthly", valid=DateRange(date(2026, 3, 1), None))

    found = {
        each.name: [member.own.library.key for member in each.members]
        for each in periods_of_members(consortium, TODAY)
    }

    assert found["monthly-2026-04"] == ["CT0001"]
    assert found["semiannual-2026-03"] == ["CT0002", "CT0003", "CT0004"]
    assert april.due_on == date(2026, 5, 11)


def test_what_is_owed_now_is_shown_first(consortium, members, period):
    periods = periods_of_members(consortium, TODAY)

    assert period_to_show(periods, "").name == "semiannual-2026-03"
    assert period_to_show(periods, "semiannual-2026-09").name == "semiannual-2026-09"
    assert period_to_show(periods, "no-such").name == "semiannual-2026-03"
    assert period_to_show([], "") is None


def test_member_that_left_in_the_year_is_shown_for_its_periods_but_not_reached(
    filer, consortium, members, period
):
    membership = consortium.memberships.get(library=members[0])
    membership.valid = DateRange(None, date(2026, 6, 1))
    membership.save()
    in_state(members[0], period, "draft")

    shown = text(filer.get(page(consortium)))

    assert "3 member libraries today" in shown
    assert "left the consortium May 31, 2026" in shown
    answer = filer.get(page(consortium)).content.decode()
    assert reverse("transactions:library_filings", args=["CT0001"]) not in answer
    autumn = next(each for each in periods_of_members(consortium, TODAY) if each.name == "semiannual-2026-09")
    assert "CT0001" not in [member.own.library.key for member in autumn.members]
    staff = make_signed_in_client(Role.STATE_STAFF)
    assert "left May 31, 2026" in text(staff.get(page(consortium)))


def test_two_consortia_at_once_and_each_its_own(filer, consortium, members, libraries, period):
    other = make_consortium("River Libraries", members=(libraries["CT0005"], members[0]))

    assert filer.get(page(other)).status_code == 404
    assert filer.get(reverse("transactions:consortium_list")).url == page(consortium)
    both = make_user(Role.CONSORTIUM_FILER, consortium=other)
    make_signed_in_client(user=both)
    client = make_signed_in_client(user=both)
    assert "Avon Library" in text(client.get(page(other)))
    assert client.get(page(consortium)).status_code == 404


def test_staff_and_auditor_read_every_consortium_and_change_nothing(consortium, period):
    make_consortium("Another")
    for role in (Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR):
        client = make_signed_in_client(role)
        assert "Sound Libraries , 4 members" in text(client.get(reverse("transactions:consortium_list")))
        shown = text(client.get(page(consortium)))
        assert "Not started" in shown
        assert "Begin" not in shown


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER])
def test_people_of_one_member_do_not_see_the_others(role, consortium, members):
    client = make_signed_in_client(role, members[0])

    assert client.get(page(consortium)).status_code == 403
    assert client.get(reverse("transactions:consortium_list")).status_code == 403


def test_no_consortium_and_no_period_are_said(libraries):
    staff = make_signed_in_client(Role.STATE_STAFF)
    assert "No consortium is on record" in text(staff.get(reverse("transactions:consortium_list")))

    empty = make_consortium("Empty")
    make_consortium("Another")

    assert "No member of this consortium owes a filing" in text(staff.get(page(empty)))


def test_queries_do_not_grow_with_the_members(django_assert_max_num_queries, period):
    many = [make_home_library() for _ in range(30)]
    for library in many:
        make_letter(library)
        make_filing(library, period)
    consortium = make_consortium(members=tuple(many))

    with django_assert_max_num_queries(9):
        periods = periods_of_members(consortium, TODAY)

    assert next(each for each in periods if each.name == "semiannual-2026-03").counts[MemberState.DRAFT] == 30
