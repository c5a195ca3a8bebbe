"""Every page of the site that a person may open, held to axe at both widths.

A page is opened by the first role of the table that it is meant for, on records that are on file; those of a
filing and of an expenditure report, in each of their states.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from playwright.sync_api import Page

from connecticard import clock
from connecticard.clock import EASTERN
from connecticard.models import Role
from connecticard.models.role_assignment import CONSORTIUM_ROLES, LIBRARY_ROLES
from connecticard.permissions import PERMITTED
from payments import expenditure_services
from payments.models import PastPayment
from tests.api_world import TODAY, World, make_world
from tests.browser.axe import findings
from tests.connecticard.test_every_address import addresses
from tests.connecticard.test_reach import OTHERS, records, with_a_form  # noqa: F401 - a fixture
from tests.factories import give_role, make_counts, make_signed_in_client
from tests.transactions.conftest import months
from transactions import services

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROLES = [
    Role.LIBRARY_FILER,
    Role.LIBRARY_CERTIFIER,
    Role.CONSORTIUM_FILER,
    Role.STATE_STAFF,
    Role.STATE_ADMINISTRATOR,
    Role.AUDITOR,
]
OF_A_STATE = {
    "transactions:filing_certify",
    "transactions:filing_return",
    "transactions:filing_amend",
    "transactions:filing_undo",
    "payments:expenditure_certify",
    "payments:expenditure_return",
    "payments:expenditure_reopen",
    "payments:expenditure_discard",
}
OF_EACH_SHAPE = {  # of the reference data's pages, which Django draws alike for every kind
    "admin:index",
    "admin:libraries_library_changelist",
    "admin:libraries_library_add",
    "admin:libraries_library_import",
    "admin:libraries_library_export",
}
AT = datetime(2027, 9, 20, 9, tzinfo=EASTERN)


@pytest.fixture
def world(settings, transactional_db) -> World:
    settings.DEMO_TODAY = TODAY
    return with_a_form(make_world())


def pages_of(role: Role) -> Iterator[tuple[str, URLPattern]]:
    """Yield the addresses that this role is the first to be meant for."""
    for name, _, pattern in addresses():
        action = getattr(pattern.callback, "required_action", None)
        if name in OF_A_STATE or (name.startswith("api:") and name not in ("api:reference", "api:resource")):
            continue
        if name.startswith("admin:") and name not in OF_EACH_SHAPE:
            continue
        if next(held for held in ROLES if action is None or held in PERMITTED[action]) is role:
            yield name, pattern


class Reader:
    """Somebody who is signed in, in the browser and in a client that first asks what an address answers."""

    def __init__(self, page: Page, site: str, client: Client) -> None:
        self.page, self.site, self.client = page, site, client
        self.found: dict[str, list[str]] = {}
        self.seen: list[str] = []
        page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}]
        )

    def look_at(self, address: str) -> bool:
        """Hold an address to axe, if a page is there; return whether one was."""
        answer = self.client.get(address)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            return False
        self.page.goto(self.site + address)
        assert self.page.url == self.site + address
        self.seen.append(address)
        if wrong := findings(self.page):
            self.found[address] = wrong
        return True


@pytest.mark.parametrize("role", [role for role in ROLES if any(pages_of(role))])
def test_no_page_has_a_serious_finding(
    role: Role,
    page: Page,
    site: str,
    world: World,
    records: Any,  # noqa: F811
) -> None:
    library = world.libraries[OTHERS]
    client = make_signed_in_client(
        role,
        library if role in LIBRARY_ROLES else None,
        consortium=library.consortium_memberships.get().consortium if role in CONSORTIUM_ROLES else None,
    )
    reader = Reader(page, site, client)
    for name, pattern in pages_of(role):
        reader.look_at(reverse(name, kwargs=records(name, pattern)))

    assert reader.found == {}
    assert reader.seen


def test_no_page_of_a_filing_has_a_serious_finding_in_any_state(
    page: Page,
    site: str,
    world: World,
) -> None:
    avon, bethel, canton = world.libraries.values()
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, bethel)
    reader, person, draft = Reader(page, site, client), client.user, world.draft
    give_role(person, Role.LIBRARY_FILER, library=bethel)
    half = months(draft.period.first_day, 6)
    make_counts(draft, {(avon, month): 3 for month in half[1:]} | {(canton, month): None for month in half})

    def looked_at(filing: Any, *names: str) -> bool:
        return all(reader.look_at(reverse(f"transactions:{name}", args=[filing.pk])) for name in names)

    assert looked_at(draft, "filing", "filing_entry", "filing_basis", "filing_check")
    filing = services.submit_filing(filing=draft, by=person, at=AT)
    assert looked_at(filing, "filing", "filing_certify", "filing_return")
    filing = services.certify_filing(filing=filing, by=person, at=AT)
    assert looked_at(filing, "filing", "filing_amend")
    amended = services.reopen_filing(filing=filing, reason="Counted again.", by=person, at=AT)
    assert looked_at(amended, "filing", "filing_undo", "filing_entry", "filing_check")

    assert reader.found == {}


def test_no_page_of_an_expenditure_report_has_a_serious_finding_in_any_state(
    page: Page,
    site: str,
    world: World,
) -> None:
    year, bethel = 2026, world.libraries[OTHERS]
    PastPayment.objects.update_or_create(
        library=bethel, fiscal_year=year, defaults={"cents": 500_00, "source": "ledger"}
    )
    client = make_signed_in_client(Role.LIBRARY_CERTIFIER, bethel)
    reader, person = Reader(page, site, client), client.user
    give_role(person, Role.LIBRARY_FILER, library=bethel)
    assert clock.today() < date(2027, 11, 1)

    def looked_at(*names: str) -> bool:
        return all(
            reader.look_at(reverse(f"payments:{name}", kwargs={"key": bethel.key, "fiscal_year": year}))
            for name in names
        )

    report = expenditure_services.start_report(library=bethel, fiscal_year=year, by=person, at=AT)
    report = expenditure_services.save_report(
        report=report, spent_cents={"materials": 300_00}, unspent_cents=200_00, by=person
    )
    assert looked_at("expenditure_report", "expenditure_enter")
    report = expenditure_services.submit_report(report=report, by=person, at=AT)
    assert looked_at("expenditure_report", "expenditure_certify", "expenditure_return")
    report = expenditure_services.certify_report(report=report, by=person, at=AT)
    assert looked_at("expenditure_report", "expenditure_reopen")
    expenditure_services.reopen_report(report=report, reason="Counted again.", by=person, at=AT)
    assert looked_at("expenditure_report", "expenditure_enter")

    assert reader.found == {}


def test_proof_of_a_run_has_no_serious_finding_whatever_came_out(
    page: Page,
    site: str,
    world: World,
) -> None:
    run = world.certified_run
    reader = Reader(page, site, make_signed_in_client(Role.STATE_STAFF))

    assert reader.look_at(reverse("payments:run_proof", args=[run.pk]))
    for differences in ([], [{"what": "A" * 60, "recorded": "a" * 64, "recomputed": "b" * 64}]):
        run.verifications.create(
            verified_at=AT,
            because="nightly",
            manifest_sha256=run.manifest_sha256,
            same=not differences,
            differences=differences,
        )
        assert reader.look_at(reverse("payments:run_proof", args=[run.pk]))
    assert reader.look_at(reverse("payments:run_page", args=[run.pk]))

    assert reader.found == {}
