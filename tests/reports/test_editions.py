"""Editions of the annual reports: their steps, what holds them, and who sees which."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import Error, transaction

from connecticard.models import AuditEvent, Role
from payments import services as payment_services
from reports import making, tasks
from reports.edition_services import (
    EditionRefused,
    certify_edition,
    prepare_edition,
    publish_edition,
    review_edition,
)
from reports.models import ANNUAL, Document, DocumentKind, Edition, EditionDocument
from reports.rules.edition_status import EditionStatus, status_of, why_not_move
from reports.services import publish_run, request_documents
from tests.factories import make_user
from tests.reports.conftest import AT


@pytest.fixture(autouse=True)
def _made_by_hand(monkeypatch):
    monkeypatch.setattr(making, "pdf_of", lambda contents: f"%PDF {contents.title}".encode())
    monkeypatch.setattr(tasks.make_documents, "delay", lambda lines: None)


@pytest.fixture
def administrator(db):
    return make_user(Role.STATE_ADMINISTRATOR)


@pytest.fixture
def draft(certified_run, administrator):
    """Edition 1 as publishing the run begins it, with nothing made yet; the staff member prepared the run."""
    publish_run(run=certified_run, by=administrator, at=AT)
    return Edition.objects.get()


def make_all(batch, **of):
    making.make_lines(batch.lines.filter(**of).values_list("pk", flat=True))


def make_reports(edition):
    make_all(edition.document_batches.latest("pk"), kind__in=ANNUAL)
    edition.refresh_from_db()
    return edition


@pytest.fixture
def reviewed(draft, administrator):
    return review_edition(edition=make_reports(draft), by=administrator, at=AT)


@pytest.fixture
def certified(reviewed, administrator):
    return certify_edition(edition=reviewed, by=administrator, at=AT)


@pytest.fixture
def published(certified, administrator):
    return publish_edition(edition=certified, by=administrator, at=AT)


def refused_by_database(act):
    with pytest.raises(Error) as refused, transaction.atomic():
        act()
    return str(refused.value)


# The rule


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        ((False, False, False), EditionStatus.DRAFT),
        ((True, False, False), EditionStatus.REVIEWED),
        ((True, True, False), EditionStatus.CERTIFIED),
        ((True, True, True), EditionStatus.PUBLISHED),
    ],
)
def test_status_is_the_furthest_step_taken(marks, status):
    reviewed, certified, published = marks
    assert status_of(reviewed=reviewed, certified=certified, published=published) is status


def test_each_step_follows_the_one_before_and_none_is_taken_twice():
    allowed = {
        (status, target)
        for status in EditionStatus
        for target in EditionStatus
        if why_not_move(status, target) is None
    }

    assert allowed == {
        (EditionStatus.DRAFT, EditionStatus.DRAFT),
        (EditionStatus.REVIEWED, EditionStatus.DRAFT),
        (EditionStatus.DRAFT, EditionStatus.REVIEWED),
        (EditionStatus.REVIEWED, EditionStatus.CERTIFIED),
        (EditionStatus.CERTIFIED, EditionStatus.PUBLISHED),
    }


# The steps


def test_publishing_a_run_begins_edition_1_in_the_name_of_who_prepared_the_run(draft, staff):
    assert (draft.number, draft.status, draft.prepared_by) == (1, "draft", staff)
    assert set(draft.document_batches.get().lines.filter(library=None).values_list("kind", flat=True)) == {
        DocumentKind.PAYMENT_LIST,
        *ANNUAL,
    }


def test_reports_are_public_when_their_edition_is_and_never_before(draft, administrator):
    make_reports(draft)
    assert not Document.objects.published().exists()
    review_edition(edition=draft, by=administrator, at=AT)
    certify_edition(edition=draft, by=administrator, at=AT)
    assert not Edition.objects.visible_to(None).exists()
    assert not Document.objects.published().exists()

    publish_edition(edition=draft, by=administrator, at=AT)

    assert Edition.objects.current(2027) == draft
    assert set(Document.objects.published().values_list("kind", flat=True)) == set(ANNUAL)
    assert {document.standing for document in Document.objects.with_edition()} == {"published"}
    steps = AuditEvent.objects.filter(target_type__endswith="edition", target_id=draft.pk)
    assert set(steps.values_list("action", flat=True)) == {
        "edition_prepared",
        "edition_reviewed",
        "edition_certified",
        "edition_published",
    }


def test_edition_is_not_reviewed_before_its_reports_are_made(draft, administrator):
    with pytest.raises(EditionRefused, match="Still to be made: Report of use"):
        review_edition(edition=draft, by=administrator, at=AT)


def test_who_prepared_an_edition_neither_reviews_nor_certifies_it(draft, staff, administrator):
    make_reports(draft)
    with pytest.raises(EditionRefused, match="another person reviews it"):
        review_edition(edition=draft, by=staff, at=AT)

    again = prepare_edition(run=draft.run, by=administrator, at=AT)
    review_edition(edition=make_reports(again), by=staff, at=AT)
    with pytest.raises(EditionRefused, match="another administrator"):
        certify_edition(edition=again, by=administrator, at=AT)
    with pytest.raises(PermissionDenied):
        certify_edition(edition=again, by=staff, at=AT)


def test_reviewed_edition_that_is_prepared_anew_is_a_draft_under_its_number(reviewed, staff):
    again = prepare_edition(run=reviewed.run, by=staff, at=AT)

    assert (again.pk, again.number, again.status) == (reviewed.pk, 1, "draft")
    assert not again.reports.exists()
    make_reports(again)
    assert again.reports.count() == len(ANNUAL)


def test_report_asked_for_before_an_edition_was_prepared_anew_is_not_taken_into_it(draft, staff):
    old = draft.document_batches.get()
    prepare_edition(run=draft.run, by=staff, at=AT)

    make_all(old, kind__in=ANNUAL)

    assert not EditionDocument.objects.exists()


def test_edition_after_the_first_says_why_there_is_one(published, staff):
    with pytest.raises(EditionRefused, match="Say why"):
        prepare_edition(run=published.run, by=staff, at=AT)

    second = prepare_edition(run=published.run, reason="A report came late.", by=staff, at=AT)

    make_reports(second)
    assert second.number == 2
    assert not Document.objects.filter(in_edition__edition=published, in_edition__edition__number=2).exists()
    assert Edition.objects.current(2027) == published


def test_numbers_go_on_from_a_void_run_to_the_one_in_its_place(published, staff, administrator):
    payment_services.void_run(run=published.run, reason="A letter was missed.", by=administrator, at=AT)
    assert Edition.objects.get().is_withdrawn
    run = payment_services.create_run(appropriation=published.run.appropriation, by=staff, at=AT)
    run = payment_services.calculate_run(run=run, by=staff, at=AT)
    run = payment_services.certify_run(run=run, by=administrator, at=AT)

    publish_run(run=run, by=administrator, at=AT)

    second = Edition.objects.get(run=run)
    assert second.number == 2
    assert "was voided: A letter was missed." in second.reason


def test_edition_of_a_voided_run_is_neither_certified_nor_published(reviewed, administrator):
    payment_services.void_run(run=reviewed.run, reason="Wrong.", by=administrator, at=AT)

    with pytest.raises(EditionRefused, match="was voided"):
        certify_edition(edition=reviewed, by=administrator, at=AT)


def test_edition_is_made_of_a_published_run_alone(certified_run, staff):
    with pytest.raises(EditionRefused, match="Publish the run first"):
        prepare_edition(run=certified_run, by=staff, at=AT)


def test_preview_of_a_report_is_another_document_than_that_of_an_edition(certified_run, staff, administrator):
    making.make_lines(
        request_documents(run=certified_run, by=staff, at=AT).lines.values_list("pk", flat=True)
    )
    previews = Document.objects.filter(kind__in=ANNUAL)
    assert {document.standing for document in previews} == {"preview"}

    publish_run(run=certified_run, by=administrator, at=AT)
    make_reports(Edition.objects.get())

    assert Document.objects.filter(kind__in=ANNUAL).count() == 2 * len(ANNUAL)


# What the database holds


def test_database_keeps_a_certified_edition_as_it_is(certified):
    def change(**values):
        return lambda: Edition.objects.filter(pk=certified.pk).update(**values)

    report = certified.reports.first()

    assert "certified_edition_stays" in refused_by_database(change(reason="Other"))
    assert "edition_is_kept" in refused_by_database(
        lambda: Edition.objects.filter(pk=certified.pk)._raw_delete("default")
    )
    assert "cannot change" in refused_by_database(report.delete)
    assert "cannot change" in refused_by_database(
        lambda: Document.objects.filter(pk=report.document_id).update(title="Other")
    )


def test_database_keeps_a_published_edition_public(published):
    assert "published_edition_stays" in refused_by_database(
        lambda: Edition.objects.filter(pk=published.pk).update(published_by=None, published_at=None)
    )


def test_database_wants_the_steps_in_order_whole_and_by_another(draft, administrator):
    def change(**values):
        return lambda: Edition.objects.filter(pk=draft.pk).update(**values)

    marks = {"reviewed_by": administrator, "reviewed_at": AT}
    signed = {"certified_by": administrator, "certified_at": AT, "attestation": "I certify"}
    public = {"published_by": administrator, "published_at": AT}
    assert "reviewed and certified whole" in refused_by_database(change(**marks))
    assert "reviewed and certified whole" in refused_by_database(change(**marks, **signed, **public))
    make_reports(draft)
    assert "edition_review_is_whole" in refused_by_database(change(reviewed_at=AT))
    assert "edition_steps_in_order" in refused_by_database(change(**signed))
    assert "edition_reviewed_by_another" in refused_by_database(
        change(reviewed_by=draft.prepared_by, reviewed_at=AT)
    )
    assert "edition_certified_by_another" in refused_by_database(
        change(**marks, **{**signed, "certified_by": draft.prepared_by})
    )
    assert "edition_certification_is_whole" in refused_by_database(
        change(**marks, certified_at=AT, attestation="I certify")
    )
    assert "certified_edition_is_attested" in refused_by_database(
        change(**marks, **{**signed, "attestation": ""})
    )
    assert "edition_publication_is_whole" in refused_by_database(change(**marks, **signed, published_at=AT))


def test_database_counts_editions_by_fiscal_year(draft):
    def another(**values):
        known = {"run": draft.run, "fiscal_year": 2027, "prepared_by": draft.prepared_by, "prepared_at": AT}
        return lambda: Edition.objects.create(**{**known, **values})

    assert "one_edition_of_a_number" in refused_by_database(another(number=1))
    assert "one_open_edition_of_a_fiscal_year" in refused_by_database(another(number=2, reason="Late"))
    assert "editions_count_from_one" in refused_by_database(another(number=0, reason="None"))
    assert "a_later_edition_says_why" in refused_by_database(another(number=2))
    assert "of a run of its fiscal year" in refused_by_database(another(number=1, fiscal_year=2026))


def test_database_takes_into_an_edition_reports_of_its_run_alone(draft, certified_run, staff):
    making.make_lines(
        request_documents(run=certified_run, by=staff, at=AT).lines.values_list("pk", flat=True)
    )
    listed = Document.objects.get(kind=DocumentKind.PAYMENT_LIST)

    def take(kind):
        return lambda: EditionDocument.objects.create(edition=draft, kind=kind, document=listed)

    assert "annual_reports_have_editions" in refused_by_database(take(DocumentKind.PAYMENT_LIST))
    assert "is of its kind" in refused_by_database(take(DocumentKind.USE_REPORT))
    make_reports(draft)
    other = Document.objects.get(in_edition__kind=DocumentKind.USE_REPORT)
    other.pk, other.data_sha256 = None, "b" * 64
    other.save(force_insert=True)
    assert "one_report_of_a_kind_in_an_edition" in refused_by_database(
        lambda: EditionDocument.objects.create(edition=draft, kind=DocumentKind.USE_REPORT, document=other)
    )
