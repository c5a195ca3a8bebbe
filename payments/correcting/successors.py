"""Who is paid for a library that closed or merged: its legal successor, as a separate line."""

from datetime import date

from connecticard import clock
from libraries.models import Library, LibrarySuccession
from payments.models import Payment


def paid_to(payment: Payment, *, on: date | None = None) -> Library:
    """Return the library that a line of a run is paid to on a day, today unless said.

    It is the library of the line or, where that closed and its legal successor is on record, the successor;
    a successor that was itself succeeded passes it on. The line stays that of the closed library: nothing is
    ever added to the successor's own.

    Source: Regs. Conn. State Agencies § 11-31c-4(a), (c).
    """
    library = payment.library
    after = date.min  # a successor passes on only what it took over before: no circle goes round twice
    successions = LibrarySuccession.objects.filter(on__lte=on or clock.today()).select_related("successor")
    while succession := successions.filter(predecessor=library, on__gt=after).first():
        library, after = succession.successor, succession.on
    return library
