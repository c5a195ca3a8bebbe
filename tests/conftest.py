"""What every test has around it."""

import gc
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from connecticard.tasks import send_message, warm_published_pages
from tests.api_world import World, make_world

# A busy machine is no reason to fail: what a property costs is for the benchmarks
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What the tests build is seldom a cycle; looking for some at every turn is slow
gc.set_threshold(100_000, 20, 50)


def _filled(cursor: Any) -> list[str]:
    """Return the tables with rows that a test may have left, or a migration have brought."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = sorted(set(tables) - {"auth_permission", "django_content_type"})
    cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in tables))
    return [name for (name,) in cursor.fetchall()]


def _keep_what_migrations_brought() -> None:
    """Copy the rows that are there from the beginning, such as the categories of expenditure."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS as_migrated CASCADE; CREATE SCHEMA as_migrated")
        for name in _filled(cursor):
            cursor.execute(f"CREATE TABLE as_migrated.{name} AS TABLE {name}")


def _empty_what_was_filled(self: TransactionTestCase) -> None:
    """Bring the tables in which a test that commits left rows back to what migrations brought.

    Leaves the many others alone. Waits, as a flush does, until no session writes to them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'as_migrated'")
        brought = {name for (name,) in cursor.fetchall()}
        if changed := sorted({*_filled(cursor)} | brought):
            cursor.execute(f"LOCK TABLE {', '.join(changed)} IN ACCESS EXCLUSIVE MODE")
            cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger keeps these rows
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in changed))
            for name in sorted(brought):
                cursor.execute(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE as_migrated.{name}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """End sessions that a closed browser's last request left behind, or the database cannot be removed."""
    flush = TransactionTestCase._fixture_teardown
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            TransactionTestCase._fixture_teardown = _empty_what_was_filled
            _keep_what_migrations_brought()
    yield
    TransactionTestCase._fixture_teardown = flush
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _quick_and_alone(settings, monkeypatch):
    """Passwords hash fast, mail is sent at once, no cache outlives a test; static files wait."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.WHITENOISE_AUTOREFRESH = True  # a file is looked for when it is asked for
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
    monkeypatch.setattr(send_message, "delay", send_message)
    monkeypatch.setattr(warm_published_pages, "delay", lambda: None)


@pytest.fixture(scope="module")
def once(django_db_setup, django_db_blocker):
    """Make records once for a module: `once(make)` returns what make does; nothing outlives the module.

    Each test then works inside a savepoint. What it is given it may change, so give it a copy. A module that
    uses this has no test that commits.
    """
    everything = transaction.atomic()
    everything._from_testcase = True  # as a test's own transaction: it may hold durable ones

    def make(records: Callable[[], Any]) -> Any:
        with django_db_blocker.unblock():
            return records()

    with django_db_blocker.unblock():
        everything.__enter__()
    yield make
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        everything.__exit__(None, None, None)


@pytest.fixture(scope="module")
def _made_world(once) -> World:
    return once(make_world)


@pytest.fixture
def world(_made_world, db) -> World:
    """The small world of the REST interface, made once for a module."""
    return deepcopy(_made_world)
