"""Passkeys with Chromium's own virtual authenticator, under the site's strict policy."""

import pytest

from connecticard.models import Role
from connecticard.second_factor import has_passkey
from tests.browser.axe import findings
from tests.factories import PASSWORD, current_code, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def no_serious_barrier(page):
    assert findings(page) == [], page.url


def enter_password(page, site, user):
    page.goto(f"{site}/account/login/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


@pytest.fixture
def authenticator(page):
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )


@pytest.mark.usefixtures("authenticator")
def test_passkey_is_added_and_signs_in(page, site, complaints):
    user = make_user(Role.AUDITOR)
    enter_password(page, site, user)
    no_serious_barrier(page)
    page.get_by_label("Code").fill(current_code(user))
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.goto(f"{site}/account/2fa/passkeys/add/")
    page.get_by_label("Code").fill(current_code(user))
    page.get_by_role("button", name="Continue").click()
    no_serious_barrier(page)
    page.get_by_role("button", name="Add this passkey").click()
    page.get_by_text("Each code signs you in once").wait_for()
    assert has_passkey(user)
    no_serious_barrier(page)

    page.goto(f"{site}/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    enter_password(page, site, user)
    page.get_by_role("button", name="Sign in with your passkey").click()
    page.wait_for_url(lambda url: "/account/" not in url)
    page.goto(f"{site}/account/")

    assert page.get_by_role("heading", level=1).inner_text() == "My account"
    no_serious_barrier(page)
    assert [each for each in complaints if "404" not in each] == []


def test_people_and_audit_pages_have_no_serious_barrier(page, site, complaints):
    user = make_user(Role.STATE_ADMINISTRATOR)
    enter_password(page, site, user)
    page.get_by_label("Code").fill(current_code(user))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/account/" not in url)

    for path in (
        "/account/",
        "/account/tokens/new/",
        "/people/",
        "/people/invite/",
        f"/people/{user.pk}/",
        "/audit/",
    ):
        page.goto(site + path)
        no_serious_barrier(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert [each for each in complaints if "404" not in each] == []
