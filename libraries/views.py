from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, F, Prefetch
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, requires
from connecticard.published_pages import published_page
from connecticard.templatetags.figures import day
from libraries import services
from libraries.forms import (
    LibrarySearchForm,
    PrincipalLibraryForm,
    RecordLetterForm,
    SuccessionForm,
    WithdrawLetterForm,
)
from libraries.models import LetterOfAgreement, Library, Residency, Town
from libraries.refused import RosterChangeRefused


@login_not_required
@require_safe
@published_page
def library_list(request: HttpRequest) -> HttpResponse:
    """Find a library; public."""
    today = clock.today()
    form = LibrarySearchForm(request.GET)
    elsewhere = Residency.objects.in_force(today).exclude(town=F("library__town"))
    served = elsewhere.select_related("town").order_by("town__name")
    libraries = (
        form.libraries()
        .with_participation(today)
        .select_related("town")
        .prefetch_related(Prefetch("residencies", queryset=served, to_attr="serves_too"))
    )
    return render(request, "libraries/library_list.html", {"form": form, "libraries": libraries})


@login_not_required
@require_safe
@published_page
def town_list(request: HttpRequest) -> HttpResponse:
    """List the towns with their home libraries; public."""
    homes = Residency.objects.homes(clock.today())
    towns = Town.objects.prefetch_related(Prefetch("residencies", queryset=homes, to_attr="homes"))
    return render(request, "libraries/town_list.html", {"towns": towns})


@requires(Action.MANAGE_ROSTER)
@require_safe
def letter_list(request: HttpRequest) -> HttpResponse:
    """List the libraries that have no letter of agreement on file, and the letters that are."""
    today = clock.today()
    return render(
        request,
        "libraries/letter_list.html",
        {
            "missing": Library.objects.without_letter(today)
            .select_related("town")
            .annotate(earlier_letters=Count("letters"))
            .order_by("name"),
            "letters": LetterOfAgreement.objects.filter(valid__contains=today)
            .select_related("library")
            .order_by("library__name"),
        },
    )


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_record(request: HttpRequest, key: str) -> HttpResponse:
    """Put a letter of agreement on file."""
    library = get_object_or_404(Library, key=key)
    form = RecordLetterForm(_posted(request), initial={"filed_on": clock.today()})

    def record(values: dict[str, Any]) -> str:
        letter = services.record_letter(library=library, by=cast(User, request.user), **values)
        return f"{library} participates from {day(letter.valid.lower)} on."

    if done := _change(request, form, record):
        messages.success(request, done)
        return redirect(library)
    return render(request, "libraries/letter_record.html", {"library": library, "form": form})


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that a letter of agreement was withdrawn."""
    letter = get_object_or_404(LetterOfAgreement.objects.select_related("library"), pk=pk)
    form = WithdrawLetterForm(_posted(request))

    def withdraw(values: dict[str, Any]) -> str:
        services.withdraw_letter(letter=letter, by=cast(User, request.user), **values)
        return f"{letter.library} participates through {day(values['withdrawn_on'])}."

    if done := _change(request, form, withdraw):
        messages.success(request, done)
        return redirect(letter.library)
    return render(request, "libraries/letter_withdraw.html", {"letter": letter, "form": form})


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def succession_record(request: HttpRequest, key: str) -> HttpResponse:
    """Record which library takes the place of one that closed or merged."""
    library = get_object_or_404(Library, key=key)
    closed_on = library.open_during.upper
    form = SuccessionForm(_posted(request), predecessor=library, initial={"on": closed_on})

    def record(values: dict[str, Any]) -> str:
        succession = services.record_succession(predecessor=library, by=cast(User, request.user), **values)
        return f"{succession.successor} takes the place of {library} from {day(succession.on)} on."

    if done := _change(request, form, record):
        messages.success(request, done)
        return redirect(library)
    return render(
        request,
        "libraries/succession_record.html",
        {
            "library": library,
            "form": form,
            "is_closed": closed_on is not None and closed_on <= clock.today(),
            "succession": getattr(library, "succession", None),
        },
    )


@requires(Action.MANAGE_ROSTER)
@require_http_methods(["GET", "HEAD", "POST"])
def principal_library_change(request: HttpRequest, number: int) -> HttpResponse:
    """Name another principal library of a town."""
    town = get_object_or_404(Town, number=number)
    form = PrincipalLibraryForm(_posted(request), town=town)

    def change(values: dict[str, Any]) -> str:
        services.change_residency(town=town, by=cast(User, request.user), **values)
        return f"{values['principal']} is the principal library of {town} from {day(values['from_day'])} on."

    if done := _change(request, form, change):
        messages.success(request, done)
        return redirect(town)
    homes = Residency.objects.homes(clock.today()).filter(town=town)
    return render(
        request, "libraries/principal_library_change.html", {"town": town, "homes": homes, "form": form}
    )


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _change(request: HttpRequest, form: forms.Form, change: Callable[[dict[str, Any]], str]) -> str:
    """Carry out a change from a valid form and return what was done; empty where the form must be shown."""
    if request.method != "POST" or not form.is_valid():
        return ""
    try:
        return change(form.cleaned_data)
    except RosterChangeRefused as refusal:
        form.add_error(None, str(refusal))
        return ""
