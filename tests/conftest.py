"""What every test has around it."""

import pytest
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck, settings

from connecticard.tasks import send_message

# A busy machine is no reason to fail: what a property costs is for the benchmarks
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """End sessions that a closed browser's last request left behind, or the database cannot be removed."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _quick_and_alone(settings, monkeypatch):
    """Passwords hash fast, mail is sent at once, and no cache outlives a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
    monkeypatch.setattr(send_message, "delay", send_message)
