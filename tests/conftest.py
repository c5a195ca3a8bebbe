"""What every test has around it."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _quick_and_alone(settings):
    """Passwords hash fast, and nothing is remembered in a cache from one test to the next."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
