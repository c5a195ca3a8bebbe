"""What a version changes against the certified one before it."""

from datetime import UTC, date, datetime

import pytest

from connecticard.models import Role
from tests.factories import give_role, make_counts, make_filing, make_user
from tests.transactions.conftest import months
from transactions import services
from transactions.filing_changes import Change, certified_before, changes_between, changes_of
from transactions.rules.filing_checks import NOT_COUNTED

pytestmark = pytest.mark.django_db

HALF = months(date(2026, 3, 1), 6)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)


@pytest.fixture
def certifier(avon):
    user = make_user(Role.LIBRARY_CERTIFIER, library=avon)
    give_role(user, Role.LIBRARY_FILER, library=avon)
    return user


@pytest.fixture
def certified(avon, bethel, canton, certifier):
    filing = make_filing(avon)
    make_counts(filing, {(home, month): 10 for home in (bethel, canton) for month in HALF})
    services.submit_filing(filing=filing, by=certifier, at=AT)
    return services.certify_filing(filing=filing, by=certifier, at=AT)


def amended(certified, by, counts):
    """Return version 2 of a filing with some counts changed; None clears a cell."""
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=by, at=AT)
    for (home, month), loans in counts.items():
        draft.loan_counts.filter(home_library=home, month=month).delete()
        if loans is not None:
            make_counts(draft, {(home, month): None if loans is NOT_COUNTED else loans})
    return draft


def test_a_first_version_changes_nothing(certified):
    assert changes_of(certified) is None
    assert certified_before(certified) is None


def test_an_amendment_begins_without_changes(certified, certifier):
    draft = amended(certified, certifier, {})

    changes = changes_of(draft)

    assert changes.none
    assert changes.since == certified
    assert (changes.whole.old, changes.whole.new, changes.whole.difference) == (120, 120, 0)


def test_each_changed_cell_is_told_with_its_difference(certified, certifier, bethel, canton, libraries):
    draft = amended(
        certified,
        certifier,
        {
            (canton, HALF[0]): 12,
            (bethel, HALF[1]): None,
            (bethel, HALF[0]): NOT_COUNTED,
            (libraries["CT0004"], HALF[1]): 0,
        },
    )

    changes = changes_of(draft)

    assert changes.cells == (
        Change("Bethel Library", "Mar 2026", 10, NOT_COUNTED),
        Change("Bethel Library", "Apr 2026", 10, None),
        Change("Canton Library", "Mar 2026", 10, 12),
        Change("Eastford Library", "Apr 2026", None, 0),
    )
    assert [cell.difference for cell in changes.cells] == [-10, -10, 2, 0]
    assert changes.totals == (
        Change("", "Mar 2026", 20, 12),
        Change("", "Apr 2026", 20, 10),
        Change("", "Whole period", 120, 102),
    )
    assert not changes.none


def test_a_version_by_month_is_compared_with_a_total_by_home_library(certified, avon, bethel, canton):
    total = make_filing(avon, version=2, amends_because="As a total", basis="period_total")
    make_counts(total, {(bethel, None): 60, (canton, None): 61})

    changes = changes_between(certified, total)

    assert changes.by_library
    assert changes.cells == (Change("Canton Library", "Whole period", 60, 61),)
    assert changes.totals == (Change("", "Whole period", 120, 121),)


def test_a_certified_amendment_still_shows_what_it_changed(certified, certifier, bethel):
    draft = amended(certified, certifier, {(bethel, HALF[0]): 11})
    services.submit_filing(filing=draft, by=certifier, at=AT)
    services.certify_filing(filing=draft, by=certifier, at=AT)
    later = services.reopen_filing(filing=draft, reason="Again", by=certifier, at=AT)

    assert changes_of(draft).cells == (Change("Bethel Library", "Mar 2026", 10, 11),)
    assert changes_of(later).since == draft
    assert changes_of(later).none


def test_a_zero_return_in_place_of_counts_is_told(certified, certifier):
    draft = amended(certified, certifier, {})
    draft.loan_counts.all().delete()
    draft.nothing_lent = True
    draft.save()

    changes = changes_of(draft)

    assert (changes.was_nothing_lent, changes.now_nothing_lent) == (False, True)
    assert changes.whole.difference == -120


def test_a_long_list_waits_to_be_asked_for(certified, certifier, bethel, canton):
    draft = amended(certified, certifier, {(home, month): 1 for home in (bethel, canton) for month in HALF})

    assert not changes_of(draft).is_long
    assert len(changes_of(draft).cells) == 12
