"""The proof of a run: what came out when it was worked out again, and the files for doing it oneself."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, requires
from connecticard.published_pages import published_page
from payments.models import PaymentRun, VerifiedBecause
from payments.proving import run_files
from payments.proving.proof import NothingToVerify, verify_run
from payments.views.access import allowed, person

VERIFICATIONS_SHOWN = 10


@login_not_required
@require_safe
@published_page
def run_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is proved of a run and how to prove it oneself; public once the run is published."""
    run = _run(request, pk)
    verifications = list(run.verifications.select_related("run", "by")[:VERIFICATIONS_SHOWN])
    return render(
        request,
        "payments/run_proof.html",
        {
            "run": run,
            "latest": verifications[0] if verifications else None,
            "verifications": verifications,
            "filings": run.counted_filings.values("filing").distinct().count(),
            "payments": run.payments.count(),
            "file_name": run_files.file_name(run, ""),
            **allowed(request, may_see_runs=Action.VIEW_RUNS),
        },
    )


@requires(Action.VIEW_RUNS)
@require_POST
def run_verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Work a run out again from what was frozen with it, keep what came out, and show it."""
    run = get_object_or_404(PaymentRun, pk=pk)
    try:
        verify_run(run=run, because=VerifiedBecause.PAGE, at=clock.now(), by=person(request))
    except NothingToVerify as nothing:
        messages.error(request, str(nothing))
        return redirect("payments:run_page", pk)
    return redirect("payments:run_proof", pk)


@login_not_required
@require_safe
def inputs_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send every count that a run rests on; public once the run is published."""
    run = _run(request, pk)
    return _file(run, "inputs.csv", "text/csv; charset=utf-8", run_files.inputs_csv(run))


@login_not_required
@require_safe
def payments_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the lines of a run; public once the run is published."""
    run = _run(request, pk)
    return _file(run, "payments.csv", "text/csv; charset=utf-8", [run_files.payments_csv(run)])


@login_not_required
@require_safe
def manifest_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the manifest of a run; public once the run is published."""
    run = _run(request, pk)
    return _file(run, "manifest.json", "application/json", [run_files.manifest_json(run)])


@login_not_required
@require_safe
def zip_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send every file of a run in one, with the program that works it out again and its guide."""
    run = _run(request, pk)
    return _file(run, "proof.zip", "application/zip", run_files.proof_zip(run))


@login_not_required
@require_safe
def script_file(request: HttpRequest) -> HttpResponse:
    """Send the program with which anybody works a run out again; it is the same for every run."""
    return HttpResponse(
        run_files.SCRIPT.read_bytes(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{run_files.SCRIPT.name}"'},
    )


def _run(request: HttpRequest, pk: int) -> PaymentRun:
    """Return a calculated run that this person may see; else 404."""
    runs = PaymentRun.objects.visible_to(request.user).filter(calculated_at__isnull=False)
    return get_object_or_404(
        runs.select_related("appropriation").prefetch_related("appropriation__changes"), pk=pk
    )


def _file(run: PaymentRun, name: str, content_type: str, blocks: Iterable[bytes]) -> HttpResponseBase:
    response = StreamingHttpResponse(
        blocks,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{run_files.file_name(run, name)}"'},
    )
    patch_cache_control(response, no_cache=True, private=True)
    return response
