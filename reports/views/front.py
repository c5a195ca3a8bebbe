"""Public pages: the front page and the rulebook."""

import re
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.published_pages import published_page
from payments.models import PaymentRun
from reports import front_page, rulebook
from reports.feed import revisions
from reports.forms import FindForm, RulebookDayForm
from reports.key_dates import key_dates
from reports.sister_formulas import sister_formulas
from reports.worked_examples import worked_examples

DATES_SHOWN = 5
REVISIONS_SHOWN = 3


@login_not_required
@require_safe
@published_page
def home(request: HttpRequest) -> HttpResponse:
    """Say what the program is, how the last year came out, and what is due; public."""
    today = clock.today()
    year, through_the_years = front_page.last_published_year(), front_page.loans_through_the_years(today)
    return render(
        request,
        "reports/home.html",
        {
            "year": year,
            "loans_kind": front_page.kind_of_loans(year, through_the_years),
            "through_the_years": through_the_years,
            "dates": key_dates(today)[:DATES_SHOWN],
            "revisions": revisions()[:REVISIONS_SHOWN],
            "form": FindForm(),
        },
    )


@login_not_required
@require_safe
@published_page
def rulebook_page(request: HttpRequest) -> HttpResponse:
    """Show every dated value and public rule as of a day; public."""
    form = RulebookDayForm(request.GET or None)
    asked = form.cleaned_data["on"] if form.is_valid() else None
    on = asked or clock.today()
    runs = PaymentRun.objects.visible_to(request.user).exclude(rulebook_edition="")
    return render(
        request,
        "reports/rulebook.html",
        {
            "form": form if form.is_bound else RulebookDayForm(initial={"on": on}),
            "on": on,
            "topics": rulebook.topics(on),
            "editions": rulebook.editions(list(runs.order_by("-fiscal_year", "-number"))),
        },
    )


@login_not_required
@require_safe
@published_page
def rulebook_functions(request: HttpRequest) -> HttpResponse:
    """Show what each rule of the program does and where that comes from; public."""
    return render(request, "reports/rulebook_functions.html", {"topics": rulebook.topics(clock.today())})


@login_not_required
@require_safe
@published_page
def rulebook_examples(request: HttpRequest) -> HttpResponse:
    """Show the worked examples, and how other states divided such money; public."""
    return render(
        request,
        "reports/rulebook_examples.html",
        {
            "worked_examples": _worked_examples(get_language()),
            "sister_formulas": _sister_formulas(get_language()),
        },
    )


@cache
def _worked_examples(language: str) -> SafeString:
    """Lay out the worked examples once a process and language: they change with the product alone.

    The numbered ones come first: they begin with the plain case.
    """
    examples = sorted(worked_examples(), key=lambda example: not re.match(r"w\d", example.name))
    return render_to_string("reports/_worked_examples.html", {"examples": examples})


@cache
def _sister_formulas(language: str) -> SafeString:
    """Lay out the formulas of other states once a process and language, for the same reason."""
    return render_to_string("reports/_sister_formulas.html", {"formulas": sister_formulas()})
