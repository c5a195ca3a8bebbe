import psycopg
import pytest
from django.db import connection, transaction

from connecticard.locks import hold_payment_inputs, share_payment_inputs


def another_connection() -> psycopg.Connection:
    database = connection.settings_dict
    return psycopg.connect(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
    )


def try_from_elsewhere(function: str) -> bool:
    with another_connection() as other:
        row = other.execute(f"SELECT {function}(11312)").fetchone()
        return bool(row and row[0])


@pytest.mark.django_db
def test_writers_do_not_wait_for_one_another():
    share_payment_inputs()

    assert try_from_elsewhere("pg_try_advisory_xact_lock_shared")


@pytest.mark.django_db
def test_certifying_waits_for_a_writer():
    share_payment_inputs()

    assert not try_from_elsewhere("pg_try_advisory_xact_lock")


@pytest.mark.django_db
def test_writers_wait_while_a_run_is_certified():
    hold_payment_inputs()

    assert not try_from_elsewhere("pg_try_advisory_xact_lock_shared")


@pytest.mark.django_db(transaction=True)
def test_the_lock_ends_with_the_transaction():
    with transaction.atomic():
        hold_payment_inputs()

    assert try_from_elsewhere("pg_try_advisory_xact_lock")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lock", [share_payment_inputs, hold_payment_inputs])
def test_a_lock_outside_a_transaction_is_refused(lock):
    with pytest.raises(transaction.TransactionManagementError, match=r"transaction\.atomic"):
        lock()
