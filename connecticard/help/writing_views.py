"""The pages by which staff write the help center: a page with its preview, its versions, one of them."""

import difflib
from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.help import macros, services
from connecticard.help.forms import HelpPageForm
from connecticard.help.rendering import render as render_text
from connecticard.help.services import HelpRefused
from connecticard.models import HelpPage, HelpPageVersion
from connecticard.permissions import Action, requires, signed_in


@requires(Action.KEEP_HELP)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write a new help page."""
    form = HelpPageForm(request.POST or None, initial={"last_checked_on": clock.today()})
    return _write(request, form, None)


@requires(Action.KEEP_HELP)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, language: str) -> HttpResponse:
    """Write the next version of a help page."""
    version = _newest(slug, language)
    return _write(request, HelpPageForm(request.POST or None, version=version), version)


def _write(request: HttpRequest, form: HelpPageForm, version: HelpPageVersion | None) -> HttpResponse:
    wants_preview = "preview" in request.POST
    if request.method == "POST" and form.is_valid() and not wants_preview:
        try:
            written = services.write_page(
                slug=form.cleaned_data["slug"],
                language=form.cleaned_data["language"],
                about=form.about,
                text=form.text,
                note=form.cleaned_data["note"],
                seen=form.cleaned_data["seen"],
                by=signed_in(request),
            )
        except HelpRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"“{written.title}” stands as version {written.number}.")
            return redirect("help:versions", written.page.slug, written.page.language)
    return render(
        request,
        "help/write.html",
        {
            "form": form,
            "version": version,
            "preview": form.preview() if request.method == "POST" else None,
            "macros": macros.registered(),
        },
    )


@requires(Action.KEEP_HELP)
@require_safe
def versions(request: HttpRequest, slug: str, language: str) -> HttpResponse:
    """List the versions of a help page."""
    newest = _newest(slug, language)
    return render(
        request,
        "help/versions.html",
        {
            "newest": newest,
            "versions": newest.page.versions.without_index().defer("body").select_related("made_by"),
        },
    )


@requires(Action.KEEP_HELP)
@require_safe
def version(request: HttpRequest, slug: str, language: str, number: int) -> HttpResponse:
    """Show a version of a help page, and what it changed against the one before."""
    shown = _version(slug, language, number)
    former = shown.page.versions.without_index().filter(number=number - 1).first()
    return render(
        request,
        "help/version.html",
        {
            "version": shown,
            "newest": _newest(slug, language),
            "text": render_text(shown.body, language=language, today=clock.today()),
            "lines": list(_differences(former, shown)) if former else None,
        },
    )


@requires(Action.KEEP_HELP)
@require_POST
def restore(request: HttpRequest, slug: str, language: str, number: int) -> HttpResponse:
    """Let a page say again what it said in a version."""
    try:
        restored = services.restore_version(version=_version(slug, language, number), by=signed_in(request))
    except HelpRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Version {number} stands again, as version {restored.number}.")
    return redirect("help:versions", slug, language)


@requires(Action.KEEP_HELP)
@require_POST
def withdraw(request: HttpRequest, slug: str, language: str) -> HttpResponse:
    """Show a page to nobody any more."""
    page = get_object_or_404(HelpPage, slug=slug, language=language)
    services.withdraw_page(page=page, by=signed_in(request))
    messages.success(request, "Nobody is shown the page any more. Writing it again brings it back.")
    return redirect("help:versions", slug, language)


def _newest(slug: str, language: str) -> HelpPageVersion:
    found = HelpPageVersion.objects.newest().without_index().filter(page__slug=slug, page__language=language)
    if (newest := found.first()) is None:
        raise Http404
    return newest


def _version(slug: str, language: str, number: int) -> HelpPageVersion:
    versions = HelpPageVersion.objects.without_index().select_related("page", "made_by")
    return get_object_or_404(versions, page__slug=slug, page__language=language, number=number)


def _differences(former: HelpPageVersion, later: HelpPageVersion) -> Iterator[tuple[str, str]]:
    """Yield the lines that were taken out and put in, with some around them: kind of change, and line."""
    kinds = {"+": "ins", "-": "del", " ": "", "@": "gap"}
    compared = difflib.unified_diff(_lines(former), _lines(later), lineterm="", n=2)
    for line in list(compared)[2:]:
        yield kinds[line[0]], line[1:] if line[0] != "@" else ""


def _lines(version: HelpPageVersion) -> list[str]:
    return [version.title, version.summary, *version.body.splitlines()]
