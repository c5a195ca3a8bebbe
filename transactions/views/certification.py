"""One version of a filing to look at, and what becomes of it: certified, returned, amended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, libraries_for, requires
from connecticard.second_factor import SecondFactorForm
from connecticard.templatetags.figures import moment
from transactions import services
from transactions.count_grid import CountGrid, Counts, Totals, count_grid, counts_on_record, totals
from transactions.count_grid_form import read_only_grid
from transactions.filing_changes import changes_of
from transactions.filing_record import comparison, context_of
from transactions.findings_page import by_tier, to_show
from transactions.forms import ReasonForm
from transactions.models import Filing, Provenance
from transactions.panels import panels_of
from transactions.rules.filing_status import FilingStatus
from transactions.rules.form_editions import edition_named
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import FilingRefused
from transactions.views.reach import filing_of, revision_seen


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one version of a filing, whole and unchangeable, with its receipts and the other versions."""
    shown = filing_of(request, pk)
    figures = _Figures.of(shown)
    versions = Filing.objects.filter(library=shown.library, period=shown.period).select_related(
        "certified_by"
    )
    return render(
        request,
        "transactions/filing.html",
        {
            **context_of(shown),
            # What the State Library put on record was made under no form.
            "edition": edition_named(shown.form_edition) if shown.provenance == Provenance.FILED else None,
            "working": _working_version(shown),
            "totals": figures.totals,
            "table": figures.table,
            "findings": by_tier(to_show(figures.grid, services.findings(shown, today=clock.today())))
            if shown.is_open
            else (),
            "explanations": shown.explanations.select_related("by").order_by("pk"),
            "versions": versions.order_by("-version"),
            "changes": changes_of(shown),
            "receipts": shown.receipts.order_by("-sequence"),
            "may": _allowed(request, shown),
        },
    )


@requires(Action.CERTIFY_FILING)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_certify(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the whole filing and the statement to sign; sign it with the second factor."""
    submitted = filing_of(request, pk, Action.CERTIFY_FILING)
    form = SecondFactorForm(request.POST if request.method == "POST" else None, request=request)
    problem, done = "", False
    if request.method == "POST":
        with transaction.atomic():
            submitted = services.hold_filing(submitted)
            if submitted.status == FilingStatus.SUBMITTED and form.is_valid():
                problem = _certify(request, submitted)
                done = not problem
    if done:
        number = submitted.receipts.get(kind=ReceiptKind.CERTIFICATE.value).number
        messages.success(
            request, f"Certified. This filing now counts toward your library's payment. Certificate {number}."
        )
        return redirect("transactions:filing", submitted.pk)
    if submitted.status != FilingStatus.SUBMITTED:
        if request.method == "POST":
            messages.info(request, _what_it_is_now(submitted))
        return redirect("transactions:filing", submitted.pk)
    return _certificate_page(request, submitted, form, problem)


def _what_it_is_now(shown: Filing) -> str:
    """Say to who clicked twice, or came second, that nothing was done again."""
    if shown.certified_at:
        return f"This filing was certified {moment(shown.certified_at)} by {shown.certified_by}, once."
    return "This filing was returned to the filer meanwhile. Nothing was certified."


def _certify(request: HttpRequest, submitted: Filing) -> str:
    """Certify a filing; return why it cannot be, empty where it is."""
    try:
        services.certify_filing(
            filing=submitted, by=cast(User, request.user), at=clock.now(), expected=revision_seen(request)
        )
    except FilingRefused as refused:
        return str(refused)
    return ""


def _certificate_page(
    request: HttpRequest, submitted: Filing, form: SecondFactorForm, problem: str
) -> HttpResponse:
    figures = _Figures.of(submitted)
    return render(
        request,
        "transactions/filing_certify.html",
        {
            **context_of(submitted),
            "form": form,
            "problem": problem,
            "totals": figures.totals,
            "table": figures.table,
            "comparison": comparison(submitted, figures.grid, figures.counts),
            "changes": changes_of(submitted),
            "panels": panels_of(submitted, request.user),
            "findings": by_tier(to_show(figures.grid, services.findings(submitted, today=clock.today()))),
            "statement": services.statement_of(submitted),
            "edition": edition_named(submitted.form_edition),
            "may": _allowed(request, submitted),
        },
    )


@requires(Action.RETURN_FILING)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a submitted filing back to the filer, with what to correct."""
    submitted = filing_of(request, pk, Action.RETURN_FILING)
    if submitted.status != FilingStatus.SUBMITTED:
        return redirect("transactions:filing", submitted.pk)

    def send_back(reason: str, by: User) -> Filing:
        return services.return_filing(filing=submitted, reason=reason, by=by, at=clock.now())

    return _with_reason(
        request,
        submitted,
        send_back,
        title="Return this filing to the filer",
        explanation="The filer can change the counts again and submits the filing anew. What was submitted "
        "in time stays in time.",
        label="What has to be corrected",
        help_text="The filer reads this. Name the libraries and months.",
        button="Return to the filer",
        done="Returned. The filer sees your reason on the filing.",
    )


@requires(Action.REOPEN_FILING)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a new version of a certified filing, with a reason; the certified one counts meanwhile."""
    certified = filing_of(request, pk, Action.REOPEN_FILING)
    if not certified.is_standing:
        return redirect("transactions:filing", certified.pk)

    def reopen(reason: str, by: User) -> Filing:
        return services.reopen_filing(filing=certified, reason=reason, by=by, at=clock.now())

    return _with_reason(
        request,
        certified,
        reopen,
        title="Amend this certified filing",
        explanation="A new version begins with the counts of this one. This one counts until the new version "
        "is certified, and stays on record afterwards. An amendment never makes a filing late that "
        "was in time.",
        label="Reason for the amendment",
        help_text="It is kept with the filing: what was wrong, and how it was found.",
        button="Begin the amendment",
        done="The new version is open: correct it and submit it. Nothing changes until it is certified.",
    )


@requires(Action.REOPEN_FILING)
@require_http_methods(["GET", "HEAD", "POST"])
def filing_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up an amendment that is not certified; what it said is kept in the audit trail."""
    working = filing_of(request, pk, Action.REOPEN_FILING)
    if not _allowed(request, working)["undo"]:
        return redirect("transactions:filing", working.pk)

    if request.method == "POST":
        try:
            services.discard_version(filing=working, by=cast(User, request.user), at=clock.now())
        except FilingRefused as refused:
            messages.error(request, str(refused))
            return redirect("transactions:filing", working.pk)
        messages.success(request, "The amendment is undone. The certified version counts as before.")
        return redirect("transactions:library_filings", working.library.key)
    return render(request, "transactions/filing_undo.html", context_of(working))


def _with_reason(
    request: HttpRequest,
    shown: Filing,
    act: Callable[[str, User], Filing],
    *,
    done: str,
    label: str,
    help_text: str,
    **words: str,
) -> HttpResponse:
    """Ask for a reason and carry out what needs one."""
    form = ReasonForm(request.POST if request.method == "POST" else None, label=label, help_text=help_text)
    if request.method == "POST" and form.is_valid():
        try:
            result = act(form.cleaned_data["reason"], cast(User, request.user))
        except FilingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect("transactions:filing", result.pk)
    return render(request, "transactions/filing_reason.html", {**context_of(shown), "form": form, **words})


@dataclass(frozen=True)
class _Figures:
    """The counts of one version, for pages that only show them."""

    grid: CountGrid
    counts: Counts

    @classmethod
    def of(cls, shown: Filing) -> "_Figures":
        counts = counts_on_record(shown)
        return cls(count_grid(shown, counts), counts)

    @property
    def totals(self) -> Totals:
        return totals(self.grid, self.counts)

    @property
    def table(self) -> str:
        return read_only_grid(self.grid, self.counts)


def _allowed(request: HttpRequest, shown: Filing) -> dict[str, bool]:
    """Return which steps this person may take on this version now, by name."""

    def may(action: Action) -> bool:
        return libraries_for(request.user, action).filter(pk=shown.library_id).exists()

    status = FilingStatus(shown.status)
    working = _working_version(shown) is not None
    allowed = {
        "enter": status.may_be_edited and may(Action.ENTER_COUNTS),
        "certify": status is FilingStatus.SUBMITTED and may(Action.CERTIFY_FILING),
        "return": status is FilingStatus.SUBMITTED and may(Action.RETURN_FILING),
        "amend": shown.is_standing and not working and may(Action.REOPEN_FILING),
        "undo": shown.is_open and shown.version > 1 and may(Action.REOPEN_FILING),
    }
    return {**allowed, "any": any(allowed.values())}


def _working_version(shown: Filing) -> Filing | None:
    """Return the version that is made to take the place of the one that counts; None where none is."""
    if not shown.is_standing:
        return None
    return Filing.objects.open().filter(library=shown.library_id, period=shown.period_id).first()
