"""Receipts, for anybody who has the number: whether one is genuine, and whether it still stands."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from connecticard.permissions import Action, requires
from transactions.forms import DigestForm, ReceiptNumberForm
from transactions.receipts import (
    RECIPE,
    counts_as_signed,
    may_see_counts,
    period_in_words,
    receipt_of,
    standing_of_receipt,
    totals_of,
    visible_receipt,
)


@login_not_required
@require_safe
def receipt_check(request: HttpRequest) -> HttpResponse:
    """Ask for the number of a receipt, and say how its SHA-256 is made again; public."""
    form = ReceiptNumberForm(request.GET if "number" in request.GET else None)
    if form.is_valid():
        return redirect("transactions:receipt", form.cleaned_data["number"])
    return _asked(request, form)


@login_not_required
@require_safe
def receipt(request: HttpRequest, receipt_number: str) -> HttpResponse:
    """Show what a receipt says and whether it still stands; public. Counts only to who may see the filing."""
    form = ReceiptNumberForm({"number": receipt_number})
    found = receipt_of(form.cleaned_data["number"]) if form.is_valid() else None
    if found is None:
        if form.is_valid():
            form.add_error(
                "number", gettext("No receipt of this number was ever given. Compare it with the receipt.")
            )
        return _asked(request, form, status=404)
    digest = DigestForm(request.GET if "sha256" in request.GET else None)
    sees_counts = may_see_counts(request.user, found)
    return render(
        request,
        "transactions/receipt.html",
        {
            "receipt": found,
            "period": period_in_words(found),
            "standing": standing_of_receipt(found),
            "digest": digest,
            "is_same": digest.is_valid() and digest.cleaned_data["sha256"] == found.sha256,
            "sees_counts": sees_counts,
            "totals": totals_of(found) if sees_counts else [],
            "counts_are_kept": sees_counts and counts_as_signed(found) is not None,
        },
    )


def _asked(request: HttpRequest, form: ReceiptNumberForm, status: int = 200) -> HttpResponse:
    return render(request, "transactions/receipt_check.html", {"form": form, "recipe": RECIPE}, status=status)


@requires(Action.VIEW_LIBRARY)
@require_safe
def receipt_counts(request: HttpRequest, receipt_number: str) -> HttpResponse:
    """Send the very bytes whose SHA-256 a receipt names, to who may see the filing."""
    found = visible_receipt(request.user, receipt_number)
    if found is None:
        raise Http404("There is no receipt of this number whose counts you may see.")
    counts = counts_as_signed(found)
    if counts is None:
        raise Http404("The counts of this filing were changed after the receipt was given, and are not kept.")
    return HttpResponse(
        counts,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{found.number}.json"'},
    )
