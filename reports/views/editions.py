"""Pages of the State Library on editions: prepared, reviewed, certified with the second factor, published."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.permissions import Action, may, requires, signed_in
from connecticard.second_factor import SecondFactorForm
from payments.models import PaymentRun
from reports import edition_services
from reports.edition_services import EditionRefused
from reports.forms import EditionReasonForm
from reports.models import Document, Edition, in_order
from reports.rules.edition_status import may_certify, may_review
from reports.views.batches import batch_context


@requires(Action.VIEW_RUNS)
@require_safe
def edition_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where an edition stands, its reports and their making, and the step that comes next."""
    edition = _edition(pk)
    person = signed_in(request)
    batch = edition.document_batches.select_related("requested_by").order_by("-pk").first()
    return render(
        request,
        "reports/edition_page.html",
        {
            "edition": edition,
            "run": edition.run,
            "reports": _reports(edition),
            "missing": edition_services.missing_reports(edition),
            "others": edition.run.editions.exclude(pk=edition.pk).select_related("run"),
            "may_prepare": may(person, Action.PREPARE_EDITION),
            "may_review": may(person, Action.REVIEW_EDITION),
            "may_certify": may(person, Action.CERTIFY_EDITION),
            "may_publish": may(person, Action.PUBLISH_EDITION),
            "may_make": may(person, Action.MAKE_DOCUMENTS),
            "is_own": not may_review(edition.prepared_by_id, person.pk),
            **(batch_context(batch) if batch else {}),
        },
    )


@requires(Action.PREPARE_EDITION)
@require_http_methods(["GET", "HEAD", "POST"])
def edition_prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """Prepare the next edition of a run's reports, or its draft anew, and say why there is one."""
    run = get_object_or_404(PaymentRun.objects.select_related("publication"), pk=pk)
    draft = Edition.objects.filter(fiscal_year=run.fiscal_year, certified_at__isnull=True).first()
    form = EditionReasonForm(
        request.POST if request.method == "POST" else None,
        initial={"reason": draft.reason if draft else ""},
        is_first=not Edition.objects.filter(fiscal_year=run.fiscal_year, certified_at__isnull=False).exists(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            edition = edition_services.prepare_edition(
                run=run, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now()
            )
        except EditionRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"{edition} is prepared. Its reports are being made; another person reviews them."
            )
            return redirect("reports:edition_page", edition.pk)
    return render(request, "reports/edition_prepare.html", {"run": run, "draft": draft, "form": form})


@requires(Action.REVIEW_EDITION)
@require_POST
def edition_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the person read the reports of an edition and found them right."""
    return _step(request, pk, edition_services.review_edition, "is reviewed. An administrator certifies it.")


@requires(Action.CERTIFY_EDITION)
@require_http_methods(["GET", "HEAD", "POST"])
def edition_certify(request: HttpRequest, pk: int) -> HttpResponse:
    """Certify a reviewed edition that another person prepared, with the second factor."""
    edition = _edition(pk)
    person = signed_in(request)
    form = SecondFactorForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            edition_services.certify_edition(edition=edition, by=person, at=clock.now())
        except EditionRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{edition} is certified. Publish it to make it public.")
            return redirect("reports:edition_page", pk)
    return render(
        request,
        "reports/edition_certify.html",
        {
            "edition": edition,
            "reports": _reports(edition),
            "form": form,
            "attestation": edition_services.attestation(edition),
            "is_own": not may_certify(edition.prepared_by_id, person.pk),
        },
    )


@requires(Action.PUBLISH_EDITION)
@require_POST
def edition_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a certified edition public."""
    return _step(request, pk, edition_services.publish_edition, "is published.")


def _step(request: HttpRequest, pk: int, step: Callable[..., Edition], done: str) -> HttpResponse:
    edition = _edition(pk)
    try:
        step(edition=edition, by=signed_in(request), at=clock.now())
    except EditionRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{edition} {done}")
    return redirect("reports:edition_page", pk)


def _edition(pk: int) -> Edition:
    return get_object_or_404(
        Edition.objects.select_related(
            "run__publication", "correction", "prepared_by", "reviewed_by", "certified_by", "published_by"
        ),
        pk=pk,
    )


def _reports(edition: Edition) -> list[Document]:
    return in_order(Document.objects.filter(in_edition__edition=edition).with_edition())
