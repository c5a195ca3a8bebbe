from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connecticard.canonical_json import sha256_of
from connecticard.models import AuditEvent, Role
from libraries.models import Residency
from tests.factories import give_role, make_counts, make_filing, make_period, make_user
from tests.transactions.conftest import months
from transactions import services, tasks
from transactions.models import Filing, FilingBasis, FilingPeriod, FilingTotal, Holiday
from transactions.models.waiver import WaiverKind
from transactions.rules.explanations import Reason
from transactions.rules.filing_calendar import Cadence
from transactions.rules.filing_checks import NOT_COUNTED
from transactions.rules.form_editions import edition_on
from transactions.services import CountsRefused, FilingChanged, FilingRefused, NotCertifiable, checking

pytestmark = pytest.mark.django_db

HALF = months(date(2026, 3, 1), 6)
IN_MAY = datetime(2026, 5, 20, 14, tzinfo=UTC)
ON_TIME = datetime(2026, 9, 5, 14, tzinfo=UTC)
LATER = datetime(2026, 10, 20, 14, tzinfo=UTC)
AFTER_CLOSING = datetime(2027, 7, 1, 14, tzinfo=UTC)


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon, second_factor=False)


@pytest.fixture
def certifier(avon):
    return make_user(Role.LIBRARY_CERTIFIER, library=avon, second_factor=False)


@pytest.fixture
def draft(avon, bethel):
    """A filing of Avon that could be submitted."""
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 10 + month.month for month in HALF})
    return filing


@pytest.fixture
def submitted(draft, filer):
    return services.submit_filing(filing=draft, by=filer, at=ON_TIME)


@pytest.fixture
def certified(submitted, certifier):
    return services.certify_filing(filing=submitted, by=certifier, at=ON_TIME)


def cells(filing) -> dict:
    return {
        (home, month): loans
        for home, month, loans in filing.loan_counts.values_list("home_library_id", "month", "loans")
    }


# Periods and holidays


def test_periods_of_every_cadence_open_on_their_day():
    opened = services.open_filing_periods(on=date(2026, 9, 1))

    of_the_year = {
        (period.cadence, period.first_day) for period in opened if period.first_day >= date(2026, 3, 1)
    }
    assert of_the_year == {
        ("semiannual", date(2026, 3, 1)),
        ("semiannual", date(2026, 9, 1)),
        *(("monthly", month) for month in months(date(2026, 3, 1), 7)),
    }
    assert FilingPeriod.objects.filter(cadence="annual", first_day=date(2025, 3, 1)).exists()
    assert FilingPeriod.objects.get(cadence="monthly", first_day=date(2026, 6, 1)).due_on == date(2026, 7, 10)


def test_opening_periods_again_keeps_the_dates_they_have():
    services.open_filing_periods(on=date(2026, 9, 1))
    Holiday.objects.create(day=date(2026, 7, 8), name="Day of mourning", source="Proclamation")

    assert services.open_filing_periods(on=date(2026, 9, 1)) == []
    assert FilingPeriod.objects.get(cadence="monthly", first_day=date(2026, 6, 1)).due_on == date(2026, 7, 10)


def test_the_task_opens_the_periods_of_today(settings):
    settings.DEMO_TODAY = date(2026, 9, 1)

    assert tasks.open_filing_periods() > 0
    assert tasks.open_filing_periods() == 0


def test_holidays_are_loaded_on_the_day_observed():
    call_command("load_holidays", verbosity=0)

    days = set(Holiday.objects.values_list("day", flat=True))
    assert {
        date(2026, 4, 3),  # Good Friday
        date(2026, 7, 3),  # July 4 is a Saturday
        date(2027, 12, 31),  # January 1, 2028 is a Saturday
        date(2023, 2, 13),  # Lincoln, a Sunday
        date(2028, 2, 11),  # Lincoln, a Saturday
    } <= days
    assert date(2026, 7, 4) not in days
    assert date(2026, 11, 27) not in days
    assert all(day.weekday() < 5 for day in days)
    assert {day.year for day in days} == set(range(2016, 2041))


def test_loading_holidays_again_changes_nothing():
    services.load_holidays()
    Holiday.objects.filter(day=date(2026, 4, 3)).update(name="Good Friday, by proclamation")

    assert services.load_holidays() == []
    assert Holiday.objects.get(day=date(2026, 4, 3)).name == "Good Friday, by proclamation"


def test_a_change_of_dates_is_on_record(staff):
    period = make_period()

    services.set_period_dates(
        period=period,
        due_on=date(2026, 9, 15),
        accepted_until=period.accepted_until,
        closes_on=period.closes_on,
        reason="Storm of September 7",
        by=staff,
    )

    event = AuditEvent.objects.get(action="filing_period_dates_changed")
    assert event.before["due_on"] == "2026-09-08"
    assert (event.after["due_on"], event.after["reason"]) == ("2026-09-15", "Storm of September 7")
    period.refresh_from_db()
    assert period.law_due_on == date(2026, 9, 8), "a day of practice moves no day of the law"


def test_a_due_date_that_a_new_holiday_moves_is_the_law_s(staff):
    services.load_holidays()
    period = make_period(date(2026, 4, 1), Cadence.MONTHLY)
    assert period.law_due_on == date(2026, 5, 11)
    services.add_holiday(day=date(2026, 5, 6), name="Day of mourning", source="proclamation", by=staff)

    period = services.set_period_dates(
        period=period,
        due_on=date(2026, 5, 12),
        accepted_until=period.accepted_until,
        closes_on=period.closes_on,
        reason="Day of mourning on May 6",
        by=staff,
    )

    assert period.law_due_on == date(2026, 5, 12)


@pytest.mark.parametrize(
    ("due_on", "reason", "told"),
    [
        (date(2026, 8, 31), "Storm", "in that order"),
        (date(2028, 9, 8), "Storm", "in that order"),
        (date(2026, 9, 8), "Storm", "nothing changes"),
        (date(2026, 9, 9), " ", "reason"),
    ],
)
def test_a_change_of_dates_is_refused(staff, due_on, reason, told):
    period = make_period()

    with pytest.raises(FilingRefused, match=told):
        services.set_period_dates(
            period=period,
            due_on=due_on,
            accepted_until=period.accepted_until,
            closes_on=period.closes_on,
            reason=reason,
            by=staff,
        )


# Starting


def test_a_filing_starts_as_an_empty_draft(avon, filer):
    filing = services.start_filing(
        library=avon, period=make_period(), basis=FilingBasis.BY_MONTH, by=filer, at=IN_MAY
    )

    assert (filing.status, filing.version, filing.provenance) == ("draft", 1, "filed")
    assert filing.form_edition == edition_on(date(2026, 3, 1)).name
    assert filing.covers == DateRange(date(2026, 3, 1), date(2026, 9, 1))


@pytest.mark.parametrize(
    ("opened", "letters", "covers"),
    [
        (None, [], (date(2026, 3, 1), date(2026, 9, 1))),
        (date(2026, 4, 15), [], (date(2026, 4, 15), date(2026, 9, 1))),
        (None, [(date(2026, 5, 1), None)], (date(2026, 5, 1), date(2026, 9, 1))),
        (None, [(None, date(2026, 4, 1)), (date(2026, 8, 1), None)], (date(2026, 3, 1), date(2026, 9, 1))),
        (None, [(date(2020, 1, 1), date(2021, 1, 1))], (date(2026, 3, 1), date(2026, 9, 1))),
    ],
)
def test_a_filing_covers_the_days_on_which_the_library_took_part(avon, filer, opened, letters, covers):
    avon.open_during = DateRange(opened, None)
    avon.save()
    for bounds in letters:
        avon.letters.create(valid=DateRange(*bounds), signatory="A. Reader")

    filing = services.start_filing(
        library=avon, period=make_period(), basis=FilingBasis.BY_MONTH, by=filer, at=IN_MAY
    )

    assert filing.covers == DateRange(*covers)


def test_a_filing_that_cannot_start(avon, filer):
    def start(period, at=IN_MAY):
        services.start_filing(library=avon, period=period, basis=FilingBasis.BY_MONTH, by=filer, at=at)

    with pytest.raises(FilingRefused, match="files twice a year here"):
        start(make_period(date(2026, 3, 1), Cadence.MONTHLY))
    with pytest.raises(FilingRefused, match="opens for entry on September 1, 2026"):
        start(make_period(date(2026, 9, 1)))
    start(make_period())
    with pytest.raises(FilingRefused, match="begun already"):
        start(make_period())
    avon.open_during = DateRange(None, date(2026, 1, 1))
    avon.save()
    with pytest.raises(FilingRefused, match="not open or took no part"):
        start(make_period(date(2026, 9, 1)), at=LATER)


# Saving counts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    typed=st.lists(
        st.dictionaries(
            st.tuples(st.sampled_from(["CT0002", "CT0003", "CT0004", "CT0005"]), st.sampled_from(HALF)),
            st.none() | st.integers(0, 2_147_483_647),
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_saved_is_what_was_typed(libraries, filer, typed):
    filing = make_filing(libraries["CT0001"])
    on_page: dict = {}

    for grid in typed:
        counts = {(libraries[key].pk, month): loans for (key, month), loans in grid.items()}
        filing = services.save_counts(
            filing=filing, counts=counts, by=filer, at=IN_MAY, expected=filing.revision
        )
        on_page |= counts

    assert cells(filing) == {cell: loans for cell, loans in on_page.items() if loans is not None}
    assert filing.revision == len(typed)
    filing.delete()


def test_a_second_person_never_overwrites_silently(draft, avon, bethel, filer):
    second = make_user(Role.LIBRARY_FILER, library=avon, second_factor=False)
    seen_by_both = draft.revision
    services.save_counts(
        filing=draft, counts={(bethel.pk, HALF[0]): 7}, by=filer, at=IN_MAY, expected=seen_by_both
    )

    with pytest.raises(FilingChanged, match="reload the page"):
        services.save_counts(
            filing=draft, counts={(bethel.pk, HALF[0]): 9}, by=second, at=IN_MAY, expected=seen_by_both
        )

    assert cells(draft)[bethel.pk, HALF[0]] == 7


def test_bad_cells_are_all_named_and_nothing_is_saved(draft, libraries, filer):
    avon, bethel, canton, eastford = list(libraries.values())[:4]
    before = cells(draft)

    with pytest.raises(CountsRefused) as refused:
        services.save_counts(
            filing=draft,
            counts={
                (bethel.pk, HALF[0]): 99,
                (bethel.pk, HALF[1]): -1,
                (canton.pk, HALF[0]): 2_147_483_648,
                (canton.pk, HALF[1]): True,
                (eastford.pk, None): 5,
                (eastford.pk, date(2026, 9, 1)): 5,
                (avon.pk, HALF[0]): 5,
                (0, HALF[0]): 5,
            },
            by=filer,
            at=IN_MAY,
            expected=draft.revision,
        )

    found = {(problem.home_library, problem.month): problem.message for problem in refused.value.problems}
    assert set(found) == {
        (bethel.pk, HALF[1]),
        (canton.pk, HALF[0]),
        (canton.pk, HALF[1]),
        (eastford.pk, None),
        (eastford.pk, date(2026, 9, 1)),
        (avon.pk, HALF[0]),
        (0, HALF[0]),
    }
    assert (
        found[bethel.pk, HALF[1]]
        == "-1 is below zero. Enter 0 if no items were lent on cards of Bethel Library."
    )
    assert cells(draft) == before
    draft.refresh_from_db()
    assert draft.revision == 0


def test_counts_are_saved_only_while_the_filing_may_be_edited(draft, bethel, filer, staff, certifier):
    def save(by, at):
        filing = Filing.objects.get(pk=draft.pk)
        services.save_counts(
            filing=filing, counts={(bethel.pk, HALF[0]): 7}, by=by, at=at, expected=filing.revision
        )

    with pytest.raises(FilingRefused, match="closed on June 30, 2027"):
        save(filer, AFTER_CLOSING)
    with pytest.raises(FilingRefused, match="closed on June 30, 2027"):
        services.submit_filing(filing=draft, by=filer, at=AFTER_CLOSING)
    with pytest.raises(PermissionDenied):
        save(staff, AFTER_CLOSING)
    give_role(staff, Role.LIBRARY_FILER, library=draft.library)
    save(staff, AFTER_CLOSING)
    with pytest.raises(FilingRefused, match="opens for entry"):
        save(filer, datetime(2026, 2, 27, tzinfo=UTC))
    services.submit_filing(filing=draft, by=filer, at=ON_TIME)
    with pytest.raises(FilingRefused, match="Have it returned"):
        save(filer, ON_TIME)
    services.certify_filing(filing=draft, by=certifier, at=ON_TIME)
    with pytest.raises(FilingRefused, match="Reopen it"):
        save(filer, ON_TIME)


# Submitting and returning


def test_submitting_gives_a_receipt(submitted, filer):
    assert (submitted.status, submitted.submitted_by) == ("submitted", filer)
    assert submitted.submitted_at == submitted.first_submitted_at == ON_TIME
    assert submitted.sha256 == sha256_of(
        {
            "library": "CT0001",
            "period": ["2026-03-01", "2026-08-31"],
            "covers": ["2026-03-01", "2026-08-31"],
            "basis": "by_month",
            "provenance": "filed",
            "counts": [["CT0002", f"{month:%Y-%m}", 10 + month.month] for month in HALF],
        }
    )


def test_the_fingerprint_is_canonical_json_of_what_the_filing_says(libraries):
    filing = make_filing(
        libraries["CT0001"], make_period(date(2025, 3, 1), Cadence.ANNUAL), basis="period_total"
    )
    libraries["CT0005"].key = "ZZ-1"
    libraries["CT0005"].save()
    make_counts(
        filing, {(libraries[key], None): number for number, key in enumerate(["CT0005", "CT0004", "CT0002"])}
    )

    assert services.filing_fingerprint(filing.pk) == sha256_of(
        {
            "library": "CT0001",
            "period": ["2025-03-01", "2026-02-28"],
            "covers": ["2025-03-01", "2026-02-28"],
            "basis": "period_total",
            "provenance": "filed",
            "counts": [["CT0002", None, 2], ["CT0004", None, 1], ["ZZ-1", None, 0]],
        }
    )


def test_what_was_not_counted_is_null_in_the_fingerprint(libraries):
    filing = make_filing(libraries["CT0001"], make_period(date(2025, 3, 1), Cadence.ANNUAL))
    make_counts(
        filing, {(libraries["CT0002"], date(2025, 3, 1)): None, (libraries["CT0002"], date(2025, 4, 1)): 0}
    )

    assert services.filing_fingerprint(filing.pk) == sha256_of(
        {
            "library": "CT0001",
            "period": ["2025-03-01", "2026-02-28"],
            "covers": ["2025-03-01", "2026-02-28"],
            "basis": "by_month",
            "provenance": "filed",
            "counts": [["CT0002", "2025-03", None], ["CT0002", "2025-04", 0]],
        }
    )


# Not counted


def test_not_counted_is_kept_apart_from_blank_and_zero(avon, bethel, filer):
    filing = make_filing(avon)
    march, april, may = HALF[:3]
    make_counts(filing, {(bethel, march): 5, (bethel, april): None, (bethel, may): 0})

    filing = save(filing, {march: NOT_COUNTED, april: 7, may: NOT_COUNTED}, bethel, filer)
    assert cells(filing) == {(bethel.pk, march): None, (bethel.pk, april): 7, (bethel.pk, may): None}
    assert filing.loan_counts.by_cell()[bethel.pk, may] is NOT_COUNTED

    filing = save(filing, {march: None, april: NOT_COUNTED, may: 0}, bethel, filer)
    assert cells(filing) == {(bethel.pk, april): None, (bethel.pk, may): 0}


def save(filing, typed, home, by):
    counts = {(home.pk, month): loans for month, loans in typed.items()}
    return services.save_counts(filing=filing, counts=counts, by=by, at=IN_MAY, expected=filing.revision)


def test_a_filing_of_nothing_but_not_counted_is_certified_without_totals(avon, bethel, filer, certifier):
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): None for month in HALF})
    why = services.Answer("month_not_counted", None, None, Reason.OTHER, "Our system was lost in a flood.")

    services.explain(filing=filing, answers=[why], by=filer, at=ON_TIME)
    filing = services.submit_filing(filing=filing, by=filer, at=ON_TIME)
    filing = services.certify_filing(filing=filing, by=certifier, at=ON_TIME)

    assert not filing.totals.exists()
    assert filing.attestation.endswith("Where it says n/c, my library has no count of what it lent.")
    assert filing.sha256 == services.filing_fingerprint(filing.pk)
    amended = services.reopen_filing(filing=filing, reason="Counted after all.", by=certifier, at=LATER)
    assert set(amended.loan_counts.by_cell().values()) == {NOT_COUNTED}


def test_a_filing_that_counted_everything_does_not_speak_of_not_counted(certified):
    assert "n/c" not in certified.attestation


def test_a_total_of_months_is_not_counted_only_where_no_month_was(avon, bethel, libraries, filer):
    canton = libraries["CT0003"]
    filing = make_filing(avon)
    make_counts(
        filing,
        {(bethel, HALF[0]): 5, (bethel, HALF[1]): None, (canton, HALF[0]): None, (canton, HALF[1]): None},
    )

    filing = services.change_basis(
        filing=filing, basis=FilingBasis.PERIOD_TOTAL, by=filer, at=IN_MAY, expected=filing.revision
    )

    assert cells(filing) == {(bethel.pk, None): 5, (canton.pk, None): None}


def test_a_filing_is_not_submitted_before_its_last_day_is_past(draft, filer):
    with pytest.raises(NotCertifiable, match="September 1, 2026 or later"):
        services.submit_filing(filing=draft, by=filer, at=datetime(2026, 8, 31, 23, tzinfo=UTC))


def test_an_unanswered_month_stops_a_filing(draft, filer):
    draft.loan_counts.filter(month=HALF[2]).delete()

    with pytest.raises(NotCertifiable) as refused:
        services.submit_filing(filing=draft, by=filer, at=ON_TIME)

    assert [problem.month for problem in refused.value.problems] == [HALF[2]]


def test_a_zero_return_is_said(avon, filer, certifier):
    filing = make_filing(avon)
    with pytest.raises(NotCertifiable, match="No loans are entered"):
        services.submit_filing(filing=filing, by=filer, at=ON_TIME)

    filing = services.save_counts(
        filing=filing, counts={}, by=filer, at=IN_MAY, expected=0, nothing_lent=True
    )
    filing = services.submit_filing(filing=filing, by=filer, at=ON_TIME)
    filing = services.certify_filing(filing=filing, by=certifier, at=ON_TIME)

    assert filing.attestation.startswith("My library lent nothing")
    assert not FilingTotal.objects.exists()


def test_days_covered_are_those_known_when_the_filing_is_submitted(draft, avon, filer):
    avon.letters.create(valid=DateRange(date(2026, 4, 10), None), signatory="A. Reader")

    with pytest.raises(NotCertifiable, match="March 2026 is not in this filing"):
        services.submit_filing(filing=draft, by=filer, at=ON_TIME)
    draft.loan_counts.filter(month=HALF[0]).delete()
    filing = services.submit_filing(filing=draft, by=filer, at=ON_TIME)

    filing.refresh_from_db()
    assert filing.covers == DateRange(date(2026, 4, 10), date(2026, 9, 1))


def test_a_returned_filing_keeps_the_day_it_was_first_submitted(submitted, filer, certifier):
    returned = services.return_filing(filing=submitted, reason="April looks low.", by=certifier, at=LATER)
    assert (returned.status, returned.returned_because) == ("returned", "April looks low.")

    again = services.submit_filing(filing=returned, by=filer, at=LATER)

    assert (again.first_submitted_at, again.submitted_at) == (ON_TIME, LATER)
    assert again.returned_because == ""


def test_steps_out_of_turn_are_refused(draft, submitted, certifier, filer):
    with pytest.raises(FilingRefused, match="waiting for certification"):
        services.submit_filing(filing=draft, by=filer, at=ON_TIME)
    with pytest.raises(FilingRefused, match="what has to be corrected"):
        services.return_filing(filing=submitted, reason=" ", by=certifier, at=ON_TIME)
    services.return_filing(filing=submitted, reason="April", by=certifier, at=ON_TIME)
    with pytest.raises(FilingRefused, match="submit the filing again"):
        services.certify_filing(filing=submitted, by=certifier, at=ON_TIME)
    with pytest.raises(FilingChanged):
        services.submit_filing(filing=draft, by=filer, at=ON_TIME, expected=5)


# Certifying


def test_a_certified_filing_counts(certified, certifier, bethel):
    certified.refresh_from_db()
    assert (certified.status, certified.certified_by, certified.certified_at) == (
        "certified",
        certifier,
        ON_TIME,
    )
    assert certified.attestation == edition_on(date(2026, 3, 1)).attestation
    assert certified.is_standing
    total = FilingTotal.objects.get()
    assert (total.home_library, total.loans) == (bethel, sum(10 + month.month for month in HALF))
    assert AuditEvent.objects.get(action="filing_certified").by == certifier


@pytest.mark.parametrize(
    "role", [Role.LIBRARY_FILER, Role.STATE_STAFF, Role.STATE_ADMINISTRATOR, Role.AUDITOR, None]
)
def test_only_a_certifier_of_the_library_certifies(submitted, avon, role):
    other = make_user(role, library=avon if role is Role.LIBRARY_FILER else None, second_factor=False)

    with pytest.raises(PermissionDenied):
        services.certify_filing(filing=submitted, by=other, at=ON_TIME)


def test_a_certifier_of_another_library_does_not_certify(submitted, bethel):
    other = make_user(Role.LIBRARY_CERTIFIER, library=bethel, second_factor=False)

    with pytest.raises(PermissionDenied):
        services.certify_filing(filing=submitted, by=other, at=ON_TIME)


def test_an_estimate_is_never_certified_as_a_librarys_own(submitted, certifier):
    Filing.objects.filter(pk=submitted.pk).update(provenance="estimated", provenance_note="by distance")

    with pytest.raises(FilingRefused, match="published or estimated"):
        services.certify_filing(filing=submitted, by=certifier, at=ON_TIME)


def test_a_letter_that_came_in_between_sends_the_filing_back(submitted, avon, certifier):
    avon.letters.create(valid=DateRange(date(2026, 4, 10), None), signatory="A. Reader")

    with pytest.raises(FilingRefused, match="Return the filing and submit it again"):
        services.certify_filing(filing=submitted, by=certifier, at=ON_TIME)


def test_days_certified_in_another_period_are_refused(certified, avon, bethel, filer, certifier):
    annual = make_filing(avon, make_period(date(2026, 3, 1), Cadence.ANNUAL))
    make_counts(annual, {(bethel, month): 1 for month in months(date(2026, 3, 1), 12)})
    at = datetime(2027, 3, 5, 14, tzinfo=UTC)
    services.submit_filing(filing=annual, by=filer, at=at)

    with pytest.raises(FilingRefused, match="March 2026 to August 2026 covers some of these days"):
        services.certify_filing(filing=annual, by=certifier, at=at)


# Versions


def test_the_certified_version_stands_until_the_new_one_is_certified(certified, bethel, filer, certifier):
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier, at=LATER)
    assert (draft.version, draft.status, draft.amends_because) == (2, "draft", "A page was missed.")
    assert cells(draft) == cells(certified)
    with pytest.raises(FilingRefused, match="begun already"):
        services.reopen_filing(filing=certified, reason="Again", by=certifier, at=LATER)

    services.save_counts(filing=draft, counts={(bethel.pk, HALF[0]): 500}, by=filer, at=LATER, expected=0)
    services.submit_filing(filing=draft, by=filer, at=LATER)
    assert Filing.objects.standing().get() == certified
    draft = services.certify_filing(filing=draft, by=certifier, at=LATER)

    assert Filing.objects.standing().get() == draft
    certified.refresh_from_db()
    assert certified.superseded_at == LATER
    assert draft.first_submitted_at == ON_TIME
    assert FilingTotal.objects.filter(filing=draft).get().loans == 500 + sum(
        10 + month.month for month in HALF[1:]
    )


def test_a_reopening_can_be_undone(certified, certifier):
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier, at=LATER)

    services.discard_version(filing=draft, by=certifier, at=LATER)

    assert Filing.objects.get() == certified
    kept = AuditEvent.objects.get(action="filing_version_discarded")
    assert kept.before["counts"][0] == ["CT0002", "2026-03-01", 13]
    assert services.reopen_filing(filing=certified, reason="Again", by=certifier, at=LATER).version == 2


def test_the_only_version_is_not_discarded(draft, certified, certifier):
    with pytest.raises(FilingRefused, match="kept"):
        services.discard_version(filing=certified, by=certifier, at=LATER)
    other = make_filing(certified.library, make_period(date(2026, 9, 1)))
    with pytest.raises(FilingRefused, match="only version"):
        services.discard_version(filing=other, by=certifier, at=LATER)


def test_a_new_version_of_an_estimate_begins_empty(avon, bethel, staff, certifier):
    filing = make_filing(
        avon,
        provenance="estimated",
        provenance_note="by distance",
        status="submitted",
        submitted_at=ON_TIME,
        submitted_by=staff,
        first_submitted_at=ON_TIME,
        sha256="0" * 64,
    )
    make_counts(filing, {(bethel, HALF[0]): 5})
    Filing.objects.filter(pk=filing.pk).update(
        status="certified", certified_at=ON_TIME, certified_by=staff, attestation="Recorded"
    )

    draft = services.reopen_filing(filing=filing, reason="Our own counts", by=certifier, at=LATER)

    assert draft.provenance == "filed"
    assert cells(draft) == {}


# Totals


def test_totals_are_made_again_as_they_were(certified):
    rows = FilingTotal.objects.order_by("pk").values_list("filing", "home_library", "loans")
    before = list(rows)
    FilingTotal.objects.update(loans=F("loans") + 1)

    call_command("rebuild_filing_totals", verbosity=0)

    assert list(rows) == before


def test_totals_of_a_filing_that_is_not_certified_are_removed(certified, bethel):
    draft = make_filing(bethel)
    FilingTotal.objects.create(filing=draft, home_library=certified.library, loans=3)

    assert services.rebuild_totals() == (2, 1)

    assert set(FilingTotal.objects.values_list("filing", flat=True)) == {certified.pk}


# Waivers


@pytest.fixture
def waiver(avon, staff):
    return services.propose_waiver(
        library=avon,
        period=make_period(),
        kind=WaiverKind.LATE_ACCEPTANCE,
        until=date(2026, 10, 31),
        authority="State Librarian, letter of September 10, 2026",
        reason="Flood",
        by=staff,
        at=ON_TIME.replace(day=10),
    )


def test_a_waiver_holds_once_another_person_approves(waiver, staff):
    with pytest.raises(FilingRefused, match="another person"):
        services.approve_waiver(waiver=waiver, by=staff, at=LATER)
    other = make_user(Role.STATE_ADMINISTRATOR, second_factor=False)

    approved = services.approve_waiver(waiver=waiver, by=other, at=LATER)

    assert (approved.approved_by, approved.approved_at) == (other, LATER)
    with pytest.raises(FilingRefused, match="already"):
        services.approve_waiver(waiver=waiver, by=other, at=LATER)


def test_libraries_grant_no_waivers(waiver, certifier):
    with pytest.raises(PermissionDenied):
        services.approve_waiver(waiver=waiver, by=certifier, at=LATER)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"until": date(2026, 9, 8)}, "Enter a day after September 8, 2026"),
        ({"until": date(2027, 4, 1)}, "no later than March 31, 2027"),
        ({"kind": WaiverKind.EXTENSION}, "late acceptance instead"),
        ({"at": ON_TIME}, "extension instead"),
        ({"authority": " "}, "who may grant this"),
        ({"reason": ""}, "the reason"),
    ],
)
def test_a_waiver_that_cannot_be_proposed(avon, staff, change, told):
    values = {
        "library": avon,
        "period": make_period(),
        "kind": WaiverKind.LATE_ACCEPTANCE,
        "until": date(2026, 10, 31),
        "authority": "State Librarian",
        "reason": "Flood",
        "by": staff,
        "at": LATER,
    }

    with pytest.raises(FilingRefused, match=told):
        services.propose_waiver(**(values | change))


def test_cells_that_raise_no_doubt_pass_every_check(libraries, monkeypatch):
    """The short way by which a grid is saved finds a problem wherever the checks find one."""
    libraries["CT0002"].open_during = DateRange(None, date(2026, 5, 10))
    libraries["CT0002"].save()
    Residency.objects.filter(library=libraries["CT0002"]).update(valid=DateRange(None, date(2026, 5, 10)))
    Residency.objects.create(
        town=libraries["CT0001"].town,
        library=libraries["CT0003"],
        principal=False,
        valid=DateRange(date(2026, 4, 1), date(2026, 5, 1)),
    )
    period = make_period()
    filings = [make_filing(lender, period) for lender in libraries.values()]
    cases = [
        (filing, {(home.pk, month): loans})
        for filing in filings
        for home in libraries.values()
        for month, loans in [(None, 1), *((month, 0) for month in HALF), (HALF[0], None)]
    ]
    short = [services.problems_of_cells(filing, counts) for filing, counts in cases]

    monkeypatch.setattr(checking, "_open_to_doubt", lambda filing, counts: True)

    assert short == [services.problems_of_cells(filing, counts) for filing, counts in cases]
    assert any(short)
    assert not all(short)
