"""Where counts are harvested: sources, harvests and their log; and the specification, for everybody."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from transactions.harvest import described, sources
from transactions.harvest.sources import SourceRefused, sources_for
from transactions.harvest.specification import SCHEMA
from transactions.harvest_forms import HarvestSourceForm
from transactions.models import HarvestRun, HarvestSource
from transactions.services import FilingRefused
from transactions.services.harvested import take_harvested
from transactions.views.reach import filing_of, revision_seen

LINES_ON_A_PAGE = 100
RUNS_SHOWN = 14


@login_not_required
@require_safe
def harvest_specification(request: HttpRequest) -> HttpResponse:
    """Say what a system must offer to be harvested; public."""
    return render(
        request,
        "transactions/harvest_specification.html",
        {"title": described.TITLE, "lead": described.LEAD, "sections": described.SECTIONS},
    )


@login_not_required
@require_safe
def harvest_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of a harvest's answers; public."""
    return JsonResponse(SCHEMA, content_type="application/schema+json", json_dumps_params={"indent": 2})


@requires(Action.VIEW_HARVEST)
@require_safe
def harvest_list(request: HttpRequest) -> HttpResponse:
    """List the sources that this person sees, each with its last harvest."""
    shown = list(sources_for(request.user, Action.VIEW_HARVEST))
    last = {
        run.source_id: run
        for run in HarvestRun.objects.filter(source__in=shown)
        .order_by("source_id", "-pk")
        .distinct("source_id")
    }
    return render(
        request,
        "transactions/harvest_list.html",
        {
            "sources": [(source, last.get(source.pk)) for source in shown],
            "may_keep": permissions.may(request.user, Action.KEEP_HARVEST),
        },
    )


@requires(Action.VIEW_HARVEST)
@require_safe
def harvest_source(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a source, its last harvests, and the log of one of them, the last unless another is asked for."""
    source = _source_of(request, pk, Action.VIEW_HARVEST)
    runs = list(source.runs.select_related("asked_by")[:RUNS_SHOWN])
    asked = request.GET.get("run", "")
    shown = next((run for run in runs if str(run.pk) == asked), runs[0] if runs else None)
    lines = shown.lines.select_related("library") if shown else ()
    return render(
        request,
        "transactions/harvest_source.html",
        {
            "source": source,
            "runs": runs,
            "shown": shown,
            "page": Paginator(lines, LINES_ON_A_PAGE).get_page(request.GET.get("page")),
            "may_keep": sources_for(request.user, Action.KEEP_HARVEST).filter(pk=pk).exists(),
        },
    )


@requires(Action.KEEP_HARVEST)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("credential")
def harvest_add(request: HttpRequest) -> HttpResponse:
    """Add a source."""
    form = HarvestSourceForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            source = sources.add_source(
                owner=form.cleaned_data["owner"],
                by=cast(User, request.user),
                at=clock.now(),
                **_facts(form),
            )
        except SourceRefused as refused:
            form.add_error("address", str(refused))
        else:
            messages.success(request, f"{source} is harvested from now on: {source.schedule_label.lower()}.")
            return redirect("transactions:harvest_source", source.pk)
    return render(
        request, "transactions/harvest_form.html", {"form": form}, status=422 if form.errors else 200
    )


@requires(Action.KEEP_HARVEST)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("credential")
def harvest_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a source's name, address, credential or schedule."""
    source = _source_of(request, pk, Action.KEEP_HARVEST)
    form = HarvestSourceForm(request.POST or None, user=request.user, source=source)
    if request.method == "POST" and form.is_valid():
        try:
            sources.change_source(source=source, by=cast(User, request.user), **_facts(form))
        except SourceRefused as refused:
            form.add_error("credential" if "credential" in str(refused) else "address", str(refused))
        else:
            messages.success(request, "The source is changed.")
            return redirect("transactions:harvest_source", source.pk)
    return render(
        request,
        "transactions/harvest_form.html",
        {"form": form, "source": source},
        status=422 if form.errors else 200,
    )


def _facts(form: HarvestSourceForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("name", "address", "credential", "schedule")}


@requires(Action.KEEP_HARVEST)
@require_POST
def harvest_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Harvest a source without waiting for its schedule."""
    source = _source_of(request, pk, Action.KEEP_HARVEST)
    sources.harvest_now(source=source, by=cast(User, request.user))
    messages.success(request, "The harvest begins. Reload this page in a minute to see what became of it.")
    return redirect("transactions:harvest_source", source.pk)


@requires(Action.KEEP_HARVEST)
@require_POST
def harvest_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a source, or resume one that is paused."""
    source = _source_of(request, pk, Action.KEEP_HARVEST)
    if request.POST.get("resume"):
        sources.resume_source(source=source, by=cast(User, request.user))
        messages.success(request, f"{source} is harvested by its schedule again.")
    else:
        sources.pause_source(source=source, by=cast(User, request.user), at=clock.now())
        messages.success(request, f"{source} is paused. Drafts stay as they are.")
    return redirect("transactions:harvest_source", source.pk)


def _source_of(request: HttpRequest, pk: int, action: Action) -> HarvestSource:
    return get_object_or_404(sources_for(request.user, action), pk=pk)


@requires(Action.ENTER_COUNTS)
@require_POST
def filing_take_harvested(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace what was typed in harvested months by what the source gave last."""
    filing = filing_of(request, pk, Action.ENTER_COUNTS)
    try:
        take_harvested(
            filing=filing, by=cast(User, request.user), at=clock.now(), expected=revision_seen(request)
        )
        messages.success(request, "The draft says what the source gave last.")
    except FilingRefused as refused:
        messages.error(request, str(refused))
    return redirect("transactions:filing", filing.pk)
