"""Editions of the annual reports: prepared, reviewed and certified by another person, published.

Each step is taken on the edition as it is on record, under a lock, and leaves an audit event. What is
certified never changes: whatever is learned later makes the next edition, which says what changed.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from connecticard import permissions
from connecticard.models import AuditEvent, User, WebhookType
from connecticard.permissions import Action
from connecticard.published_pages import something_was_published
from connecticard.webhooks import announce
from payments.correcting.corrections import last_statement
from payments.models import CorrectionStatement, PaymentRun
from payments.rules.payment_run_status import PaymentRunStatus
from reports.box.services import ask_for_box
from reports.models import (
    ANNUAL,
    OF_A_CORRECTION,
    OF_A_RUN,
    DocumentBatch,
    DocumentBatchLine,
    DocumentKind,
    Edition,
)
from reports.rules import edition_status
from reports.rules.edition_status import EditionStatus
from reports.tasks import queue_once_it_stands


class EditionRefused(Exception):
    """A step of an edition that may not be taken; the text says why and what to do."""


@transaction.atomic
def prepare_edition(*, run: PaymentRun, reason: str = "", by: User, at: datetime) -> Edition:
    """Prepare an edition of a published run's annual reports, as the records stand now; its draft is made.

    One that is not certified yet is prepared anew under its number and is a draft again. Raises
    EditionRefused where the run is not published or is void, or a later edition does not say why there is
    one.
    """
    permissions.check(by, Action.PREPARE_EDITION)
    correction = last_statement(run)
    edition = _begin(run=run, correction=correction, reason=reason, prepared_by=by, by=by, at=at)
    ask_for_documents(edition, (*ANNUAL,), by=by, at=at)
    return edition


def begin_with_run(*, run: PaymentRun, by: User, at: datetime) -> DocumentBatch:
    """Begin the edition of a run that was published just now, with every document of the run.

    Who prepared the run prepared its figures, and so the edition. Part of the transaction of a service.
    """
    reason = ""
    if void := PaymentRun.objects.filter(
        fiscal_year=run.fiscal_year, status=PaymentRunStatus.VOID, editions__certified_at__isnull=False
    ).first():
        reason = f"{void} was voided: {void.void_reason} This edition has the figures of {run}."
    edition = _begin(run=run, correction=None, reason=reason, prepared_by=run.prepared_by, by=by, at=at)
    libraries = run.payments.order_by("library__key").values_list("library", flat=True)
    return ask_for_documents(edition, OF_A_RUN, statements_of=libraries, by=by, at=at)


def begin_with_correction(*, statement: CorrectionStatement, by: User, at: datetime) -> DocumentBatch:
    """Begin the edition that counts what a correction statement counts, with the statement itself.

    Who prepared the statement prepared its figures, and so the edition. Part of the transaction of a
    service.
    """
    reason = (
        "Filings were amended after the payments of the year went out; the payments stay as they were made, "
        f"and correction statement {statement.number} says what differs."
    )
    edition = _begin(
        run=statement.run,
        correction=statement,
        reason=reason,
        prepared_by=statement.prepared_by,
        by=by,
        at=at,
    )
    return ask_for_documents(edition, OF_A_CORRECTION, by=by, at=at)


@transaction.atomic
def review_edition(*, edition: Edition, by: User, at: datetime) -> Edition:
    """Record that another person than the preparer read the reports of an edition and found them right.

    Raises EditionRefused where it is no draft, the person prepared it, a report is still to be made, or its
    run was voided.
    """
    permissions.check(by, Action.REVIEW_EDITION)
    edition = _locked(edition)
    _move(edition, EditionStatus.REVIEWED)
    if not edition_status.may_review(edition.prepared_by_id, by.pk):
        raise EditionRefused("You prepared this edition; another person reviews it.")
    _check_it_is_whole(edition)
    edition.reviewed_by, edition.reviewed_at = by, at
    edition.save(update_fields=["reviewed_by", "reviewed_at"])
    AuditEvent.record("edition_reviewed", target=edition, by=by, after=_hashes(edition))
    return edition


def attestation(edition: Edition) -> str:
    """Return the statement that an administrator signs when certifying an edition."""
    return (
        f"I certify that the reports of {edition} follow from the records of the State Library under section "
        "11-31c-3 of the Regulations of Connecticut State Agencies, that they say what is estimated and what "
        "changed since the edition before, and that I did not prepare them."
    )


@transaction.atomic
def certify_edition(*, edition: Edition, by: User, at: datetime) -> Edition:
    """Certify a reviewed edition that another person prepared; nothing of it changes afterwards.

    Raises EditionRefused where it is not reviewed, the person prepared it, or its run was voided.
    """
    permissions.check(by, Action.CERTIFY_EDITION)
    edition = _locked(edition)
    _move(edition, EditionStatus.CERTIFIED)
    if not edition_status.may_certify(edition.prepared_by_id, by.pk):
        raise EditionRefused("You prepared this edition; another administrator must certify it.")
    _check_it_is_whole(edition)
    edition.certified_by, edition.certified_at = by, at
    edition.attestation = attestation(edition)
    edition.save(update_fields=["certified_by", "certified_at", "attestation"])
    AuditEvent.record("edition_certified", target=edition, by=by, after=_hashes(edition))
    return edition


@transaction.atomic
def publish_edition(*, edition: Edition, by: User, at: datetime) -> Edition:
    """Make a certified edition public; from now on it is the newest of its fiscal year.

    Raises EditionRefused where it is not certified, its run was voided, or a later one is public.
    """
    permissions.check(by, Action.PUBLISH_EDITION)
    edition = _locked(edition)
    _move(edition, EditionStatus.PUBLISHED)
    if edition.is_withdrawn:
        raise EditionRefused(f"{edition.run} was voided; publish the edition of the run in its place.")
    current = Edition.objects.current(edition.fiscal_year)
    if current and current.number > edition.number:
        raise EditionRefused(f"{current} is public already; what stands in an earlier one is superseded.")
    edition.published_by, edition.published_at = by, at
    edition.save(update_fields=["published_by", "published_at"])
    AuditEvent.record("edition_published", target=edition, by=by, after=_hashes(edition))
    something_was_published()
    ask_for_box(edition)
    announce(
        WebhookType.EDITION_PUBLISHED,
        data={"fiscal_year": edition.fiscal_year, "edition": edition.number},
        path=f"/api/v1/editions/{edition.fiscal_year}-{edition.number}/",
    )
    return edition


def ask_for_documents(
    edition: Edition,
    kinds: tuple[DocumentKind, ...],
    *,
    statements_of: Iterable[int] = (),
    by: User,
    at: datetime,
) -> DocumentBatch:
    """Ask for the reports of an edition and what is made with them; the worker makes them.

    `statements_of` are ids of the libraries whose payment statements are made too. Part of the transaction
    of a service.
    """
    batch = DocumentBatch.objects.create(run=edition.run, edition=edition, requested_by=by, requested_at=at)
    lines = DocumentBatchLine.objects.bulk_create(
        [
            *(DocumentBatchLine(batch=batch, kind=kind) for kind in kinds),
            *(
                DocumentBatchLine(batch=batch, kind=DocumentKind.PAYMENT_STATEMENT, library_id=library_id)
                for library_id in statements_of
            ),
        ]
    )
    AuditEvent.record("documents_requested", target=batch, by=by, after={"documents": len(lines)})
    queue_once_it_stands([(line.pk, line.kind) for line in lines])
    return batch


def _begin(
    *,
    run: PaymentRun,
    correction: CorrectionStatement | None,
    reason: str,
    prepared_by: User,
    by: User,
    at: datetime,
) -> Edition:
    """Record a draft: the open edition of the fiscal year prepared anew, else the next one."""
    run = PaymentRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.status == PaymentRunStatus.VOID:
        raise EditionRefused(f"{run} is void; editions are made of the run that takes its place.")
    if not run.is_published:
        raise EditionRefused("Publish the run first; its reports are made from what is published.")
    of_the_year = Edition.objects.filter(fiscal_year=run.fiscal_year)
    edition = of_the_year.select_for_update(of=("self",)).filter(certified_at__isnull=True).first()
    if edition is None:
        last = of_the_year.aggregate(last=Max("number"))["last"] or 0
        edition = Edition(fiscal_year=run.fiscal_year, number=last + 1)
    if edition.number > 1 and not reason.strip():
        raise EditionRefused("Say why there is a new edition; its reports say it too.")
    if edition.pk:
        edition.reports.all().delete()
    edition.run, edition.correction, edition.reason = run, correction, reason.strip()
    edition.prepared_by, edition.prepared_at = prepared_by, at
    edition.reviewed_by = edition.reviewed_at = None
    edition.save()
    AuditEvent.record(
        "edition_prepared", target=edition, by=by, after={"number": edition.number, "reason": edition.reason}
    )
    return edition


def _locked(edition: Edition) -> Edition:
    return Edition.objects.select_for_update(of=("self",)).select_related("run").get(pk=edition.pk)


def _move(edition: Edition, target: EditionStatus) -> None:
    if reason := edition_status.why_not_move(edition.status, target):
        raise EditionRefused(reason)


def _check_it_is_whole(edition: Edition) -> None:
    if edition.is_withdrawn:
        raise EditionRefused(f"{edition.run} was voided; its reports are not certified any more.")
    if missing := missing_reports(edition):
        raise EditionRefused(
            f"Still to be made: {', '.join(kind.label for kind in missing)}. "
            "Look at the progress of its documents, and come back when they are made."
        )


def missing_reports(edition: Edition) -> list[DocumentKind]:
    """Return the annual reports that an edition still lacks."""
    made = set(edition.reports.values_list("kind", flat=True))
    return [kind for kind in ANNUAL if kind not in made]


def _hashes(edition: Edition) -> dict[str, str]:
    return dict(edition.reports.order_by("kind").values_list("kind", "document__pdf_sha256"))
