"""A library's payments: each explained with all that it came from, and the years of them."""

import csv
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard.permissions import Action, may
from connecticard.published_pages import published_page
from libraries.key_on_record import key_on_record
from libraries.models import Library
from payments.api import RUN_KEY
from payments.explaining.course_of_payment import course
from payments.explaining.explanation import estimate_of
from payments.explaining.flow_map import use_by_town
from payments.explaining.flows import Partner, partners
from payments.explaining.payment_explained import ExplainedRun
from payments.models import CountedFiling, PastPayment, Payment, PaymentRun
from payments.rules.expenditure_reporting import fiscal_year_days

_TOP = 8


@login_not_required
@require_safe
@published_page
def payment_line(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Explain one library's line of a run; public once the run is published."""
    return _payment_page(request, _visible(request, run=pk, library__key=key))


@login_not_required
@require_safe
@published_page
@key_on_record
def payment_of_year(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Explain a library's payment of a fiscal year, from the run that stands published; public."""
    run = get_object_or_404(PaymentRun.objects.published(), fiscal_year=fiscal_year)
    return _payment_page(request, _visible(request, run=run.pk, library__key=key))


@login_not_required
@require_safe
@published_page
def payment_partners_csv(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Return with whom a library lent and borrowed, as CSV; public once the run is published."""
    payment = _visible(request, run=pk, library__key=key)
    found = partners(payment.run, payment.library)
    name = f"loans-FY{payment.run.fiscal_year}-run-{payment.run.number}-{key}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    writer = csv.writer(response, lineterminator="\r\n")
    writer.writerow(["lender", "home_library", "partner", "partner_town", "loans", "estimated"])
    writer.writerows([key, one.key, *_cells(one)] for one in found.lent)
    writer.writerows([one.key, key, *_cells(one)] for one in found.borrowed)
    return response


@login_not_required
@require_safe
@published_page
@key_on_record
def library_payments(request: HttpRequest, key: str) -> HttpResponse:
    """List a library's payments by fiscal year, and what it received in past years; public."""
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    payments = (
        Payment.objects.filter(library=library, run__in=PaymentRun.objects.published())
        .select_related("run")
        .order_by("-run__fiscal_year")
    )
    return render(
        request,
        "payments/library_payments.html",
        {
            "library": library,
            "payments": payments,
            "received": PastPayment.objects.filter(library=library).order_by("-fiscal_year", "pk"),
        },
    )


def _visible(request: HttpRequest, **named: Any) -> Payment:
    """Return a payment of a run that this person may see; else 404."""
    return get_object_or_404(
        Payment.objects.select_related("run__appropriation", "library__town"),
        run__in=PaymentRun.objects.visible_to(request.user),
        **named,
    )


def _payment_page(request: HttpRequest, payment: Payment) -> HttpResponse:
    run = payment.run
    if run.calculated_at is None:
        raise Http404("This run has not been calculated.")
    explained_run = ExplainedRun(run, of=[payment.library.key])
    explained = explained_run.explain(payment)
    found = partners(run, payment.library)
    return render(
        request,
        "payments/payment_line.html",
        {
            "payment": payment,
            "run": run,
            "run_key": RUN_KEY.format(run.fiscal_year, run.number),
            "explained": explained,
            "course": course(payment),
            "totals": explained_run.totals,
            "transactions": explained.transactions.division,
            "net_plus": explained.net_plus.division,
            "counted": CountedFiling.objects.filter(run=run, filing__library=payment.library)
            .select_related("filing__period", "filing__library", "filing__certified_by")
            .order_by("counted"),
            "law_on": fiscal_year_days(run.fiscal_year)[1],
            "estimate_note": estimate_of(run.counted_filings.values("filing")) if run.estimated else "",
            "partners": found,
            "lent_chart": _bars(found.lent),
            "borrowed_chart": _bars(found.borrowed),
            "by_town": use_by_town(payment, found),
            "standing_run": None
            if run.voided_at is None
            else PaymentRun.objects.published().filter(fiscal_year=run.fiscal_year).first(),
            "may_view_library": may(request.user, Action.VIEW_LIBRARY, payment.library),
            "may_view_runs": may(request.user, Action.VIEW_RUNS),
        },
    )


def _bars(found: Sequence[Partner]) -> list[dict[str, Any]]:
    """Return the partners with the most loans, each with the length of its bar in percent of the longest."""
    top = [partner for partner in found if partner.loans][:_TOP]
    longest = top[0].loans or 1 if top else 1
    return [{"partner": one, "length": max(1, (one.loans or 0) * 100 // longest)} for one in top]


def _cells(partner: Partner) -> list[object]:
    loans = "n/c" if partner.loans is None else partner.loans
    return [partner.name, partner.town, loans, "yes" if partner.estimated else "no"]
