"""What earlier years say of one line of the grid: a page, and a part of it for the panel beside the grid."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from connecticard import permissions
from connecticard.permissions import Action, requires
from libraries.models import Library
from transactions.count_grid_form import column_label, column_name
from transactions.count_history import CountHistory, Figure, YearOfFigures, count_history
from transactions.line_chart import LineChart, Value, line_chart
from transactions.views.reach import filing_of


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_history(request: HttpRequest, pk: int, library_pk: int) -> HttpResponse:
    """The loans on cards of one home library in the same months of this year and of five years before.

    With `?column=2026-03` (or `total`) it is the part that the panel shows of one cell.
    """
    filing = filing_of(request, pk)
    home_library = get_object_or_404(Library.objects.select_related("town"), pk=library_pk)
    history = count_history(filing, home_library)
    context = {"filing": filing, "home_library": home_library, "history": history}
    if "column" not in request.GET:
        whole = [(year, year.whole) for year in history.years]
        context |= {
            "chart": _chart(whole),
            "headings": [_month_label(column) for column in history.columns],
            "may_enter": permissions.may(request.user, Action.ENTER_COUNTS, filing.library),
        }
        return render(request, "transactions/filing_history.html", context)
    column = _column(request.GET["column"], history)
    cell = history.column(column)
    context |= {
        "label": column_label(column),
        "cell": list(reversed(cell)),
        "chart": _chart(cell),
        "a_year_ago": cell[-2][1],
    }
    return render(request, "transactions/_history_panel.html", context)


def _column(name: str, history: CountHistory) -> date | None:
    """Return the column that an address names; 404 where the filing has no such column."""
    for column in history.columns:
        if name == column_name(column):
            return column
    raise Http404("The filing has no such month.")


def _month_label(column: date | None) -> str:
    return "Whole period" if column is None else f"{column:%b}"


def _chart(figures: list[tuple[YearOfFigures, Figure]]) -> LineChart | None:
    return line_chart(
        [
            (year.label, [Value(figure.loans, figure.provenance)] if isinstance(figure.loans, int) else [])
            for year, figure in figures
        ]
    )
