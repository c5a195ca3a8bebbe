"""Every address that names a record, tried on records of others: nothing of theirs is shown or changed."""

from datetime import date, datetime, timedelta

import pgtrigger
import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from connecticard import clock, second_factor_services, services, webhook_services
from connecticard.clock import EASTERN
from connecticard.models import AuditEvent, Role, WebhookType
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES
from connecticard.permissions import Scope
from payments.disbursing.board_orders import record_order
from payments.disbursing.payment_batches import export_batch
from payments.models import (
    CorrectionStatement,
    ExpenditureReportWaiver,
    OrderKind,
    Payee,
    ResultFile,
    WithheldRelease,
)
from reports.models import Document, DocumentBatch, DocumentKind, Edition, EditionDocument
from reports.stored_contents import json_of
from tests.api_world import TODAY, World
from tests.connecticard.test_every_address import addresses
from tests.factories import (
    current_code,
    make_consortium,
    make_delivery_site,
    make_help_page,
    make_signed_in_client,
    make_user,
)
from tests.reports.documents import use_report
from transactions.models import HarvestSource, Holiday, LabelMapping, Waiver
from transactions.rules.filing_calendar import eastern_day
from transactions.rules.form_editions import edition_on
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services.receipts import give_receipt

pytestmark = pytest.mark.django_db

OTHERS = "CT0002"  # Bethel; whoever tries works for Canton
AT = datetime(2026, 11, 20, 9, tzinfo=EASTERN)
PUBLIC = {
    "account_reset_password_from_key",
    "connecticard:accept_invitation",
    "reports:library_page",
    "reports:town_page",
    "payments:trend_library",
    "payments:trend_library_loans_csv",
    "payments:trend_library_payments_csv",
    "payments:trend_town",
    "payments:trend_town_csv",
    "payments:library_payments",
    "payments:payment_of_year",  # of the run that is published
    "reports:library_documents",
    "reports:report_year",  # of the run that is published, without the edition that is not
    "reports:advocacy",
    "reports:advocacy_pdf",
    "reports:delivery_volume",
    "reports:delivery_volume_csv",
    "reports:delivery_volume_pdf",
    "reports:delivery_volume_xlsx",
    "transactions:desk_question",
    "transactions:receipt",
    "help:page",
    "help:of_page",
}
_ACTS_ON_A_WEBHOOK = ("pause", "remove", "rotate", "ping", "replay")
OWN_ACCOUNT = ("account", "mfa", "connecticard:rename", "connecticard:sign_out", "connecticard:passkey")


def with_a_form(made: World) -> World:
    """Return the world with a draft under the form in force, so that it has pages."""
    made.draft.form_edition = edition_on(made.draft.period.first_day).name
    made.draft.sha256 = "a" * 64
    made.draft.save()
    made.draft.refresh_from_db()
    return made


@pytest.fixture
def world(settings, world):
    settings.DEMO_TODAY = TODAY
    return with_a_form(world)


@pytest.fixture
def records(world, settings, tmp_path):
    """By address, the parts that name a record on file: of another library, another person, the State."""
    settings.MEDIA_ROOT = tmp_path
    bethel, period = world.libraries[OTHERS], world.draft.period
    staff, filer = world.staff, make_user(Role.LIBRARY_FILER, library=world.libraries[OTHERS])
    token, _ = services.make_api_token(
        assignment=filer.role_assignments.get(),
        name="Another program",
        scopes=[Scope.READ_FILINGS],
        expires_at=clock.now() + timedelta(days=30),
        by=filer,
    )
    webhook, _ = webhook_services.add_webhook(
        assignment=filer.role_assignments.get(),
        name="Another program",
        address="https://dashboard.example.org/",
        events=[WebhookType.FILING_CERTIFIED],
        by=filer,
    )
    delivery = webhook_services.ping_webhook(subscription=webhook, by=filer)
    passkey = Authenticator.objects.create(user=filer, type=Authenticator.Type.WEBAUTHN, data={})
    invitation, _ = services.invite_person(
        email="new@example.org", role=Role.AUDITOR, valid=DateRange(TODAY, None), by=None
    )
    fortnight = DateRange(TODAY, TODAY + timedelta(days=14))
    deputy = services.give_role(
        user=filer, role=Role.DEPUTY_CERTIFIER, library=bethel, valid=fortnight, by=None
    )
    invited_deputy, _ = services.invite_person(
        email="deputy@example.org", role=Role.DEPUTY_CERTIFIER, library=bethel, valid=fortnight, by=None
    )
    waiver = Waiver.objects.create(
        library=bethel,
        period=period,
        kind="extension",
        until=period.due_on + timedelta(days=7),
        authority="The Board",
        reason="A flood",
        proposed_by=staff,
        proposed_at=AT,
    )
    report_waiver = ExpenditureReportWaiver.objects.create(
        library=bethel,
        fiscal_year=2027,
        until=date(2029, 1, 1),
        authority="The Board",
        reason="A flood",
        proposed_by=staff,
        proposed_at=AT,
    )
    reset = second_factor_services.request_second_factor_reset(
        user=staff, reason="lost", by=make_user(Role.STATE_STAFF)
    )
    receipt = give_receipt(world.draft, ReceiptKind.SUBMISSION, statement="Submitted", by=filer, at=AT)
    label = LabelMapping.objects.create(
        library=bethel, label="Ours", normal_label="ours", said_by=filer, said_at=AT
    )
    make_delivery_site(library=bethel)
    batch = DocumentBatch.objects.create(run=world.calculated_run, requested_by=staff, requested_at=AT)
    own = {
        **_of_withheld_money(world, staff),
        **_of_a_correction(world, staff),
        **_of_the_comptroller(world, staff),
        **_of_an_edition(world, staff),
        "connecticard:revoke_token": token.pk,
        **dict.fromkeys(
            ("connecticard:webhook", *(f"connecticard:webhook_{act}" for act in _ACTS_ON_A_WEBHOOK)),
            webhook.pk,
        ),
        "mfa_remove_webauthn": passkey.pk,
        "mfa_edit_webauthn": passkey.pk,
        "connecticard:person": filer.pk,
        "connecticard:reset_second_factor": filer.pk,
        "connecticard:resend_invitation": invitation.pk,
        "connecticard:revoke_invitation": invitation.pk,
        "connecticard:end_role": filer.role_assignments.get(role=Role.LIBRARY_FILER).pk,
        "connecticard:deputy_end": deputy.pk,
        "connecticard:deputy_invitation_revoke": invited_deputy.pk,
        "connecticard:approve_reset": reset.pk,
        "connecticard:withdraw_reset": reset.pk,
        "libraries:letter_withdraw": bethel.letters.get().pk,
        "transactions:holiday_remove": Holiday.objects.create(day=TODAY, name="A holiday", source="x").pk,
        "transactions:waiver_approve": waiver.pk,
        "transactions:period_page": period.pk,
        "transactions:waivers_propose": period.pk,
        "transactions:consortium_page": (consortium := make_consortium(members=(bethel,)).pk),
        "transactions:consortium_upload": consortium,
        **dict.fromkeys(
            (
                f"reports:consortium_assessment{page}"
                for page in ("", "_pdf", "_logo", "_own", "_logo_keep", "_logo_remove")
            ),
            consortium,
        ),
        **dict.fromkeys(
            (f"transactions:harvest_{page}" for page in ("source", "change", "now", "pause")),
            _harvest_source(bethel, staff),
        ),
        "transactions:label_forget": label.pk,
        "payments:expenditure_waiver_settle": report_waiver.pk,
        "reports:document_pdf": world.unpublished.pk,
        "reports:document_csv": world.unpublished.pk,
        "reports:document_xlsx": world.unpublished.pk,
        "reports:document_json": world.unpublished.pk,
        "reports:batch_progress": batch.pk,
        "reports:batch_restart": batch.pk,
        "reports:batch_cancel": batch.pk,
    }
    help_page = make_help_page()
    spaces = {"transactions": world.draft.pk, "payments": world.calculated_run.pk}
    spaces["reports"] = spaces["payments"]

    def parts(name, pattern):
        found = {
            "key": "set-password" if name.startswith("account") else OTHERS,
            "fiscal_year": 2027,
            "quarter": "2026-07",
            "period": "2026-07",
            "question": "card",
            "kind": "use-report" if name.startswith("reports:report_") else "figures",
            "table": "libraries",
            "resource": "filings",
            "slug": help_page.page.slug,
            "name": "libraries:town_list",
            "language": "en",
            "object_id": bethel.pk,
            "app_label": "libraries",
            "period_pk": period.pk,
            "number": bethel.town.number,
            "token": "unknown",
            "uidb36": "1",
            "receipt_number": receipt.number,
            "library_pk": world.libraries["CT0003"].pk,
            "delivery_pk": delivery.pk,
            "pk": own.get(name, spaces.get(name.partition(":")[0])),
        }
        return {part: found[part] for part in pattern.pattern.regex.groupindex}

    return parts


def _harvest_source(library, staff):
    """Return the key of a system that offers the counts of a library."""
    return HarvestSource.objects.create(
        name="Its system",
        library=library,
        address="https://ils.example.org/harvest",
        created_at=AT,
        created_by=staff,
        next_at=AT,
    ).pk


def _of_withheld_money(world, staff):
    """Return, by address, a release that waits for its second person."""
    run = world.certified_run
    on = eastern_day(run.certified_at)
    order = run.board_orders.create(
        kind=OrderKind.RELEASE, number="R-1", dated=on, recorded_by=staff, recorded_at=run.certified_at
    )
    with pgtrigger.ignore("payments.WithheldRelease:release_follows_the_law"):
        release = WithheldRelease.objects.create(
            payment=run.payments.get(library__key=OTHERS),
            order=order,
            cents=1,
            cured_on=on,
            reason="Filed",
            recorded_by=staff,
            recorded_at=run.certified_at,
        )
    return {f"payments:release_{act}": release.pk for act in ("approve", "decline")}


def _of_a_correction(world, staff):
    """Return, by address, the run of a correction statement that waits for its certificate."""
    run = world.certified_run
    CorrectionStatement.objects.create(
        run=run,
        number=world.libraries[OTHERS].town.number,  # what `parts` says is a number
        prepared_by=staff,
        prepared_at=AT,
        undistributed_cents=0,
        rulebook_edition=run.rulebook_edition,
        inputs_sha256=run.inputs_sha256,
        manifest_sha256=run.manifest_sha256,
        code_version=run.code_version,
    )
    return {f"reports:correction_{page}": run.pk for page in ("page", "certify")}


def _of_an_edition(world, staff):
    """Return, by address, an edition of the published run's reports that is a draft, with one of them."""
    run = world.certified_run
    edition = Edition.objects.create(
        run=run,
        fiscal_year=run.fiscal_year,
        number=world.libraries[OTHERS].town.number,  # what `parts` says is a number
        reason="A report came late.",
        prepared_by=staff,
        prepared_at=AT,
    )
    content = ContentFile(json_of(use_report(libraries=3)))
    document = Document.objects.create(
        kind=DocumentKind.USE_REPORT,
        run=run,
        title="Use of the program FY2027, edition 2",
        data_sha256="d" * 64,
        certified=True,
        made_at=AT,
        pdf="a.pdf",
        csv="a.csv",
        json=default_storage.save("use-report.json", content),
    )
    EditionDocument.objects.create(edition=edition, kind=document.kind, document=document)
    pages = ("page", "review", "certify", "publish")
    return {f"reports:edition_{page}": edition.pk for page in pages} | {"reports:edition_prepare": run.pk}


def _of_the_comptroller(world, staff):
    """Return, by address, an order, a batch and a result file of a run that went to the Comptroller."""
    run = world.certified_run
    at = run.certified_at
    order = record_order(run=run, number="P-1", dated=eastern_day(at), by=staff, at=at)
    for library in world.libraries.values():
        Payee.objects.create(
            library=library,
            kind="municipality",
            name=f"Town of {library}",
            vendor_number="1",
            valid=DateRange(None, None),
        )
    sent = export_batch(run=run, by=staff, at=at)
    file = ResultFile.objects.create(
        run=run, name="results.csv", content=b"x", sha256="0" * 64, imported_by=staff, imported_at=at
    )
    pages = ("order", "order_record", "comptroller", "batch_export", "results_import")
    return {
        **{f"payments:{page}": run.pk for page in pages},
        **{
            f"payments:{page}": sent.pk
            for page in ("batch_page", "batch_file", "batch_withdraw", "batch_reinstate")
        },
        "payments:result_template": sent.pk,
        "payments:result_file": file.pk,
        "payments:order_withdraw": order.pk,
        "reports:order_pdf": run.pk,
        "reports:release_order_pdf": run.pk,
        "reports:recorded_order_pdf": order.pk,
    }


def everywhere(client, records, *, all_addresses=False):
    """Yield name, address and answer of GET and POST to each address that names a record, or to all."""
    for name, _, pattern in addresses():
        if name.startswith("api:") or not (all_addresses or pattern.pattern.regex.groups):
            continue
        if all_addresses and name.startswith(OWN_ACCOUNT):
            continue
        address = reverse(name, kwargs=records(name, pattern))
        for method in (client.get, client.post):
            yield name, address, method(address)


@pytest.mark.parametrize(
    "role",
    [
        Role.LIBRARY_FILER,
        Role.LIBRARY_CERTIFIER,
        Role.DEPUTY_CERTIFIER,
        Role.CONSORTIUM_FILER,
        Role.DELIVERY_REPORTER,
    ],
)
def test_people_of_one_library_reach_nothing_of_another(role, world, records):
    canton = world.libraries["CT0003"]
    client = make_signed_in_client(
        role,
        canton if role in LIBRARY_ROLES else None,
        consortium=make_consortium(members=(canton,)) if role in CONSORTIUM_ROLES else None,
        delivery_site=make_delivery_site() if role in DELIVERY_ROLES else None,
    )
    client.post(reverse("mfa_reauthenticate"), {"code": current_code(client.user)})
    before = AuditEvent.objects.count()

    tried = 0
    for name, address, answer in everywhere(client, records):
        tried += 1
        if name not in PUBLIC:
            assert answer.status_code in (403, 404, 405), f"{address} answers {answer.status_code}"

    assert tried > 80
    assert AuditEvent.objects.count() == before


def test_nobody_reaches_a_record_that_is_not_published(client, records):
    before = AuditEvent.objects.count()

    for name, address, answer in everywhere(client, records):
        if name not in PUBLIC:
            asked = answer.status_code == 302 and answer.url.startswith("/account/login/")
            assert asked or answer.status_code in (403, 404, 405), f"{address} answers {answer.status_code}"

    assert AuditEvent.objects.count() == before


def test_an_auditor_changes_nothing(records):
    client = make_signed_in_client(Role.AUDITOR)
    before = AuditEvent.objects.count()

    for _, address, answer in everywhere(client, records, all_addresses=True):
        assert answer.status_code < 500, address

    assert AuditEvent.objects.count() == before
