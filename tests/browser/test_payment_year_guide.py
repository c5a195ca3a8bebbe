"""The written guide to a payment year, done as it says on a fresh demonstration: by somebody new, and by Ada.

The guide and the pages cannot drift apart: what is pressed here is what the guide prints in bold, in its
order, and nothing that it prints is left out. Every page that they come to is held to axe at both widths,
with the names and numbers of all libraries; their colours are looked at with every other page's.
"""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from connecticard.models import Role, User
from libraries.roster import load_roster
from payments.disbursing.payment_file import TOTAL, csv_bytes
from payments.disbursing.result_services import reconciliations
from payments.disbursing.result_table import COLUMNS
from payments.models import PaymentBatch, PaymentRun
from payments.proving.verification import differences
from reports import making, tasks
from reports.demonstration import load_demonstration
from tests.browser.axe import findings
from tests.factories import current_code, make_signed_in_client, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TODAY = date(2027, 3, 22)
GUIDE = "/help/payment-year/"


@pytest.fixture
def _demonstration(transactional_db, settings, tmp_path, monkeypatch) -> None:
    settings.DEMO_TODAY, settings.VAR_DIR, settings.MEDIA_ROOT = TODAY, tmp_path, tmp_path / "documents"
    monkeypatch.setattr(tasks.make_documents, "delay", lambda lines: None)  # other tests make them
    monkeypatch.setattr(making, "pdf_of", lambda contents: contents.title.encode())
    load_roster()
    load_demonstration(on=TODAY)


class Guide:
    """What the guide says to press, by step and in order; the walk takes it away label by label."""

    def __init__(self, page: Page) -> None:
        page.goto(GUIDE)
        self.left: dict[str, list[str]] = {}
        for section in page.locator("section[data-step]").all():
            labels = section.locator("b.label:not([data-otherwise])").all_inner_texts()
            self.left[section.get_attribute("data-step") or ""] = labels

    def next(self, step: str, label: str) -> str:
        """Return the next label of a step, which must be this one."""
        assert self.left[step], f"the guide says nothing more to press in step {step}, but for {label}"
        said = self.left[step].pop(0)
        assert said == label, f"in step {step} the guide says {said}, and the page has {label}"
        return said


class Reader:
    """A person who does what the guide says."""

    def __init__(self, page: Page, guide: Guide | None = None) -> None:
        self.page = page
        self.guide = guide or Guide(page)

    def go(self, step: str) -> None:
        """Follow the link of a step of the guide."""
        self.page.goto(GUIDE)
        self.page.locator(f"section[data-step={step}] a[data-go]").click()

    def press(self, step: str, label: str) -> None:
        """Press what the guide says, by its words; `…` stands for what differs from year to year."""
        with self.page.expect_navigation():
            self.thing(self.guide.next(step, label)).click()
        assert findings(self.page, contrast=False) == [], self.page.url

    def thing(self, label: str) -> Locator:
        words = re.compile("^" + ".*".join(map(re.escape, label.split("…"))))
        main = self.page.get_by_role("main")
        return main.get_by_role("button", name=words).or_(main.get_by_role("link", name=words)).first

    def says(self, text: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)


@pytest.fixture
def newcomer(page: Page, site: str, _demonstration: None) -> Reader:
    """Somebody new among the State Library's staff."""
    return Reader(_signed_in(page, site, make_user(Role.STATE_STAFF, name="Nina New")))


@pytest.fixture
def administrator(browser: Browser, site: str, newcomer: Reader) -> tuple[Reader, User]:
    context = browser.new_context(base_url=site)
    ada = User.objects.get(email="administrator@example.org")
    return Reader(_signed_in(context.new_page(), site, ada), newcomer.guide), ada


@pytest.fixture
def browser_context_args(browser_context_args, site):
    return browser_context_args | {"base_url": site, "accept_downloads": True}


def _signed_in(page: Page, site: str, person: User) -> Page:
    cookie = make_signed_in_client(user=person).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
    return page


def test_a_newcomer_and_an_administrator_do_a_payment_year_by_the_guide(
    newcomer: Reader, administrator: tuple[Reader, User], tmp_path: Path
) -> None:
    nina, (ada, administrator_user) = newcomer, administrator

    nina.go("appropriation")
    nina.says("$703,638.00")
    nina.go("begin")
    nina.press("begin", "Begin a payment run")
    nina.page.get_by_label("Fiscal year").select_option(label=_option(nina.page, "2027"))
    nina.page.get_by_text("Keep their shares for them").click()
    nina.press("begin", "Begin the run")
    run = PaymentRun.objects.get(fiscal_year=2027)
    address = reverse("payments:run_page", args=[run.pk])

    nina.press("requirements", "Requirements")
    nina.says("What to do:")
    nina.press("requirements", "Back to the run")
    nina.press("open", "Open filings")
    nina.press("open", "Pay without those chosen: show everybody’s lines")
    nina.press("open", "Choose others")
    nina.press("open", "Back to the run")
    nina.press("policy", "Policy for withheld shares")
    nina.press("policy", "Back to the run")
    nina.press("calculate", "Calculate")
    nina.says("is calculated")
    nina.press("compare", "Compare")
    nina.says("2026")
    nina.press("compare", "Back to the run")
    nina.press("hand-over", "Hand to an administrator")
    nina.press("hand-over", "Hand over")

    ada.go("certify")
    ada.page.get_by_role("main").get_by_role("link", name=str(run)).first.click()
    ada.press("certify", "Certify")
    ada.page.get_by_label(re.compile("code", re.IGNORECASE)).first.fill(current_code(administrator_user))
    ada.press("certify", "Certify in my name")
    ada.says("is certified. Its figures cannot change any more.")
    ada.press("publish", "Publish")
    ada.press("publish", "Publish fiscal year …")

    nina.page.goto(address)
    nina.press("order", "Board’s order")
    nina.press("order", "Record number and date")
    nina.page.get_by_label("Number of the order").fill("2027-08")
    nina.page.get_by_label("Date of the order").fill(TODAY.isoformat())
    nina.press("order", "Look at it once more")
    nina.press("order", "Record the order")
    nina.go("payees")
    nina.press("payees", "Change")
    nina.page.get_by_label("Vendor number of the Comptroller").fill("DEMO-9001")
    nina.press("payees", "Keep the payee")

    nina.page.goto(address)
    nina.press("export", "To the Comptroller")
    nina.press("export", "Export … lines")
    batch = PaymentBatch.objects.get(run=run)
    with nina.page.expect_download() as download:
        nina.thing(nina.guide.next("export", "Download the payment file (CSV)")).click()
    assert Path(download.value.path()).read_bytes() == bytes(batch.content)

    nina.page.goto(address)
    nina.press("results", "Payments made")
    nina.press("results", "Take over a result file")
    file = tmp_path / "results.csv"
    file.write_bytes(_all_paid(batch))
    nina.page.locator("input[type=file]").set_input_files(file)
    nina.press("results", "Show what it says")
    nina.press("results", "Put … results on record")
    [settled] = reconciliations(run)
    assert (settled.paid_cents, settled.returned, settled.outstanding) == (batch.cents, (), ())

    nina.page.goto(address)
    nina.page.get_by_role("table").get_by_role("link", name="Avon Free Public Library").first.click()
    nina.says("payment of fiscal year 2027")
    assert findings(nina.page) == []
    nina.page.goto(address)
    nina.press("proof", "Proof")
    nina.press("proof", "Verify the figures now")
    run.refresh_from_db()
    assert differences(run) == []

    assert {step: labels for step, labels in nina.guide.left.items() if labels} == {}


def _option(page: Page, year: str) -> str:
    """Return the whole text of the choice of a fiscal year."""
    choices = page.get_by_label("Fiscal year").locator("option").all_inner_texts()
    return next(choice for choice in choices if year in choice)


def _all_paid(batch: PaymentBatch) -> bytes:
    """Return the result file that the Comptroller makes of a payment file: every line paid that day."""
    lines = [row for row in csv.DictReader(io.StringIO(bytes(batch.content).decode())) if row["line_id"]]
    paid = [row for row in lines if row["batch_id"] == batch.code]
    rows = [
        (batch.code, row["line_id"], "paid", TODAY.isoformat(), f"W-{number}", row["amount"])
        for number, row in enumerate(paid, start=1)
    ]
    cents = f"{batch.cents // 100}.{batch.cents % 100:02}"
    return csv_bytes([COLUMNS, *rows, (TOTAL, len(rows), "", "", "", cents)])
