"""Withheld money on its way to the Comptroller: by its own order, to the library or its successor."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import Role
from libraries.models import LibrarySuccession
from payments.correcting.withheld_services import approve_release, record_lapses, record_release
from payments.disbursing.disbursement import is_paid, unsent_cents
from payments.disbursing.payment_batches import BatchRefused, LeftOut, export_batch, left_out, sendings
from payments.disbursing.result_services import import_results
from payments.disbursing.result_table import template
from payments.models import BatchKind, Payee
from tests.factories import make_library, make_user
from tests.payments.disbursed import make_payee, ordered
from tests.payments.withholding import JULY_1, at, cure_c, line_of, release_order, w6_run

pytestmark = pytest.mark.django_db
JUNE_1 = date(2027, 6, 1)


def released(run, *, approved=True):
    """Record the release of what was withheld from C, approved by a second person unless said."""
    cure_c(JUNE_1)
    order = release_order(run, JUNE_1, recorded=JUNE_1)
    release = record_release(
        payment=line_of(run),
        order=order,
        reason="report filed",
        by=make_user(Role.STATE_STAFF),
        at=at(JUNE_1),
    )
    if approved:
        approve_release(release=release, by=make_user(Role.STATE_ADMINISTRATOR), at=at(JUNE_1))
    return release


def send(run, kind, order=None):
    return export_batch(run=run, kind=kind, order=order, by=make_user(Role.STATE_STAFF), at=at(JUNE_1))


@pytest.fixture
def run():
    made = w6_run()
    for payment in made.payments.select_related("library"):
        make_payee(payment.library)
    ordered(made)
    return made


def test_released_money_goes_in_a_batch_of_its_own_order(run):
    first = send(run, BatchKind.PAYMENT)
    release = released(run)
    (sending,) = sendings(run, on=JUNE_1)
    assert (sending.kind, sending.cents) == (BatchKind.RELEASE, release.cents)

    batch = send(run, BatchKind.RELEASE, release.order)

    (line,) = batch.lines.all()
    assert (line.release, line.cents, batch.order) == (release, release.cents, release.order)
    assert first.cents == sum(payment.payment_cents for payment in run.payments.all())
    assert release.order.number in batch.content.decode()
    with pytest.raises(BatchRefused):
        send(run, BatchKind.RELEASE, release.order)


def test_release_that_waits_for_its_second_person_is_not_sent(run):
    release = released(run, approved=False)

    with pytest.raises(BatchRefused):
        send(run, BatchKind.RELEASE, release.order)
    assert LeftOut.WITHHELD in {held.why for held in left_out(run, on=JUNE_1)}


def test_successor_is_paid_as_a_line_of_its_own(run):
    closed = line_of(run).library
    successor = make_library("Successor Library")
    LibrarySuccession.objects.create(predecessor=closed, successor=successor, on=JUNE_1, document="Act")
    release = released(run)
    (held,) = [each for each in left_out(run, on=JUNE_1) if each.cents == release.cents]
    assert (held.why, held.paid_to) == (LeftOut.NO_PAYEE, successor)
    Payee.objects.create(
        library=successor, kind="municipality", name="Town", vendor_number="9", valid=DateRange(None, None)
    )

    batch = send(run, BatchKind.RELEASE, release.order)

    (line,) = batch.lines.all()
    assert (line.payment.library, line.paid_to, line.payee_name) == (closed, successor, "Town")


def test_run_is_not_paid_while_released_money_waits_to_be_sent(run):
    paid(run, send(run, BatchKind.PAYMENT))
    assert is_paid(run)

    release = released(run)

    assert unsent_cents(run) == release.cents
    assert not is_paid(run)
    paid(run, send(run, BatchKind.RELEASE, release.order))
    assert is_paid(run)


def test_what_lapsed_is_said_to_have_lapsed(run):
    assert whys(run) == {LeftOut.WITHHELD}

    record_lapses(run=run, by=None, at=at(JULY_1))

    assert whys(run) == {LeftOut.LAPSED}


def paid(run, batch):
    lines = list(batch.lines.select_related("batch"))
    said = template(lines).decode().replace(",,,,", ",paid,2027-06-01,W-1,", len(lines))
    import_results(
        run=run, content=said.encode(), name="r.csv", by=make_user(Role.STATE_STAFF), at=at(JUNE_1)
    )


def whys(run):
    return {held.why for held in left_out(run, on=JUNE_1) if held.payment == line_of(run)}
