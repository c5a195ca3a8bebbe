"""Two calculations side by side, as a page and as a file."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard.permissions import Action, requires
from payments.models import PaymentRun
from payments.preparing.comparison import Comparable, ComparedLine, Comparison, comparables, compare
from payments.rules.cents import plain_dollars
from payments.views.sorting import headings

_COLUMNS = {
    "library": "Library",
    "before": "Payment before",
    "after": "Payment now",
    "change": "Difference",
    "loans": "Lent",
    "borrows": "Borrowed elsewhere",
    "net_plus": "Net plus",
    "withheld": "Withheld now",
}
_SORTED_BY: dict[str, Callable[[ComparedLine], Any]] = {
    "library": lambda line: line.library.name.casefold(),
    "loans": lambda line: line.loans,
    "borrows": lambda line: line.borrows,
    "net_plus": lambda line: line.net_plus,
    "before": lambda line: line.before and line.before.payment_cents,
    "after": lambda line: line.after and line.after.payment_cents,
    "change": lambda line: line.cents,
    "withheld": lambda line: line.after and line.after.withheld_cents,
}
_FILE = ("loans", "borrows", "net_plus", "payment", "withheld")


@requires(Action.VIEW_RUNS)
@require_safe
def run_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold a run against last year, an earlier calculation of it or another run, library by library."""
    run = get_object_or_404(PaymentRun.objects.select_related("appropriation"), pk=pk)
    known = comparables(run)
    chosen = _chosen(request, known) if known else None
    context: dict[str, Any] = {"run": run, "known": known, "chosen": chosen}
    if chosen and run.calculated_at is not None:
        context |= comparison_context(request, compare(run, chosen.calculation))
    return render(request, "payments/run_compare.html", context)


@requires(Action.VIEW_RUNS)
@require_safe
def run_compare_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a comparison as a CSV file; blank where a library has no line on that side."""
    run = get_object_or_404(PaymentRun, pk=pk)
    known = comparables(run)
    if not known or run.calculated_at is None:
        raise Http404("There is nothing to compare this run with.")
    chosen = _chosen(request, known)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(_rows(compare(run, chosen.calculation)))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"FY{run.fiscal_year}-run-{run.number}-against-{chosen.key}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def comparison_context(request: HttpRequest, comparison: Comparison) -> dict[str, Any]:
    """Return what the table of a comparison needs: its lines as they are sorted, and its headings."""
    sort = request.GET.get("sort", "-change")
    name = sort.removeprefix("-")
    if name not in _SORTED_BY:
        sort = name = "library"
    value = _SORTED_BY[name]
    with_value = [line for line in comparison.lines if value(line) is not None]
    without = [line for line in comparison.lines if value(line) is None]
    with_value.sort(key=value, reverse=sort.startswith("-"))
    return {
        "comparison": comparison,
        "lines": with_value + without,
        "headings": headings(request, _COLUMNS, sort),
    }


def _chosen(request: HttpRequest, known: list[Comparable]) -> Comparable:
    wanted = request.GET.get("with", "")
    return next((each for each in known if each.key == wanted), known[0])


def _rows(comparison: Comparison) -> Iterable[list[Any]]:
    yield [
        "library",
        "name",
        *(f"{name}_{side}" for name in _FILE for side in ("before", "after", "difference")),
    ]
    for line in comparison.lines:
        row: list[Any] = [line.library.key, line.library.name]
        for name in _FILE:
            column = f"{name}_cents" if name in ("payment", "withheld") else name
            cells: list[Any] = [
                line.before and getattr(line.before, column),
                line.after and getattr(line.after, column),
                line.cents if name == "payment" else getattr(line, column),
            ]
            if name in ("payment", "withheld"):
                cells = [cell if cell is None else plain_dollars(cell) for cell in cells]
            row += ["" if cell is None else cell for cell in cells]
        yield row
