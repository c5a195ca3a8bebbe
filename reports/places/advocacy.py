"""Gathers the advocacy sheet of a library from a published run."""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from connecticard.canonical_json import sha256_of
from libraries.models import Library
from payments.explaining.explanation import estimate_of
from payments.explaining.flows import Partner, partners
from payments.models import Payment, PaymentRun
from payments.past_years.history import weakest
from reports.contents import MadeFrom
from reports.contents.advocacy import COST_CENTS, PRICE_CENTS, AdvocacySheet, SheetPartner
from reports.payment_list import dated, source_of
from transactions.models import Provenance, reports_loans
from transactions.spans import span_in_words

TOP = 5


def advocacy_sheet(
    library: Library, run: PaymentRun, *, price_cents: int = PRICE_CENTS, cost_cents: int = COST_CENTS
) -> AdvocacySheet:
    """Return what the program was worth to a library's residents in the twelve months of a published run.

    `price_cents` is what an item borrowed elsewhere would have cost to buy, `cost_cents` what a loan costs
    the lender: assumptions, which the sheet names as such.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    found = partners(run, library)
    payment = Payment.objects.filter(run=run, library=library).first()
    filings = run.counted_filings.filter(filing__library=library)
    filed = filings.exists()
    counted = filings.filter(reports_loans("filing")).exists()
    lent = sum(one.loans or 0 for one in found.lent) if payment and counted else None
    borrowed = sum(one.loans or 0 for one in found.borrowed)
    lent_kind = _kind({*filings.values_list("filing__provenance", flat=True)})
    name = library.name_on(run.measured.last_day)
    figures = [library.key, name, run.fiscal_year, price_cents, cost_cents, borrowed, lent]
    figures += [payment.payment_cents, payment.withheld_cents] if payment else [None, None]
    return AdvocacySheet(
        library_key=library.key,
        library_name=name,
        town=library.town.name,
        fiscal_year=run.fiscal_year,
        measured=span_in_words(run.measured),
        price_cents=price_cents,
        cost_cents=cost_cents,
        borrowed=borrowed,
        borrowed_from=sum(bool(one.loans) for one in found.borrowed),
        borrowed_kind=_kind({one.kind for one in found.borrowed}),
        lent=lent,
        lent_to=sum(bool(one.loans) for one in found.lent),
        lent_kind=lent_kind,
        took_part=payment is not None,
        filed=filed,
        payment_cents=payment.payment_cents if payment else None,
        withheld_cents=payment.withheld_cents if payment else 0,
        payment_kind=Provenance.ESTIMATED if run.estimated else lent_kind,
        lenders=_top(found.borrowed),
        borrowers=_top(found.lent),
        estimate_note=estimate_of(run.counted_filings.values("filing")) if run.estimated else "",
        address=_address(library, run, price_cents, cost_cents),
        made_from=MadeFrom(
            source=source_of(run),
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of({"run": run.manifest_sha256, "sheet": figures}),
            dated=dated(run),
        ),
    )


def sheet_query(fiscal_year: int, price_cents: int, cost_cents: int) -> str:
    """Return the query of an address that asks for the same sheet again."""
    return urlencode(
        {
            "year": fiscal_year,
            "price": f"{price_cents // 100}.{price_cents % 100:02}",
            "cost": f"{cost_cents // 100}.{cost_cents % 100:02}",
        }
    )


def _address(library: Library, run: PaymentRun, price_cents: int, cost_cents: int) -> str:
    path = reverse("reports:advocacy", args=[library.key])
    return f"{settings.SITE_URL}{path}?{sheet_query(run.fiscal_year, price_cents, cost_cents)}"


def _kind(kinds: set[str]) -> Provenance:
    return weakest(kinds) if kinds else Provenance.FILED


def _top(found: tuple[Partner, ...]) -> tuple[SheetPartner, ...]:
    return tuple(SheetPartner(one.name, one.loans, one.kind) for one in found if one.loans)[:TOP]
