"""The pages of the desk: open to everybody; nothing that is asked is stored or logged."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connecticard import clock
from libraries.models import Library
from transactions.desk import page
from transactions.desk.answering import Outcome, outcome_of
from transactions.desk.form import ON, OWN_LIBRARY, DeskForm, LibraryField, library_fields
from transactions.rules.desk import TABLES
from transactions.rules.desk._table import Answer, Kind, Table, Whose
from transactions.rules.desk.overdue_fine import HANDED_IN


@login_not_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """List the questions of the desk, at the desk of a library where one is named; public."""
    own = _own_library(request)
    return render(
        request,
        "transactions/desk.html",
        {
            "tables": [(table, page.address(table, _of_library(table, own))) for table in TABLES.values()],
            "own": own,
            "libraries": _open_libraries(),
        },
    )


@login_not_required
@require_safe
def desk_question(request: HttpRequest, question: str) -> HttpResponse:
    """Ask what a question of the desk still needs, or answer it; public."""
    table = TABLES.get(question)
    if table is None:
        raise Http404(f"The desk has no question {question!r}.")
    outcome = outcome_of(DeskForm(table, request.GET), clock.today())
    step = outcome.step
    answer = step if isinstance(step, Answer) else None
    form = _form_to_type_into(request, outcome)
    groups = _groups(form, outcome)
    shown = {field.name for group in groups for field in (*group.fields, *group.more)}
    query = page.query_of(outcome)
    own = outcome.libraries.get(OWN_LIBRARY)
    context = {
        "table": table,
        "outcome": outcome,
        "answer": answer,
        "headline": page.headline(answer) if answer else "",
        "workings": page.workings(answer) if answer else (),
        "question": None if isinstance(step, Answer) else step.question,
        "ways": page.ways(outcome),
        "said": list(page.said(outcome)),
        "on_record": list(page.on_record(outcome)),
        "granted": list(page.taken_for_granted(outcome)),
        "form": form,
        "groups": groups,
        "carried": {name: value for name, value in query.items() if name not in shown},
        "not_understood": [
            error for name, errors in form.errors.items() if name not in shown for error in errors
        ],
        "address": request.build_absolute_uri(page.address(table, query)),
        "afresh": page.address(table, _of_library(table, own)),
        "own": own,
    }
    response = render(request, "transactions/desk_question.html", context)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _own_library(request: HttpRequest) -> Library | None:
    try:
        return LibraryField(required=False).clean(request.GET.get(OWN_LIBRARY, ""))
    except ValidationError:
        return None


def _of_library(table: Table, own: Library | None) -> dict[str, str]:
    """Return what an address says of the library at whose desk a question is asked."""
    names = library_fields(table)
    name = next((name for name in (OWN_LIBRARY, Whose.RECEIVER) if name in names), "")
    return {name: own.key} if own and name else {}


def _open_libraries() -> list[tuple[str, str]]:
    """Return the key and name of every library that is open today, by name."""
    return list(Library.objects.open_on(clock.today()).values_list("key", "name"))


def _form_to_type_into(request: HttpRequest, outcome: Outcome) -> DeskForm:
    """Return the form with what was typed; before anything was, with what is most often meant.

    Once somebody has typed, an error stands beside each amount that is lacking.
    """
    amounts = page.typed_amounts(outcome)
    typed = request.GET.copy()
    afresh = not any(amount.name in typed for amount in amounts)
    for amount in amounts:
        if afresh and amount.name == HANDED_IN.name:
            typed[amount.name] = clock.today().isoformat()
        elif amount.assumed and not typed.get(amount.name):
            typed[amount.name] = str(amount.assumed)
    form = DeskForm(outcome.table, typed)
    form.full_clean()
    for amount in amounts:
        if amount.name in outcome.known or amount.assumed is not None or amount.optional:
            continue
        form.fields[amount.name].required = True
        if not afresh and amount.name not in outcome.said and amount.name not in form.errors:
            form.add_error(
                amount.name, _("Enter a day.") if amount.kind is Kind.DAY else _("Enter an amount.")
            )
    return form


@dataclass(frozen=True)
class Group:
    """Fields that belong together; `label` is empty for the first, `more` are those seldom needed."""

    label: str
    fields: tuple[BoundField, ...]
    more: tuple[BoundField, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether one of those seldom needed holds something."""
        return any(field.data or field.errors for field in self.more)


def _groups(form: DeskForm, outcome: Outcome) -> list[Group]:
    """Return the fields to be typed into, those about one library together."""
    amounts = page.typed_amounts(outcome)
    if not amounts:
        return []
    names = [amount.name for amount in amounts if amount.setting_of is None]
    if outcome.table.dated:
        names.insert(0, ON)
    groups = [Group("", tuple(form[name] for name in names))]
    of_libraries = {
        name: label for name, label in library_fields(outcome.table).items() if name != OWN_LIBRARY
    }
    if of_libraries:
        form.offer_libraries(_open_libraries(), _("Not named"))
    for whose, label in of_libraries.items():
        rates = [amount for amount in amounts if amount.setting_of == whose]
        needed = [amount.name for amount in rates if amount.assumed is None and not amount.optional]
        seldom = [amount.name for amount in rates if amount.name not in needed]
        groups.append(
            Group(
                str(label),
                tuple(form[name] for name in (whose, *needed)),
                tuple(form[name] for name in seldom),
            )
        )
    return groups
