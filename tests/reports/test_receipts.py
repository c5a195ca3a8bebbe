"""The PDF of a filing's receipt, through the real client."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from connecticard.models import Role
from tests.factories import make_counts, make_filing, make_home_library, make_signed_in_client, make_user
from tests.reports.test_pdf import text_of
from transactions import services

pytestmark = pytest.mark.django_db

AT = datetime(2026, 9, 5, 14, tzinfo=UTC)


@pytest.fixture
def avon():
    return make_home_library("Avon Library", key="CT0001")


@pytest.fixture
def certificate(avon):
    filing = make_filing(avon)
    other = make_home_library("Bethel Library")
    make_counts(filing, {(other, date(2026, month, 1)): month for month in range(3, 9)})
    services.submit_filing(filing=filing, by=make_user(Role.LIBRARY_FILER, library=avon), at=AT)
    services.certify_filing(
        filing=filing, by=make_user(Role.LIBRARY_CERTIFIER, library=avon, name="Dora Director"), at=AT
    )
    return filing.receipts.get(kind="certificate")


def address(receipt):
    return reverse("reports:receipt_pdf", args=[receipt.number])


def test_the_pdf_says_what_the_receipt_says(certificate, avon, tmp_path, settings):
    response = make_signed_in_client(Role.LIBRARY_FILER, avon).get(address(certificate))

    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    words = text_of(response.content, tmp_path / "receipt.pdf")
    for part in (
        certificate.number,
        "Avon Library",
        "Dora Director",
        "Library certifier, Avon Library",
        "Saturday, September 5, 2026, at 10:00:00 a.m. Eastern time",
        "March 2026 to August 2026, version 1",
        "Whole period 33",
        "2026-03",
    ):
        assert part in words, part
    assert certificate.sha256 in words.replace(" ", "")


def test_the_pdf_is_the_same_whenever_it_is_made(certificate, avon):
    client = make_signed_in_client(Role.LIBRARY_FILER, avon)
    first = client.get(address(certificate)).content

    avon.name = "Avon Free Public Library"
    avon.save()
    certificate.signer.name = "Somebody Else"
    certificate.signer.save()

    assert client.get(address(certificate)).content == first


def test_the_pdf_is_closed_to_others(certificate, client):
    stranger = make_signed_in_client(Role.LIBRARY_CERTIFIER, make_home_library())

    assert stranger.get(address(certificate)).status_code == 404
    assert client.get(address(certificate)).url.startswith("/account/login/")


def test_the_page_of_the_receipt_leads_to_its_pdf(certificate, avon, client):
    page = certificate.get_absolute_url()

    assert address(certificate) in make_signed_in_client(Role.AUDITOR).get(page).content.decode()
    assert address(certificate) not in client.get(page).content.decode()
