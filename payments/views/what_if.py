"""What if: a question about a year's payments, answered on a page and as files. Nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.published_pages import published_page
from connecticard.templatetags.figures import long_moment
from libraries.models import Library
from payments.counting import CannotCalculate
from payments.estimating import what_if_files
from payments.estimating.estimate import Source
from payments.estimating.what_if import Changes, Line, Outcome, answer
from payments.estimating.what_if_bases import Base, CannotAsk, base_named, bases_for, run_in_words
from payments.estimating.what_if_form import WhatIfForm
from payments.estimating.what_if_question import (
    BadQuestion,
    Question,
    in_words,
    library_changes,
    parameters,
    read,
)

_NAMED = 3
"""How many libraries that gain or lose most the sentence names."""

# What a heading sorts by, and what it is called.
_COLUMNS = {
    "library": _("Library"),
    "loans": _("Loans then"),
    "net_plus_now": _("Net plus now"),
    "net_plus": _("Net plus then"),
    "payment_now": _("Payment now"),
    "payment": _("Payment then"),
    "withheld": _("Withheld then"),
    "difference": _("Difference"),
}
_PRESETS = (
    (_("20 percent less appropriation"), Changes(appropriation_percent=-20_00)),
    (_("10 percent more appropriation"), Changes(appropriation_percent=10_00)),
    (_("10 percent fewer loans everywhere"), Changes(all_loans_percent=-10_00)),
    (_("Net plus of each town"), Changes(net_plus_by_town=True)),
    (_("Withheld shares divided among the others"), Changes(withheld="redistribute")),
)


@dataclass(frozen=True)
class Row:
    """A line of the table of libraries; `uncertain` where its figures are not all certified."""

    line: Line
    name: str
    uncertain: bool


@login_not_required
@require_safe
@published_page
def what_if(request: HttpRequest) -> HttpResponse:
    """Put a question together and answer it; public for published years."""
    today = clock.today()
    bases = bases_for(request.user, on=today)
    context: dict[str, Any] = {"bases": bases, "notice": gettext(what_if_files.NOTICE)}
    asked = {name: str(value) for name, value in request.GET.items() if name != "sort"}
    key = asked.get("base", bases[0][0] if bases else "")
    try:
        base = _base(key, request.user)
    except CannotCalculate as cannot:
        base, context["cannot_calculate"] = None, cannot.problems
    names = _names(base) if base else {}
    if base and key not in dict(bases):
        bases = [(key, _in_words(base).capitalize()), *bases]
    form = WhatIfForm(
        asked or None,
        bases=bases,
        libraries=sorted(names.items(), key=lambda library: (library[1], library[0])),
        initial={"base": key},
    )
    context |= {"form": form, "base": base, "key": key}
    if base:
        context |= {"base_words": _in_words(base), "presets": _presets(base)}
    if not asked:
        return render(request, "payments/what_if.html", context)
    if form.is_valid() and (unknown := form.unknown(request.GET)):
        said = gettext("The address asks by %(names)s, which means nothing here.")
        form.add_error(None, said % {"names": ", ".join(unknown)})
    if form.is_valid() and base and form.question:
        query = parameters(form.question)
        if query != asked:
            more = {"sort": request.GET["sort"]} if "sort" in request.GET else {}
            return redirect(f"{reverse('payments:what_if')}?{urlencode(query | more)}#answer")
        try:
            outcome = answer(base, form.question.changes)
        except CannotAsk as cannot_ask:
            form.show(cannot_ask.problems)
        else:
            context |= _answered(request, outcome, form.question, names)
    return render(request, "payments/what_if.html", context, status=400 if form.errors and not base else 200)


@login_not_required
@require_safe
def what_if_csv(request: HttpRequest) -> HttpResponse:
    """Give the answer as CSV; public for published years."""
    return _file(request, "csv", "text/csv; charset=utf-8")


@login_not_required
@require_safe
def what_if_xlsx(request: HttpRequest) -> HttpResponse:
    """Give the answer as an Excel file; public for published years."""
    return _file(request, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _base(key: str, user: Any) -> Base | None:
    return base_named(key, user, on=clock.today())


def _file(request: HttpRequest, ending: str, content_type: str) -> HttpResponse:
    try:
        question = read(request.GET.dict())
        base = _base(question.base, request.user)
        if base is None:
            raise Http404(f"There is no year {question.base} that you may ask about.")
        outcome = answer(base, question.changes)
    except (BadQuestion, CannotAsk, CannotCalculate) as refused:
        return HttpResponse(f"{refused}\n", status=400, content_type="text/plain; charset=utf-8")
    names = _names(base)
    page = request.build_absolute_uri(f"{reverse('payments:what_if')}?{urlencode(parameters(question))}")
    heading = [
        ("what_if", what_if_files.NOTICE),
        ("rests_on", _in_words(base)),
        *(("question", words) for words in in_words(outcome, names) or ["Nothing would be otherwise."]),
        ("asked_at", str(long_moment(clock.now()))),
        ("page", page),
    ]
    write = {"csv": what_if_files.csv_of, "xlsx": what_if_files.xlsx_of}[ending]
    response = HttpResponse(write(outcome, heading, names), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="what-if-{base.key}.{ending}"'
    return response


def _names(base: Base) -> dict[str, str]:
    """Return the name of each library that a question on this base may name, by key."""
    return dict(Library.objects.filter(key__in=base.activity).values_list("key", "name"))


def _in_words(base: Base) -> str:
    """Return what the figures of a base are."""
    if base.run is not None:
        named = {"fiscal_year": base.fiscal_year, "run": run_in_words(base.run)}
        if base.estimated:
            return gettext("fiscal year %(fiscal_year)s, %(run)s; some of its counts are estimates") % named
        return gettext("fiscal year %(fiscal_year)s, %(run)s") % named
    assert base.estimate is not None
    return (
        f"fiscal year {base.fiscal_year}, which is open: the periods owed are {base.estimate.rests_on}; "
        "everybody who takes part is taken to meet every requirement"
    )


def _presets(base: Base) -> list[tuple[str, str]]:
    """Return questions to begin with: in words, and as the query of an address."""
    somebody_out = any(not library.eligible for library in base.activity.values())
    return [
        (str(words), urlencode(parameters(Question(base.key, changes))))
        for words, changes in _PRESETS
        if changes.withheld is None or somebody_out
    ]


def _answered(
    request: HttpRequest, outcome: Outcome, question: Question, names: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the page shows of an answer."""
    sort = request.GET.get("sort", "library")
    query = parameters(question)
    changed = library_changes(question.changes, names)
    gainers, losers = outcome.gainers, outcome.losers
    return {
        "outcome": outcome,
        "question": in_words(outcome, names),
        "changed": [(words, urlencode(parameters(question.without(key)))) for key, words in changed],
        "sums": what_if_files.sums_in_words(outcome),
        "gainers": len(gainers),
        "losers": len(losers),
        "unchanged": len(outcome.lines) - len(gainers) - len(losers),
        "gain_most": [(names[line.key], line) for line in gainers[:_NAMED]],
        "lose_most": [(names[line.key], line) for line in losers[:_NAMED]],
        "rows": _sorted(_rows(outcome, names), sort),
        "headings": _headings(query, sort),
        "query": urlencode(query),
        "address": request.build_absolute_uri(f"{reverse('payments:what_if')}?{urlencode(query)}"),
        "towns": _towns(outcome),
    }


def _rows(outcome: Outcome, names: Mapping[str, str]) -> list[Row]:
    estimate = outcome.base.estimate
    uncertain = {
        key
        for key, periods in (estimate.periods if estimate else {}).items()
        if any(source is not Source.CERTIFIED for _, source in periods)
    }
    return [Row(line, names[line.key], line.key in uncertain) for line in outcome.lines]


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    """Return the rows in the order asked for, by library where it is none; equal ones by key."""
    by = {
        "loans": lambda row: row.line.then.loans if row.line.then else -1,
        "net_plus_now": lambda row: row.line.now.net_plus,
        "net_plus": lambda row: row.line.then.net_plus if row.line.then else -1,
        "payment_now": lambda row: row.line.now.payment_cents,
        "payment": lambda row: row.line.then.payment_cents if row.line.then else -1,
        "withheld": lambda row: row.line.then.withheld_cents if row.line.then else -1,
        "difference": lambda row: row.line.difference_cents,
    }.get(sort.removeprefix("-"), lambda row: row.name)
    return sorted(sorted(rows, key=lambda row: row.line.key), key=by, reverse=sort.startswith("-"))


def _headings(query: Mapping[str, str], sort: str) -> list[dict[str, str]]:
    """Return the headings of the table of libraries, each with the address that sorts by it."""
    found = []
    for name, label in _COLUMNS.items():
        # names rise first, figures fall first: what people ask for is the largest
        first, second = (name, f"-{name}") if name == "library" else (f"-{name}", name)
        leads_to = urlencode({**query, "sort": second if sort == first else first})
        direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        found.append({"name": name, "label": str(label), "query": leads_to, "direction": direction})
    return found


def _towns(outcome: Outcome) -> list[tuple[str, int, int]]:
    """Return the towns with several libraries that divide the pool by town: name, net plus, cents."""
    if outcome.by_town is None:
        return []
    libraries = Library.objects.filter(key__in=[line.key for line in outcome.split.lines])
    several: dict[str, int] = {}
    for town in libraries.values_list("town__name", flat=True):
        several[town] = several.get(town, 0) + 1
    return [
        (town, net_plus, outcome.by_town.town_cents[town])
        for town, net_plus in sorted(outcome.by_town.net_plus.items())
        if several.get(town, 0) > 1
    ]
