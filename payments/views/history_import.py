"""Import of past years by staff: a file is read, what it does is shown, then it is recorded."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.templatetags.figures import count
from connecticard.uploads import reads_a_file
from payments.past_years.history_files import (
    LARGEST_FILE,
    HistoryFile,
    HistoryKind,
    packed,
    read_history_file,
    unpacked,
)
from payments.past_years.history_forms import HistoryImportForm
from payments.past_years.history_import import (
    HistoryImport,
    import_past_loans,
    import_past_payments,
    import_published_figures,
)
from payments.views.access import person, posted
from transactions.importing import ImportRefused, LoanImport
from transactions.loan_file import BadRow, LoanFileRefused
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.tables import TableRefused

MOST_SHOWN = 100
TITLES = {
    HistoryKind.LOANS: "Import the loans of a past year",
    HistoryKind.FIGURES: "Import published figures",
    HistoryKind.PAYMENTS: "Import past payments",
}


@requires(Action.IMPORT_HISTORY)
@require_safe
def history_import_choose(request: HttpRequest) -> HttpResponse:
    """Say what can be imported of past years."""
    return render(request, "payments/history_import_choose.html")


@reads_a_file(LARGEST_FILE)
@requires(Action.IMPORT_HISTORY)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def history_import(request: HttpRequest, kind: str) -> HttpResponse:
    """Read a file of past years, show what it does, and record it once that was seen."""
    if kind not in set(HistoryKind):
        raise Http404("There is no such import.")
    chosen = HistoryKind(kind)
    form = HistoryImportForm(posted(request), kind=chosen)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, chosen, form)
    try:
        if request.POST.get("step") == "record":
            file = unpacked(request.POST.get("upload", ""), chosen, person(request).pk)
            return _recorded(request, chosen, _imported(request, file, form, dry_run=False))
        file = _read(request, chosen)
        return _preview(request, chosen, form, file, _imported(request, file, form, dry_run=True))
    except LoanFileRefused as refused:
        return _ask(request, chosen, form, bad_rows=refused.bad_rows)
    except (TableRefused, UploadLapsed, ImportRefused) as refused:
        return _ask(request, chosen, form, error=str(refused))


@sensitive_variables()
def _read(request: HttpRequest, kind: HistoryKind) -> HistoryFile:
    file = request.FILES.get("file")
    if file is None:
        raise TableRefused("Choose a file.")
    if getattr(file, "is_too_large", False):
        raise TableRefused(
            f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Send it in parts, each by itself."
        )
    return read_history_file(file.read(), kind)


def _imported(
    request: HttpRequest, file: HistoryFile, form: HistoryImportForm, *, dry_run: bool
) -> HistoryImport | LoanImport:
    said: dict[str, Any] = {
        **form.cleaned_data,
        "file": file,
        "dry_run": dry_run,
        "by": person(request),
        "at": clock.now(),
    }
    match file.kind:
        case HistoryKind.LOANS:
            return import_past_loans(**said)
        case HistoryKind.FIGURES:
            return import_published_figures(**said)
        case HistoryKind.PAYMENTS:
            return import_past_payments(**said)


def _ask(
    request: HttpRequest,
    kind: HistoryKind,
    form: HistoryImportForm,
    *,
    error: str = "",
    bad_rows: list[BadRow] | None = None,
) -> HttpResponse:
    bad = bad_rows or []
    return render(
        request,
        "payments/history_import.html",
        {
            "kind": kind,
            "title": TITLES[kind],
            "form": form,
            "error": error,
            "problems": [
                {
                    "line": row.line,
                    "column": row.column,
                    "what": row.value[:60],
                    "why": row.reason,
                    "cure": f"{row.cure[:1].upper()}{row.cure[1:]}.",
                }
                for row in bad[:MOST_SHOWN]
            ],
            "bad": len(bad),
            "more": max(len(bad) - MOST_SHOWN, 0),
            "largest": LARGEST_FILE // 1_000_000,
        },
        status=422 if error or bad or form.errors else 200,
    )


def _preview(
    request: HttpRequest,
    kind: HistoryKind,
    form: HistoryImportForm,
    file: HistoryFile,
    done: HistoryImport | LoanImport,
) -> HttpResponse:
    replaced = done.replaced if isinstance(done, HistoryImport) else []
    return render(
        request,
        "payments/history_import_preview.html",
        {
            "kind": kind,
            "title": TITLES[kind],
            "said": [(form[name].label, name, form.cleaned_data[name]) for name in form.fields],
            "upload": packed(file, person(request).pk),
            "done": done,
            "facts": _facts(done),
            "replaced": replaced[:MOST_SHOWN],
            "more": max(len(replaced) - MOST_SHOWN, 0),
        },
    )


def _facts(done: HistoryImport | LoanImport) -> list[tuple[str, int]]:
    """Return what an import does in numbers, with their names."""
    if isinstance(done, HistoryImport):
        return [
            ("Rows read", done.rows),
            ("New on record", done.recorded),
            ("Put in place of others", len(done.replaced)),
            ("On record already, left as they are", done.unchanged),
        ]
    return [
        ("Rows read", done.rows),
        ("Libraries that lent", done.lenders),
        ("Loans", done.loans),
        ("Filings new on record", done.recorded),
        ("Filings put in place of others", done.amended),
        ("Filings on record that will count", done.certified),
        ("Filings on record already, left as they are", done.unchanged),
    ]


def _recorded(request: HttpRequest, kind: HistoryKind, done: HistoryImport | LoanImport) -> HttpResponse:
    if not done.changed:
        messages.info(request, "The same is on record already: nothing was changed.")
    else:
        told = "; ".join(f"{name.lower()}: {count(number)}" for name, number in _facts(done) if number)
        messages.success(request, f"Imported. {told.capitalize()}.")
    return redirect("payments:history_import_choose")
