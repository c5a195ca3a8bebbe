"""Every worked example through the pages: the run begun and calculated there, each figure read there."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from connecticard.clock import EASTERN
from connecticard.models import Role
from payments.models import PaymentRun
from payments.rules.cents import dollars
from reports.worked_examples import DatesExample, RefusedLoans, SplitExample, split_examples, worked_examples
from tests.factories import make_signed_in_client, make_user
from tests.page_text import text
from tests.payments.examples_on_record import OnRecord
from tests.payments.records import appropriation
from transactions import services
from transactions.models import Filing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _after_the_year(settings):
    """Every example is paid in a spring: the last day of its fiscal year is past every date to file."""
    settings.DEMO_TODAY = None


@pytest.fixture
def staff(db):
    return make_signed_in_client(Role.STATE_STAFF)


def calculated_on_pages(staff, example: SplitExample, settings) -> PaymentRun:
    """Begin the run of an example and calculate it, as staff do."""
    settings.DEMO_TODAY = example.measured.last_day + timedelta(days=60)
    year = example.fiscal_year
    made = appropriation(example.appropriation_cents, year)  # the page takes no appropriation of nothing
    staff.post(
        reverse("payments:run_create"),
        {
            "appropriation": made.pk,
            "withheld_policy": example.withheld,
            "board_decision": "Vote 1" if example.withheld == "redistribute" else "",
        },
    )
    run = PaymentRun.objects.get(fiscal_year=year)
    done = staff.post(reverse("payments:run_calculate", args=[run.pk]), follow=True)
    assert "is calculated" in text(done)
    run.refresh_from_db()
    return run


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the cells of the run's table of payments, by library."""
    body = page[page.index("<tbody", page.index('id="lines"')) :]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
        cells = [text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        found[cells[0]] = cells[1:]
    return found


@pytest.mark.parametrize("example", split_examples(), ids=lambda example: example.name)
def test_every_figure_of_an_example_stands_on_the_pages(example, staff, settings):
    OnRecord(example)

    run = calculated_on_pages(staff, example, settings)
    shown = staff.get(reverse("payments:run_page", args=[run.pk])).content.decode()
    words = text(shown)

    if example.lines:
        assert {name: cells for name, cells in rows_of(shown).items() if name.startswith("Library ")} == {
            f"Library {line.key}": [
                f"{line.loans:,}",
                f"{line.borrows:,}",
                f"{line.net_plus:,}",
                dollars(line.transactions_share_cents),
                dollars(line.net_plus_share_cents),
                dollars(line.payment_cents),
                dollars(line.withheld_cents),
            ]
            for line in example.lines
        }
    assert f"Transactions {dollars(example.transactions_pool_cents)}" in words
    assert f"Net plus {dollars(example.net_plus_pool_cents)}" in words
    assert f"{dollars(example.undistributed_cents)} undistributed" in words
    for rate in filter(None, (example.rate_per_loan, example.rate_per_net_plus)):
        assert f"${rate}" in words
    for line in example.lines:
        own = text(staff.get(reverse("payments:payment_line", args=[run.pk, line.key])))
        shares = f"{dollars(line.transactions_share_cents)} + {dollars(line.net_plus_share_cents)} ="
        left_out = example.withheld == "redistribute" and not line.withheld_cents and "left out" in own
        assert shares in own or left_out, own
        assert dollars(line.payment_cents) in own
        assert dollars(line.withheld_cents) in own or not line.withheld_cents


def refused_examples() -> list[tuple[SplitExample, RefusedLoans]]:
    return [(example, row) for example in split_examples() for row in example.refused]


@pytest.mark.parametrize(
    ("example", "refused"),
    [
        pytest.param(example, row, id=f"{example.name}: {row.lender} to {row.home_library}")
        for example, row in refused_examples()
    ],
)
def test_count_that_is_refused_is_refused_where_it_is_entered(example, refused, settings):
    on_record = OnRecord(example)
    lender, home = on_record.libraries[refused.lender], on_record.libraries[refused.home_library]
    filer = make_signed_in_client(Role.LIBRARY_FILER, lender)
    certifier = make_user(Role.LIBRARY_CERTIFIER, library=lender)
    of_lender = Filing.objects.standing().filter(library=lender).order_by("covers")
    standing = of_lender.filter(covers__contains=refused.span.first_day).first() or of_lender[0]
    at = standing.certified_at + timedelta(days=1)
    settings.DEMO_TODAY = at.astimezone(EASTERN).date()
    draft = services.reopen_filing(filing=standing, reason="A page was missed.", by=certifier, at=at)
    column = "Loans" if draft.basis == "period_total" else f"{refused.span.first_day:%b %Y}"

    before = set(draft.loan_counts.values_list("home_library", "month", "loans"))

    answer = filer.post(
        reverse("transactions:filing_upload", args=[draft.pk]),
        {"step": "read", "text": f"Home library\t{column}\n{home.name}\t{refused.loans}\nOthers\t1\n"},
    )

    words = text(answer)
    assert "§ 11-31c-1" in words, words
    assert set(draft.loan_counts.values_list("home_library", "month", "loans")) == before


def test_w10_dates_stand_in_the_rulebook(client):
    words = text(client.get(reverse("reports:rulebook_examples")))

    for example in worked_examples():
        for filing in example.filings if isinstance(example, DatesExample) else ():
            assert f"{filing.due_on:%B} {filing.due_on.day}, {filing.due_on.year}" in words
