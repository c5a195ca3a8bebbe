"""Pages of the corrections of a run: what was amended, the statements, their certificates."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, may, requires, signed_in
from connecticard.second_factor import SecondFactorForm
from payments.correcting import correction_services
from payments.correcting.correction_services import CorrectionRefused
from payments.correcting.corrections import amendments, amendments_waiting, why_no_statement
from payments.counting import CannotCalculate
from payments.disbursing.disbursement import is_disbursed
from payments.models import CorrectionStatement, PaymentRun
from payments.rules.correction import Settlement
from reports import services
from reports.models import Document, DocumentKind


@requires(Action.VIEW_RUNS)
@require_safe
def corrections(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the corrections of a run: what was amended since, and the statements made."""
    return _corrections(request, get_object_or_404(PaymentRun, pk=pk))


@requires(Action.PREPARE_CORRECTION)
@require_POST
def correction_prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """Prepare the statement of what was amended, or prepare one anew that is not certified."""
    run = get_object_or_404(PaymentRun, pk=pk)
    try:
        statement = correction_services.prepare_correction(run=run, by=signed_in(request), at=clock.now())
    except CannotCalculate as cannot:
        return _corrections(request, run, cannot_calculate=cannot.problems)
    except CorrectionRefused as refused:
        messages.error(request, str(refused))
        return redirect("reports:corrections", pk)
    messages.success(request, f"{statement} is prepared. Another person, an administrator, certifies it.")
    return redirect("reports:correction_page", pk, statement.number)


@requires(Action.VIEW_RUNS)
@require_safe
def correction_page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show one statement: the difference of each library's share, and its documents once certified."""
    statement = _statement(pk, number)
    return render(
        request,
        "reports/correction_page.html",
        {
            **_figures(statement),
            "documents": _documents(statement),
            "edition": statement.editions.select_related("run").first(),
            "may_prepare": may(request.user, Action.PREPARE_CORRECTION),
            "may_certify": may(request.user, Action.CERTIFY_CORRECTION),
        },
    )


@requires(Action.CERTIFY_CORRECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def correction_certify(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Certify a statement that another person prepared, with the second factor."""
    statement = _statement(pk, number)
    person = signed_in(request)
    form = SecondFactorForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.certify_correction(statement=statement, by=person, at=clock.now())
        except (CorrectionRefused, CannotCalculate) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                f"{statement} is certified. It is being made, and a new edition of the reports.",
            )
            return redirect("reports:correction_page", pk, number)
    return render(
        request,
        "reports/correction_certify.html",
        {
            **_figures(statement),
            "form": form,
            "attestation": correction_services.attestation(statement),
            "is_own": statement.prepared_by_id == person.pk,
        },
    )


def _corrections(
    request: HttpRequest, run: PaymentRun, cannot_calculate: tuple[str, ...] = ()
) -> HttpResponse:
    statements = list(run.corrections.select_related("prepared_by", "certified_by"))
    disbursed = is_disbursed(run)
    return render(
        request,
        "reports/corrections.html",
        {
            "run": run,
            "statements": statements,
            "open": next((one for one in statements if one.certified_at is None), None),
            "waiting": amendments_waiting(run) if disbursed else [],
            "why_not": why_no_statement(run),
            "disbursed": disbursed,
            "editions": run.editions.select_related("run"),
            "may_prepare": may(request.user, Action.PREPARE_CORRECTION),
            "cannot_calculate": cannot_calculate,
        },
    )


def _statement(pk: int, number: int) -> CorrectionStatement:
    return get_object_or_404(
        CorrectionStatement.objects.select_related("run", "prepared_by", "certified_by"),
        run=pk,
        number=number,
    )


def _figures(statement: CorrectionStatement) -> dict[str, object]:
    lines = list(statement.lines.select_related("library"))
    return {
        "statement": statement,
        "run": statement.run,
        "amendments": amendments(statement),
        "lines": [line for line in lines if line.difference_cents or line.total_cents],
        "line_count": len(lines),
        "difference_cents": sum(line.difference_cents for line in lines),
        "total_cents": sum(line.total_cents for line in lines),
        "not_paid": sum(line.total_cents for line in lines if line.settlement is Settlement.NOT_PAID),
        **{
            kind.value: sum(abs(line.total_cents) for line in lines if line.settlement is kind)
            for kind in (Settlement.RECEIVABLE, Settlement.CLAIM)
        },
    }


def _documents(statement: CorrectionStatement) -> list[Document]:
    """Return the statement as a document, once the worker has made it."""
    made = statement.run.documents.filter(certified=True).with_edition()
    return list(made.filter(kind=DocumentKind.CORRECTION_STATEMENT, correction_number=statement.number))
