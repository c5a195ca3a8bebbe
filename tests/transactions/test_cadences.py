"""How often a library files: choices put off, replaced and withdrawn, and never a day twice or left out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connecticard.models import AuditEvent, Role, RoleAssignment
from tests.factories import (
    give_role,
    make_filing,
    make_letter,
    make_library,
    make_period,
    make_signed_in_client,
)
from transactions import services
from transactions.models import Filing, ReportingCadence
from transactions.rules.filing_calendar import (
    Cadence,
    period_containing,
    periods_of_year,
    program_year,
    program_year_of,
)
from transactions.services import FilingRefused
from transactions.services.roster import cadences_of

pytestmark = pytest.mark.django_db

MONTHLY, SEMIANNUAL, ANNUAL = Cadence.MONTHLY, Cadence.SEMIANNUAL, Cadence.ANNUAL


@pytest.fixture
def avon(avon):
    make_letter(avon)
    return avon


def rows_of(library):
    return list(
        ReportingCadence.objects.filter(library=library).order_by("valid").values_list("cadence", "valid")
    )


@pytest.mark.parametrize(
    ("on", "effective"),
    [
        (date(2026, 9, 1), date(2026, 9, 1)),
        (date(2026, 9, 2), date(2027, 3, 1)),
        (date(2027, 2, 28), date(2027, 3, 1)),
        (date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_cadence_holds_from_the_next_half_year(avon, staff, on, effective):
    chosen = services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=on)

    assert chosen.valid == DateRange(effective, None)


def test_a_choice_is_put_off_past_the_filings_that_are_begun(avon, staff):
    make_filing(avon, period=make_period(date(2026, 9, 1)))

    chosen = services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 9, 1))

    assert chosen.valid.lower == date(2027, 3, 1)


def test_a_choice_is_put_off_to_the_end_of_an_annual_filing(avon, staff):
    make_filing(avon, period=make_period(date(2025, 3, 1), ANNUAL))

    chosen = services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2025, 8, 15))

    assert chosen.valid.lower == date(2026, 3, 1)


def test_a_later_choice_follows_an_earlier_one(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 6, 1))
    services.choose_cadence(library=avon, cadence=SEMIANNUAL, by=staff, on=date(2027, 6, 1))

    assert rows_of(avon) == [
        ("monthly", DateRange(date(2026, 9, 1), date(2027, 9, 1))),
        ("semiannual", DateRange(date(2027, 9, 1), None)),
    ]


def test_another_choice_for_the_same_day_replaces_the_first(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 6, 1))
    services.choose_cadence(library=avon, cadence=SEMIANNUAL, by=staff, on=date(2026, 7, 1))

    assert rows_of(avon) == [("semiannual", DateRange(date(2026, 9, 1), None))]


def test_who_chooses_what_holds_already_goes_on_without_a_break(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 9, 1))
    services.choose_cadence(library=avon, cadence=SEMIANNUAL, by=staff, on=date(2026, 10, 1))

    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 11, 1))

    assert rows_of(avon) == [("monthly", DateRange(date(2026, 9, 1), None))]


def test_a_choice_is_withdrawn_before_it_takes_effect(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 9, 1))
    services.choose_cadence(library=avon, cadence=SEMIANNUAL, by=staff, on=date(2026, 10, 1))

    goes_on = services.withdraw_cadence_choice(library=avon, by=staff, on=date(2027, 2, 28))

    assert goes_on is MONTHLY
    assert rows_of(avon) == [("monthly", DateRange(date(2026, 9, 1), None))]
    event = AuditEvent.objects.get(action="cadence_choice_withdrawn")
    assert event.after == {"library": avon.key, "withdrawn": "semiannual", "from": "2027-03-01"}


def test_the_first_choice_withdrawn_leaves_what_holds_for_everybody(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 6, 1))

    assert services.withdraw_cadence_choice(library=avon, by=staff, on=date(2026, 8, 31)) is SEMIANNUAL
    assert rows_of(avon) == []


def test_a_choice_that_holds_is_not_withdrawn(avon, staff):
    services.choose_cadence(library=avon, cadence=MONTHLY, by=staff, on=date(2026, 6, 1))

    with pytest.raises(FilingRefused, match="No choice of Avon Library waits"):
        services.withdraw_cadence_choice(library=avon, by=staff, on=date(2026, 9, 1))


def test_a_cadence_that_cannot_be_chosen(avon, staff):
    with pytest.raises(FilingRefused, match="twice a year or every month"):
        services.choose_cadence(library=avon, cadence=ANNUAL, by=staff, on=date(2026, 6, 1))
    with pytest.raises(FilingRefused, match="already"):
        services.choose_cadence(library=avon, cadence=SEMIANNUAL, by=staff, on=date(2026, 6, 1))


# Whatever a library chooses

DAYS = st.dates(date(2016, 1, 1), date(2040, 12, 31))
CHOICES = st.sampled_from([*Cadence, "withdraw", "file"])


def assert_every_day_lies_in_one_period(library):
    cadences = cadences_of([library])[library.pk]
    for year in range(2016, 2042):
        periods = periods_of_year(year, cadences, ())
        days = [
            period.span.first_day + timedelta(days=n) for period in periods for n in range(period.span.days)
        ]
        span = program_year(year)
        assert days == [span.first_day + timedelta(days=n) for n in range(span.days)]


def assert_filings_have_their_periods(library):
    cadences = cadences_of([library])[library.pk]
    for filing in Filing.objects.filter(library=library).select_related("period"):
        owed = period_containing(filing.period.first_day, cadences, ())
        assert (owed.cadence, owed.span) == (filing.period.cadence, filing.period.span)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(DAYS, CHOICES), max_size=15))
@example([(date(2027, 9, 1), MONTHLY), (date(2027, 9, 1), SEMIANNUAL), (date(2027, 9, 1), "withdraw")])
@example([(date(2026, 9, 1), MONTHLY), (date(2026, 9, 1), "file"), (date(2026, 9, 1), SEMIANNUAL)])
@example([(date(2028, 2, 29), MONTHLY), (date(2028, 3, 1), "file"), (date(2028, 8, 31), SEMIANNUAL)])
@example([(date(2017, 6, 1), MONTHLY), (date(2017, 6, 2), "file"), (date(2017, 6, 3), "withdraw")])
@example([(date(2017, 6, 1), MONTHLY), (date(2017, 6, 2), "file"), (date(2017, 6, 3), ANNUAL)])
def test_every_day_lies_in_one_period_whatever_a_library_chooses(staff, wishes):
    """Choices, withdrawals and filings in the order of their days; no filing begun ever loses its period."""
    with transaction.atomic():
        library = make_library()
        make_letter(library)
        give_role(staff, Role.LIBRARY_FILER, library=library)
        for day, wish in sorted(wishes, key=lambda pair: pair[0]):
            take(library, wish, day, staff)
            assert_filings_have_their_periods(library)
        assert_every_day_lies_in_one_period(library)
        transaction.set_rollback(True)


def take(library, wish, day, staff):
    before = AuditEvent.objects.count()
    try:
        if wish == "withdraw":
            services.withdraw_cadence_choice(library=library, by=staff, on=day)
        elif wish == "file":
            dates = period_containing(day, cadences_of([library])[library.pk], ())
            make_filing_of(library, dates, day, staff)
        else:
            chosen = services.choose_cadence(library=library, cadence=wish, by=staff, on=day)
            assert chosen.cadence == wish
    except FilingRefused:
        assert AuditEvent.objects.count() == before


def make_filing_of(library, dates, day, staff):
    services.start_filing(
        library=library,
        period=make_period(dates.span.first_day, dates.cadence),
        basis="by_month",
        by=staff,
        at=datetime(day.year, day.month, day.day, 17, tzinfo=UTC),
    )


@given(DAYS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_choice_never_reaches_back(avon, day):
    effective = services.day_of_effect(avon, day)

    assert day <= effective <= day + timedelta(days=184)
    assert (effective.month, effective.day) in [(3, 1), (9, 1)]
    assert program_year_of(effective) in (program_year_of(day), program_year_of(day) + 1)


# The page


@pytest.fixture
def page(settings, avon):
    settings.DEMO_TODAY = date(2026, 9, 5)
    return reverse("transactions:cadence", args=[avon.key])


@pytest.mark.parametrize("role", [Role.LIBRARY_CERTIFIER, Role.STATE_STAFF])
def test_page_says_when_a_choice_takes_effect_and_takes_it_back(role, page, avon):
    client = make_signed_in_client(role, avon if role is Role.LIBRARY_CERTIFIER else None)
    shown = client.get(page).content.decode()
    assert "<strong>Monday, March 1, 2027</strong>" in shown
    assert "Friday, April 9, 2027" in shown
    assert "Withdraw" not in shown

    answer = client.post(page, {"cadence": "monthly"}, follow=True).content.decode()

    assert "Avon Library files every month from March 1, 2027 on. Until then nothing changes" in answer
    assert "From March 1, 2027 on: every month" in answer
    assert rows_of(avon) == [("monthly", DateRange(date(2027, 3, 1), None))]

    answer = client.post(page + "withdraw/", follow=True).content.decode()

    assert "Withdrawn. Avon Library goes on to file twice a year." in answer
    assert rows_of(avon) == []


def test_page_gives_the_reason_for_a_later_day(page, avon):
    make_filing(avon, make_period(date(2026, 9, 1)))
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)

    assert "first such day after the filings that are begun" not in client.get(page).content.decode()
    make_filing(avon, make_period(date(2027, 3, 1)))
    shown = client.get(page).content.decode()

    assert "Wednesday, September 1, 2027</strong>, the first such day after the filings that are" in shown


def test_withdrawing_what_is_not_there_says_so(page, avon):
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)

    assert "No choice of Avon Library waits" in client.post(page + "withdraw/", follow=True).content.decode()


def test_choosing_what_holds_already_says_so(page, avon):
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)

    assert "files twice a year already" in client.post(page, {"cadence": "semiannual"}).content.decode()


@pytest.mark.parametrize("role", [Role.LIBRARY_FILER, Role.DEPUTY_CERTIFIER])
def test_only_the_director_and_the_state_library_choose(role, page, avon):
    client = make_signed_in_client(role, avon)
    person = RoleAssignment.objects.get(role=role).user

    assert client.get(page).status_code == 403
    with pytest.raises(PermissionDenied, match="how often a library files"):
        services.choose_cadence(library=avon, cadence=MONTHLY, by=person, on=date(2026, 9, 5))
    with pytest.raises(PermissionDenied, match="how often a library files"):
        services.withdraw_cadence_choice(library=avon, by=person, on=date(2026, 9, 5))
    assert client.post(page + "withdraw/").status_code == 403
