"""The page of a filing, against the same page with its grid as a Django formset."""

from collections.abc import Iterable, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.test import Client, override_settings
from django.urls import path, reverse

from connecticard.models import Role
from connecticard.permissions import Action, requires
from connecticard.urls import urlpatterns as pages_of_the_site
from libraries.models import Library
from libraries.roster import load_roster
from tests.bench.measure import Measurement, paired
from tests.factories import make_counts, make_filing, make_period, make_signed_in_client
from transactions.count_grid import Line, count_grid, counts_on_record, totals
from transactions.count_grid_form import CountGridForm, cell_name
from transactions.filing_record import context_of
from transactions.models import Filing
from transactions.rules.filing_checks import LARGEST_COUNT
from transactions.rules.form_editions import edition_named
from transactions.views.reach import filing_of

TABLE = """<table class="count-grid" data-count-grid><thead><tr><th scope="col">Home library</th>
{% for month in months %}<th scope="col" id="m-{{ month|date:"Y-m" }}">{{ month|date:"M Y" }}</th>{% endfor %}
<th scope="col">Total</th></tr></thead><tbody>
{{ formset.management_form }}
{% for line, form, total in lines %}<tr><th scope="row">
<span id="r{{ line.library_id }}">{{ line.name }}</span>
<span class="count-grid__town">{{ line.town }}</span></th>
{% for field in form %}<td>{{ field }}{{ field.errors }}</td>{% endfor %}<td>{{ total }}</td></tr>{% endfor %}
</tbody></table>"""


class LineForm(forms.Form):
    """The months of one home library, each control named by its row and its column."""

    def __init__(self, *args: Any, lines: Sequence[Line], months: Sequence[date], **kwargs: Any):
        super().__init__(*args, **kwargs)
        line = lines[int(self.prefix.rpartition("-")[2])]
        for month in months:
            attrs = {
                "inputmode": "numeric",
                "autocomplete": "off",
                "aria-labelledby": f"r{line.library_id} m-{month:%Y-%m}",
            }
            self.fields[f"m{month:%Y%m}"] = forms.IntegerField(
                min_value=0, max_value=LARGEST_COUNT, required=False, widget=forms.TextInput(attrs=attrs)
            )


@requires(Action.ENTER_COUNTS)
def as_formset(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the page with a form for each line and a field for each cell; what is around them is the same."""
    filing = filing_of(request, pk, Action.ENTER_COUNTS)
    counts = counts_on_record(filing)
    grid = count_grid(filing, counts)
    edition = edition_named(filing.form_edition)
    initial = [
        {f"m{month:%Y%m}": counts.get((line.library_id, month)) for month in grid.columns}
        for line in grid.lines
    ]
    formset_class = forms.formset_factory(LineForm, extra=0)
    formset = formset_class(
        request.POST if request.method == "POST" else None,
        initial=initial,
        form_kwargs={"lines": grid.lines, "months": grid.columns},
    )
    if request.method == "POST":
        formset.is_valid()
    sums = totals(grid, counts).by_line
    table = (
        engines["django"]
        .from_string(TABLE)
        .render(
            {
                "months": grid.columns,
                "formset": formset,
                "lines": [
                    (line, form, f"{sums[line.library_id]:,}")
                    for line, form in zip(grid.lines, formset.forms, strict=True)
                ],
            }
        )
    )
    around = CountGridForm(
        grid=grid, counts=counts, revision=0, nothing_lent=False, zero_return=edition.zero_return
    )
    form = SimpleNamespace(
        counts=table,
        revision=around["revision"],
        opened_with=around["opened_with"],
        nothing_lent=around["nothing_lent"],
    )
    context = {**context_of(filing), "form": form, "grid": grid, "edition": edition}
    return render(request, "transactions/filing_entry.html", context)


urlpatterns = [*pages_of_the_site, path("bench/formset/<int:pk>/", as_formset, name="bench_formset")]


def run() -> Iterable[Measurement]:
    """Yield the ratio of requests a second: showing the page, and showing it again with a mistake."""
    client, filing = _a_filled_in_filing()
    ours, theirs = reverse("transactions:filing_entry", args=[filing.pk]), f"/bench/formset/{filing.pk}/"
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
        yield paired(
            "filing page of 191 home libraries by six months, requests a second against a Django formset",
            ours=lambda: _answered(client, ours),
            floor=lambda: _answered(client, theirs),
            goal=10,
            at_most=False,
            rate=True,
        )
        lines = list(Library.objects.exclude(pk=filing.library_id).values_list("pk", flat=True))
        months = filing.covers_span.months()
        grid_post = {cell_name((line, month)): "12" for line in lines for month in months}
        grid_post |= {"revision": "0", cell_name((lines[0], months[0])): "twelve"}
        formset_post = {
            f"form-{number}-m{month:%Y%m}": "12" for number in range(len(lines)) for month in months
        }
        formset_post |= {
            "form-TOTAL_FORMS": str(len(lines)),
            "form-INITIAL_FORMS": str(len(lines)),
            f"form-0-m{months[0]:%Y%m}": "twelve",
        }
        sent, sent_to_formset = urlencode(grid_post), urlencode(formset_post)
        yield paired(
            "the same sent with a mistake and shown again, requests a second",
            ours=lambda: _answered(client, ours, sent),
            floor=lambda: _answered(client, theirs, sent_to_formset),
            goal=5,  # reading 1,147 posted fields costs both sides the same
            at_most=False,
            rate=True,
        )


def _a_filled_in_filing() -> tuple[Client, Filing]:
    load_roster()
    library = Library.objects.order_by("key").first()
    filing = make_filing(library, make_period())
    homes = Library.objects.exclude(pk=library.pk)
    make_counts(filing, {(home, month): 12 for home in homes for month in filing.covers_span.months()})
    return make_signed_in_client(Role.LIBRARY_FILER, library), filing


def _answered(client: Client, address: str, data: str | None = None) -> None:
    if data is None:
        answer = client.get(address)
    else:
        answer = client.post(address, data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.status_code
