"""The catalogue of what is published, as data.gov and data.ct.gov read it: DCAT-US 1.1.

Source: Project Open Data Metadata Schema 1.1, https://resources.data.gov/resources/dcat-us/.
"""

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse

from connecticard.clock import EASTERN
from reports.box.description import LICENSE, title_of
from reports.models import Document, Edition

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
PUBLISHER = {
    "@type": "org:Organization",
    "name": "Connecticut State Library",
    "subOrganizationOf": {"@type": "org:Organization", "name": "State of Connecticut"},
}
KEYWORDS = [
    "borrowIT CT",
    "Connecticard",
    "interlibrary use",
    "library loans",
    "public libraries",
    "state grants",
]
_MEDIA = {
    "pdf": ("application/pdf", "PDF"),
    "csv": ("text/csv", "CSV"),
}


def catalogue() -> dict[str, Any]:
    """Return the catalogue: a dataset for each fiscal year, as its newest published edition has it."""
    editions = (
        Edition.objects.published()
        .select_related("run", "box")
        .prefetch_related("documents")
        .order_by("fiscal_year", "number")
    )
    newest = {edition.fiscal_year: edition for edition in editions}
    first: dict[int, Edition] = {}
    for edition in editions:
        first.setdefault(edition.fiscal_year, edition)
    return {
        "@context": f"{SCHEMA}/catalog.jsonld",
        "@id": settings.SITE_URL + reverse("reports:data_json"),
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
        "dataset": [_dataset(newest[year], issued=first[year]) for year in sorted(newest, reverse=True)],
    }


def identifier_of(fiscal_year: int) -> str:
    """Return the identifier of a year's dataset, the same in each edition: the address of the year."""
    return f"{settings.SITE_URL}/reports/{fiscal_year}/"


def _dataset(edition: Edition, *, issued: Edition) -> dict[str, Any]:
    measured = edition.run.measured
    return {
        "@type": "dcat:Dataset",
        "identifier": identifier_of(edition.fiscal_year),
        "title": f"{settings.PROGRAM_NAME}: use, payments and reports of fiscal year {edition.fiscal_year}",
        "description": "Loans of Connecticut's public libraries to residents of other towns from "
        f"{measured.first_day} to {measured.last_day}, the payments that followed, the libraries that take "
        f"part and what they spent, under C.G.S. 11-31a and 11-31b. Edition {edition.number}."
        + (f" {edition.reason}" if edition.reason else ""),
        "keyword": KEYWORDS,
        "modified": _day(edition).isoformat(),
        "issued": _day(issued).isoformat(),
        "publisher": PUBLISHER,
        "contactPoint": {
            "@type": "vcard:Contact",
            "fn": "Connecticut State Library, borrowIT CT",
            "hasEmail": f"mailto:{settings.DEFAULT_FROM_EMAIL}",
        },
        "accessLevel": "public",
        "license": LICENSE["path"],
        "rights": "Public record. Counts are of items, not of people.",
        "temporal": f"{measured.first_day}/{measured.last_day}",
        "spatial": "Connecticut",
        "accrualPeriodicity": "R/P1Y",
        "language": ["en-US"],
        "landingPage": identifier_of(edition.fiscal_year),
        "theme": ["Libraries", "Government finance"],
        "distribution": [*_box(edition), *_reports(edition), _interface(edition)],
    }


def _day(edition: Edition) -> date:
    assert edition.published_at is not None, "a catalogue lists what is published"
    return edition.published_at.astimezone(EASTERN).date()


def _box(edition: Edition) -> list[dict[str, Any]]:
    box = getattr(edition, "box", None)
    if box is None or not box.is_made:
        return []
    address = reverse("reports:box_zip", args=[edition.fiscal_year, edition.number])
    return [
        {
            "@type": "dcat:Distribution",
            "title": f"{title_of(edition)}: everything in one file",
            "description": "Frictionless Data Package: tables with schemas and keys, reports, the law.",
            "downloadURL": settings.SITE_URL + address,
            "mediaType": "application/zip",
            "format": "ZIP",
            "conformsTo": "https://specs.frictionlessdata.io/data-package/",
        }
    ]


def _reports(edition: Edition) -> list[dict[str, Any]]:
    return [
        _file(document, ending)
        for document in sorted(edition.documents.all(), key=lambda document: document.kind)
        for ending in _MEDIA
    ]


def _file(document: Document, ending: str) -> dict[str, Any]:
    media_type, form = _MEDIA[ending]
    return {
        "@type": "dcat:Distribution",
        "title": document.title,
        "downloadURL": settings.SITE_URL + reverse(f"reports:document_{ending}", args=[document.pk]),
        "mediaType": media_type,
        "format": form,
    }


def _interface(edition: Edition) -> dict[str, Any]:
    return {
        "@type": "dcat:Distribution",
        "title": "REST interface: use at each library",
        "accessURL": f"{settings.SITE_URL}/api/v1/statistics/use/?fiscal_year={edition.fiscal_year}",
        "format": "API",
        "describedBy": f"{settings.SITE_URL}/api/v1/schema/",
    }
