"""The pages of the help center that people read."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connecticard import clock
from connecticard.help import reading
from connecticard.help.reading import language_of_page
from connecticard.help.rendering import Rendered
from connecticard.help.rendering import render as render_text
from connecticard.help.search import LONGEST_QUESTION, find
from connecticard.models import HelpPageVersion
from connecticard.permissions import Action, may
from connecticard.published_pages import published_page

LONGEST_NAME = 100
FEW_HEADINGS = 2  # which need no table of contents


@login_not_required
@require_safe
@published_page
def index(request: HttpRequest) -> HttpResponse:
    """Show the parts of the help center and its pages; public."""
    return render(
        request,
        "help/index.html",
        {
            "sections": reading.sections_for(request.user, language_of_page()),
            "may_keep": may(request.user, Action.KEEP_HELP),
        },
    )


@login_not_required
@require_safe
@published_page
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a help page; public where the page is."""
    version = reading.find_page(slug, language_of_page())
    if version is None:
        raise Http404
    if version.page.audience not in reading.audiences(request.user):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied("This help page is for the people of the State Library.")
    shown = _shown(version)
    return render(
        request,
        "help/page.html",
        {
            "version": version,
            "text": shown,
            "headings": shown.headings if len(shown.headings) > FEW_HEADINGS else [],
            "is_of_this_language": version.page.language == language_of_page(),
            "may_keep": may(request.user, Action.KEEP_HELP),
        },
    )


@login_not_required
@require_safe
def of_page(request: HttpRequest, name: str) -> HttpResponse:
    """Lead to the help page that explains a page of the site, by the name of its address; public.

    A page only links here: which help page that is, is asked when somebody wants it.
    """
    if len(name) > LONGEST_NAME:
        raise Http404
    version = reading.help_for(name, request.user, language_of_page())
    return redirect("help:page", version.page.slug) if version else redirect("help:index")


@login_not_required
@require_safe
@published_page
def glossary(request: HttpRequest) -> HttpResponse:
    """Show the words of the glossary by the alphabet; public."""
    return render(request, "help/glossary.html", {"terms": reading.glossary(language_of_page())})


@login_not_required
@require_safe
@published_page
def handbook(request: HttpRequest) -> HttpResponse:
    """Show the whole help center on one page, to be printed; public as far as its pages are."""
    language = language_of_page()
    sections = reading.sections_for(request.user, language)
    return render(
        request,
        "help/handbook.html",
        {
            "sections": [
                (section, [(version, _shown(version, within=version.page.slug)) for version in section.pages])
                for section in sections
            ],
            "terms": reading.glossary(language),
        },
    )


@login_not_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search the help center; public. What somebody asks for is kept nowhere."""
    asked = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_QUESTION]
    return render(
        request,
        "help/search.html",
        {"asked": asked, "found": find(asked, request.user, language_of_page()) if asked else None},
    )


def _shown(version: HelpPageVersion, within: str = "") -> Rendered:
    return render_text(
        version.body, language=version.page.language, today=clock.today(), anchors_begin=within
    )
