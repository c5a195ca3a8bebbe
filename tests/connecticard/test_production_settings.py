"""Production as it is started: its own secrets, HTTPS, no demonstration."""

import os
import subprocess
import sys

import pytest

PRODUCTION = {
    "CONNECTICARD_PRODUCTION": "1",
    "SECRET_KEY": "a-key-of-production-that-is-long-enough-and-has-many-characters-0123456789",
    "ALLOWED_HOSTS": "borrowit.example.org",
    "SITE_URL": "https://borrowit.example.org",
    "EMAIL_HOST": "mail.example.org",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "DATABASE_URL": "postgresql://somebody:secret@127.0.0.1/connecticard",
}


def check(**changes):
    environment = {"PATH": os.environ["PATH"]} | PRODUCTION | changes
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


def test_deployment_check_has_nothing_to_say():
    done = check()

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "DATABASE_URL", "REDIS_URL", "EMAIL_HOST"]
)
def test_production_refuses_to_start_without(name):
    done = check(**{name: None})

    assert done.returncode != 0
    assert f"Set {name}" in done.stderr


def test_production_refuses_a_day_of_its_own():
    assert "Unset DEMO_TODAY" in check(DEMO_TODAY="2026-03-01").stderr
