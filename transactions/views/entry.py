"""The page on which a library enters its counts, and the page that checks and submits them."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, requires
from transactions import presence, services
from transactions.count_grid import (
    Cell,
    CountGrid,
    Counts,
    Order,
    active_lines,
    count_grid,
    counts_on_record,
    merge,
    ordered,
    totals,
)
from transactions.count_grid_form import (
    CountGridForm,
    cell_name,
    column_label,
    column_name,
    in_order,
    read_only_grid,
    written_loans,
)
from transactions.filing_record import context_of, last_saved
from transactions.models import Filing, FilingBasis
from transactions.rules.filing_checks import NOT_COUNTED, NotCounted
from transactions.rules.filing_status import FilingStatus
from transactions.rules.form_editions import edition_named
from transactions.services import CountsRefused, FilingChanged, FilingRefused
from transactions.views.cells import NOT_OPEN_FOR_ENTRY
from transactions.views.reach import filing_of, revision_seen


@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid of a filing: enter the loans, save the draft, go on to the checks."""
    filing = filing_of(request, pk, Action.ENTER_COUNTS)
    if not FilingStatus(filing.status).may_be_edited:
        messages.info(request, NOT_OPEN_FOR_ENTRY[FilingStatus(filing.status)])
        return redirect("transactions:filing", filing.pk)
    counts = counts_on_record(filing)
    page = _EntryPage(filing, count_grid(filing, counts), counts)
    if request.method != "POST":
        return _render_entry(request, page)
    return _save(request, page)


class _EntryPage:
    """One filing's grid with its form; a refused form keeps every value that was typed."""

    def __init__(self, filing: Filing, grid: CountGrid, counts: Counts):
        self.filing, self.grid, self.counts = filing, grid, counts
        self.edition = edition_named(filing.form_edition)
        self.form = self.form_of(None)
        self.problems: list[dict[str, str]] = []
        self.conflicts: dict[str, Any] | None = None

    def form_of(self, data: Any) -> CountGridForm:
        return CountGridForm(
            data,
            grid=self.grid,
            counts=self.counts,
            revision=self.filing.revision,
            nothing_lent=self.filing.nothing_lent,
            zero_return=self.edition.zero_return,
        )


def _save(request: HttpRequest, page: _EntryPage) -> HttpResponse:
    page.form = form = page.form_of(request.POST)
    valid = form.is_valid()
    if form.cleaned_data.get("revision") != page.filing.revision:
        return _show_both(request, page)
    if not valid:
        page.problems = [
            _cell_problem(page.grid, cell, message)
            for cell, message in in_order(page.grid, form.cell_problems)
        ]
        return _render_entry(request, page)
    try:
        filing = services.save_counts(
            filing=page.filing,
            counts=form.cleaned_data["counts"],
            nothing_lent=form.cleaned_data["nothing_lent"],
            expected=form.cleaned_data["revision"],
            by=cast(User, request.user),
            at=clock.now(),
        )
    except FilingChanged:
        page.filing = filing_of(request, page.filing.pk, Action.ENTER_COUNTS)
        page.counts = counts_on_record(page.filing)
        return _show_both(request, page)
    except CountsRefused as refused:
        _mark(page, refused)
        return _render_entry(request, page)
    except FilingRefused as refused:
        page.problems = [{"message": str(refused)}]
        return _render_entry(request, page)
    presence.arrive(filing, cast(User, request.user), changed=True)
    total = totals(page.grid, {**page.counts, **form.cleaned_data["counts"]}).all
    messages.success(request, f"Saved: {total:,} loans. The filing is a draft until you submit it.")
    if request.POST.get("then") == "check":
        return redirect("transactions:filing_check", filing.pk)
    return redirect("transactions:filing_entry", filing.pk)


def _show_both(request: HttpRequest, page: _EntryPage) -> HttpResponse:
    """Show what this person typed beside what another saved meanwhile; nothing is stored."""
    mine, text = page.form.typed()
    for cell in page.grid.cells:
        if cell not in text:
            mine[cell] = page.counts.get(cell)
            text[cell] = _text(mine[cell])
    merged = merge(page.grid, before=page.form.begun_with(), mine=mine, theirs=page.counts)
    for cell in merged.taken_over:
        text[cell] = _text(merged.mine[cell])
    page.conflicts = {
        "cells": [
            {
                "id": cell_name(cell),
                "library": page.grid.names[cell[0]],
                "column": column_label(cell[1]),
                "mine": text[cell] or "blank",
                "theirs": written_loans(theirs) or "blank",
            }
            for cell, theirs in merged.conflicts.items()
        ],
        "by": last.by if (last := last_saved(page.filing)) else None,
        "without_a_place": [
            f"{page.grid.names.get(library_id, 'a library without a line')}, {column}: {typed}"
            for library_id, column, typed in page.form.without_a_place()
        ],
        "taken_over": [_place(page.grid, cell) for cell in page.grid.cells if cell in merged.taken_over],
    }
    page.form.show_again(
        revision=page.filing.revision, text=text, saved=page.counts, conflicts=merged.conflicts
    )
    return _render_entry(request, page, status=409)


def _mark(page: _EntryPage, refused: CountsRefused) -> None:
    cells = {
        (problem.home_library, problem.month): problem.message
        for problem in refused.problems
        if problem.home_library is not None
    }
    page.form.mark_cells(cells)
    page.problems = [
        {"message": problem.message} for problem in refused.problems if problem.home_library is None
    ]
    page.problems += [_cell_problem(page.grid, cell, text) for cell, text in in_order(page.grid, cells)]


def _cell_problem(grid: CountGrid, cell: Cell, message: str) -> dict[str, str]:
    return {"id": cell_name(cell), "place": _place(grid, cell), "message": message}


def _place(grid: CountGrid, cell: Cell) -> str:
    return f"{grid.names[cell[0]]}, {column_label(cell[1])}"


def _text(loans: int | NotCounted | None) -> str:
    return "" if loans is None else str(loans)


def _render_entry(request: HttpRequest, page: _EntryPage, status: int = 200) -> HttpResponse:
    order = _order(request)
    if order is not Order.NAME:
        active = active_lines(page.filing, page.counts) if order is Order.ACTIVITY else ()
        page.form.show_lines(ordered(page.grid.lines, order, active))
    return render(
        request,
        "transactions/filing_entry.html",
        {
            **context_of(page.filing),
            "edition": page.edition,
            "form": page.form,
            "grid": page.grid,
            "orders": [(each.value, each.label, each is order) for each in Order],
            "months": [(column_name(column), column_label(column)) for column in page.grid.columns],
            "problems": page.problems,
            "conflicts": page.conflicts,
            "people": presence.words_of(presence.arrive(page.filing, cast(User, request.user))),
            "other_basis": _OTHER_BASIS[FilingBasis(page.filing.basis)],
        },
        status=status,
    )


def _order(request: HttpRequest) -> Order:
    """Return the order of the lines that is asked for, or was last."""
    asked = request.GET.get("order")
    if asked in set(Order) and asked != request.session.get(_ORDER):
        request.session[_ORDER] = asked
    remembered = request.session.get(_ORDER)
    return Order(remembered) if remembered in set(Order) else Order.NAME


_ORDER = "count_grid_order"


_OTHER_BASIS = {
    FilingBasis.BY_MONTH: {
        "heading": "No figures by month?",
        "explanation": "A library that has only totals for the whole period may file those: one number for "
        "each home library. Months are better where you have them, because a change in the towns that a "
        "library serves is judged month by month.",
        "button": "Enter one total for each library instead",
    },
    FilingBasis.PERIOD_TOTAL: {
        "heading": "Figures by month after all?",
        "explanation": "This filing has one total for each home library. If you have figures by month, "
        "enter those instead.",
        "button": "Enter the loans month by month instead",
    },
}


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_blank_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a filing with nothing in it, to be printed and filled in by hand (2(b))."""
    filing = filing_of(request, pk)
    return render(
        request,
        "transactions/filing_blank_form.html",
        {
            **context_of(filing),
            "edition": edition_named(filing.form_edition),
            "table": read_only_grid(count_grid(filing), {}),
        },
    )


@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_basis(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask before a filing changes between months and period totals."""
    filing = filing_of(request, pk, Action.ENTER_COUNTS)
    if not FilingStatus(filing.status).may_be_edited:
        return redirect("transactions:filing_entry", filing.pk)
    counts = counts_on_record(filing)
    if request.method == "POST":
        try:
            services.change_basis(
                filing=filing,
                basis=_OTHER[FilingBasis(filing.basis)],
                expected=revision_seen(request),
                by=cast(User, request.user),
                at=clock.now(),
            )
        except FilingRefused as refused:
            messages.error(request, str(refused))
            return redirect("transactions:filing_basis", filing.pk)
        return redirect("transactions:filing_entry", filing.pk)
    return render(
        request,
        "transactions/filing_basis.html",
        {
            "filing": filing,
            "by_month": filing.basis == FilingBasis.BY_MONTH,
            "has_counts": bool(counts),
            "has_not_counted": NOT_COUNTED in counts.values(),
        },
    )


_OTHER = {
    FilingBasis.BY_MONTH: FilingBasis.PERIOD_TOTAL,
    FilingBasis.PERIOD_TOTAL: FilingBasis.BY_MONTH,
}
