"""The assessment of a library or a consortium: a page, a PDF, and what its people add to both."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from connecticard import clock, permissions
from connecticard.permissions import Action, requires, signed_in
from connecticard.uploads import reads_a_file
from libraries.key_on_record import key_on_record
from libraries.models import Consortium, Library
from payments.models import PaymentRun
from payments.rules.cents import plain_dollars
from payments.views.access import library_for
from reports.assessment import own
from reports.assessment.forms import AssessmentForm, CirculationForm, LogoForm
from reports.assessment.gathering import consortium_assessment, library_assessment
from reports.assessment.own import NotKept
from reports.assessment.selection import Selection
from reports.charts import charts_of
from reports.contents import Assessment
from reports.contents.advocacy import HIGHLIGHTS, HIGHLIGHTS_URL
from reports.documents import pdf_of
from reports.models import GivenCirculation, Logo
from reports.places.flows import published_run
from reports.views.published import CONTENT_TYPES
from transactions.views.consortium import consortium_of

Whom = Library | Consortium


@requires(Action.VIEW_LIBRARY)
@require_safe
@key_on_record
def assessment(request: HttpRequest, key: str) -> HttpResponse:
    """Show what the program is to a library, for its people."""
    return _page(request, library_for(request, key, Action.VIEW_LIBRARY))


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def of_consortium(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the program is to the members of a consortium, for its people."""
    return _page(request, consortium_of(request, pk, Action.VIEW_CONSORTIUM))


@requires(Action.VIEW_LIBRARY)
@require_safe
@key_on_record
def assessment_pdf(request: HttpRequest, key: str) -> HttpResponse:
    """Make the assessment of a library as a PDF, as it is asked for."""
    return _pdf(request, library_for(request, key, Action.VIEW_LIBRARY))


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def of_consortium_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the assessment of a consortium as a PDF, as it is asked for."""
    return _pdf(request, consortium_of(request, pk, Action.VIEW_CONSORTIUM))


@requires(Action.VIEW_LIBRARY)
@require_safe
def logo(request: HttpRequest, key: str) -> HttpResponse:
    """Send the logo of a library."""
    return _logo(library_for(request, key, Action.VIEW_LIBRARY))


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def consortium_logo(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the logo of a consortium."""
    return _logo(consortium_of(request, pk, Action.VIEW_CONSORTIUM))


# What people add


@requires(Action.KEEP_ASSESSMENT)
@require_safe
@key_on_record
def own_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show the logo and the circulation of a library, and the forms that change them."""
    return _own_page(request, library_for(request, key, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_safe
def consortium_own_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the logo of a consortium, and the form that changes it."""
    return _own_page(request, consortium_of(request, pk, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_POST
@reads_a_file(own.LARGEST_FILE)
def logo_keep(request: HttpRequest, key: str) -> HttpResponse:
    """Keep a logo of a library."""
    return _keep_logo(request, library_for(request, key, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_POST
@reads_a_file(own.LARGEST_FILE)
def consortium_logo_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a logo of a consortium."""
    return _keep_logo(request, consortium_of(request, pk, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_POST
def logo_remove(request: HttpRequest, key: str) -> HttpResponse:
    """Take the logo of a library away."""
    return _remove_logo(request, library_for(request, key, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_POST
def consortium_logo_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the logo of a consortium away."""
    return _remove_logo(request, consortium_of(request, pk, Action.KEEP_ASSESSMENT))


@requires(Action.KEEP_ASSESSMENT)
@require_POST
def circulation_give(request: HttpRequest, key: str) -> HttpResponse:
    """Record what a library circulated in a year."""
    library = library_for(request, key, Action.KEEP_ASSESSMENT)
    form = CirculationForm(request.POST)

    def give(values: dict[str, Any]) -> str:
        given = own.give_circulation(
            library=library,
            fiscal_year=values["year"],
            months=values["months"],
            items=values["items"],
            source=values["source"],
            by=signed_in(request),
            at=clock.now(),
        )
        return f"The circulation of fiscal year {given.fiscal_year} is on record."

    if done := _change(form, give):
        messages.success(request, done)
        return redirect("reports:assessment_own", library.key)
    return _own_page(request, library, circulation_form=form)


@requires(Action.KEEP_ASSESSMENT)
@require_POST
def circulation_withdraw(request: HttpRequest, key: str, fiscal_year: int) -> HttpResponse:
    """Take back what a library circulated in a year."""
    library = library_for(request, key, Action.KEEP_ASSESSMENT)
    own.withdraw_circulation(library=library, fiscal_year=fiscal_year, by=signed_in(request))
    messages.success(request, f"No circulation of fiscal year {fiscal_year} is on record any more.")
    return redirect("reports:assessment_own", library.key)


# Both alike


def _page(request: HttpRequest, whom: Whom) -> HttpResponse:
    form = AssessmentForm(request.GET)
    selection = form.selection()
    run = published_run(selection.fiscal_year)
    contents = _assessment_of(whom, run, selection) if run else None
    return render(
        request,
        "reports/assessment.html",
        {
            "whom": whom,
            "is_library": isinstance(whom, Library),
            "contents": contents,
            "charts": charts_of(contents) if contents else None,
            "selection": selection,
            "form": AssessmentForm(_entered(selection, run)) if run and form.is_valid() else form,
            "has_run": run is not None,
            "highlights": HIGHLIGHTS,
            "highlights_url": HIGHLIGHTS_URL,
            "may_keep": _may_keep(request, whom),
            **_addresses(whom),
        },
        status=200 if form.is_valid() else 404,
    )


def _pdf(request: HttpRequest, whom: Whom) -> HttpResponse:
    form = AssessmentForm(request.GET)
    selection = form.selection()
    run = published_run(selection.fiscal_year) if form.is_valid() else None
    contents = _assessment_of(whom, run, selection) if run else None
    if contents is None:
        raise Http404("No assessment can be made of this year, or what was asked for is not in order.")
    name = whom.key if isinstance(whom, Library) else f"consortium-{whom.pk}"
    return HttpResponse(
        pdf_of(contents),
        content_type=CONTENT_TYPES["pdf"],
        headers={"Content-Disposition": f'inline; filename="assessment-{name}-FY{contents.fiscal_year}.pdf"'},
    )


def _assessment_of(whom: Whom, run: PaymentRun, selection: Selection) -> Assessment | None:
    if isinstance(whom, Library):
        return library_assessment(whom, run, selection, today=clock.today())
    return consortium_assessment(whom, run, selection, today=clock.today())


def _entered(selection: Selection, run: PaymentRun) -> dict[str, object]:
    return {
        "sections": selection.in_address,
        "year": run.fiscal_year,
        "price": plain_dollars(selection.price_cents),
        "cost": plain_dollars(selection.cost_cents),
        "average": plain_dollars(selection.average_cents),
    }


def _may_keep(request: HttpRequest, whom: Whom) -> bool:
    if isinstance(whom, Library):
        return permissions.may(request.user, Action.KEEP_ASSESSMENT, whom)
    return permissions.consortia_for(request.user, Action.KEEP_ASSESSMENT).filter(pk=whom.pk).exists()


def _addresses(whom: Whom) -> dict[str, str]:
    """Return the addresses of all that belongs to one assessment, by the name that a template has for it."""
    kind, of = ("", whom.key) if isinstance(whom, Library) else ("consortium_", whom.pk)
    pages = {
        "page_url": "assessment",
        "pdf_url": "assessment_pdf",
        "logo_url": "assessment_logo",
        "own_url": "assessment_own",
        "keep_url": "assessment_logo_keep",
        "remove_url": "assessment_logo_remove",
    }
    return {name: reverse(f"reports:{kind}{page}", args=[of]) for name, page in pages.items()}


def _logo_of(whom: Whom) -> dict[str, Whom]:
    return {"library" if isinstance(whom, Library) else "consortium": whom}


def _logo(whom: Whom) -> HttpResponse:
    kept = get_object_or_404(Logo, **_logo_of(whom))
    return HttpResponse(bytes(kept.png), content_type="image/png")


def _keep_logo(request: HttpRequest, whom: Whom) -> HttpResponse:
    form = LogoForm(request.POST, request.FILES)

    def keep(values: dict[str, Any]) -> str:
        own.keep_logo(of=whom, content=values["file"], by=signed_in(request), at=clock.now())
        return "Your logo stands on the assessment now."

    if done := _change(form, keep):
        messages.success(request, done)
        return redirect(_addresses(whom)["own_url"])
    return _own_page(request, whom, logo_form=form)


def _remove_logo(request: HttpRequest, whom: Whom) -> HttpResponse:
    own.remove_logo(of=whom, by=signed_in(request))
    messages.success(request, "The logo is removed.")
    return redirect(_addresses(whom)["own_url"])


def _own_page(
    request: HttpRequest,
    whom: Whom,
    *,
    logo_form: forms.Form | None = None,
    circulation_form: forms.Form | None = None,
) -> HttpResponse:
    return render(
        request,
        "reports/assessment_own.html",
        {
            "whom": whom,
            "is_library": isinstance(whom, Library),
            "logo": Logo.objects.filter(**_logo_of(whom)).select_related("kept_by").first(),
            "logo_form": logo_form or LogoForm(),
            "circulation_form": circulation_form or CirculationForm(),
            "circulations": GivenCirculation.objects.filter(library=whom)
            if isinstance(whom, Library)
            else (),
            **_addresses(whom),
        },
    )


def _change(form: forms.Form, change: Callable[[dict[str, Any]], str]) -> str:
    """Carry out a change from a valid form and return what was done; empty where the form must be shown."""
    if not form.is_valid():
        return ""
    try:
        return change(form.cleaned_data)
    except NotKept as refusal:
        form.add_error(None, str(refusal))
        return ""
