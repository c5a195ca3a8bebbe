"""Receipts: given when something is signed, never changed, checked by anybody who has the number."""

import importlib
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from connecticard.canonical_json import sha256_of
from connecticard.models import AuditEvent, Message, Role
from tests.factories import (
    give_role,
    make_consortium,
    make_counts,
    make_filing,
    make_period,
    make_signed_in_client,
    make_user,
)
from tests.page_text import text
from tests.transactions.conftest import months
from transactions import receipts, services
from transactions.importing import BULK_IMPORT_EDITION
from transactions.models import Filing, FilingReceipt
from transactions.rules.filing_calendar import Cadence
from transactions.rules.receipt_numbers import is_receipt_number
from transactions.services import FilingRefused

pytestmark = pytest.mark.django_db

HALF = months(date(2026, 3, 1), 6)
AT = datetime(2026, 9, 5, 14, tzinfo=UTC)
LATER = AT + timedelta(days=30)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 9, 5)


@pytest.fixture
def filer(avon):
    return make_user(Role.LIBRARY_FILER, library=avon, name="Fay Filer")


@pytest.fixture
def certifier(avon):
    return make_user(Role.LIBRARY_CERTIFIER, library=avon, name="Dora Director")


@pytest.fixture
def submitted(avon, bethel, filer, certifier):
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 10 + month.month for month in HALF})
    return services.submit_filing(filing=filing, by=filer, at=AT)


@pytest.fixture
def certified(submitted, certifier):
    return services.certify_filing(filing=submitted, by=certifier, at=AT)


@pytest.fixture
def amended(certified, bethel, filer, certifier):
    """Version 2 of the certified filing, submitted with another count."""
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier, at=LATER)
    services.save_counts(filing=draft, counts={(bethel.pk, HALF[0]): 500}, by=filer, at=LATER, expected=0)
    return services.submit_filing(filing=draft, by=filer, at=LATER)


def certificate_of(filing) -> FilingReceipt:
    return filing.receipts.get(kind="certificate")


def submission_of(filing) -> FilingReceipt:
    return filing.receipts.filter(kind="submission").last()


def page(client, receipt, **query) -> str:
    return text(client.get(receipt.get_absolute_url(), query))


# Given


def test_a_submission_has_a_receipt(submitted, filer):
    receipt = submitted.receipts.get()

    assert receipt.number.startswith("CT0001-202603-202608-1-S1-")
    assert is_receipt_number(receipt.number)
    assert (receipt.kind, receipt.signer, receipt.signer_name) == ("submission", filer, "Fay Filer")
    assert receipt.role == "Library filer, Avon Library"
    assert (receipt.sha256, receipt.issued_at) == (submitted.sha256, AT)
    assert (receipt.form_edition, receipt.revision) == (submitted.form_edition, 0)
    assert receipt.totals == [[f"{month:%Y-%m}", 10 + month.month] for month in HALF]


def test_certifying_adds_the_certificate_with_the_words_that_were_signed(certified, certifier):
    certificate = certificate_of(certified)

    assert certificate.number.startswith("CT0001-202603-202608-1-C2-")
    assert certificate.role == "Library certifier, Avon Library"
    assert certificate.statement == certified.attestation
    assert AuditEvent.objects.get(action="filing_certified").after["receipt"] == certificate.number
    assert certified.receipts.count() == 2


def test_each_submission_after_a_return_has_a_receipt_of_its_own(submitted, filer, certifier):
    for reason in ("April looks low.", "May too."):
        services.return_filing(filing=submitted, reason=reason, by=certifier, at=AT)
        services.submit_filing(filing=submitted, by=filer, at=AT)

    numbers = list(submitted.receipts.values_list("number", flat=True))
    assert [number[:-6] for number in numbers] == [f"CT0001-202603-202608-1-S{place}" for place in (1, 2, 3)]


def test_a_consortium_filer_is_named_as_one(avon, bethel):
    filer = make_user(Role.CONSORTIUM_FILER, consortium=make_consortium("Bibliomation", members=(avon,)))
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 1 for month in HALF})

    services.submit_filing(filing=filing, by=filer, at=AT)

    assert submission_of(filing).role == "Consortium filer, Bibliomation"


def test_who_holds_several_roles_acts_in_the_librarys_own(submitted, avon, filer, certifier):
    give_role(certifier, Role.LIBRARY_FILER, library=avon)
    services.return_filing(filing=submitted, reason="May.", by=certifier, at=AT)

    services.submit_filing(filing=submitted, by=certifier, at=AT)

    assert submission_of(submitted).role == "Library filer, Avon Library"


def test_a_period_total_is_printed_as_one(avon, bethel, filer):
    filing = make_filing(avon, make_period(date(2025, 3, 1), Cadence.ANNUAL), basis="period_total")
    make_counts(filing, {(bethel, None): 77})

    services.submit_filing(filing=filing, by=filer, at=datetime(2026, 3, 5, 14, tzinfo=UTC))

    assert submission_of(filing).totals == [[None, 77]]


def test_a_month_without_counts_is_told_from_nothing_lent(avon, bethel, filer):
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 0 if month == HALF[1] else None for month in HALF[:2]})
    make_counts(filing, {(bethel, month): 1 for month in HALF[2:]})

    services.submit_filing(filing=filing, by=filer, at=AT)

    receipt = submission_of(filing)
    assert receipt.totals[:3] == [["2026-03", None], ["2026-04", 0], ["2026-05", 1]]
    assert sha256_of(services.filing_content(filing)) == receipt.sha256
    shown = page(make_signed_in_client(user=filer), receipt)
    assert "March 2026 not counted April 2026 0 May 2026 1" in shown


def test_two_receipts_never_have_one_number(submitted, certified):
    first, second = certified.receipts.all()
    assert first.number != second.number
    with pytest.raises(IntegrityError), transaction.atomic():
        FilingReceipt.objects.create(
            **{
                field.attname: getattr(second, field.attname)
                for field in FilingReceipt._meta.concrete_fields
                if field.name not in ("id", "sequence", "kind")
            },
            sequence=9,
            kind="submission",
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transactions_filingreceipt SET sha256 = 'x'",
        "UPDATE transactions_filingreceipt SET signer_name = 'Somebody else'",
        "UPDATE transactions_filingreceipt SET filing_id = filing_id",
        "UPDATE transactions_filingreceipt SET issued_at = now(), withdrawn_at = now(), filing_id = NULL",
        "DELETE FROM transactions_filingreceipt",
    ],
)
def test_database_changes_and_removes_no_receipt(submitted, change):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_certificate_is_never_withdrawn(certified):
    with pytest.raises(DatabaseError), transaction.atomic():
        FilingReceipt.objects.filter(kind="certificate").update(filing=None, withdrawn_at=AT)


def test_an_amendment_that_says_nothing_new_is_refused(certified, bethel, filer, certifier):
    draft = services.reopen_filing(filing=certified, reason="A page was missed.", by=certifier, at=LATER)

    with pytest.raises(FilingRefused, match="says the same as version 1"):
        services.submit_filing(filing=draft, by=filer, at=LATER)

    services.save_counts(filing=draft, counts={(bethel.pk, HALF[0]): 500}, by=filer, at=LATER, expected=0)
    assert services.submit_filing(filing=draft, by=filer, at=LATER).status == "submitted"


def test_a_first_version_may_be_submitted_unchanged_after_its_return(submitted, filer, certifier):
    services.return_filing(filing=submitted, reason="Look again.", by=certifier, at=AT)

    assert services.submit_filing(filing=submitted, by=filer, at=AT).status == "submitted"


def test_the_certifier_hears_that_a_filing_waits_and_the_filer_that_it_is_certified(
    submitted, filer, certifier, bethel
):
    make_user(Role.LIBRARY_CERTIFIER, library=bethel)
    waiting = Message.objects.get()
    assert (waiting.to, waiting.kind) == (certifier.email, "notice")
    assert waiting.subject == "To certify: loans of March 2026 to August 2026, Avon Library"
    assert reverse("transactions:filing_certify", args=[submitted.pk]) in waiting.body

    services.certify_filing(filing=submitted, by=certifier, at=AT)

    done = Message.objects.exclude(pk=waiting.pk).get()
    assert done.to == filer.email
    assert certificate_of(submitted).get_absolute_url() in done.body


def test_nobody_is_told_what_they_did_themselves(avon, bethel, certifier):
    give_role(certifier, Role.LIBRARY_FILER, library=avon)
    filing = make_filing(avon)
    make_counts(filing, {(bethel, month): 1 for month in HALF})

    services.submit_filing(filing=filing, by=certifier, at=AT)
    services.certify_filing(filing=filing, by=certifier, at=AT)

    assert not Message.objects.exists()


# What has become of it


def standing(receipt) -> tuple:
    found = receipts.standing_of_receipt(receipts.receipt_of(receipt.number))
    return found.label, found.at, found.by


def test_a_submission_waits_until_it_is_certified(submitted, certifier):
    assert standing(submission_of(submitted)) == ("Received", None, None)

    services.certify_filing(filing=submitted, by=certifier, at=LATER)

    assert standing(submission_of(submitted)) == ("Certified", LATER, certificate_of(submitted))


def test_a_submission_that_was_returned_and_then_made_again(submitted, filer, certifier):
    first = submission_of(submitted)
    services.return_filing(filing=submitted, reason="April", by=certifier, at=AT)
    assert standing(first) == ("Returned", None, None)

    services.submit_filing(filing=submitted, by=filer, at=LATER)

    assert standing(first) == ("Replaced", LATER, submission_of(submitted))


def test_a_certificate_stands_until_the_next_one(certified, amended, certifier):
    certificate = certificate_of(certified)
    assert standing(certificate) == ("Stands", None, None)

    services.certify_filing(filing=amended, by=certifier, at=LATER)

    assert standing(certificate) == ("Replaced", LATER, certificate_of(amended))
    assert standing(certificate_of(amended))[0] == "Stands"


def test_the_receipt_of_an_amendment_that_is_undone_is_withdrawn(
    certified, amended, filer, certifier, bethel
):
    receipt = submission_of(amended)

    services.discard_version(filing=amended, by=certifier, at=LATER)

    assert standing(receipt) == ("Withdrawn", LATER, None)
    again = services.reopen_filing(filing=certified, reason="Again", by=certifier, at=LATER)
    services.save_counts(filing=again, counts={(bethel.pk, HALF[0]): 501}, by=filer, at=LATER, expected=0)
    services.submit_filing(filing=again, by=filer, at=LATER)
    assert submission_of(again).number.startswith("CT0001-202603-202608-2-S2-")


# The public page


def test_anybody_checks_a_certificate_by_its_number(client, certified):
    receipt = certificate_of(certified)

    shown = page(client, receipt)

    for words in (
        receipt.number,
        "Stands",
        "Avon Library (CT0001)",
        "March 2026 to August 2026, version 1",
        "Dora Director",
        "Library certifier, Avon Library",
        "Saturday, September 5, 2026, at 10:00:00 a.m. Eastern time",
        certified.attestation,
        certified.sha256,
    ):
        assert words in shown
    assert "Units lent" not in shown
    assert "Download the" not in shown


def test_the_number_is_asked_for_and_leads_to_the_page(client, certified):
    receipt = certificate_of(certified)
    typed = f" {receipt.number.lower().replace('-', ' - ')} "

    response = client.get(reverse("transactions:receipt_check"), {"number": typed})

    assert response.url == receipt.get_absolute_url()


def test_a_mistyped_number_is_told_from_one_that_was_never_given(client, certified):
    number = certificate_of(certified).number
    swapped = number[:-2] + ("7" if number[-2] != "7" else "8") + number[-1]

    mistyped = client.get(reverse("transactions:receipt", args=[swapped]))
    from_elsewhere = client.get(reverse("transactions:receipt", args=[_never_given()]))

    assert mistyped.status_code == from_elsewhere.status_code == 404
    assert "at least one character is missing or wrong" in text(mistyped)
    assert "No receipt of this number was ever given" in text(from_elsewhere)


def _never_given() -> str:
    return next(
        number
        for last in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if is_receipt_number(number := f"CT0001-202603-202608-1-C7-7KQ4{last}")
    )


@pytest.mark.parametrize("number", ["", " ", "x" * 500, "<script>", "ÄÖ/Ü", "\0"])
def test_odd_numbers_are_answered_in_words(client, number):
    response = client.get(reverse("transactions:receipt_check"), {"number": number})

    assert response.status_code == 200
    assert "error" in response.content.decode()


def test_a_sha256_is_compared(client, certified):
    receipt = certificate_of(certified)

    assert "The same:" in page(client, receipt, sha256=f" {receipt.sha256.upper()} ")
    assert "Not the same:" in page(client, receipt, sha256="0" * 64)
    assert "has 64 digits" in page(client, receipt, sha256="abc")
    assert "Paste the SHA-256" in page(client, receipt, sha256="")


def test_a_replaced_certificate_leads_to_the_one_that_counts(client, certified, amended, certifier):
    services.certify_filing(filing=amended, by=certifier, at=LATER)

    shown = client.get(certificate_of(certified).get_absolute_url())

    assert "It counted until version 2, certified later, took its place" in text(shown)
    assert certificate_of(amended).get_absolute_url() in shown.content.decode()


def test_a_withdrawn_submission_says_so(client, amended, certifier):
    receipt = submission_of(amended)
    services.discard_version(filing=amended, by=certifier, at=LATER)

    assert "was undone before anybody certified it" in page(client, receipt)
    signed_in = make_signed_in_client(user=certifier)
    assert "kept in the audit trail" in page(signed_in, receipt)
    assert signed_in.get(reverse("transactions:receipt_counts", args=[receipt.number])).status_code == 404


# Counts, for who may see the filing


def test_people_of_the_library_see_totals_by_month(certified, certifier):
    shown = page(make_signed_in_client(user=certifier), certificate_of(certified))

    assert "March 2026 13" in shown
    assert f"Whole period {sum(10 + month.month for month in HALF)}" in shown
    assert "Download the counts (JSON)" in shown


def test_other_libraries_see_what_the_public_sees(client, certified, bethel):
    receipt = certificate_of(certified)
    stranger = make_signed_in_client(Role.LIBRARY_CERTIFIER, bethel)
    counts = reverse("transactions:receipt_counts", args=[receipt.number])

    assert "Units lent" not in page(stranger, receipt)
    assert stranger.get(counts).status_code == 404
    assert client.get(counts).url.startswith("/account/login/")


def test_a_returned_filing_no_longer_holds_the_counts_of_its_receipt(submitted, filer, certifier, bethel):
    receipt = submission_of(submitted)
    services.return_filing(filing=submitted, reason="April", by=certifier, at=AT)
    services.save_counts(filing=submitted, counts={(bethel.pk, HALF[0]): 9}, by=filer, at=AT, expected=0)
    signed_in = make_signed_in_client(user=filer)

    assert "The counts were changed after this receipt was given" in page(signed_in, receipt)
    assert "March 2026 13" in page(signed_in, receipt)
    assert signed_in.get(reverse("transactions:receipt_counts", args=[receipt.number])).status_code == 404


@pytest.mark.parametrize("rewritten", [False, True])
def test_the_published_program_makes_the_same_sha256_from_the_download(
    certified, certifier, tmp_path, rewritten
):
    """It uses the standard library alone, and however the file is laid out."""
    receipt = certificate_of(certified)
    client = make_signed_in_client(user=certifier)
    downloaded = client.get(reverse("transactions:receipt_counts", args=[receipt.number])).content
    if rewritten:
        downloaded = json.dumps(dict(reversed(json.loads(downloaded).items())), indent=4).encode()
    (tmp_path / "counts.json").write_bytes(downloaded)
    program = tmp_path / "program.py"
    shown = client.get(reverse("transactions:receipt_check")).content.decode()
    program.write_text(unescape(re.search(r"<code>(.*?)</code>", shown, re.DOTALL)[1]))

    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), str(tmp_path / "counts.json")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == receipt.sha256 == certified.sha256
    assert len(program.read_text().strip().splitlines()) <= 11


def test_the_content_of_a_filing_has_its_fingerprint(libraries):
    filing = make_filing(
        libraries["CT0001"], make_period(date(2025, 3, 1), Cadence.ANNUAL), basis="period_total"
    )
    libraries["CT0005"].key = "ZZ-1"
    libraries["CT0005"].save()
    make_counts(filing, {(libraries[key], None): 3 for key in ("CT0005", "CT0002")})

    assert sha256_of(services.filing_content(filing)) == services.filing_fingerprint(filing.pk)


# The page of the filing


def test_the_filing_lists_its_receipts(certified, certifier):
    response = make_signed_in_client(user=certifier).get(reverse("transactions:filing", args=[certified.pk]))

    for receipt in certified.receipts.all():
        assert receipt.get_absolute_url() in response.content.decode()


def test_imported_figures_have_no_receipt_and_the_page_says_so(avon, bethel, certifier):
    filing = make_filing(
        avon,
        status="submitted",
        provenance="published",
        provenance_note="Annual report",
        form_edition=BULK_IMPORT_EDITION,
        nothing_lent=True,
        first_submitted_at=AT,
        submitted_at=AT,
        sha256="0" * 64,
    )

    response = make_signed_in_client(user=certifier).get(reverse("transactions:filing", args=[filing.pk]))

    assert "No receipt: these figures were put on record by the State Library" in text(response)
    assert "it was put on record that the library lent nothing" in text(response)


# Filings on record before there were receipts


def before_receipts(library, home, filer, certifier=None, **fields) -> Filing:
    values = {
        "status": "submitted",
        "submitted_at": AT,
        "submitted_by": filer,
        "first_submitted_at": AT,
        "sha256": "a" * 64,
    }
    if certifier:
        values |= {"certified_at": AT, "certified_by": certifier, "attestation": "Signed."}
    filing = make_filing(library, **(values | fields) | {"certified_at": None, "certified_by": None})
    make_counts(filing, {(home, month): 4 for month in HALF})
    if certifier:
        Filing.objects.filter(pk=filing.pk).update(
            status="certified", certified_at=AT, certified_by=certifier, attestation="Signed."
        )
    return filing


def test_the_migration_gives_receipts_once(avon, bethel, filer, certifier):
    migration = importlib.import_module("transactions.migrations.0010_receipts_of_filings_on_record")
    certified = before_receipts(avon, bethel, filer, certifier)
    imported = before_receipts(
        bethel, avon, None, submitted_by=None, provenance="published", provenance_note="A report"
    )

    for _ in range(2):
        migration.give_receipts(apps, None)

    submission, certificate = certified.receipts.all()
    assert not imported.receipts.exists()
    assert is_receipt_number(submission.number)
    assert is_receipt_number(certificate.number)
    assert (submission.role, certificate.role) == (
        "Library filer, Avon Library",
        "Library certifier, Avon Library",
    )
    assert certificate.statement == "Signed."
    assert submission.totals == [[f"{month:%Y-%m}", 4] for month in HALF]


def test_the_migration_writes_the_same_words_as_the_service():
    migration = importlib.import_module("transactions.migrations.0010_receipts_of_filings_on_record")
    service = importlib.import_module("transactions.services.receipts")

    assert service.SUBMITTED == migration.SUBMITTED
