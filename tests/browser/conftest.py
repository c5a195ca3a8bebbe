"""A real Chromium where the machine has one; one loud line where it has not."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from playwright.sync_api import expect

from tests.browser.grid_page import draft, enter  # noqa: F401 - fixtures

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright keeps an event loop in the thread of the tests
expect.set_options(timeout=20_000)  # a busy machine makes documents slowly; nothing waits longer than it must


@pytest.fixture(autouse=True)
def _chromium_is_there():
    if CHROMIUM is None:
        pytest.skip("BROWSER TESTS DID NOT RUN: install chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking"],
    }


@pytest.fixture
def site(live_server, settings, monkeypatch, browser):
    """The address of the running site, as a name: passkeys belong to a name, not to a number."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)  # no session outlives its request
    address = live_server.url.replace("127.0.0.1", "localhost")
    settings.SITE_URL = address
    with _every_request_answered():
        yield address
        for context in browser.contexts:
            context.close()


@contextmanager
def _every_request_answered() -> Iterator[None]:
    """Wait at the end until nothing is asked any more: the database is emptied next."""
    asked, answered = [], []
    request_started.connect(begun := lambda **said: asked.append(said), weak=False)
    request_finished.connect(done := lambda **said: answered.append(said), weak=False)
    yield
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + 0.05:
        if len(asked) > len(answered):
            quiet_since = time.monotonic()
        time.sleep(0.01)
    request_started.disconnect(begun)
    request_finished.disconnect(done)


@pytest.fixture
def complaints(page):
    """What the browser's console complained about, such as a blocked script; empty when all is well."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda problem: said.append(str(problem)))
    return said
