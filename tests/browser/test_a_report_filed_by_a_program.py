"""A program written only from the reference page files a report; the director signs it in the browser."""

from datetime import date

import pytest
from playwright.sync_api import expect

from connecticard.models import Role
from tests.api_world import token_of
from tests.browser.api_client import Borrowit
from tests.factories import (
    current_code,
    make_home_library,
    make_letter,
    make_period,
    make_signed_in_client,
    make_user,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PERIOD = "semiannual-2026-03-01"
COUNTS = """\
home_library,2026-03,2026-04,2026-05,2026-06,2026-07,2026-08
CT0002,12,9,14,11,16,13
"""


def test_program_files_and_reads_the_certificate_after_the_director_signed(page, site, settings):
    settings.DEMO_TODAY = date(2026, 9, 5)
    avon = make_home_library("Avon Free Public Library", key="CT0001")
    make_home_library("Bethel Public Library", key="CT0002")
    make_letter(avon)
    make_period(date(2026, 3, 1))
    filer = make_user(Role.LIBRARY_FILER, library=avon)
    token = token_of(filer)["Authorization"].removeprefix("Bearer ")
    director = make_signed_in_client(Role.LIBRARY_CERTIFIER, avon)

    program = Borrowit(site, token)
    receipt = program.file_report("CT0001", PERIOD, COUNTS)
    unsigned = program.certificates(receipt["filing"])
    filing = avon.filings.get()
    cookie = director.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
    page.goto(f"{site}/filings/{filing.pk}/certify/")
    page.get_by_label("Code from your authenticator app").fill(current_code(director.user))
    page.get_by_role("button", name="Certify this filing").click()
    expect(page.get_by_text("This filing now counts toward your library's payment.")).to_be_visible()
    (certificate,) = program.certificates(receipt["filing"])

    filing.refresh_from_db()
    assert program.receipt(receipt["number"]) == receipt
    assert (receipt["kind"], receipt["library"]) == ("submission", "CT0001")
    assert unsigned == []
    assert (certificate["kind"], certificate["signer_name"]) == ("certificate", director.user.name)
    assert certificate["sha256"] == filing.sha256
    assert sum(filing.loan_counts.values_list("loans", flat=True)) == 75
