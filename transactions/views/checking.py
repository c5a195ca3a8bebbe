"""The page that checks a filing: what is found, the reasons that are asked for, and submitting it."""

import csv
from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, requires
from connecticard.templatetags.figures import moment
from transactions import services
from transactions.count_grid import count_grid, counts_on_record, totals
from transactions.filing_changes import changes_of
from transactions.filing_record import comparison, context_of
from transactions.findings_page import FindingToShow, by_tier, to_show
from transactions.forms import ExplanationForm
from transactions.models import Filing
from transactions.rules.filing_checks import Tier
from transactions.rules.filing_status import FilingStatus
from transactions.rules.form_editions import edition_named
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import Answer, CountsRefused, FilingRefused
from transactions.uploads.workbook import safe
from transactions.views.reach import filing_of, revision_seen


@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the checks find beside last year's totals, take the reasons, and submit the filing."""
    checked = filing_of(request, pk, Action.ENTER_COUNTS)
    if not FilingStatus(checked.status).may_be_edited:
        if request.method == "POST":
            messages.info(request, _submitted_already(checked))
        return redirect("transactions:filing", checked.pk)
    if request.method != "POST":
        return _show(request, checked)
    if "withdraw" in request.POST:
        return _withdraw(request, checked)
    return _answer(request, checked)


def _answer(request: HttpRequest, checked: Filing) -> HttpResponse:
    """Keep the reasons that were given and, unless only that was asked, submit the filing."""
    submits = request.POST.get("do") != "explain"
    found = services.findings(checked, today=clock.today())
    forms = _forms(found, request)
    mistaken = [form for form in forms.values() if not form.is_valid()]
    if mistaken:
        return _show(request, checked, found=found, forms=forms)
    answers = [
        Answer(finding.check, finding.home_library, finding.month, **form.cleaned_data)
        for finding, form in forms.items()
        if form.cleaned_data.get("reason")
    ]
    by, expected = cast(User, request.user), revision_seen(request)
    try:
        if answers:
            services.explain(filing=checked, answers=answers, by=by, at=clock.now(), expected=expected)
        if submits:
            services.submit_filing(filing=checked, by=by, at=clock.now(), expected=expected)
    except CountsRefused:
        return _show(request, checked, still_open=True, status=409)
    except FilingRefused as refused:
        checked.refresh_from_db(fields=["status", "submitted_at", "submitted_by"])
        if not checked.may_be_edited:  # a second click on one button
            messages.info(request, _submitted_already(checked))
            return redirect("transactions:filing", checked.pk)
        return _show(request, checked, typed=request.POST, refused=str(refused), status=409)
    if submits:
        number = checked.receipts.filter(kind=ReceiptKind.SUBMISSION.value).latest("sequence").number
        messages.success(
            request,
            f"Submitted to the State Library. The certifier of your library is next. Receipt {number}.",
        )
        return redirect("transactions:filing", checked.pk)
    messages.success(
        request,
        f"{len(answers)} reason{'' if len(answers) == 1 else 's'} saved."
        if answers
        else "Nothing was saved: no reason was chosen.",
    )
    return redirect("transactions:filing_check", checked.pk)


def _submitted_already(shown: Filing) -> str:
    return f"This filing was submitted {moment(shown.submitted_at)} by {shown.submitted_by}, once."


def _withdraw(request: HttpRequest, checked: Filing) -> HttpResponse:
    """Take one explanation back; what is typed for other findings stays on the page."""
    sent = request.POST["withdraw"]
    explanation = (
        checked.explanations.filter(pk=int(sent)).first() if sent.isdecimal() and len(sent) < 19 else None
    )
    refused = ""
    if explanation:
        try:
            services.withdraw_explanation(
                explanation=explanation, by=cast(User, request.user), at=clock.now()
            )
        except FilingRefused as refusal:
            refused = str(refusal)
    return _show(
        request,
        checked,
        typed=request.POST,
        refused=refused,
        status=409 if refused else 200,
        withdrawn=not refused,
    )


def _forms(
    found: Sequence[services.Finding], request: HttpRequest
) -> dict[services.Finding, ExplanationForm]:
    """Return the form of each finding that needs an explanation, with what was sent."""
    return {
        finding: ExplanationForm(request.POST, finding=finding)
        for finding in found
        if finding.needs_explanation
    }


def _show(
    request: HttpRequest,
    checked: Filing,
    *,
    found: Sequence[services.Finding] | None = None,
    forms: dict[services.Finding, ExplanationForm] | None = None,
    typed: QueryDict | None = None,
    refused: str = "",
    still_open: bool = False,
    withdrawn: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Show the page; `forms` have been sent and judged, `typed` was sent and is only kept."""
    checked.refresh_from_db(fields=["revision", "status"])
    counts = counts_on_record(checked)
    grid = count_grid(checked, counts)
    found = services.findings(checked, today=clock.today()) if found is None else found
    shown = to_show(grid, found)
    if forms is None:
        forms = {
            finding: ExplanationForm.unsent(finding, typed) for finding in found if finding.needs_explanation
        }
    for each in shown:
        each.form = forms.get(each.finding)
    return render(
        request,
        "transactions/filing_check.html",
        {
            **context_of(checked),
            "edition": edition_named(checked.form_edition),
            "totals": totals(grid, counts),
            "comparison": comparison(checked, grid, counts),
            "changes": changes_of(checked),
            "groups": by_tier(shown),
            "mend": sum(finding.tier is Tier.MUST_MEND for finding in found),
            "open": sum(finding.needs_explanation for finding in found),
            "errors": [each for each in shown if each.form and each.form.is_bound and each.form.errors],
            "refused": refused,
            "still_open": still_open,
            "withdrawn": withdrawn,
        },
        status=status,
    )


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_findings(request: HttpRequest, pk: int) -> HttpResponse:
    """Return what the checks find as CSV, one row for each, for who mends it beside another system."""
    checked = filing_of(request, pk)
    counts = counts_on_record(checked)
    shown = to_show(count_grid(checked, counts), services.findings(checked, today=clock.today()))
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    period = checked.period
    name = (
        f"checks-{checked.library.key}-{period.first_day:%Y%m}-{period.last_day:%Y%m}-{checked.version}.csv"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    rows = csv.writer(response, lineterminator="\r\n")
    rows.writerow(
        ["weight", "home_library", "month", "value", "what_and_what_to_do", "rule", "reason", "explanation"]
    )
    rows.writerows(_row(each) for each in shown)
    return response


def _row(shown: FindingToShow) -> list[object]:
    finding, explanation = shown.finding, shown.finding.explanation
    return [
        finding.tier.label,
        shown.home_library,
        finding.month.strftime("%Y-%m") if finding.month else "",
        "" if finding.value is None else finding.value,
        finding.message,
        finding.citation,
        explanation.reason_label if explanation else "",
        safe(explanation.text) if explanation else "",
    ]
