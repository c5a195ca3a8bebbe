"""The dates of filing periods: listed with the law's, changed after a look at what that does."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from connecticard.models import AuditEvent, Role
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
from transactions import services
from transactions.library_filings import periods_of_libraries, who_owes
from transactions.models import Waiver
from transactions.period_dates import effects_of_dates, periods_in_year
from transactions.rules.filing_calendar import Cadence
from transactions.services import FilingRefused

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 20)
LATE, IN_TIME = datetime(2026, 9, 12, 14, tzinfo=UTC), datetime(2026, 9, 7, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def taking_part(libraries):
    for library in libraries.values():
        make_letter(library)
    return libraries


@pytest.fixture
def client(db):
    return make_signed_in_client(Role.STATE_STAFF)


def submitted(library, period, at):
    return make_filing(
        library,
        period,
        status="submitted",
        submitted_at=at,
        first_submitted_at=at,
        submitted_by=make_user(second_factor=False),
        sha256="0" * 64,
    )


def page(period):
    return reverse("transactions:period_page", args=[period.pk])


def entered(period, **changed):
    days = {name: getattr(period, name) for name in ("due_on", "accepted_until", "closes_on")}
    return {**{name: day.isoformat() for name, day in (days | changed).items()}, "reason": "Storm of July 4"}


def test_list_shows_the_law_s_day_beside_practice_and_who_has_submitted(client, taking_part, period):
    submitted(taking_part["CT0001"], period, IN_TIME)
    period.due_on = date(2026, 9, 15)
    period.save()

    shown = text(client.get(reverse("transactions:period_list")))

    assert "March 2026 to August 2026 September 8, 2026 September 15, 2026 later: counts only by a" in shown
    assert "March 31, 2027 June 30, 2027 5 1" in shown
    assert "Regs. Conn. State Agencies § 11-31c-2(a)" in shown


def test_list_of_a_year_without_periods_says_that_they_open_by_themselves(client):
    assert "Periods open by themselves" in text(client.get(reverse("transactions:period_list")))


def test_monthly_filers_are_counted_with_their_own_periods(taking_part, period, staff):
    april = make_period(date(2026, 4, 1), Cadence.MONTHLY)
    taking_part["CT0002"].cadences.create(cadence="monthly", valid=(date(2026, 3, 1), None))

    owing = {each.period: each.owing for each in periods_in_year(2027, TODAY)}

    assert owing == {period: 4, april: 1}
    assert [own.library.key for own in who_owes(april, TODAY)] == ["CT0002"]


def test_change_is_shown_before_it_is_made(client, taking_part, period):
    submitted(taking_part["CT0001"], period, LATE)
    change = entered(period, due_on=date(2026, 9, 30))

    shown = text(client.post(page(period), change))

    assert "Asked for by: September 8, 2026 becomes September 30, 2026" in shown
    assert "September 30, 2026 is later than the law’s day, September 8, 2026." in shown
    assert "They have not filed yet and are asked for it on the new day: 4 libraries" in shown
    period.refresh_from_db()
    assert period.due_on == date(2026, 9, 8)

    client.post(page(period), change | {"looked_at": "2026-09-30 2027-03-31 2027-06-30"})

    period.refresh_from_db()
    assert (period.due_on, period.law_due_on) == (date(2026, 9, 30), date(2026, 9, 8))
    shown = text(client.get(page(period)))
    assert "Storm of July 4 due on: 2026-09-08, now 2026-09-30" in shown
    assert "Later than the law" in shown


def test_page_that_shows_the_change_holds_what_was_entered(client, taking_part, period):
    form = client.post(page(period), entered(period, due_on=date(2026, 9, 30))).context["form"]
    shown = {field.name: field.value() for field in form}

    assert shown == entered(period, due_on=date(2026, 9, 30)) | {
        "looked_at": "2026-09-30 2027-03-31 2027-06-30"
    }

    client.post(page(period), shown)

    period.refresh_from_db()
    assert period.due_on == date(2026, 9, 30)


def test_other_dates_than_those_looked_at_are_shown_again(client, taking_part, period):
    change = entered(period, due_on=date(2026, 9, 30)) | {"looked_at": "2026-09-29 2027-03-31 2027-06-30"}

    assert "What changes" in text(client.post(page(period), change))

    period.refresh_from_db()
    assert period.due_on == date(2026, 9, 8)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"due_on": date(2026, 8, 31)}, "in that order"),
        ({"closes_on": date(2027, 3, 1)}, "in that order"),
        ({}, "nothing changes"),
    ],
)
def test_change_that_cannot_be_says_why(client, period, changed, told):
    assert told in text(client.post(page(period), entered(period, **changed)))


def test_reason_is_required(client, period):
    answer = client.post(page(period), entered(period, due_on=date(2026, 9, 30)) | {"reason": " "})

    assert "Reason – This field is required" in text(answer)


def test_late_filings_are_accepted_as_long_as_a_waiver_runs(taking_part, period, staff):
    services.propose_waivers(
        libraries=[taking_part["CT0001"]],
        period=period,
        until=date(2027, 3, 20),
        authority="Board",
        reason="Flood",
        by=staff,
        at=LATE,
    )

    with pytest.raises(FilingRefused, match="A waiver for Avon Library runs through March 20, 2027"):
        services.check_period_dates(
            period, due_on=period.due_on, accepted_until=date(2027, 3, 1), closes_on=period.closes_on
        )


def test_effects_follow_the_law_s_day(taking_part, staff):
    """A day of mourning moves the law's day by one; what was late is in time, what is open stays open."""
    services.load_holidays()
    april = make_period(date(2026, 4, 1), Cadence.MONTHLY)
    for key in ("CT0001", "CT0002", "CT0003"):
        taking_part[key].cadences.create(cadence="monthly", valid=(date(2026, 3, 1), None))
    submitted(taking_part["CT0001"], april, datetime(2026, 5, 12, 14, tzinfo=UTC))
    submitted(taking_part["CT0002"], april, datetime(2026, 5, 13, 14, tzinfo=UTC))
    services.add_holiday(day=date(2026, 5, 6), name="Day of mourning", source="proclamation", by=staff)

    dates = services.check_period_dates(
        april, due_on=date(2026, 5, 12), accepted_until=april.accepted_until, closes_on=date(2027, 3, 31)
    )
    effects = effects_of_dates(who_owes(april, date(2027, 5, 1)), dates)

    assert dates.law_due_on == date(2026, 5, 12)
    assert [(effect.sentence, [library.key for library in effect.libraries]) for effect in effects] == [
        ("They filed late and would have filed in time", ["CT0001"]),
        (
            "They have not certified, and entry closes for them at once",
            ["CT0001", "CT0002", "CT0003"],
        ),
        ("They have not filed yet and are asked for it on the new day", ["CT0003"]),
    ]


def test_auditor_reads_and_libraries_do_not(period, taking_part):
    auditor = make_signed_in_client(Role.AUDITOR)
    assert "Change the dates" not in text(auditor.get(page(period)))
    assert auditor.post(page(period), entered(period, due_on=date(2026, 9, 30))).status_code == 403

    filer = make_signed_in_client(Role.LIBRARY_CERTIFIER, taking_part["CT0001"])
    assert filer.get(page(period)).status_code == 403
    assert filer.get(reverse("transactions:period_list")).status_code == 403


def test_library_sees_the_three_dates_of_each_period(taking_part, period):
    filer = make_signed_in_client(Role.LIBRARY_FILER, taking_part["CT0001"])

    shown = text(filer.get(reverse("transactions:library_filings", args=["CT0001"])))

    assert "Due Tuesday, September 8, 2026 , by 11:59:59 p.m. Eastern" in shown
    assert "Accepted late, by a waiver, through March 31, 2027. Closed to entry after June 30, 2027." in shown
    assert "By the law: Tuesday, September 8, 2026" not in shown
    period.due_on = date(2026, 9, 15)
    period.save()
    shown = text(filer.get(reverse("transactions:library_filings", args=["CT0001"])))
    assert "By the law: Tuesday, September 8, 2026 , and payment is judged by that day." in shown


def test_queries_do_not_grow_with_the_libraries(taking_part, period, django_assert_max_num_queries):
    more = [make_home_library() for _ in range(30)]
    for library in more:
        make_letter(library)
        make_filing(library, period)

    with django_assert_max_num_queries(8):
        found = periods_of_libraries([*taking_part.values(), *more], TODAY)

    assert all(found.values())


# Waivers for many libraries


def waiver_page(period, query=""):
    return reverse("transactions:waivers_propose", args=[period.pk]) + query


TERMS = {
    "until": "2026-10-31",
    "authority": "State Librarian, September 19",
    "reason": "The system was down.",
}


def test_one_proposal_for_many_libraries_is_approved_at_once(client, taking_part, period):
    chosen = [taking_part[key].pk for key in ("CT0001", "CT0002")]
    answer = client.post(waiver_page(period), TERMS | {"libraries": chosen}, follow=True)
    assert "Proposed for 2 libraries. It holds once another person has approved it." in text(answer)
    assert "2 libraries Avon Library Bethel Library March 2026 to August 2026" in text(answer)
    waiver = Waiver.objects.first()
    other = make_signed_in_client(Role.STATE_STAFF)
    address = reverse("transactions:waiver_approve", args=[waiver.pk])
    assert "Approve for these 2 libraries" in text(other.get(address))

    answer = other.post(address, follow=True)

    assert "Approved: Late acceptance for 2 libraries, March 2026 to August 2026." in text(answer)
    assert {each.approved_by for each in Waiver.objects.all()} == {other.user}
    assert AuditEvent.objects.filter(action="waiver_approved").count() == 2
    filer = make_signed_in_client(Role.LIBRARY_FILER, taking_part["CT0002"])
    shown = text(filer.get(reverse("transactions:library_filings", args=["CT0002"])))
    assert "Late acceptance Accepted through Saturday, October 31, 2026. The system was down." in shown


def test_only_libraries_that_a_waiver_would_help_are_offered(client, taking_part, period):
    submitted(taking_part["CT0001"], period, IN_TIME)
    submitted(taking_part["CT0002"], period, LATE)
    services.propose_waivers(
        libraries=[taking_part["CT0003"]],
        period=period,
        until=date(2026, 10, 1),
        authority="Board",
        reason="Flood",
        by=client.user,
        at=LATE,
    )

    shown = client.get(waiver_page(period)).content.decode()

    assert [name in shown for name in ("Avon", "Bethel", "Canton", "Eastford", "Pequot")] == [
        False,
        True,
        False,
        True,
        True,
    ]


def test_members_of_a_consortium_are_chosen_together(client, taking_part, period):
    consortium = make_consortium(members=(taking_part["CT0001"], taking_part["CT0003"]))

    shown = client.get(waiver_page(period, f"?of={consortium.pk}")).content.decode()

    assert shown.count(" checked") == 2
    assert client.get(waiver_page(period, "?of=all")).content.decode().count(" checked") == 5
    assert client.get(waiver_page(period)).content.decode().count(" checked") == 0


def test_nobody_chosen_is_told(client, taking_part, period):
    assert "Libraries – This field is required" in text(client.post(waiver_page(period), TERMS))


def test_nobody_left_is_said(client, libraries, period):
    assert "No library needs a waiver for this period" in text(client.get(waiver_page(period)))


@pytest.fixture
def waiver(client, taking_part, period):
    return services.propose_waivers(
        libraries=[taking_part["CT0001"]],
        period=period,
        until=date(2026, 10, 31),
        authority="Board",
        reason="Flood",
        by=client.user,
        at=LATE,
    )[0]


@pytest.mark.parametrize(
    ("own", "state", "word"), [(True, "withdrawn", "Withdraw"), (False, "refused", "Refuse")]
)
def test_proposal_is_withdrawn_or_refused_with_a_reason(client, waiver, own, state, word):
    settling = client if own else make_signed_in_client(Role.STATE_STAFF)
    address = reverse("transactions:waiver_approve", args=[waiver.pk])
    assert word in text(settling.get(address))
    assert "This field is required" in text(settling.post(address, {"decline": "yes", "reason": " "}))

    settling.post(address, {"decline": "yes", "reason": "It was filed in time after all."})

    waiver.refresh_from_db()
    assert waiver.state == state
    assert AuditEvent.objects.get(action=f"waiver_{state}").after == {
        "reason": "It was filed in time after all."
    }
    shown = text(client.get(reverse("transactions:waiver_list"), {"state": state}))
    assert f"{state.capitalize()} by {settling.user}, September 20, 2026: It was filed in time" in shown
    assert settling.post(address).status_code == 409
    other = make_user(Role.STATE_STAFF, second_factor=False)
    with pytest.raises(FilingRefused, match=f"This waiver is {state} already"):
        services.approve_waiver(waiver=waiver, by=other, at=LATE)
    services.propose_waivers(
        libraries=[waiver.library],
        period=waiver.period,
        until=waiver.until,
        authority="Board",
        reason="Flood again",
        by=client.user,
        at=LATE,
    )


def test_second_proposal_waits_for_the_first(client, waiver):
    with pytest.raises(FilingRefused, match="A waiver for Avon Library waits for approval already"):
        services.propose_waivers(
            libraries=[waiver.library],
            period=waiver.period,
            until=waiver.until,
            authority="Board",
            reason="Flood",
            by=client.user,
            at=LATE,
        )


@pytest.mark.parametrize(
    ("at", "until", "told"),
    [
        (IN_TIME, date(2026, 10, 31), "filed on September 7, 2026, in time: it needs no waiver"),
        (LATE, date(2026, 9, 10), "filed on September 12, 2026. Enter that day or a later one"),
    ],
)
def test_waiver_that_changes_nothing_is_refused(client, taking_part, period, at, until, told):
    submitted(taking_part["CT0001"], period, at)

    with pytest.raises(FilingRefused, match=told):
        services.propose_waivers(
            libraries=[taking_part["CT0001"]],
            period=period,
            until=until,
            authority="Board",
            reason="Flood",
            by=client.user,
            at=datetime(2026, 9, 20, 14, tzinfo=UTC),
        )


def test_waiver_is_offered_only_where_it_would_help(client, taking_part, period):
    address = reverse("transactions:library_filings", args=["CT0001"])
    assert "Propose a waiver for March 2026 to August 2026" in text(client.get(address))

    submitted(taking_part["CT0001"], period, IN_TIME)

    assert "Propose a waiver for March 2026 to August 2026" not in text(client.get(address))
