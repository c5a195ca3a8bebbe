"""Locks that last as long as a transaction: on what payments are calculated from, and on reminders.

Everything that changes an input of a payment run (certifying a filing, a letter of agreement, residency,
an expenditure report, a waiver ...) shares the lock until its transaction ends; certifying a run holds it
alone while it computes the hash of the inputs again. So no input can change between that computation and
the certificate, and writers never wait for one another.
"""

from django.db import connection, transaction

_PAYMENT_INPUTS = 11_31_2  # a number of our own among PostgreSQL's advisory locks, after C.G.S. 11-31b
_REMINDERS = 11_31_3


def share_payment_inputs() -> None:
    """Announce a change of what payments are calculated from, until the transaction ends.

    Waits while a payment run is being certified. Call it before reading what the change depends on.
    Raises TransactionManagementError outside a transaction.
    """
    _lock("pg_advisory_xact_lock_shared")


def hold_payment_inputs() -> None:
    """Keep what payments are calculated from as it is, until the transaction ends.

    Waits for every change under way. Take it first in a transaction: one that already shares the lock and
    then asks for it alone can deadlock with another that does the same.
    Raises TransactionManagementError outside a transaction.
    """
    _lock("pg_advisory_xact_lock")


def hold_reminders() -> None:
    """Let nobody else decide who is reminded, until the transaction ends, so that nobody is reminded twice.

    Raises TransactionManagementError outside a transaction.
    """
    _lock("pg_advisory_xact_lock", _REMINDERS)


def _lock(function: str, what: int = _PAYMENT_INPUTS) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "This lock lasts as long as a transaction: open one with transaction.atomic()."
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [what])
