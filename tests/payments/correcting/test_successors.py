"""What a closed library certified keeps its line; its legal successor is paid, apart from its own line."""

from datetime import date

import pytest

from connecticard.models import Role
from libraries.services import close_library, record_succession
from payments.correcting.successors import paid_to
from payments.correcting.withheld import withheld_lines
from payments.correcting.withheld_services import approve_release, record_release
from payments.models import PastPayment
from tests.factories import make_letter, make_library, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, certified
from tests.payments.withholding import at, certified_run, line_of, release_order
from transactions.rules.filing_calendar import Span

pytestmark = pytest.mark.django_db
CLOSED_ON = date(2026, 12, 1)
JUNE_1 = date(2027, 6, 1)


@pytest.fixture
def staff():
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def libraries(staff):
    """Old filed for its months until it closed; New and Other filed all year."""
    made = {key: make_library(f"Library {key}", key=key) for key in ("NEW", "OLD", "OTHER")}
    for library in made.values():
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    close_library(library=made["OLD"], last_day=date(2026, 11, 30), document="Vote of the town", by=staff)
    first, second = (half.first_day for half in HALVES)
    certified(made["OLD"], {made["OTHER"]: 30}, first_day=first)
    certified(made["OLD"], {}, first_day=second, covers=Span(second, date(2026, 11, 30)))
    for day in (first, second):
        certified(made["NEW"], {made["OTHER"]: 5}, first_day=day)
        certified(made["OTHER"], {made["NEW"]: 10}, first_day=day)
    return made


def succeed(libraries, staff, on=CLOSED_ON):
    return record_succession(
        predecessor=libraries["OLD"], successor=libraries["NEW"], on=on, document="Special Act 26-4", by=staff
    )


def test_closed_library_keeps_its_line_withheld_until_its_successor_is_on_record(libraries, staff):
    run = certified_run()
    old = line_of(run, "OLD")

    assert (old.loans, old.payment_cents) == (30, 0)
    assert old.withheld_cents > 0
    assert [unmet.code for unmet in old.unmet_requirements.all()] == ["successor_not_on_record"]
    assert paid_to(old) == libraries["OLD"]


def test_successor_on_record_is_paid_for_the_old_line_and_nothing_is_netted(libraries, staff):
    succeed(libraries, staff)
    run = certified_run()
    old, new = line_of(run, "OLD"), line_of(run, "NEW")

    assert old.payment_cents > 0
    assert (new.loans, new.borrows, new.net_plus) == (10, 20, 0)
    assert old.net_plus == 30
    assert paid_to(old, on=JUNE_1) == libraries["NEW"]
    assert paid_to(new, on=JUNE_1) == libraries["NEW"]


def test_succession_recorded_after_the_run_is_released_to_the_successor(libraries, staff, monkeypatch):
    run = certified_run()
    monkeypatch.setattr("connecticard.clock.now", lambda: at(date(2027, 5, 20)))
    succeed(libraries, staff)
    (line,) = withheld_lines(run, on=JUNE_1)
    assert line.cure.on == date(2027, 5, 20)

    release = record_release(
        payment=line.payment, order=release_order(run, JUNE_1), reason="Special Act", by=staff, at=at(JUNE_1)
    )
    approve_release(release=release, by=make_user(Role.STATE_ADMINISTRATOR), at=at(JUNE_1))
    assert paid_to(release.payment, on=JUNE_1) == libraries["NEW"]


def test_successor_that_is_succeeded_passes_it_on(libraries, staff):
    succeed(libraries, staff)
    record_succession(
        predecessor=libraries["NEW"],
        successor=libraries["OTHER"],
        on=date(2027, 3, 1),
        document="Special Act 27-1",
        by=staff,
    )
    old = line_of(certified_run(), "OLD")

    assert paid_to(old, on=date(2027, 2, 28)) == libraries["NEW"]
    assert paid_to(old, on=date(2027, 3, 1)) == libraries["OTHER"]
    assert paid_to(old, on=date(2026, 11, 30)) == libraries["OLD"]
