"""A real Chromium where the machine has one; one loud line where it has not."""

import os
import threading
import time

import pytest
from django.db import connection
from playwright.sync_api import expect

from devtools import bootstrap
from tests.browser.grid_page import draft, enter  # noqa: F401 - fixtures

CHROMIUM = bootstrap.chromium()

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
    yield address
    for context in browser.contexts:
        context.close()
    _wait_until_nothing_is_asked()


def _wait_until_nothing_is_asked() -> None:
    """Wait until the site has answered what browsers that are closed had asked: the database is emptied next.

    Each connection of a browser has a thread of the site; it ends when the browser has gone.
    """
    quiet_since = time.monotonic()
    until = quiet_since + 20
    while time.monotonic() < min(quiet_since + 0.05, until):
        if any("process_request_thread" in thread.name for thread in threading.enumerate()):
            quiet_since = time.monotonic()
        time.sleep(0.01)


@pytest.fixture
def complaints(page):
    """What the browser's console complained about, such as a blocked script; empty when all is well."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda problem: said.append(str(problem)))
    return said
