"""What every test has around it."""

import pytest
from django.core.cache import cache

from connecticard.tasks import send_message


@pytest.fixture(autouse=True)
def _quick_and_alone(settings, monkeypatch):
    """Passwords hash fast, mail is sent at once, and no cache outlives a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
    monkeypatch.setattr(send_message, "delay", send_message)
