"""To whom the Comptroller pays: the list, one payee, and a file of them. Never shown to the public."""

import io
from collections.abc import Iterable
from datetime import date

import openpyxl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from openpyxl.styles import Font

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.uploads import reads_a_file
from libraries.models import Library
from payments.disbursing import payees
from payments.disbursing.disbursement_forms import PayeeForm, PayeeListForm
from payments.disbursing.payees import LARGEST_FILE, PayeeRefused
from payments.disbursing.payment_file import csv_bytes
from payments.models import Payee
from payments.rules.expenditure_reporting import fiscal_year_days, fiscal_year_of
from payments.views.access import allowed, person, posted
from payments.views.sent_file import carried_in_page, file_from_page, sent_file
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.tables import TableRefused
from transactions.uploads.workbook import safe

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SALT = "payments.disbursing.payees"


@requires(Action.VIEW_PAYEES)
@require_safe
def payee_list(request: HttpRequest) -> HttpResponse:
    """List every library with its payee, and what is missing."""
    form = PayeeListForm(request.GET)
    today = clock.today()
    on_record = {payee.library_id: payee for payee in Payee.objects.on(today)}
    lines = [(library, on_record.get(library.pk), payees.proposal_for(library)) for library in _libraries()]
    state, typed = "", ""
    if form.is_valid():
        state, typed = form.cleaned_data["state"], form.cleaned_data["q"].strip().lower()
    return render(
        request,
        "payments/payee_list.html",
        {
            "form": form,
            "today": today,
            "lines": [
                (library, payee, proposal)
                for library, payee, proposal in lines
                if _fits(payee, state) and typed in f"{library.name}\n{payee.name if payee else ''}".lower()
            ],
            "count": len(lines),
            "no_payee": sum(payee is None for _, payee, _ in lines),
            "no_vendor_number": sum(payee is not None and not payee.vendor_number for _, payee, _ in lines),
            **allowed(request, may_keep=Action.KEEP_PAYEES),
        },
    )


@requires(Action.KEEP_PAYEES)
@require_http_methods(["GET", "HEAD", "POST"])
def payee_keep(request: HttpRequest, key: str) -> HttpResponse:
    """Keep who is paid for one library."""
    library = get_object_or_404(Library.objects.select_related("town"), key=key)
    rows = list(library.payees.order_by("valid"))
    last = rows[-1] if rows else None
    proposal = payees.proposal_for(library)
    form = PayeeForm(posted(request), initial=_initial(last, proposal))
    if request.method == "POST" and form.is_valid():
        try:
            kept = payees.keep_payee(library=library, by=person(request), **form.cleaned_data)
        except PayeeRefused as refused:
            form.add_error("begins", str(refused))
        else:
            messages.success(request, f"{kept} is on record." if kept else f"Nothing changed for {library}.")
            return redirect("payments:payee_list")
    return render(
        request,
        "payments/payee_keep.html",
        {"library": library, "rows": rows, "proposal": proposal, "last": last, "form": form},
    )


@requires(Action.VIEW_PAYEES)
@require_safe
def payee_file(request: HttpRequest, ending: str) -> HttpResponse:
    """The payees as CSV or XLSX, to be filled in and sent back."""
    rows = [tuple(map(safe, row)) for row in payees.exported(_libraries(), clock.today())]
    content, kind = (
        (csv_bytes(rows), "text/csv; charset=utf-8") if ending == "csv" else (_workbook(rows), _XLSX)
    )
    name = f"payees-{clock.today()}.{ending}"
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@reads_a_file(LARGEST_FILE)
@requires(Action.KEEP_PAYEES)
@require_http_methods(["GET", "HEAD", "POST"])
def payee_import(request: HttpRequest) -> HttpResponse:
    """Take over payees from a file, all or none, after showing what it changes."""
    context: dict[str, object] = {"columns": [column for column in payees.COLUMNS if column != "name"]}
    if request.method == "POST":
        try:
            if request.POST.get("step") == "keep":
                file = file_from_page(request, salt=_SALT, of=0)
            else:
                file = sent_file(request, largest=LARGEST_FILE)
            rows, problems = payees.read_payees(file.content)
            changes = payees.changes_of(rows, clock.today())
            if request.POST.get("step") == "keep" and not problems:
                changed = payees.keep_payees(rows=rows, begins=_first_day(), by=person(request))
                messages.success(request, f"{changed} payee{'' if changed == 1 else 's'} changed.")
                return redirect("payments:payee_list")
        except (TableRefused, UploadLapsed, PayeeRefused) as refused:
            context["error"] = str(refused)
        else:
            context |= {
                "file": file,
                "rows": rows,
                "problems": problems,
                "changes": changes,
                "carried": carried_in_page(file, request, salt=_SALT, of=0),
            }
    status = 422 if context.get("error") or context.get("problems") else 200
    return render(request, "payments/payee_import.html", context, status=status)


def _libraries() -> Iterable[Library]:
    """Return the libraries that are open, and those whose payee is on record though they closed."""
    today = clock.today()
    return (
        Library.objects.filter(open_during__contains=today)
        .union(Library.objects.filter(payees__valid__contains=today))
        .order_by("name")
    )


def _fits(payee: Payee | None, state: str) -> bool:
    complete = payee is not None and bool(payee.vendor_number)
    return {
        "missing": not complete,
        "no_payee": payee is None,
        "no_vendor_number": payee is not None and not complete,
        "complete": complete,
    }.get(state, True)


def _initial(last: Payee | None, proposal: payees.Proposal | None) -> dict[str, object]:
    if last is not None:
        return {
            "kind": last.kind,
            "name": last.name,
            "vendor_number": last.vendor_number,
            "begins": last.valid.lower,
        }
    return {"kind": proposal.kind if proposal else "", "begins": _first_day()}


def _first_day() -> date:
    return fiscal_year_days(fiscal_year_of(clock.today()))[0]


def _workbook(rows: Iterable[tuple[str, ...]]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Payees"
    for row in rows:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, width in zip("ABCDE", (12, 44, 16, 44, 20), strict=True):
        sheet.column_dimensions[column].width = width
    for cells in sheet.iter_rows(min_row=2, min_col=5, max_col=5):
        cells[0].number_format = "@"
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()
